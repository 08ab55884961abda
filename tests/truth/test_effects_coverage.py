"""Each person-level method on its own assumptions: no bias, and intervals that cover 95 %.

The truth is integrated (Gauss-Hermite), not simulated. 95 % intervals must cover between 93 % and
97 % of 1,000 samples, and the mean error must be within 2 Monte-Carlo standard errors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from evalml.comparison.comparison import Comparison
from evalml.comparison.matching import MatchOptions
from evalml.effect import Effect, EstimationSettings, estimate_effects
from evalml.validation.persons import as_comparison as comparison
from evalml.validation.persons import gain, score
from evalml.validation.persons import mean_gain as truth

SAMPLES = 1000


def confounded(rng: np.random.Generator, seed: int, n: int = 600) -> Comparison:
    X = rng.standard_normal((n, 2))
    treated = rng.random(n) < score(X)
    y = X[:, 0] - 0.5 * X[:, 1] + gain(X) * treated + rng.standard_normal(n) * (1 + 0.5 * treated)
    return comparison(X, treated, y, None, seed)


def clustered(rng: np.random.Generator, seed: int, G: int = 60, size: int = 15) -> Comparison:
    cluster = np.repeat(np.arange(G), size)
    X = rng.standard_normal((G * size, 2))
    shift = rng.standard_normal(G)[cluster]
    treated = rng.random(G * size) < score(X + 0.8 * shift[:, None] * [1, 0])
    shock = 0.6 * rng.standard_normal(G)[cluster]
    X[:, 0] += 0.8 * shift
    y = X[:, 0] - 0.5 * X[:, 1] + shock * (0.4 + treated) + treated + rng.standard_normal(G * size)
    return comparison(X, treated, y, cluster, seed)


def simulate(
    draw: Callable[[np.random.Generator, int], Comparison],
    methods: list[str],
    settings: EstimationSettings,
    samples: int = SAMPLES,
) -> dict[str, list[Effect]]:
    found: dict[str, list[Effect]] = {m: [] for m in methods}
    for seed in range(samples):
        rng = np.random.Generator(np.random.PCG64(seed))
        for effect in estimate_effects(draw(rng, seed), methods, settings=settings):
            found[effect.method].append(effect)
    return found


def judge(effects: list[Effect], target: float) -> None:
    estimates = np.array([e.estimate for e in effects])
    bias = estimates.mean() - target
    covered = np.mean([e.ci_low <= target <= e.ci_high for e in effects])
    assert abs(bias) < 2.0 * estimates.std() / np.sqrt(len(effects))
    assert 0.93 <= covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimand", "methods"),
    [
        ("att", ["ipw", "ebal"]),
        ("att", ["aipw", "regression_imputation"]),
        ("ate", ["ipw", "regression_imputation"]),
        ("ate", ["aipw"]),
        ("ato", ["ipw"]),
    ],
)
def test_intervals_cover_the_truth_under_confounding(estimand: str, methods: list[str]) -> None:
    found = simulate(confounded, methods, EstimationSettings(estimand=estimand))
    for method in methods:
        judge(found[method], truth(estimand))


@pytest.mark.slow
@pytest.mark.parametrize("folds", [0, 2])
def test_aipw_covers_whatever_the_folds(folds: int) -> None:
    judge(simulate(confounded, ["aipw"], EstimationSettings(folds=folds))["aipw"], truth("att"))


@pytest.mark.slow
@pytest.mark.parametrize(("k", "estimand"), [(1, "att"), (3, "att"), (1, "ate")])
def test_matching_covers_with_the_variance_that_counts_the_score(k: int, estimand: str) -> None:
    """Matching keeps a bias of the order of k / n, 0.01 here with 600 rows: hence 3,000."""
    options = MatchOptions(k=k, score_correction=True, variance_neighbours=2)
    large = partial(confounded, n=3000)
    found = simulate(large, ["match"], EstimationSettings(estimand=estimand, match=options), 500)
    judge(found["match"], truth(estimand))


@pytest.mark.slow
@pytest.mark.parametrize(
    "methods", [["ols", "regression_imputation"], ["ipw", "aipw"], ["ebal"], ["match"]]
)
def test_clustered_intervals_cover(methods: list[str]) -> None:
    found = simulate(clustered, methods, EstimationSettings())
    for method in methods:
        judge(found[method], 1.0)


@pytest.mark.slow
def test_intervals_that_forget_the_clusters_do_not_cover() -> None:
    naive = simulate(clustered, ["ols"], EstimationSettings(se="hc2"))["ols"]
    assert np.mean([e.ci_low <= 1.0 <= e.ci_high for e in naive]) < 0.93


@pytest.mark.slow
def test_pairs_matched_without_replacement_cover_a_constant_effect() -> None:
    def constant(rng: np.random.Generator, seed: int) -> Comparison:
        X = rng.standard_normal((600, 2))
        treated = rng.random(600) < 0.6 * score(X)
        y = X[:, 0] - 0.5 * X[:, 1] + treated + rng.standard_normal(600)
        return comparison(X, treated, y, None, seed)

    settings = EstimationSettings(match=MatchOptions(replace=False, caliper=0.1))
    judge(simulate(constant, ["match"], settings)["match"], 1.0)


@pytest.mark.slow
def test_the_difference_in_means_covers_in_an_experiment() -> None:
    def experiment(rng: np.random.Generator, seed: int) -> Comparison:
        X = rng.standard_normal((80, 2))
        treated = rng.permutation(80) < 25
        y = X[:, 0] + treated * (1 + X[:, 1]) + rng.standard_normal(80)
        return comparison(X, treated, y, None, seed)

    judge(simulate(experiment, ["diff"], EstimationSettings())["diff"], 1.0)


def test_the_naive_difference_is_biased_where_the_methods_are_not() -> None:
    draws = [
        estimate_effects(confounded(np.random.default_rng(s), s), ["diff"])[0] for s in range(50)
    ]
    covered = np.mean([e.ci_low <= truth("att") <= e.ci_high for e in draws])
    assert covered < 0.2
