"""Which counts must be absent so that sums and roundings do not give others away.

Primary: counts below the threshold. Secondary: more of them, the least useful first, until whoever
knows every sum, every rounding and the threshold can place no hidden count in an interval narrower
than the threshold less one (the audit of Fischetti and Salazar-Gonzalez, Management Science 47,
2001, by linear programming). A count is absent or stays; it never changes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evalml.arrays import Matrix, Vector
from evalml.disclosure.rule import DisclosureRule, bounds, printed
from evalml.errors import PrivacyError

Key = Hashable
Sum = tuple[Key, tuple[Key, ...]]
"""A whole and its parts."""
Point = dict[Key, float]
"""Counts that fit all that is shown: the true ones, or those of an attack."""


@dataclass(slots=True)
class Cells:
    """Counts, the sums between them, and what is hidden.

    Attributes:
        value: True count of each cell, NaN where it is absent inside already.
        rank: How useful a cell is: those of a high rank are hidden first.
        exact: Cells that are known to the person once shown (numerators of shares).
        free: Cells shown whatever happens: a zero that speaks of nobody, what was judged before.
        sums: Each a whole and its parts.
        hidden: Cells that must not be known.
        more: Cells that may be known and are not shown: they would give another away.
    """

    value: dict[Key, float] = field(default_factory=dict)
    rank: dict[Key, int] = field(default_factory=dict)
    exact: set[Key] = field(default_factory=set)
    free: set[Key] = field(default_factory=set)
    sums: dict[Sum, None] = field(default_factory=dict)
    hidden: set[Key] = field(default_factory=set)
    more: set[Key] = field(default_factory=set)

    def add(self, key: Key, value: float, rank: int = 0, *, exact: bool = False) -> Key:
        """Add a cell, or a more useful place of one that is there; return its key."""
        self.value[key] = value
        self.rank[key] = min(rank, self.rank.get(key, rank))
        self.exact |= {key} if exact else set()
        return key

    def add_sum(self, whole: Key, parts: Sequence[Key]) -> None:
        """Add a sum; what its parts leave over is a cell of its own, and a contradiction none."""
        known = [self.value[part] for part in parts if not np.isnan(self.value[part])]
        rest = self.value[whole] - sum(known)
        if rest < 0:  # these are not parts of that whole: nothing can be subtracted
            return
        if rest > 0 and len(known) == len(parts):  # not shown, and hidden only if it is small
            parts = [*parts, self.add(("rest", whole, *parts), rest)]
            self.more.add(parts[-1])
        self.sums[whole, tuple(parts)] = None

    def touching(self) -> dict[Key, list[Sum]]:
        """Return the sums that each cell is in."""
        found: dict[Key, list[Sum]] = {}
        for each in self.sums:
            for key in (each[0], *each[1]):
                found.setdefault(key, []).append(each)
        return found

    def gone(self) -> set[Key]:
        """Return every cell that does not leave."""
        return self.hidden | self.more


def protect(cells: Cells, rule: DisclosureRule) -> Cells:
    """Hide what is small, then what would give it away.

    Raises:
        PrivacyError: A cell cannot be protected: nothing is left to hide beside it.
    """
    for key, value in cells.value.items():
        shown = value if key in cells.exact else float(printed(np.array(value), rule))
        before = np.isnan(value) and key in cells.more  # hidden before, and perhaps large
        if key not in cells.free and not before and not shown >= rule.threshold:
            cells.hidden.add(key)
    cells.more -= cells.hidden
    touching, points = cells.touching(), true_counts(cells)
    for key in sorted(cells.hidden & set(touching), key=str):
        while narrow(cells, key, touching, rule, points):
            choice = next_to_hide(cells, key, touching)
            if choice is None:
                raise PrivacyError(
                    "these counts cannot be protected: show fewer categories, or none"
                )
            cells.more.add(choice)
    return cells


def give_back(cells: Cells, keys: set[Key], rule: DisclosureRule) -> None:
    """Show again those of `keys` that need not be hidden after all, the most useful first.

    Only what is connected to a cell can be given away by it.
    """
    touching, points = cells.touching(), true_counts(cells)
    for key in sorted(keys & cells.more, key=lambda k: (cells.rank[k], -cells.value[k], str(k))):
        gone = cells.gone()
        _, names = connected(cells, key, touching, gone, rule)
        low, high = known(cells, key, gone - {key}, rule)
        high = np.inf if high is None else high
        fit = [p for p in points if low - 1e-7 <= p.get(key, low) <= high + 1e-7]
        cells.more.discard(key)
        secret = sorted(cells.hidden & set(names), key=str)
        if any(narrow(cells, one, touching, rule, fit) for one in secret):
            cells.more.add(key)
        else:
            points = fit


def next_to_hide(cells: Cells, key: Key, touching: dict[Key, list[Sum]]) -> Key | None:
    """Return the least useful cell shown in a sum of `key`, or in a sum of its neighbours."""
    around, seen = {key}, {key}
    while around:
        around = {each for one in around for s in touching[one] for each in (s[0], *s[1])} - seen
        shown = [k for k in around - cells.gone() - cells.free if cells.value[k] > 0]
        if shown:
            return max(shown, key=lambda k: (cells.rank[k], -cells.value[k], str(k)))
        seen |= around
    return None


def true_counts(cells: Cells) -> list[Point]:
    """Return the point of the true counts; none where one is absent inside."""
    return [] if any(np.isnan(value) for value in cells.value.values()) else [dict(cells.value)]


def narrow(
    cells: Cells,
    key: Key,
    touching: dict[Key, list[Sum]],
    rule: DisclosureRule,
    points: list[Point],
) -> bool:
    """Return whether an attacker places a hidden cell within fewer than the threshold less one.

    Points that fit show that a cell is wide without a new programme; those found are added.
    """
    met = [point[key] for point in points if key in point]
    attack = None
    for side in (-1, 1):
        if met and spread(min(met), max(met)) >= rule.threshold - 1:
            return False
        attack = attack or programme(cells, key, touching, rule)
        counts = extreme(attack, side)
        if counts is None:
            return False
        points.append(dict(zip(attack.names, counts.tolist(), strict=True)))
        met.append(points[-1][key])
    return spread(min(met), max(met)) < rule.threshold - 1


def spread(low: float, high: float) -> float:
    """Return how far apart the ends of an interval are, in whole numbers within a millionth."""
    return float(np.floor(high + 1e-6) - np.ceil(low - 1e-6))


def interval(
    cells: Cells, key: Key, touching: dict[Key, list[Sum]], rule: DisclosureRule
) -> tuple[float, float]:
    """Return the least and the greatest count of a hidden cell that fit all that is shown."""
    attack = programme(cells, key, touching, rule)
    least, greatest = extreme(attack, 1), extreme(attack, -1)
    if least is None or greatest is None:
        return 0.0, np.inf
    at = attack.names.index(key)
    return float(np.ceil(least[at] - 1e-6)), float(np.floor(greatest[at] + 1e-6))


@dataclass(frozen=True, slots=True)
class LinearProgramme:
    """What bears on one cell: the cells, the sums they fill, their limits, and which it is."""

    names: list[Key]
    sums: Matrix
    limits: list[tuple[float, float | None]]
    aim: Vector


def programme(
    cells: Cells, key: Key, touching: dict[Key, list[Sum]], rule: DisclosureRule
) -> LinearProgramme:
    """Return the linear programme of one hidden cell."""
    gone = cells.gone()
    sums, names = connected(cells, key, touching, gone, rule)
    at = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(sums), len(names)))
    for row, (whole, parts) in enumerate(sums):
        np.add.at(matrix[row], [at[part] for part in parts], 1.0)
        matrix[row, at[whole]] = -1.0
    limits = [known(cells, name, gone, rule) for name in names]
    return LinearProgramme(names, matrix, limits, np.eye(len(names))[at[key]])


def extreme(attack: LinearProgramme, side: int) -> Vector | None:
    """Return the counts at the least (1) or greatest (-1) of the cell; None: no end, or no such."""
    from scipy.optimize import linprog

    end = linprog(side * attack.aim, A_eq=attack.sums, b_eq=np.zeros(len(attack.sums)),
                  bounds=attack.limits, method="highs")  # fmt: skip
    return np.asarray(end.x, dtype="float64") if end.success else None


def known(
    cells: Cells, name: Key, gone: set[Key], rule: DisclosureRule
) -> tuple[float, float | None]:
    """Return what an attacker knows of one cell before any sum."""
    if name in gone:
        return 0.0, None
    value = cells.value[name]
    if name in cells.exact | cells.free:
        return value, value
    return bounds(float(printed(np.array(value), rule)), rule)


def connected(
    cells: Cells, key: Key, touching: dict[Key, list[Sum]], gone: set[Key], rule: DisclosureRule
) -> tuple[list[Sum], list[Key]]:
    """Return the sums that bear on a cell, through cells that are not known to the person."""
    sums: dict[Sum, None] = {}
    seen = {key: None}
    near = [key]
    while near:
        one = near.pop()
        if one not in gone and (one in cells.exact | cells.free or rule.rounding == 1):
            continue
        for each in touching[one]:
            fresh = [] if each in sums else [n for n in (each[0], *each[1]) if n not in seen]
            sums[each] = None
            seen |= dict.fromkeys(fresh)
            near += fresh
    return list(sums), list(seen)
