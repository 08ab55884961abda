"""One outcome of a roll-out at one horizon, cell by cell: who is compared with whom, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.opening_cells import OpeningEffects, opening_effects, plan_openings
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.areas import AreaCells
    from evalml.arrays import BoolVector, IntVector
    from evalml.outcomes import Outcome
    from evalml.study import Study

ENTERED = "entered"


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """One outcome at one horizon, cell by cell.

    Attributes:
        outcome: The outcome.
        horizon: Month since the first demand.
        effects: Effects on the outcome.
        take_up: Effects on having entered by then.
        post: Cells whose effect is wanted: open, and of the half-years of the study.
        level: Whose: `eligible` or `witness`.
    """

    outcome: Outcome
    horizon: int
    effects: OpeningEffects
    take_up: OpeningEffects
    post: BoolVector
    level: str = "eligible"

    @property
    def used(self) -> BoolVector:
        """Areas that play a part in the wanted cells, shape (areas,)."""
        plan = self.effects.plan
        both = plan.treated[self.post] | plan.control[self.post]
        return np.asarray(both.any(axis=0), dtype=np.bool_)

    @property
    def inside(self) -> BoolVector:
        """Areas treated in the wanted cells, shape (areas,)."""
        return np.asarray(self.effects.plan.treated[self.post].any(axis=0), dtype=np.bool_)

    def __repr__(self) -> str:
        """Name the outcome."""
        return f"Opening({self.outcome.name} at {self.horizon} months)"


def layout(cells: AreaCells) -> tuple[IntVector, BoolVector, IntVector]:
    """Return the half-year of each area's opening, which are wanted, and the half-years."""
    first = cells.areas["first"].to_numpy(dtype=np.int64)
    inside = cells.areas["inside"].to_numpy(dtype=bool)
    return first, inside, np.array(cells.cohorts, dtype=np.int64)


def opening_of(
    cells: AreaCells,
    outcome: Outcome,
    horizon: int,
    *,
    level: str = "eligible",
    group: tuple[str, str] = ("", ""),
    first: IntVector | None = None,
) -> Opening:
    """Return the effects of opening on one outcome, cell by cell.

    Args:
        cells: Counts by area and half-year.
        outcome: The outcome.
        horizon: Month since the first demand.
        level: `eligible` or `witness`.
        group: Subgroup and value.
        first: Half-years of opening instead of the true ones (placebos).

    Raises:
        EstimationError: No cell can be estimated at that horizon.
    """
    held, inside, cohorts = layout(cells)
    plan = plan_openings(held if first is None else first, inside, cohorts, horizon)
    n, y = cells.matrices(outcome.name, horizon, level, group)
    found = opening_effects(n, y, plan)
    keep = np.isfinite(found.estimate[:, 0])
    plan = plan.take(keep)
    found = opening_effects(n, y, plan)
    take_up = opening_effects(*cells.matrices(ENTERED, horizon, level, group), plan)
    wanted = np.isin(cohorts[plan.time], cells.wanted)
    post = (plan.event_time >= 0) & wanted
    if not post.any():
        raise EstimationError(
            f"no half-year of the study can be compared {horizon} months after the first demand: "
            "every other area is open by then, or the data end before; shorten the horizon"
        )
    return Opening(outcome, horizon, found, take_up, post, level)


def study_openings(cells: AreaCells, study: Study) -> dict[tuple[str, int], Opening]:
    """Return every outcome and horizon of a study that can be estimated."""
    found = {}
    for outcome in cells.outcomes:
        for horizon in study.horizons:
            try:
                found[outcome.name, horizon] = opening_of(cells, outcome, horizon)
            except EstimationError:
                continue
    return found


def primary_outcome(cells: AreaCells, study: Study) -> Outcome:
    """Return the primary outcome, as this extract can observe it."""
    place = study.outcomes.index(study.primary.outcome)
    return cells.outcomes[place]
