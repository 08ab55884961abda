"""Small counts: where they are, what would give them away, and how a table goes without them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from evalml.arrays import BoolVector


def is_count(column: str) -> bool:
    """Return whether a column counts persons, from its name."""
    return column in {"n", "numerator", "denominator", "kept", "lost", "effectif"} or bool(
        re.match(r"(?:n|nb|effectif)_", column)
    )


def is_small(count: Any, threshold: int) -> bool:
    """Return whether one count lies from 1 to below the threshold; a hidden one does not."""
    return 0 < float(count) < threshold


def too_small(counts: pd.Series, threshold: int) -> pd.Series:
    """Return where a count lies from 1 to below the threshold; a zero names nobody."""
    number = pd.to_numeric(counts, errors="coerce")
    return (number > 0) & (number < threshold)


def small_part(n: pd.Series, share: pd.Series, threshold: int) -> pd.Series:
    """Return where `share` of `n` persons, or the rest of them, makes a small count."""
    number = pd.to_numeric(n, errors="coerce")
    part = (pd.to_numeric(share, errors="coerce") * number).round()
    inside = (part >= 0) & (part <= number)
    return inside & (too_small(part, threshold) | too_small(number - part, threshold))


def blank(frame: pd.DataFrame, where: pd.Series | BoolVector, columns: list[str]) -> pd.DataFrame:
    """Return `frame` with NaN in `columns` of the rows `where`."""
    present = [column for column in columns if column in frame]
    return frame.assign(
        **{column: frame[column].astype("float64").mask(where) for column in present}
    )


def one_more(small: pd.Series, size: pd.Series, groups: list[pd.Series]) -> pd.Series:
    """Return the smallest other row of each group in which exactly one row is hidden.

    A group with a single hidden row gives it away by subtraction from the whole.
    """
    table = pd.DataFrame({"small": small, "size": pd.to_numeric(size, errors="coerce")})
    for place, key in enumerate(groups):
        table[f"key{place}"] = key
    keys = [str(column) for column in table.columns[2:]]
    by = [table[key] for key in keys]
    gone = table["small"] | table["size"].isna()
    alone = gone.groupby(by).transform("sum") == 1
    left = table[alone & ~gone]
    first = left.sort_values([*keys, "size"], kind="stable").drop_duplicates(keys).index
    return pd.Series(table.index.isin(first), index=table.index)


def protect_counts(frame: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out small counts of any table, with the value that rests on them."""
    counts = [str(column) for column in frame.columns if is_count(str(column))]
    hidden = pd.Series(data=False, index=frame.index)
    for column in counts:
        hidden |= too_small(frame[column], threshold)
    if {"numerator", "denominator"} <= set(frame.columns):
        hidden |= too_small(frame["denominator"] - frame["numerator"], threshold)
    keys = [column for column in ("indicator", "measure", "group") if column in frame]
    if keys and counts and "group_value" in frame:
        size = frame[counts[-1]]
        hidden = hidden | one_more(hidden, size, [frame[key].fillna("") for key in keys])
    return blank(frame, hidden, [*counts, "value", "rate", "std_error", "ci_low", "ci_high"])


def has_small(counts: pd.Series, threshold: int) -> bool:
    """Return whether a count lies from 1 to below the threshold."""
    return bool(too_small(counts, threshold).any())
