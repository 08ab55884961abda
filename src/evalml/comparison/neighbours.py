"""Nearest neighbours, with replacement or each in turn, on a line or in space.

Partners are kept as segments of a sorted list, never as pairs: a thousand treated persons who share
ten thousand tied neighbours cost a thousand segments, not ten million pairs.

A greedy choice is a sequence by nature, so these are the only loops over persons of the house; they
run on plain lists, a microsecond or two per person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from evalml.comparison.comparison import hash_columns
from evalml.methods.design_matrix import cores

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector


NOISE = 1e-10
"""Distances (in standard deviations) closer than this are equal: only rounding told them apart."""
LEAF = 32
SPARE = 1
"""One neighbour more than asked shows whether the last one is tied."""


@dataclass(frozen=True, slots=True, repr=False)
class Segments:
    """Partners of each target.

    Attributes:
        partners: Positions of the candidates in an order of our own, shape (m,).
        target: Position of the target of each segment, shape (s,).
        start: First place in `partners` of each segment, shape (s,).
        stop: Place after its last one, shape (s,).
        radius: Distance to the farthest partner, per segment, shape (s,).
    """

    partners: IntVector
    target: IntVector
    start: IntVector
    stop: IntVector
    radius: Vector


def nearest_on_line(
    target: Vector,
    candidate: Vector,
    ties: HashVector,
    k: int,
    *,
    average: bool,
    tolerance: float = 0.0,
) -> Segments:
    """Find the k candidates nearest to each target.

    Args:
        target: Scores in standard deviations, shape (m,).
        candidate: Scores of the candidates, shape (c,).
        ties: Hash of each candidate, shape (c,).
        k: Number of neighbours; fewer when there are fewer candidates.
        average: Take all those as near as the k-th; otherwise the first by hash (and the lower
            score when two lie on either side at the same distance).
        tolerance: Squared distances that differ by less are equal too.
    """
    order = np.lexsort((ties, candidate))
    line = candidate[order]
    left, right, radius = _grow(target, line, min(k, line.size))
    everyone = np.arange(target.size)
    if average:
        reach = radius if not tolerance else np.sqrt(radius**2 + tolerance)
        start = np.searchsorted(line, target - reach - NOISE, side="left")
        stop = np.searchsorted(line, target + reach + NOISE, side="right")
        return Segments(order, everyone, start, stop, radius)
    # On the left the window cuts a group of equal scores at its end: move the cut to its first.
    value = line[left + 1]
    group, after = np.searchsorted(line, value, "left"), np.searchsorted(line, value, "right")
    after = np.minimum(after, right)
    first = Segments(order, everyone, group, group + after - (left + 1), radius)
    return join(first, Segments(order, everyone, after, right, radius))


def nearest_in_space(
    target: Matrix,
    candidate: Matrix,
    ties: HashVector,
    k: int,
    *,
    average: bool,
    tolerance: float = 0.0,
) -> Segments:
    """Find the k candidates nearest to each target by Euclidean distance.

    Args:
        target: Points, shape (m, q).
        candidate: Points, shape (c, q).
        ties: Hash of each candidate, shape (c,).
        k: Number of neighbours; fewer when there are fewer candidates.
        average: As on the line.
        tolerance: As on the line.
    """
    point = hash_columns(candidate)
    order = np.lexsort((ties, point))
    edges = np.flatnonzero(np.concatenate(([True], np.diff(point[order]) != 0, [True])))
    begin, end = edges[:-1], edges[1:]
    tree = tree_of(candidate[order[begin]])
    nearest = min(k, candidate.shape[0])
    target_of, place, distance = _search(
        tree, target, end - begin, nearest, tolerance if average else 0.0
    )
    found = Segments(order, target_of, begin[place], end[place], distance)
    return found if average else _first_by_hash(found, ties, k, target.shape[0])


def join(first: Segments, second: Segments) -> Segments:
    """Put segments of the same list together, empty ones left out."""
    target = np.concatenate([first.target, second.target])
    start, stop = (
        np.concatenate([first.start, second.start]),
        np.concatenate([first.stop, second.stop]),
    )
    radius = np.concatenate([first.radius, second.radius])
    filled = stop > start
    return Segments(first.partners, target[filled], start[filled], stop[filled], radius[filled])


def expand(segments: Segments) -> tuple[IntVector, IntVector]:
    """Return the pairs (target, candidate) one by one."""
    length = segments.stop - segments.start
    target = np.repeat(segments.target, length)
    first = np.repeat(segments.start - (np.cumsum(length) - length), length)
    return target, segments.partners[first + np.arange(target.size)]


def _grow(target: Vector, line: Vector, k: int) -> tuple[IntVector, IntVector, Vector]:
    """Widen a window around each target k times, to the nearer side."""
    right = np.searchsorted(line, target, side="left")
    left = right - 1
    radius = np.zeros(target.size)
    for _ in range(k):
        to_left = np.where(left >= 0, target - line[np.maximum(left, 0)], np.inf)
        to_right = np.where(
            right < line.size, line[np.minimum(right, line.size - 1)] - target, np.inf
        )
        go_left = to_left <= to_right + NOISE
        radius = np.maximum(radius, np.where(go_left, to_left, to_right))
        left, right = left - go_left, right + ~go_left
    return left, right, radius


def _search(
    tree: cKDTree, target: Matrix, size: IntVector, k: int, tolerance: float
) -> tuple[IntVector, IntVector, Vector]:
    """Return (target, point, distance) of the points that hold the k nearest and their ties."""
    found: list[tuple[IntVector, IntVector, Vector]] = []
    waiting = np.arange(target.shape[0])
    wanted = k + SPARE
    while waiting.size:
        m = min(wanted, size.size)
        distance, place = query(tree, target[waiting], m)
        enough = np.cumsum(size[place], axis=1) >= k
        radius = distance[np.arange(waiting.size), enough.argmax(axis=1)]
        reach = radius if not tolerance else np.sqrt(radius**2 + tolerance)
        taken = distance <= reach[:, None] + NOISE
        done = ~taken[:, -1] | (m == size.size)
        row, column = np.nonzero(taken & done[:, None])
        found.append((waiting[row], place[row, column], distance[row, column]))
        waiting, wanted = waiting[~done], wanted * 4
    parts = list(zip(*found, strict=True))
    return np.concatenate(parts[0]), np.concatenate(parts[1]), np.concatenate(parts[2])


def tree_of(points: Matrix) -> cKDTree:
    """Return a tree of the points, cut at midpoints: faster here than at medians."""
    return cKDTree(points, leafsize=LEAF, balanced_tree=False, compact_nodes=False)


def query(tree: cKDTree, points: Matrix, m: int) -> tuple[Matrix, IntVector]:
    """Return the distances to the m nearest points of the tree and their places, shape (n, m).

    Asked cell by cell, as neighbours in turn find the same branches still in the cache.
    """
    order = np.lexsort(np.round(points).T)
    found = tree.query(points[order], k=np.arange(1, m + 1), workers=cores())
    distance, place = np.empty((points.shape[0], m)), np.empty((points.shape[0], m), dtype=np.int64)
    distance[order], place[order] = found
    return distance, place


def _first_by_hash(found: Segments, ties: HashVector, k: int, n_targets: int) -> Segments:
    """Keep k partners per target: the nearest, then the smallest hash."""
    target, candidate = expand(found)
    distance = np.repeat(found.radius, found.stop - found.start)
    distance = np.round(distance / NOISE) * NOISE
    order = np.lexsort((ties[candidate], distance, target))
    first = np.searchsorted(target[order], np.arange(n_targets), side="left")
    rank = np.arange(target.size) - first[target[order]]
    kept = order[rank < k]
    place = np.arange(kept.size)
    return Segments(candidate[kept], target[kept], place, place + 1, distance[kept])


NOBODY = -1
BATCH = 64


def take_on_line(
    target: Vector, candidate: Vector, ties: HashVector, k: int, reach: float
) -> IntVector:
    """Give each target, in the order given, its nearest free candidates.

    With k > 1, everybody takes a first partner before anybody takes a second.

    `target`: scores in standard deviations, in the order in which they choose, shape (m,);
    `candidate`: scores of the candidates, shape (c,); `ties`: hash of each candidate: among equals
    the smallest goes first, shape (c,); `reach`: largest distance allowed (the caliper), infinite
    for none. The result: position of the partner of each round, shape (m, k); -1 where there was
    none.
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

    `target`: points, in the order in which they choose, shape (m, q); `candidate`: points, shape
    (c, q); `ties`: hash of each candidate, shape (c,); `reach`: largest distance allowed, infinite
    for none.
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
        tree = tree_of(candidate[left])
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
