"""Does another software find the effect again?

The primary estimate computed anew by statsmodels, from the covariates and the outcome alone: the
score by its generalised linear model, the regressions by its least squares, the weighted contrast
by its weighted least squares. Weights that no regression gives (balancing, matching) are taken as
they are. Where an arm is large, both are computed on a sample of it.
"""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.checks.check import Check, CheckKind, PrimaryEffect, declare
from evalml.checks.placebo import take_rows as rows_of
from evalml.comparison.comparison import mix
from evalml.effect.methods import fit_shared, run_of
from evalml.effect.sample import EstimationSettings, assign_folds, take_rows
from evalml.errors import EstimationError
from evalml.methods.regression import standardise
from evalml.study.methods import MethodSettings
from evalml.values import Count, Name, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.comparison.comparison import Comparison
    from evalml.effect.sample import Sample
    from evalml.values import Value

MOST = 5_000
"""Rows of an arm above which both estimates are made on a sample of it."""
TOLERANCE = 0.01
"""Largest difference between the two estimates, in standard errors."""
USUAL = MethodSettings()
FOLDS = 5
"""Folds of the doubly robust method, as everywhere in a study."""


def second_opinion(subject: PrimaryEffect) -> Iterator[Check]:
    """Compare the primary estimate with that of statsmodels, where it has the method."""
    study, effect = subject.study, subject.effect
    if study.missing == "ipcw" or study.primary.method not in OPINIONS:
        return
    if study.method_settings.get(study.primary.method, USUAL).given:
        yield Check(NAME, "own_settings", None, None, None, {}, effect.key, gating=False)
        return
    part = sampled(subject.comparison, study.seed)
    same = part is subject.comparison
    ours = effect if same else subject.estimate(part, effect.key)
    theirs = opinion(part, effect.key, study.primary.method, study.estimand, study.seed)
    gap = abs(theirs - ours.estimate) / ours.std_error
    values: dict[str, Value] = {
        "gap": Number(100 * gap, 2),
        "limit": Number(100 * TOLERANCE),
        "version": Name("text", version("statsmodels")),
    }
    if not same:
        values["rows"] = Count(part.treated.size)
    finding = "same" if gap <= TOLERANCE else "other"
    passed = bool(gap <= TOLERANCE)
    yield Check(NAME, finding, passed, gap, TOLERANCE, values, effect.key, gating=False)


def sampled(comparison: Comparison, seed: int) -> Comparison:
    """Return the persons of an arm whose hash comes first, at most `MOST` rows of each."""
    keys = mix(comparison.person.astype(np.uint64), seed)
    kept = np.zeros(keys.size, dtype=bool)
    for arm in (comparison.treated, ~comparison.treated):
        drawn = keys[arm]
        kept |= arm & (keys <= np.sort(drawn)[min(drawn.size, MOST) - 1])
    return comparison if kept.all() else rows_of(comparison, kept)


