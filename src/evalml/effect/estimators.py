"""Estimators from arrays: difference, regressions, weighting, both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.design_matrix import blocks, gram
from evalml.methods.regression import (
    NotConvergedError,
    as_packed,
    fit_logit,
    least_squares,
    prepare_solver,
    standardise,
)
from evalml.methods.variance import influence_se

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.comparison.propensity import Propensity
    from evalml.comparison.weights import Weights
    from evalml.methods.design_matrix import Columns, Packed
    from evalml.methods.regression import LeastSquares, Solver


@dataclass(frozen=True, slots=True, repr=False)
class PointEstimate:
    """A number, its influence function and what goes with it.

    Attributes:
        value: The effect.
        psi: Influence values of mean 0, shape (n,): the variance is sum psi^2 / n^2. None when
            the method has none.
        mean_treated: Mean outcome with treatment, for the estimand.
        mean_comparison: Mean outcome without it.
        std_errors: Standard errors of the method's own, by name (`hc2`, `abadie_imbens`, ...).
        default: The one to use when there are no clusters.
        parameters: Coefficients of the regression behind it, for t and for clusters; 0 if none.
        sets: Clusters of the method's own (matched sets), shape (n,); -1 for rows not used.
        used: Rows that count, shape (n,); None when all do.
        details: What else there is to say.
    """

    value: float
    psi: Vector | None
    mean_treated: float
    mean_comparison: float
    std_errors: dict[str, float] = field(default_factory=dict)
    default: str = "influence"
    parameters: int = 0
    sets: IntVector | None = None
    used: BoolVector | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class FoldGrams:
    """Z'Z of one arm fold by fold: all the least squares of the other folds follow by subtraction.

    Attributes:
        Z: Standardised columns and constant of all rows, shape (n, q).
        arm: Rows to fit on, shape (n,).
        fold: Fold of each row, shape (n,).
        rows: Rows of the arm in each fold, shape (K,).
        solvers: Of Z'Z of the arm outside each fold.
    """

    Z: Columns
    arm: BoolVector
    fold: IntVector
    rows: IntVector
    solvers: tuple[Solver, ...]


def prepare_folds(Z: Columns, arm: BoolVector, fold: IntVector) -> FoldGrams:
    """Sum Z'Z of the arm once per fold."""
    K = int(fold.max()) + 1
    crosses = np.stack([gram(Z[arm & (fold == k)]) for k in range(K)])
    solvers = tuple(prepare_solver(crosses[_outside(K, k)].sum(axis=0)) for k in range(K))
    return FoldGrams(Z, arm, fold, np.bincount(fold[arm], minlength=K), solvers)


def _outside(K: int, k: int) -> BoolVector:
    """Return the folds a regression for fold k is fitted on: the others, or the only one."""
    return np.arange(K) != k if K > 1 else np.ones(1, dtype=bool)


def refuse_too_few(rows: int, columns: int) -> None:
    """Stop when a regression has as many coefficients as rows: it fits anything."""
    if rows <= columns:
        message = (
            f"the outcome regression has {columns} coefficients for {rows} rows: "
            "leave covariates out, group levels, or use fewer folds"
        )
        raise EstimationError(message)


def predict_ols(y: Vector, grams: FoldGrams) -> Vector:
    """Predict every row by least squares on the arm outside the row's fold, shape (n,)."""
    K = len(grams.solvers)
    fold_rows = grams.rows
    refuse_too_few(int(fold_rows.sum() - (fold_rows.max() if K > 1 else 0)), grams.Z.shape[1])
    Z = as_packed(grams.Z)
    rights = Z.sums_by(np.where(grams.arm, y, 0.0), grams.fold, K)
    beta = np.column_stack(
        [s.solve(rights[_outside(K, k)].sum(axis=0)) for k, s in enumerate(grams.solvers)]
    )
    return Z.times_own(beta, grams.fold)


def predict_logit(y: Vector, grams: FoldGrams) -> Vector:
    """Predict a 0/1 outcome by logistic regression on the arm outside the row's fold."""
    if not np.isin(y, (0.0, 1.0)).all():
        message = "the outcome takes values other than 0 and 1: use the linear outcome regression"
        raise EstimationError(message)
    K = len(grams.solvers)
    predicted = np.empty(y.size)
    for k in range(K):
        inside = grams.fold == k
        fitted = grams.arm & (~inside if K > 1 else inside)
        Z = as_packed(grams.Z)
        columns = standardise(Z[fitted])
        try:
            beta = fit_logit(columns.Z, y[fitted]).coefficients
        except (NotConvergedError, ZeroDivisionError) as error:
            message = "the outcome regression separates the 0s from the 1s: use the linear one"
            raise EstimationError(message) from error
        predicted[inside] = 1.0 / (1.0 + np.exp(-(columns.apply(Z[inside]) @ beta)))
    return predicted


