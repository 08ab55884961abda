"""Regressions with unit and period effects: two-way, event study, by group and period.

Unit effects are concentrated out, so that only a system of T periods is solved: no iteration, no
tolerance, the same bytes at each run.

Two kinds of regressors: those that are the same for all units of a group (treatment dates), kept
as small tables by group and period, and those that differ between units (covariates).

Kept because reports ask for it, and to be shown beside methods that are not biased: Goodman-Bacon
(2021), doi:10.1016/j.jeconom.2021.03.014; de Chaisemartin and D'Haultfoeuille (2020),
doi:10.1257/aer.20181169.

Sun and Abraham (2021), Estimating dynamic treatment effects in event studies with heterogeneous
treatment effects, Journal of Econometrics 225(2), 175-199, doi:10.1016/j.jeconom.2020.09.006.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.group_time import Aggregate, GroupTime, RolloutOptions, RolloutUnits, sort_out
from evalml.methods.regression import whole_solver
from evalml.methods.variance import Sampling, sampling_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.methods.panel import PanelTable


def period_system(W: Matrix) -> Matrix:
    """Return the pseudo-inverse of the system that period effects solve, shape (T, T).

    `W`: weight of each unit in each period, shape (T, n); 0 where it does not count.
    """
    A = np.diag(W.sum(axis=1)) - (W / _totals(W)) @ W.T
    return np.asarray(np.linalg.pinv(A, rcond=1e-10, hermitian=True), dtype=np.float64)


def fixed_effects(y: Matrix, W: Matrix, inverse: Matrix) -> tuple[Vector, Vector]:
    """Return the unit effects, shape (n,), and the period effects, shape (T,), of `y`.

    `W`: weights, shape (T, n); `inverse`: `period_system(W)`.
    """
    totals = _totals(W)
    weighted = W * y
    means = weighted.sum(axis=0) / totals
    beta = inverse @ (weighted.sum(axis=1) - W @ means)
    alpha = means - (beta @ W) / totals
    return alpha, beta


def residuals(y: Matrix, W: Matrix, inverse: Matrix) -> Matrix:
    """Return `y` without its unit and period effects, shape (T, n); defined where W is 0 too."""
    alpha, beta = fixed_effects(y, W, inverse)
    return y - alpha - beta[:, None]


def _totals(W: Matrix) -> Vector:
    total = W.sum(axis=0)
    return np.where(total > 0, total, 1.0)


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

    `y`: outcome, shape (T, n); `weights`: weight of each unit, shape (n,); `cluster`: clusters of
    units, or None: each unit its own.
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

    `y`: outcome, shape (T, n); `X`: regressors, shape (k, T, n); `W`: weights, shape (T, n); 0
    where a unit is not seen; `cluster`: clusters of units, or None: each unit its own.
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


_WARNING = (
    "two-way fixed effects compare units already treated with each other: biased when effects "
    "differ by group or over time"
)


def twfe(panel: PanelTable) -> Aggregate:
    """Return the coefficient of "treated by now" in a regression with unit and period effects.

    Args:
        panel: Balanced panel; covariates that move enter linearly.

    Raises:
        EstimationError: No unit changes its treatment, collinearity, one cluster.
    """
    first, group = np.unique(panel.first_treated, return_inverse=True)
    treated = (panel.periods >= first[:, None]).astype(np.float64)
    fit = within_regression(
        panel.outcome,
        Regressors(treated[None], group, moving_covariates(panel)),
        panel.weights,
        panel.cluster,
    )
    return _two_way_cells(panel, fit, np.empty(0))


def twfe_event_study(panel: PanelTable, anticipation: int = 0) -> Aggregate:
    """Return coefficients by event time, the last untreated period being the reference.

    The overall effect is the mean of the coefficients from treatment on.

    `anticipation`: periods before treatment in which units may already react; the reference lies
    before them.
    """
    units = sort_out(panel.first_treated, panel.periods, RolloutOptions(anticipation=anticipation))
    drop = int((~units.usable).sum())
    finite = np.where(
        panel.first_treated[drop:] > panel.periods[-1], np.inf, panel.first_treated[drop:]
    )
    first, group = np.unique(finite, return_inverse=True)
    event = panel.periods - first[:, None]
    times = np.unique(event[np.isfinite(event)])
    before = times[times < -anticipation]
    if before.size == 0:
        raise EstimationError("no treated unit is seen before treatment: there is no reference")
    reference = before[-1]
    keys = times[times != reference]
    cluster = None if panel.cluster is None else panel.cluster[drop:]
    fit = within_regression(
        panel.outcome[:, drop:],
        Regressors(
            (event == keys[:, None, None]).astype(np.float64),
            group,
            moving_covariates(panel)[:, :, drop:],
        ),
        panel.weights[drop:],
        None if cluster is None else np.unique(cluster, return_inverse=True)[1],
    )
    return _two_way_cells(panel, fit, keys, [*units.warnings])


def moving_covariates(panel: PanelTable) -> NDArray[np.float64]:
    """Return the covariates that change over time, shape (p, T, n); the others are absorbed."""
    values = panel.covariates
    if values.shape[0] == 1:
        return np.empty((0, *panel.outcome.shape))
    moves = (values != values[:1]).any(axis=(0, 1))
    return np.ascontiguousarray(values[:, :, moves].transpose(2, 0, 1))


def _two_way_cells(
    panel: PanelTable, fit: WithinFit, keys: Vector, warnings: list[str] | None = None
) -> Aggregate:
    """Put the coefficients of interest, and their average after treatment, in the common form."""
    k = max(keys.size, 1)
    estimate, influence = fit.beta[:k], fit.influence[:k]
    if keys.size:
        mix = (keys >= 0) / max((keys >= 0).sum(), 1)
        estimate = np.append(estimate, mix @ estimate)
        influence = np.vstack([influence, mix @ influence])
    event_time = np.append(keys, np.nan)
    none = np.full(event_time.size, np.nan)
    post = panel.periods[:, None] >= panel.first_treated
    ever = np.isfinite(panel.first_treated) & post.any(axis=0)
    codes = np.arange(ever.size) if panel.cluster is None else panel.cluster
    sampled = np.unique(codes[ever]).size
    mean = float((panel.outcome * post).sum() / post.sum()) if post.any() else float("nan")
    return Aggregate(
        method="twfe",
        kind="dynamic" if keys.size else "simple",
        group=none,
        time=none,
        event_time=event_time,
        estimate=estimate,
        influence=influence,
        mean_treated=np.full(event_time.size, mean),
        n_treated=np.full(event_time.size, int(ever.sum())),
        n_comparison=np.full(event_time.size, int((~ever).sum())),
        judged=np.full(event_time.size, sampled > 1),
        sampling=fit.sampling,
        details={
            **panel.counts,
            "clusters": fit.sampling.n,
            "parameters": fit.parameters,
            "warnings": [
                _WARNING,
                *(warnings or []),
                *["one treated unit or cluster only: no standard error"] * (sampled < 2),  # noqa: PLR2004
                *fit.sampling.warnings(),
            ],
        },
    )


def sun_abraham(panel: PanelTable, anticipation: int = 0) -> GroupTime:
    """Return the effect of each group at each period from one saturated regression.

    Compared with never-treated units, or, where there is none, with the last group until it is
    treated. Aggregated by `aggregate`, with the shares of the groups taken as fixed.

    Args:
        panel: Balanced panel; covariates that move enter linearly.
        anticipation: Periods before treatment in which units may already react.

    Raises:
        EstimationError: Nobody to compare with, collinearity, one cluster.
    """
    options = RolloutOptions(anticipation=anticipation)
    never = bool((panel.first_treated > panel.periods[-1] + anticipation).any())
    options = options if never else RolloutOptions("not_yet", anticipation=anticipation)
    units = sort_out(panel.first_treated, panel.periods, options)
    drop, T = int((~units.usable).sum()), units.periods.size
    first = panel.first_treated[drop:]
    code = np.minimum(np.searchsorted(units.groups, first), units.groups.size)
    known = units.groups[np.minimum(code, units.groups.size - 1)] == first
    code = np.where(known, code, units.groups.size)
    pairs = [
        (g, t)
        for g, group in enumerate(units.groups)
        for t in range(T)
        if t != int(np.searchsorted(units.periods + anticipation, group)) - 1
    ]
    dummies = np.zeros((len(pairs), units.groups.size + 1, T))
    for row, (g, t) in enumerate(pairs):
        dummies[row, g, t] = 1.0
    cluster = None
    if panel.cluster is not None:
        cluster = np.unique(panel.cluster[drop:], return_inverse=True)[1]
    fit = within_regression(
        panel.outcome[:T, drop:],
        Regressors(dummies, code, moving_covariates(panel)[:, :T, drop:]),
        panel.weights[drop:],
        cluster,
    )
    return _saturated_cells(panel, units, np.array(pairs), code, fit)


def _saturated_cells(
    panel: PanelTable, units: RolloutUnits, pairs: IntVector, code: IntVector, fit: WithinFit
) -> GroupTime:
    """Put the coefficients by group and period in the common form."""
    drop, T = int((~units.usable).sum()), units.periods.size
    y, weights = panel.outcome[:T, drop:], panel.weights[drop:]
    size = np.bincount(code, minlength=units.groups.size + 1)
    if size[-1] == 0:
        raise EstimationError("nobody is left to compare with")
    mass = np.bincount(code, weights=weights)
    sums = np.array([np.bincount(code, weights=weights * row, minlength=mass.size) for row in y])
    sampled = _sampled(fit, code, units.groups.size + 1)
    g, t = pairs.T
    alone = int((sampled < 2).sum())  # noqa: PLR2004
    judged = (sampled[g] > 1) & (sampled[-1] > 1)
    warnings = [*units.warnings, *fit.sampling.warnings()]
    if alone:
        warnings.append(
            f"{alone} groups (or the comparison) of one unit or cluster: no standard error"
        )
    return GroupTime(
        method="sun_abraham",
        group=units.groups[g],
        time=units.periods[t],
        event_time=units.periods[t] - units.groups[g],
        estimate=fit.beta[: g.size],
        influence=fit.influence[: g.size],
        mean_treated=(sums / mass)[t, g],
        n_treated=size[g],
        n_comparison=np.full(g.size, size[-1]),
        weight=mass[g] / mass.sum(),
        judged=judged,
        sampling=fit.sampling,
        details={
            **panel.counts,
            **units.counts,
            "clusters": fit.sampling.n,
            "parameters": fit.parameters,
            "warnings": warnings,
        },
    )


def _sampled(fit: WithinFit, code: IntVector, groups: int) -> Vector:
    """Count the clusters with a unit of each group."""
    cluster = fit.sampling.cluster
    codes = np.arange(code.size) if cluster is None else cluster
    pairs = np.unique(np.stack([code, codes]), axis=1)[0]
    return np.bincount(pairs, minlength=groups).astype(np.float64)
