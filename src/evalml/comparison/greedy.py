"""Nearest neighbours without replacement: each in turn takes the nearest candidate still free.

A greedy choice is a sequence by nature, so these are the only loops over persons of the house; they
run on plain lists, a microsecond or two per person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from evalml.comparison.neighbours import NOISE, query

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector

NOBODY = -1
BATCH = 64


def take_on_line(
    target: Vector, candidate: Vector, ties: HashVector, k: int, reach: float
) -> IntVector:
    """Give each target, in the order given, its nearest free candidates.

    With k > 1, everybody takes a first partner before anybody takes a second.

    Args:
        target: Scores in standard deviations, in the order in which they choose, shape (m,).
        candidate: Scores of the candidates, shape (c,).
        ties: Hash of each candidate: among equals the smallest goes first, shape (c,).
        k: Partners per target.
        reach: Largest distance allowed (the caliper), infinite for none.

    Returns:
        Position of the partner of each round, shape (m, k); -1 where there was none.
    """
    order = np.lexsort((ties, candidate))
    groups, begin, size = np.unique(candidate[order], return_index=True, return_counts=True)
    line = _Line(groups.tolist(), size.tolist(), begin.tolist(), ties[order].tolist())
    place = np.searchsorted(groups, target, side="left").tolist()
    scores = target.tolist()
    chosen = np.full((target.size, k), NOBODY, dtype=np.int64)
    for round_ in range(k):
        taken = [line.take(s, p, reach) for s, p in zip(scores, place, strict=True)]
        column = np.array(taken, dtype=np.int64)
        free = column != NOBODY
        chosen[free, round_] = order[column[free]]
    return chosen


class _Line:
    """Groups of equal scores, with those still free; exhausted groups are skipped by union-find."""

    __slots__ = ("_below", "_free", "_next", "_score", "_ties", "_up")

    def __init__(
        self, score: list[float], free: list[int], begin: list[int], ties: list[int]
    ) -> None:
        self._score = score
        self._free = free
        self._next = begin
        self._ties = ties
        self._up = list(range(len(score) + 1))  # first group at or above with somebody free
        self._below = list(range(len(score) + 1))  # the same at or below, shifted by one

    def take(self, s: float, place: int, reach: float) -> int:
        """Take the nearest free candidate of score s; its place in the sorted list, or nobody."""
        up = _root(self._up, place)
        below = _root(self._below, place) - 1
        to_up = self._score[up] - s if up < len(self._score) else np.inf
        to_below = s - self._score[below] if below >= 0 else np.inf
        nearest = self._nearer(up, below, to_up, to_below)
        if min(to_up, to_below) > reach or nearest < 0:
            return NOBODY
        return self._pick(nearest)

    def _nearer(self, up: int, below: int, to_up: float, to_below: float) -> int:
        if to_up == to_below == np.inf:
            return NOBODY
        if abs(to_up - to_below) <= NOISE:
            return up if self._ties[self._next[up]] < self._ties[self._next[below]] else below
        return up if to_up < to_below else below

    def _pick(self, group: int) -> int:
        place = self._next[group]
        self._next[group] = place + 1
        self._free[group] -= 1
        if not self._free[group]:
            self._up[group] = group + 1
            self._below[group + 1] = group
        return place


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def take_in_space(
    target: Matrix, candidate: Matrix, ties: HashVector, k: int, reach: float
) -> IntVector:
    """Give each target, in the order given, its nearest free candidates by Euclidean distance.

    Args:
        target: Points, in the order in which they choose, shape (m, q).
        candidate: Points, shape (c, q).
        ties: Hash of each candidate, shape (c,).
        k: Partners per target.
        reach: Largest distance allowed, infinite for none.

    Returns:
        As on the line.
    """
    free = np.ones(candidate.shape[0], dtype=bool)
    chosen = np.full((target.shape[0], k), NOBODY, dtype=np.int64)
    for round_ in range(k):
        _one_round(target, candidate, ties, free, chosen[:, round_], reach)
    return chosen


def _one_round(
    target: Matrix,
    candidate: Matrix,
    ties: HashVector,
    free: BoolVector,
    chosen: IntVector,
    reach: float,
) -> None:
    """Fill one column of choices; the tree is rebuilt on those free when a list runs out."""
    start = 0
    while start < target.shape[0] and free.any():
        left = np.flatnonzero(free)
        left = left[np.argsort(ties[left], kind="stable")]
        tree = cKDTree(candidate[left])
        m = min(BATCH, left.size)
        distance, near = query(tree, target[start:], m)
        near = _by_hash(distance, near)
        for row in range(near.shape[0]):
            best = next((j for j in range(m) if free[left[near[row, j]]]), None)
            if best is None:
                break  # all on the list are taken: look again among those free
            if distance[row, best] <= reach:
                chosen[start + row] = left[near[row, best]]
                free[chosen[start + row]] = False
        else:
            return
        start += row


def _by_hash(distance: Matrix, near: IntVector) -> IntVector:
    """Order equal distances by place, which is the order of the hashes."""
    rounded = np.round(distance / NOISE)
    order = np.lexsort((near, rounded), axis=1)
    return np.take_along_axis(near, order, axis=1)
