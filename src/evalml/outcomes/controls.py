"""Negative controls: what happened before time zero, which entering a programme cannot change.

Employment is read further back than the history the covariates describe. Given those covariates it
should be the same in both arms; where it is not, the arms differ in something no covariate holds,
and that something shapes what comes after too. Events recorded elsewhere (driving licence, BAFA)
count up to the eve of time zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.engine import month_of
from evalml.errors import StudyError, TableMissingError, nearest
from evalml.tables.sources import coverage_of, linked_people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.cohort import Cohort
    from evalml.engine import Engine, Table
    from evalml.tables import Tables
    from evalml.tables.sources import Coverage

EVENT_WINDOW = 12
"""Months before time zero that a source must cover for an absent event to be a « no »."""


@dataclass(frozen=True, slots=True)
class Control:
    """One negative control of the catalogue.

    Attributes:
        name: Name in the study file.
        label: French label, as sentences use it.
        table: Table it is read from.
        months_before: Nearest and farthest month of employment before time zero, of which the share
            worked is taken; None for an event.
        event: Type of the event; empty for employment.
    """

    name: str
    label: str
    table: str
    months_before: tuple[int, int] | None = None
    event: str = ""


CONTROLS: dict[str, Control] = {
    c.name: c
    for c in (
        Control(
            "emploi_13_24_mois_avant",
            "part des mois en emploi, de 13 à 24 mois avant",
            "emploi_mensuel",
            (13, 24),
        ),
        *(
            Control(f"emploi_{k}_mois_avant", f"emploi {k} mois avant", "emploi_mensuel", (k, k))
            for k in (15, 18, 21, 24)
        ),
        Control(
            "permis_avant", "permis obtenu avant", "evenements_externes", event="PERMIS_CONDUIRE"
        ),
        Control("bafa_avant", "BAFA obtenu avant", "evenements_externes", event="BAFA"),
    )
}


def compute_controls(
    tables: Tables, cohort: Cohort, names: Sequence[str], engine: Engine
) -> pd.DataFrame:
    """Return the negative controls called `names`, one row per entry of the cohort, in its order.

    Returns:
        One column per control, labelled in French: 1 where it happened, 0 where it did not (or
        the share of the months), NaN where the source does not cover all the months.

    Raises:
        StudyError: No such control, or the covariates already describe that month.
        TableMissingError: The extract lacks the table of a control.
    """
    chosen = [_one(name, tables, cohort) for name in names]
    keys = cohort.entries.select("entry", "id_jeune", "month")
    months = engine.fetch(cohort.entries.select("entry", "month").order_by("entry"))["month"]
    at = months.to_numpy(dtype=np.int64)
    found = {c.label: _values(c, tables, keys, at, engine) for c in chosen}
    return pd.DataFrame(found, index=pd.RangeIndex(len(at), name="entry"))


def _one(name: str, tables: Tables, cohort: Cohort) -> Control:
    if name not in CONTROLS:
        raise StudyError(f"negative_controls: no '{name}'; {nearest(name, CONTROLS)}")
    control = CONTROLS[name]
    if control.table not in tables.tables:
        raise TableMissingError(
            f"negative control '{name}' needs table '{control.table}', which this extract does not "
            "hold; leave it out of negative_controls, or add the table"
        )
    history = cohort.trial.history_months
    if control.months_before is not None and control.months_before[0] <= history:
        raise StudyError(
            f"negative control '{name}' lies in the {history} months of history that covariates "
            "describe; take one further back, or shorten history_months"
        )
    return control


def _values(control: Control, tables: Tables, keys: Table, at: IntVector, engine: Engine) -> Vector:
    """Return one control, shape (n,); NaN where its months or the person have no source."""
    values, source = np.zeros(at.size), tables.table(control.table)
    covered = coverage_of(tables, control.table, engine)
    if control.months_before is None:
        source = source.filter(source.type == control.event)
        source = source.select("id_jeune", when=month_of(source.date))
        hits = keys.join(source, "id_jeune")
        hits = hits.filter(hits.when < hits.month).select("entry", worked=hits.month)
        near, far, length = 1, EVENT_WINDOW, 1
    else:
        near, far = control.months_before
        length = far - near + 1
        source = source.filter(source.en_emploi).select("id_jeune", when=month_of(source.mois))
        hits = keys.join(source, "id_jeune")
        before = hits.month - hits.when
        hits = hits.filter((before >= near) & (before <= far)).select("entry", worked=hits.when)
    counts = engine.fetch(hits.group_by("entry").agg(n=hits.worked.nunique()))
    values[counts["entry"].to_numpy(dtype=np.int64)] += counts["n"].to_numpy() / length
    values[~_covered(covered, at - far, at - near)] = np.nan
    linked = linked_people(tables, control.table, engine)
    if linked is not None:
        found = engine.fetch(keys.semi_join(linked, "id_jeune").select("entry"))["entry"]
        unknown = np.ones(at.size, dtype=bool)
        unknown[found.to_numpy(dtype=np.int64)] = False
        values[unknown] = np.nan
    return values


def _covered(source: Coverage, first: IntVector, last: IntVector) -> BoolVector:
    """Return where all the months from `first` to `last` are covered, shape (n,)."""
    known: BoolVector = (first >= source.first) & (last <= source.last)
    for hole in source.holes:
        known &= (last < hole) | (first > hole)
    return known
