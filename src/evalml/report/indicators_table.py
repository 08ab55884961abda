"""Indicators that may be shown: small counts taken out, and what would give them away.

In one year, the figures of an indicator are a table of areas by parts of a breakdown with their
sums: a count from one to ten is hidden, and enough of its neighbours with it. Whole rows are judged
first, on their own; breakdowns then hide their own cells, never a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.disclosure.rule import THRESHOLD, DisclosureRule
from evalml.disclosure.suppress import Cells, give_back, protect
from evalml.errors import PrivacyError
from evalml.indicators.catalogue import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HIDDEN = ["value", "numerator", "denominator"]
REASON = "secret statistique : moins de {threshold}, ou ce qui le donnerait"
WHOLE = ("", "")
Line = tuple[str, str]
"""A breakdown and its value."""
Key = tuple[Line, str]
"""A line and an area."""


def protect_indicators(
    table: pd.DataFrame,
    parts: Mapping[str, Sequence[str]] | None = None,
    threshold: int = THRESHOLD,
    rounding: int = 1,
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
        rounding: Base that the counts will be rounded to, which an attacker knows.

    Returns:
        The table with NaN where something was taken out: there `state` is `secret` and `reason`
        says so in French. What no one counted keeps the `state` (`unknown`, `no_base`) and the
        `reason` it came with.
    """
    whole = {g.name: g.parts for g in GROUPS.values()} if parts is None else parts
    hidden = np.zeros(len(table), dtype=bool)
    groups = table.groupby(["indicator", "year"], sort=False).indices if threshold > 1 else {}
    for places in groups.values():
        rows, rule = table.iloc[places], DisclosureRule(threshold=threshold, rounding=rounding)
        keys = list(zip(zip(rows["group"], rows["group_value"], strict=True), rows["territory"],
                        strict=True))  # fmt: skip
        secret = rows["state"] == "secret" if "state" in rows else pd.Series(False, rows.index)
        counts = [dict(zip(keys, count.fillna(0.0).mask(secret), strict=True))
                  for count in _counts_of(rows)]  # fmt: skip
        found = _gone(counts, whole, rule)
        hidden[places] = [key in found for key in keys]
    gone: pd.Series[bool] = pd.Series(hidden, index=table.index, dtype="bool")
    unknown = table["value"].isna().map({True: "unknown", False: "known"})
    reason = table["reason"] if "reason" in table else pd.Series("", index=table.index)
    shown = table.assign(
        **{c: table[c].astype("float64").mask(gone) for c in HIDDEN},
        state=table.get("state", unknown).mask(gone, "secret"),
        reason=reason.mask(gone, REASON.format(threshold=threshold)),
    )
    small = shown["denominator"].between(1, threshold, inclusive="left")
    return shown.assign(denominator=shown["denominator"].mask(small))


def _counts_of(rows: pd.DataFrame) -> list[pd.Series[float]]:
    """Return the counts of persons that the figures of an indicator give away."""
    statistic = rows["statistic"].iloc[0]
    if statistic in {"amount", "mean"}:
        return [rows["denominator"]]
    if statistic == "share":
        return [rows["numerator"], rows["denominator"], rows["denominator"] - rows["numerator"]]
    return [rows["numerator"]]


def _gone(
    counts: Sequence[Mapping[Key, float]], parts: Mapping[str, Sequence[str]], rule: DisclosureRule
) -> set[Key]:
    """Return what must be hidden of one indicator in one year: whole rows, then breakdowns.

    Each count asks once for its neighbours. What was hidden beside a small count is not small: it
    need not be protected in its turn.
    """
    keys = list(counts[0])
    hidden = {key for count in counts for key, n in count.items() if 0 < n < rule.threshold}
    for count in counts:
        hidden |= _apart(count, parts, rule.threshold)
    if not hidden and rule.rounding == 1:
        return hidden
    lines, areas = dict.fromkeys(line for line, _ in keys), list(dict.fromkeys(a for _, a in keys))
    tables = [[WHOLE]]
    for group, values in parts.items():
        inner: list[Line] = [(group, value) for value in values if (group, value) in lines]
        tables += [[*inner, WHOLE]] if inner and len(inner) == len(values) else []
    for table in tables:
        secret = frozenset(hidden)
        for count in counts:
            hidden |= _neighbours(count, table, areas, (secret, hidden), rule)
        group = table[0][0]
        lapping = [line for line in lines if line[0] == group and line not in table]
        touched = {area for line, area in hidden if line in table[:-1]}
        hidden |= {(line, area) for line in lapping for area in touched}
    return hidden & set(keys)


def _neighbours(
    count: Mapping[Key, float],
    lines: Sequence[Line],
    areas: Sequence[str],
    hidden: tuple[frozenset[Key], set[Key]],
    rule: DisclosureRule,
) -> set[Key]:
    """Return the cells of one table that would give a small count away by subtraction.

    Args:
        count: Count of each cell; what nobody counted is zero, which names nobody; NaN where it
            was hidden before.
        lines: The parts, then the whole. A whole is shown or hidden before its parts: it stays so.
        areas: The whole territory, then its areas.
        hidden: What must not be known, and what is hidden already and may be known.
        rule: Smallest count that may be shown, and the base of rounding.
    """
    cells, (secret, absent) = Cells(), hidden
    keys = [(line, area) for line in lines for area in areas]
    for line, area in keys:
        key, fixed = (line, area), len(lines) > 1 and line == WHOLE
        sums = (fixed, len(areas) > 1 and area == areas[0])
        cells.add(key, count.get(key, 0.0), -sum(sums))
        if cells.value[key] == 0 or (fixed and key not in secret):
            cells.free.add(key)
        elif key in secret:
            cells.hidden.add(key)
        elif key in absent or np.isnan(cells.value[key]):
            cells.more.add(key)
    for line in lines if len(areas) > 1 else ():
        cells.add_sum((line, areas[0]), [(line, area) for area in areas[1:]])
    for area in areas if len(lines) > 1 else ():
        cells.add_sum((WHOLE, area), [(line, area) for line in lines[:-1]])
    kept = set(cells.more)
    try:
        protect(cells, rule)
    except PrivacyError:
        return {key for key in keys if key not in cells.free}
    give_back(cells, {key for key in cells.more - kept if cells.rank[key] < 0}, rule)
    gone = cells.gone()
    return {key for key in keys if key in gone}


def _apart(
    count: Mapping[Key, float], parts: Mapping[str, Iterable[str]], threshold: int
) -> set[Key]:
    """Return the overlapping values that differ from another of their breakdown by a small count.

    `age=16-17` beside `age=-18` would give the youths under 16.
    """
    alike: dict[tuple[str, str], list[tuple[Key, float]]] = {}
    for key, n in count.items():
        alike.setdefault((key[0][0], key[1]), []).append((key, n))
    return {
        key for (group, _), cells in alike.items() if group for key, n in cells
        if key[0][1] not in parts.get(group, ())
        and any(0 < abs(n - other) < threshold for _, other in cells)
    }  # fmt: skip
