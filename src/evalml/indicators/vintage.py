"""How complete a year is in an extract: late entries go on filling the last months.

The profile of late entries is that of `tables/vintage.py`, measured on events one to three years
before the extraction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.engine import month_of
from evalml.months import month_number
from evalml.tables.vintage import COMPLETE, PROFILE_MONTHS, entry_profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.engine import Engine
    from evalml.tables import Tables

DATED = {"actes": "date_acte", "accompagnements": "date_debut", "situations": "date_debut"}
"""Tables whose rows say when they were entered, and the day of what they tell."""


def completeness_of(
    tables: Tables, year: int, names: Iterable[str], engine: Engine
) -> dict[str, float]:
    """Return the share of the rows of `year` that the extract already holds, by table.

    The rows of each month are taken up to what the profile of late entries expects of them.

    Args:
        tables: The checked records.
        year: Which year.
        names: Tables wanted; those that do not date their entries are left out.
        engine: Where queries run.

    Returns:
        From 0 to 1; NaN where the extract holds nothing to measure the profile on.
    """
    return {name: _share(tables, year, name, engine) for name in names if name in DATED}


def _share(tables: Tables, year: int, name: str, engine: Engine) -> float:
    if name not in tables.tables:
        return float("nan")
    profile = entry_profile(tables, name, engine)
    rows, now = tables.table(name), month_number(tables.meta.extraction_date)
    rows = rows.filter(rows[DATED[name]].year() == year).select(
        age=now - month_of(rows[DATED[name]])
    )
    found = engine.fetch(rows.group_by("age").agg(n=rows.count()))
    if found.empty:
        return float("nan")
    filled = found["age"].clip(0, PROFILE_MONTHS).map(profile)
    found, filled = found[filled > 0], filled[filled > 0]
    return float(found["n"].sum() / (found["n"] / filled).sum(min_count=1))


def is_young(completeness: float) -> bool:
    """Return whether late entries have yet to fill more than a twentieth of what is counted."""
    return completeness < COMPLETE
