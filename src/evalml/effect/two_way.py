"""Unit and period effects by least squares, exact and in one pass, balanced or not.

Unit effects are concentrated out, so that only a system of T periods is solved: no iteration, no
tolerance, the same bytes at each run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evalml.arrays import Matrix, Vector


def period_system(W: Matrix) -> Matrix:
    """Return the pseudo-inverse of the system that period effects solve, shape (T, T).

    Args:
        W: Weight of each unit in each period, shape (T, n); 0 where it does not count.
    """
    A = np.diag(W.sum(axis=1)) - (W / _totals(W)) @ W.T
    return np.asarray(np.linalg.pinv(A, rcond=1e-10, hermitian=True), dtype=np.float64)


def fixed_effects(y: Matrix, W: Matrix, inverse: Matrix) -> tuple[Vector, Vector]:
    """Return the unit effects, shape (n,), and the period effects, shape (T,), of `y`.

    Args:
        y: Shape (T, n).
        W: Weights, shape (T, n).
        inverse: `period_system(W)`.
    """
    totals = _totals(W)
    weighted = W * y
    means = weighted.sum(axis=0) / totals
    beta = inverse @ (weighted.sum(axis=1) - W @ means)
    alpha = means - (beta @ W) / totals
    return alpha, beta


def residuals(y: Matrix, W: Matrix, inverse: Matrix) -> Matrix:
    """Return `y` without its unit and period effects, shape (T, n); defined where W is 0 too."""
    alpha, beta = fixed_effects(y, W, inverse)
    return y - alpha - beta[:, None]


def _totals(W: Matrix) -> Vector:
    total = W.sum(axis=0)
    return np.where(total > 0, total, 1.0)
