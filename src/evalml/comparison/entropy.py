"""Entropy balancing: the weights nearest to equal that make the moments of both arms the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import standardise
from evalml.comparison.products import gram
from evalml.comparison.propensity import refuse_one_arm
from evalml.comparison.support import find_support
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.comparison.comparison import Design
    from evalml.comparison.packed import Packed

MAX_ITERATIONS = 100
TOLERANCE = 1e-10
"""Largest difference of moments left, in standard deviations."""
SMALLEST_STEP = 1e-10
NAMED = 5


@dataclass(frozen=True, slots=True, repr=False)
class EntropyBalance:
    """A converged solution.

    Attributes:
        weights: 1 for the treated; for the others they sum to the number of treated, shape (n,).
        moments: What was balanced, standardised, shape (n, q).
        iterations: Newton steps.
        gap: Largest difference of moments left, in standard deviations.
        notes: Rows that weigh nothing, with the reason.
    """

    weights: Vector
    moments: Packed
    iterations: int
    gap: float
    notes: tuple[str, ...]


def balance_entropy(design: Design, treated: BoolVector, moments: int = 1) -> EntropyBalance:
    """Weight the comparison arm so that its moments equal those of the treated.

    Hainmueller (2012): the dual is smooth and convex, and solved by Newton's method with a line
    search. Means are balanced, and with `moments=2` the squares of covariates that are not 0/1 too.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        moments: 1 or 2.

    Raises:
        EstimationError: The treated means lie outside what weights of the comparison arm can reach.
    """
    if moments not in (1, 2):
        message = f"moments is {moments}; give 1 (means) or 2 (means and squares)"
        raise EstimationError(message)
    support = find_support(design, treated)
    if support.treated_levels:
        levels = ", ".join(support.treated_levels[:NAMED])
        message = f"no overlap: no comparison person at {levels}; group the levels or leave it out"
        raise EstimationError(message)
    inside = ~support.alone_comparison
    refuse_one_arm(treated[inside])
    columns, names = _moments(design, moments)
    standard = standardise(columns if inside.all() else columns[inside])
    Z = _without_constant(standard.Z)
    kept_names = [names[j] for j in standard.kept]
    weights, iterations, gap = _solve(Z, treated[inside], kept_names)
    spread = np.where(treated, 1.0, 0.0)
    spread[inside] = np.where(treated[inside], 1.0, weights)
    full = Z if inside.all() else _without_constant(standard.apply(columns))
    return EntropyBalance(spread, full, iterations, gap, _notes(support.comparison_levels, inside))


def _moments(design: Design, moments: int) -> tuple[Packed, list[str]]:
    X, names = design.columns, list(design.names)
    if moments == 1:
        return X, names
    more = np.flatnonzero(~X.binary())
    numbers = np.column_stack([X.column(int(j)) for j in more]) if more.size else X.dense[:, :0]
    squares = (numbers - numbers.mean(axis=0)) ** 2
    found = X.beside(squares)
    p, m = X.shape[1], more.size
    in_order = np.concatenate([np.arange(m, m + p), np.arange(m)])
    return found.take(in_order), [*names, *(f"{names[j]}^2" for j in more)]


def _without_constant(Z: Packed) -> Packed:
    return Z.take(np.arange(1, Z.shape[1]))


def _solve(Z: Packed, treated: BoolVector, names: list[str]) -> tuple[Vector, int, float]:
    """Minimise log sum exp(C b) where C are the comparison moments less the treated means."""
    C = Z[~treated].less(Z[treated].mean())
    b = np.zeros(C.shape[1])
    value, w = _dual(C @ b)
    gap = np.abs(w @ C).max(initial=0.0)
    iterations = 0
    while gap > TOLERANCE:
        iterations += 1
        mean = w @ C
        hessian = gram(C, w) - np.outer(mean, mean)
        step = _newton(hessian, mean)
        b, value, w, moved = _search(C, b, step, value, float(mean @ step))
        gap = float(np.abs(w @ C).max(initial=0.0))
        if not moved or iterations >= MAX_ITERATIONS:
            break
    if gap > TOLERANCE * 1e4:
        raise EstimationError(_unreachable(np.abs(w @ C), names))
    weights = np.zeros(treated.size)
    weights[~treated] = w * treated.sum()
    return weights, iterations, float(gap)


def _dual(eta: Vector) -> tuple[float, Vector]:
    top = float(eta.max())
    w = np.exp(eta - top)
    total = float(w.sum())
    return top + float(np.log(total)), w / total


def _newton(hessian: Matrix, gradient: Vector) -> Vector:
    ridge = 1e-14 * np.trace(hessian) * np.eye(hessian.shape[0])
    try:
        return np.asarray(np.linalg.solve(hessian + ridge, gradient))
    except np.linalg.LinAlgError:
        return gradient


def _search(
    C: Packed, b: Vector, step: Vector, value: float, slope: float
) -> tuple[Vector, float, Vector, bool]:
    """Halve the step until the dual falls enough (Armijo)."""
    size = 1.0
    while size > SMALLEST_STEP:
        candidate = b - size * step
        lower, w = _dual(C @ candidate)
        if lower <= value - 1e-4 * size * slope + 1e-14 * abs(value):
            return candidate, lower, w, True
        size /= 2.0
    return b, value, _dual(C @ b)[1], False


def _unreachable(gap: Vector, names: list[str]) -> str:
    worst = np.argsort(-gap, kind="stable")[:NAMED]
    found = ", ".join(f"'{names[j]}' ({gap[j]:.2g} SD)" for j in worst if gap[j] > TOLERANCE)
    return (
        "entropy balancing did not converge: no weights of the comparison arm reach the means of "
        f"the treated; still apart: {found}; leave a covariate out or change the pool"
    )


def _notes(levels: tuple[str, ...], inside: BoolVector) -> tuple[str, ...]:
    if inside.all():
        return ()
    rows = int((~inside).sum())
    return (f"{rows} rows weigh nothing: no treated person at {', '.join(levels[:NAMED])}",)
