"""Worlds of persons: an experiment, confounding, no effect, clusters, wrong models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.comparison.comparison import Comparison, DesignMatrix, Measure, mix
from evalml.comparison.matching import MatchOptions
from evalml.effect.estimate import estimate_effects
from evalml.effect.sample import EstimationSettings
from evalml.methods.design_matrix import pack
from evalml.validation.harness import NO_ANSWER, Arm, Row, Rows, Scenario

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.methods.effect import Effect


MATCH = MatchOptions(score_correction=True, variance_neighbours=2)
ADJUSTING = ("ols", "regression_imputation", "match", "ipw", "ebal", "aipw")
UNADJUSTED = Arm("diff", "compares without adjusting")
WEIGHS_OTHERWISE = Arm("ols", "one coefficient: weighs persons by their variance, not the treated")
EDGE = Arm("match", "covariates without bounds: at the edge nobody is near")


def as_comparison(
    X: Matrix, treated: BoolVector, y: Vector, cluster: IntVector | None, seed: int
) -> Comparison:
    """Return arrays as a comparison; the seed moves folds and ties."""
    n = treated.size
    return Comparison(
        treated,
        (Measure("y", None, y, "", "y"),),
        pd.DataFrame(index=range(n)),
        DesignMatrix(pack(X), tuple(f"x{j + 1}" for j in range(X.shape[1]))),
        cluster,
        mix(np.arange(n, dtype=np.uint64), seed),
        pd.DataFrame(index=range(n)),
    )


def score(X: Matrix) -> Vector:
    """Probability of treatment given two covariates, shape (..., 2)."""
    return np.asarray(1.0 / (1.0 + np.exp(0.5 - 0.6 * X[..., 0] + 0.4 * X[..., 1])))


def gain(X: Matrix) -> Vector:
    """Effect of treatment given the covariates."""
    return np.asarray(1.0 + 0.5 * X[..., 0])


def mean_gain(estimand: str) -> float:
    """Return the mean effect on the treated (att), all (ate) or the overlap (ato): Gauss-Hermite.

    The covariates are standard normal; 60 nodes each.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    X = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1)
    mass = np.outer(weights, weights) / weights.sum() ** 2
    e = score(X)
    tilt = {"att": e, "ate": np.ones_like(e), "ato": e * (1 - e)}[estimand]
    return float((mass * tilt * gain(X)).sum() / (mass * tilt).sum())


BOUND = float(np.sqrt(3.0))


