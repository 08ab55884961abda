"""What the extract holds of each source: for which months, and for whom.

A month outside the coverage of a table, or a person not linked to a source of another
administration, is unknown: no row there is no zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evalml.engine import month_of
from evalml.extract.contract import DATED, LINKED_SOURCES
from evalml.months import month_number

if TYPE_CHECKING:
    from evalml.engine import Engine, Table
    from evalml.tables.accept import Tables

SPELLS = frozenset({"situations", "accompagnements", "iae_pass", "iae_contrats"})
"""Tables of spells: one that began long before the extract says nothing of the months between."""

MANY = 20
"""Rows of an ordinary month from which a month without any is a month that was not received."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The months for which a table is complete.

    Attributes:
        first: First month number covered.
        last: Last month number covered, before `first` where nothing is.
        declared: Whether `extract.yaml` says so; else it is read from the rows.
        holes: Months between the two that no row concerns, where the rows are all that is known.
    """

    first: int
    last: int
    declared: bool
    holes: tuple[int, ...] = ()

    def holds(self, first: int, last: int) -> bool:
        """Tell whether all the months from `first` to `last` are covered."""
        inside = self.first <= first and last <= self.last
        return inside and not any(first <= hole <= last for hole in self.holes)


NOTHING = Coverage(0, -1, declared=False)
"""The coverage of a table that is absent, or has no row and no declaration."""


def coverage_of(tables: Tables, name: str, engine: Engine) -> Coverage:
    """Return the months a table covers: those declared, else those of its rows.

    Args:
        tables: The checked records.
        name: A table with a date.
        engine: Where queries run.
    """
    if name not in tables.tables:
        return NOTHING
    if name in tables.meta.coverage:
        return Coverage(*tables.meta.coverage[name].numbers, declared=True)
    if name in SPELLS:
        return _of_spells(tables, name, engine)
    rows = tables.table(name)
    monthly = rows.group_by(at=month_of(rows[DATED[name]])).agg(n=rows.count())
    found = engine.fetch(monthly).dropna().astype("int64").set_index("at")["n"]
    if found.empty:
        return NOTHING
    first, last = int(found.index.min()), int(found.index.max())
    # An empty month says that nothing was received only where the others hold many rows.
    many = name == "emploi_mensuel" and found.median() >= MANY
    holes = [m for m in range(first, last) if m not in found.index] if many else []
    return Coverage(first, last, declared=False, holes=tuple(holes))


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Why months of a table are unknown.

    Attributes:
        table: The table.
        why: `absent` (no such table, or without a row), `before` or `after` the months covered, or
            `hole` among them.
        first: First month number covered, where something is.
        last: Last month number covered.
    """

    table: str
    why: str
    first: int | None = None
    last: int | None = None


def uncovered(
    tables: Tables, table: str, first: int, last: int, engine: Engine
) -> Uncovered | None:
    """Return why some month from `first` to `last` of a table is unknown, None if all are known."""
    source = coverage_of(tables, table, engine)
    if source.last < source.first:
        return Uncovered(table, "absent")
    if source.holds(first, last):
        return None
    why = "before" if first < source.first else "after" if last > source.last else "hole"
    return Uncovered(table, why, source.first, source.last)


def _of_spells(tables: Tables, name: str, engine: Engine) -> Coverage:
    rows = tables.table(name)
    earliest = engine.fetch(rows.agg(day=rows[DATED[name]].min()))["day"].iloc[0]
    if pd.isna(earliest):
        return NOTHING
    first = max(month_number(pd.Timestamp(earliest)), month_number(tables.meta.period_start))
    return Coverage(first, month_number(tables.meta.period_end), declared=False)


def linked_people(tables: Tables, source: str, engine: Engine) -> Table | None:
    """Return the persons a linked source was linked for (`id_jeune`), None for everybody.

    A person that `appariements` says was not found is unknown even where `linkage` says `all`.
    """
    if source not in (*LINKED_SOURCES, *tables.meta.linkage):
        return None
    whole = tables.meta.linkage.get(source, "all") == "all"
    if whole and "appariements" not in tables.tables:
        return None
    links = tables.table("appariements")
    links = links.filter(links.source == source)
    if not whole:
        return links.filter(links.apparie).select("id_jeune")
    lost = links.filter(~links.apparie).select("id_jeune")
    if not int(engine.fetch(lost.agg(n=lost.count()))["n"].iloc[0]):
        return None
    return tables.table("jeunes").select("id_jeune").anti_join(lost, "id_jeune")
