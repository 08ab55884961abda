"""Least squares on the same columns for many outcomes: what needs no outcome is done once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import Solver, prepare_solver
from evalml.comparison.products import gram

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.comparison.packed import Columns


@dataclass(frozen=True, slots=True, repr=False)
class LeastSquares:
    """A weighted regression on fixed columns.

    Attributes:
        Z: Columns, shape (n, q).
        weights: Shape (n,), or None for ones.
        solver: Of Z'WZ.
    """

    Z: Columns
    weights: Vector | None
    solver: Solver

    def coefficients(self, y: Vector) -> Vector:
        """Return the coefficients of the regression of y, shape (q,)."""
        weighted = y if self.weights is None else self.weights * y
        return self.solver.solve(weighted @ self.Z)

    def influence(self, y: Vector, coefficients: Vector) -> Matrix:
        """Return the influence of each row on the coefficients of y, summing to their error.

        Args:
            y: Outcome, shape (n,).
            coefficients: Its coefficients, shape (q,).

        Returns:
            Shape (n, q).
        """
        residual = y - np.asarray(self.Z @ coefficients)
        weighted = residual if self.weights is None else self.weights * residual
        scores = np.asarray(self.Z[:]) * weighted[:, None]
        return self.solver.solve(scores.T).T

    def predict(self, y: Vector) -> Vector:
        """Return the fitted value of every row, those of weight 0 too, shape (n,)."""
        return np.asarray(self.Z @ self.coefficients(y))


def least_squares(
    Z: Columns, weights: Vector | None = None, solver: Solver | None = None
) -> LeastSquares:
    """Prepare the regression on Z, shape (n, q), with weights of shape (n,).

    Args:
        Z: Columns.
        weights: None for ones.
        solver: Of Z'WZ, where it is known already.
    """
    return LeastSquares(Z, weights, solver or prepare_solver(gram(Z, weights)))


def least_squares_in(Z: Columns, arm: BoolVector) -> LeastSquares:
    """Prepare the regression on Z, shape (n, q), among the rows of an arm."""
    return least_squares(Z, arm.astype(float))
