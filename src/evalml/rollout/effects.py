"""What opening an area changed, for those eligible and for those it moved in; placebo areas.

Conley and Taber (2011), Inference with difference in differences with a small number of policy
changes, Review of Economics and Statistics 93(1), 113-125, doi:10.1162/REST_a_00049: with few
treated areas the noise of the comparison areas says how much an estimate moves by chance.

Per eligible youth of the cohorts welcomed once their area was open: the roll-out effect of
Callaway and Sant'Anna (2021) against areas not open by the month of the outcome. Per entrant: its
ratio to the same effect on take-up, the Wald-DiD of de Chaisemartin and D'Haultfœuille (2018). Less
the same effect on witnesses: the triple difference, and its ratio to the same difference of
take-up, as the scientific committee of the Garantie jeunes did. Entrants against the others: the
naive answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtr, stdtrit

from evalml.errors import EstimationError
from evalml.methods.effect import Effect
from evalml.methods.instruments import WEAK_F
from evalml.rollout.cell_effects import (
    ENTERED,
    Opening,
    OpeningPlan,
    Spread,
    jackknife,
    opening_effects,
    opening_of,
    primary_outcome,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.outcomes import Outcome
    from evalml.rollout import AreaCells
    from evalml.study import Study


FEWEST = 8
"""Areas left to draw from, and to compare with, below which nothing can be said."""


def placebo_spread(
    cells: AreaCells, opening: Opening, study: Study, group: tuple[str, str] = ("", "")
) -> Vector:
    """Return estimates where as many areas, of those that did not open, are taken as open."""
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


NAIVE, ROLLOUT, WALD, TRIPLE = "diff", "callaway_santanna", "wald_did", "triple_difference"
WALD_TRIPLE = "wald_triple"
ESTIMANDS = {NAIVE: "att", ROLLOUT: "itt", WALD: "late", TRIPLE: "itt", WALD_TRIPLE: "late"}
LEVEL = 0.95
ALL = ("", "")


def estimate_openings(cells: AreaCells, study: Study) -> list[Effect]:
    """Estimate every outcome, horizon and method of a roll-out, and the declared subgroups.

    What cannot be estimated by the primary method is a row without a number, whose details say
    why; by another method, it is left out.

    Args:
        cells: Counts by area and half-year.
        study: The study.
    """
    whole = [
        _or_empty(cells, study, (outcome, horizon, method), ALL)
        for outcome in cells.outcomes
        for horizon in study.horizons
        for method in study.methods
    ]
    chosen, method = primary_outcome(cells, study), study.primary.method
    parts = [
        _or_empty(cells, study, (chosen, horizon, method), group)
        for group in _groups(cells, study)
        for horizon in study.horizons
    ]
    return [e for e in whole + parts if e.method == method or np.isfinite(e.estimate)]


def _groups(cells: AreaCells, study: Study) -> Iterator[tuple[str, str]]:
    for subgroup in study.subgroups:
        for value in cells.values(subgroup):
            if value != "INCONNU":
                yield subgroup, value


def _or_empty(
    cells: AreaCells, study: Study, what: tuple[Outcome, int, str], group: tuple[str, str]
) -> Effect:
    outcome, horizon, method = what
    try:
        return estimate_opening(cells, study, what, group)
    except EstimationError as error:
        nan = float("nan")
        return Effect(
            outcome.name, horizon, ESTIMANDS[method], method, nan, nan, nan, nan, nan, 0, 0,
            nan, nan, outcome.unit, *group, details={"error": str(error)},
        )  # fmt: skip


def estimate_opening(
    cells: AreaCells,
    study: Study,
    what: tuple[Outcome, int, str],
    group: tuple[str, str] = ALL,
) -> Effect:
    """Estimate one outcome at one horizon by one method."""
    outcome, horizon, method = what
    opening = opening_of(cells, outcome, horizon, group=group)
    return opening_effect(cells, study, opening, method, group)


def opening_effect(
    cells: AreaCells,
    study: Study,
    opening: Opening,
    method: str,
    group: tuple[str, str] = ALL,
) -> Effect:
    """Return the effect of an outcome laid out cell by cell, with its error.

    Raises:
        EstimationError: The areas do not allow it; the message says why.
    """
    values = _values(cells, opening, method, group)
    spread, how = spread_of(cells, study, opening, method, group, values)
    treated, level = _treated(cells, opening, method, group)
    first_stage = float(opening.take_up.average(opening.post)[0])
    details = {"inference": how, "first_stage": first_stage}
    about = _About(treated, _compared(cells, opening, group), level, group, details)
    return _effect(opening, method, float(values[0]), spread, about)


def _values(cells: AreaCells, opening: Opening, method: str, group: tuple[str, str]) -> Vector:
    """Return the estimate, then its value without each area, shape (1 + areas,)."""
    rows = opening.post
    itt = opening.effects.average(rows)
    if method == ROLLOUT:
        return itt
    if method == WALD:
        take_up = opening.take_up.average(rows)
        _refuse_weak(opening, take_up)
        return np.asarray(itt / take_up)
    if method in {TRIPLE, WALD_TRIPLE}:
        other = opening_of(cells, opening.outcome, opening.horizon, level="witness", group=group)
        same = _same_cells(other, opening)
        less = itt - other.effects.average(same)
        if method == TRIPLE:
            return less
        moved = opening.take_up.average(rows) - other.take_up.average(same)
        _refuse_weak(opening, moved)
        return np.asarray(less / moved)
    return _naive(cells, opening, group)


def _same_cells(other: Opening, opening: Opening) -> BoolVector:
    """Return the wanted cells of `other` that are wanted in `opening` too."""
    mine = opening.effects.plan
    wanted = set(zip(mine.group[opening.post], mine.time[opening.post], strict=True))
    plan = other.effects.plan
    both = [cell in wanted for cell in zip(plan.group, plan.time, strict=True)]
    return np.array(both) & other.post


def _refuse_weak(opening: Opening, take_up: Vector) -> None:
    spread = _jackknife_or_none(take_up[None, :], opening)
    weak = spread is not None and take_up[0] ** 2 < WEAK_F * spread.covariance[0, 0]
    if take_up[0] <= 0 or weak:
        raise EstimationError(
            "opening hardly moved anyone in by then: the effect per entrant cannot be told; read "
            "the effect per eligible youth"
        )


def _jackknife_or_none(values: Matrix, opening: Opening) -> Spread | None:
    try:
        return jackknife(values, opening.used, opening.effects.plan.stratum)
    except EstimationError:
        return None


def _naive(cells: AreaCells, opening: Opening, group: tuple[str, str]) -> Vector:
    """Return entrants less the others in the wanted cells, whole and without each area."""
    if group != ("", ""):
        raise EstimationError("the naive difference is not split by subgroup")
    means = []
    for value in ("1", "0"):
        n, y = cells.matrices(opening.outcome.name, opening.horizon, group=(ENTERED, value))
        count, total = (_in_wanted(x, opening.effects.plan, opening.post) for x in (n, y))
        means.append(total / np.where(count > 0, count, np.nan))
    return np.asarray(means[0] - means[1])


def _in_wanted(x: Matrix, plan: OpeningPlan, post: BoolVector) -> Vector:
    """Return the sum of the treated cells, then without each area, shape (1 + areas,)."""
    by_area = np.where(plan.treated[post], x[:, plan.time[post]].T, 0.0).sum(axis=0)
    return np.concatenate([[by_area.sum()], by_area.sum() - by_area])


def _treated(
    cells: AreaCells, opening: Opening, method: str, group: tuple[str, str]
) -> tuple[int, float]:
    """Return how many youths the estimate is about, and their mean outcome."""
    rows, plan = opening.post, opening.effects.plan
    if method in {ROLLOUT, TRIPLE}:
        return int(opening.effects.weight[rows, 0].sum()), opening.effects.treated_mean(rows)
    if group != ("", ""):
        return int(opening.take_up.weight[rows, 0].sum()), float("nan")
    n, y = cells.matrices(opening.outcome.name, opening.horizon, group=(ENTERED, "1"))
    count, total = (_in_wanted(x, plan, rows)[0] for x in (n, y))
    return int(count), float(total / count) if count else float("nan")


def _compared(cells: AreaCells, opening: Opening, group: tuple[str, str]) -> int:
    """Return how many youths of areas not open yet are compared with, each once."""
    plan = opening.effects.plan
    n, _ = cells.matrices(opening.outcome.name, opening.horizon, opening.level, group)
    cells_ = np.zeros(n.shape, dtype=bool)
    for k in np.flatnonzero(opening.post):
        cells_[plan.control[k], plan.time[k]] = True
    return int(n[cells_].sum())


def spread_of(
    cells: AreaCells,
    study: Study,
    opening: Opening,
    method: str,
    group: tuple[str, str],
    values: Vector,
) -> tuple[Spread | Vector, str]:
    """Return how uncertain an estimate is: a jackknife over areas, or placebos where few opened.

    With few treated areas, or few to compare with, an error clustered by area is not to be
    trusted: the estimate is placed among those of areas that did not open (Conley and Taber 2011).
    """
    treated = int(opening.inside.sum())
    others = int((opening.used & ~opening.inside).sum())
    enough = min(treated, others) >= study.checks.areas
    if method == NAIVE or enough:
        used = opening.inside if method == NAIVE else opening.used
        return jackknife(values[None, :], used, opening.effects.plan.stratum), "jackknife"
    if method != ROLLOUT:
        raise EstimationError(
            f"{treated} areas opened and {others} are compared with: too few for this method"
        )
    return placebo_spread(cells, opening, study, group), "placebos"


@dataclass(frozen=True, slots=True)
class _About:
    """Whom an estimate is about."""

    n_treated: int
    n_comparison: int
    mean: float
    group: tuple[str, str]
    details: dict[str, Any]


def _effect(
    opening: Opening, method: str, estimate: float, spread: Spread | Vector, about: _About
) -> Effect:
    details = dict(about.details)
    if isinstance(spread, Spread):
        se = float(np.sqrt(spread.covariance[0, 0]))
        half = float(stdtrit(spread.df, 0.5 + LEVEL / 2)) * se
        low, high = estimate - half, estimate + half
        p = float(2 * stdtr(spread.df, -abs(estimate) / se)) if se > 0 else float("nan")
        details["df"] = spread.df
    else:
        se, low, high, p = among(estimate, spread)
        details["placebos"] = int(spread.size)
    return Effect(
        opening.outcome.name, opening.horizon, ESTIMANDS[method], method, estimate, se, low, high,
        p, about.n_treated, about.n_comparison, about.mean, about.mean - estimate,
        opening.outcome.unit, *about.group, details=details,
    )  # fmt: skip


def among(estimate: float, placebos: Vector) -> tuple[float, float, float, float]:
    """Return error, interval and p-value of an estimate, from those of areas that did not open.

    `placebos`: estimates where nothing opened, shape (draws,).
    """
    ends = np.quantile(placebos, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="closest_observation")
    p = float((1 + (np.abs(placebos) >= abs(estimate)).sum()) / (1 + placebos.size))
    return float(placebos.std(ddof=1)), estimate - float(ends[1]), estimate - float(ends[0]), p
