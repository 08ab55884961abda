"""Inverse probability weighting by a logistic score, normalised in each arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.estimates import Estimate
from evalml.effect.variance import influence_se

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.propensity import Propensity
    from evalml.comparison.weights import Weights


def weighted_difference(
    y: Vector, treated: BoolVector, weights: Weights, score: Propensity
) -> Estimate:
    """Return the weighted mean of the treated minus that of the others (Hajek).

    The influence function counts the estimation of the score: the stacked estimating equations of
    the weighted means and of the logistic regression (Lunceford and Davidian, 2004; Stefanski and
    Boos, 2002). Where the score has no likelihood (boosting) it is taken as known.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        weights: Weight of each row and its derivative.
        score: The fit the weights come from.
    """
    mean1, psi1, known1 = _arm(y, treated, weights, score, treated)
    mean0, psi0, known0 = _arm(y, ~treated, weights, score, treated)
    errors = {"known_weights": influence_se(known1 - known0)}
    return Estimate(mean1 - mean0, psi1 - psi0, mean1, mean0, errors)


def _arm(
    y: Vector, arm: BoolVector, weights: Weights, score: Propensity, treated: BoolVector
) -> tuple[float, Vector, Vector]:
    """Return the weighted mean of one arm, its influence values, and those with known weights."""
    w = np.where(arm, weights.values, 0.0)
    total = w.sum()
    mean = float(w @ y / total)
    residual = np.where(arm, y - mean, 0.0)
    psi = w * residual * (y.size / total)
    if score.Z is None or score.information is None:
        return mean, psi, psi
    moved = np.where(arm, weights.slope * residual, 0.0) @ score.Z / total
    pull = np.linalg.solve(score.information, moved)
    return mean, psi + y.size * (score.Z @ pull) * (treated - score.score), psi
