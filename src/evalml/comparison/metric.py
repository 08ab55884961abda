"""What "near" means: a score in standard deviations, or covariates made uncorrelated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy.special import expit

from evalml.comparison.columns import standardise
from evalml.comparison.products import gram
from evalml.comparison.propensity import fit_propensity
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.comparison.comparison import Design
    from evalml.comparison.propensity import Propensity

Metric: TypeAlias = Literal["propensity", "logit", "mahalanobis", "inverse_variance"]
"""Distance: of scores, of their logits, or of covariates."""
LINES = ("propensity", "logit")


def place_rows(
    design: Design, treated: BoolVector, metric: Metric, score: Propensity | None = None
) -> tuple[Matrix, Propensity | None]:
    """Return coordinates whose Euclidean distance is the metric, and the score if one was fitted.

    A score is in units of its standard deviation over all rows, so that a caliper is in those
    units (as in MatchIt and Matching). Mahalanobis divides by the covariance over all rows (as in
    Matching), inverse_variance by each column's own variance.

    Rows with equal covariates get exactly equal coordinates: they are combined column by column,
    as a matrix product may round two equal rows differently.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        metric: Which distance.
        score: The score of these rows, where it was fitted already for the effect on the treated.

    Returns:
        Coordinates, shape (n, q), q = 1 for a score; infinite where a score is 0 or 1.
    """
    if metric in LINES:
        score = score or fit_propensity(design, treated, "att")
        return _score_line(score, metric)[:, None], score
    Z = np.asarray(standardise(design.columns).Z)[:, 1:]
    if Z.shape[1] == 0:
        message = "no covariate varies: there is nothing to match on"
        raise EstimationError(message)
    if metric == "inverse_variance":
        return Z * np.sqrt((Z.shape[0] - 1) / Z.shape[0]), None
    return _whiten(Z), None


def combine(Z: Matrix, coefficients: Vector) -> Vector:
    """Return Z b, every row by the same sequence of operations, shape (n,)."""
    total = np.zeros(Z.shape[0])
    for j in range(Z.shape[1]):
        total += Z[:, j] * coefficients[j]
    return total


def _score_line(score: Propensity, metric: Metric) -> Vector:
    if score.Z is None or score.coefficients is None:
        e = score.score
        line = e if metric == "propensity" else np.log(e) - np.log1p(-e)
    else:
        eta = score.Z.combine(score.coefficients)
        line = expit(eta) if metric == "propensity" else eta
        line = line if score.inside is None else np.where(score.inside, line, np.inf)
    finite = np.isfinite(line)
    spread = float(line[finite].std(ddof=1))
    if not spread > 0:
        message = "the propensity score is the same for everyone: there is nothing to match on"
        raise EstimationError(message)
    return line / spread


def _whiten(Z: Matrix) -> Matrix:
    """Divide standardised columns by the Cholesky factor of their covariance."""
    covariance = gram(Z) / (Z.shape[0] - 1)
    inverse = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return np.column_stack([combine(Z, inverse[:, j]) for j in range(Z.shape[1])])
