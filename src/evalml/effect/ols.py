"""Linear regression of the outcome on treatment and covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import gram, solve_kept
from evalml.effect.diff import hc_errors
from evalml.effect.estimates import Estimate
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector


def regress(y: Vector, treated: BoolVector, Z: Matrix) -> Estimate:
    """Return the coefficient of the treatment, the covariates Z held fixed.

    By Frisch, Waugh and Lovell: the treatment is first freed of the covariates.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        Z: Covariates with a constant, full rank, shape (n, q).

    Raises:
        EstimationError: The covariates determine the treatment.
    """
    n, q = Z.shape
    d = treated.astype(float)
    cross = gram(Z)
    both = solve_kept(cross, Z.T @ np.column_stack([d, y]))
    d_free, y_free = d - Z @ both[:, 0], y - Z @ both[:, 1]
    spread = float(d_free @ d_free)
    if spread < 1e-10 * n or n <= q + 1:
        message = "the covariates determine the treatment: its coefficient cannot be told apart"
        raise EstimationError(message)
    theta = float(d_free @ y_free) / spread
    psi = d_free * (y_free - theta * d_free) * (n / spread)
    leverage = _leverage(Z, cross) + d_free**2 / spread
    mean1 = float(y[treated].mean())
    return Estimate(theta, psi, mean1, mean1 - theta, hc_errors(psi, leverage, q + 1), "hc2", q + 1)


def _leverage(Z: Matrix, cross: Matrix) -> Vector:
    """Return the diagonal of Z (Z'Z)^-1 Z', shape (n,)."""
    half = np.linalg.solve(np.linalg.cholesky(cross), Z.T)
    return np.asarray((half**2).sum(axis=0))
