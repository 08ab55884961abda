"""Effects by imputing what treated units would have had, from untreated rows alone.

Borusyak, Jaravel and Spiess (2024), Revisiting event-study designs: robust and efficient
estimation, Review of Economic Studies 91(6), 3253-3285, doi:10.1093/restud/rdae007. Gardner (2022),
Two-stage differences in differences, arXiv:2207.05943.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.fixed_effects import fixed_effects, moving_covariates, period_system
from evalml.methods.group_time import GroupTime, RolloutOptions, RolloutUnits, sort_out
from evalml.methods.regression import whole_solver
from evalml.methods.variance import Sampling, sampling_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.methods.panel import PanelTable


def imputation(panel: PanelTable, anticipation: int = 0, *, two_stage: bool = False) -> GroupTime:
    """Return the effect of each group at each period from treatment on.

    Unit and period effects (and covariates that move) are fitted on untreated rows; the effect
    is what remains of treated rows. The variance is the conservative one of equation 7, with
    auxiliary effects averaged by group and period; shares of the groups are taken as fixed.

    Args:
        panel: Balanced panel.
        anticipation: Periods before treatment whose rows are not used as untreated.
        two_stage: Error of the two-stage regression of Gardner (2022), did2s: the residuals of the
            treated rows are taken around the average that is read, not around that of their group
            and period. The estimates are the same.

    Raises:
        EstimationError: Nobody untreated is left in any period after a treatment, one cluster.
    """
    options = RolloutOptions("not_yet", anticipation=anticipation)
    units = _units(panel, options)
    work = _Work.of(panel, units, anticipation)
    cells = [
        (g, t)
        for g in range(units.groups.size)
        for t in range(panel.periods.size)
        if panel.periods[t] >= units.groups[g]
    ]
    used = [(g, t) for g, t in cells if work.known[t]]
    if not used:
        raise EstimationError("no untreated unit is left in any period after a treatment")
    fit = _Fit.of(work)
    estimates, influence = _effects(work, fit, np.array(used))
    found = _read(panel, units, work, np.array(used), estimates, influence, len(cells) - len(used))
    if not two_stage:
        return found
    return replace(found, method="did2s", weight_influence=_sizes(work, np.unique(found.group)))


def _sizes(work: _Work, groups: Vector) -> Matrix:
    """Return the weight of each unit (or cluster) in each group, shape (G, m)."""
    share = work.weights / work.weights.sum()
    return np.array([work.sampling.collapse(share * (work.first == g)) for g in groups])


def _units(panel: PanelTable, options: RolloutOptions) -> RolloutUnits:
    """As `sort_out`, but the last group keeps its effects while others are untreated."""
    units = sort_out(panel.first_treated, panel.periods, options)
    first = panel.first_treated[units.usable]
    groups = np.unique(first[first <= panel.periods[-1]])
    return RolloutUnits(
        units.usable, groups, panel.periods, units.never_from, units.counts, units.warnings
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Work:
    """Usable units, which rows are untreated, and in which periods there are any."""

    y: Matrix
    Z: NDArray[np.float64]
    first: Vector
    weights: Vector
    untreated: Matrix
    known: BoolVector
    groups: tuple[slice, ...]
    sampling: Sampling

    @classmethod
    def of(cls, panel: PanelTable, units: RolloutUnits, anticipation: int) -> _Work:
        """Leave out the units that cannot be used: they come first."""
        drop = int((~units.usable).sum())
        first = panel.first_treated[drop:]
        cluster = None
        if panel.cluster is not None:
            cluster = np.unique(panel.cluster[drop:], return_inverse=True)[1]
        untreated = panel.periods[:, None] + anticipation < first
        left = np.searchsorted(first, units.groups, side="left")
        right = np.searchsorted(first, units.groups, side="right")
        return cls(
            y=panel.outcome[:, drop:],
            Z=moving_covariates(panel)[:, :, drop:],
            first=first,
            weights=panel.weights[drop:],
            untreated=untreated.astype(np.float64),
            known=np.atleast_1d(untreated.any(axis=1)),
            groups=tuple(slice(int(a), int(b)) for a, b in zip(left, right, strict=True)),
            sampling=sampling_of(cluster, first.size),
        )


@dataclass(frozen=True, slots=True, repr=False)
class _Fit:
    """The model of untreated outcomes.

    Attributes:
        gap: Outcome less what was imputed, shape (T, n); the residual where untreated.
        Zgap: The same for each covariate, shape (p, T, n).
        inverse: Inverse of the period system, shape (T, T).
        Zinverse: Inverse of Z'WZ of the swept covariates in untreated rows, shape (p, p).
    """

    gap: Matrix
    Zgap: NDArray[np.float64]
    inverse: Matrix
    Zinverse: Matrix

    @classmethod
    def of(cls, work: _Work) -> _Fit:
        W = work.untreated * work.weights
        inverse = period_system(W)

        def sweep(y: Matrix) -> Matrix:
            alpha, beta = fixed_effects(y, W, inverse)
            return y - alpha - beta[:, None]

        gap = sweep(work.y)
        Zgap = np.array([sweep(z) for z in work.Z]).reshape(-1, *work.y.shape)
        gram = np.einsum("ati,bti->ab", Zgap * W, Zgap, optimize=True)
        message = "the covariates are collinear or do not move in untreated rows"
        Zinverse = whole_solver(gram, message).solve(np.eye(len(Zgap)))
        gamma = Zinverse @ np.einsum("ati,ti->a", Zgap, W * gap)
        return cls(gap - np.tensordot(gamma, Zgap, axes=1), Zgap, inverse, Zinverse)


def _effects(work: _Work, fit: _Fit, used: IntVector) -> tuple[Vector, Matrix]:
    """Return the effects of the cells and the influence of each unit (or cluster) on them."""
    W = work.untreated * work.weights
    shares = [work.weights[part] / work.weights[part].sum() for part in work.groups]
    estimates = np.array([fit.gap[t, work.groups[g]] @ shares[g] for g, t in used])
    contrasts = _contrasts(work, used)
    scores = -(contrasts @ fit.inverse) @ (W * fit.gap)
    if len(fit.Zgap):
        moved = np.array([fit.Zgap[:, t, work.groups[g]] @ shares[g] for g, t in used])
        scores -= moved @ fit.Zinverse @ np.einsum("ati,ti->ai", fit.Zgap, W * fit.gap)
    for row, (g, t) in enumerate(used):
        part = work.groups[g]
        scores[row, part] += shares[g] * (fit.gap[t, part] - estimates[row])
    if work.sampling.cluster is None:
        return estimates, scores
    return estimates, np.array([work.sampling.collapse(row) for row in scores])


def _contrasts(work: _Work, used: IntVector) -> Matrix:
    """Return the period effects an imputation rests on: its own less the unit's untreated mean."""
    out = np.zeros((len(used), work.y.shape[0]))
    for row, (g, t) in enumerate(used):
        untreated = work.untreated[:, work.groups[g].start]
        out[row] = -untreated / untreated.sum()
        out[row, t] += 1.0
    return out


