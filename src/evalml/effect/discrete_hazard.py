"""Pooled logistic hazards in discrete time, without laying out person-months.

D'Agostino et al. (1990), doi:10.1002/sim.4780091214. One intercept per month, the same covariates
in each month: Newton steps sum over months, so that n rows are held and never n times M.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from evalml.comparison.columns import whole_solver
from evalml.comparison.logit import NotConvergedError, maximise
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.logit import State


@dataclass(frozen=True, slots=True, repr=False)
class HazardData:
    """Who is at risk in which months, and whose follow-up ends by the event.

    Attributes:
        last: Last month at risk, 1 … M, 0 for never at risk, shape (n,).
        event: Whether the event happens in that month, shape (n,).
        X: Covariates without constant, shape (n, p).
        weights: Shape (n,).
        months: Number M of months.
    """

    last: IntVector
    event: BoolVector
    X: Matrix
    weights: Vector
    months: int


@dataclass(frozen=True, slots=True, repr=False)
class HazardFit:
    """Fitted hazards.

    Attributes:
        alpha: Intercept of each month, shape (M,); minus infinity where nothing happens.
        beta: Coefficients of the covariates, shape (p,).
        influence: Influence of each row on (alpha of the months where something happens, beta),
            shape (n, m + p).
        active: Indices of those months, shape (m,).
    """

    alpha: Vector
    beta: Vector
    influence: Matrix
    active: IntVector

    def hazard(self, X: Matrix, month: int) -> Vector:
        """Return the hazard of each row in a month (1 … M)."""
        hazard: Vector = expit(self.alpha[month - 1] + X @ self.beta)
        return hazard


def fit_hazard(data: HazardData) -> HazardFit:
    """Fit the hazards by maximum likelihood, without penalty.

    Months in which nothing happens have a hazard of zero.

    Raises:
        EstimationError: Everybody at risk has the event in some month, or a covariate separates.
    """
    active = np.flatnonzero(np.bincount(data.last[data.event], minlength=data.months + 1)[1:])
    alpha, beta = np.full(data.months, -np.inf), np.zeros(data.X.shape[1])
    if active.size == 0:
        return HazardFit(alpha, beta, np.zeros(data.X.shape), active)
    mean, sd = data.X.mean(axis=0), data.X.std(axis=0)
    scaled = replace(data, X=(data.X - mean) / np.where(sd > 0, sd, 1.0))
    likelihood = _HazardLikelihood(scaled, active)
    start = np.concatenate([_start(scaled, active), beta])
    try:
        (theta,) = maximise(likelihood, (start,)).state
    except NotConvergedError:
        raise EstimationError(
            "a hazard model does not converge: a covariate separates those with the event from the "
            "others, or everybody at risk has it in some month; leave the covariate out"
        ) from None
    _, information, scores = _derivatives(scaled, active, theta, scores=True)
    rows = np.vstack([theta, np.linalg.solve(information, scores.T).T])
    rows[:, active.size :] /= np.where(sd > 0, sd, 1.0)
    rows[:, : active.size] -= rows[:, active.size :] @ mean[:, None]
    alpha[active] = rows[0, : active.size]
    return HazardFit(alpha, rows[0, active.size :], rows[1:], active)


@dataclass(frozen=True, slots=True, repr=False)
class _HazardLikelihood:
    """The likelihood of the hazards; its state is (intercepts and coefficients,)."""

    data: HazardData
    active: IntVector

    def step(self, state: State) -> tuple[State, Matrix]:
        gradient, information, _ = _derivatives(self.data, self.active, state[0], scores=False)
        message = "the covariates of a hazard model are collinear; leave one out"
        solver = whole_solver(information, message)
        return (solver.solve(gradient),), information

    def value(self, state: State) -> float:
        data, theta, total = self.data, state[0], 0.0
        index = data.X @ theta[self.active.size :]
        for place, month in enumerate(self.active + 1):
            rows = data.last >= month
            eta = theta[place] + index[rows]
            happened = (data.last[rows] == month) & data.event[rows]
            total += float(data.weights[rows] @ (happened * eta - np.logaddexp(0.0, eta)))
        return total


def _start(data: HazardData, active: IntVector) -> Vector:
    """Return the log odds of each month without covariates."""
    out = np.empty(active.size)
    for place, month in enumerate(active + 1):
        at_risk = data.last >= month
        total = float(data.weights[at_risk].sum())
        happened = float(data.weights[(data.last == month) & data.event].sum())
        if happened >= total:
            raise EstimationError(f"everybody at risk in month {month} has the event")
        out[place] = np.log(max(happened, 1e-12) / (total - happened))
    return out


def _derivatives(
    data: HazardData, active: IntVector, theta: Vector, *, scores: bool
) -> tuple[Vector, Matrix, Matrix]:
    """Return gradient and information over all months, and the scores of rows if asked."""
    m, p = active.size, data.X.shape[1]
    gradient, hessian = np.zeros(m + p), np.zeros((m + p, m + p))
    by_row = np.zeros((data.weights.size if scores else 0, m + p))
    index = data.X @ theta[m:]
    for place, month in enumerate(active + 1):
        rows = np.flatnonzero(data.last >= month)
        X, w = data.X[rows], data.weights[rows]
        h = expit(theta[place] + index[rows])
        residual = w * (((data.last[rows] == month) & data.event[rows]) - h)
        v = w * h * (1 - h)
        gradient[place] += residual.sum()
        gradient[m:] += residual @ X
        hessian[place, place] += v.sum()
        hessian[place, m:] += v @ X
        hessian[m:, m:] += (X * v[:, None]).T @ X
        if scores:
            by_row[rows, place] += residual
            by_row[rows, m:] += X * residual[:, None]
    hessian[m:, :m] = hessian[:m, m:].T
    return gradient, hessian, by_row
