"""Where the effects by group and time are written as they are estimated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from evalml.effect.group_time import Cell, GroupTime
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.effect.group_time import Incomplete
    from evalml.effect.panel_variance import Sampling
    from evalml.effect.rollout_units import RolloutUnits


class SortedUnits(Protocol):
    """Units (or rows) sorted by first treated period."""

    @property
    def weights(self) -> Vector:
        """Weights that sum to one."""

    @property
    def sampling(self) -> Sampling:
        """What was sampled."""

    def group(self, group: float) -> slice:
        """Return where the units of a group lie."""

    def mean(self, group: float, time: int) -> float:
        """Return the mean outcome of a group at a time."""


@dataclass(frozen=True, slots=True, repr=False)
class CellStore:
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
    cells: list[Cell] = field(default_factory=list)
    estimate: list[float] = field(default_factory=list)
    n_treated: list[int] = field(default_factory=list)
    n_comparison: list[int] = field(default_factory=list)
    compared: list[int] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def empty(cls, size: int, sampling: Sampling) -> CellStore:
        """Return a store for `size` cells."""
        return cls(np.zeros((size, sampling.n)), sampling)

    def add(
        self,
        cell: Cell,
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

    def skip(self, cell: Cell, time: float, reason: str, incomplete: Incomplete) -> None:
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
        self, method: str, work: SortedUnits, units: RolloutUnits, counts: dict[str, Any]
    ) -> GroupTime:
        """Put the cells together with the size of each group.

        Raises:
            EstimationError: No cell could be estimated.
        """
        if not self.cells:
            reason = self.skipped[0]["reason"]
            raise EstimationError(f"no effect by group and time can be estimated: {reason}")
        group = np.array([cell.group for cell in self.cells])
        groups, place = np.unique(group, return_inverse=True)
        sizes = [group_size(work, g) for g in groups]
        sampled = np.array([k for _, _, k in sizes])
        zero = np.array([cell.base == cell.time for cell in self.cells])
        alone = (sampled[place] < 2) | (np.array(self.compared) < 2)  # noqa: PLR2004
        return GroupTime(
            method=method,
            group=group,
            time=units.periods[[cell.time for cell in self.cells]],
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


def group_size(work: SortedUnits, group: float) -> tuple[float, Vector, int]:
    """Return the share of a group, the influence on it, and how many were sampled in it."""
    rows = work.group(group)
    member = np.zeros(work.weights.size)
    member[rows] = work.weights[rows]
    share = float(member.sum())
    codes: IntVector | None = work.sampling.cluster
    sampled = rows.stop - rows.start if codes is None else np.unique(codes[rows]).size
    return share, work.sampling.collapse(member - work.weights * share), int(sampled)
