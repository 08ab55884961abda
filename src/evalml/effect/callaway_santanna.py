"""Effects by group and time when areas adopt one after another, on a balanced panel.

Callaway and Sant'Anna (2021), Difference-in-differences with multiple time periods, Journal of
Econometrics 225(2), 200-230, doi:10.1016/j.jeconom.2020.12.001. Units lie sorted by first treated
period, so that every group and every comparison group is a slice, and no unit is ever copied
where there is no covariate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.cell_store import CellStore
from evalml.effect.group_time import Cell, GroupTime, RolloutOptions, plan_cells
from evalml.effect.nuisance import Score, Terms, fit_odds
from evalml.effect.panel_variance import Sampling, sampling_of
from evalml.effect.rollout_units import RolloutUnits, sort_out
from evalml.effect.two_period import panel_att
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.effect.panel_table import PanelTable


def callaway_santanna(panel: PanelTable, options: RolloutOptions | None = None) -> GroupTime:
    """Return the effect of each group at each time.

    Args:
        panel: Balanced panel.
        options: Comparison group, covariates, anticipation, base period.

    Raises:
        EstimationError: Nobody to compare with, one cluster, no cell that can be estimated.
    """
    options = RolloutOptions() if options is None else options
    units = sort_out(panel.first_treated, panel.periods, options)
    work = _Work.of(panel, units)
    cells = plan_cells(units.groups, units.periods, options)
    store = CellStore.empty(len(cells), work.sampling)
    for cell in cells:
        comparison = work.comparison(cell, options, units)
        try:
            store.add(cell, *_estimate(cell, work.group(cell.group), comparison, work, options))
        except EstimationError as error:
            store.skip(cell, units.periods[cell.time], str(error), options.incomplete)
    return store.finish("callaway_santanna", work, units, panel.counts)


@dataclass(frozen=True, slots=True, repr=False)
class _Work:
    """The usable units as sorted arrays, and the last score fitted."""

    outcome: Matrix
    first: Vector
    covariates: NDArray[np.float64]
    weights: Vector
    cluster: IntVector | None
    sampling: Sampling
    terms: Terms
    scores: dict[tuple[object, ...], Score] = field(default_factory=dict)

    @classmethod
    def of(cls, panel: PanelTable, units: RolloutUnits) -> _Work:
        """Leave out the units that cannot be used: they come first."""
        drop = int((~units.keep).sum())
        cluster = None if panel.cluster is None else panel.cluster[drop:]
        if cluster is not None and drop:
            cluster = np.unique(cluster, return_inverse=True)[1]
        weights = panel.weights[drop:]
        return cls(
            outcome=panel.outcome[:, drop:],
            first=panel.first_treated[drop:],
            covariates=panel.covariates[:, drop:],
            weights=weights / weights.sum(),
            cluster=cluster,
            sampling=sampling_of(cluster, weights.size),
            terms=panel.terms,
        )

    def group(self, group: float) -> slice:
        """Return where the units of a group lie."""
        left, right = np.searchsorted(self.first, [group, np.nextafter(group, np.inf)])
        return slice(int(left), int(right))

    def mean(self, group: float, time: int) -> float:
        """Return the mean outcome of a group at a time."""
        rows = self.group(group)
        return float(np.average(self.outcome[time, rows], weights=self.weights[rows]))

    def comparison(
        self, cell: Cell, options: RolloutOptions, units: RolloutUnits
    ) -> tuple[slice, ...]:
        """Return where the comparison units of a cell lie: one slice, or two around the group."""
        limit = units.never_from
        if options.control == "not_yet":
            limit = float(units.periods[max(cell.time, cell.base)] + options.anticipation)
        start = int(np.searchsorted(self.first, limit, side="right"))
        own = self.group(cell.group)
        parts: tuple[slice, ...] = (slice(start, self.first.size),)
        if own.start >= start:
            parts = (slice(start, own.start), slice(own.stop, self.first.size))
        return tuple(part for part in parts if part.stop > part.start)

    def design(self, base: int, rows: tuple[slice, ...]) -> Matrix:
        """Return the constant and the covariates of the base period."""
        X = self.covariates[base if self.covariates.shape[0] > 1 else 0]
        stacked = np.concatenate([X[part] for part in rows])
        return np.hstack([np.ones((stacked.shape[0], 1)), stacked])


def _estimate(
    cell: Cell,
    treated: slice,
    comparison: tuple[slice, ...],
    work: _Work,
    options: RolloutOptions,
) -> tuple[float, list[tuple[slice, Vector]], tuple[int, int, int]]:
    """Return the effect of a cell, the influence of its units, and its two counts."""
    size = sum(part.stop - part.start for part in comparison)
    counts = (treated.stop - treated.start, size, work.sampling.count(comparison))
    if cell.base == cell.time:
        return 0.0, [], counts
    if not counts[1]:
        raise EstimationError("nobody is left who is not yet treated")
    if work.covariates.shape[2] == 0:
        return *_means(cell, treated, comparison, work), counts
    rows = (treated, *comparison)
    X = work.design(cell.base, rows)
    dy = np.concatenate([_change(cell, part, work) for part in rows])
    weights = np.concatenate([work.weights[part] for part in rows])
    D = np.zeros(dy.size)
    D[: counts[0]] = 1.0
    fitted = options.est_method in {"dr", "ipw"}
    score = None if not fitted else _score(cell, rows, X, D, weights, work)
    att = panel_att(dy, D, X, weights, options.est_method, score, work.terms)
    ends = np.cumsum([part.stop - part.start for part in rows])[:-1]
    return att.att, list(zip(rows, np.split(att.influence, ends), strict=True)), counts


def _means(
    cell: Cell, treated: slice, comparison: tuple[slice, ...], work: _Work
) -> tuple[float, list[tuple[slice, Vector]]]:
    """Difference of the mean changes: equation 2.8 of the paper without covariates."""
    change = _change(cell, treated, work)
    weights = work.weights[treated]
    share = weights / weights.sum()
    mean = float(share @ change)
    parts = [(treated, share * (change - mean))]
    changes = [_change(cell, part, work) for part in comparison]
    total = sum(float(work.weights[part].sum()) for part in comparison)
    shares = [work.weights[part] / total for part in comparison]
    other = sum(float(s @ c) for s, c in zip(shares, changes, strict=True))
    for part, s, c in zip(comparison, shares, changes, strict=True):
        parts.append((part, s * (other - c)))
    return mean - other, parts


def _change(cell: Cell, rows: slice, work: _Work) -> Vector:
    out: Vector = work.outcome[cell.time, rows] - work.outcome[cell.base, rows]
    return out


def _score(
    cell: Cell, rows: tuple[slice, ...], X: Matrix, D: Vector, weights: Vector, work: _Work
) -> Score:
    """Fit the score of a group against a comparison group once, whatever the period."""
    moving = cell.base if work.covariates.shape[0] > 1 else -1
    key = (moving, *((part.start, part.stop) for part in rows))
    if key not in work.scores:
        work.scores.clear()
        work.scores[key] = fit_odds(X, D, weights, work.terms)
    return work.scores[key]
