"""Indicators that may be shown: small counts taken out, and what would give them away.

In one year, the figures of an indicator are a table of areas by parts of a breakdown with their
sums: a count from one to ten is hidden, and enough of its neighbours with it. Whole rows are judged
first, on their own; breakdowns then hide their own cells, never a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.disclosure.counts import too_small
from evalml.disclosure.rule import THRESHOLD, Rule
from evalml.disclosure.suppress import add_margins, hide_cells
from evalml.errors import PrivacyError
from evalml.indicators.catalogue import GROUPS

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
    found = np.zeros(len(table), dtype=bool)
    for places in table.groupby(KEYS, sort=False).indices.values():
        found[places] = _hidden_of(table.iloc[places], whole, threshold)
    hidden = pd.Series(found, index=table.index)
    state = table["state"] if "state" in table else _state(table)
    reason = table["reason"] if "reason" in table else pd.Series("", index=table.index)
    shown = table.assign(
        **{c: table[c].astype("float64").mask(hidden) for c in HIDDEN},
        state=state.mask(found, "secret"),
        reason=reason.mask(found, REASON.format(threshold=threshold)),
    )
    lone = too_small(shown["denominator"], threshold)
    return shown.assign(denominator=shown["denominator"].mask(lone))


def _state(table: pd.DataFrame) -> pd.Series[str]:
    """Return `known`, or `unknown` where there is no value."""
    found = ["unknown" if missing else "known" for missing in table["value"].isna()]
    return pd.Series(found, index=table.index)


def _hidden_of(
    rows: pd.DataFrame, parts: Mapping[str, Sequence[str]], threshold: int
) -> NDArray[np.bool_]:
    """Return what must be hidden of one indicator in one year: whole rows, then breakdowns."""
    grid = _Grid.of(rows)
    counts = [grid.array(count) for count in _counts_of(rows)]
    small = np.zeros(grid.place.shape, dtype=bool)
    for count in counts:
        small |= (count > 0) & (count < threshold)
    for group, values in parts.items():
        for count in counts:
            small |= _apart(count, grid, group, values, threshold)
    if not small.any():
        return grid.column(small, len(rows))
    whole = grid.whole
    near = partial(_wholes, threshold=threshold)
    hidden = small | _spread(small[whole], [c[whole] for c in counts], near)
    for group, values in parts.items():
        inner = [grid.lines[group, v] for v in values if (group, v) in grid.lines]
        if inner and len(inner) == len(values):
            table = [*inner, whole]
            near = partial(_neighbours, threshold=threshold)
            hidden[table] = _spread(hidden[table], [c[table] for c in counts], near)
        lapping = [at for (g, v), at in grid.lines.items() if g == group and v not in values]
        hidden[lapping] |= hidden[inner].any(axis=0) if inner else False
    return grid.column(hidden, len(rows))


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the rows of one indicator stand: a line per value of a breakdown, a column per area.

    Attributes:
        lines: Line of each (group, value).
        place: Position of each cell among the rows, -1 where there is none; the whole territory
            is the last column, after its areas.
    """

    lines: dict[tuple[str, str], int]
    place: NDArray[np.int64]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Grid:
        """Return the grid of the rows of one indicator in one year."""
        names = list(zip(rows["group"], rows["group_value"], strict=True))
        lines = {name: at for at, name in enumerate(dict.fromkeys(names))}
        areas = list(dict.fromkeys(rows["territory"]))
        order = {area: at for at, area in enumerate([*areas[1:], areas[0]])}
        place = np.full((len(lines), len(areas)), -1)
        line = [lines[name] for name in names]
        place[line, rows["territory"].map(order).to_numpy()] = np.arange(len(rows))
        return cls(lines, place)

    @property
    def whole(self) -> int:
        """Line of the whole rows."""
        return self.lines["", ""]

    def array(self, column: pd.Series[float]) -> NDArray[np.float64]:
        """Return a column as lines by areas; what nobody counted is zero."""
        values = np.append(column.fillna(0.0).to_numpy("float64"), 0.0)
        return values[self.place]

    def column(self, mask: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
        """Return a mask of lines by areas as a mask of the rows."""
        found = np.zeros(length + 1, dtype=bool)
        found[self.place] = mask
        return found[:length]


def _counts_of(rows: pd.DataFrame) -> list[pd.Series[float]]:
    """Return the counts of persons that the figures of an indicator give away."""
    statistic = rows["statistic"].iloc[0]
    if statistic in {"amount", "mean"}:
        return [rows["denominator"]]
    if statistic == "share":
        return [rows["numerator"], rows["denominator"], rows["denominator"] - rows["numerator"]]
    return [rows["numerator"]]


def _spread(
    hidden: NDArray[np.bool_],
    counts: Sequence[NDArray[np.float64]],
    more: Callable[[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    """Return what is hidden once each count has asked for its neighbours.

    Each count once: what another hides later widens what is known of it, never narrows it. What
    was hidden beside a small count is not small: it need not be protected in its turn.
    """
    found = hidden.copy()
    for count in counts:
        found |= more(count, hidden, found)
    return found


def _wholes(
    counts: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    absent: NDArray[np.bool_],
    threshold: int,
) -> NDArray[np.bool_]:
    """Return the wholes of areas that would give a small one away by subtraction."""
    if len(counts) == 1:
        return hidden
    return _mask(counts[:-1], hidden, absent, threshold, np.zeros_like(hidden))


def _neighbours(
    counts: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    absent: NDArray[np.bool_],
    threshold: int,
) -> NDArray[np.bool_]:
    """Return the cells of one breakdown that would give a small count away by subtraction.

    Args:
        counts: The parts, then the whole: shape (parts + 1, areas + 1), or (parts + 1, 1).
        hidden: What must not be known. A whole is shown or hidden before: it stays so.
        absent: What is hidden already, and may be known.
        threshold: Smallest count that may be shown.
    """
    alone = counts.shape[1] == 1
    inner = counts[:-1] if alone else counts[:-1, :-1]
    also, gone = (np.hstack([x, x]) if alone else x for x in (hidden, absent))
    fixed = np.zeros_like(also)
    fixed[-1] = ~also[-1]
    return _mask(inner, also, gone, threshold, fixed)[:, : counts.shape[1]]


def _mask(
    inner: NDArray[np.float64],
    also: NDArray[np.bool_],
    absent: NDArray[np.bool_],
    threshold: int,
    fixed: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return what must be hidden of one table; all of it, what is fixed apart, if nothing less."""
    table = add_margins(inner)
    if not (((table > 0) & (table < threshold)) | also).any():
        return np.zeros(table.shape, dtype=bool)
    try:
        return hide_cells(inner, Rule(threshold=threshold, rounding=1), also, fixed, absent)
    except PrivacyError:
        return ~fixed


def _apart(
    count: NDArray[np.float64],
    grid: _Grid,
    group: str,
    values: Sequence[str],
    threshold: int,
) -> NDArray[np.bool_]:
    """Return the overlapping values that differ from another of their breakdown by a small count.

    `age=16-17` beside `age=-18` would give the youths under 16.
    """
    found = np.zeros(count.shape, dtype=bool)
    lines = {value: at for (name, value), at in grid.lines.items() if name == group}
    for value, at in lines.items():
        if value in values:
            continue
        others = [line for line in lines.values() if line != at]
        apart = np.abs(count[others] - count[at])
        found[at] = ((apart > 0) & (apart < threshold)).any(axis=0)
    return found
