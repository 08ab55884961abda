"""Event studies on persons: did the arms evolve alike before entry, and what if they did not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.honest_did import check_relative, check_smooth, silent, usual_interval
from evalml.checks.trends import EventStudy, PrePeriod, check_pre_trend
from evalml.effect.did_persons import METHOD, person_events, windows_of
from evalml.errors import EstimationError
from evalml.values import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import IntVector
    from evalml.comparison.comparison import Comparison
    from evalml.effect.did_persons import PersonEvents, Windows
    from evalml.methods.effect import Effect
    from evalml.study import Study

REFERENCE = -1.0
MOST_BEFORE = 4
"""Periods kept before the base: bounds over longer paths say little and cost much."""


def check_trends(comparison: Comparison, effects: Sequence[Effect], study: Study) -> list[Check]:
    """Judge the periods before entry for each effect, and the primary one beyond parallel trends.

    An effect whose outcome evolved otherwise before entry is masked.
    """
    windows = windows_of(study)
    found: dict[str, PersonEvents | None] = {}
    checks: list[Check] = []
    for effect in effects:
        if effect.method != METHOD or effect.subgroup:
            continue
        if effect.outcome not in found:
            found[effect.outcome] = _events(comparison, effect.outcome, windows)
        events = found[effect.outcome]
        checks.append(_before(events, effect, study, windows))
        if (effect.outcome, effect.horizon_months) == (
            study.primary.outcome,
            study.primary.horizon,
        ):
            checks += _honest(events, effect, study, windows)
    return checks


def _events(comparison: Comparison, outcome: str, windows: Windows) -> PersonEvents | None:
    try:
        return person_events(comparison, outcome, windows)
    except EstimationError:
        return None


def _numbers(events: PersonEvents, windows: Windows) -> IntVector:
    """Return the periods by number: those before the base end at -2, those after start at 0."""
    after = np.array([months[len(months) // 2] for months in windows.after])
    before = np.array([months[len(months) // 2] for months in windows.before])
    later = np.searchsorted(after, events.months)
    sooner = np.searchsorted(before, events.months) - before.size - 1
    return np.where(events.before, sooner, later).astype(np.int64)


def _before(events: PersonEvents | None, effect: Effect, study: Study, windows: Windows) -> Check:
    if study.comparison.on_past:
        return Check("pre_trend", "weighted", None, None, None, {}, effect.key)
    pre = None
    if events is not None and events.before.any():
        rows = np.flatnonzero(events.before)[-MOST_BEFORE:]
        times = _numbers(events, windows)[rows].astype(np.float64)
        V = events.covariance[np.ix_(rows, rows)]
        pre = PrePeriod(events.estimate[rows], V, times, REFERENCE, events.df)
    horizon = windows.period_of(int(effect.horizon_months or 0))
    return check_pre_trend(
        pre, study.checks, effect=effect.estimate, horizon=float(horizon), key=effect.key,
        unit=effect.unit,
    )  # fmt: skip


def _honest(
    events: PersonEvents | None, effect: Effect, study: Study, windows: Windows
) -> list[Check]:
    """Tell how far trends may diverge before the primary effect is no longer sure."""
    built = None if events is None else _path(events, effect, windows)
    if built is None or study.comparison.on_past:
        return silent("dependent", effect.key)
    path, at = built
    if np.linalg.matrix_rank(path.covariance) < path.beta.size:
        return silent("dependent", effect.key)
    limits, key, unit = study.checks, effect.key, effect.unit
    weights = path.weights(float(at))
    low, high = usual_interval(path, weights, limits.alpha)
    if low <= 0 <= high:
        return silent("nothing", key, Interval(low, high, unit))
    return [
        check_relative(path, weights, limits, key, unit),
        check_smooth(path, weights, limits, key, unit),
    ]


def _path(events: PersonEvents, effect: Effect, windows: Windows) -> tuple[EventStudy, int] | None:
    """Return the periods from the base to that of the horizon, none of them missing."""
    number = _numbers(events, windows)
    last = windows.period_of(int(effect.horizon_months or 0))
    available = set(number.tolist())
    first = -2
    while first - 1 in available and first > -1 - MOST_BEFORE:
        first -= 1
    if not {first, *range(last + 1)} <= available:
        return None
    rows = np.flatnonzero((number >= first) & (number <= last))
    V = events.covariance[np.ix_(rows, rows)]
    times = number[rows].astype(np.float64)
    return EventStudy(events.estimate[rows], V, times, REFERENCE), last
