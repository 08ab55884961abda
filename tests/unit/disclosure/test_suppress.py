"""Small counts stay in, and neither sums nor roundings give them away."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from evalml.disclosure.rule import DisclosureRule
from evalml.disclosure.suppress import Cells, give_back, interval, protect

EXACT, ROUNDED = DisclosureRule(rounding=1), DisclosureRule()


def random_counts(seed, shape=(5, 4)):
    rng = np.random.Generator(np.random.PCG64(seed))
    values = [0, 1, 2, 4, 7, 10, 11, 14, 25, 60, 140]
    chances = [0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.12, 0.13, 0.13, 0.13, 0.13]
    return rng.choice(values, size=shape, p=chances).astype("float64")


def with_sums(inner):
    """A table with its sums in the last place of each axis."""
    for axis in range(inner.ndim):
        inner = np.concatenate([inner, inner.sum(axis=axis, keepdims=True)], axis=axis)
    return inner


def cells_of(table):
    """The cells of a table with sums, the sums more useful; a zero speaks of nobody."""
    cells, last = Cells(), [size - 1 for size in table.shape]
    for place in np.ndindex(table.shape):
        cells.add(
            place, float(table[place]), -sum(a == b for a, b in zip(place, last, strict=True))
        )
        if table[place] == 0:
            cells.free.add(place)
    for axis, size in enumerate(last):
        for place in np.ndindex(table.shape):
            if place[axis] == size:
                cells.add_sum(
                    place, [(*place[:axis], at, *place[axis + 1 :]) for at in range(size)]
                )
    return cells


def hidden(table, rule, *, back=True):
    """Where a table with sums is hidden."""
    cells = protect(cells_of(table), rule)
    if back:
        give_back(cells, set(cells.more), rule)
    mask = np.zeros(table.shape, dtype=bool)
    for place in cells.gone() & set(np.ndindex(table.shape)):
        mask[place] = True
    return mask


def attack(table, mask, half):
    """The interval of every hidden cell for one who knows all that is shown, within `half`.

    Written apart from the package: the unknowns are the inner cells, each margin an inequality.
    """
    core = tuple(size - 1 for size in table.shape)
    inner = list(np.ndindex(core))
    upper, right = [], []
    for cell in np.ndindex(table.shape):
        if mask[cell]:
            continue
        row = np.array([all(c in (at, size) for c, at, size in zip(cell, one, core, strict=True))
                        for one in inner], dtype="float64")  # fmt: skip
        slack = half if table[cell] > 0 else 0
        shown = (
            np.floor(table[cell] / (2 * half + 1) + 0.5) * (2 * half + 1) if slack else table[cell]
        )
        upper += [row, -row]
        right += [shown + slack, slack - shown]
    ends = {}
    for place, cell in enumerate(inner):
        if mask[cell]:
            aim = np.eye(len(inner))[place]
            low, high = (
                linprog(side * aim, A_ub=upper, b_ub=right, bounds=(0, None), method="highs")
                for side in (1, -1)
            )
            ends[cell] = (low.fun, np.inf if high.status == 3 else -high.fun)
    return ends


@pytest.mark.parametrize(("rule", "half"), [(EXACT, 0), (ROUNDED, 2)])
def test_no_hidden_cell_of_random_tables_is_placed_within_the_threshold(rule, half):
    attacked, narrow = 0, 0
    for seed in range(4):
        table = with_sums(random_counts(seed))
        mask = hidden(table, rule)
        for cell, (low, high) in attack(table, mask, half).items():
            if 0 < table[cell] < 11:
                attacked += 1
                narrow += high - low < 10 - 1e-6
    assert attacked > 15
    assert narrow == 0


def test_the_attack_recovers_cells_when_only_small_ones_are_hidden():
    narrow = 0
    for seed in range(4):
        table = with_sums(random_counts(seed))
        mask = (table > 0) & (table < 11)
        mask[-1], mask[:, -1] = False, False
        narrow += sum(high - low < 1 for low, high in attack(table, mask, 0).values())
    assert narrow > 3


def test_a_three_way_table_is_protected_on_all_its_margins():
    table = with_sums(random_counts(3, (3, 2, 2)))
    mask = hidden(table, EXACT)
    for cell, (low, high) in attack(table, mask, 0).items():
        if 0 < table[cell] < 11:
            assert high - low >= 10 - 1e-6


def test_a_rest_of_a_few_persons_is_found_and_the_least_useful_count_goes():
    cells = Cells()
    cells.add("all", 209, rank=0)
    cells.add("women", 100, rank=1)
    cells.add("men", 100, rank=2)
    cells.add_sum("all", ["women", "men"])
    assert protect(cells, EXACT).gone() == {("rest", "all", "women", "men"), "men"}


def test_a_rounding_as_large_as_the_threshold_protects_a_rest_by_itself():
    cells = Cells()
    for name, value in (("all", 209), ("women", 100), ("men", 100)):
        cells.add(name, value)
    cells.add_sum("all", ["women", "men"])
    assert protect(cells, DisclosureRule(rounding=20)).gone() == {("rest", "all", "women", "men")}


def test_what_is_given_back_gives_no_hidden_count_away_and_is_not_nothing():
    shown_again = 0
    for seed in range(6):
        table = with_sums(random_counts(seed))
        more, less = hidden(table, EXACT, back=False), hidden(table, EXACT)
        shown_again += int((more & ~less).sum())
        assert not (less & ~more).any()
        for cell, (low, high) in attack(table, less, 0).items():
            assert not 0 < table[cell] < 11 or high - low >= 10 - 1e-6
    assert shown_again > 0


def test_an_interval_counts_a_part_that_comes_twice_twice():
    cells = Cells()
    cells.add("all", 60.0)
    cells.add("half", 30.0)
    cells.hidden.add("half")
    cells.add_sum("all", ["half", "half"])
    assert interval(cells, "half", cells.touching(), EXACT) == (30.0, 30.0)
