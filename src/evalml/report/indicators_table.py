"""Indicators that may be shown: small counts taken out, and what would give them away.

In one year, the figures of an indicator are a table of areas by parts of a breakdown with their
sums: a count from one to ten is hidden, and enough of its neighbours with it. Whole rows are judged
first, on their own; breakdowns then hide their own cells, never a whole.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.errors import PrivacyError
from evalml.indicators.groups import GROUPS
from evalml.report.small_counts import THRESHOLD, too_small
from evalml.report.suppress import add_margins, hide_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

HIDDEN = ["value", "numerator", "denominator"]
REASON = "secret statistique : moins de {threshold}, ou ce qui le donnerait"
KEYS = ["indicator", "year"]


def protect_indicators(
    table: pd.DataFrame,
    parts: Mapping[str, Sequence[str]] | None = None,
    threshold: int = THRESHOLD,
) -> pd.DataFrame:
    """Return a table of indicators whose small counts, and their neighbours, are taken out.

    A count is small from one to below the threshold; so is the rest of a base, either side of a
    share, and what a value that overlaps others (`age=-21`) has more than one of them.

    Args:
        table: Columns `indicator, year, territory, group, group_value, value, numerator,
            denominator, statistic`, and `state` and `reason` where they are known; the first
            territory of each year is the sum of the others.
        parts: Values of each breakdown that add up to the whole; those of `GROUPS` by default.
        threshold: Smallest count that may be shown.

    Returns:
        The table with NaN where something was taken out: there `state` is `secret` and `reason`
        says so in French. What no one counted keeps the `state` (`unknown`, `no_base`) and the
        `reason` it came with.
    """
    whole = {g.name: g.parts for g in GROUPS.values()} if parts is None else parts
    hidden = pd.Series(data=False, index=table.index)
    for _, rows in table.groupby(KEYS, sort=False):
        hidden.loc[rows.index] |= _hidden_of(rows, whole, threshold)
    state = table["state"] if "state" in table else _state(table)
    reason = table["reason"] if "reason" in table else pd.Series("", index=table.index)
    shown = table.assign(
        **{c: table[c].astype("float64").mask(hidden) for c in HIDDEN},
        state=state.mask(hidden, "secret"),
        reason=reason.mask(hidden, REASON.format(threshold=threshold)),
    )
    lone = too_small(shown["denominator"], threshold)
    return shown.assign(denominator=shown["denominator"].mask(lone))


def _state(table: pd.DataFrame) -> pd.Series[str]:
    """Return `known`, or `unknown` where there is no value."""
    found = ["unknown" if missing else "known" for missing in table["value"].isna()]
    return pd.Series(found, index=table.index)


def _hidden_of(
    rows: pd.DataFrame, parts: Mapping[str, Sequence[str]], threshold: int
) -> pd.Series[bool]:
    """Return what must be hidden of one indicator in one year: whole rows, then breakdowns."""
    counts = _counts_of(rows)
    small = pd.Series(data=False, index=rows.index)
    for count in counts:
        small |= too_small(count, threshold)
    for count in counts:
        small |= _apart(count, rows, parts, threshold)
    if not small.any():
        return small
    names = rows[["group", "group_value", "territory"]]
    places = pd.Series(rows.index, pd.MultiIndex.from_frame(names))
    areas = list(dict.fromkeys(rows["territory"]))
    hidden = small & (rows["group"] == "")
    near = partial(_wholes, places=places, areas=areas, threshold=threshold)
    hidden |= _spread(hidden, counts, near)
    inside = rows["territory"].map(dict(zip(*_wholes_hidden(hidden, rows), strict=True)))
    hidden |= small | inside.fillna(value=False).astype(bool)
    for group, values in parts.items():
        keys = [(group, part) for part in values]
        near = partial(_neighbours, places=places, areas=areas, values=keys, threshold=threshold)
        hidden |= _spread(hidden, counts, near)
    return _overlaps(hidden, rows, parts)


def _counts_of(rows: pd.DataFrame) -> list[pd.Series[float]]:
    """Return the counts of persons that the figures of an indicator give away."""
    statistic = rows["statistic"].iloc[0]
    if statistic in {"amount", "mean"}:
        return [rows["denominator"]]
    if statistic == "share":
        return [rows["numerator"], rows["denominator"], rows["denominator"] - rows["numerator"]]
    return [rows["numerator"]]


def _wholes_hidden(hidden: pd.Series[bool], rows: pd.DataFrame) -> tuple[list[str], list[bool]]:
    """Return the areas, and whether their whole is hidden: then so are all their parts."""
    whole = rows["group"] == ""
    return rows["territory"][whole].tolist(), hidden[whole].tolist()


def _spread(
    hidden: pd.Series[bool],
    counts: Sequence[pd.Series[float]],
    more: Callable[[pd.Series[float], pd.Series[bool]], pd.Series[bool]],
) -> pd.Series[bool]:
    """Return what is hidden once the neighbours that each count asks for are, until none is."""
    found, before = hidden.copy(), -1
    while found.sum() > before:
        before = int(found.sum())
        for count in counts:
            found |= more(count, found)
    return found


def _wholes(
    counts: pd.Series[float],
    known: pd.Series[bool],
    places: pd.Series[int],
    areas: Sequence[str],
    threshold: int,
) -> pd.Series[bool]:
    """Return the wholes of areas that would give a small one away by subtraction."""
    hidden = known.copy()
    cells = places.loc[[("", "", area) for area in _columns(areas)]].tolist()
    if len(areas) == 1 or not hidden.loc[cells].any():
        return hidden
    inner = counts.loc[cells[:-1]].fillna(0.0).to_numpy("float64")
    also = hidden.loc[cells].to_numpy(dtype=bool)
    mask = _mask(inner, also, threshold, np.zeros(len(cells), dtype=bool))
    hidden.loc[[cell for cell, gone in zip(cells, mask, strict=True) if gone]] = True
    return hidden


def _neighbours(
    counts: pd.Series[float],
    known: pd.Series[bool],
    places: pd.Series[int],
    areas: Sequence[str],
    values: Sequence[tuple[str, str]],
    threshold: int,
) -> pd.Series[bool]:
    """Return the cells of one breakdown that would give a small count away by subtraction.

    A whole is shown or hidden already: it stays so.
    """
    hidden = known.copy()
    keys = [(*value, area) for value in values for area in (areas[1:] or areas)]
    if not values or not all(key in places.index for key in keys):
        return hidden
    shape = (len(values), max(len(areas) - 1, 1))
    inner = counts.loc[places.loc[keys]].fillna(0.0).to_numpy("float64").reshape(shape)
    edges = [(*value, area) for value in [*values, ("", "")] for area in _columns(areas)]
    cells = places.loc[edges].tolist()
    also = hidden.loc[cells].to_numpy(dtype=bool).reshape(shape[0] + 1, shape[1] + 1)
    fixed = np.zeros_like(also)
    fixed[-1] = ~also[-1]
    mask = _mask(inner, also, threshold, fixed).reshape(-1)
    hidden.loc[[cell for cell, gone in zip(cells, mask, strict=True) if gone]] = True
    return hidden


def _columns(areas: Sequence[str]) -> list[str]:
    """Return the areas of a table with margins: their sum last; one area is its own sum."""
    return [*areas[1:], areas[0]] if len(areas) > 1 else [areas[0], areas[0]]


def _mask(
    inner: NDArray[np.float64],
    also: NDArray[np.bool_],
    threshold: int,
    fixed: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return what must be hidden of one table; all of it, what is fixed apart, if nothing less."""
    table = add_margins(inner)
    if not (((table > 0) & (table < threshold)) | also).any():
        return np.zeros(table.shape, dtype=bool)
    try:
        return hide_cells(inner, threshold, also, fixed)
    except PrivacyError:
        return ~fixed


