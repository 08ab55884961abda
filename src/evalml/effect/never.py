"""The effect against never entering: a comparison row is followed until it enters itself.

Against *not entering this month*, the comparison is that of the sequential trials: some of its rows
enter later, and what that brings them is part of what entering now is compared with. Against *never
entering*, a row is censored at its own entry; those not yet entered stand for it, weighted by one
over the probability of not having entered, whose monthly hazards follow the work of the months
since (Robins and Finkelstein, 2000, doi:10.1111/j.0006-341X.2000.00779.x; Danaei et al., 2013,
doi:10.1177/0962280211403603).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from evalml.comparison.arms import NEVER
from evalml.comparison.columns import prepare_solver, standardise
from evalml.comparison.logit import fit_logit
from evalml.comparison.person import mix
from evalml.comparison.products import gram
from evalml.comparison.threads import thin_products
from evalml.effect.sample import take_rows
from evalml.effect.seen import METHODS, effect_of, no_effect, shared_of
from evalml.effect.settings import Settings
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.arms import Arms, Trajectory
    from evalml.comparison.comparison import Comparison
    from evalml.effect.effect import Effect
    from evalml.effect.sample import Sample
    from evalml.effect.shared import Shared
    from evalml.study import Study

ESTIMAND = "att_never"
FITTED = 10_000
"""Comparison rows the hazards are fitted on, drawn by hash of the person, where there are more."""
RECENT = (1, 3, 6)
"""Months of recent work that the hazard of entering follows."""


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """How long each row waits before its own entry.

    Attributes:
        delay: Months from time zero to the row's own entry, 0 for the treated, a large number for
            a row that never enters, shape (n,).
        state: The outcome month by month since time zero, shape (n, K); NaN where unknown.
        months: Months of the columns of `state`, shape (K,).
    """

    delay: IntVector
    state: Matrix
    months: IntVector

    def recent(self, rows: IntVector, month: int) -> Matrix:
        """Return what the rows did in the months before `month`: shape (m, 2 per length).

        For each length, the mean of the known months and whether none is known.
        """
        found = []
        for length in RECENT:
            inside = np.flatnonzero((self.months >= month - length) & (self.months < month))
            values = self.state[np.ix_(rows, inside)].astype(np.float64)
            known = ~np.isnan(values)
            count = known.sum(axis=1)
            total = np.where(known, values, 0.0).sum(axis=1)
            found += [np.where(count > 0, total / np.maximum(count, 1), 0.0), (count == 0) * 1.0]
        return np.column_stack(found)


def never_effects(arms: Arms, study: Study) -> list[Effect]:
    """Estimate the primary outcome against never entering, at every horizon.

    Args:
        arms: The two arms and the months they were read from.
        study: Says the primary outcome and method.

    Returns:
        One effect per horizon, `estimand` `att_never`; none where nobody of the comparison enters
        later, or the design or the primary method does not lend itself to it.
    """
    comparison, delay = arms.comparison, arms.delay
    method = study.primary.method
    if not study.design.waits or study.estimand != "att":
        return []
    if delay is None or method not in METHODS or not (delay[~comparison.treated] < NEVER).any():
        return []
    first = comparison.measures[0].outcome
    measures = [m for m in comparison.measures if m.outcome == first]
    named = [m for m in comparison.measures if m.outcome == study.primary.outcome]
    chosen = named or measures
    waiting = Waiting(delay, *_state(arms.trajectories, chosen[0].outcome))
    settings = Settings(seed=study.seed)
    alone = replace(comparison, measures=tuple(chosen), subgroups=comparison.subgroups[[]])
    with thin_products():
        return _effects(alone, waiting, method, settings)


def _state(trajectories: Sequence[Trajectory], name: str) -> tuple[Matrix, IntVector]:
    found = next(t for t in trajectories if t.outcome.name == name)
    return found.values, found.months


def _effects(
    comparison: Comparison, waiting: Waiting, method: str, settings: Settings
) -> list[Effect]:
    horizons = [int(m.horizon_months or 0) for m in comparison.measures]
    try:
        kept = stay_probability(comparison, waiting, max(horizons), settings.seed)
    except EstimationError as error:
        return [no_effect(comparison, m, method, ESTIMAND, error) for m in comparison.measures]
    fits: dict[bytes, tuple[Sample, Shared]] = {}
    found = []
    for place, horizon in enumerate(horizons):
        measure = comparison.measures[place]
        try:
            sample, shared = _fit(comparison, ~np.isnan(measure.values), method, settings, fits)
            weight = _weight(comparison, waiting, kept[horizon], sample, horizon)
            effect = effect_of(measure, method, sample, shared, weight, settings)
        except EstimationError as error:
            found.append(no_effect(comparison, measure, method, ESTIMAND, error))
            continue
        found.append(replace(effect, estimand=ESTIMAND))
    return found


def _fit(
    comparison: Comparison,
    known: BoolVector,
    method: str,
    settings: Settings,
    fits: dict[bytes, tuple[Sample, Shared]],
) -> tuple[Sample, Shared]:
    """Fit score and folds once for all the horizons known of the same rows."""
    key = known.tobytes()
    if key not in fits:
        sample = take_rows(comparison, known)
        fits[key] = sample, shared_of(sample, [method], settings)
    return fits[key]


def _weight(
    comparison: Comparison, waiting: Waiting, stay: Vector, sample: Sample, horizon: int
) -> Vector:
    """Return 1 / P(not entered by the horizon) of the rows of a sample, 0 for those that have."""
    entered = ~comparison.treated & (waiting.delay <= horizon)
    weight = np.where(comparison.treated, 1.0, np.where(entered, 0.0, 1.0 / stay))
    return np.asarray(weight[sample.rows])


def stay_probability(
    comparison: Comparison, waiting: Waiting, last: int, seed: int
) -> dict[int, Vector]:
    """Return the probability that each row has not entered by each month, given its path.

    Args:
        comparison: The two arms.
        waiting: When each row enters, and what it did until then.
        last: Last month wanted.
        seed: Draws the rows the hazards are fitted on.

    Returns:
        By month, shape (n,); 1 for the treated, and in months in which nobody enters.

    Raises:
        EstimationError: The hazards have no finite solution.
    """
    rows = np.flatnonzero(~comparison.treated)
    fitted = rows if rows.size <= FITTED else _drawn(comparison, rows, seed)
    scale = standardise(comparison.design.rows(fitted).columns)
    held = np.asarray(scale.Z)
    parts, events = [], []
    for month in range(1, last + 1):
        risk = waiting.delay[fitted] >= month
        parts.append(_paths(held[risk], waiting, fitted[risk], month))
        events.append(waiting.delay[fitted][risk] == month)
    happened = np.concatenate(events).astype(np.float64)
    stay = np.ones(comparison.treated.size)
    if not happened.any():
        return dict.fromkeys(range(1, last + 1), stay)
    X = np.vstack(parts)
    kept = prepare_solver(gram(X)).kept
    beta = np.zeros(X.shape[1])
    beta[kept] = fit_logit(X[:, kept], happened).coefficients
    every = np.asarray(scale.apply(comparison.design.rows(rows).columns))
    found = {}
    for month in range(1, last + 1):
        eta = _paths(every, waiting, rows, month) @ beta
        stay = stay.copy()
        stay[rows] *= expit(-eta)
        found[month] = stay
    return found


def _paths(held: Matrix, waiting: Waiting, rows: IntVector, month: int) -> Matrix:
    """Return what the hazard of a month follows: constant, covariates, recent work, the month."""
    when = np.full((rows.size, 1), month / 12.0)
    return np.hstack([held, waiting.recent(rows, month), when, when**2])


def _drawn(comparison: Comparison, rows: IntVector, seed: int) -> IntVector:
    order = np.argsort(mix(comparison.person[rows].astype(np.uint64), seed), kind="stable")
    return np.sort(rows[order[:FITTED]])
