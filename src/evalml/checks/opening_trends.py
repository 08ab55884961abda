"""Did the areas evolve alike before they opened, and how far could they have diverged since?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.event_study import EventStudy
from evalml.checks.french import effect as effect_text
from evalml.checks.french import french, interval, number
from evalml.checks.honest_did import (
    LARGEST_M_BAR,
    relative_breakdown,
    smoothness_breakdown,
    usual_interval,
)
from evalml.checks.honest_did import QUESTION as HONEST
from evalml.checks.honest_relative import relative_magnitudes_interval
from evalml.checks.honest_smooth import smoothness_interval
from evalml.checks.pre_trend import PrePeriod, check_pre_trend
from evalml.effect.opening_events import events_of

if TYPE_CHECKING:
    from evalml.arrays import Vector
    from evalml.effect.effect import Effect
    from evalml.effect.opening_events import Events
    from evalml.effect.openings import Opening
    from evalml.study import Study

TREND = french("Les territoires évoluaient-ils de même avant, et l'aurait-on vu sinon ?")
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
        unit=effect.unit,
    )  # fmt: skip
    told = found.sentence.replace("l’entrée", "l’ouverture")
    if _few(opening, study):
        told = told.replace("aucune période avant", "trop peu de territoires")
    told = told.replace("les groupes", "les territoires").replace("par période", "par semestre")
    return replace(found, question=TREND, sentence=told)


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
        return _silent(
            "il faut des semestres observés avant l'ouverture, et assez de territoires.", effect
        )
    found, weights = built
    if np.linalg.matrix_rank(found.covariance) < found.beta.size:
        return _silent("les erreurs des semestres sont liées (trop peu de territoires).", effect)
    limits = study.checks
    low, high = usual_interval(found, weights, limits.alpha)
    if low <= 0 <= high:
        sentence = french(
            "L'effet moyen des semestres proches de l'ouverture n'est pas significatif, même à "
            f"tendances parallèles ({interval(low, high, effect.unit)}) : il n'y a rien à mettre à "
            "l'épreuve."
        )
        silent = Check("", HONEST, None, 0.0, None, sentence, effect.key, gating=False)
        return [replace(silent, name=name) for name in ("honest_relative", "honest_smooth")]
    return [
        _relative(found, weights, effect, study),
        _smooth(found, weights, effect, study),
    ]


def _silent(why: str, effect: Effect) -> list[Check]:
    sentence = french(f"La sensibilité aux tendances ne peut être jugée : {why}")
    silent = Check("", HONEST, None, None, None, sentence, effect.key, gating=False)
    return [replace(silent, name=name) for name in ("honest_relative", "honest_smooth")]


def _relative(found: EventStudy, weights: Vector, effect: Effect, study: Study) -> Check:
    limits = study.checks
    limit = relative_breakdown(found, weights, limits.alpha)
    ends = relative_magnitudes_interval(found, weights, limits.honest_m, limits.alpha)
    at_least = "au moins " if limit >= LARGEST_M_BAR else ""
    sentence = (
        "L'effet reste significatif tant que l'écart de tendance d'un semestre à l'autre ne "
        f"dépasse pas {at_least}{number(limit, 2)} fois le plus grand écart vu avant l'ouverture ; "
        f"à {number(limits.honest_m, 1)} fois, l'intervalle va {interval(*ends, effect.unit)}."
    )
    return Check(
        "honest_relative", HONEST, limit >= limits.honest_m, limit, limits.honest_m,
        french(sentence), effect.key, gating=False,
    )  # fmt: skip


def _smooth(found: EventStudy, weights: Vector, effect: Effect, study: Study) -> Check:
    alpha = study.checks.alpha
    straight = smoothness_interval(found, weights, 0.0, alpha)
    limit = smoothness_breakdown(found, weights, alpha)
    sentence = (
        "En prolongeant en ligne droite la tendance d'avant l'ouverture, l'intervalle va "
        f"{interval(*straight, effect.unit)} ; l'effet reste significatif tant que la pente ne "
        f"change pas de plus de {effect_text(limit, effect.unit, 2)} d'un semestre à l'autre."
    )
    return Check(
        "honest_smooth", HONEST, None, limit, None, french(sentence), effect.key, gating=False
    )
