"""Effects of a roll-out from cells, by group and half-year, for one outcome and horizon.

Callaway and Sant'Anna (2021), Journal of Econometrics 225(2), 200-230, on repeated cross-sections
without covariates, where an effect is a difference of four means of cells. Every mean is a sum
over areas, so the effects without any one area cost one subtraction: the variance is the
jackknife over areas, by wave, with the degrees of freedom of Satterthwaite (1946).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.outcomes import Outcome
    from evalml.rollout import AreaCells
    from evalml.study import Study


_PER_HALF_YEAR = 6


def lag_of(horizon: int) -> int:
    """Return for how many half-years before the opening a cohort is touched by it at `horizon`.

    A cohort of first demands spreads over six months and is looked at `horizon` months later: it
    is untouched if its last outcome comes no later than the month of the opening.
    """
    return -(-horizon // _PER_HALF_YEAR)


@dataclass(frozen=True, slots=True, repr=False)
class OpeningPlan:
    """Which areas are compared in which half-year: K cells.

    Attributes:
        group: Half-year of the opening of the treated areas, shape (K,).
        time: Position of the half-year of first demand, shape (K,).
        base: Position of the half-year it is compared with, shape (K,).
        event_time: Half-years since the opening, shape (K,).
        treated: Which areas are treated in each cell, shape (K, areas).
        control: Which areas are compared with, shape (K, areas).
        lag: Half-years before the opening that it already touches.
        stratum: Wave of each area, shape (areas,), for the jackknife.
    """

    group: IntVector
    time: IntVector
    base: IntVector
    event_time: IntVector
    treated: NDArray[np.bool_]
    control: NDArray[np.bool_]
    lag: int
    stratum: IntVector

    def take(self, rows: BoolVector | IntVector) -> OpeningPlan:
        """Return some of the cells."""
        return OpeningPlan(
            self.group[rows], self.time[rows], self.base[rows], self.event_time[rows],
            self.treated[rows], self.control[rows], self.lag, self.stratum,
        )  # fmt: skip


def plan_openings(
    first: IntVector, inside: BoolVector, cohorts: IntVector, horizon: int
) -> OpeningPlan:
    """Return the cells that can be estimated: treated areas, and areas not open yet by then.

    An area serves as a comparison in a half-year if it opens after the month of the last outcome:
    nobody compared with could have entered in time.

    `first`: half-year of the opening of each area, shape (areas,); `inside`: areas whose effect is
    wanted, shape (areas,).
    """
    lag = lag_of(horizon)
    rows: list[tuple[int, int, int]] = []
    masks: list[tuple[BoolVector, BoolVector]] = []
    for g in np.unique(first[inside]):
        base = int(g) - 1 - lag - int(cohorts[0])
        if base < 0 or g > cohorts[-1]:
            continue
        for t, c in enumerate(cohorts):
            control = (first > max(int(c), int(cohorts[base])) + lag) & (first != g)
            if control.any():
                rows.append((int(g), t, base))
                masks.append(((first == g) & inside, control))
    if not rows:
        raise EstimationError(
            f"{horizon} months after the first demand, no area that opened has both cohorts seen "
            "before the opening and areas not open yet; start the cohorts earlier "
            "(history_months), or shorten the horizon"
        )
    group, time, base_ = (np.array(x, dtype=np.int64) for x in zip(*rows, strict=True))
    return OpeningPlan(
        group, time, base_, cohorts[time] - group,
        np.array([m[0] for m in masks]), np.array([m[1] for m in masks]), lag, first * 2 + inside,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class OpeningEffects:
    """The K effects, whole (first column) and without each area.

    Attributes:
        plan: The cells.
        estimate: Shape (K, 1 + areas).
        weight: Youths of the treated cell, shape (K, 1 + areas).
        rate: Mean of the treated cell, shape (K, 1 + areas).
        n_control: Youths of the comparison cell, shape (K,).
    """

    plan: OpeningPlan
    estimate: Matrix
    weight: Matrix
    rate: Matrix
    n_control: Vector

    def average(self, rows: BoolVector) -> Matrix:
        """Return the mean effect per treated youth over some cells, shape (1 + areas,).

        Without an area that is the whole of a treated cell, the cell is left out.
        """
        return _mean(self.estimate[rows], self.weight[rows])

    def treated_mean(self, rows: BoolVector) -> float:
        """Return the mean outcome of the treated youths over some cells."""
        return float(_mean(self.rate[rows], self.weight[rows])[0])


def _mean(values: Matrix, weight: Matrix) -> Vector:
    known = np.isfinite(values)
    weights = np.where(known, weight, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        out: Vector = (weights * np.where(known, values, 0.0)).sum(axis=0) / weights.sum(axis=0)
    return out


def opening_effects(n: Matrix, y: Matrix, plan: OpeningPlan) -> OpeningEffects:
    """Estimate every cell, and again without each area.

    Args:
        n: Youths observed, shape (areas, half-years).
        y: Sum of their outcomes, shape (areas, half-years).
        plan: The cells.
    """
    means, counts = [], []
    for areas in (plan.treated, plan.control):
        for at in (plan.time, plan.base):
            count, total = (np.where(areas, x[:, at].T, 0.0) for x in (n, y))
            count, total = (_without_each(x) for x in (count, total))
            with np.errstate(invalid="ignore", divide="ignore"):
                means.append(np.where(count > 0, total / np.where(count > 0, count, 1), np.nan))
            counts.append(count)
    estimate = means[0] - means[1] - (means[2] - means[3])
    return OpeningEffects(plan, estimate, counts[0], means[0], counts[2][:, 0])


def _without_each(parts: Matrix) -> Matrix:
    """Return the sum over areas, then the sum without each of them, shape (K, 1 + areas)."""
    total = parts.sum(axis=1, keepdims=True)
    return np.concatenate([total, total - parts], axis=1)


def demand_change(n: Matrix, plan: OpeningPlan) -> Vector:
    """Return by which share the youths of the treated cells outnumber what the others foretell.

    Args:
        n: Youths, shape (areas, half-years).
        plan: The cells.

    Returns:
        Whole, then without each area, shape (1 + areas,).
    """
    parts = [
        _without_each(np.where(areas, n[:, at].T, 0.0))
        for areas in (plan.treated, plan.control)
        for at in (plan.time, plan.base)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = parts[1] * parts[2] / parts[3]
    known = np.isfinite(expected)
    total = np.where(known, expected, 0.0).sum(axis=0)
    found = np.where(known, parts[0], 0.0).sum(axis=0)
    return np.asarray(np.divide(found, total, out=np.full(total.size, np.nan), where=total > 0) - 1)


@dataclass(frozen=True, slots=True)
class Spread:
    """How uncertain m averages are.

    Attributes:
        covariance: Shape (m, m).
        df: Degrees of freedom of the first.
    """

    covariance: Matrix
    df: float


def jackknife(values: Matrix, used: BoolVector, stratum: IntVector) -> Spread:
    """Return the covariance of m averages from their values without each area.

    Args:
        values: Shape (m, 1 + areas): whole, then without each area.
        used: Areas that play a part, shape (areas,).
        stratum: Wave of each area, shape (areas,).

    Raises:
        EstimationError: A wave has one area only: nothing says how much its areas differ.
    """
    total = np.zeros((values.shape[0], values.shape[0]))
    first, spent = 0.0, 0.0
    for wave in np.unique(stratum[used]):
        rows = np.flatnonzero(used & (stratum == wave))
        m = rows.size
        if m < 2:  # noqa: PLR2004
            raise EstimationError(
                "a wave has one area only: no error clustered by area can be computed"
            )
        gaps = values[:, 1 + rows] - values[:, 1 + rows].mean(axis=1, keepdims=True)
        part = gaps @ gaps.T * (m - 1) / m
        total += part
        first += part[0, 0]
        spent += part[0, 0] ** 2 / (m - 1)
    return Spread(total, first**2 / spent if spent > 0 else np.inf)


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
    codes, inside, cohorts = layout(cells)
    plan = plan_openings(codes if first is None else first, inside, cohorts, horizon)
    n, y = cells.matrices(outcome.name, horizon, level, group)
    found = opening_effects(n, y, plan)
    finite = np.isfinite(found.estimate[:, 0])
    plan = plan.take(finite)
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
