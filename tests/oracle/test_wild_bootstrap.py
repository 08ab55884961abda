"""The restricted wild cluster bootstrap: against naive enumeration, and its size with few clusters."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import evalml as ev
from evalml.effect.sample import EstimationSettings, settings_of
from evalml.errors import EstimationError
from evalml.methods.variance import ClusterScores, wild_bootstrap


def naive_p(found, theta):
    """The p-value of one value, one change of signs after the other."""
    parts = found.scores + (found.estimate - theta) * found.shares
    whole = abs(sum(parts))
    count = 0.0
    for signs in product((1, -1), repeat=parts.size):
        other = abs(sum(s * x for s, x in zip(signs, parts, strict=True)))
        count += 0.5 if abs(other - whole) < 1e-12 else float(other > whole)
    return count / 2**parts.size


def scores(seed, clusters=7):
    rng = np.random.default_rng(seed)
    s, b = rng.normal(size=clusters), rng.uniform(0.5, 2, clusters)
    return ClusterScores(0.8, s - s.mean(), b / b.sum())


@pytest.mark.parametrize("seed", range(3))
def test_interval_and_p_value_are_those_of_enumeration(seed):
    found = scores(seed)
    low, high, p = wild_bootstrap(found)
    assert p == pytest.approx(naive_p(found, 0.0))
    assert low < 0.8 < high
    for end, out in ((low, -1), (high, 1)):
        assert naive_p(found, end + out * 1e-6) <= 0.05
        assert naive_p(found, end - out * 1e-6) > 0.05


def world(seed, clusters, people=400, spread=0.8):
    """No effect: clusters of unequal size, levels and gaps of their own that mean nothing."""
    rng = np.random.default_rng(seed)
    size = np.exp(spread * rng.normal(size=clusters))
    area = np.repeat(np.arange(clusters), np.maximum((people * size / size.sum()).astype(int), 8))
    d = rng.random(area.size) < rng.uniform(0.2, 0.8, clusters)[area]
    y = 0.3 * rng.normal(size=clusters)[area] + d * 0.2 * rng.normal(size=clusters)[area]
    return pd.DataFrame({"d": d.astype(int), "y": y + rng.normal(size=area.size), "area": area})


def difference(frame):
    """The difference of means of `frame` by cluster: estimate, scores, shares, Student's p-value."""
    d, y, area = (frame[c].to_numpy() for c in ("d", "y", "area"))
    means = [y[d == 1].mean(), y[d == 0].mean()]
    psi = np.where(d == 1, (y - means[0]) / d.sum(), -(y - means[1]) / (1 - d).sum())
    return ClusterScores(
        means[0] - means[1],
        np.bincount(area, psi),
        np.bincount(area[d == 1], minlength=area.max() + 1) / d.sum(),
    )


def test_the_command_takes_it_by_name_and_a_study_by_itself():
    frame = world(1, 8)
    comparison = ev.build_comparison(
        frame, treatment="d", covariates=[], cluster="area", measures=[ev.MeasureSpec("y", "y")]
    )
    [asked] = ev.estimate_effects(comparison, ["diff"], se="wild")
    by_hand = wild_bootstrap(difference(frame))
    assert (asked.ci_low, asked.ci_high, asked.p_value) == pytest.approx(by_hand)
    [usual] = ev.estimate_effects(comparison, ["diff"])
    assert usual.details["se"] == "cluster"
    assert usual.std_error == asked.std_error
    assert usual.p_value != asked.p_value
    few = EstimationSettings(wild_below=30)
    [itself] = ev.estimate_effects(comparison, ["diff"], settings=few)
    assert (itself.details["se"], itself.p_value) == ("wild", asked.p_value)
    enough = EstimationSettings(wild_below=8)
    assert ev.estimate_effects(comparison, ["diff"], settings=enough)[0].details["se"] == "cluster"
    assert settings_of(ev.read_study("cej"), "aipw").wild_below == 30
    chosen = ev.read_study("cej", changes={"method_settings.aipw.se": "cluster"})
    assert settings_of(chosen, "aipw").se == "cluster"


def test_matched_sets_have_none():
    frame = world(2, 8).assign(x=np.arange(len(world(2, 8))) % 7)
    comparison = ev.build_comparison(
        frame, treatment="d", covariates=["x"], cluster="area", measures=[ev.MeasureSpec("y", "y")]
    )
    with pytest.raises(EstimationError, match="wild"):
        ev.estimate_effects(
            comparison, ["match"], settings=EstimationSettings(se="wild", wild_below=0)
        )


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [6, 8, 12])
def test_with_few_clusters_it_rejects_as_often_as_it_says_and_student_more(clusters):
    n, wild, student = 1000, 0, 0
    for seed in range(n):
        found = difference(world(seed, clusters))
        wild += wild_bootstrap(found, draws=399, seed=seed)[2] <= 0.05
        se = np.sqrt(clusters / (clusters - 1) * found.scores @ found.scores)
        student += abs(found.estimate / se) > {6: 2.571, 8: 2.365, 12: 2.201}[clusters]
    assert 0.035 <= wild / n <= 0.065
    assert student > wild
    assert student / n > 0.06
