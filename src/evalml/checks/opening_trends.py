"""Did the areas evolve alike before they opened, and how far could they have diverged since?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.event_study import EventStudy
from evalml.checks.honest_did import check_relative, check_smooth, silent, usual_interval
from evalml.checks.pre_trend import PrePeriod, check_pre_trend
from evalml.rollout.event_study import events_of
from evalml.values import Interval

if TYPE_CHECKING:
    from evalml.arrays import Vector
    from evalml.checks.check import Check
    from evalml.methods.effect import Effect
    from evalml.rollout.cell_effects import Opening
    from evalml.rollout.event_study import Events
    from evalml.study import Study

VARIANT = "openings."
"""Where the words of these findings are, in each check."""
MOST_BEFORE, MOST_AFTER = 4, 3
"""Half-years kept on each side: bounds over longer paths say little and cost much."""


def check_trend(opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge the half-years before the opening, and what the test could see.

    Args:
        opening: The outcome and its cells.
        effect: The estimate.
        study: Says the thresholds.
    """
    found = check_pre_trend(
        before(events_of(opening), study), study.checks, effect=effect.estimate, key=effect.key,
        unit=effect.unit, variant=VARIANT,
    )  # fmt: skip
    if found.finding == f"{VARIANT}no_period" and _few(opening, study):
        return replace(found, finding=f"{VARIANT}few")
    return found


def before(events: Events, study: Study) -> PrePeriod | None:
    """Return the last untouched half-years before the reference; None where there is none."""
    few = _few(events.opening, study)
    rows = np.flatnonzero(events.times < events.reference)[-MOST_BEFORE:]
    if events.spread is None or few or not rows.size:
        return None
    V = events.spread.covariance[np.ix_(rows, rows)]
    times = events.times[rows].astype(np.float64)
    return PrePeriod(events.values[rows, 0], V, times, float(events.reference), events.spread.df)


def _few(opening: Opening, study: Study) -> bool:
    """Return whether too few areas opened for errors clustered by area."""
    return int(opening.inside.sum()) < study.checks.areas


def honest_study(events: Events) -> tuple[EventStudy, Vector] | None:
    """Return the event study near the opening, and the weights of the effect: youths found open.

    The half-years that the opening reaches in part lie after the reference, with no weight; the
    path stops at the first half-year that is missing.
    """
    if events.spread is None:
        return None
    start, end = events.reference - MOST_BEFORE, MOST_AFTER
    held = set(events.times.tolist()) | {events.reference}
    first, last = events.reference, events.reference
    while first - 1 in held and first > start:
        first -= 1
    while last + 1 in held and last < end:
        last += 1
    if first == events.reference or last < 0:
        return None
    rows = np.flatnonzero((events.times >= first) & (events.times <= last))
    times = events.times[rows]
    V = events.spread.covariance[np.ix_(rows, rows)]
    found = EventStudy(events.values[rows, 0], V, times.astype(np.float64), float(events.reference))
    after = times > events.reference
    weights = np.where(times >= 0, events.weights[rows], 0.0)[after]
    return found, weights / weights.sum()


def check_honest(opening: Opening, effect: Effect, study: Study) -> list[Check]:
    """Tell how far trends may diverge before the effect is no longer sure.

    Args:
        opening: The outcome and its cells.
        effect: The estimate.
        study: Says the thresholds.
    """
    few = _few(opening, study)
    built = None if few else honest_study(events_of(opening))
    if built is None:
        return silent(f"{VARIANT}no_period", effect.key)
    found, weights = built
    if np.linalg.matrix_rank(found.covariance) < found.beta.size:
        return silent(f"{VARIANT}dependent", effect.key)
    limits, key, unit = study.checks, effect.key, effect.unit
    low, high = usual_interval(found, weights, limits.alpha)
    if low <= 0 <= high:
        return silent(f"{VARIANT}nothing", key, Interval(low, high, unit))
    return [
        check_relative(found, weights, limits, key, unit, VARIANT),
        check_smooth(found, weights, limits, key, unit, VARIANT),
    ]