def _apart(
    counts: pd.Series[float],
    rows: pd.DataFrame,
    parts: Mapping[str, Sequence[str]],
    threshold: int,
) -> pd.Series[bool]:
    """Return the overlapping values that differ from another of their breakdown by a small count.

    `age=16-17` beside `age=-18` would give the youths under 16.
    """
    found = pd.Series(data=False, index=rows.index)
    for group in rows["group"].unique():
        of_group = rows["group"] == group
        values = rows.loc[of_group, "group_value"].unique()
        lapping = [value for value in values if group in parts and value not in parts[group]]
        wide = (
            rows[of_group]
            .assign(count=counts)
            .pivot_table(index="territory", columns="group_value", values="count")
        )
        for value in lapping:
            others = wide.drop(columns=value, errors="ignore")
            near = others.sub(wide[value], axis=0).abs() if value in wide else others * np.nan
            close = ((near > 0) & (near < threshold)).any(axis=1)
            here = of_group & (rows["group_value"] == value)
            found |= here & rows["territory"].map(close).fillna(value=False).astype(bool)
    return found


def _overlaps(
    hidden: pd.Series[bool], rows: pd.DataFrame, parts: Mapping[str, Sequence[str]]
) -> pd.Series[bool]:
    """Return `hidden` with the overlapping values of a breakdown that has any part hidden."""
    keys = [rows["group"], rows["territory"]]
    inside = [
        value in parts.get(group, ())
        for group, value in zip(rows["group"], rows["group_value"], strict=True)
    ]
    part = pd.Series(inside, index=rows.index)
    any_part = (hidden & part).groupby(keys).transform("any")
    return hidden | (any_part & ~part & (rows["group"] != ""))
