"""The two nuisance models of two-period designs: a logit and a linear regression, weighted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import Matrix, Vector

_STEPS = 50
_TOLERANCE = 1e-10
_NO_OVERLAP = 0.999
_RANK = 1e-10


@dataclass(frozen=True, slots=True, repr=False)
class Score:
    """A fitted propensity score.

    Attributes:
        odds: p / (1 - p), shape (n,).
        influence: Influence of each row on the coefficients, summing to their error, shape (n, p).
    """

    odds: Vector
    influence: Matrix


def fit_logit(X: Matrix, treated: Vector, weights: Vector) -> Score:
    """Fit P(treated | X) by maximum likelihood, without penalty (Newton steps).

    Args:
        X: Covariates with the constant, shape (n, p).
        treated: 0 or 1, shape (n,).
        weights: Shape (n,).

    Raises:
        EstimationError: Covariates predict the arm perfectly, leave a row of the comparison group
            with a score of 0.999 or more, or are collinear.
    """
    beta = np.zeros(X.shape[1])
    beta[0] = _log_odds(float(weights @ treated / weights.sum()))
    for _ in range(_STEPS):
        p = _expit(X @ beta)
        hessian = (X * (weights * p * (1 - p))[:, None]).T @ X
        step = _solve(hessian, X.T @ (weights * (treated - p)))
        beta = beta + step
        if np.abs(step).max() < _TOLERANCE * (1 + np.abs(beta).max()):
            break
    else:
        raise EstimationError(
            "the covariates separate the arms (the propensity score does not converge); "
            "remove the covariate that decides who is treated"
        )
    p = _expit(X @ beta)
    if p[treated == 0].max(initial=0.0) >= _NO_OVERLAP:
        raise EstimationError(
            "no overlap: a comparison row has a propensity score of 0.999 or more"
        )
    hessian = (X * (weights * p * (1 - p))[:, None]).T @ X
    influence = _solve(hessian, (X * (weights * (treated - p))[:, None]).T).T
    return Score(odds=p / (1 - p), influence=influence)


def fit_linear(X: Matrix, y: Vector, weights: Vector) -> tuple[Vector, Matrix]:
    """Fit y on X by weighted least squares; rows of weight zero count for nothing.

    Args:
        X: Covariates with the constant, shape (n, p).
        y: Outcome, shape (n,).
        weights: Shape (n,).

    Returns:
        Coefficients, shape (p,), and the influence of each row on them, shape (n, p).

    Raises:
        EstimationError: Covariates are collinear among the rows that count.
    """
    weighted = X * weights[:, None]
    gram = weighted.T @ X
    beta = _solve(gram, weighted.T @ y)
    influence = _solve(gram, (weighted * (y - X @ beta)[:, None]).T).T
    return beta, influence


def _solve(a: Matrix, b: Matrix) -> Matrix:
    """Solve a x = b for a symmetric positive definite `a`, or say that it is singular."""
    scale = np.sqrt(np.diag(a))
    if (scale > 0).all():
        scaled = a / np.outer(scale, scale)
        if np.linalg.eigvalsh(scaled)[0] > _RANK:
            right = (b.T / scale).T
            return np.asarray((np.linalg.solve(scaled, right).T / scale).T, dtype=np.float64)
    raise EstimationError(
        "the covariates are collinear or do not vary in a comparison group; leave one out"
    )


def _expit(x: Vector) -> Vector:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))), dtype=np.float64)


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))