def bounded_gain() -> float:
    """Return the mean effect on the treated of `bounded`, by Gauss-Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    X = BOUND * np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1)
    mass = np.outer(weights, weights) * score(X)
    return float((mass * gain(X)).sum() / mass.sum())


def seed_of(rng: np.random.Generator) -> int:
    """Draw the seed of folds and ties, so that they change from sample to sample."""
    return int(rng.integers(0, 2**31))


def experiment(rng: np.random.Generator, n: int = 1000) -> Comparison:
    """Draw two persons in five to be treated; effects differ."""
    X = rng.standard_normal((n, 2))
    treated = rng.permutation(n) < 2 * n // 5
    y = X[:, 0] + treated * (1 + X[:, 1]) + rng.standard_normal(n)
    return as_comparison(X, treated, y, None, seed_of(rng))


def confounded(rng: np.random.Generator, n: int = 1000, *, constant: bool = False) -> Comparison:
    """Let those with a better outlook enter more often; the noise of the treated is larger."""
    X = rng.standard_normal((n, 2))
    treated = rng.random(n) < score(X)
    effect = np.ones(n) if constant else gain(X)
    noise = rng.standard_normal(n) * (1 + 0.5 * treated)
    return as_comparison(
        X, treated, X[:, 0] - 0.5 * X[:, 1] + effect * treated + noise, None, seed_of(rng)
    )


def same_effect(rng: np.random.Generator) -> Comparison:
    """Draw confounded persons whose effects are all alike."""
    return confounded(rng, constant=True)


def bounded(rng: np.random.Generator, n: int = 1000) -> Comparison:
    """Draw confounded persons whose covariates have bounds; effects differ."""
    X = rng.uniform(-BOUND, BOUND, (n, 2))
    treated = rng.random(n) < score(X)
    y = X[:, 0] - 0.5 * X[:, 1] + gain(X) * treated + rng.standard_normal(n)
    return as_comparison(X, treated, y, None, seed_of(rng))


def no_effect(rng: np.random.Generator, n: int = 1500) -> Comparison:
    """Draw a 0/1 outcome that depends on the covariates, not on the treatment."""
    X = rng.uniform(-1, 1, (n, 2))
    treated = rng.random(n) < score(1.7 * X)
    y = (rng.random(n) < 0.4 + 0.25 * X[:, 0] - 0.1 * X[:, 1]).astype(np.float64)
    return as_comparison(X, treated, y, None, seed_of(rng))


def clustered(rng: np.random.Generator, G: int = 60, size: int = 20) -> Comparison:
    """Draw clusters that differ in who lives there, in outcomes and in effects."""
    cluster = np.repeat(np.arange(G), size)
    X = rng.standard_normal((G * size, 2))
    shift = rng.standard_normal(G)[cluster]
    treated = rng.random(G * size) < score(X + 0.8 * shift[:, None] * [1, 0])
    shock = 0.6 * rng.standard_normal(G)[cluster]
    X[:, 0] += 0.8 * shift
    y = X[:, 0] - 0.5 * X[:, 1] + shock * (0.4 + treated) + treated + rng.standard_normal(G * size)
    return as_comparison(X, treated, y, cluster, seed_of(rng))


def curved_outcome(rng: np.random.Generator, n: int = 1000) -> Comparison:
    """Draw an outcome that is not linear: the score alone is modelled rightly."""
    X = rng.standard_normal((n, 2))
    treated = rng.random(n) < score(X)
    y = np.exp(0.6 * X[:, 0]) - 0.5 * X[:, 1] + treated + rng.standard_normal(n)
    return as_comparison(X, treated, y, None, seed_of(rng))


def stepped_score(rng: np.random.Generator, n: int = 1000) -> Comparison:
    """Draw entries by thresholds, not by a logit: the outcome alone is modelled rightly."""
    X = rng.standard_normal((n, 2))
    treated = rng.random(n) < 0.15 + 0.5 * (X[:, 0] > 0) + 0.15 * (X[:, 1] > 0)
    y = X[:, 0] - 0.5 * X[:, 1] + gain(X) * treated + rng.standard_normal(n)
    return as_comparison(X, treated, y, None, seed_of(rng))


STEPPED_TRUTH = 1 + 0.5 * (0.5 / np.sqrt(2 * np.pi)) / 0.475
"""1 + 0.5 E[e x] / E[e]: E[e] = 0.15 + 0.25 + 0.075, and E[x; x > 0] = 1 / sqrt(2 pi)."""


def person_methods(
    truth: float,
    settings: EstimationSettings,
    others: Mapping[str, tuple[str, EstimationSettings]] | None = None,
) -> Callable[[Comparison, Sequence[str], int], Rows]:
    """Return the `estimate` of a world of persons: methods with the same settings in one pass.

    `others`: by name in the table, methods with settings of their own.
    """
    special = others or {}

    def estimate(data: Any, wanted: Sequence[str], replication: int) -> Rows:  # noqa: ARG001
        passes: dict[EstimationSettings, dict[str, str]] = {}
        for name in wanted:
            method, chosen = special.get(name, (name, settings))
            passes.setdefault(chosen, {})[method] = name
        rows: Rows = {}
        for chosen, names in passes.items():
            found = estimate_effects(data, list(names), settings=chosen, failures="record")
            rows |= {names[e.method]: _row(e, truth) for e in found}
        return rows

    return estimate


def _row(effect: Effect, truth: float) -> Row:
    if np.isnan(effect.std_error):
        return NO_ANSWER
    rejected = float(effect.p_value < 0.05)  # noqa: PLR2004 - the level of the 95 % intervals
    return (
        effect.estimate,
        effect.std_error,
        effect.ci_low,
        effect.ci_high,
        rejected,
        truth,
    )


def _arms(*right: str) -> tuple[Arm, ...]:
    return tuple(Arm(method) for method in right)


def _unbounded(*right: str) -> tuple[Arm, ...]:
    """Return the methods; matching asks for bounded covariates (Abadie and Imbens, 2006)."""
    return tuple(EDGE if method == "match" else Arm(method) for method in right)


PERSON_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "experiment",
        "entries drawn by lot, effects differ",
        "persons",
        "1,000 persons",
        _arms("diff", *ADJUSTING),
        experiment,
        person_methods(1.0, EstimationSettings(match=MATCH)),
    ),
    Scenario(
        "independent",
        "entries follow what is seen, one effect for all",
        "persons",
        "1,000 persons",
        (UNADJUSTED, *_unbounded(*ADJUSTING)),
        same_effect,
        person_methods(1.0, EstimationSettings(match=MATCH)),
    ),
    Scenario(
        "heterogeneous",
        "entries follow what is seen, effects differ, effect on the treated",
        "persons",
        "1,000 persons",
        (UNADJUSTED, WEIGHS_OTHERWISE, *_unbounded(*ADJUSTING[1:])),
        confounded,
        person_methods(mean_gain("att"), EstimationSettings(match=MATCH)),
    ),
    Scenario(
        "bounded",
        "the same, covariates with bounds",
        "persons",
        "1,000 persons",
        (UNADJUSTED, WEIGHS_OTHERWISE, *_arms(*ADJUSTING[1:])),
        bounded,
        person_methods(bounded_gain(), EstimationSettings(match=MATCH)),
    ),
    Scenario(
        "heterogeneous_all",
        "effects differ, effect on all",
        "persons",
        "1,000 persons",
        (UNADJUSTED, *_unbounded("regression_imputation", "match", "ipw", "aipw")),
        confounded,
        person_methods(mean_gain("ate"), EstimationSettings(estimand="ate", match=MATCH)),
    ),
    Scenario(
        "null",
        "no effect on a 0/1 outcome",
        "persons",
        "1,500 persons",
        (UNADJUSTED, *_arms(*ADJUSTING)),
        no_effect,
        person_methods(0.0, EstimationSettings(match=MATCH)),
    ),
    Scenario(
        "clustered",
        "persons of a cluster share shocks and effects",
        "persons",
        "60 clusters of 20",
        (*_unbounded(*ADJUSTING), Arm("ols_no_cluster", "takes the persons for independent")),
        clustered,
        person_methods(
            1.0, EstimationSettings(), {"ols_no_cluster": ("ols", EstimationSettings(se="hc2"))}
        ),
    ),
    Scenario(
        "few_clusters",
        "the same, few clusters, alike in size, both arms in each",
        "persons",
        "10 clusters of 100",
        _arms("ols", "ipw", "ebal", "aipw"),
        lambda rng: clustered(rng, 10, 100),
        person_methods(1.0, EstimationSettings()),
    ),
    Scenario(
        "curved_outcome",
        "the outcome is not linear, the score is a logit",
        "persons",
        "1,000 persons",
        (
            Arm("ols", "its line misses the curve"),
            Arm("regression_imputation", "its line misses the curve"),
            *_unbounded("match", "ipw", "ebal", "aipw"),
        ),
        curved_outcome,
        person_methods(1.0, EstimationSettings(match=MATCH)),
    ),
    Scenario(
        "stepped_score",
        "the outcome is linear, the score is not a logit",
        "persons",
        "1,000 persons",
        (
            Arm("match", "its score does not balance"),
            Arm("ipw", "its score does not balance"),
            *_arms("regression_imputation", "ebal", "aipw"),
        ),
        stepped_score,
        person_methods(STEPPED_TRUTH, EstimationSettings(match=MATCH)),
    ),
)
