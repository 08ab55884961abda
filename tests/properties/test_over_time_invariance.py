"""What must not change an estimate over time: order, names, constants, scales of weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalml.errors import EstimationError
from evalml.methods.cox import cox
from evalml.methods.did import DidRequest, RolloutRequest, estimate_did, rollout
from evalml.methods.durations import DurationColumns, Durations
from evalml.methods.panel import PanelColumns
from evalml.methods.survival_effects import SurvivalRequest, survival
from evalml.methods.two_period import panel_att, sections_att

METHODS = ["callaway_santanna", "sun_abraham", "imputation", "twfe"]
SEEDS = st.integers(0, 10_000)


def areas(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n, T = 40, 5
    first = rng.permutation(np.repeat([0, 3, 4, 5], n // 4))
    table = pd.DataFrame({"i": np.repeat(np.arange(n), T), "t": np.tile(np.arange(1, T + 1), n)})
    table["g"] = np.repeat(first, T)
    table["x"] = np.repeat(rng.normal(size=n), T)
    table["w"] = np.repeat(rng.uniform(0.5, 2, n), T)
    table["area"] = table.i % 9
    table["y"] = rng.normal(size=len(table)) + (table.g > 0) * (table.t >= table.g) + table.x
    return table


def numbers(table: pd.DataFrame, method: str, **more: object) -> np.ndarray:
    columns = PanelColumns("t", "y", "g", "i", cluster="area", **more)
    rows = rollout(table, RolloutRequest(columns, method, "dynamic"))
    return np.array([[e.estimate, e.std_error] for e in rows])


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_row_order_changes_not_a_bit(method: str, seed: int) -> None:
    table = areas(seed)
    shuffled = table.sample(frac=1, random_state=seed)
    np.testing.assert_array_equal(numbers(table, method), numbers(shuffled, method))


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, constant=st.floats(-100, 100), scale=st.floats(0.1, 10))
def test_constants_cancel_and_scales_follow(
    method: str, seed: int, constant: float, scale: float
) -> None:
    table = areas(seed)
    moved = table.assign(y=scale * (table.y + constant) + table.i)
    np.testing.assert_allclose(
        numbers(moved, method), scale * numbers(table, method), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_names_of_units_and_areas_and_the_scale_of_weights_do_not_matter(
    method: str, seed: int
) -> None:
    table = areas(seed)
    renamed = table.assign(
        i=table.i.map(lambda k: f"u{(k * 7) % 40:03d}"),
        area=table.area.map("A{}".format),
        w=17 * table.w,
    )
    np.testing.assert_allclose(
        numbers(renamed, method, weights="w"),
        numbers(table, method, weights="w"),
        rtol=1e-9,
        atol=1e-12,
    )


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_relabelled_categories_and_order_of_covariates_do_not_matter(seed: int) -> None:
    table = areas(seed)
    table["c"] = table.i % 3
    words = table.assign(c=table.c.map({0: "z", 1: "a", 2: "m"}))
    numbers_as_words = table.assign(c=table.c.map({0: "0", 1: "1", 2: "2"}))
    try:
        a = numbers(words, "callaway_santanna", covariates=("c", "x"))
    except EstimationError:  # a group too small for three categories: both ways must say so
        with pytest.raises(EstimationError):
            numbers(numbers_as_words, "callaway_santanna", covariates=("x", "c"))
        return
    b = numbers(numbers_as_words, "callaway_santanna", covariates=("x", "c"))
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_a_unit_twice_is_a_unit_of_weight_two(seed: int) -> None:
    table = areas(seed)
    copy = table[table.i % 4 == 0].assign(i=lambda t: t.i + 1000)
    doubled = table.assign(w=1.0 + (table.i % 4 == 0))
    for method in ("callaway_santanna", "imputation"):
        a = numbers(pd.concat([table, copy]), method)
        b = numbers(doubled, method, weights="w")
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("method", ["dr", "reg", "ipw"])
@settings(max_examples=6, deadline=None)
@given(seed=SEEDS)
def test_influence_is_the_exact_derivative_in_the_weights(method: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 120
    x, y = rng.normal(size=(2, n))
    D, post = (rng.random(n) < 0.5) * 1.0, rng.integers(0, 2, n) * 1.0
    X, w = np.column_stack([np.ones(n), x]), rng.uniform(0.5, 1.5, n)
    step = 1e-5
    for fit in (
        lambda v: panel_att(y, D, X, v, method),
        lambda v: sections_att(y, D, post, X, v, method),
    ):
        whole = fit(w)
        for i in (0, 50, 119):
            up, down = w.copy(), w.copy()
            up[i] += step
            down[i] -= step
            slope = (fit(up).att - fit(down).att) / (2 * step)
            assert whole.influence[i] == pytest.approx(slope * w[i], rel=1e-4, abs=1e-8)


def test_imputation_is_its_brute_force_regression() -> None:
    """The imputation estimate and its variance from full matrices (equations 5 and 7)."""
    table = areas(1)
    n, T = 40, 5
    treated = ((table.g > 0) & (table.t >= table.g)).to_numpy()
    Z = np.column_stack(
        [
            (table.i.to_numpy()[:, None] == np.arange(n)),
            table.t.to_numpy()[:, None] == np.arange(2, T + 1),
        ]
    ).astype(float)
    y = table.y.to_numpy()
    fit, *_ = np.linalg.lstsq(Z[~treated], y[~treated], rcond=None)
    # all are treated by period 5 only in group 5 and before: never-treated remain in each period
    tau = y - Z @ fit
    w1 = np.full(treated.sum(), 1 / treated.sum())
    v = np.zeros(y.size)
    v[treated] = w1
    v[~treated] = -Z[~treated] @ np.linalg.pinv(Z[~treated].T @ Z[~treated]) @ Z[treated].T @ w1
    assert v @ y == pytest.approx(tau[treated].mean())
    cell = table.assign(tau=tau)[treated].groupby(["g", "t"]).tau.transform("mean")
    residual = tau.copy()
    residual[treated] -= cell.to_numpy()
    by_unit = np.bincount(table.i, weights=v * residual)
    ours = rollout(table, RolloutRequest(PanelColumns("t", "y", "g", "i"), "imputation"))[0]
    assert ours.estimate == pytest.approx(v @ y, rel=1e-9)
    assert ours.std_error == pytest.approx(np.sqrt((by_unit**2).sum()), rel=1e-9)


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_durations_do_not_depend_on_order_or_unit_of_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 80
    entry = rng.integers(0, 4, n)
    table = pd.DataFrame(
        {"a": entry, "b": entry + rng.integers(1, 9, n), "e": rng.integers(0, 2, n)}
    )
    table["k"] = rng.choice(["p", "q"], n)
    columns = DurationColumns("b", "e", "a", "k")
    for method in ("km", "logrank", "cox"):
        a = survival(table, SurvivalRequest(columns, method))
        shuffled = table.sample(frac=1, random_state=seed)
        b = survival(
            shuffled.assign(a=2 * shuffled.a, b=2 * shuffled.b), SurvivalRequest(columns, method)
        )
        np.testing.assert_allclose(
            [r.estimate for r in a], [r.estimate for r in b], rtol=1e-9, atol=1e-12
        )


def test_a_row_twice_is_a_row_of_weight_two_in_cox() -> None:
    rng = np.random.default_rng(2)
    n = 60
    x, time = rng.normal(size=n), rng.permutation(np.arange(1.0, n + 1))
    event, w = rng.integers(0, 2, n), 1.0 + (np.arange(n) % 5 == 0)
    event[np.arange(n) % 5 == 0] = 0  # Efron treats tied events and weights differently
    twice = np.repeat(np.arange(n), w.astype(int))
    weighted = cox(Durations(np.zeros(n), time, event, w), x[:, None])
    copied = cox(Durations(np.zeros(twice.size), time[twice], event[twice]), x[twice, None])
    assert weighted.beta == pytest.approx(copied.beta, rel=1e-9)


def test_a_status_regression_is_the_regression_with_dummies() -> None:
    table = areas(4).drop(index=[3, 77, 140])
    table["d"] = ((table.g > 0) & (table.t >= table.g)) * 1.0
    ours = estimate_did(table, DidRequest(PanelColumns("t", "y", unit="i", extra=("d",))))
    X = np.column_stack(
        [
            table.d,
            pd.get_dummies(table.i).to_numpy(float),
            pd.get_dummies(table.t).to_numpy(float)[:, 1:],
        ]
    )
    beta, *_ = np.linalg.lstsq(X, table.y.to_numpy(), rcond=None)
    assert ours.estimate == pytest.approx(beta[0], rel=1e-9)
