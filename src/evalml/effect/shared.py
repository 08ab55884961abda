"""What several outcomes and methods share: fitted once for the rows they have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.boosting import boost_propensity
from evalml.comparison.columns import standardise
from evalml.comparison.crossfit import cross_fit_propensity
from evalml.comparison.entropy import EntropyBalance, balance_entropy
from evalml.comparison.overlap import measure_overlap, overlap_warnings
from evalml.comparison.propensity import Propensity, fit_propensity
from evalml.comparison.weights import Weights, score_weights
from evalml.effect.ebal import Balanced, balance_arms
from evalml.effect.folds import assign_folds
from evalml.effect.least_squares import least_squares_in
from evalml.effect.match import Pairing, fit_matches
from evalml.effect.ols import Freed, free_treatment
from evalml.effect.regression import FoldGrams, prepare_folds
from evalml.effect.regression_imputation import Imputer, imputer
from evalml.effect.stratified import Strata, coarsen, subclasses, weigh_strata
from evalml.errors import EstimationError
from evalml.study.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.arrays import IntVector
    from evalml.comparison.packed import Columns
    from evalml.effect.sample import Sample
    from evalml.effect.settings import Settings


@dataclass(frozen=True, slots=True, repr=False)
class Shared:
    """Fits shared by the methods asked for; None where no method needs them.

    Attributes:
        Z: Standardised covariates and constant, shape (n, q).
        score: Propensity fitted on all rows.
        weights: From that score, for `ipw`.
        fold_score: Cross-fitted propensity, as fitted for `aipw`.
        fold_weights: From it.
        grams0: Least squares on the comparison arm, by fold.
        grams1: Least squares on the treated arm, by fold (effect on all only).
        freed: The treatment freed of the covariates, for `ols`.
        imputers: Regressions of the comparison and of the treated arm, for
            `regression_imputation`; the second for the effect on all only.
        entropy: Entropy balancing, for `ebal`.
        balanced: The arms it makes alike.
        pairing: For `match`.
        overlap: Sentences on the overlap of the arms, whatever the method.
        cem: Strata of binned covariates, for `cem`.
        subclass: Strata of the score, for `subclass`.
    """

    Z: Columns
    score: Propensity | None = None
    weights: Weights | None = None
    fold_score: Propensity | None = None
    fold_weights: Weights | None = None
    grams0: FoldGrams | None = None
    grams1: FoldGrams | None = None
    freed: Freed | None = None
    imputers: tuple[Imputer, ...] | None = None
    entropy: EntropyBalance | None = None
    balanced: Balanced | None = None
    pairing: Pairing | None = None
    overlap: tuple[str, ...] = ()
    cem: Strata | None = None
    subclass: Strata | None = None


def fit_shared(sample: Sample, methods: Collection[str], settings: Settings) -> Shared:
    """Fit what the methods need, each thing once.

    Raises:
        EstimationError: Separation, no overlap, folds that cannot be drawn.
    """
    wanted = {fit for method in methods for fit in METHODS[method].run.fits}
    treated, estimand = sample.treated, settings.estimand
    score = None
    if "score" in wanted:
        score = fit_score(sample, settings)
    by_cluster = "pairing" in wanted and wants_clusters(sample, settings)
    Z: Columns = np.empty((0, 0))
    if by_cluster or "columns" in wanted:
        Z = _columns(sample, score)
    shared = Shared(Z, score)
    shared = replace(shared, overlap=judge_overlap(sample, score))
    if score is not None and "weights" in wanted:
        weights = score_weights(score.score, treated, estimand, settings.clip)
        shared = replace(shared, weights=weights)
    if score is not None and "folds" in wanted:
        shared = _with_folds(shared, sample, score, settings)
    if "entropy" in wanted:
        _only(settings, "ebal", ("att",))
        entropy = balance_entropy(sample.design, treated, settings.moments)
        balanced = balance_arms(treated, entropy.weights, entropy.moments)
        shared = replace(shared, entropy=entropy, balanced=balanced)
    if "freed" in wanted:
        shared = replace(shared, freed=free_treatment(treated, Z))
    if "pairing" in wanted:
        _only(settings, "match", ("att", "ate"))
    if "cem" in wanted:
        codes = coarsen(sample.design, settings.strata)
        shared = replace(shared, cem=weigh_strata(codes, treated, estimand))
    if score is not None and "subclass" in wanted:
        codes = subclasses(score.score, treated, estimand, settings.strata.subclasses)
        shared = replace(shared, subclass=weigh_strata(codes, treated, estimand))
    return _with_arms(shared, sample, wanted, settings, by_cluster=by_cluster)


def wants_clusters(sample: Sample, settings: Settings) -> bool:
    """Return whether matching has to give influence values that are summed by cluster."""
    grouped = sample.cluster is not None or sample.repeated
    if settings.se is None:
        return grouped
    return settings.se in {"cluster", "influence"} and (grouped or settings.match.replace)


def _with_arms(
    shared: Shared, sample: Sample, wanted: set[str], settings: Settings, *, by_cluster: bool
) -> Shared:
    """Add what needs a regression in each arm: imputation, and matching summed by cluster."""
    treated, estimand, on_all = sample.treated, settings.estimand, settings.estimand != "att"
    imputing = "imputers" in wanted
    arm0 = least_squares_in(shared.Z, ~treated) if imputing or by_cluster else None
    arm1 = least_squares_in(shared.Z, treated) if (imputing and on_all) or by_cluster else None
    if imputing and arm0 is not None:
        target = np.ones_like(treated) if on_all else treated
        both = (arm0, arm1) if on_all and arm1 is not None else (arm0,)
        shared = replace(shared, imputers=tuple(imputer(arm, target) for arm in both))
    if "pairing" in wanted:
        score = shared.score if estimand == "att" and settings.score == "logit" else None
        arms = None if not by_cluster or arm0 is None or arm1 is None else (arm1, arm0)
        pairing = fit_matches(sample, settings.match, estimand, score, arms)
        shared = replace(shared, pairing=pairing)
    return shared


def fit_score(sample: Sample, settings: Settings) -> Propensity:
    """Fit the propensity score by the model asked for."""
    if settings.score == "logit":
        return fit_propensity(sample.design, sample.treated, settings.estimand)
    fold = _folds(sample, settings)
    return boost_propensity(sample.design, sample.treated, fold, settings.estimand, settings.seed)


def judge_overlap(sample: Sample, score: Propensity | None) -> tuple[str, ...]:
    """Say how far the arms overlap, also for methods that need no score.

    The weights judged are those for the effect on the treated, the arms every design here starts
    from.
    """
    if not sample.design.names:
        return ()
    try:
        fitted = score or fit_propensity(sample.design, sample.treated)
        weights = score_weights(fitted.score, sample.treated)
    except EstimationError as error:
        return (f"weak overlap: it cannot be judged, {error}",)
    found = measure_overlap(weights.values, sample.treated, fitted.score)
    return tuple(overlap_warnings(found, *sample.sizes()))


def _folds(sample: Sample, settings: Settings) -> IntVector:
    keys = _fold_keys(sample, settings)
    return assign_folds(keys, settings.folds, settings.seed, sample.treated)


def _with_folds(shared: Shared, sample: Sample, score: Propensity, settings: Settings) -> Shared:
    fold = _folds(sample, settings)
    fold_score, fold_weights = _cross_fit(sample, fold, score, settings)
    both = settings.estimand == "ate"
    return replace(
        shared,
        fold_score=fold_score,
        fold_weights=fold_weights,
        grams0=prepare_folds(shared.Z, ~sample.treated, fold),
        grams1=prepare_folds(shared.Z, sample.treated, fold) if both else None,
    )


def _columns(sample: Sample, score: Propensity | None) -> Columns:
    """Return standardised columns of every row, those of the score if it was fitted on all."""
    if score is not None and score.Z is not None and score.inside is None:
        return score.Z
    return standardise(sample.design.columns).Z


def _only(settings: Settings, method: str, estimands: tuple[str, ...]) -> None:
    if settings.estimand not in estimands:
        message = f"{method} estimates {' or '.join(estimands)}, not {settings.estimand}"
        raise EstimationError(message)


def _cross_fit(
    sample: Sample, fold: IntVector, full: Propensity, settings: Settings
) -> tuple[Propensity, Weights]:
    fitted, notes = full.score, full.notes  # a boosted score is cross-fitted already
    if settings.score == "logit":
        fitted, more = cross_fit_propensity(
            sample.design, sample.treated, fold, full, settings.estimand
        )
        notes = (*notes, *more)
    weights = score_weights(fitted, sample.treated, settings.estimand, settings.clip)
    return Propensity(fitted, None, None, None, notes), weights


def _fold_keys(sample: Sample, settings: Settings) -> IntVector:
    if settings.fold_by == "person":
        return sample.person.astype(np.int64)
    if sample.cluster is None:
        message = "folds by cluster need a cluster column; name it, or use folds by person"
        raise EstimationError(message)
    return sample.cluster
