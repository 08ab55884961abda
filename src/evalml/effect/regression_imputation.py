"""Regression adjustment: what each person's outcome would have been in the other arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import gram, solve_kept
from evalml.effect.estimates import Estimate
from evalml.effect.regression import refuse_too_few

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector


def impute_att(y: Vector, treated: BoolVector, Z: Matrix) -> Estimate:
    """Return the mean over the treated of y minus its prediction from the comparison arm.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        Z: Covariates with a constant, shape (n, q).
    """
    share = treated.mean()
    predicted, pull = _fit(y, ~treated, Z, treated)
    gap = y - predicted
    theta = float(gap[treated].mean())
    psi = np.where(treated, (gap - theta) / share, -pull)
    mean1 = float(y[treated].mean())
    return Estimate(theta, psi, mean1, mean1 - theta)


def impute_ate(y: Vector, treated: BoolVector, Z: Matrix) -> Estimate:
    """Return the mean over all of the predictions of the two arms' regressions.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        Z: Covariates with a constant, shape (n, q).
    """
    everyone = np.ones(y.size, dtype=bool)
    predicted1, pull1 = _fit(y, treated, Z, everyone)
    predicted0, pull0 = _fit(y, ~treated, Z, everyone)
    gap = predicted1 - predicted0
    psi = gap - gap.mean() + np.where(treated, pull1, -pull0)
    return Estimate(float(gap.mean()), psi, float(predicted1.mean()), float(predicted0.mean()))


def _fit(y: Vector, arm: BoolVector, Z: Matrix, target: BoolVector) -> tuple[Vector, Vector]:
    """Return predictions of all rows and the influence of the arm's rows on the target's mean."""
    refuse_too_few(int(arm.sum()), Z.shape[1])
    inside = arm.astype(float)
    cross = gram(Z, inside)
    beta = solve_kept(cross, Z.T @ (inside * y))
    predicted = Z @ beta
    direction = solve_kept(cross, Z[target].mean(axis=0))
    return predicted, y.size * (Z @ direction) * inside * (y - predicted)
