"""Neighbours against brute force, on coarse numbers full of ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalml.comparison.neighbours import (
    Segments,
    expand,
    nearest_in_space,
    nearest_on_line,
    take_in_space,
    take_on_line,
)

EXAMPLES = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 100_000)


def draw(seed: int, q: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n1, n0 = rng.integers(1, 12), rng.integers(1, 30)
    target, candidate = rng.integers(0, 6, (n1, q)) / 2.0, rng.integers(0, 6, (n0, q)) / 2.0
    return target, candidate, rng.permutation(n0).astype(np.uint64)


def distances(target: np.ndarray, candidate: np.ndarray) -> np.ndarray:
    return np.sqrt(((target[:, None] - candidate[None]) ** 2).sum(-1))


def partners(found: Segments, n: int) -> list[set[int]]:
    target, candidate = expand(found)
    return [set(candidate[target == i].tolist()) for i in range(n)]


@EXAMPLES
@given(seeds, st.integers(1, 4), st.sampled_from([1, 2]))
def test_all_those_as_near_as_the_kth_are_partners(seed: int, k: int, q: int) -> None:
    target, candidate, ties = draw(seed, q)
    d = distances(target, candidate)
    kth = np.sort(d, axis=1)[:, min(k, d.shape[1]) - 1]
    expected = [
        set(np.flatnonzero(row <= r + 1e-9).tolist()) for row, r in zip(d, kth, strict=True)
    ]
    space = nearest_in_space(target, candidate, ties, k, average=True)
    assert partners(space, len(target)) == expected
    if q == 1:
        line = nearest_on_line(target[:, 0], candidate[:, 0], ties, k, average=True)
        assert partners(line, len(target)) == expected


@EXAMPLES
@given(seeds, st.integers(1, 4))
def test_among_ties_in_space_the_smallest_hash_goes_first(seed: int, k: int) -> None:
    target, candidate, ties = draw(seed, 2)
    d = np.round(distances(target, candidate), 9)
    order = [np.lexsort((ties, row))[:k] for row in d]
    found = nearest_in_space(target, candidate, ties, k, average=False)
    assert partners(found, len(target)) == [set(o.tolist()) for o in order]


@EXAMPLES
@given(seeds, st.integers(1, 4))
def test_among_ties_on_a_line_the_lower_score_then_the_smallest_hash(seed: int, k: int) -> None:
    target, candidate, ties = draw(seed, 1)
    d = np.round(np.abs(target - candidate[:, 0]), 9)
    order = [np.lexsort((ties, candidate[:, 0], row))[:k] for row in d]
    found = nearest_on_line(target[:, 0], candidate[:, 0], ties, k, average=False)
    assert partners(found, len(target)) == [set(o.tolist()) for o in order]


@EXAMPLES
@given(seeds, st.integers(1, 3), st.sampled_from([1, 2]), st.sampled_from([np.inf, 0.6]))
def test_each_in_turn_takes_the_nearest_free_one(seed: int, k: int, q: int, reach: float) -> None:
    target, candidate, ties = draw(seed, q)
    d = np.round(distances(target, candidate), 9)
    free = np.ones(len(candidate), dtype=bool)
    expected = np.full((len(target), k), -1)
    for round_ in range(k):
        for i, row in enumerate(d):
            near = [j for j in np.lexsort((ties, row)) if free[j] and row[j] <= reach]
            if near:
                expected[i, round_] = near[0]
                free[near[0]] = False
    take = take_in_space(target, candidate, ties, k, reach)
    assert take.tolist() == expected.tolist()
    if q == 1:
        found = take_on_line(target[:, 0], candidate[:, 0], ties, k, reach)
        assert found.tolist() == expected.tolist()


def test_a_long_list_of_taken_candidates_is_looked_up_again() -> None:
    rng = np.random.default_rng(0)
    target, candidate = np.zeros((150, 2)), rng.standard_normal((200, 2))
    taken = take_in_space(target, candidate, np.arange(200, dtype=np.uint64), 1, np.inf)[:, 0]
    nearest = np.argsort((candidate**2).sum(1))[:150]
    assert taken.tolist() == nearest.tolist()


@pytest.mark.parametrize("average", [True, False])
def test_fewer_candidates_than_asked_are_all_taken(average: bool) -> None:
    found = nearest_on_line(
        np.zeros(2), np.array([1.0, 2.0]), np.arange(2, dtype=np.uint64), 5, average=average
    )
    assert partners(found, 2) == [{0, 1}, {0, 1}]
