"""Columns held as levels give what the same columns held as numbers give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalml.comparison.design import build_design
from evalml.methods import design_matrix as products
from evalml.methods.design_matrix import WIDE, Packed, gram, pack
from evalml.methods.regression import standardise

N = 3_000
RNG = np.random.Generator(np.random.PCG64(7))
MANY = 2 * WIDE


def frame() -> pd.DataFrame:
    levels = {"sexe": 2, "diplome": 5, "logement": 4, "departement": MANY, "structure": MANY}
    text = {
        name: pd.Series(RNG.integers(0, k, N)).map(lambda i, name=name: f"{name[0]}{i:02d}")
        for name, k in levels.items()
    }
    numbers = {"age": RNG.normal(20, 3, N), "permis": RNG.integers(0, 2, N).astype(float)}
    return pd.DataFrame(
        {"age": numbers["age"], **text, "permis": numbers["permis"], "copie": text["sexe"]}
    )


DESIGN, NOTES = build_design(frame())
RAW = DESIGN.columns
X = np.asarray(RAW)
Z = standardise(RAW).Z
DENSE = np.asarray(Z)
WEIGHTS = RNG.random(N)


def test_categories_of_few_levels_are_counted_together_and_wide_ones_alone() -> None:
    sizes = [g.columns.shape for g in RAW.groups]
    assert sizes == [(2 * 5 * 4, 3), (MANY, 1), (MANY, 1)]
    assert len(NOTES) == 1, NOTES  # the copy of a column


def test_the_numbers_are_those_of_the_levels() -> None:
    assert X.shape == (N, len(DESIGN.names))
    assert X[:, DESIGN.names.index("sexe=s01")].mean() == pytest.approx(0.5, abs=0.05)
    assert set(np.unique(np.delete(X, DESIGN.names.index("age"), axis=1))) == {0.0, 1.0}


def test_standardised_columns_have_mean_0_and_deviation_1() -> None:
    assert DENSE[:, 1:].mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert DENSE[:, 1:].std(axis=0) == pytest.approx(1.0, abs=1e-12)
    assert np.asarray(standardise(pack(X)).Z) == pytest.approx(DENSE, abs=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("columns", [RAW, Z], ids=["raw", "standardised"])
def test_products_of_the_columns_with_themselves(
    columns: Packed, weights: np.ndarray | None
) -> None:
    plain = np.asarray(columns)
    w = np.ones(N) if weights is None else weights
    assert gram(columns, weights) == pytest.approx(plain.T @ (plain * w[:, None]), abs=1e-8)


def test_products_with_vectors_from_both_sides() -> None:
    b = RNG.normal(size=(Z.shape[1], 3))
    assert Z @ b == pytest.approx(DENSE @ b, abs=1e-11)
    assert Z @ b[:, 0] == pytest.approx(DENSE @ b[:, 0], abs=1e-11)
    assert Z.combine(b[:, 0]) == pytest.approx(DENSE @ b[:, 0], abs=1e-11)
    assert pytest.approx(WEIGHTS @ DENSE, abs=1e-9) == WEIGHTS @ Z
    assert np.stack([WEIGHTS, WEIGHTS**2]) @ Z == pytest.approx(
        np.stack([WEIGHTS, WEIGHTS**2]) @ DENSE, abs=1e-9
    )


def test_products_by_part_are_those_of_each_part_alone() -> None:
    part = RNG.integers(0, 4, N)
    b = RNG.normal(size=(Z.shape[1], 4))
    alone = np.stack([(WEIGHTS * (part == k)) @ DENSE for k in range(4)])
    assert Z.sums_by(WEIGHTS, part, 4) == pytest.approx(alone, abs=1e-9)
    own = (DENSE @ b)[np.arange(N), part]
    assert Z.times_own(b, part) == pytest.approx(own, abs=1e-11)


def test_rows_and_columns_are_taken_as_from_a_matrix() -> None:
    rows = RNG.random(N) < 0.4
    assert np.asarray(Z[rows]) == pytest.approx(DENSE[rows])
    assert np.asarray(Z[10:20]) == pytest.approx(DENSE[10:20])
    kept = np.array([5, 0, 40, 2])
    assert np.asarray(Z.take(kept)) == pytest.approx(DENSE[:, kept])
    assert Z.column(40) == pytest.approx(DENSE[:, 40])
    moved = Z.less(DENSE[0]).over(np.full(Z.shape[1], 2.0)).prepend(DENSE[:, :2])
    assert np.asarray(moved) == pytest.approx(
        np.column_stack([DENSE[:, :2], (DENSE - DENSE[0]) / 2])
    )


def test_rows_that_are_equal_get_exactly_equal_products() -> None:
    twice = Z[np.tile(np.arange(200), 2)]
    found = twice.combine(RNG.normal(size=Z.shape[1]))
    assert (found[:200] == found[200:]).all()


def test_which_rows_hold_one_of_some_levels() -> None:
    columns = [DESIGN.names.index(name) for name in ("diplome=d01", "diplome=d03", "permis")]
    assert (RAW.any_of(columns) == (X[:, columns] != 0).any(axis=1)).all()
    assert RAW.binary().sum() == X.shape[1] - 1


def test_a_person_is_never_in_the_repr() -> None:
    assert repr(Z) == f"Packed(n={N}, p={Z.shape[1]})"


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_large_table_is_added_up_in_parts(
    monkeypatch: pytest.MonkeyPatch, weights: np.ndarray | None
) -> None:
    whole = gram(Z, weights)
    monkeypatch.setattr(products, "LARGE", 100)
    in_parts = gram(Z, weights)
    assert in_parts == pytest.approx(whole, abs=1e-9)
    assert (gram(Z, weights) == in_parts).all()
    assert (in_parts != whole).any(), "the parts were not summed one after another"
