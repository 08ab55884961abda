"""Indicators that may be shown: small counts taken out, and what would give them away.

In one year, the figures of an indicator are a table of areas by parts of a breakdown with their
sums: a count from one to ten is hidden, and enough of its neighbours with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.disclosure.counts import too_small
from evalml.disclosure.rule import THRESHOLD, Rule
from evalml.disclosure.suppress import add_margins, hide_cells
from evalml.errors import PrivacyError
from evalml.indicators.groups import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

HIDDEN = ["value", "numerator", "denominator"]
REASON = "fewer than {threshold}, or what would give it away"
KEYS = ["indicator", "year"]


def protect_indicators(
    table: pd.DataFrame,
    parts: Mapping[str, Sequence[str]] | None = None,
    threshold: int = THRESHOLD,
) -> pd.DataFrame:
    """Return a table of indicators whose small counts, and their neighbours, are taken out.

    A count is small from one to below the threshold; so is the rest of a base, and so is either
    side of a share. A value that overlaps others (`age=-21`) goes with any part of it.

    Args:
        table: Columns `indicator, year, territory, group, group_value, value, numerator,
            denominator, statistic`; the first territory of each year is the sum of the others.
        parts: Values of each breakdown that add up to the whole; those of `GROUPS` by default.
        threshold: Smallest count that may be shown.

    Returns:
        The table with NaN where something was taken out, and the `reason` why.
    """
    whole = {g.name: g.parts for g in GROUPS.values()} if parts is None else parts
    hidden = pd.Series(data=False, index=table.index)
    for _, rows in table.groupby(KEYS, sort=False):
        hidden.loc[rows.index] |= _hidden_of(rows, whole, threshold)
    reason = REASON.format(threshold=threshold)
    shown = table.assign(
        **{c: table[c].astype("float64").mask(hidden) for c in HIDDEN},
        reason=np.where(hidden, reason, ""),
    )
    lone = too_small(shown["denominator"], threshold)
    return shown.assign(denominator=shown["denominator"].mask(lone))


def _hidden_of(
    rows: pd.DataFrame, parts: Mapping[str, Sequence[str]], threshold: int
) -> pd.Series[bool]:
    """Return what must be hidden of one indicator in one year."""
    counts = [rows["numerator"]]
    if rows["statistic"].iloc[0] in {"share", "mean"}:
        counts.append(rows["denominator"])
    if rows["statistic"].iloc[0] == "share":
        counts.append(rows["denominator"] - rows["numerator"])
    if rows["statistic"].iloc[0] in {"amount", "mean"}:
        counts = counts[1:]
    small = pd.Series(data=False, index=rows.index)
    for count in counts:
        small |= too_small(count, threshold)
    if not small.any():
        return small
    areas = list(dict.fromkeys(rows["territory"]))
    places = pd.Series(rows.index, pd.MultiIndex.from_frame(rows[["group", "group_value",
                                                                  "territory"]]))  # fmt: skip
    hidden, before = small, -1
    while hidden.sum() > before:
        before = int(hidden.sum())
        for count in counts:
            hidden = hidden | _neighbours(count, hidden, places, areas, parts, threshold)
    return _overlaps(hidden, rows, parts)


def _neighbours(
    counts: pd.Series[float],
    known: pd.Series[bool],
    places: pd.Series[int],
    areas: Sequence[str],
    parts: Mapping[str, Sequence[str]],
    threshold: int,
) -> pd.Series[bool]:
    """Return the cells that would give a small count away by subtraction, in each breakdown."""
    hidden = known.copy()
    for group in ["", *parts]:
        values = [(group, part) for part in parts.get(group, ())] or [("", "")]
        cells = [(value, area) for value in values for area in (areas[1:] or areas)]
        keys = [(*value, area) for value, area in cells]
        if not all(key in places.index for key in keys):
            continue
        shape = (len(values), max(len(areas) - 1, 1))
        inner = counts.loc[places.loc[keys]].to_numpy("float64").reshape(shape)
        edges = [(*value, area) for value in [*values, ("", "")] for area in _columns(areas)]
        cells_of = places.loc[edges].tolist()
        also = hidden.loc[cells_of].to_numpy(dtype=bool).reshape(shape[0] + 1, shape[1] + 1)
        mask = _mask(np.nan_to_num(inner), also, threshold).reshape(-1)
        hidden.loc[[cell for cell, gone in zip(cells_of, mask, strict=True) if gone]] = True
    return hidden


def _columns(areas: Sequence[str]) -> list[str]:
    """Return the areas of a table with margins: their sum last; one area is its own sum."""
    return [*areas[1:], areas[0]] if len(areas) > 1 else [areas[0], areas[0]]


def _mask(inner: NDArray[np.float64], also: NDArray[np.bool_], threshold: int) -> NDArray[np.bool_]:
    """Return what must be hidden of one table; all of it where nothing else protects it."""
    table = add_margins(inner)
    if not (((table > 0) & (table < threshold)) | also).any():
        return np.zeros(table.shape, dtype=bool)
    try:
        return hide_cells(inner, Rule(threshold=threshold, rounding=1), also)
    except PrivacyError:
        return np.ones(table.shape, dtype=bool)


def _overlaps(
    hidden: pd.Series[bool], rows: pd.DataFrame, parts: Mapping[str, Sequence[str]]
) -> pd.Series[bool]:
    """Return `hidden` with the overlapping values of a breakdown that has any part hidden."""
    keys = [rows["group"], rows["territory"]]
    part = pd.Series(
        [value in parts.get(group, ()) for group, value in zip(rows["group"], rows["group_value"],
                                                               strict=True)],
        index=rows.index,
    )  # fmt: skip
    any_part = (hidden & part).groupby(keys).transform("any")
    return hidden | (any_part & ~part & (rows["group"] != ""))