def _read(
    panel: PanelTable,
    units: RolloutUnits,
    work: _Work,
    used: IntVector,
    estimates: Vector,
    influence: Matrix,
    lost: int,
) -> GroupTime:
    """Put the effects in the common form."""
    g, t = used.T
    size = np.array([part.stop - part.start for part in work.groups])
    codes = work.sampling.cluster
    sampled = (
        size if codes is None else np.array([np.unique(codes[part]).size for part in work.groups])
    )
    warnings = [*units.warnings, *work.sampling.warnings()]
    alone = int((sampled < 2).sum())  # noqa: PLR2004
    if alone:
        warnings.append(f"{alone} groups of one treated unit or cluster: no standard error")
    if lost:
        warnings.append(f"{lost} effects in periods without any untreated unit cannot be estimated")
    mass = np.array([work.weights[part].sum() for part in work.groups])
    return GroupTime(
        method="imputation",
        group=units.groups[g],
        time=panel.periods[t],
        event_time=panel.periods[t] - units.groups[g],
        estimate=estimates,
        influence=influence,
        mean_treated=np.array(
            [
                np.average(work.y[j, work.groups[i]], weights=work.weights[work.groups[i]])
                for i, j in used
            ]
        ),
        n_treated=size[g],
        n_comparison=work.untreated.sum(axis=1).astype(np.int64)[t],
        weight=mass[g] / work.weights.sum(),
        judged=(sampled[g] > 1) & (_left(work)[t] > 1),
        sampling=work.sampling,
        details={
            **panel.counts,
            **units.counts,
            "clusters": None if codes is None else work.sampling.n,
            "warnings": warnings,
        },
    )


def _left(work: _Work) -> IntVector:
    """Count the untreated units or clusters of each period, shape (T,)."""
    starts = [int(np.argmax(row)) if row.any() else row.size for row in work.untreated]
    n = work.first.size
    return np.array([work.sampling.count((slice(start, n),)) for start in starts])
