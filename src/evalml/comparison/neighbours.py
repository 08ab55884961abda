"""Nearest neighbours with replacement, on a line or in space, ties included.

Partners are kept as segments of a sorted list, never as pairs: a thousand treated persons who share
ten thousand tied neighbours cost a thousand segments, not ten million pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from evalml.comparison.person import hash_columns
from evalml.comparison.threads import cores

if TYPE_CHECKING:
    from evalml.arrays import HashVector, IntVector, Matrix, Vector

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
    tree = plant(candidate[order[begin]])
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


def plant(points: Matrix) -> cKDTree:
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
