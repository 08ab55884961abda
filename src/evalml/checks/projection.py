"""Regressions from one matrix of moments, so that many cost little more than one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.methods.design_matrix import gram
from evalml.methods.regression import as_packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import Matrix, Vector
    from evalml.methods.design_matrix import Columns

TOLERANCE = 1e-10
"""Share of a column's variance below which it is a combination of the others."""
OUTCOME, TREATMENT, FIRST = 0, 1, 2
"""Positions of y, of d and of the first covariate."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Correlations of the outcome y, the treatment d and the covariates X.

    Attributes:
        R: Correlations of (y, d, X), zero for a constant column, shape (2 + p, 2 + p).
        sd: Standard deviations (divisor n), shape (2 + p,).
        n: Rows.
    """

    R: Matrix
    sd: Vector
    n: int

    @property
    def covariates(self) -> list[int]:
        """Positions of the covariates."""
        return list(range(FIRST, self.R.shape[0]))

    def left(self, a: int, b: int, given: Sequence[int]) -> float:
        """Return the covariance, in correlation units, of a and b given some columns."""
        if not given:
            return float(self.R[a, b])
        chosen = list(given)
        inverse = np.linalg.pinv(self.R[np.ix_(chosen, chosen)], rcond=TOLERANCE, hermitian=True)
        return float(self.R[a, b] - self.R[a, chosen] @ inverse @ self.R[chosen, b])

    def rank(self, given: Sequence[int]) -> int:
        """Return how many independent columns there are among `given`."""
        chosen = list(given)
        return int(np.linalg.matrix_rank(self.R[np.ix_(chosen, chosen)], tol=TOLERANCE))


def moments(y: Vector, d: Vector, X: Columns) -> Moments:
    """Return the moments of y, d, shape (n,), and X, shape (n, p)."""
    Z = as_packed(X).beside(np.column_stack([y, d]))
    mean = Z.mean()
    covariance = gram(Z.less(mean)) / y.size
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    constant = sd <= TOLERANCE * np.maximum(np.abs(mean), np.finfo(float).tiny)
    sd[constant] = 0.0
    scale = np.where(constant, 1.0, sd)
    R = covariance / np.outer(scale, scale)
    R[constant] = R[:, constant] = 0.0
    return Moments(R, sd, y.size)
