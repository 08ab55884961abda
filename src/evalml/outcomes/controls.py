"""Negative controls: what happened before time zero, which entering a programme cannot change.

Employment is read further back than the history the covariates describe, from the linked source or
from what was declared. Given those covariates it should be the same in both arms; where it is not,
the arms differ in something no covariate holds, and that something shapes what comes after too.
Events recorded elsewhere (driving licence, BAFA) count up to the eve of time zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.cohort.month_sets import WIDTH, Calendar, set_between
from evalml.engine import bit_count, greatest, least, month_of
from evalml.errors import StudyError, nearest
from evalml.panel.build import declared_sets
from evalml.tables.sources import coverage_of, linked_people

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

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
        fallback: Control used where the linked source is absent, if any.
    """

    name: str
    label: str
    table: str
    months_before: tuple[int, int] | None = None
    event: str = ""
    fallback: str = ""


CONTROLS: dict[str, Control] = {
    c.name: c
    for c in (
        Control(
            "emploi_13_24_mois_avant",
            "part des mois en emploi, de 13 à 24 mois avant",
            "emploi_mensuel",
            (13, 24),
            fallback="emploi_declare_13_24_mois_avant",
        ),
        *(
            Control(
                f"emploi_{k}_mois_avant",
                f"emploi {k} mois avant",
                "emploi_mensuel",
                (k, k),
                fallback=f"emploi_declare_{k}_mois_avant",
            )
            for k in (15, 18, 21, 24)
        ),
        Control(
            "emploi_declare_13_24_mois_avant",
            "part des mois déclarés en emploi, de 13 à 24 mois avant",
            "situations",
            (13, 24),
        ),
        *(
            Control(
                f"emploi_declare_{k}_mois_avant",
                f"emploi déclaré {k} mois avant",
                "situations",
                (k, k),
            )
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
        the share of the months), NaN where the source does not say: a month it does not cover, a
        person it is not linked to, or the whole column where the extract lacks its table.

    Raises:
        StudyError: No such control, or the covariates already describe that month.
    """
    chosen = check_controls(names, cohort.trial.history_months)
    keys = cohort.entries.select("entry", "id_jeune", "month")
    months = engine.fetch(cohort.entries.select("entry", "month").order_by("entry"))["month"]
    at = months.to_numpy(dtype=np.int64)
    found = {c.name: _found(c, tables, cohort, keys, at, engine) for c in chosen}
    return pd.DataFrame(found, index=pd.RangeIndex(len(at), name="entry"))


def controls_as_observed(names: Sequence[str], available: Collection[str]) -> tuple[str, ...]:
    """Return negative controls, the declared one in the place of one whose table is absent."""
    found = []
    for name in names:
        control = CONTROLS.get(name)
        absent = control is not None and control.fallback and control.table not in available
        found.append(control.fallback if control is not None and absent else name)
    return tuple(dict.fromkeys(found))


def check_controls(names: Sequence[str], history: int) -> list[Control]:
    """Return the negative controls called `names`.

    Args:
        names: Names in the study file.
        history: Months of the past that covariates describe.

    Raises:
        StudyError: No such control, or the covariates already describe that month.
    """
    return [_one(name, history) for name in names]


def _one(name: str, history: int) -> Control:
    if name not in CONTROLS:
        raise StudyError(f"negative_controls: no '{name}'; {nearest(name, CONTROLS)}")
    control = CONTROLS[name]
    if control.months_before is not None and control.months_before[0] <= history:
        raise StudyError(
            f"negative control '{name}' lies in the {history} months of history that covariates "
            "describe; take one further back, or shorten history_months"
        )
    return control


def _found(
    control: Control, tables: Tables, cohort: Cohort, keys: Table, at: IntVector, engine: Engine
) -> Vector:
    """Return one control, shape (n,); unknown of everybody without its table."""
    if control.table not in tables.tables:
        return np.full(at.size, np.nan)
    if control.table == "situations":
        return _declared(control, tables, cohort, at, engine)
    return _values(control, tables, keys, at, engine)


def _declared(
    control: Control, tables: Tables, cohort: Cohort, at: IntVector, engine: Engine
) -> Vector:
    """Return the share of the declared months in employment, NaN where no month is declared."""
    assert control.months_before is not None  # noqa: S101 - only employment is read from there
    near, far = control.months_before
    calendar = Calendar(int(at.min()) - far, int(at.max()) - near)
    people = cohort.entries.select("id_jeune").distinct()
    covered = coverage_of(tables, "situations", engine)
    rows = cohort.entries.select("entry", "id_jeune", "month").join(
        declared_sets(tables, people, calendar, covered), "id_jeune"
    )
    first = rows.month - far - rows.block * WIDTH - calendar.first
    last = (first + (far - near)).cast("int32")
    rows = rows.filter((first < WIDTH) & (last >= 0))
    window = set_between(greatest(first.cast("int32"), 0), least(last, WIDTH - 1))
    counted = rows.group_by("entry").agg(
        known=bit_count(rows.declared & window).sum(),
        worked=bit_count(rows.employment & window).sum(),
    )
    counts = engine.fetch(counted.filter(counted.known > 0))
    values = np.full(at.size, np.nan)
    values[counts["entry"].to_numpy(dtype=np.int64)] = counts["worked"] / counts["known"]
    return values


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
