"""How many persons does the weighted comparison arm amount to?

Kish's effective sample size, (sum w)^2 / sum w^2 (Kish 1965, Survey Sampling, section 8.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.values import Count, Number

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.check import Thresholds
    from evalml.values import Values


def effective_sample_size(w: Vector) -> float:
    """Return the number of equally weighted persons worth as much as weights `w`, shape (n,).

    Zero where no weight is positive.
    """
    total = float(w.sum())
    squares = float(w @ w)
    return total**2 / squares if squares > 0 else 0.0


def check_effective_sample_size(
    weights: Vector | None, treated: BoolVector, thresholds: Thresholds, estimand: str = "att"
) -> Check:
    """Judge the effective size of the weighted comparison arm.

    For an effect on everybody both arms are weighted, and the smaller effective size is judged.

    Args:
        weights: Analysis weights, shape (n,); None for an unweighted comparison.
        treated: Shape (n,).
        thresholds: `effective_sample_size`.
        estimand: `att` judges the comparison arm; `ate` and `ato` the weaker of the two.
    """
    w = np.ones(treated.size) if weights is None else np.asarray(weights, dtype=np.float64)
    arms = [w[~treated]] if estimand == "att" else [w[~treated], w[treated]]
    arm = min(arms, key=effective_sample_size)
    name, side = "effective_sample_size", "comparison" if arm is arms[0] else "treated"
    if arm.size == 0:
        return Check(name, f"empty_{side}", None, None, None, {})
    if not np.isfinite(arm).all():
        return Check(name, "undefined", None, None, None, {})
    value, limit = effective_sample_size(arm), thresholds.effective_sample_size
    passed = value >= limit
    values: Values = {
        "whole": Count(arm.size),
        "effective": Count(round(value)),
        "limit": Number(limit),
    }
    finding = f"enough_{side}" if passed else f"few_{side}"
    return Check(name, finding, passed, value, limit, values)
