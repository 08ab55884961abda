"""What the owner of the data asks, and the steps to which numbers are rounded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from evalml.arrays import Vector
from evalml.errors import PrivacyError, nearest

THRESHOLD = 11
"""Smallest count that may be shown: the rule of tax data, the strictest of those met."""
LADDER = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Steps of shares, in points."""
SETTINGS = "disclosure.yaml"
"""The file of the owner of the data, beside the register."""


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """What the owner of the data asks.

    Attributes:
        threshold: Smallest count that may be shown.
        rounding: Base of which counts are multiples; 1 leaves them as they are.
        dominant: How many contributors `dominance` is about (the n of the (n, k) rule).
        dominance: Largest share of an amount that they may make together (k, from 0 to 1).
        p: Smallest share of the largest contribution by which it may be estimated by the second.
        freedom: Smallest number of degrees of freedom of a model.
    """

    threshold: int = THRESHOLD
    rounding: int = 5
    dominant: int = 1
    dominance: float = 0.85
    p: float = 0.10
    freedom: int = 10

    def __post_init__(self) -> None:
        """Refuse a rule that protects nobody."""
        limits = (
            ("threshold", self.threshold >= 2, "at least 2"),  # noqa: PLR2004
            ("rounding", self.rounding >= 1, "1 (none) or more"),
            ("dominant", self.dominant in {1, 2}, "1 or 2"),
            ("dominance", 0 < self.dominance <= 1, "above 0 and at most 1"),
            ("p", 0 <= self.p < 1, "from 0 to below 1"),
            ("freedom", self.freedom >= 1, "at least 1"),
        )
        for name, valid, condition in limits:
            if not valid:
                value = getattr(self, name)
                raise PrivacyError(f"disclosure rule: {name} must be {condition}, not {value}")


def read_rule(path: Path | None, threshold: int | None = None) -> DisclosureRule:
    """Read the rule of the owner of the data, a YAML; the default one where there is no file.

    `threshold` wins over that of the file.

    Raises:
        PrivacyError: A key is unknown or a value protects nobody.
    """
    values: dict[str, Any] = {}
    if path is not None and path.is_file():
        values = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) or {}
    known = {field.name for field in fields(DisclosureRule)}
    for key, value in values.items():
        if key not in known or isinstance(value, bool) or not isinstance(value, int | float):
            hint = nearest(key, known) if key not in known else "it must be a number"
            raise PrivacyError(f"{path}: '{key}: {value}' is no disclosure rule ({hint})")
    return DisclosureRule(**{**values, **({} if threshold is None else {"threshold": threshold})})


def share_step(n: float) -> float:
    """Return the first step of the ladder, in points, in which one of `n` persons does not show.

    NaN where none is large enough: such a share does not leave.
    """
    return next((step for step in LADDER if step * n >= 100), np.nan)  # noqa: PLR2004


def ladder_step(least: float, floor: float) -> float:
    """Return the first of 1, 2, 5, 10, 20, 50… times a power of ten from `least` and `floor` up."""
    size = float(max(least, floor))
    if not np.isfinite(size) or size <= 0:
        return np.nan
    power = 10.0 ** float(np.floor(np.log10(size)))
    steps = (round(each * power, 10) for each in (1, 2, 5, 10))
    return float(next(step for step in steps if step >= size * (1 - 1e-9)))


def to_step(values: Vector, step: Vector | float) -> Vector:
    """Return numbers rounded to the nearest multiple of their step, halves up; NaN stays."""
    return np.round(np.floor(values / step + 0.5 + 1e-9) * step, 10) + 0.0


def printed(counts: Vector, rule: DisclosureRule) -> Vector:
    """Return counts as they leave: a multiple of the base, or NaN below the threshold."""
    shown = np.floor(counts / rule.rounding + 0.5) * rule.rounding
    gone = (counts < rule.threshold) | (shown < rule.threshold)
    return np.where(gone, np.nan, shown)


def bounds(shown: float, rule: DisclosureRule) -> tuple[float, float]:
    """Return the least and the greatest count that leave as `shown`."""
    half = rule.rounding // 2
    return shown - half, shown + (rule.rounding - 1 - half)
