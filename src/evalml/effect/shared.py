"""What several outcomes and methods share: fitted once for the rows they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import standardise
from evalml.comparison.crossfit import cross_fit_propensity
from evalml.comparison.propensity import Propensity, fit_propensity
from evalml.comparison.weights import Weights, score_weights
from evalml.effect.folds import assign_folds
from evalml.effect.regression import FoldGrams, prepare_folds
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.arrays import IntVector, Matrix
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
    """

    Z: Matrix
    score: Propensity | None = None
    weights: Weights | None = None
    fold_score: Propensity | None = None
    fold_weights: Weights | None = None
    grams0: FoldGrams | None = None
    grams1: FoldGrams | None = None


def fit_shared(sample: Sample, methods: Collection[str], settings: Settings) -> Shared:
    """Fit what the methods need, each thing once.

    Raises:
        EstimationError: Separation, no overlap, folds that cannot be drawn.
    """
    if not {"ipw", "aipw"} & set(methods):
        regressions = {"ols", "regression_imputation"} & set(methods)
        return Shared(standardise(sample.design.matrix).Z if regressions else np.empty((0, 0)))
    score = fit_propensity(sample.design, sample.treated, settings.estimand)
    Z = standardise(sample.design.matrix).Z if score.Z is None or not _whole(score) else score.Z
    weights = None
    if "ipw" in methods:
        weights = score_weights(score.score, sample.treated, settings.estimand, settings.clip)
    if "aipw" not in methods:
        return Shared(Z, score, weights)
    fold = assign_folds(_fold_keys(sample, settings), settings.folds, settings.seed, sample.treated)
    fold_score, fold_weights = _cross_fit(sample, fold, score, settings)
    treated_too = settings.estimand == "ate"
    return Shared(
        Z=Z,
        score=score,
        weights=weights,
        fold_score=fold_score,
        fold_weights=fold_weights,
        grams0=prepare_folds(Z, ~sample.treated, fold),
        grams1=prepare_folds(Z, sample.treated, fold) if treated_too else None,
    )


def _whole(score: Propensity) -> bool:
    """Tell whether the score was fitted on every row."""
    return score.Z is not None and bool((score.Z[:, 0] == 1.0).all())


def _cross_fit(
    sample: Sample, fold: IntVector, full: Propensity, settings: Settings
) -> tuple[Propensity, Weights]:
    fitted = cross_fit_propensity(sample.design, sample.treated, fold, full, settings.estimand)
    weights = score_weights(fitted, sample.treated, settings.estimand, settings.clip)
    return Propensity(fitted, None, None, None, full.notes), weights


def _fold_keys(sample: Sample, settings: Settings) -> IntVector:
    if settings.fold_by == "person":
        return sample.person.astype(np.int64)
    if sample.cluster is None:
        message = "folds by cluster need a cluster column; name it, or use folds by person"
        raise EstimationError(message)
    return sample.cluster
