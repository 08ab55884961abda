"""Regressions with unit and period effects, and their clustered variance (CRV1).

Two kinds of regressors: those that are the same for all units of a group (treatment dates), kept
as small tables by group and period, and those that differ between units (covariates).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import whole_solver
from evalml.effect.panel_variance import Sampling, sampling_of
from evalml.effect.two_way import period_system, residuals
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import IntVector, Matrix, Vector

_ABSORBED = 1e-9


@dataclass(frozen=True, slots=True, repr=False)
class WithinFit:
    """Coefficients of a regression with unit and period effects.

    Attributes:
        beta: Coefficients, shape (k,): by group first, then by unit.
        influence: Shape (k, m), summing to their errors, small-sample factor included.
        sampling: What was sampled: clusters, or each unit as a cluster.
        rows: Rows used.
        parameters: Parameters counted by the small-sample factor.
    """

    beta: Vector
    influence: Matrix
    sampling: Sampling
    rows: int
    parameters: int


@dataclass(frozen=True, slots=True, repr=False)
class Regressors:
    """What the outcome is regressed on.

    Attributes:
        by_group: Shape (k, G, T): regressors that units of a group share.
        group: Group of each unit, 0 … G-1, shape (n,), increasing.
        by_unit: Regressors of their own, shape (p, T, n).
    """

    by_group: NDArray[np.float64]
    group: IntVector
    by_unit: NDArray[np.float64]


def within_regression(
    y: Matrix, regressors: Regressors, weights: Vector, cluster: IntVector | None
) -> WithinFit:
    """Regress a balanced outcome on regressors by group and by unit, effects absorbed.

    Args:
        y: Outcome, shape (T, n).
        regressors: Regressors.
        weights: Weight of each unit, shape (n,).
        cluster: Clusters of units, or None: each unit its own.

    Raises:
        EstimationError: A regressor does not vary once the effects are absorbed, or they are
            collinear; one cluster.
    """
    bounds = np.searchsorted(regressors.group, np.arange(regressors.by_group.shape[1] + 1))
    slices = [slice(int(a), int(b)) for a, b in pairwise(bounds)]
    sizes = np.array([weights[part].sum() for part in slices])
    W = np.ones((y.shape[0], 1)) * weights
    inverse = period_system(W)
    D = _sweep(regressors.by_group, sizes)
    Z = np.array([residuals(z, W, inverse) for z in regressors.by_unit]).reshape(-1, *y.shape)
    _refuse_absorbed(regressors, D, Z)
    e = residuals(y, W, inverse)
    k = D.shape[0]
    gram, right = _normal_equations(D, Z, e, weights, slices, sizes)
    beta, solve = _solve(gram, right)
    for part, d in zip(slices, D.transpose(1, 2, 0), strict=True):
        e[:, part] -= (d @ beta[:k])[:, None]
    if len(Z):
        e -= np.tensordot(beta[k:], Z, axes=1)
    scores = np.empty((k + len(Z), y.shape[1]))
    for part, d in zip(slices, D.transpose(1, 0, 2), strict=True):
        scores[:k, part] = d @ e[:, part]
    for j, z in enumerate(Z):
        scores[k + j] = np.einsum("ti,ti->i", z, e)
    return clustered(beta, solve @ (scores * weights), cluster, y.size, y.shape[0])


def dense_regression(
    y: Matrix, X: NDArray[np.float64], W: Matrix, cluster: IntVector | None
) -> WithinFit:
    """Regress an outcome on k regressors, effects absorbed; units may be missing in periods.

    Args:
        y: Outcome, shape (T, n).
        X: Regressors, shape (k, T, n).
        W: Weights, shape (T, n); 0 where a unit is not seen.
        cluster: Clusters of units, or None: each unit its own.

    Raises:
        EstimationError: As `within_regression`.
    """
    inverse = period_system(W)
    Xt = np.array([residuals(x, W, inverse) for x in X])
    for x, xt in zip(X, Xt, strict=True):
        _refuse_flat(float((W * x * x).sum()), float((W * xt * xt).sum()))
    e = residuals(y, W, inverse)
    gram = np.einsum("ati,bti->ab", Xt * W, Xt, optimize=True)
    beta, solve = _solve(gram, np.einsum("ati,ti->a", Xt, W * e))
    e = e - np.tensordot(beta, Xt, axes=1)
    scores = np.einsum("ati,ti->ai", Xt, W * e)
    return clustered(beta, solve @ scores, cluster, int((W > 0).sum()), y.shape[0])


def clustered(
    beta: Vector, influence: Matrix, cluster: IntVector | None, rows: int, periods: int
) -> WithinFit:
    """Sum influence within clusters, with the factor (N-1)/(N-K) of fixest and pyfixest.

    K counts the coefficients and the period effects; unit effects, nested in clusters, are not
    counted. The factor G/(G-1) belongs to the sampling.
    """
    n = influence.shape[1]
    codes = np.arange(n) if cluster is None else cluster
    sampling = sampling_of(codes, n)
    if cluster is not None:
        influence = np.array([sampling.collapse(row) for row in influence])
    K = beta.size + periods
    if rows <= K:
        raise EstimationError(f"{rows} rows do not identify {K} parameters")
    factor = np.sqrt((rows - 1) / (rows - K))
    return WithinFit(beta, influence * factor, sampling, rows, K)


def _sweep(X: NDArray[np.float64], sizes: Vector) -> NDArray[np.float64]:
    """Take unit (here group) and period means out of regressors by group, shape (k, G, T)."""
    by_unit = X - X.mean(axis=2, keepdims=True)
    out: NDArray[np.float64] = by_unit - np.average(by_unit, axis=1, weights=sizes)[:, None, :]
    return out


def _normal_equations(
    D: NDArray[np.float64],
    Z: NDArray[np.float64],
    e: Matrix,
    weights: Vector,
    slices: list[slice],
    sizes: Vector,
) -> tuple[Matrix, Vector]:
    """Return X'WX and X'Wy of the two kinds of regressors together."""
    k, p = D.shape[0], Z.shape[0]
    gram = np.empty((k + p, k + p))
    flat = D.reshape(k, -1)
    gram[:k, :k] = (flat * np.repeat(sizes, D.shape[2])) @ flat.T
    right = np.empty(k + p)
    right[:k] = flat @ _group_sums(e, weights, slices).ravel()
    for j, z in enumerate(Z):
        gram[:k, k + j] = gram[k + j, :k] = flat @ _group_sums(z, weights, slices).ravel()
        right[k + j] = ((z * e) @ weights).sum()
    if p:
        gram[k:, k:] = np.einsum("ati,bti->ab", Z * weights, Z, optimize=True)
    return gram, right


def _group_sums(y: Matrix, weights: Vector, slices: list[slice]) -> Matrix:
    """Return weighted sums by group and period, shape (G, T)."""
    return np.array([y[:, part] @ weights[part] for part in slices])


def _solve(gram: Matrix, right: Vector) -> tuple[Vector, Matrix]:
    """Return the coefficients and the inverse of X'WX, or say that it has none."""
    message = (
        "the regressors are collinear once unit and period effects are absorbed "
        "(without never-treated units, event times are not all identified)"
    )
    inverse = whole_solver(gram, message).solve(np.eye(right.size))
    return inverse @ right, inverse


def _refuse_absorbed(
    regressors: Regressors, D: NDArray[np.float64], Z: NDArray[np.float64]
) -> None:
    for x, xt in zip(regressors.by_group, D, strict=True):
        _refuse_flat(float((x * x).sum()), float((xt * xt).sum()))
    for z, zt in zip(regressors.by_unit, Z, strict=True):
        _refuse_flat(float((z * z).sum()), float((zt * zt).sum()))


def _refuse_flat(before: float, after: float) -> None:
    if after <= _ABSORBED * before:
        raise EstimationError(
            "a regressor does not vary once unit and period effects are absorbed: the treatment "
            "(or a covariate) must change over time, and not for all units at once"
        )
