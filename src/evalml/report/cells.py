"""Tables of cells and arrays of counts: from one to the other, rounded, margins made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.report.suppress import add_margins, recompute_margins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from evalml.report.disclosure import Rule


def to_array(
    rows: pd.DataFrame, dims: Sequence[str], levels: list[list[str]], column: str
) -> NDArray[np.float64]:
    """Return a column as an array with an axis per category; absent cells are zero."""
    array = np.zeros([len(level) for level in levels])
    places = [
        pd.Index(level).get_indexer(pd.Index(rows[dim].astype("str")))
        for dim, level in zip(dims, levels, strict=True)
    ]
    np.add.at(array, tuple(places), rows[column].to_numpy("float64", na_value=0.0))
    return array


def dominated(
    rows: pd.DataFrame,
    dims: Sequence[str],
    levels: list[list[str]],
    amounts: Mapping[str, str],
    share: float,
) -> NDArray[np.bool_] | None:
    """Return the cells where one contributor makes too much of an amount, margins included."""
    if not amounts:
        return None
    held = np.zeros([len(level) + 1 for level in levels], dtype="bool")
    for amount, largest in amounts.items():
        total = add_margins(to_array(rows, dims, levels, amount))
        most = to_array(rows, dims, levels, largest)
        for axis in range(most.ndim):
            most = np.concatenate([most, most.max(axis=axis, keepdims=True)], axis=axis)
        held |= (most > share * total) & (total > 0)
    return held


def as_before(
    counts: NDArray[np.float64],
    held: NDArray[np.bool_] | None,
    earlier: pd.DataFrame,
    dims: Sequence[str],
    levels: list[list[str]],
    count: str,
    threshold: int,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return counts and held cells such that an earlier release cannot be subtracted.

    Args:
        counts: Counts without margins.
        held: Cells of the table with margins to hide for another reason.
        earlier: The earlier release, margins included.
        dims: Columns of categories.
        levels: Categories along each axis.
        count: Column of counts.
        threshold: Smallest count that may be shown.
    """
    known = earlier[
        np.logical_and.reduce(
            [earlier[d].isin(level) for d, level in zip(dims, levels, strict=True)]
        )
    ]
    was = to_array(known, dims, levels, count)
    gone = to_array(known.assign(gone=known[count].isna()), dims, levels, "gone") > 0
    near = (np.abs(counts - was) < threshold) & (was > 0) & ~gone & (counts > 0)
    mask = np.zeros([size + 1 for size in counts.shape], dtype="bool") if held is None else held
    mask[tuple(slice(0, size) for size in counts.shape)] |= gone
    return np.where(near, was, counts), mask


def shown_counts(
    counts: NDArray[np.float64], hidden: NDArray[np.bool_], rule: Rule
) -> NDArray[np.float64]:
    """Return the counts that may be shown, rounded if asked, with their margins."""
    if rule.margins == "recomputed":
        return recompute_margins(round_counts(counts, rule), hidden)
    return np.where(hidden, np.nan, round_counts(add_margins(counts), rule))


def round_counts(counts: NDArray[np.float64], rule: Rule) -> NDArray[np.float64]:
    """Return counts rounded to the base of the rule, none of them down below the threshold."""
    base = rule.rounding
    if not base:
        return counts
    least = np.ceil(rule.threshold / base) * base
    rounded = np.floor(counts / base + 0.5) * base
    return np.where(counts >= rule.threshold, np.maximum(rounded, least), rounded)


def to_frame(
    columns: Mapping[str, NDArray[np.float64]], dims: Sequence[str], levels: list[list[str]]
) -> pd.DataFrame:
    """Return arrays as a table, a row per cell, margins last."""
    index = pd.MultiIndex.from_product(levels, names=list(dims))
    told = {name: array.ravel() for name, array in columns.items()}
    return pd.DataFrame(told, index=index).reset_index()


def add_rates(
    table: pd.DataFrame,
    frame: pd.DataFrame,
    dims: Sequence[str],
    rates: Sequence[str],
    counts: NDArray[np.float64],
) -> pd.DataFrame:
    """Return the table with the rates of the cells that are shown."""
    if not rates:
        return table
    keyed = frame.assign(**{dim: frame[dim].astype("str") for dim in dims})
    merged = table.merge(keyed[[*dims, *rates]], on=list(dims), how="left", validate="1:1")
    gone = pd.Series(np.isnan(counts.ravel()), index=merged.index)
    return merged.assign(**{rate: merged[rate].mask(gone) for rate in rates})


SHARES = (
    "rate", "std_error", "share_unobserved", "estimate", "ci_low", "ci_high", "mean_treated",
    "mean_comparison", "value", "mean_comparison_before", "mean_comparison_after", "smd_before",
    "smd_after", "variance_ratio", "p_value",
)  # fmt: skip
"""Columns whose tenth decimal would give away the counts they were made of."""


def round_shares(frame: pd.DataFrame, digits: int) -> pd.DataFrame:
    """Return `frame` with shares rounded; larger numbers keep four significant digits."""
    present = [column for column in SHARES if column in frame]
    rounded = {column: round_values(frame[column], digits) for column in present}
    if "p_value" in rounded:  # A tiny probability is not none.
        rounded["p_value"] = rounded["p_value"].clip(lower=10.0**-digits)
    return frame.assign(**rounded)


def round_values(values: pd.Series, digits: int) -> pd.Series:
    """Return numbers rounded to `digits` decimals below ten, to four significant digits above."""
    number = pd.to_numeric(values, errors="coerce")
    size = np.abs(number.to_numpy("float64"))
    above = np.where(np.isfinite(size) & (size >= 10), np.floor(np.log10(np.maximum(size, 10))), 0)  # noqa: PLR2004
    places = np.where(above > 0, digits - above, digits)
    scale = 10.0**places
    return pd.Series(np.round(number.to_numpy("float64") * scale) / scale, index=values.index)
