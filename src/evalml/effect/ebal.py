"""The effect on the treated by entropy balancing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.estimates import Estimate
from evalml.effect.least_squares import least_squares
from evalml.effect.variance import influence_se

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.packed import Packed
    from evalml.effect.least_squares import LeastSquares


@dataclass(frozen=True, slots=True, repr=False)
class Balanced:
    """Arms made alike by entropy weights, and the regression their estimation amounts to.

    Attributes:
        w: Weights of the comparison rows, summing to one, shape (n,).
        d: Weights of the treated rows, summing to one, shape (n,).
        fit: Weighted regression on the moments less their means among the treated.
    """

    w: Vector
    d: Vector
    fit: LeastSquares


def balance_arms(treated: BoolVector, weights: Vector, moments: Packed) -> Balanced:
    """Prepare what all outcomes share.

    Args:
        treated: Shape (n,).
        weights: Entropy weights of the comparison rows, shape (n,).
        moments: Balanced moments, shape (n, q), without constant.
    """
    w = np.where(treated, 0.0, weights)
    w /= w.sum()
    d = treated / treated.sum()
    return Balanced(w, d, least_squares(moments.less(d @ moments), w))


def balanced_difference(y: Vector, arms: Balanced) -> Estimate:
    """Return the mean of the treated minus the balanced mean of the others.

    The influence function counts the estimation of the weights: the estimating equations of the
    balancing constraints amount to a weighted regression of y on the moments in the comparison
    arm (Zhao and Percival, 2017).

    Args:
        y: Outcome, shape (n,).
        arms: The two arms, balanced.
    """
    d, w = arms.d, arms.w
    mean1, mean0 = float(d @ y), float(w @ y)
    fitted = arms.fit.predict(y - mean0)
    psi0 = w * (y - mean0 - fitted) + d * fitted
    psi = y.size * (d * (y - mean1) - psi0)
    known = influence_se(y.size * (d * (y - mean1) - w * (y - mean0)))
    return Estimate(mean1 - mean0, psi, mean1, mean0, {"known_weights": known})
