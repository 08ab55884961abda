"""Effects on the treated with two periods: regression, weighting, or both (doubly robust).

Both rest on the logistic regression and the least squares of the whole package, on columns that
are centred and scaled first; coefficients come back on the columns given.

Sant'Anna and Zhao (2020), Doubly robust difference-in-differences estimators, Journal of
Econometrics 219(1), 101-122, doi:10.1016/j.jeconom.2020.06.003. Weights are normalised (Hajek).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.design_matrix import gram
from evalml.methods.regression import (
    ALIASED,
    NotConvergedError,
    fit_logit,
    least_squares,
    maximise,
    prepare_solver,
)

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.methods.regression import NewtonState, Solver


NO_OVERLAP = 0.999
_NAMED = 3


@dataclass(frozen=True, slots=True)
class CovariateTerms:
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
            present = X[rows][:, [1 + j for j in own]] != 0
            if present.any(axis=1).all():
                found.append(f"'{reference}'")
            empty = np.flatnonzero(~present.any(axis=0))
            found += [f"'{self.names[own[k]]}'" for k in empty]
        return found


NO_NAMES = CovariateTerms()


@dataclass(frozen=True, slots=True, repr=False)
class Score:
    """A fitted propensity score.

    Attributes:
        odds: p / (1 - p), shape (n,).
        influence: Influence of each row on the coefficients, summing to their error, shape (n, p).
    """

    odds: Vector
    influence: Matrix


def fit_odds(
    X: Matrix, treated: Vector, weights: Vector, terms: CovariateTerms = NO_NAMES
) -> Score:
    """Fit P(treated | X) by maximum likelihood, without penalty.

    `X`: covariates with the constant, shape (n, p); `treated`: 0 or 1, shape (n,).
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


def fit_tilting(
    X: Matrix, treated: Vector, weights: Vector, terms: CovariateTerms = NO_NAMES
) -> Score:
    """Fit odds that make the comparison group's covariate means those of the treated.

    Inverse probability tilting (Graham, Pinto and Egel, 2012, doi:10.1093/restud/rdr047), the score
    of the improved estimator of Sant'Anna and Zhao (2020), equation 3.1. Its estimation adds
    nothing to the variance of that estimator: the influence given is zero.

    `X`: covariates with the constant, shape (n, p); `treated`: 0 or 1, shape (n,).
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

    def step(self, state: NewtonState) -> tuple[NewtonState, Matrix]:
        own = self.weights * np.where(self.treated == 1, 0.0, np.exp(np.minimum(state[1], 700.0)))
        information = gram(self.Z, own)
        gradient = (self.weights * self.treated - own) @ self.Z
        direction: Vector = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        return (direction, self.Z @ direction), information

    def value(self, state: NewtonState) -> float:
        eta = state[1]
        odds = np.where(self.treated == 1, 0.0, np.exp(np.minimum(eta, 700.0)))
        return float(self.weights @ (self.treated * eta - odds))


def fit_arm(
    X: Matrix, y: Vector, weights: Vector, terms: CovariateTerms = NO_NAMES
) -> tuple[Vector, Matrix]:
    """Fit y on X by weighted least squares; rows of weight zero count for nothing.

    `X`: covariates with the constant, shape (n, p); `y`: outcome, shape (n,). The result:
    coefficients, shape (p,), and the influence of each row on them, shape (n, p).
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


def _full_rank(Z: Matrix, weights: Vector, where: str, X: Matrix, terms: CovariateTerms) -> Solver:
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


def _separated(error: NotConvergedError, X: Matrix, treated: Vector, terms: CovariateTerms) -> str:
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


EstMethod: TypeAlias = Literal["dr", "reg", "ipw", "dr_improved"]
"""Doubly robust, outcome regression, inverse probability weighting, or doubly robust with inference
that is so too (the improved estimator of section 3.1 of the paper; panels)."""


@dataclass(frozen=True, slots=True, repr=False)
class TwoPeriod:
    """An effect on the treated over two periods.

    Attributes:
        att: The estimate.
        influence: Influence of each row, shape (n,), scaled so that their sum is the error of
            `att`: its variance is the sum of their squares.
    """

    att: float
    influence: Vector


def panel_att(
    dy: Vector,
    D: Vector,
    X: Matrix,
    weights: Vector,
    method: EstMethod = "dr",
    score: Score | None = None,
    terms: CovariateTerms = NO_NAMES,
) -> TwoPeriod:
    """Return the effect on the treated when each unit is seen in both periods.

    Args:
        dy: Change of the outcome, shape (n,).
        D: 1 in the treated group, 0 in the comparison group, shape (n,).
        X: Covariates with the constant, shape (n, p).
        weights: Sampling weights, shape (n,).
        method: Estimator; sections 2.1, 2.2 and 3.1 of the paper.
        score: Fitted propensity score, when it is already known.
        terms: Names of the covariates, for errors.

    Raises:
        EstimationError: An empty group, separation, no overlap, or collinear covariates.
    """
    _need_both(D)
    w1, w0 = weights * D, weights * (1 - D)
    if method == "dr_improved":
        return _improved(dy, D, X, weights, terms)
    residual, influence = dy, np.zeros(dy.size)
    slope = -(w1 @ X) / w1.sum()
    if method != "ipw":
        beta, beta_influence = fit_arm(X, dy, w0, terms)
        residual = dy - X @ beta
    if method == "reg":
        att, influence = _mean(residual, w1)
        return TwoPeriod(att, influence + beta_influence @ slope)
    score = fit_odds(X, D, weights, terms) if score is None else score
    w0 = w0 * score.odds
    h1, direct1 = _mean(residual, w1)
    h0, direct0 = _mean(residual, w0)
    influence = direct1 - direct0 - score.influence @ (direct0 @ X)
    if method == "dr":
        influence += beta_influence @ (slope + (w0 @ X) / w0.sum())
    return TwoPeriod(h1 - h0, influence)


