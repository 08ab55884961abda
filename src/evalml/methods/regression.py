"""Linear systems, least squares and logistic regression on the columns of a design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from scipy.special import expit

from evalml.errors import EstimationError
from evalml.methods.design_matrix import Packed, gram, pack

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.methods.design_matrix import Columns


ALIASED = 1e-9
"""A column whose unexplained share of variance is below this adds nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Standardised:
    """Columns with mean 0 and standard deviation 1, a constant in front, aliased ones left out.

    Attributes:
        Z: Shape (n, 1 + q).
        kept: Indices, in the given matrix, of the q columns kept, shape (q,).
        mean: Mean of each kept column, shape (q,).
        sd: Standard deviation of each kept column, shape (q,).
    """

    Z: Packed
    kept: IntVector
    mean: Vector
    sd: Vector

    def apply(self, X: Columns) -> Packed:
        """Return other rows of the same columns on the same scale, shape (m, 1 + q)."""
        chosen = as_packed(X).take(self.kept).less(self.mean).over(self.sd)
        return chosen.prepend(np.ones((chosen.shape[0], 1)))


def as_packed(X: Columns) -> Packed:
    """Return columns as packed ones."""
    return X if isinstance(X, Packed) else pack(X)


def standardise(X: Columns) -> Standardised:
    """Standardise the columns and leave out the constant and linearly dependent ones.

    The earlier of two dependent columns stays, whatever the order of the rows.
    """
    packed = as_packed(X)
    mean = packed.mean()
    covariance = gram(packed.less(mean)) / max(packed.shape[0], 1)
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    varies = np.flatnonzero(sd > np.maximum(np.abs(mean), 1.0) * ALIASED)
    scale = sd[varies]
    correlation = covariance[np.ix_(varies, varies)] / np.outer(scale, scale)
    kept = varies[_independent(correlation)].astype(np.int64)
    scales = Standardised(packed[:0], kept, mean[kept], sd[kept])
    return Standardised(scales.apply(packed), kept, scales.mean, scales.sd)


def _independent(correlation: Matrix) -> IntVector:
    """Return the columns that are no linear combination of earlier ones (pivotless Cholesky)."""
    p = correlation.shape[0]
    factor = np.zeros((p, p))
    residual = np.diag(correlation).astype(float)
    kept: list[int] = []
    for j in range(p):
        if residual[j] > ALIASED:
            known = factor[:, : len(kept)]
            column = (correlation[:, j] - known @ known[j]) / np.sqrt(residual[j])
            factor[:, len(kept)] = column
            residual -= column**2
            kept.append(j)
    return np.array(kept, dtype=np.int64)


@dataclass(frozen=True, slots=True, repr=False)
class Solver:
    """X'X, ready to be solved for one right-hand side after another.

    Attributes:
        cross: X'X of the columns kept, shape (q, q).
        kept: Indices of the columns that are no combination of earlier ones, shape (q,).
    """

    cross: Matrix
    kept: IntVector

    def solve(self, right: Matrix) -> Matrix:
        """Solve X'X b = X'y, 0 for the columns left out; `right` has shape (p,) or (p, k)."""
        solution = np.zeros_like(right)
        solution[self.kept] = np.linalg.solve(self.cross, right[self.kept])
        return solution


def prepare_solver(cross: Matrix) -> Solver:
    """Choose the columns of X'X, shape (p, p), that say something new."""
    scale = np.sqrt(np.maximum(np.diag(cross), 0.0))
    present = np.flatnonzero(scale > 0)
    unit = cross[np.ix_(present, present)] / np.outer(scale[present], scale[present])
    kept = present[_independent(unit)]
    return Solver(cross[np.ix_(kept, kept)], kept)


def whole_solver(cross: Matrix, message: str) -> Solver:
    """Prepare X'X, shape (p, p), of columns none of which follows from the others."""
    solver = prepare_solver(cross)
    if solver.kept.size < cross.shape[0]:
        raise EstimationError(message)
    return solver


def solve_kept(cross: Matrix, right: Matrix) -> Matrix:
    """Solve X'X b = X'y, giving 0 to columns that are combinations of earlier ones.

    Args:
        cross: X'X, shape (p, p).
        right: X'y, shape (p,) or (p, k).
    """
    return prepare_solver(cross).solve(right)


NewtonState: TypeAlias = "tuple[Vector, ...]"
MAX_ITERATIONS = 30
TOLERANCE = 1e-6
"""Largest last change of a linear predictor. Newton is quadratic: the error left is its square."""
SMALLEST = 1e-4
SEPARATED = 0.1
SAMPLE = 5_000
"""Rows of the first guess where there are several times as many; one row in 40 if that is more."""
GUESSES = 4
SHRINKING = 0.5
"""A refit whose steps do not shrink by this much is made from scratch."""
"""In a separated sample some linear predictors grow by about 1 per iteration for ever."""


