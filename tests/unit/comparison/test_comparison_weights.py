"""Weights, balance, overlap."""

from __future__ import annotations

import numpy as np
import pytest

from evalml.comparison import (
    DesignMatrix,
    balance_table,
    effective_size,
    measure_overlap,
    overlap_warnings,
    score_weights,
    trim,
    trimming,
)
from evalml.comparison.weights import balance_entropy
from evalml.errors import EstimationError
from evalml.methods.design_matrix import LevelColumns, Packed, smallest

E = np.array([0.2, 0.5, 0.8, 0.2, 0.5, 0.8])
D = np.array([True, True, True, False, False, False])


@pytest.mark.parametrize(
    ("estimand", "expected"),
    [
        ("att", [1, 1, 1, 0.25, 1, 4]),
        ("ate", [5, 2, 1.25, 1.25, 2, 5]),
        ("ato", [0.8, 0.5, 0.2, 0.2, 0.5, 0.8]),
    ],
)
def test_weights_are_those_of_the_estimand(estimand: str, expected: list[float]) -> None:
    assert score_weights(E, D, estimand).values == pytest.approx(expected)


@pytest.mark.parametrize("estimand", ["att", "ate", "ato"])
def test_the_slope_is_the_derivative_in_the_linear_predictor(estimand: str) -> None:
    step = 1e-6
    eta = np.log(E / (1 - E))
    up, down = (1 / (1 + np.exp(-(eta + s))) for s in (step, -step))
    numeric = (score_weights(up, D, estimand).values - score_weights(down, D, estimand).values) / (
        2 * step
    )
    assert score_weights(E, D, estimand).slope == pytest.approx(numeric, abs=1e-6) or (
        estimand == "att" and score_weights(E, D, estimand).slope[3:] == pytest.approx(numeric[3:])
    )


def test_clipping_is_counted_and_flat() -> None:
    found = score_weights(E, D, "att", 0.3)
    assert found.values[3:] == pytest.approx([0.25, 1, 7 / 3])
    assert (found.clipped, found.high) == (1, 0.7)
    assert found.slope[5] == 0
    assert score_weights(E, D, "ate", 0.3).clipped == 4


def test_an_infinite_weight_is_an_error() -> None:
    with pytest.raises(EstimationError, match="1 rows have a propensity score of exactly 0 or 1"):
        score_weights(np.append(E[:5], 1.0), D)
    with pytest.raises(EstimationError, match="between 0 and"):
        score_weights(E, D, "att", 0.6)


def test_the_effective_size_of_equal_weights_is_their_number() -> None:
    assert effective_size(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_size(np.array([1.0, 0.0, 0.0])) == pytest.approx(1)


def test_the_balance_table_divides_by_the_treated_spread_before_and_after() -> None:
    X = np.array([[1.0], [2.0], [3.0], [1.0], [5.0], [9.0]])
    table = balance_table(DesignMatrix(X, ("x",)), D, np.array([1, 1, 1, 1, 1, 0.0]))
    row = table.iloc[0]
    assert row["smd_before"] == pytest.approx((2 - 5) / 1.0)
    assert row["smd_after"] == pytest.approx((2 - 3) / 1.0)
    assert row["variance_ratio"] == pytest.approx(1.0 / 8.0)
    both = balance_table(DesignMatrix(X, ("x",)), D, None, "ate").iloc[0]
    assert both["smd_before"] == pytest.approx(-3 / np.sqrt((1 + 16) / 2))


def test_a_column_without_variation_in_an_arm_gets_a_sentence_not_a_crash() -> None:
    X = np.column_stack([np.r_[1.0, 1, 1, 1, 0, 1], np.r_[2.0, 2, 2, 2, 2, 2]])
    table = balance_table(DesignMatrix(X, ("x", "same")), D)
    assert table["remark"][0] == "'x' is the same for all the 3 treated persons"
    assert "3 treated and the 3 comparison" in table["remark"][1]
    assert np.isnan(table["smd_before"][0])
    assert table["smd_before"][1] == 0


def test_the_level_left_out_comes_back_in_the_balance_table() -> None:
    X = np.array([[1.0, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 0]])
    table = balance_table(DesignMatrix(X, ("t=b", "t=c"), (("t=a", (0, 1)),)), D)
    assert table["covariate"].tolist() == ["t=b", "t=c", "t=a"]
    assert table["mean_treated_before"][2] == pytest.approx(1 / 3)


def test_entropy_balancing_makes_the_moments_equal() -> None:
    rng = np.random.default_rng(1)
    X = np.column_stack(
        [rng.standard_normal(500), rng.random(500) < 0.4, rng.exponential(size=500)]
    )
    treated = rng.random(500) < 0.3
    found = balance_entropy(DesignMatrix(X, ("a", "b", "c")), treated, moments=2)
    w = found.weights[~treated]
    assert w.sum() == pytest.approx(treated.sum())
    assert (w > 0).all()
    for moment in (X, X[:, [0, 2]] ** 2):
        after = np.average(moment[~treated], weights=w, axis=0)
        assert after == pytest.approx(moment[treated].mean(axis=0), abs=1e-9)


def test_entropy_balancing_out_of_reach_names_the_columns() -> None:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 2))
    treated = rng.random(200) < 0.3
    X[treated, 1] += 9
    with pytest.raises(EstimationError, match=r"did not converge.*'b' \("):
        balance_entropy(DesignMatrix(X, ("a", "b")), treated)


def test_weak_overlap_is_said_in_words() -> None:
    weights = np.r_[np.ones(100), np.r_[50.0, np.full(299, 0.1)]]
    treated = np.arange(400) < 100
    found = measure_overlap(weights, treated, np.where(treated, 0.97, 0.2))
    said = overlap_warnings(found, 100, 300)
    assert any("300 comparison persons count as" in s for s in said)
    assert any("one person holds 62" in s for s in said)
    assert any("100.0% of the treated have a score above 0.95" in s for s in said)
    assert found.share_beyond == 1.0


def test_trimming_says_whom_the_effect_still_speaks_of() -> None:
    kept = trim(E, 0.3, 0.9)
    found = trimming(E, D, kept)
    assert found["kept_treated"] == 2
    assert found["share_treated_kept"] == pytest.approx(2 / 3)


def test_a_level_everyone_in_an_arm_holds_has_no_variance_whatever_the_rounding() -> None:
    n = 30_000
    rng = np.random.Generator(np.random.PCG64(1))
    treated = np.arange(n) < n // 3
    zone = np.where(treated, 1, rng.integers(0, 3, n))
    levels = LevelColumns(smallest(zone, 3), np.array([[-1], [0], [1]]))
    nothing = np.empty(0, dtype=np.int64)
    columns = Packed(np.empty((n, 0)), nothing, (levels,), np.zeros(2), np.ones(2))
    design = DesignMatrix(columns, ("z=b", "z=c"), (("z=a", (0, 1)),))
    table = balance_table(design, treated, rng.random(n))
    assert table["smd_before"].isna().all()
    assert (table["remark"] != "").all()


def test_a_column_of_tiny_numbers_is_told_as_any_other() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    x, treated = rng.normal(size=200), np.arange(200) < 80
    usual = balance_table(DesignMatrix(x[:, None], ("x",)), treated).iloc[0]
    tiny = balance_table(DesignMatrix(x[:, None] * 1e-9, ("x",)), treated).iloc[0]
    assert tiny["smd_before"] == pytest.approx(usual["smd_before"])
    assert tiny["remark"] == ""
