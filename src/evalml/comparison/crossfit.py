"""Propensity scores of rows by fits that did not see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from evalml.comparison.columns import standardise
from evalml.comparison.logit import NotConvergedError, fit_logit, refit_logit
from evalml.comparison.products import gram
from evalml.comparison.propensity import (
    Estimand,
    Propensity,
    fit_named,
    refuse_alone,
    refuse_one_arm,
)
from evalml.comparison.support import find_support
from evalml.comparison.threads import map_folds
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.comparison.comparison import Design


def cross_fit_propensity(
    design: Design, treated: BoolVector, fold: IntVector, full: Propensity, estimand: Estimand
) -> tuple[Vector, tuple[str, ...]]:
    """Score each row by the logistic regression fitted outside its fold, shape (n,).

    Few rows hold some level, so that a fold without them may separate the arms though the whole
    does not: the rows of that fold keep the score of the whole, and a note says so.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        fold: Fold of each row, shape (n,); one fold only returns the full fit.
        full: The fit on all rows: each fold starts from it.
        estimand: Tells which rows need a counterpart.

    Returns:
        The scores, and a note where a fold kept those of the whole.

    Raises:
        EstimationError: A level has no counterpart without one of the folds.
    """
    K = int(fold.max()) + 1
    if K == 1:
        return full.score, ()
    whole: list[int] = []

    def fit_fold(k: int) -> Vector:
        outside: BoolVector = fold != k
        try:
            scored = _outside(design, treated, outside, full, estimand)
        except EstimationError as error:
            if isinstance(error.__cause__, NotConvergedError):
                whole.append(k)
                return full.score[~outside]
            message = f"without fold {k + 1} of {K}: {error}; or use fewer folds (0 for none)"
            raise EstimationError(message) from error
        return scored[~outside]

    score = np.empty(treated.size)
    for k, fitted in enumerate(map_folds(fit_fold, K)):
        score[fold == k] = fitted
    note = f"{len(whole)} of {K} folds separate the arms: their rows keep the score of the whole"
    return score, (note,) if whole else ()


def _outside(
    design: Design, treated: BoolVector, outside: BoolVector, full: Propensity, estimand: Estimand
) -> Vector:
    """Fit on the rows outside; fast from the full fit, with care where that separates."""
    if full.Z is not None and full.coefficients is not None and full.information is not None:
        score = _without(full, treated, outside)
        if score is not None:
            return score if full.inside is None else np.where(full.inside, score, full.score)
    return _with_care(design, treated, outside, estimand)


def _without(full: Propensity, treated: BoolVector, outside: BoolVector) -> Vector | None:
    """Score all rows by the fit outside the fold, from the full one; None where that separates."""
    Z, coefficients, information = full.Z, full.coefficients, full.information
    assert Z is not None  # noqa: S101 - its caller looked
    assert coefficients is not None  # noqa: S101
    assert information is not None  # noqa: S101
    fitted = np.ones_like(outside) if full.inside is None else full.inside
    d, rows = treated.astype(float), (outside & fitted).astype(float)
    held = Z[~outside & fitted]
    score = expit(held @ coefficients)
    kept = information - gram(held, score * (1.0 - score))
    beta = refit_logit(Z, d, coefficients, kept, rows)
    if beta is not None:
        return np.asarray(expit(Z @ beta))
    try:
        return fit_logit(Z, d, coefficients, rows).score
    except NotConvergedError:
        return None


def _with_care(
    design: Design, treated: BoolVector, outside: BoolVector, estimand: Estimand
) -> Vector:
    """Fit where both arms hold every level; the rest score 0 or 1."""
    support = find_support(design, treated, outside)
    refuse_alone(support, estimand)
    inside = outside & ~(support.alone_treated | support.alone_comparison)
    refuse_one_arm(treated[inside])
    columns = standardise(design.columns[inside])
    fit = fit_named(columns, design.names, treated[inside])
    eta = columns.apply(design.columns) @ fit.coefficients
    score: Vector = 1.0 / (1.0 + np.exp(-eta))
    score[support.alone_treated] = 1.0
    score[support.alone_comparison] = 0.0
    return score
