"""The person-level methods by name: from arrays and shared fits to an estimate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evalml.comparison.balance import balance_table
from evalml.comparison.comparison import Design
from evalml.comparison.overlap import measure_overlap, overlap_warnings
from evalml.comparison.packed import pack
from evalml.effect.aipw import aipw_ate, aipw_att
from evalml.effect.diff import difference
from evalml.effect.ebal import balanced_difference
from evalml.effect.ipw import weighted_difference
from evalml.effect.match import matched_difference
from evalml.effect.ols import regress
from evalml.effect.regression import predict_logit, predict_ols
from evalml.effect.regression_imputation import impute_ate, impute_att
from evalml.effect.stratified import stratified_difference
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import Vector
    from evalml.comparison.propensity import Estimand, Propensity
    from evalml.comparison.weights import Weights
    from evalml.effect.estimates import Estimate
    from evalml.effect.sample import Sample
    from evalml.effect.settings import Settings
    from evalml.effect.shared import Shared


def compute(method: str, y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    """Run one method on one outcome.

    Args:
        method: Name of the method.
        y: Outcome of the sample's rows, all observed, shape (n,).
        sample: The rows.
        shared: What the methods share.
        settings: The options.

    Raises:
        EstimationError: The outcome is constant, or the method does not answer the estimand.
    """
    if (y == y[0]).all():
        message = f"the outcome is constant over the {y.size} rows: no effect can be estimated"
        raise EstimationError(message)
    return _COMPUTE[method](y, sample, shared, settings)


def _diff(y: Vector, sample: Sample, _: Shared, __: Settings) -> Estimate:
    return difference(y, sample.treated)


def _ols(y: Vector, sample: Sample, shared: Shared, _: Settings) -> Estimate:
    estimate = regress(y, sample.treated, _given(shared.freed))
    return replace(estimate, details={"assumes": "the effect is the same for everyone"})


def _regression_imputation(
    y: Vector, sample: Sample, shared: Shared, settings: Settings
) -> Estimate:
    if settings.estimand == "ato":
        raise EstimationError(_no_overlap_estimand("regression_imputation"))
    without = _given(shared.imputers)[0]
    if settings.estimand == "att":
        return impute_att(y, sample.treated, without)
    return impute_ate(y, sample.treated, _given(shared.imputers)[1], without)


def _ipw(y: Vector, sample: Sample, shared: Shared, _: Settings) -> Estimate:
    score, weights = _given(shared.score), _given(shared.weights)
    estimate = weighted_difference(y, sample.treated, weights, score)
    return replace(estimate, details=_weight_details(sample, score, weights))


def _aipw(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    if settings.estimand == "ato":
        raise EstimationError(_no_overlap_estimand("aipw"))
    predict = predict_ols if settings.outcome_model == "ols" else predict_logit
    score, weights = _given(shared.fold_score), _given(shared.fold_weights)
    predicted0 = predict(y, _given(shared.grams0))
    if settings.estimand == "att":
        estimate = aipw_att(
            y, sample.treated, weights.values, predicted0, normalise=settings.normalise
        )
    else:
        predicted1 = predict(y, _given(shared.grams1))
        estimate = aipw_ate(
            y,
            sample.treated,
            weights.values,
            predicted1,
            predicted0,
            normalise=settings.normalise,
        )
    details = _weight_details(sample, score, weights)
    return replace(estimate, details={"folds": settings.folds, **details})


def _weight_details(sample: Sample, score: Propensity, weights: Weights) -> dict[str, Any]:
    overlap = measure_overlap(weights.values, sample.treated, score.score)
    warnings = [*overlap_warnings(overlap, *sample.sizes()), *score.notes]
    if weights.clipped:
        bounds = f"[{weights.low:g}, {weights.high:g}]"
        warnings.append(f"{weights.clipped} propensity scores were clipped to {bounds}")
    return {**overlap.details(), "clipped": weights.clipped, "warnings": warnings}


def _ebal(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    entropy = _given(shared.entropy)
    estimate = balanced_difference(y, _given(shared.balanced))
    overlap = measure_overlap(entropy.weights, sample.treated)
    details = {
        **{k: v for k, v in overlap.details().items() if v is not None},
        "moments": settings.moments,
        "iterations": entropy.iterations,
        "moment_gap": entropy.gap,
        "warnings": [*overlap_warnings(overlap, *sample.sizes()), *entropy.notes],
    }
    return replace(estimate, details=details)


def _match(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    pairing = _given(shared.pairing)
    by_cluster = pairing.arms is not None
    return matched_difference(y, sample, pairing, settings.match, by_cluster=by_cluster)


def _cem(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    return stratified_difference(y, sample.treated, _given(shared.cem), settings.estimand)


def _subclass(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    estimate = stratified_difference(y, sample.treated, _given(shared.subclass), settings.estimand)
    warnings = [*estimate.details["warnings"], *_given(shared.score).notes]
    return replace(estimate, details={**estimate.details, "warnings": warnings})


def balance_rows(
    method: str, sample: Sample, shared: Shared, estimand: Estimand
) -> list[dict[str, Any]]:
    """Return the balance table of a method, one object per covariate."""
    weights = _final_weights(method, shared)
    table = balance_table(sample.design, sample.treated, weights, estimand)
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def score_rows(
    method: str, sample: Sample, shared: Shared, estimand: Estimand
) -> dict[str, Any] | None:
    """Return the coefficients of the score behind a method, and how far apart the arms' scores are.

    None where the method rests on no score; a boosted one has no coefficients.
    """
    score = shared.score if method in {"ipw", "aipw", "subclass"} else None
    if method == "match" and shared.pairing is not None:
        score = shared.pairing.matches.score
    if score is None:
        return None
    weights = _final_weights(method, shared)
    alone = Design(pack(score.score[:, None]), ("score",))
    (row,) = balance_table(alone, sample.treated, weights, estimand).to_dict("records")
    return {"coefficients": score.terms(), "balance": {str(k): v for k, v in row.items()}}


def _final_weights(method: str, shared: Shared) -> Vector | None:
    """Return the weights a method compares the arms with; None when it has none."""
    if method == "ipw":
        return None if shared.weights is None else shared.weights.values
    if method == "aipw":
        return None if shared.fold_weights is None else shared.fold_weights.values
    if method == "ebal":
        return None if shared.entropy is None else shared.entropy.weights
    if method == "match" and shared.pairing is not None:
        return shared.pairing.weights
    if method in {"cem", "subclass"}:
        strata = shared.cem if method == "cem" else shared.subclass
        return None if strata is None else strata.weights
    return None


def _no_overlap_estimand(method: str) -> str:
    return f"{method} does not estimate the effect on the overlap (ato); use ipw, or att or ate"


def _given(value: Any) -> Any:
    assert value is not None  # noqa: S101  fit_shared fits what the method needs
    return value


_COMPUTE: dict[str, Callable[[Vector, Sample, Shared, Settings], Estimate]] = {
    "diff": _diff,
    "ols": _ols,
    "regression_imputation": _regression_imputation,
    "ipw": _ipw,
    "aipw": _aipw,
    "ebal": _ebal,
    "match": _match,
    "cem": _cem,
    "subclass": _subclass,
}
