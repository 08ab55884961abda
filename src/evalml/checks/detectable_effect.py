"""Which effect could the study have detected?

Minimum detectable effect (t_{1-alpha/2} + t_{power}) x standard error, with the degrees of freedom
of the estimate's interval (Bloom 1995, https://doi.org/10.1177/0193841X9501900504).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from evalml.checks.check import Check
from evalml.values import Estimate, Number

if TYPE_CHECKING:
    from evalml.checks.thresholds import Thresholds
    from evalml.methods.effect import Effect
    from evalml.values import Values


def minimum_detectable_effect(
    std_error: float, alpha: float = 0.05, power: float = 0.8, df: float | None = None
) -> float:
    """Return the true effect that a two-sided test of level `alpha` finds with `power`.

    Args:
        std_error: Standard error of the estimate.
        alpha: Level of the test.
        power: Its power.
        df: Degrees of freedom (clusters less one); None for many.
    """
    levels = np.array([1 - alpha / 2, power])
    if df is not None and np.isfinite(df) and df > 0:
        return float(stdtrit(df, levels).sum() * std_error)
    return float(ndtri(levels).sum() * std_error)


def check_detectable_effect(effect: Effect, thresholds: Thresholds) -> Check:
    """Tell the minimum detectable effect; for information.

    Args:
        effect: Estimate whose standard error says what could be seen.
        thresholds: `alpha`, `power`.
    """
    name, key = "detectable_effect", effect.key
    if not np.isfinite(effect.std_error) or effect.std_error <= 0:
        return Check(name, "undefined", None, None, None, {}, key, gating=False)
    value = minimum_detectable_effect(
        effect.std_error, thresholds.alpha, thresholds.power, effect.details.get("df")
    )
    finding = "reached" if abs(effect.estimate) >= value else "not_reached"
    values: Values = {
        "detectable": Estimate(value, effect.unit, effect.smallest_arm),
        "power": Number(thresholds.power, 0, "percent"),
        "alpha": Number(thresholds.alpha, 0, "percent"),
    }
    return Check(name, finding, None, value, None, values, key, gating=False)
