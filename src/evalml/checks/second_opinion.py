"""Does another software find the effect again?

The primary estimate computed anew by statsmodels, from the covariates and the outcome alone: the
score by its generalised linear model, the regressions by its least squares, the weighted contrast
by its weighted least squares, two stages by its `IV2SLS`. Weights that no regression gives
(balancing, matching) are taken as they are. Where an arm is large, both are computed on a sample.
"""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.checks.check import Check, CheckKind, ComparedArms, PrimaryEffect, declare
from evalml.checks.placebo import take_rows as rows_of
from evalml.checks.placebo import with_measure
from evalml.comparison.comparison import mix
from evalml.effect.methods import fit_shared, run_of
from evalml.effect.sample import EstimationSettings, assign_folds, take_rows
from evalml.effect.study_effects import IV, estimate_encouragement, fixed_columns
from evalml.errors import EstimationError
from evalml.methods.regression import standardise
from evalml.rollout.cell_effects import ENTERED
from evalml.rollout.effects import ROLLOUT, WALD
from evalml.study.methods import MethodSettings
from evalml.values import Count, Name, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.comparison.comparison import Comparison
    from evalml.effect.sample import Sample
    from evalml.methods.effect import Effect
    from evalml.rollout import AreaCells
    from evalml.rollout.cell_effects import Opening
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
    yield _compared(ours, theirs, None if same else part.treated.size)


def opinion_by_instrument(arms: ComparedArms) -> Iterator[Check]:
    """Compare the primary effect by instrument with two-stage least squares of statsmodels."""
    study, instrument = arms.study, arms.comparison.instrument
    if study is None or instrument is None:
        return
    primary = study.primary
    key = next(
        (
            m.key
            for m in arms.comparison.measures
            if (m.outcome, m.horizon_months) == (primary.outcome, primary.horizon)
        ),
        None,
    )
    if key is None:
        return
    part = sampled(arms.comparison, study.seed)
    part = with_measure(part, part.measure(key))
    ours = next(e for e in estimate_encouragement(part) if e.method == IV)
    same = part.treated.size == arms.comparison.treated.size
    yield _compared(ours, two_stages(part, key), None if same else part.treated.size)


def two_stages(comparison: Comparison, key: str) -> float:
    """Return the effect by two-stage least squares of statsmodels, the same columns held fixed."""
    from statsmodels.sandbox.regression.gmm import IV2SLS

    assert comparison.instrument is not None  # noqa: S101 - its caller checked
    y = comparison.measure(key).values
    known = ~np.isnan(y)
    Z = np.asarray(standardise(fixed_columns(comparison)[known]).Z)
    taken = comparison.treated[known].astype(np.float64)
    fit = IV2SLS(
        y[known],
        np.column_stack([taken, Z]),
        np.column_stack([comparison.instrument[known], Z]),
    ).fit()
    return float(fit.params[0])


def opinion_on_openings(cells: AreaCells, opening: Opening, effect: Effect) -> Iterator[Check]:
    """Compare the effect of a roll-out with saturated regressions of statsmodels."""
    if effect.method not in (ROLLOUT, WALD):
        return
    theirs = _saturated(cells, opening, opening.outcome.name)
    if effect.method == WALD:
        theirs /= _saturated(cells, opening, ENTERED)
    yield _compared(effect, theirs, None)


def _saturated(cells: AreaCells, opening: Opening, name: str) -> float:
    """Return the mean effect of opening on an outcome, a regression for each group and half-year.

    Means of areas, weighted by their youths, on the arm, the half-year and both.
    """
    n, y = cells.matrices(name, opening.horizon, opening.level)
    plan = opening.effects.plan.take(opening.post)
    effects, youths = [], []
    for k, at in enumerate(zip(plan.time, plan.base, strict=True)):
        arm = plan.treated[k]
        areas = np.flatnonzero(arm | plan.control[k])
        count, total = (part[np.ix_(areas, at)].ravel() for part in (n, y))
        treated, after = np.repeat(arm[areas], 2), np.tile([True, False], areas.size)
        rows = count > 0
        X = np.column_stack([np.ones(rows.size), treated, after, treated & after])[rows]
        fit = _least_squares(total[rows] / count[rows], X, count[rows])
        effects.append(float(fit.params[3]))
        youths.append(float(n[arm, at[0]].sum()))
    return float(np.average(effects, weights=youths))


def _compared(ours: Effect, theirs: float, rows: int | None) -> Check:
    gap = abs(theirs - ours.estimate) / ours.std_error
    values: dict[str, Value] = {
        "gap": Number(100 * gap, 2),
        "limit": Number(100 * TOLERANCE),
        "version": Name("text", version("statsmodels")),
    }
    if rows is not None:
        values["rows"] = Count(rows)
    finding = "same" if gap <= TOLERANCE else "other"
    passed = bool(gap <= TOLERANCE)
    return Check(NAME, finding, passed, gap, TOLERANCE, values, ours.key, gating=False)


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
        design=opinion_by_instrument,
        estimators=("instrument",),
    )
)
