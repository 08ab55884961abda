"""What no source holds at time zero: a covariate is then unknown, never a zero."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evalml.engine import ifelse, literal
from evalml.extract.contract import DATED, LINKED_SOURCES
from evalml.months import month_number
from evalml.rules import programmes, rules
from evalml.tables.sources import Coverage, coverage_of, linked_people

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.engine import Engine, Table
    from evalml.tables import Tables

__all__ = ["Sources", "Window", "masked"]


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

    Args:
        value: The covariate, as if every source were whole.
        t: Rows with `month` and, where the table is linked for some persons only,
            `linked_<table>`.
        window: Months the covariate is read from.
        trial: Says the months of time zero.
        sources: What the extract holds.
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
    held = rules(dispositif).rules.get("opening")
    days = [v.value for v in held.values if isinstance(v.value, dt.date)] if held else []
    return month_number(min(days)) if days else None
