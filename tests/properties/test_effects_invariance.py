"""What must not change an effect: row order, repeated columns, names of levels, shifts, scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalml.comparison import Comparison, MeasureSpec, balance_table, build_comparison
from evalml.comparison.matching import MatchOptions
from evalml.comparison.weights import Weights
from evalml.effect import Effect, EstimationSettings, estimate_effects
from evalml.effect.estimators import weighted_difference

METHODS = ["diff", "ols", "regression_imputation", "match", "ipw", "ebal", "aipw"]
EXAMPLES = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 10_000)


def table(seed: int, n: int = 160) -> pd.DataFrame:
    """Coarse covariates, so that ties abound."""
    rng = np.random.default_rng(seed)
    age = rng.integers(16, 26, n)
    town = rng.choice(["Lille", "Lens", "Arras"], n)
    score = 1 / (1 + np.exp(0.6 - 0.12 * (age - 20) - 0.5 * (town == "Lens")))
    treat = (rng.random(n) < score).astype(int)
    y = 0.3 * age + (town == "Lens") + treat + rng.standard_normal(n)
    return pd.DataFrame(
        {"id": [f"p{i}" for i in range(n)], "treat": treat, "age": age, "town": town, "y": y}
    )


def build(frame: pd.DataFrame, *more: str, person: str | None = "id") -> Comparison:
    return build_comparison(
        frame,
        treatment="treat",
        measures=[MeasureSpec("y")],
        covariates=["age", "town", *more],
        person=person,
    )


def run(comparison: Comparison, options: EstimationSettings | None = None) -> list[Effect]:
    return estimate_effects(comparison, METHODS, settings=options or EstimationSettings(folds=3))


def same(
    found: list[Effect], expected: list[Effect], shift: float = 0.0, scale: float = 1.0
) -> None:
    for a, b in zip(found, expected, strict=True):
        assert a.estimate == pytest.approx(b.estimate * scale, rel=1e-7, abs=1e-7), a.method
        assert a.std_error == pytest.approx(b.std_error * scale, rel=1e-6), a.method
        assert a.mean_treated == pytest.approx(b.mean_treated * scale + shift, rel=1e-7)


@EXAMPLES
@given(seeds, st.sampled_from(["id", None]))
def test_the_order_of_rows_changes_nothing(seed: int, person: str | None) -> None:
    frame = table(seed)
    shuffled = frame.sample(frac=1, random_state=seed)
    same(run(build(shuffled, person=person)), run(build(frame, person=person)))


@EXAMPLES
@given(
    seeds,
    st.sampled_from(["propensity", "logit", "mahalanobis", "inverse_variance"]),
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from(["average", "hash"]),
    st.sampled_from([None, 0.5]),
    st.sampled_from([(), ("town",)]),
)
def test_no_way_of_matching_depends_on_the_order_of_rows(
    seed: int,
    metric: str,
    replacement: bool,
    k: int,
    ties: str,
    caliper: float | None,
    exact: tuple[str, ...],
) -> None:
    frame = table(seed)
    options = MatchOptions(metric, k, replacement, caliper, ties, exact)
    found = [
        estimate_effects(build(f), ["match"], settings=EstimationSettings(match=options))
        for f in (frame, frame.sample(frac=1, random_state=seed + 1))
    ]
    same(*found)
    assert found[0][0].n_comparison == found[1][0].n_comparison


@EXAMPLES
@given(seeds)
def test_a_repeated_column_changes_nothing(seed: int) -> None:
    frame = table(seed)
    more = frame.assign(again=frame["age"], other=frame["town"])
    same(run(build(more, "again", "other")), run(build(frame)))


@EXAMPLES
@given(seeds)
def test_a_linear_combination_changes_nothing(seed: int) -> None:
    frame = table(seed)
    more = frame.assign(months=12 * frame["age"] + 3)
    same(run(build(more, "months")), run(build(frame)))


@EXAMPLES
@given(seeds)
def test_other_names_for_the_levels_change_nothing(seed: int) -> None:
    frame = table(seed)
    renamed = frame.assign(town=frame["town"].map({"Lille": "1", "Lens": "3", "Arras": "2"}))
    same(run(build(renamed)), run(build(frame)))


@EXAMPLES
@given(seeds, st.floats(-1e3, 1e3), st.floats(0.1, 50))
def test_a_shifted_and_scaled_outcome_shifts_and_scales(
    seed: int, shift: float, scale: float
) -> None:
    frame = table(seed)
    moved = frame.assign(y=frame["y"] * scale + shift)
    same(run(build(moved)), run(build(frame)), shift, scale)


@EXAMPLES
@given(seeds, st.floats(0.01, 100))
def test_weights_on_another_scale_change_nothing(seed: int, scale: float) -> None:
    c = build(table(seed))
    from evalml.comparison import fit_propensity, score_weights

    score = fit_propensity(c.design, c.treated)
    w = score_weights(score.score, c.treated)
    more = Weights(w.values * scale, w.slope * scale)
    y = c.measures[0].values
    first, second = (weighted_difference(y, c.treated, each, score) for each in (w, more))
    assert second.value == pytest.approx(first.value)
    assert second.psi == pytest.approx(first.psi)
    tables = [balance_table(c.design, c.treated, v) for v in (w.values, more.values)]
    pd.testing.assert_frame_equal(*tables)


@EXAMPLES
@given(seeds)
def test_swapping_the_arms_changes_the_sign_of_the_effect_on_all(seed: int) -> None:
    c = build(table(seed))
    swapped = replace(c, treated=~c.treated)
    options = EstimationSettings(estimand="ate", folds=3)
    methods = ["diff", "ols", "regression_imputation", "match", "ipw", "aipw"]
    for a, b in zip(
        *(estimate_effects(each, methods, settings=options) for each in (c, swapped)), strict=True
    ):
        assert a.estimate == pytest.approx(-b.estimate, rel=1e-7, abs=1e-7), a.method


@EXAMPLES
@given(seeds, st.sampled_from(METHODS))
def test_the_same_run_twice_gives_the_same_bytes(seed: int, method: str) -> None:
    c = build(table(seed))
    first, second = (estimate_effects(c, [method], seed=seed)[0] for _ in range(2))
    assert first == second
    assert first.details == second.details


@EXAMPLES
@given(seeds)
def test_methods_asked_together_or_alone_give_the_same_effects(seed: int) -> None:
    c = build(table(seed))
    together = run(c)
    alone = [estimate_effects(c, [m], settings=EstimationSettings(folds=3))[0] for m in METHODS]
    assert [e.estimate for e in together] == [e.estimate for e in alone]
