"""The two nuisance models of two-period designs: a score and a regression, weighted.

Both rest on the logistic regression and the least squares of the whole package, on columns that
are centred and scaled first; coefficients come back on the columns given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import ALIASED, prepare_solver
from evalml.comparison.logit import NotConvergedError, fit_logit, maximise
from evalml.comparison.products import gram
from evalml.effect.least_squares import least_squares
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.comparison.columns import Solver
    from evalml.comparison.logit import State

NO_OVERLAP = 0.999
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Terms:
    """Names of the columns of a design without its constant, for errors that say which.

    Attributes:
        names: The p names; categories as `covariate=level`.
        references: The level left out of the covariate of each column, as `covariate=level`; empty
            for a number.
    """

    names: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    def of(self, column: int) -> str:
        """Return the name of a column of the design, the constant being column 0."""
        if column == 0:
            return "the constant"
        return f"'{self.names[column - 1]}'" if self.names else f"covariate {column}"

    def absent(self, X: Matrix, rows: BoolVector) -> list[str]:
        """Return the levels that none of the rows holds.

        Args:
            X: Design with the constant, shape (n, 1 + p).
            rows: Shape (n,).
        """
        found = []
        for reference in dict.fromkeys(r for r in self.references if r):
            own = [j for j, r in enumerate(self.references) if r == reference]
            held = X[rows][:, [1 + j for j in own]] != 0
            if held.any(axis=1).all():
                found.append(f"'{reference}'")
            empty = np.flatnonzero(~held.any(axis=0))
            found += [f"'{self.names[own[k]]}'" for k in empty]
        return found


NO_NAMES = Terms()


@dataclass(frozen=True, slots=True, repr=False)
class Score:
    """A fitted propensity score.

    Attributes:
        odds: p / (1 - p), shape (n,).
        influence: Influence of each row on the coefficients, summing to their error, shape (n, p).
    """

    odds: Vector
    influence: Matrix


def fit_odds(X: Matrix, treated: Vector, weights: Vector, terms: Terms = NO_NAMES) -> Score:
    """Fit P(treated | X) by maximum likelihood, without penalty.

    Args:
        X: Covariates with the constant, shape (n, p).
        treated: 0 or 1, shape (n,).
        weights: Shape (n,).
        terms: Names of the covariates.

    Raises:
        EstimationError: Covariates predict the group perfectly, are collinear, or leave a row of
            the comparison group with a score of 0.999 or more; the message names them.
    """
    scaled = _Scaled.of(X, weights)
    _full_rank(scaled.Z, weights, "", X, terms)
    try:
        fit = fit_logit(scaled.Z, treated, rows=weights)
    except NotConvergedError as error:
        raise EstimationError(_separated(error, X, treated, terms)) from None
    p = fit.score
    if p[treated == 0].max(initial=0.0) >= NO_OVERLAP:
        raise EstimationError(
            f"no overlap: a comparison row has a propensity score of {NO_OVERLAP} or more"
        )
    scores = scaled.Z * (weights * (treated - p))[:, None]
    solver = prepare_solver(gram(scaled.Z, weights * p * (1 - p)))
    influence = solver.solve(scores.T).T
    return Score(odds=p / (1 - p), influence=scaled.back(influence))


def fit_tilting(X: Matrix, treated: Vector, weights: Vector, terms: Terms = NO_NAMES) -> Score:
    """Fit odds that make the comparison group's covariate means those of the treated.

    Inverse probability tilting (Graham, Pinto and Egel, 2012, doi:10.1093/restud/rdr047), the score
    of the improved estimator of Sant'Anna and Zhao (2020), equation 3.1. Its estimation adds
    nothing to the variance of that estimator: the influence given is zero.

    Args:
        X: Covariates with the constant, shape (n, p).
        treated: 0 or 1, shape (n,).
        weights: Shape (n,).
        terms: Names of the covariates.

    Raises:
        EstimationError: No such odds exist, or covariates are collinear; the message names them.
    """
    scaled = _Scaled.of(X, weights)
    _full_rank(scaled.Z, weights, "", X, terms)
    start = np.zeros(X.shape[1])
    start[0] = np.log((weights @ treated) / (weights @ (1 - treated)))
    likelihood = _TiltingLikelihood(scaled.Z, treated, weights)
    try:
        _, eta = maximise(likelihood, (start, scaled.Z @ start)).state
    except NotConvergedError as error:
        raise EstimationError(_separated(error, X, treated, terms)) from None
    odds = np.exp(eta)
    if odds[treated == 0].max(initial=0.0) >= NO_OVERLAP / (1 - NO_OVERLAP):
        raise EstimationError(
            f"no overlap: a comparison row has a propensity score of {NO_OVERLAP} or more"
        )
    return Score(odds=odds, influence=np.zeros(X.shape))


@dataclass(frozen=True, slots=True, repr=False)
class _TiltingLikelihood:
    """Its maximum balances the groups; its state is (coefficients, linear predictors)."""

    Z: Matrix
    treated: Vector
    weights: Vector

    def step(self, state: State) -> tuple[State, Matrix]:
        own = self.weights * np.where(self.treated == 1, 0.0, np.exp(np.minimum(state[1], 700.0)))
        information = gram(self.Z, own)
        gradient = (self.weights * self.treated - own) @ self.Z
        direction: Vector = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        return (direction, self.Z @ direction), information

    def value(self, state: State) -> float:
        eta = state[1]
        odds = np.where(self.treated == 1, 0.0, np.exp(np.minimum(eta, 700.0)))
        return float(self.weights @ (self.treated * eta - odds))


def fit_arm(
    X: Matrix, y: Vector, weights: Vector, terms: Terms = NO_NAMES
) -> tuple[Vector, Matrix]:
    """Fit y on X by weighted least squares; rows of weight zero count for nothing.

    Args:
        X: Covariates with the constant, shape (n, p).
        y: Outcome, shape (n,).
        weights: Shape (n,).
        terms: Names of the covariates.

    Returns:
        Coefficients, shape (p,), and the influence of each row on them, shape (n, p).

    Raises:
        EstimationError: Covariates are collinear among the rows that count; the message names one.
    """
    scaled = _Scaled.of(X, weights)
    fit = least_squares(
        scaled.Z, weights, _full_rank(scaled.Z, weights, " among the rows fitted", X, terms)
    )
    beta = fit.coefficients(y)
    return scaled.back(beta), scaled.back(fit.influence(y, beta))


@dataclass(frozen=True, slots=True, repr=False)
class _Scaled:
    """Columns centred and scaled over the rows that count, the constant in front."""

    Z: Matrix
    mean: Vector
    sd: Vector

    @classmethod
    def of(cls, X: Matrix, weights: Vector) -> _Scaled:
        share = weights / weights.sum()
        mean = share @ X
        Z = X - mean
        sd = np.sqrt(share @ np.square(Z))
        flat = sd <= ALIASED * np.maximum(np.abs(mean), 1.0)
        sd[flat] = 1.0
        Z /= sd
        Z[:, flat] = 0.0
        Z[:, 0], mean[0], sd[0] = 1.0, 0.0, 1.0
        return cls(Z, mean, sd)

    def back(self, coefficients: Matrix | Vector) -> Matrix:
        """Return coefficients on the columns given, shape (…, p)."""
        out = coefficients / self.sd
        out[..., 0] -= out @ self.mean
        return np.asarray(out, dtype=np.float64)


def _full_rank(Z: Matrix, weights: Vector, where: str, X: Matrix, terms: Terms) -> Solver:
    """Return the solver of Z'WZ, or name what is collinear."""
    solver = prepare_solver(gram(Z, weights))
    if solver.kept.size == Z.shape[1]:
        return solver
    levels = terms.absent(X, weights > 0)
    if levels:
        raise EstimationError(
            f"no row to compare with holds {', '.join(levels[:_NAMED])}; group the level, leave "
            "the covariate out, or leave these rows out"
        )
    lost = [terms.of(int(j)) for j in sorted(set(range(Z.shape[1])) - set(solver.kept.tolist()))]
    raise EstimationError(
        f"{', '.join(lost[:_NAMED])} do not vary or follow from the other covariates{where} "
        "(collinear); leave them out"
    )


def _separated(error: NotConvergedError, X: Matrix, treated: Vector, terms: Terms) -> str:
    """Say which levels or covariates decide the group."""
    for rows, only in ((treated == 0, "treated"), (treated == 1, "comparison")):
        levels = terms.absent(X, rows)
        if levels:
            return (
                f"separation: only the {only} group holds {', '.join(levels[:_NAMED])}; group the "
                "level, leave the covariate out, or leave these rows out"
            )
    weight = np.abs(error.direction[1:])
    guilty = np.argsort(-weight, kind="stable")[:_NAMED]
    names = [terms.of(1 + int(j)) for j in guilty if weight[j] > weight.max() / 10]
    return (
        f"separation: the group of {error.moving} rows follows from {', '.join(names)} (the "
        "propensity score has no finite solution); leave the covariate out, or group its levels"
    )
