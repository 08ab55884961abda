"""The counts of every other table of a release, held to those that have left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.report.small_counts import is_count

if TYPE_CHECKING:
    from collections.abc import Iterable

Placed = Callable[[str, pd.Series], list[float]]
"""Population, counts -> the counts to show."""

ARMS = {"n_treated": "treated", "n_comparison": "comparison"}
WHOLE = ("costs", "power")
"""Tables beside the effects whose counts are those of the whole arms."""
KEYED = ("indicator", "measure", "outcome", "group", "group_value", "month", "event_time")


def difference_others(name: str, frame: pd.DataFrame, placed: Placed) -> pd.DataFrame:
    """Place the counts of any other table; a share is that of the counts shown where one moved."""
    table = frame
    for column in other_counts(frame):
        table = place_column(table, column, other_scopes(name, frame, column), placed)
    parts = ["numerator", "denominator"]
    if {"value", "unit", *parts} <= set(frame.columns):
        moved = (table[parts] != frame[parts]) & table[parts].notna()
        share = moved.any(axis=1) & (frame["unit"] == "proportion")
        again = table["numerator"].astype("float64") / table["denominator"].astype("float64")
        table = table.assign(value=frame["value"].astype("float64").mask(share, again))
    return table


def other_counts(frame: pd.DataFrame) -> list[str]:
    """Return the columns of counts of a table."""
    return [str(column) for column in frame if is_count(str(column))]


def other_scopes(name: str, frame: pd.DataFrame, column: str) -> list[str]:
    """Return the population of each count of a column of another table."""
    if name in WHOLE and column in ARMS:
        return [ARMS[column]] * len(frame)
    keys = [key for key in KEYED if key in frame]
    return [
        "|".join([name, column, *(str(row[key]) for key in keys)])
        for row in frame.to_dict("records")
    ]


def place_column(
    table: pd.DataFrame, column: str, scopes: list[str], placed: Placed
) -> pd.DataFrame:
    """Place the counts of one column, each in its population."""
    counts = table[column].to_numpy("float64", na_value=np.nan).copy()
    of = np.array(scopes)
    for scope in dict.fromkeys(scopes):
        counts[of == scope] = placed(scope, pd.Series(counts[of == scope]))
    return table.assign(**{column: counts})


def other_cells(
    name: str, frame: pd.DataFrame, study: str, release: str
) -> Iterable[tuple[Any, ...]]:
    """Return the rows of the register for any other table."""
    for column in other_counts(frame):
        counts = pd.to_numeric(frame[column], errors="coerce")
        for scope, value in zip(other_scopes(name, frame, column), counts, strict=True):
            if np.isfinite(value):
                yield (release, f"{study}|{scope}", name, scope, column, float(value))
