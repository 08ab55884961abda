"""Bounds of an effect that the data do not fix, and their interval.

Interval of Imbens and Manski (2004), https://doi.org/10.1111/j.1468-0262.2004.00555.x: it covers
the effect wherever it lies between the bounds, and becomes the usual one when they meet.
"""

from __future__ import annotations

from evalml.checks.french import effect, interval
from evalml.effect.bounds import Bounds, imbens_manski

__all__ = ["Bounds", "between", "imbens_manski"]


def between(low: float, high: float, unit: str = "proportion") -> str:
    """Return bounds with their unit: `entre −4,7 points et +21,3 points`."""
    if unit == "proportion":
        return f"entre {effect(low, unit, sign=True)} et {effect(high, unit, sign=True)}"
    return interval(low, high, unit).replace("de ", "entre ", 1).replace(" à ", " et ", 1)