def opinion(comparison: Comparison, key: str, method: str, estimand: str, seed: int) -> float:
    """Return the estimate of a method by statsmodels.

    `estimand`: `att` or `ate`.
    """
    y = comparison.measure(key).values
    sample = take_rows(comparison, ~np.isnan(y))
    X = np.asarray(standardise(sample.design.columns).Z, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return OPINIONS[method](y[sample.rows], sample, X, estimand, (method, seed))


def _least_squares(y: Vector, X: Matrix, weights: Vector | None = None) -> Any:
    import statsmodels.api as sm

    return sm.OLS(y, X).fit() if weights is None else sm.WLS(y, X, weights=weights).fit()


def _score(treated: BoolVector, X: Matrix, fitted: BoolVector) -> Vector:
    """Return the probability of treatment of every row by the model of the rows fitted."""
    import statsmodels.api as sm

    model = sm.GLM(treated[fitted].astype(float), X[fitted], family=sm.families.Binomial())
    return np.asarray(model.fit(maxiter=100, tol=1e-12).predict(X))


def _contrast(y: Vector, treated: BoolVector, weights: Vector) -> float:
    X = np.column_stack([np.ones(y.size), treated])
    return float(_least_squares(y, X, weights).params[1])


def _weights(score: Vector, treated: BoolVector, estimand: str) -> Vector:
    if estimand == "ate":
        return np.asarray(1 / np.where(treated, score, 1 - score))
    return np.where(treated, 1.0, score / np.where(treated, 1.0, 1 - score))


def _diff(y: Vector, sample: Sample, X: Matrix, estimand: str, how: Any) -> float:  # noqa: ARG001
    return _contrast(y, sample.treated, np.ones(y.size))


def _ols(y: Vector, sample: Sample, X: Matrix, estimand: str, how: Any) -> float:  # noqa: ARG001
    return float(_least_squares(y, np.column_stack([sample.treated, X])).params[0])


def _imputed(y: Vector, sample: Sample, X: Matrix, estimand: str, how: Any) -> float:  # noqa: ARG001
    d = sample.treated
    without = _least_squares(y[~d], X[~d]).predict(X)
    if estimand == "ate":
        return float((_least_squares(y[d], X[d]).predict(X) - without).mean())
    return float((y - without)[d].mean())


def _ipw(y: Vector, sample: Sample, X: Matrix, estimand: str, how: Any) -> float:  # noqa: ARG001
    d = sample.treated
    return _contrast(y, d, _weights(_score(d, X, np.ones_like(d)), d, estimand))


def _given(y: Vector, sample: Sample, X: Matrix, estimand: str, how: Any) -> float:  # noqa: ARG001
    method, seed = how
    settings = EstimationSettings(estimand="ate" if estimand == "ate" else "att", seed=seed)
    weights = run_of(method).weights(fit_shared(sample, [method], settings))
    if weights is None:
        raise EstimationError(f"{method} gives no weights")
    return _contrast(y, sample.treated, weights)


def _aipw(y: Vector, sample: Sample, X: Matrix, estimand: str, how: Any) -> float:
    d = sample.treated
    fold = assign_folds(sample.person.astype(np.int64), FOLDS, how[1], d)
    score, without, given = np.empty(y.size), np.empty(y.size), np.empty(y.size)
    for k in range(FOLDS):
        inside, outside = fold == k, fold != k
        score[inside] = _score(d, X, outside)[inside]
        without[inside] = _least_squares(y[outside & ~d], X[outside & ~d]).predict(X[inside])
        if estimand == "ate":
            given[inside] = _least_squares(y[outside & d], X[outside & d]).predict(X[inside])
    weights = _weights(score, d, estimand)
    rest0 = np.average((y - without)[~d], weights=weights[~d])
    if estimand == "ate":
        rest1 = np.average((y - given)[d], weights=weights[d])
        return float(given.mean() + rest1 - without.mean() - rest0)
    return float((y - without)[d].mean() - rest0)


OPINIONS: dict[str, Callable[[Vector, Sample, Matrix, str, tuple[str, int]], float]] = {
    "diff": _diff,
    "ols": _ols,
    "regression_imputation": _imputed,
    "ipw": _ipw,
    "aipw": _aipw,
    "ebal": _given,
    "match": _given,
}
"""What computes each method again."""

NAME = "second_opinion"
declare(
    CheckKind(
        name=NAME,
        fr="Un autre logiciel retrouve-t-il l’effet ?",
        en="Does another software find the effect again?",
        findings={
            "own_settings": (
                "Le calcul n’est pas refait : statsmodels n’a pas les réglages de cette étude.",
                "It is not computed again: statsmodels has not the settings of this study.",
            ),
            "same": (
                [
                    "statsmodels {version:bare} retrouve l’effet",
                    " sur un échantillon de {rows:ligne|lignes}",
                    " : l’écart est de {gap} % de l’erreur type (seuil : {limit} %).",
                ],
                [
                    "statsmodels {version:bare} finds the effect again",
                    " on a sample of {rows:row|rows}",
                    ": the gap is {gap}% of the standard error (limit: {limit}%).",
                ],
            ),
            "other": (
                [
                    "statsmodels {version:bare} ne retrouve pas l’effet",
                    " sur un échantillon de {rows:ligne|lignes}",
                    " : l’écart est de {gap} % de l’erreur type (seuil : {limit} %).",
                ],
                [
                    "statsmodels {version:bare} does not find the effect again",
                    " on a sample of {rows:row|rows}",
                    ": the gap is {gap}% of the standard error (limit: {limit}%).",
                ],
            ),
        },
        judge=second_opinion,
    )
)
