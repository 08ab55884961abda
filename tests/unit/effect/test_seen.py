"""Outcomes lost from sight: weights and bounds, against worlds whose answer is known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evalml.comparison.arms import NEVER
from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.effect.bounds import bounded_effects, filled
from evalml.effect.censored import Waiting, fit_seen, seen_att, seen_effects, stay_probability
from evalml.effect.estimate import estimate_effects
from evalml.effect.sample import EstimationSettings


def comparison_of(y, d, x, **more):
    frame = pd.DataFrame({"y": y, "d": d, "x": x, "id": np.arange(len(y)), **more})
    return build_comparison(
        frame,
        treatment="d",
        measures=[MeasureSpec("y", unit="proportion")],
        covariates=["x"],
        person="id",
    )


def world(seed: int, n: int = 4000):
    """Return y, d, x, seen: the lost are those with a low x, more often in the comparison arm."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    d = (rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * x))).astype(int)
    p = 1 / (1 + np.exp(-(x - 0.3 + 0.5 * d)))
    y = (rng.random(n) < p).astype(float)
    seen = rng.random(n) < 1 / (1 + np.exp(-(0.3 + 1.2 * x + 0.8 * d)))
    without = 1 / (1 + np.exp(-(x - 0.3)))
    return y, d, x, seen, float((p - without)[d == 1].mean())


def test_a_world_where_nobody_is_lost_gives_the_usual_estimates():
    y, d, x, _, _ = world(1)
    comparison = comparison_of(y, d, x)
    usual = estimate_effects(comparison, ["diff", "ipw", "aipw"], seed=3)
    weighted = seen_effects(comparison, ["diff", "ipw", "aipw"], EstimationSettings(seed=3))
    assert [e.estimate for e in weighted] == pytest.approx([e.estimate for e in usual])
    assert weighted[2].std_error == pytest.approx(usual[2].std_error)
    assert weighted[2].mean_treated == pytest.approx(usual[2].mean_treated)


def test_weights_find_the_effect_on_all_the_treated_and_those_known_alone_do_not():
    errors = {"complete": [], "seen": []}
    for seed in range(6):
        y, d, x, seen, truth = world(seed)
        comparison = comparison_of(np.where(seen, y, np.nan), d, np.round(x, 1))
        errors["complete"].append(estimate_effects(comparison, ["diff"])[0].estimate - truth)
        found = seen_effects(comparison, ["ipw", "aipw"], EstimationSettings(seed=1))
        errors["seen"].append([e.estimate - truth for e in found])
    assert np.mean(errors["complete"]) > 0.05
    assert np.abs(np.mean(errors["seen"], axis=0)).max() < 0.02


def test_means_by_weights_are_those_of_a_hand_computation():
    """Treated: (2·1 + 1·0) / 3 = 2/3; others: (3·1·1 + 1·2·0) / 5 = 3/5."""
    y = np.array([1.0, 0.0, np.nan, 1.0, 0.0])
    d = np.array([True, True, True, False, False])
    weight = np.array([2.0, 1.0, 0.0, 3.0, 1.0])
    odds = np.array([9.0, 9.0, 9.0, 1.0, 2.0])
    found = seen_att(y, d, weight, odds)
    assert found.mean_treated == pytest.approx(2 / 3)
    assert found.value == pytest.approx(2 / 3 - 3 / 5)
    assert found.psi.sum() == pytest.approx(0.0)


def test_where_nobody_is_lost_the_weight_is_one_and_elsewhere_its_level_share():
    """Months 1 to 3 are all seen; in months 4 and 5 a fifth and two fifths of each arm are lost."""
    month = np.repeat(["m1", "m2", "m3", "m4", "m5"], 100)
    lost = np.tile(np.arange(100) % 10, 5)
    seen = (month < "m4") | ((month == "m4") & (lost > 1)) | ((month == "m5") & (lost > 3))
    treated = np.arange(500) % 20 < 10
    weight = fit_seen(pd.DataFrame({"month": month}), treated, seen).weight
    for level, expected in (("m1", 1.0), ("m4", 1.25), ("m5", 1 / 0.6)):
        assert weight[(month == level) & seen] == pytest.approx(expected, rel=1e-6)


def test_where_few_are_lost_their_share_is_the_chance_and_where_luck_tells_them_a_ridge_holds():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
    treated = np.arange(400) < 200
    few = np.arange(400) % 100 != 0
    assert fit_seen(X, treated, few).weight[few] == pytest.approx(1 / 0.99)
    told = (X["a"] + X["b"] > -2.0).to_numpy()  # a sum of the covariates tells all the lost apart
    assert (~told[treated]).sum() >= 10
    weight = fit_seen(X, treated, told).weight
    assert 1 < weight[told].max() < 20
    assert (weight[~told] == 0).all()


def test_the_balance_of_the_weights_is_told_by_arm():
    _, d, x, seen, _ = world(2)
    found = fit_seen(pd.DataFrame({"x": x}), d.astype(bool), seen)
    assert set(found.balance["arm"]) == {"treated", "comparison"}
    assert found.worst_before > 0.3
    assert found.worst < 0.05


def test_bounds_hold_every_way_of_filling_in_the_lost():
    """10 of 100 treated and 20 of 100 others lost: bounds 0.9·m1 − (0.8·m0 + 0.2), then + 0.3."""
    rng = np.random.default_rng(4)
    d = np.repeat([1, 0], 100)
    y = (rng.random(200) < 0.5).astype(float)
    y[:10] = np.nan
    y[100:120] = np.nan
    comparison = comparison_of(y, d, rng.normal(size=200))
    found = bounded_effects(comparison, ["diff"], EstimationSettings(seed=1))[0]
    low = np.nansum(y[:100]) / 100 - (np.nansum(y[100:]) + 20) / 100
    assert found.details["bounds"] == pytest.approx((low, low + 0.3))
    assert np.isnan(found.estimate)
    assert found.ci_low < low < low + 0.3 < found.ci_high


def test_persons_the_source_is_not_linked_to_are_not_filled_in():
    comparison = comparison_of(
        np.array([1, np.nan, 0, np.nan]), np.array([1, 1, 0, 0]), np.arange(4)
    )
    linked = np.array([True, False, True, True])
    measure = replace(comparison.measures[0], linked=linked)
    values = filled(measure, comparison.treated, 1.0, 0.0).values
    assert np.isnan(values[1])
    assert values[3] == 0.0
    assert measure.take(np.array([1, 3])).linked.tolist() == [False, True]


def test_the_chance_of_not_having_entered_follows_recent_work():
    """Those at work enter with 2 % a month, the others with 20 %: 0.98^3 and 0.80^3 after three."""
    rng = np.random.default_rng(5)
    n = 6000
    d, work = rng.random(n) < 0.2, rng.random(n) < 0.5
    monthly = np.where(work, 0.02, 0.20)
    delay = np.where(d, 0, rng.geometric(monthly)).astype(np.int64)
    delay[delay > 12] = NEVER
    state = np.repeat(work[:, None].astype(np.float16), 12, axis=1)
    comparison = comparison_of(rng.random(n).round(), d.astype(int), rng.normal(size=n))
    stay = stay_probability(comparison, Waiting(delay, state, np.arange(-6, 6)), 3, 1)[3]
    assert stay[~d & work].mean() == pytest.approx(0.98**3, abs=0.015)
    assert stay[~d & ~work].mean() == pytest.approx(0.80**3, abs=0.03)
    assert (stay[d] == 1).all()
