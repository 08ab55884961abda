"""Nearest neighbours without replacement: each in turn takes the nearest candidate still free.

A greedy choice is a sequence by nature, so these are the only loops over persons of the house; they
run on plain lists, a microsecond or two per person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.neighbours import NOISE, plant, query

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
    line = _Line(
        score=[-np.inf, *groups.tolist(), np.inf],
        end=[0, *(begin + size).tolist(), 0],
        next=[0, *begin.tolist(), 0],
        up=list(range(groups.size + 2)),
        below=list(range(groups.size + 2)),
        ties=ties[order].tolist(),
    )
    place = (np.searchsorted(groups, target, side="left") + 1).tolist()
    scores = target.tolist()
    chosen = np.full((target.size, k), NOBODY, dtype=np.int64)
    for round_ in range(k):
        column = np.array(_take_in_turn(line, scores, place, reach), dtype=np.int64)
        free = column != NOBODY
        chosen[free, round_] = order[column[free]]
    return chosen


@dataclass(frozen=True, slots=True, repr=False)
class _Line:
    """Groups of equal scores between two sentinels, with the next of each still free.

    Attributes:
        score: Score of each group; infinite for the sentinels.
        end: Place after the last of each group in the sorted list.
        next: Place of the next one free; `end` when exhausted.
        up: First group at or above with somebody free (union-find: a parent, then its parent...).
        below: The same at or below.
        ties: Hash of each place.
    """

    score: list[float]
    end: list[int]
    next: list[int]
    up: list[int]
    below: list[int]
    ties: list[int]


def _take_in_turn(line: _Line, scores: list[float], place: list[int], reach: float) -> list[int]:
    """Let each in turn take the nearest free; return places in the sorted list, or nobody."""
    score, end, following, ups, belows = line.score, line.end, line.next, line.up, line.below
    taken = []
    for s, i in zip(scores, place, strict=True):
        up = i
        while ups[up] != up:
            ups[up] = up = ups[ups[up]]
        below = i - 1
        while belows[below] != below:
            belows[below] = below = belows[belows[below]]
        to_up, to_below = score[up] - s, s - score[below]
        nearest = up if to_up < to_below else below
        if abs(to_up - to_below) <= NOISE:
            nearest = up if line.ties[following[up]] < line.ties[following[below]] else below
        if min(to_up, to_below) > reach or end[nearest] == 0:
            taken.append(NOBODY)
            continue
        chosen = following[nearest]
        taken.append(chosen)
        following[nearest] = chosen + 1
        if chosen + 1 == end[nearest]:
            ups[nearest], belows[nearest] = nearest + 1, nearest - 1
    return taken


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
        tree = plant(candidate[left])
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
