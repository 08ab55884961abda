"""Effects by group and time when units adopt one after another (Callaway, Sant'Anna, 2021).

Callaway and Sant'Anna (2021), Difference-in-differences with multiple time periods, Journal of
Econometrics 225(2), 200-230, doi:10.1016/j.jeconom.2020.12.001; appendix B for cross-sections.
Units lie sorted by first treated period, so that every group and every comparison group is a slice,
and no unit is ever copied where there is no covariate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.group_time import (
    GroupTime,
    GroupTimeCell,
    RolloutOptions,
    RolloutUnits,
    plan_cells,
    sort_out,
)
from evalml.methods.two_period import CovariateTerms, Score, fit_odds, panel_att, sections_att
from evalml.methods.variance import Sampling, sampling_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.methods.group_time import Incomplete
    from evalml.methods.panel import CrossSections, PanelTable


@dataclass(frozen=True, slots=True, repr=False)
class _CellStore:
    """Results of the cells, filled one after another.

    Attributes:
        influence: One row per cell, preallocated; zero where a unit plays no part.
        sampling: What was sampled.
        cells: The cells estimated so far.
        estimate: Their effects.
        n_treated: Their treated units.
        n_comparison: Their comparison units.
        compared: How many of those were sampled independently (units, or clusters).
        skipped: The cells that could not be estimated, and why.
    """

    influence: Matrix
    sampling: Sampling
    cells: list[GroupTimeCell] = field(default_factory=list)
    estimate: list[float] = field(default_factory=list)
    n_treated: list[int] = field(default_factory=list)
    n_comparison: list[int] = field(default_factory=list)
    compared: list[int] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def empty(cls, size: int, sampling: Sampling) -> _CellStore:
        """Return a store for `size` cells."""
        return cls(np.zeros((size, sampling.n)), sampling)

    def add(
        self,
        cell: GroupTimeCell,
        att: float,
        parts: list[tuple[slice, Vector]],
        counts: tuple[int, int, int],
    ) -> None:
        """Write one cell: its influence goes straight to its row."""
        row = self.influence[len(self.cells)]
        codes = self.sampling.cluster
        for rows, values in parts:
            if codes is None:
                row[rows] = values
            else:
                row += np.bincount(codes[rows], weights=values, minlength=row.size)
        self.cells.append(cell)
        self.estimate.append(att)
        self.n_treated.append(counts[0])
        self.n_comparison.append(counts[1])
        self.compared.append(counts[2])

    def skip(self, cell: GroupTimeCell, time: float, reason: str, incomplete: Incomplete) -> None:
        """Note a cell that cannot be estimated, where leaving it out was asked for.

        Raises:
            EstimationError: It was not.
        """
        if incomplete == "refuse":
            raise EstimationError(
                f"the effect of the group first treated in {cell.group:g} at {time:g} cannot be "
                f"estimated: {reason}; or leave such effects out (--incomplete leave_out), and the "
                "averages are those of the others"
            )
        self.skipped.append({"group": cell.group, "time": float(time), "reason": reason})

    def finish(
        self, method: str, work: _Units | _Rows, units: RolloutUnits, counts: dict[str, Any]
    ) -> GroupTime:
        """Put the cells together with the size of each group.

        Raises:
            EstimationError: No cell could be estimated.
        """
        if not self.cells:
            reason = self.skipped[0]["reason"]
            raise EstimationError(f"no effect by group and time can be estimated: {reason}")
        group = np.array([cell.group for cell in self.cells])
        time = units.periods[[cell.time for cell in self.cells]]
        groups, place = np.unique(group, return_inverse=True)
        sizes = [group_size(work, g) for g in groups]
        sampled = np.array([k for _, _, k in sizes])
        zero = np.array([cell.base == cell.time for cell in self.cells])
        alone = (sampled[place] < 2) | (np.array(self.compared) < 2)  # noqa: PLR2004
        return GroupTime(
            method=method,
            group=group,
            time=time,
            event_time=time - group,
            estimate=np.array(self.estimate),
            influence=self.influence[: len(self.cells)],
            mean_treated=np.array([work.mean(cell.group, cell.time) for cell in self.cells]),
            n_treated=np.array(self.n_treated, dtype=np.int64),
            n_comparison=np.array(self.n_comparison, dtype=np.int64),
            weight=np.array([share for share, _, _ in sizes])[place],
            weight_influence=np.array([influence for _, influence, _ in sizes]),
            judged=~zero & ~alone,
            sampling=self.sampling,
            details=self._details(units, counts, int((alone & ~zero).sum())),
        )

    def _details(self, units: RolloutUnits, counts: dict[str, Any], alone: int) -> dict[str, Any]:
        """Gather the counts and the warnings."""
        warnings = [*units.warnings, *self.sampling.warnings()]
        if alone:
            warnings.append(
                f"{alone} effects by group and time rest on one treated or comparison unit or "
                "cluster: no standard error of their own"
            )
        if self.skipped:
            warnings.append(
                f"{len(self.skipped)} effects by group and time could not be estimated and were "
                "left out: an average over their group or time is that of the others only"
            )
        clusters = None if self.sampling.cluster is None else self.sampling.n
        return {
            **counts,
            **units.counts,
            "clusters": clusters,
            "skipped": self.skipped,
            "warnings": warnings,
        }


def group_size(work: _Units | _Rows, group: float) -> tuple[float, Vector, int]:
    """Return the share of a group, the influence on it, and how many were sampled in it."""
    rows = work.group(group)
    member = np.zeros(work.weights.size)
    member[rows] = work.weights[rows]
    share = float(member.sum())
    codes: IntVector | None = work.sampling.cluster
    sampled = rows.stop - rows.start if codes is None else np.unique(codes[rows]).size
    return share, work.sampling.collapse(member - work.weights * share), int(sampled)


_LARGEST = 250_000_000
CellEffect: TypeAlias = "tuple[float, list[tuple[slice, Vector]], tuple[int, int, int]]"
"""The effect of a cell, the influence of its rows, and its counts."""


def callaway_santanna(panel: PanelTable, options: RolloutOptions | None = None) -> GroupTime:
    """Return the effect of each group at each time.

    Args:
        panel: Balanced panel.
        options: Comparison group, covariates, anticipation, base period.

    Raises:
        EstimationError: Nobody to compare with, one cluster, a cell that cannot be estimated.
    """
    options = RolloutOptions() if options is None else options
    units = sort_out(panel.first_treated, panel.periods, options)
    return _every_cell(_Units.of(panel, units), units, options, panel.counts)


def callaway_santanna_sections(
    sections: CrossSections, options: RolloutOptions | None = None
) -> GroupTime:
    """Return the effect of each group at each time, each row being another person.

    Args:
        sections: Repeated cross-sections.
        options: Comparison group, covariates, anticipation, base period.

    Raises:
        EstimationError: Nobody to compare with, one cluster, a cell that cannot be estimated, or
            too many rows to keep the influence of each (then name the clusters).
    """
    options = RolloutOptions() if options is None else options
    units = sort_out(sections.first_treated, np.unique(sections.time), options)
    work = _Rows.of(sections, units)
    cells = len(plan_cells(units.groups, units.periods, options))
    if cells * work.sampling.n > _LARGEST:
        raise EstimationError(
            f"{cells} effects of {work.sampling.n} rows each do not fit in memory; "
            "name the clusters (such as the mission locale)"
        )
    counts = {"sampling": "repeated cross-sections"} | sections.counts
    return _every_cell(work, units, options, counts)


def _every_cell(
    work: _Units | _Rows, units: RolloutUnits, options: RolloutOptions, counts: dict[str, Any]
) -> GroupTime:
    """Estimate one cell after another."""
    cells = plan_cells(units.groups, units.periods, options)
    store = _CellStore.empty(len(cells), work.sampling)
    for cell in cells:
        try:
            store.add(cell, *work.estimate(cell, options, units))
        except EstimationError as error:
            store.skip(cell, units.periods[cell.time], str(error), options.incomplete)
    return store.finish("callaway_santanna", work, units, counts)


def _limit(cell: GroupTimeCell, options: RolloutOptions, units: RolloutUnits) -> float:
    """Return the period up to which a unit first treated cannot be compared with in a cell."""
    if options.control == "not_yet":
        return float(units.periods[max(cell.time, cell.base)] + options.anticipation)
    return units.never_from


def _slice_of(first: Vector, group: float) -> slice:
    left, right = np.searchsorted(first, [group, np.nextafter(group, np.inf)])
    return slice(int(left), int(right))


@dataclass(frozen=True, slots=True, repr=False)
class _Units:
    """The usable units as sorted arrays, and the last score fitted."""

    outcome: Matrix
    first: Vector
    covariates: NDArray[np.float64]
    weights: Vector
    cluster: IntVector | None
    sampling: Sampling
    terms: CovariateTerms
    scores: dict[tuple[object, ...], Score] = field(default_factory=dict)

    @classmethod
    def of(cls, panel: PanelTable, units: RolloutUnits) -> _Units:
        """Leave out the units that cannot be used: they come first."""
        drop = int((~units.usable).sum())
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
        return _slice_of(self.first, group)

    def mean(self, group: float, time: int) -> float:
        """Return the mean outcome of a group at a time."""
        rows = self.group(group)
        return float(np.average(self.outcome[time, rows], weights=self.weights[rows]))

    def comparison(
        self, cell: GroupTimeCell, options: RolloutOptions, units: RolloutUnits
    ) -> tuple[slice, ...]:
        """Return where the comparison units of a cell lie: one slice, or two around the group."""
        start = int(np.searchsorted(self.first, _limit(cell, options, units), side="right"))
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

    def estimate(
        self, cell: GroupTimeCell, options: RolloutOptions, units: RolloutUnits
    ) -> CellEffect:
        """Return the effect of a cell, the influence of its units, and its counts."""
        comparison = self.comparison(cell, options, units)
        return _compare(cell, self.group(cell.group), comparison, self, options)


def _compare(
    cell: GroupTimeCell,
    treated: slice,
    comparison: tuple[slice, ...],
    work: _Units,
    options: RolloutOptions,
) -> CellEffect:
    counts = (_size([treated]), _size(comparison), work.sampling.count(comparison))
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
    cell: GroupTimeCell, treated: slice, comparison: tuple[slice, ...], work: _Units
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


def _change(cell: GroupTimeCell, rows: slice, work: _Units) -> Vector:
    out: Vector = work.outcome[cell.time, rows] - work.outcome[cell.base, rows]
    return out


def _score(
    cell: GroupTimeCell,
    rows: tuple[slice, ...],
    X: Matrix,
    D: Vector,
    weights: Vector,
    work: _Units,
) -> Score:
    """Fit the score of a group against a comparison group once, whatever the period."""
    moving = cell.base if work.covariates.shape[0] > 1 else -1
    key = (moving, *((part.start, part.stop) for part in rows))
    if key not in work.scores:
        work.scores.clear()
        work.scores[key] = fit_odds(X, D, weights, work.terms)
    return work.scores[key]


@dataclass(frozen=True, slots=True, repr=False)
class _Rows:
    """Usable rows sorted by first treated period, then period."""

    outcome: Vector
    first: Vector
    period: IntVector
    starts: IntVector
    covariates: Matrix
    weights: Vector
    sampling: Sampling
    terms: CovariateTerms

    @classmethod
    def of(cls, sections: CrossSections, units: RolloutUnits) -> _Rows:
        """Sort the rows that can be used."""
        periods, code = np.unique(sections.time, return_inverse=True)
        del units.counts["units_never_treated"]
        rows = np.lexsort((code, sections.first_treated))
        rows = rows[units.usable[rows]]
        cluster = None
        if sections.cluster is not None:
            cluster = np.unique(sections.cluster[rows], return_inverse=True)[1]
        first = sections.first_treated[rows]
        group = np.unique(first, return_inverse=True)[1]
        place = group * periods.size + code[rows]
        cells = (int(group.max()) + 1) * periods.size
        return cls(
            outcome=sections.outcome[rows],
            first=first,
            period=code[rows].astype(np.int64),
            starts=np.searchsorted(place, np.arange(cells + 1)),
            covariates=sections.covariates[rows],
            weights=sections.weights[rows] / sections.weights[rows].sum(),
            sampling=sampling_of(cluster, rows.size),
            terms=sections.terms,
        )

    def group(self, group: float) -> slice:
        """Return where the rows of a group lie."""
        return _slice_of(self.first, group)

    def at(self, group: int, time: int) -> slice:
        """Return where the rows of a group (by its rank) at a time lie."""
        length = int(self.period.max()) + 1
        place = group * length + time
        return slice(int(self.starts[place]), int(self.starts[place + 1]))

    def mean(self, group: float, time: int) -> float:
        """Return the mean outcome of a group at a time."""
        rows = self.at(int(np.searchsorted(np.unique(self.first), group)), time)
        if rows.stop == rows.start:
            return float("nan")
        return float(np.average(self.outcome[rows], weights=self.weights[rows]))

    def estimate(
        self, cell: GroupTimeCell, options: RolloutOptions, units: RolloutUnits
    ) -> CellEffect:
        """Return the effect of a cell, the influence of its rows, and its counts at its period."""
        known = np.unique(self.first)
        own = int(np.searchsorted(known, cell.group))
        limit = _limit(cell, options, units)
        others = [int(k) for k in np.flatnonzero((known > limit) & (known != cell.group))]
        now, then = (
            [self.at(own, time), *(self.at(k, time) for k in others)]
            for time in (cell.time, cell.base)
        )
        counts = (_size(now[:1]), _size(now[1:]), self.sampling.count(tuple(now[1:])))
        if cell.base == cell.time:
            return 0.0, [], counts
        if min(*counts, _size(then[:1]), _size(then[1:])) == 0:
            raise EstimationError(
                "a group has no row in one of the two periods, or nobody is left who is not yet "
                "treated"
            )
        rows = [*now, *then]
        y = np.concatenate([self.outcome[part] for part in rows])
        X = np.concatenate([self.covariates[part] for part in rows])
        X = np.hstack([np.ones((y.size, 1)), X])
        post = np.concatenate([np.ones(_size(now)), np.zeros(_size(then))])
        D = np.concatenate(
            [np.full(_size([part]), float(k % len(now) == 0)) for k, part in enumerate(rows)]
        )
        weights = np.concatenate([self.weights[part] for part in rows])
        method = options.est_method if X.shape[1] > 1 else "reg"
        att = sections_att(y, D, post, X, weights, method, self.terms)
        ends = np.cumsum([_size([part]) for part in rows])[:-1]
        return att.att, list(zip(rows, np.split(att.influence, ends), strict=True)), counts


def _size(parts: Iterable[slice]) -> int:
    return sum(part.stop - part.start for part in parts)
