"""How much may parallel trends fail before the effect is no longer sure?

Breakdown values of the two restrictions of Rambachan and Roth (2023),
https://doi.org/10.1093/restud/rdad018: relative magnitudes and smoothness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from evalml.checks.check import Check
from evalml.checks.honest_relative import relative_magnitudes_interval
from evalml.checks.honest_smooth import smoothness_interval
from evalml.values import Estimate, Interval, Number

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import Vector
    from evalml.checks.event_study import EventStudy
    from evalml.checks.thresholds import Thresholds
    from evalml.values import Values

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
        return silent("dependent", key)
    low, high = usual_interval(study, weights, thresholds.alpha)
    if low <= 0 <= high:
        return silent("nothing", key, Interval(low, high, unit))
    return [
        check_relative(study, weights, thresholds, key, unit),
        check_smooth(study, weights, thresholds, key, unit),
    ]


def silent(finding: str, key: str, interval: Interval | None = None) -> list[Check]:
    """Return both checks where nothing can be put to the test.

    Args:
        finding: Why, with the prefix of its variant.
        key: Key of the outcome.
        interval: Interval of an effect that is not significant even with parallel trends.
    """
    value = None if interval is None else 0.0
    values: Values = {} if interval is None else {"interval": interval}
    return [
        Check(name, finding, None, value, None, values, key, gating=False)
        for name in ("honest_relative", "honest_smooth")
    ]


def check_relative(
    study: EventStudy,
    weights: Vector,
    thresholds: Thresholds,
    key: str,
    unit: str,
    variant: str = "",
) -> Check:
    """Judge how many times the largest earlier gap in trend the effect withstands.

    Args:
        study: Coefficients, their covariance and their reference period.
        weights: Weights of the effect after, shape (periods after,).
        thresholds: `honest_m`, `alpha`.
        key: Key of the outcome.
        unit: Unit of the effect.
        variant: Prefix of the findings of a design with words of its own, such as `openings.`.
    """
    limit, wanted = relative_breakdown(study, weights, thresholds.alpha), thresholds.honest_m
    ends = relative_magnitudes_interval(study, weights, wanted, thresholds.alpha)
    values: Values = {
        "limit": Number(limit, 2),
        "times": Number(wanted, 1),
        "interval": Interval(*ends, unit),
    }
    finding = variant + ("beyond" if limit >= LARGEST_M_BAR else "up_to")
    passed = limit >= wanted
    return Check("honest_relative", finding, passed, limit, wanted, values, key, gating=False)


def check_smooth(
    study: EventStudy,
    weights: Vector,
    thresholds: Thresholds,
    key: str,
    unit: str,
    variant: str = "",
) -> Check:
    """Tell how far the slope may change before the effect is no longer sure.

    Args:
        study: Coefficients, their covariance and their reference period.
        weights: Weights of the effect after, shape (periods after,).
        thresholds: `alpha`.
        key: Key of the outcome.
        unit: Unit of the effect.
        variant: Prefix of the findings of a design with words of its own, such as `openings.`.
    """
    straight = smoothness_interval(study, weights, 0.0, thresholds.alpha)
    limit = smoothness_breakdown(study, weights, thresholds.alpha)
    values: Values = {
        "interval": Interval(*straight, unit),
        "limit": Estimate(limit, unit, digits=2),
    }
    finding = f"{variant}smooth"
    return Check("honest_smooth", finding, None, limit, None, values, key, gating=False)
