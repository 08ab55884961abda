"""Effects by group (first treated period) and time: what every roll-out method returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from evalml.effect.panel_variance import Sampling, shown_errors
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.effect.two_period import EstMethod

Control: TypeAlias = Literal["never", "not_yet"]
"""Compared with those never treated, or with all those not treated yet."""
Base: TypeAlias = Literal["varying", "universal"]
"""Before treatment, compare with the period before, or always with the last untreated one."""
Incomplete: TypeAlias = Literal["refuse", "leave_out"]
"""Refuse the whole where one effect by group and time cannot be estimated, or leave it out."""


@dataclass(frozen=True, slots=True)
class RolloutOptions:
    """Choices of a roll-out design.

    Attributes:
        control: Comparison units.
        est_method: How covariates enter.
        anticipation: Periods before treatment in which units may already react.
        base: Base period of the effects before treatment.
        incomplete: What happens where an effect by group and time cannot be estimated: the whole
            is refused with the reason, or the effect is left out and averages say so.
    """

    control: Control = "never"
    est_method: EstMethod = "dr"
    anticipation: int = 0
    base: Base = "varying"
    incomplete: Incomplete = "refuse"

    def __post_init__(self) -> None:
        """Refuse what is not an option."""
        for value, valid in (
            (self.control, {"never", "not_yet"}),
            (self.est_method, {"dr", "reg", "ipw", "dr_improved"}),
            (self.base, {"varying", "universal"}),
            (self.incomplete, {"refuse", "leave_out"}),
        ):
            if value not in valid:
                raise EstimationError(f"'{value}' is not an option; valid: {sorted(valid)}")
        if self.anticipation < 0:
            raise EstimationError("anticipation counts periods before treatment: 0 or more")


@dataclass(frozen=True, slots=True)
class Cell:
    """One group at one time, and the period it is compared with (indices of `periods`).

    Attributes:
        group: First treated period.
        time: Index of the period.
        base: Index of the base period; equal to `time` where the effect is zero by construction.
        post: Whether the group is treated at that time.
    """

    group: float
    time: int
    base: int
    post: bool


@dataclass(frozen=True, slots=True, repr=False)
class GroupTime:
    """K effects by group and time, with what their aggregation and variance need.

    Attributes:
        method: Name of the method.
        group: First treated period of each effect, shape (K,).
        time: Its period, shape (K,).
        estimate: Effect, shape (K,).
        influence: Shape (K, m): influence of each unit (or cluster), summing to the error.
        mean_treated: Mean outcome of the treated group at that time, shape (K,).
        n_treated: Units of the treated group, shape (K,).
        n_comparison: Units it is compared with, shape (K,).
        weight: Size of the group (its share), shape (K,), for aggregation.
        weight_influence: Influence on the share of each distinct group (increasing), or None:
            shares taken as fixed.
        judged: Whether a standard error can be computed (two treated units or clusters at least,
            and not zero by construction), shape (K,).
        sampling: What was sampled.
        details: Counts and warnings, ready for JSON.
    """

    method: str
    group: Vector
    time: Vector
    estimate: Vector
    influence: Matrix
    mean_treated: Vector
    n_treated: IntVector
    n_comparison: IntVector
    weight: Vector
    weight_influence: Matrix | None
    judged: BoolVector
    sampling: Sampling
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def std_error(self) -> Vector:
        """Standard errors, NaN where none can be computed, shape (K,)."""
        return shown_errors(self.estimate, self.influence, self.judged, self.sampling)

    def __repr__(self) -> str:
        """Give the size only."""
        return f"GroupTime({self.method}, {self.group.size} effects)"


def plan_cells(groups: Vector, periods: Vector, options: RolloutOptions) -> list[Cell]:
    """Return the cells to estimate, by group, then time.

    Args:
        groups: First treated periods, increasing.
        periods: All periods, increasing.
        options: Anticipation and base period.
    """
    cells: list[Cell] = []
    for group in groups:
        last = int(np.searchsorted(periods + options.anticipation, group)) - 1
        universal = options.base == "universal"
        for time in range(0 if universal else 1, periods.size):
            post = bool(periods[time] >= group)
            base = last if universal or post else time - 1
            cells.append(Cell(float(group), time, base, post))
    return cells
