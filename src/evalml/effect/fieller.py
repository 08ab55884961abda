"""The interval of a ratio of two estimates (Fieller, 1954, JRSS B 16, 175-185).

The ratio R = a / b is compatible with the data where (a - R b)^2 <= z^2 Var(a - R b). These R make
an interval if b is far enough from zero, and otherwise everything but an interval, or everything:
the ratio is then not defined, whatever a / b is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio and its interval.

    Attributes:
        value: a / b; NaN where it is not defined.
        ci_low: Lower limit; NaN where it is not defined.
        ci_high: Upper limit; NaN where it is not defined.
    """

    value: float
    ci_low: float
    ci_high: float

    @property
    def defined(self) -> bool:
        """Whether the denominator is told from zero."""
        return bool(np.isfinite(self.value))


UNDEFINED = Ratio(float("nan"), float("nan"), float("nan"))


def fieller(a: float, b: float, v_aa: float, v_bb: float, v_ab: float, critical: float) -> Ratio:
    """Return a / b and its Fieller interval.

    Args:
        a: Numerator.
        b: Denominator.
        v_aa: Variance of the numerator.
        v_bb: Variance of the denominator.
        v_ab: Their covariance.
        critical: Quantile of the interval, such as 1.96.

    Returns:
        The ratio; undefined where the interval of the denominator includes 0.
    """
    z2 = critical**2
    quadratic = b**2 - z2 * v_bb
    if not quadratic > 0:
        return UNDEFINED
    linear = a * b - z2 * v_ab
    constant = a**2 - z2 * v_aa
    root = float(np.sqrt(max(linear**2 - quadratic * constant, 0.0)))
    return Ratio(a / b, (linear - root) / quadratic, (linear + root) / quadratic)


def covariance_from_sum(v_sum: float, v_aa: float, v_bb: float) -> float:
    """Return Cov(a, b) from Var(a + b): exact for estimators linear in the outcome."""
    return (v_sum - v_aa - v_bb) / 2