@dataclass(frozen=True, slots=True, repr=False)
class Logit:
    """A converged fit.

    Attributes:
        coefficients: Shape (p,).
        score: Fitted probability of every row given, shape (n,).
        information: Z'WZ, W = score (1 - score), over the fitted rows, shape (p, p).
        iterations: Newton steps taken.
    """

    coefficients: Vector
    score: Vector
    information: Matrix
    iterations: int


class Likelihood(Protocol):
    """A concave likelihood; a state is made of vectors, the last of which must settle."""

    def step(self, state: NewtonState) -> tuple[NewtonState, Matrix]:
        """Return the Newton step of each part of the state, and the information there.

        Raises:
            numpy.linalg.LinAlgError: The information is singular.
        """

    def value(self, state: NewtonState) -> float:
        """Return the log-likelihood."""


@dataclass(frozen=True, slots=True, repr=False)
class Maximum:
    """Where a likelihood is largest.

    Attributes:
        state: The parts of the state.
        information: One step before the last one.
        iterations: Newton steps taken.
    """

    state: NewtonState
    information: Matrix
    iterations: int


def maximise(likelihood: Likelihood, start: NewtonState, tolerance: float = TOLERANCE) -> Maximum:
    """Maximise a likelihood by Newton steps, halved while they lower it.

    `tolerance`: largest last step of the last part of the state.
    """
    state = start
    step: NewtonState = tuple(np.zeros_like(part) for part in start)
    for iteration in range(1, MAX_ITERATIONS + 1):
        try:
            step, information = likelihood.step(state)
        except np.linalg.LinAlgError:
            break
        size = float(np.abs(step[-1]).max())
        if not np.isfinite(size):
            break
        shrink = 1.0 if size < 1.0 else _shrink(likelihood, state, step)
        state = _moved(state, step, shrink)
        if size < tolerance:
            return Maximum(state, information, iteration)
    raise NotConvergedError(step[0], step[-1])


def _moved(state: NewtonState, step: NewtonState, shrink: float) -> NewtonState:
    return tuple(part + shrink * change for part, change in zip(state, step, strict=True))


def _shrink(likelihood: Likelihood, state: NewtonState, step: NewtonState) -> float:
    """Halve a long Newton step until the likelihood does not fall."""
    start = likelihood.value(state)
    shrink = 1.0
    while shrink > SMALLEST and likelihood.value(_moved(state, step, shrink)) < start:
        shrink /= 2.0
    return shrink


class NotConvergedError(EstimationError):
    """The logistic regression has no finite solution.

    Attributes:
        direction: The last step, standardised: large where a column separates the arms.
        moves: How far it moves the last part of the state, such as the linear predictors.
    """

    def __init__(self, direction: Vector, moves: Vector) -> None:
        super().__init__("the logistic regression has no finite solution (separation)")
        self.direction = direction
        self.moves = moves

    @property
    def moving(self) -> int:
        """Number of rows whose probability was still going to 0 or 1."""
        return int((np.abs(self.moves) > SEPARATED).sum())


def fit_logit(
    Z: Columns, d: Vector, start: Vector | None = None, rows: Vector | None = None
) -> Logit:
    """Maximise the likelihood of d given Z.

    Args:
        Z: Standardised columns with a constant, full rank, shape (n, p).
        d: 0 or 1, shape (n,).
        start: Coefficients to start from, shape (p,); 0 when None.
        rows: Weight of each row (1 to fit on it, 0 to predict it only), shape (n,).

    Raises:
        NotConvergedError: Separation, complete or not.
    """
    beta = _start(Z, d, rows) if start is None else start.copy()
    top = maximise(_LogitLikelihood(Z, d, rows), (beta, Z @ beta))
    beta, eta = top.state
    return Logit(beta, expit(eta), top.information, top.iterations)


@dataclass(frozen=True, slots=True, repr=False)
class _LogitLikelihood:
    """The likelihood of a logistic regression; its state is (coefficients, linear predictors)."""

    Z: Columns
    d: Vector
    rows: Vector | None

    def step(self, state: NewtonState) -> tuple[NewtonState, Matrix]:
        score = expit(state[1])
        information = gram(self.Z, _masked(score * (1.0 - score), self.rows))
        gradient = _masked(self.d - score, self.rows) @ self.Z
        direction = np.asarray(np.linalg.solve(information, gradient))
        return (direction, self.Z @ direction), information

    def value(self, state: NewtonState) -> float:
        return _log_likelihood(state[1], self.d, self.rows)


