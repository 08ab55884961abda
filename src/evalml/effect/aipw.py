"""Augmented inverse probability weighting: right if either the score or the regression is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.estimates import Estimate

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector


def aipw_att(
    y: Vector, treated: BoolVector, odds: Vector, predicted0: Vector, *, normalise: bool = True
) -> Estimate:
    """Return the effect on the treated (Robins, Rotnitzky and Zhao, 1994; Hahn, 1998).

    theta = mean over the treated of (y - m0) minus the weighted mean over the others of (y - m0),
    the weights e / (1 - e) normalised to sum to one. The influence function is the efficient one;
    it needs no correction for the two regressions, whose errors enter as a product.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        odds: e / (1 - e) of each row, shape (n,); only the comparison rows' are read.
        predicted0: Predicted outcome without treatment m0, shape (n,).
        normalise: Whether the weights of the others are made to sum to one (Hajek), or are divided
            by the number of treated (Horvitz-Thompson).
    """
    residual = y - predicted0
    d = treated.astype(float)
    w = np.where(treated, 0.0, odds)
    gain, psi1 = _mean(residual, d)
    drift, psi0 = _mean(residual, w) if normalise else _total(residual, w, d)
    mean1 = float(y[treated].mean())
    theta = gain - drift
    return Estimate(theta, psi1 - psi0, mean1, mean1 - theta)


def aipw_ate(
    y: Vector,
    treated: BoolVector,
    inverse: Vector,
    predicted1: Vector,
    predicted0: Vector,
    *,
    normalise: bool = True,
) -> Estimate:
    """Return the effect on all.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        inverse: One over the probability of the arm each row is in, shape (n,).
        predicted1: Predicted outcome with treatment, shape (n,).
        predicted0: Predicted outcome without, shape (n,).
        normalise: Whether the weights of each arm are made to sum to one, or divided by n.
    """
    w1, w0, ones = np.where(treated, inverse, 0.0), np.where(treated, 0.0, inverse), np.ones(y.size)
    residual1, residual0 = y - predicted1, y - predicted0
    drift1, psi1 = _mean(residual1, w1) if normalise else _total(residual1, w1, ones)
    drift0, psi0 = _mean(residual0, w0) if normalise else _total(residual0, w0, ones)
    mean1, mean0 = float(predicted1.mean()) + drift1, float(predicted0.mean()) + drift0
    gap = predicted1 - predicted0
    return Estimate(mean1 - mean0, gap - gap.mean() + psi1 - psi0, mean1, mean0)


def _mean(values: Vector, weights: Vector) -> tuple[float, Vector]:
    """Return a weighted mean and its influence values."""
    total = weights.sum()
    mean = float(weights @ values / total)
    return mean, weights * (values - mean) * (values.size / total)


def _total(values: Vector, weights: Vector, over: Vector) -> tuple[float, Vector]:
    """Return a weighted sum over the sum of `over`, and its influence values."""
    total = over.sum()
    mean = float(weights @ values / total)
    return mean, (weights * values - over * mean) * (values.size / total)
