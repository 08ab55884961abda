"""Columns of a design: standardised, and those that say something new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.packed import Packed, pack
from evalml.comparison.products import gram
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.comparison.packed import Columns

ALIASED = 1e-9
"""A column whose unexplained share of variance is below this adds nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Standardised:
    """Columns with mean 0 and standard deviation 1, a constant in front, aliased ones left out.

    Attributes:
        Z: Shape (n, 1 + q).
        kept: Indices, in the given matrix, of the q columns kept, shape (q,).
        mean: Mean of each kept column, shape (q,).
        sd: Standard deviation of each kept column, shape (q,).
    """

    Z: Packed
    kept: IntVector
    mean: Vector
    sd: Vector

    def apply(self, X: Columns) -> Packed:
        """Return other rows of the same columns on the same scale, shape (m, 1 + q)."""
        chosen = as_packed(X).take(self.kept).less(self.mean).over(self.sd)
        return chosen.beside(np.ones((chosen.shape[0], 1)))


def as_packed(X: Columns) -> Packed:
    """Return columns as packed ones."""
    return X if isinstance(X, Packed) else pack(X)


def standardise(X: Columns) -> Standardised:
    """Standardise the columns and leave out the constant and linearly dependent ones.

    The earlier of two dependent columns stays, whatever the order of the rows.
    """
    packed = as_packed(X)
    mean = packed.mean()
    covariance = gram(packed.less(mean)) / max(packed.shape[0], 1)
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    varies = np.flatnonzero(sd > np.maximum(np.abs(mean), 1.0) * ALIASED)
    scale = sd[varies]
    correlation = covariance[np.ix_(varies, varies)] / np.outer(scale, scale)
    kept = varies[_independent(correlation)].astype(np.int64)
    scales = Standardised(packed[:0], kept, mean[kept], sd[kept])
    return Standardised(scales.apply(packed), kept, scales.mean, scales.sd)


def _independent(correlation: Matrix) -> IntVector:
    """Return the columns that are no linear combination of earlier ones (pivotless Cholesky)."""
    p = correlation.shape[0]
    factor = np.zeros((p, p))
    residual = np.diag(correlation).astype(float)
    kept: list[int] = []
    for j in range(p):
        if residual[j] > ALIASED:
            known = factor[:, : len(kept)]
            column = (correlation[:, j] - known @ known[j]) / np.sqrt(residual[j])
            factor[:, len(kept)] = column
            residual -= column**2
            kept.append(j)
    return np.array(kept, dtype=np.int64)


@dataclass(frozen=True, slots=True, repr=False)
class Solver:
    """X'X, ready to be solved for one right-hand side after another.

    Attributes:
        cross: X'X of the columns kept, shape (q, q).
        kept: Indices of the columns that are no combination of earlier ones, shape (q,).
    """

    cross: Matrix
    kept: IntVector

    def solve(self, right: Matrix) -> Matrix:
        """Solve X'X b = X'y, 0 for the columns left out; `right` has shape (p,) or (p, k)."""
        solution = np.zeros_like(right)
        solution[self.kept] = np.linalg.solve(self.cross, right[self.kept])
        return solution


def prepare_solver(cross: Matrix) -> Solver:
    """Choose the columns of X'X, shape (p, p), that say something new."""
    scale = np.sqrt(np.maximum(np.diag(cross), 0.0))
    present = np.flatnonzero(scale > 0)
    unit = cross[np.ix_(present, present)] / np.outer(scale[present], scale[present])
    kept = present[_independent(unit)]
    return Solver(cross[np.ix_(kept, kept)], kept)


def whole_solver(cross: Matrix, message: str) -> Solver:
    """Prepare X'X, shape (p, p), of columns none of which follows from the others.

    Raises:
        EstimationError: With this message, when one does.
    """
    solver = prepare_solver(cross)
    if solver.kept.size < cross.shape[0]:
        raise EstimationError(message)
    return solver


def solve_kept(cross: Matrix, right: Matrix) -> Matrix:
    """Solve X'X b = X'y, giving 0 to columns that are combinations of earlier ones.

    Args:
        cross: X'X, shape (p, p).
        right: X'y, shape (p,) or (p, k).
    """
    return prepare_solver(cross).solve(right)