def _log_likelihood(eta: Vector, d: Vector, rows: Vector | None) -> float:
    return float(_masked(d * eta - np.logaddexp(0.0, eta), rows).sum())


def _masked(values: Vector, rows: Vector | None) -> Vector:
    return values if rows is None else values * rows


def refit_logit(
    Z: Columns, d: Vector, start: Vector, information: Matrix, rows: Vector
) -> Vector | None:
    """Return the coefficients without some rows, shape (p,); None where that takes too long.

    The information at the start is kept: each step then needs no product of matrices, and the
    error shrinks by the share of the information that the steps miss.

    Args:
        Z: As in `fit_logit`.
        d: 0 or 1, shape (n,).
        start: Coefficients of the fit on all rows, shape (p,).
        information: At the start, over the rows fitted on, shape (p, p).
        rows: 1 to fit on the row, 0 to leave it out, shape (n,).
    """
    beta, eta, before = start.copy(), Z @ start, np.inf
    for _ in range(MAX_ITERATIONS):
        try:
            step = np.linalg.solve(information, (rows * (d - expit(eta))) @ Z)
        except np.linalg.LinAlgError:
            return None
        change = Z @ step
        size = float(np.abs(change).max())
        if not size < before * SHRINKING:
            return None
        beta, eta = beta + step, eta + change
        rate = size / before if np.isfinite(before) else 1.0
        if size * rate < TOLERANCE**2:
            return beta
        before = size
    return None


def _start(Z: Columns, d: Vector, rows: Vector | None) -> Vector:
    """Return coefficients to start from: those of a few rows, slightly shrunk, if there are many.

    The penalty keeps them finite where a rare level separates the arms among those few.
    """
    guess = _first_guess(Z, d, rows)
    if rows is not None or Z.shape[0] < 4 * SAMPLE:
        return guess
    some = slice(None, None, min(Z.shape[0] // SAMPLE, 40))
    few, treated = Z[some], d[some]
    beta = guess
    for _ in range(GUESSES):
        score = expit(few @ beta)
        information = gram(few, score * (1.0 - score)) + np.eye(beta.size)
        beta = beta + np.linalg.solve(information, (treated - score) @ few - beta)
    likelihood = [_log_likelihood(few @ b, treated, None) for b in (guess, beta)]
    return beta if likelihood[1] > likelihood[0] else guess


def _first_guess(Z: Columns, d: Vector, rows: Vector | None) -> Vector:
    share = float(d.mean() if rows is None else np.average(d, weights=rows))
    beta = np.zeros(Z.shape[1])
    beta[0] = np.log(share / (1.0 - share))
    return beta


@dataclass(frozen=True, slots=True, repr=False)
class LeastSquares:
    """A weighted regression on fixed columns.

    Attributes:
        Z: Columns, shape (n, q).
        weights: Shape (n,), or None for ones.
        solver: Of Z'WZ.
    """

    Z: Columns
    weights: Vector | None
    solver: Solver

    def coefficients(self, y: Vector) -> Vector:
        """Return the coefficients of the regression of y, shape (q,)."""
        weighted = y if self.weights is None else self.weights * y
        return self.solver.solve(weighted @ self.Z)

    def influence(self, y: Vector, coefficients: Vector) -> Matrix:
        """Return the influence of each row on the coefficients of y, summing to their error.

        Args:
            y: Outcome, shape (n,).
            coefficients: Its coefficients, shape (q,).

        Returns:
            Shape (n, q).
        """
        residual = y - np.asarray(self.Z @ coefficients)
        weighted = residual if self.weights is None else self.weights * residual
        scores = np.asarray(self.Z[:]) * weighted[:, None]
        return self.solver.solve(scores.T).T

    def predict(self, y: Vector) -> Vector:
        """Return the fitted value of every row, those of weight 0 too, shape (n,)."""
        return np.asarray(self.Z @ self.coefficients(y))


def least_squares(
    Z: Columns, weights: Vector | None = None, solver: Solver | None = None
) -> LeastSquares:
    """Prepare the regression on Z, shape (n, q), with weights of shape (n,).

    Args:
        Z: Columns.
        weights: None for ones.
        solver: Of Z'WZ, where it is known already.
    """
    return LeastSquares(Z, weights, solver or prepare_solver(gram(Z, weights)))


def least_squares_in(Z: Columns, arm: BoolVector) -> LeastSquares:
    """Prepare the regression on Z, shape (n, q), among the rows of an arm."""
    return least_squares(Z, arm.astype(float))
