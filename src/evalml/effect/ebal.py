"""The effect on the treated by entropy balancing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import gram, solve_kept
from evalml.effect.estimates import Estimate

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector


def balanced_difference(
    y: Vector, treated: BoolVector, weights: Vector, moments: Matrix
) -> Estimate:
    """Return the mean of the treated minus the balanced mean of the others.

    The influence function counts the estimation of the weights: the estimating equations of the
    balancing constraints amount to a weighted regression of y on the moments in the comparison
    arm (Zhao and Percival, 2017).

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        weights: Entropy weights of the comparison rows, shape (n,).
        moments: Balanced moments, shape (n, q), without constant.
    """
    w = np.where(treated, 0.0, weights)
    w /= w.sum()
    d = treated / treated.sum()
    mean1, mean0 = float(d @ y), float(w @ y)
    Z = moments - d @ moments
    gamma = solve_kept(gram(Z, w), Z.T @ (w * (y - mean0)))
    fitted = Z @ gamma
    psi0 = w * (y - mean0 - fitted) + d * fitted
    psi = y.size * (d * (y - mean1) - psi0)
    return Estimate(mean1 - mean0, psi, mean1, mean0)
