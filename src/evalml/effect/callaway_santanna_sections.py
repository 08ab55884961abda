"""Effects by group and time from repeated cross-sections: each row is another person.

Callaway and Sant'Anna (2021), appendix B; Sant'Anna and Zhao (2020) for each pair of periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.cell_store import CellStore
from evalml.effect.group_time import Cell, GroupTime, RolloutOptions, plan_cells
from evalml.effect.panel_variance import Sampling, sampling_of
from evalml.effect.rollout_units import RolloutUnits, sort_out
from evalml.effect.two_period import sections_att
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.effect.nuisance import Terms
    from evalml.effect.panel_table import CrossSections

_LARGEST = 250_000_000


def callaway_santanna_sections(
    sections: CrossSections, options: RolloutOptions | None = None
) -> GroupTime:
    """Return the effect of each group at each time.

    Args:
        sections: Repeated cross-sections.
        options: Comparison group, covariates, anticipation, base period.

    Raises:
        EstimationError: Nobody to compare with, one cluster, no cell that can be estimated, or
            too many rows to keep the influence of each (then name the clusters).
    """
    options = RolloutOptions() if options is None else options
    units = sort_out(sections.first_treated, np.unique(sections.time), options)
    work = _Work.of(sections, units)
    cells = plan_cells(units.groups, units.periods, options)
    if len(cells) * work.sampling.n > _LARGEST:
        raise EstimationError(
            f"{len(cells)} effects of {work.sampling.n} rows each do not fit in memory; "
            "name the clusters (such as the mission locale)"
        )
    store = CellStore.empty(len(cells), work.sampling)
    for cell in cells:
        try:
            store.add(cell, *_estimate(cell, work, options, units))
        except EstimationError as error:
            store.skip(cell, units.periods[cell.time], str(error), options.incomplete)
    counts = {"sampling": "repeated cross-sections"} | sections.counts
    return store.finish("callaway_santanna", work, units, counts)


@dataclass(frozen=True, slots=True, repr=False)
class _Work:
    """Usable rows sorted by first treated period, then period."""

    outcome: Vector
    first: Vector
    period: IntVector
    starts: IntVector
    covariates: Matrix
    weights: Vector
    sampling: Sampling
    terms: Terms

    @classmethod
    def of(cls, sections: CrossSections, units: RolloutUnits) -> _Work:
        """Sort the rows that can be used."""
        periods, code = np.unique(sections.time, return_inverse=True)
        del units.counts["units_never_treated"]
        rows = np.lexsort((code, sections.first_treated))
        rows = rows[units.keep[rows]]
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
        left, right = np.searchsorted(self.first, [group, np.nextafter(group, np.inf)])
        return slice(int(left), int(right))

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


def _estimate(
    cell: Cell, work: _Work, options: RolloutOptions, units: RolloutUnits
) -> tuple[float, list[tuple[slice, Vector]], tuple[int, int, int]]:
    """Return the effect of a cell, the influence of its rows, and its counts at its period."""
    known = np.unique(work.first)
    own = int(np.searchsorted(known, cell.group))
    limit = units.never_from
    if options.control == "not_yet":
        limit = float(units.periods[max(cell.time, cell.base)] + options.anticipation)
    others = [int(k) for k in np.flatnonzero((known > limit) & (known != cell.group))]
    now, then = (
        [work.at(own, time), *(work.at(k, time) for k in others)] for time in (cell.time, cell.base)
    )
    counts = (_size(now[:1]), _size(now[1:]), work.sampling.count(tuple(now[1:])))
    if cell.base == cell.time:
        return 0.0, [], counts
    if min(*counts, _size(then[:1]), _size(then[1:])) == 0:
        raise EstimationError(
            "a group has no row in one of the two periods, or nobody is left who is not yet treated"
        )
    rows = [*now, *then]
    y = np.concatenate([work.outcome[part] for part in rows])
    X = np.concatenate([work.covariates[part] for part in rows])
    X = np.hstack([np.ones((y.size, 1)), X])
    post = np.concatenate([np.ones(_size(now)), np.zeros(_size(then))])
    D = np.concatenate(
        [np.full(_size([part]), float(k % len(now) == 0)) for k, part in enumerate(rows)]
    )
    weights = np.concatenate([work.weights[part] for part in rows])
    method = options.est_method if X.shape[1] > 1 else "reg"
    att = sections_att(y, D, post, X, weights, method, work.terms)
    ends = np.cumsum([_size([part]) for part in rows])[:-1]
    return att.att, list(zip(rows, np.split(att.influence, ends), strict=True)), counts


def _size(parts: list[slice]) -> int:
    return sum(part.stop - part.start for part in parts)
