"""Effect on the treated with two periods: regression, weighting, or both (doubly robust).

Sant'Anna and Zhao (2020), Doubly robust difference-in-differences estimators, Journal of
Econometrics 219(1), 101-122, doi:10.1016/j.jeconom.2020.06.003. Weights are normalised (Hajek).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from evalml.effect.nuisance import NO_NAMES, Score, Terms, fit_arm, fit_odds, fit_tilting
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector

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
    terms: Terms = NO_NAMES,
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


def _improved(dy: Vector, D: Vector, X: Matrix, weights: Vector, terms: Terms) -> TwoPeriod:
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
    terms: Terms = NO_NAMES,
) -> TwoPeriod:
    """Return the effect on the treated from repeated cross-sections.

    Args:
        y: Outcome, shape (n,).
        D: 1 in the treated group, shape (n,).
        post: 1 in the later period, shape (n,).
        X: Covariates with the constant, shape (n, p).
        weights: Sampling weights, shape (n,).
        method: Estimator; `dr` is the locally efficient one, equation 3.4 of the paper.
        terms: Names of the covariates, for errors.

    Raises:
        EstimationError: One of the four cells is empty, separation, no overlap, collinearity.
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
    y: Vector, D: Vector, post: Vector, X: Matrix, weights: Vector, terms: Terms
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
    terms: Terms,
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