def _improved(
    dy: Vector, D: Vector, X: Matrix, weights: Vector, terms: CovariateTerms
) -> TwoPeriod:
    """Balancing odds, and a regression weighted by them: neither adds to the variance."""
    w1 = weights * D
    w0 = weights * (1 - D) * fit_tilting(X, D, weights, terms).odds
    beta, _ = fit_arm(X, dy, w0, terms)
    h1, direct1 = _mean(dy - X @ beta, w1)
    h0, direct0 = _mean(dy - X @ beta, w0)
    return TwoPeriod(h1 - h0, direct1 - direct0)


def sections_att(
    y: Vector,
    D: Vector,
    post: Vector,
    X: Matrix,
    weights: Vector,
    method: EstMethod = "dr",
    terms: CovariateTerms = NO_NAMES,
) -> TwoPeriod:
    """Return the effect on the treated from repeated cross-sections.

    `y`: outcome, shape (n,); `D`: 1 in the treated group, shape (n,); `post`: 1 in the later
    period, shape (n,); `X`: covariates with the constant, shape (n, p); `weights`: sampling
    weights, shape (n,); `method`: estimator; `dr` is the locally efficient one, equation 3.4 of the
    paper.
    """
    if method == "dr_improved":
        raise EstimationError("dr_improved needs the unit of each row (a panel): name it")
    _need_both(D[post == 1])
    _need_both(D[post == 0])
    if method == "reg":
        return _sections_reg(y, D, post, X, weights, terms)
    score = fit_odds(X, D, weights, terms)
    if method == "ipw":
        return _sections_weighted(y, D, post, X, weights, score)
    return _sections_dr(y, D, post, X, weights, score, terms)


def _sections_weighted(
    residual: Vector, D: Vector, post: Vector, X: Matrix, weights: Vector, score: Score
) -> TwoPeriod:
    """Difference in differences of weighted means: four Hajek terms, and the score's share."""
    att, influence = 0.0, np.zeros(residual.size)
    for period, sign in ((post, 1.0), (1 - post, -1.0)):
        h1, direct1 = _mean(residual, weights * D * period)
        h0, direct0 = _mean(residual, weights * score.odds * (1 - D) * period)
        att += sign * (h1 - h0)
        influence += sign * (direct1 - direct0 - score.influence @ (direct0 @ X))
    return TwoPeriod(att, influence)


def _sections_reg(
    y: Vector, D: Vector, post: Vector, X: Matrix, weights: Vector, terms: CovariateTerms
) -> TwoPeriod:
    """Change of the treated, less the change a regression of the others predicts for them."""
    w1 = weights * D
    att, influence = 0.0, np.zeros(y.size)
    for period, sign in ((post, 1.0), (1 - post, -1.0)):
        beta, beta_influence = fit_arm(X, y, weights * (1 - D) * period, terms)
        h1, direct1 = _mean(y, w1 * period)
        h0, direct0 = _mean(X @ beta, w1)
        att += sign * (h1 - h0)
        influence += sign * (direct1 - direct0 - beta_influence @ ((w1 @ X) / w1.sum()))
    return TwoPeriod(att, influence)


def _sections_dr(
    y: Vector,
    D: Vector,
    post: Vector,
    X: Matrix,
    weights: Vector,
    score: Score,
    terms: CovariateTerms,
) -> TwoPeriod:
    """Locally efficient doubly robust estimator, with four outcome regressions."""
    w1 = weights * D
    share = (w1 @ X) / w1.sum()
    fitted = np.zeros(y.size)
    att, influence = 0.0, np.zeros(y.size)
    for period, sign in ((post, 1.0), (1 - post, -1.0)):
        beta0, influence0 = fit_arm(X, y, weights * (1 - D) * period, terms)
        beta1, influence1 = fit_arm(X, y, w1 * period, terms)
        fitted += period * (X @ beta0)
        w1t, w0t = w1 * period, weights * score.odds * (1 - D) * period
        gap = X @ (beta1 - beta0)
        everyone, direct = _mean(gap, w1)
        present, direct_present = _mean(gap, w1t)
        att += sign * (everyone - present)
        influence += sign * (direct - direct_present)
        here = (w1t @ X) / w1t.sum()
        influence += sign * (influence1 @ (share - here))
        influence += sign * (influence0 @ ((w0t @ X) / w0t.sum() - share))
    weighted = _sections_weighted(y - fitted, D, post, X, weights, score)
    return TwoPeriod(att + weighted.att, influence + weighted.influence)


def _mean(values: Vector, weights: Vector) -> tuple[float, Vector]:
    """Return a weighted mean and the influence of each row on it."""
    total = weights.sum()
    mean = float(weights @ values / total)
    return mean, weights * (values - mean) / total


def _need_both(D: Vector | BoolVector) -> None:
    treated = int(np.count_nonzero(D))
    if treated in {0, D.size}:
        raise EstimationError(
            f"{treated} treated and {D.size - treated} comparison rows in a period: "
            "both groups are needed"
        )
