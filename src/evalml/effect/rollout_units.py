"""Which units of a roll-out are treated when, which are compared, and which cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.effect.group_time import RolloutOptions


@dataclass(frozen=True, slots=True)
class RolloutUnits:
    """The groups of a roll-out.

    Attributes:
        keep: Units (rows) that can be used, shape (n,).
        groups: First treated periods whose effect is estimated, increasing.
        periods: Periods used, increasing.
        never_from: A unit is never treated when its first treated period is beyond this.
        counts: What was left out, ready for JSON.
        warnings: What the reader must know.
    """

    keep: BoolVector
    groups: Vector
    periods: Vector
    never_from: float
    counts: dict[str, Any]
    warnings: tuple[str, ...]


def sort_out(first: Vector, periods: Vector, options: RolloutOptions) -> RolloutUnits:
    """Decide which units, groups and periods a roll-out can use.

    Units treated from the first period on have no period before treatment: they are dropped and
    counted. Units first treated after the last period are never treated here. Without never
    treated units, the last group serves for comparison only, until it is treated.

    Args:
        first: First treated period of each unit, infinite for never, shape (n,).
        periods: All periods, increasing.
        options: Comparison group and anticipation.

    Raises:
        EstimationError: Fewer than two periods, no treated group left, or nobody to compare with.
    """
    if periods.size < 2:  # noqa: PLR2004
        raise EstimationError("there is one period only; a roll-out needs one before treatment")
    never_from = float(periods[-1] + options.anticipation)
    early = first <= periods[0] + options.anticipation
    groups = np.unique(first[~early & (first <= periods[-1])])
    warnings = []
    if early.any():
        warnings.append(
            f"{int(early.sum())} units treated from the first period on (no period before) dropped"
        )
    if not (first > never_from).any():
        groups, periods = _without_never(groups, periods, options)
        warnings.append("no never-treated unit: the last group serves for comparison only")
    if groups.size == 0:
        raise EstimationError(
            "no group is first treated within the periods, after the first one, with units left "
            "to compare with; check the first treated periods"
        )
    return RolloutUnits(
        keep=~early,
        groups=groups,
        periods=periods,
        never_from=never_from,
        counts={
            "units_dropped_treated_from_start": int(early.sum()),
            "units_never_treated": int((first > never_from).sum()),
        },
        warnings=tuple(warnings),
    )


def _without_never(
    groups: Vector, periods: Vector, options: RolloutOptions
) -> tuple[Vector, Vector]:
    """Keep the last group for comparison, and the periods before its treatment."""
    if options.control == "never":
        raise EstimationError(
            "no unit is never treated; compare with those not yet treated (control not_yet)"
        )
    if groups.size < 2:  # noqa: PLR2004
        raise EstimationError(
            "all units are treated at the same time: nobody is left who is not yet treated"
        )
    return groups[:-1], periods[periods < groups[-1] - options.anticipation]
