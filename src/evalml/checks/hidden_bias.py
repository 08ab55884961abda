"""How strong must hidden bias be to explain the effect away: the E-value.

E-value of VanderWeele and Ding (2017), https://doi.org/10.7326/M16-2607. For a difference of
proportions, the bound of Ding and VanderWeele (2016), https://doi.org/10.1097/EDE.0000000000000457:
a bias factor B leaves at least p1 - B p0, which is zero at B = p1 / p0, and whose lower confidence
limit is zero at Fieller's limit of p1 / p0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from evalml.checks.check import Check
from evalml.errors import EstimationError
from evalml.values import Number

if TYPE_CHECKING:
    from evalml.checks.check import Thresholds
    from evalml.methods.effect import Effect
    from evalml.values import Values


LOG_RISK_PER_SD = 0.91
"""log(risk ratio) per standard deviation of a continuous outcome (VanderWeele 2017)."""


def e_value(risk_ratio: float) -> float:
    """Return the E-value of a risk ratio; below one it is turned over first.

    Raises:
        EstimationError: The risk ratio is not positive.
    """
    if not np.isfinite(risk_ratio) or risk_ratio <= 0:
        raise EstimationError(
            f"a risk ratio of {risk_ratio} has no E-value; both risks must be > 0"
        )
    rr = max(risk_ratio, 1 / risk_ratio)
    return float(rr + np.sqrt(rr * (rr - 1)))


def limit_e_value(low: float, high: float) -> float:
    """Return the E-value of the limit nearest to one of an interval of risk ratios."""
    if low <= 1 <= high:
        return 1.0
    return e_value(low if low > 1 else high)


def fieller_limit(p1: float, p0: float, v1: float, v0: float, z: float) -> float:
    """Return the lower limit of p1 / p0: the B at which p1 - B p0 is z standard errors above 0.

    Args:
        p1: Larger risk.
        p0: Smaller risk.
        v1: Variance of p1.
        v0: Variance of p0.
        z: Normal quantile.

    Returns:
        The limit, at least one.
    """
    if p1 - p0 <= z * np.sqrt(v1 + v0):
        return 1.0
    a, b, c = p0**2 - z**2 * v0, p1 * p0, p1**2 - z**2 * v1
    if abs(a) < np.finfo(float).tiny:
        return max(c / (2 * b), 1.0)
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return max(float((b - root) / a), 1.0)


def risk_difference_e_values(
    p1: float, p0: float, std_error: float, n1: int, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the E-values of a difference of proportions and of its confidence limit.

    Args:
        p1: Proportion in the treated arm.
        p0: Proportion of the comparison, as estimated.
        std_error: Standard error of p1 - p0.
        n1: Treated persons: p1 (1 - p1) / n1 of the variance is due to p1, the rest to p0.
        alpha: One minus the level.

    Raises:
        EstimationError: A proportion is not positive.
    """
    z = float(ndtri(1 - alpha / 2))
    v1 = min(p1 * (1 - p1) / n1, std_error**2)
    v0 = std_error**2 - v1
    if p1 >= p0:
        return e_value(p1 / p0), e_value(fieller_limit(p1, p0, v1, v0, z))
    return e_value(p1 / p0), e_value(fieller_limit(p0, p1, v0, v1, z))


def mean_difference_e_values(
    estimate: float, std_error: float, sd: float, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the E-values of a difference of means and of its limit, by RR = exp(0.91 d).

    Args:
        estimate: Difference of means.
        std_error: Its standard error.
        sd: Standard deviation of the outcome.
        alpha: One minus the level.
    """
    d = LOG_RISK_PER_SD * estimate / sd
    half = float(ndtri(1 - alpha / 2)) * LOG_RISK_PER_SD * std_error / sd
    low, high = np.exp(d - half), np.exp(d + half)
    return e_value(float(np.exp(d))), limit_e_value(float(low), float(high))


def check_e_value(effect: Effect, thresholds: Thresholds, sd: float | None = None) -> Check:
    """Tell the E-value of an effect and of its confidence limit.

    Args:
        effect: A difference of proportions, or of means if `sd` is given.
        thresholds: `e_value`, `alpha`.
        sd: Standard deviation of the outcome, for a difference of means.
    """
    if not np.isfinite([effect.estimate, effect.std_error]).all() or effect.std_error <= 0:
        return _unjudged("no_error", effect.key)
    if sd is not None:
        if sd <= 0:
            return _unjudged("constant", effect.key)
        point, limit = mean_difference_e_values(
            effect.estimate, effect.std_error, sd, thresholds.alpha
        )
    elif effect.unit != "proportion" or min(effect.mean_treated, effect.mean_comparison) <= 0:
        return _unjudged("no_ratio", effect.key)
    else:
        point, limit = risk_difference_e_values(
            effect.mean_treated,
            effect.mean_comparison,
            effect.std_error,
            effect.n_treated,
            thresholds.alpha,
        )
    return _judged_e_value(point, limit, effect.key, thresholds.e_value)


def _judged_e_value(point: float, limit: float, key: str, minimum: float) -> Check:
    nothing = limit <= 1
    passed = None if nothing else limit >= minimum
    values: Values = {"point": Number(point, 2), "limit": Number(limit, 2)}
    finding = "nothing" if nothing else "strength"
    return Check("e_value", finding, passed, limit, minimum, values, key, gating=False)


def _unjudged(finding: str, key: str) -> Check:
    return Check("e_value", finding, None, None, None, {}, key, gating=False)