def difference(y: Vector, treated: BoolVector) -> PointEstimate:
    """Return the mean of the treated minus the mean of the others.

    HC2 is Neyman's variance, s1^2 / n1 + s0^2 / n0 (Imbens and Rubin, 2015, ch. 6); HC0 divides
    by n in each arm, HC1 scales HC0 by n / (n - 2); classical is that of Student's test.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
    """
    n = y.size
    n1 = int(treated.sum())
    mean1, mean0 = float(y[treated].mean()), float(y[~treated].mean())
    residual = y - np.where(treated, mean1, mean0)
    psi = np.where(treated, residual * (n / n1), -residual * (n / (n - n1)))
    leverage = np.where(treated, 1.0 / n1, 1.0 / (n - n1))
    classical = classical_error(residual, 1.0 / n1 + 1.0 / (n - n1), 2)
    errors = {"classical": classical, **hc_errors(psi, leverage, 2)}
    return PointEstimate(mean1 - mean0, psi, mean1, mean0, errors, "hc2", parameters=2)


def classical_error(residual: Vector, share: float, parameters: int) -> float:
    """Return the standard error that supposes the same variance for all rows.

    `share`: element of (X'X)^-1 of the coefficient.
    """
    room = residual.size - parameters
    return float(np.sqrt(residual @ residual / room * share)) if room > 0 else float("nan")


def hc_errors(psi: Vector, leverage: Vector, parameters: int) -> dict[str, float]:
    """Return the HC0, HC1 and HC2 standard errors (MacKinnon and White, 1985).

    `psi`: influence values, shape (n,); `leverage`: diagonal of the hat matrix, shape (n,).
    """
    n = psi.size
    squares = psi**2
    hc0 = float(squares.sum()) / n**2
    room = 1.0 - leverage
    # A row that its own coefficient fits exactly has residual 0 and leverage 1: it adds nothing.
    hc2 = float(np.divide(squares, room, out=np.zeros(n), where=room > 1e-12).sum()) / n**2  # noqa: PLR2004
    hc1 = hc0 * n / (n - parameters) if n > parameters else float("nan")
    return {"hc0": hc0**0.5, "hc1": hc1**0.5, "hc2": hc2**0.5}


SPREAD = 1e-10
"""Share of the treatment's variation that the covariates must leave."""


@dataclass(frozen=True, slots=True, repr=False)
class Freed:
    """The treatment freed of the covariates: what the regression of every outcome shares.

    Attributes:
        fit: Regression on the covariates.
        d: Treatment less its prediction, shape (n,).
        spread: Its sum of squares.
        leverage: Diagonal of the hat matrix of treatment and covariates, shape (n,).
    """

    fit: LeastSquares
    d: Vector
    spread: float
    leverage: Vector


def free_treatment(treated: BoolVector, Z: Columns) -> Freed:
    """Take from the treatment what the covariates Z, shape (n, q), say of it."""
    fit = least_squares(Z)
    treatment = treated.astype(float)
    d = treatment - fit.predict(treatment)
    spread = float(d @ d)
    leverage = _leverage(fit)
    return Freed(fit, d, spread, leverage + d**2 / max(spread, np.finfo(float).tiny))


def regress(y: Vector, treated: BoolVector, freed: Freed) -> PointEstimate:
    """Return the coefficient of the treatment, the covariates held fixed.

    By Frisch, Waugh and Lovell: the treatment is first freed of the covariates.

    `y`: outcome, shape (n,); `freed`: the treatment freed of the covariates, which are of full
    rank.
    """
    n, q = freed.fit.Z.shape
    if freed.spread < SPREAD * n or n <= q + 1:
        message = "the covariates determine the treatment: its coefficient cannot be told apart"
        raise EstimationError(message)
    y_free = y - freed.fit.predict(y)
    theta = float(freed.d @ y_free) / freed.spread
    psi = freed.d * (y_free - theta * freed.d) * (n / freed.spread)
    mean1 = float(y[treated].mean())
    classical = classical_error(y_free - theta * freed.d, 1.0 / freed.spread, q + 1)
    errors = {"classical": classical, **hc_errors(psi, freed.leverage, q + 1)}
    return PointEstimate(theta, psi, mean1, mean1 - theta, errors, "hc2", q + 1)


def _leverage(fit: LeastSquares) -> Vector:
    """Return the diagonal of Z (Z'Z)^-1 Z', shape (n,)."""
    kept = fit.solver.kept
    inverse = np.linalg.inv(np.linalg.cholesky(fit.solver.cross)).T
    found = np.empty(fit.Z.shape[0])
    for rows in blocks(found.size):
        half = np.asarray(fit.Z[rows])[:, kept] @ inverse
        found[rows] = np.einsum("ij,ij->i", half, half)
    return found


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


def impute_att(y: Vector, treated: BoolVector, without: Imputer) -> PointEstimate:
    """Return the mean over the treated of y minus its prediction from the comparison arm.

    `y`: outcome, shape (n,); `without`: regression of the comparison arm, the treated as target.
    """
    share = treated.mean()
    predicted, pull = without.predict(y)
    gap = y - predicted
    theta = float(gap[treated].mean())
    psi = np.where(treated, (gap - theta) / share, -pull)
    mean1 = float(y[treated].mean())
    return PointEstimate(theta, psi, mean1, mean1 - theta)


