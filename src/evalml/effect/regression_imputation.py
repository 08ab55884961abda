"""Regression adjustment: what each person's outcome would have been in the other arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.estimates import Estimate
from evalml.effect.regression import refuse_too_few

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.effect.least_squares import LeastSquares


@dataclass(frozen=True, slots=True, repr=False)
class Imputer:
    """Regression in one arm, and how its rows bear on the mean prediction of the target.

    Attributes:
        fit: Regression among the rows of the arm.
        rows: How many those are.
        pull: Influence, per unit of its residual, of each row on that mean, shape (n,).
    """

    fit: LeastSquares
    rows: int
    pull: Vector

    def predict(self, y: Vector) -> tuple[Vector, Vector]:
        """Return predictions of all rows and the influence of the arm's rows, shape (n,) each.

        Raises:
            EstimationError: As many coefficients as rows.
        """
        refuse_too_few(self.rows, self.fit.Z.shape[1])
        predicted = self.fit.predict(y)
        return predicted, self.pull * (y - predicted)


def imputer(fit: LeastSquares, target: BoolVector) -> Imputer:
    """Prepare the regression of an arm for the mean over the target rows, shape (n,)."""
    inside = np.ones(target.size) if fit.weights is None else fit.weights
    share = target / target.sum()
    direction = fit.solver.solve(share @ fit.Z)
    pull = target.size * (fit.Z @ direction) * inside
    return Imputer(fit, int(inside.sum()), pull)


def impute_att(y: Vector, treated: BoolVector, without: Imputer) -> Estimate:
    """Return the mean over the treated of y minus its prediction from the comparison arm.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        without: Regression of the comparison arm, the treated as target.
    """
    share = treated.mean()
    predicted, pull = without.predict(y)
    gap = y - predicted
    theta = float(gap[treated].mean())
    psi = np.where(treated, (gap - theta) / share, -pull)
    mean1 = float(y[treated].mean())
    return Estimate(theta, psi, mean1, mean1 - theta)


def impute_ate(y: Vector, treated: BoolVector, having: Imputer, without: Imputer) -> Estimate:
    """Return the mean over all of the predictions of the two arms' regressions.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
        having: Regression of the treated arm, everyone as target.
        without: Regression of the comparison arm, everyone as target.
    """
    predicted1, pull1 = having.predict(y)
    predicted0, pull0 = without.predict(y)
    gap = predicted1 - predicted0
    psi = gap - gap.mean() + np.where(treated, pull1, -pull0)
    return Estimate(float(gap.mean()), psi, float(predicted1.mean()), float(predicted0.mean()))
