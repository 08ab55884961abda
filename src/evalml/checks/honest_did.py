"""How much may parallel trends fail before the effect is no longer sure?

Breakdown values of the two restrictions of Rambachan and Roth (2023),
https://doi.org/10.1093/restud/rdad018: relative magnitudes and smoothness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from evalml.checks.check import Check
from evalml.checks.french import effect as effect_text
from evalml.checks.french import french, interval, number
from evalml.checks.honest_relative import relative_magnitudes_interval
from evalml.checks.honest_smooth import smoothness_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import Vector
    from evalml.checks.event_study import EventStudy
    from evalml.checks.thresholds import Thresholds

QUESTION = french("Jusqu'où les tendances peuvent-elles diverger sans que l'effet disparaisse ?")
BISECTIONS = 20
LARGEST_M_BAR = 10.0


def usual_interval(study: EventStudy, weights: Vector, alpha: float = 0.05) -> tuple[float, float]:
    """Return the interval of the effect under exactly parallel trends."""
    after = study.after
    center = float(weights @ study.beta[after])
    sd = float(np.sqrt(weights @ study.covariance[np.ix_(after, after)] @ weights))
    half = float(special.ndtri(1 - alpha / 2)) * sd
    return center - half, center + half


def breakdown(interval_at: Callable[[float], tuple[float, float]], largest: float) -> float:
    """Return the largest M at which the interval leaves out no effect.

    Args:
        interval_at: From M to an interval that widens with M.
        largest: Where to stop looking; returned when no effect is still left out there.
    """

    def excludes(m: float) -> bool:
        low, high = interval_at(m)
        return low > 0 or high < 0

    if not excludes(0.0):
        return 0.0
    if excludes(largest):
        return largest
    inside, outside = 0.0, largest
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if excludes(middle) else (inside, middle)
    return inside


def relative_breakdown(study: EventStudy, weights: Vector, alpha: float = 0.05) -> float:
    """Return the breakdown value of relative magnitudes, at most 10."""
    return breakdown(
        lambda m: relative_magnitudes_interval(study, weights, m, alpha), LARGEST_M_BAR
    )


def smoothness_breakdown(study: EventStudy, weights: Vector, alpha: float = 0.05) -> float:
    """Return the breakdown value of smoothness, in the unit of the effect per period squared."""
    low, high = usual_interval(study, weights, alpha)
    return breakdown(
        lambda m: smoothness_interval(study, weights, m, alpha), max(abs(low), abs(high))
    )


def check_honest_did(
    study: EventStudy,
    thresholds: Thresholds,
    *,
    event_time: float | None = None,
    key: str = "",
    unit: str = "proportion",
) -> list[Check]:
    """Tell the intervals and breakdown values under the two restrictions.

    Args:
        study: Coefficients, their covariance and their reference period.
        thresholds: `honest_m`, `alpha`.
        event_time: Period of the effect; None for the mean of all periods after.
        key: Key of the outcome.
        unit: Unit of the effect.

    Returns:
        One check for relative magnitudes, one for smoothness.
    """
    weights = study.weights(event_time)
    if (np.diag(study.covariance) <= 0).any() or np.linalg.matrix_rank(
        study.covariance
    ) < study.beta.size:
        sentence = french(
            "La sensibilité aux tendances ne peut être jugée : les erreurs types des périodes sont "
            "nulles ou liées (trop peu de grappes)."
        )
        return [
            Check(name, QUESTION, None, None, None, sentence, key, gating=False)
            for name in ("honest_relative", "honest_smooth")
        ]
    low, high = usual_interval(study, weights, thresholds.alpha)
    if low <= 0 <= high:
        sentence = french(
            "L'effet n'est pas significatif, même à tendances parallèles "
            f"({interval(low, high, unit)}) : il n'y a rien à mettre à l'épreuve."
        )
        return [
            Check(name, QUESTION, None, 0.0, None, sentence, key, gating=False)
            for name in ("honest_relative", "honest_smooth")
        ]
    return [
        _relative(study, weights, thresholds, key, unit),
        _smooth(study, weights, thresholds, key, unit),
    ]


def _relative(
    study: EventStudy, weights: Vector, thresholds: Thresholds, key: str, unit: str
) -> Check:
    limit = relative_breakdown(study, weights, thresholds.alpha)
    ends = relative_magnitudes_interval(study, weights, thresholds.honest_m, thresholds.alpha)
    at_least = "au moins " if limit >= LARGEST_M_BAR else ""
    sentence = (
        "L'effet reste significatif tant que l'écart de tendance d'une période à l'autre ne "
        f"dépasse pas {at_least}{number(limit, 2)} fois le plus grand écart vu avant l'entrée ; à "
        f"{number(thresholds.honest_m, 1)} fois, l'intervalle va {interval(*ends, unit)}."
    )
    return Check(
        "honest_relative",
        QUESTION,
        limit >= thresholds.honest_m,
        limit,
        thresholds.honest_m,
        french(sentence),
        key,
        gating=False,
    )


def _smooth(
    study: EventStudy, weights: Vector, thresholds: Thresholds, key: str, unit: str
) -> Check:
    straight = smoothness_interval(study, weights, 0.0, thresholds.alpha)
    limit = smoothness_breakdown(study, weights, thresholds.alpha)
    sentence = (
        "En prolongeant en ligne droite la tendance d'avant l'entrée, l'intervalle va "
        f"{interval(*straight, unit)} ; l'effet reste significatif tant que la pente ne change pas "
        f"de plus de {effect_text(limit, unit, 2)} d'une période à l'autre."
    )
    return Check("honest_smooth", QUESTION, None, limit, None, french(sentence), key, gating=False)
