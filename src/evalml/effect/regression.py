"""Outcome regressions, each row predicted by a fit that did not see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import as_packed, prepare_solver, standardise
from evalml.comparison.logit import NotConvergedError, fit_logit
from evalml.comparison.products import gram
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.comparison.columns import Solver
    from evalml.comparison.packed import Columns


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
    """Stop when a regression has as many coefficients as rows: it fits anything.

    Raises:
        EstimationError: Too few rows.
    """
    if rows <= columns:
        message = (
            f"the outcome regression has {columns} coefficients for {rows} rows: "
            "leave covariates out, group levels, or use fewer folds"
        )
        raise EstimationError(message)


def predict_ols(y: Vector, grams: FoldGrams) -> Vector:
    """Predict every row by least squares on the arm outside the row's fold, shape (n,).

    Raises:
        EstimationError: As many coefficients as rows.
    """
    K = len(grams.solvers)
    held = grams.rows
    refuse_too_few(int(held.sum() - (held.max() if K > 1 else 0)), grams.Z.shape[1])
    Z = as_packed(grams.Z)
    rights = Z.sums_by(np.where(grams.arm, y, 0.0), grams.fold, K)
    beta = np.column_stack(
        [s.solve(rights[_outside(K, k)].sum(axis=0)) for k, s in enumerate(grams.solvers)]
    )
    return Z.times_own(beta, grams.fold)


def predict_logit(y: Vector, grams: FoldGrams) -> Vector:
    """Predict a 0/1 outcome by logistic regression on the arm outside the row's fold.

    Raises:
        EstimationError: The outcome is not 0/1, or the regression separates.
    """
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
