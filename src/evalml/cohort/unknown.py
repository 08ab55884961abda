"""What no source holds at time zero: unknown, never a zero; and what a study reads of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evalml.cohort.declared import DECLARED, lag_of
from evalml.cohort.past import ACTS_WINDOW
from evalml.cohort.two_arms import IAE
from evalml.engine import ifelse, literal
from evalml.extract.contract import DATED, LINKED_SOURCES
from evalml.months import month_number
from evalml.rules import programmes, rules
from evalml.tables.sources import Coverage, coverage_of, linked_people

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.cohort.trial import TargetTrial
    from evalml.engine import Engine, Table
    from evalml.tables import Tables


@dataclass(frozen=True, slots=True)
class Window:
    """The months of a table that a covariate is read from.

    Attributes:
        table: Table of the contract.
        farthest: Months before time zero of the first month read.
        nearest: Months before time zero of the last month read.
    """

    table: str
    farthest: int
    nearest: int


@dataclass(frozen=True, slots=True, repr=False)
class Sources:
    """What the extract holds of each table, asked once.

    Attributes:
        tables: The checked records.
        engine: Where queries run.
    """

    tables: Tables
    engine: Engine
    _found: dict[str, Coverage] = field(default_factory=dict)

    def coverage(self, table: str) -> Coverage:
        """Return the months a table covers."""
        if table not in self._found:
            self._found[table] = coverage_of(self.tables, table, self.engine)
        return self._found[table]

    def linked(self, table: str) -> Table | None:
        """Return the persons linked to a table, None for everybody."""
        return linked_people(self.tables, table, self.engine) if table in DATED else None

    def __repr__(self) -> str:
        """Name the extract."""
        return f"Sources({self.tables.meta.name})"


def masked(value: Any, t: Table, window: Window, trial: TargetTrial, sources: Sources) -> Any:
    """Return a covariate as a number, null where its months or its person have no source.

    The first row of a table of the missions locales says too little of where the table begins for
    a covariate to be unknown before it: without a declared coverage it is read, and check
    `coverage` says so.

    `value`: the covariate, as if every source were whole; `t`: rows with `month` and, where the
    table is linked for some persons only, `linked_<table>`.
    """
    source, mark = sources.coverage(window.table), f"linked_{window.table}"
    known: Any = None
    stated = source.declared or window.table in LINKED_SOURCES
    if stated and not source.holds(
        trial.months[0] - window.farthest, trial.months[-1] - window.nearest
    ):
        first, last = t.month - window.farthest, t.month - window.nearest
        known = (first >= source.first) & (last <= source.last)
        for hole in source.holes:
            known &= (last < hole) | (first > hole)
    if mark in t.columns:
        linked = t[mark].fill_null(False)
        known = linked if known is None else known & linked
    return (
        value if known is None else ifelse(known, value.cast("float64"), literal(None, "float64"))
    )


def opening_month(dispositif: str) -> int | None:
    """Return the month number in which a programme opened, None where no rule says."""
    if dispositif not in programmes():
        return None
    opening = rules(dispositif).rules.get("opening")
    days = [v.value for v in opening.values if isinstance(v.value, dt.date)] if opening else []
    return month_number(min(days)) if days else None


RULES = ("accompanied", "not_yet_entered", "history")
"""What a study reads beside covariates: two rules, and the months shown before time zero."""


def window_of(name: str, trial: TargetTrial) -> Window | None:
    """Return the months a covariate is read from, None where it is no matter of months."""
    if name.startswith("emploi_avant_"):
        lag = int(name.rpartition("_")[2])
        return Window("emploi_mensuel", lag, lag)
    windows = {
        "mois_emploi_avant": Window("emploi_mensuel", trial.history_months, 1),
        "actes_3m": Window("actes", ACTS_WINDOW, 1),
        "pacea": Window("accompagnements", 0, 0),
        "gj_en_cours": Window("accompagnements", 0, 0),
        "mois_depuis_sortie": Window("accompagnements", 1, 1),
        "candidatures_avant": Window("iae_candidatures", 12, 1),
    }
    return windows.get(name)


@dataclass(frozen=True, slots=True)
class UncoveredMonths:
    """Months of a table that a study reads and the extract does not cover.

    Attributes:
        table: Table of the contract.
        use: `covariates`, or one of RULES.
        covered: First month number covered.
        needed: First month number read.
        declared: Whether `extract.yaml` says what is covered.
        whole: First month of entry from which every month read is covered.
        names: Covariates concerned.
    """

    table: str
    use: str
    covered: int
    needed: int
    declared: bool
    whole: int
    names: tuple[str, ...] = ()


def find_gaps(
    tables: Tables, trial: TargetTrial, covariates: Sequence[str], engine: Engine
) -> tuple[UncoveredMonths, ...]:
    """Return what a study reads before the first month that the extract covers."""
    sources = Sources(tables, engine)
    found: dict[tuple[str, str], UncoveredMonths] = {}
    for use, name, table, needed in _reads(trial, covariates):
        if table not in tables.tables:
            continue
        coverage = sources.coverage(table)
        if coverage.first <= needed:
            continue
        key = (table, use)
        before = found.get(key)
        names = (*(before.names if before else ()), *((name,) if name else ()))
        furthest = min(needed, before.needed if before else needed)
        whole = trial.months[0] + coverage.first - furthest
        found[key] = UncoveredMonths(
            table, use, coverage.first, furthest, coverage.declared, whole, names
        )
    reported = {table for table, use in found if use == "covariates"}
    return tuple(g for g in found.values() if g.use != "history" or g.table not in reported)


def _reads(trial: TargetTrial, covariates: Sequence[str]) -> Iterator[tuple[str, str, str, int]]:
    """Give use, covariate, table and first month of everything read before time zero."""
    first = trial.months[0]
    for name in covariates:
        window = _window(name, trial)
        if window is not None:
            yield "covariates", name, window.table, first - window.farthest
    reach = trial.eligibility.accompanied_within_months
    if reach:
        yield "accompanied", "", "actes", first - reach
    oldest = first - 12 * max(one.highest - one.lowest for one in trial.ages)
    opened = opening_month(trial.dispositif)
    entered = "iae_contrats" if trial.dispositif == IAE else "accompagnements"
    if opened is None or opened < first:
        yield "not_yet_entered", "", entered, oldest if opened is None else opened
    for table in ("emploi_mensuel", "situations"):
        yield "history", "", table, first - trial.history_months


def _window(name: str, trial: TargetTrial) -> Window | None:
    if name in DECLARED:
        return Window("situations", lag_of(name) or trial.history_months, 1)
    return window_of(name, trial)
