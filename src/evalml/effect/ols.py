"""Linear regression of the outcome on treatment and covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.products import blocks
from evalml.effect.diff import classical_error, hc_errors
from evalml.effect.estimates import Estimate
from evalml.effect.least_squares import least_squares
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.packed import Columns
    from evalml.effect.least_squares import LeastSquares


SPREAD = 1e-10
"""Share of the treatment's variation that the covariates must leave."""


@dataclass(frozen=True, slots=True, repr=False)
class Freed:
    """The treatment freed of the covariates: what the regression of every outcome shares.

    Attributes:
        fit: Regression on the covariates.
        d: Treatment less its prediction, shape (n,).
        spread: Its sum of squares.
        leverage: Diagonal of the hat matrix of treatment and covariates, shape (n,).
    """

    fit: LeastSquares
    d: Vector
    spread: float
    leverage: Vector


def free_treatment(treated: BoolVector, Z: Columns) -> Freed:
    """Take from the treatment what the covariates Z, shape (n, q), say of it."""
    fit = least_squares(Z)
    treatment = treated.astype(float)
    d = treatment - fit.predict(treatment)
    spread = float(d @ d)
    leverage = _leverage(fit)
    return Freed(fit, d, spread, leverage + d**2 / max(spread, np.finfo(float).tiny))


def regress(y: Vector, treated: BoolVector, freed: Freed) -> Estimate:
    """Return the coefficient of the treatment, the covariates held fixed.

    By Frisch, Waugh and Lovell: the treatment is first freed of the covariates.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        freed: The treatment freed of the covariates, which are of full rank.

    Raises:
        EstimationError: The covariates determine the treatment.
    """
    n, q = freed.fit.Z.shape
    if freed.spread < SPREAD * n or n <= q + 1:
        message = "the covariates determine the treatment: its coefficient cannot be told apart"
        raise EstimationError(message)
    y_free = y - freed.fit.predict(y)
    theta = float(freed.d @ y_free) / freed.spread
    psi = freed.d * (y_free - theta * freed.d) * (n / freed.spread)
    mean1 = float(y[treated].mean())
    classical = classical_error(y_free - theta * freed.d, 1.0 / freed.spread, q + 1)
    errors = {"classical": classical, **hc_errors(psi, freed.leverage, q + 1)}
    return Estimate(theta, psi, mean1, mean1 - theta, errors, "hc2", q + 1)


def _leverage(fit: LeastSquares) -> Vector:
    """Return the diagonal of Z (Z'Z)^-1 Z', shape (n,)."""
    kept = fit.solver.kept
    inverse = np.linalg.inv(np.linalg.cholesky(fit.solver.cross)).T
    found = np.empty(fit.Z.shape[0])
    for rows in blocks(found.size):
        half = np.asarray(fit.Z[rows])[:, kept] @ inverse
        found[rows] = np.einsum("ij,ij->i", half, half)
    return found