def impute_ate(y: Vector, treated: BoolVector, having: Imputer, without: Imputer) -> PointEstimate:
    """Return the mean over all of the predictions of the two arms' regressions.

    `y`: outcome, shape (n,); `having`: regression of the treated arm, everyone as target;
    `without`: regression of the comparison arm, everyone as target.
    """
    predicted1, pull1 = having.predict(y)
    predicted0, pull0 = without.predict(y)
    gap = predicted1 - predicted0
    psi = gap - gap.mean() + np.where(treated, pull1, -pull0)
    return PointEstimate(float(gap.mean()), psi, float(predicted1.mean()), float(predicted0.mean()))


def weighted_difference(
    y: Vector, treated: BoolVector, weights: Weights, score: Propensity
) -> PointEstimate:
    """Return the weighted mean of the treated minus that of the others (Hajek).

    The influence function counts the estimation of the score: the stacked estimating equations of
    the weighted means and of the logistic regression (Lunceford and Davidian, 2004; Stefanski and
    Boos, 2002). Where the score has no likelihood (a learner) it is taken as known.

    `y`: outcome, shape (n,).
    """
    mean1, psi1, known1 = _arm(y, treated, weights, score, treated)
    mean0, psi0, known0 = _arm(y, ~treated, weights, score, treated)
    errors = {"known_weights": influence_se(known1 - known0)}
    return PointEstimate(mean1 - mean0, psi1 - psi0, mean1, mean0, errors)


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

    `weights`: entropy weights of the comparison rows, shape (n,); `moments`: balanced moments,
    shape (n, q), without constant.
    """
    w = np.where(treated, 0.0, weights)
    w /= w.sum()
    d = treated / treated.sum()
    return Balanced(w, d, least_squares(moments.less(d @ moments), w))


def balanced_difference(y: Vector, arms: Balanced) -> PointEstimate:
    """Return the mean of the treated minus the balanced mean of the others.

    The influence function counts the estimation of the weights: the estimating equations of the
    balancing constraints amount to a weighted regression of y on the moments in the comparison
    arm (Zhao and Percival, 2017).

    `y`: outcome, shape (n,).
    """
    d, w = arms.d, arms.w
    mean1, mean0 = float(d @ y), float(w @ y)
    fitted = arms.fit.predict(y - mean0)
    psi0 = w * (y - mean0 - fitted) + d * fitted
    psi = y.size * (d * (y - mean1) - psi0)
    known = influence_se(y.size * (d * (y - mean1) - w * (y - mean0)))
    return PointEstimate(mean1 - mean0, psi, mean1, mean0, {"known_weights": known})


def aipw_att(
    y: Vector, treated: BoolVector, odds: Vector, predicted0: Vector, *, normalise: bool = True
) -> PointEstimate:
    """Return the effect on the treated (Robins, Rotnitzky and Zhao, 1994; Hahn, 1998).

    theta = mean over the treated of (y - m0) minus the weighted mean over the others of (y - m0),
    the weights e / (1 - e) normalised to sum to one. The influence function is the efficient one;
    it needs no correction for the two regressions, whose errors enter as a product.

    `y`: outcome, shape (n,); `odds`: e / (1 - e) of each row, shape (n,); only the comparison rows'
    are read; `predicted0`: predicted outcome without treatment m0, shape (n,); `normalise`: whether
    the weights of the others are made to sum to one (Hajek), or are divided by the number of
    treated (Horvitz-Thompson).
    """
    residual = y - predicted0
    d = treated.astype(float)
    w = np.where(treated, 0.0, odds)
    gain, psi1 = _mean(residual, d)
    drift, psi0 = _mean(residual, w) if normalise else _total(residual, w, d)
    mean1 = float(y[treated].mean())
    theta = gain - drift
    return PointEstimate(theta, psi1 - psi0, mean1, mean1 - theta)


def aipw_ate(
    y: Vector,
    treated: BoolVector,
    inverse: Vector,
    predicted1: Vector,
    predicted0: Vector,
    *,
    normalise: bool = True,
) -> PointEstimate:
    """Return the effect on all.

    `y`: outcome, shape (n,); `inverse`: one over the probability of the arm each row is in, shape
    (n,); `predicted1`: predicted outcome with treatment, shape (n,); `predicted0`: predicted
    outcome without, shape (n,); `normalise`: whether the weights of each arm are made to sum to
    one, or divided by n.
    """
    w1, w0, ones = np.where(treated, inverse, 0.0), np.where(treated, 0.0, inverse), np.ones(y.size)
    residual1, residual0 = y - predicted1, y - predicted0
    drift1, psi1 = _mean(residual1, w1) if normalise else _total(residual1, w1, ones)
    drift0, psi0 = _mean(residual0, w0) if normalise else _total(residual0, w0, ones)
    mean1, mean0 = float(predicted1.mean()) + drift1, float(predicted0.mean()) + drift0
    gap = predicted1 - predicted0
    return PointEstimate(mean1 - mean0, gap - gap.mean() + psi1 - psi0, mean1, mean0)


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
