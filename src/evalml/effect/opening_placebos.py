"""How large an effect chance gives: areas that did not open, taken as if they had.

Conley and Taber (2011), Inference with difference in differences with a small number of policy
changes, Review of Economics and Statistics 93(1), 113-125, doi:10.1162/REST_a_00049: with few
treated areas the noise of the comparison areas says how much an estimate moves by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.opening_cells import OpeningPlan, opening_effects
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.areas import AreaCells
    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.effect.openings import Opening
    from evalml.study import Study

FEWEST = 8
"""Areas left to draw from, and to compare with, below which nothing can be said."""


def placebo_spread(
    cells: AreaCells, opening: Opening, study: Study, group: tuple[str, str] = ("", "")
) -> Vector:
    """Return estimates where as many areas, of those that did not open, are taken as open.

    Args:
        cells: Counts by area and half-year.
        opening: The estimate to be placed.
        study: Says the seed and the draws.
        group: Subgroup and value.

    Returns:
        Shape (draws,).

    Raises:
        EstimationError: Too few areas that did not open.
    """
    plan = opening.effects.plan.take(opening.post)
    pool = np.flatnonzero(plan.control.all(axis=0))
    treated = int(opening.inside.sum())
    if pool.size - treated < FEWEST:
        raise EstimationError(
            f"{treated} areas opened and {pool.size} did not by the last outcome: too few to tell "
            "an effect from chance; take an extract with more areas (a national one), or a design "
            "that compares persons"
        )
    n, y = cells.matrices(opening.outcome.name, opening.horizon, opening.level, group)
    rng = np.random.Generator(np.random.PCG64(study.seed))
    rows = np.ones(plan.group.size, dtype=bool)
    found = []
    for chosen in _draws(pool, treated, study.checks.draws, rng):
        drawn = _as_if(plan, opening.inside, chosen, pool)
        found.append(float(opening_effects(n, y, drawn).average(rows)[0]))
    values = np.array(found)
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)


def _draws(pool: IntVector, treated: int, draws: int, rng: np.random.Generator) -> list[IntVector]:
    if treated == 1:
        return [np.array([area]) for area in pool]
    return [rng.choice(pool, size=treated, replace=False) for _ in range(draws)]


def _as_if(
    plan: OpeningPlan, inside: BoolVector, chosen: IntVector, pool: IntVector
) -> OpeningPlan:
    """Return the plan with the chosen areas in the place of those that opened."""
    stand_in = dict(zip(np.flatnonzero(inside), chosen, strict=True))
    treated = np.zeros_like(plan.treated)
    for area, other in stand_in.items():
        treated[:, other] = plan.treated[:, area]
    control = np.zeros_like(plan.control)
    control[:, np.setdiff1d(pool, chosen)] = True
    return OpeningPlan(
        plan.group, plan.time, plan.base, plan.event_time, treated, control, plan.lag, plan.stratum
    )
