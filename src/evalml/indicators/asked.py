"""Only what is asked for: a column nobody reads is neither written into the query nor computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from evalml.engine import Table


AMOUNTS = ("heures", "cej_euros", "pacea_euros", "gj_euros", "civis_euros")
"""Columns of the activity table that are whole millionths of what they say: they add up exactly."""


def grouped(
    rows: Table, columns: Mapping[str, Any], asked: Collection[str], by: tuple[str, ...]
) -> Table | None:
    """Return one row per `by` with those of the columns that are asked for, None without any.

    Args:
        rows: Rows with the columns of `by`.
        columns: What each column sums up.
        asked: Names of the columns asked for.
        by: What a row of the result is about.
    """
    wanted = {name: column for name, column in columns.items() if name in asked}
    return rows.group_by(*by).agg(**wanted) if wanted else None


def by_person(rows: Table, columns: Mapping[str, Any], asked: Collection[str]) -> Table | None:
    """Return one row per person with those of the columns that are asked for, None without any."""
    return grouped(rows, columns, asked, ("id_jeune",))
