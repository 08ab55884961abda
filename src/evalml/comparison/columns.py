"""Columns of a design: standardised, and those that say something new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Matrix, Vector

BLOCK = 4_096
"""Rows per block: 40 columns of float64 stay in the processor's cache."""
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

    Z: Matrix
    kept: IntVector
    mean: Vector
    sd: Vector

    def apply(self, X: Matrix) -> Matrix:
        """Return other rows of the same columns on the same scale, shape (m, 1 + q)."""
        Z = np.empty((X.shape[0], 1 + self.kept.size))
        Z[:, 0] = 1.0
        every = self.kept.size == X.shape[1]
        for start in range(0, X.shape[0], BLOCK):
            block = X[start : start + BLOCK]
            into = Z[start : start + BLOCK, 1:]
            np.subtract(block if every else block[:, self.kept], self.mean, out=into)
            into /= self.sd
        return Z


def blocks(n: int) -> list[slice]:
    """Return n rows as slices of a block each."""
    return [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]


def gram(X: Matrix, weights: Vector | None = None) -> Matrix:
    """Return X'WX, block by block, shape (p, p); no weight is negative.

    A matrix times its own transpose is half the work of a product of two: the square root of the
    weights goes on both sides.
    """
    total = np.zeros((X.shape[1], X.shape[1]))
    root = None if weights is None else np.sqrt(weights)
    scaled = np.empty((min(BLOCK, X.shape[0]), X.shape[1]))
    for rows in blocks(X.shape[0]):
        block = X[rows]
        if root is not None:
            block = np.multiply(block, root[rows, None], out=scaled[: block.shape[0]])
        total += block.T @ block
    return total


def centred_gram(X: Matrix, mean: Vector) -> Matrix:
    """Return (X - mean)'(X - mean), block by block, shape (p, p)."""
    total = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, X.shape[0], BLOCK):
        block = X[start : start + BLOCK] - mean
        total += block.T @ block
    return total


def standardise(X: Matrix) -> Standardised:
    """Standardise the columns and leave out the constant and linearly dependent ones.

    The earlier of two dependent columns stays, whatever the order of the rows.
    """
    mean = X.mean(axis=0)
    covariance = centred_gram(X, mean) / max(X.shape[0], 1)
    sd = np.sqrt(np.diag(covariance))
    varies = np.flatnonzero(sd > np.maximum(np.abs(mean), 1.0) * ALIASED)
    scale = sd[varies]
    correlation = covariance[np.ix_(varies, varies)] / np.outer(scale, scale)
    kept = varies[_independent(correlation)].astype(np.int64)
    scales = Standardised(np.empty((0, 0)), kept, mean[kept], sd[kept])
    return Standardised(scales.apply(X), kept, scales.mean, scales.sd)


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


def solve_kept(cross: Matrix, right: Matrix) -> Matrix:
    """Solve X'X b = X'y, giving 0 to columns that are combinations of earlier ones.

    Args:
        cross: X'X, shape (p, p).
        right: X'y, shape (p,) or (p, k).
    """
    return prepare_solver(cross).solve(right)
