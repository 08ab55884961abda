"""Bounds of an effect that the data do not fix, and their interval.

Interval of Imbens and Manski (2004), https://doi.org/10.1111/j.1468-0262.2004.00555.x: it covers
the effect wherever it lies between the bounds, and becomes the usual one when they meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import ndtr


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of an effect.

    Attributes:
        low: Lower bound.
        high: Upper bound.
        ci_low: Lower limit of the interval of the effect.
        ci_high: Upper limit.
    """

    low: float
    high: float
    ci_low: float
    ci_high: float


def imbens_manski(low: float, high: float, se_low: float, se_high: float, alpha: float) -> Bounds:
    """Return bounds with the interval that covers the effect, wherever it lies between them."""
    widest = max(se_low, se_high)
    if not np.isfinite(widest) or widest <= 0:
        return Bounds(low, high, low, high)
    gap = max(high - low, 0.0) / widest
    c = float(optimize.brentq(lambda x: ndtr(x + gap) - ndtr(-x) - (1 - alpha), 0, 40))
    return Bounds(low, high, low - c * se_low, high + c * se_high)
