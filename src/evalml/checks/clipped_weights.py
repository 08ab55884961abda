"""Were weights clipped, and does one person carry too much of the total?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.values import Count, Number, Share

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.values import Values


def check_clipped_weights(
    weights: Vector | None, treated: BoolVector, thresholds: Thresholds, n_clipped: int = 0
) -> Check:
    """Judge the share of clipped weights and the largest weight of the comparison arm.

    Args:
        weights: Analysis weights, shape (n,); None for an unweighted comparison.
        treated: Shape (n,).
        thresholds: `clipped` and `weight_share`.
        n_clipped: How many weights, or scores, were clipped.
    """
    if weights is None or not treated.size:
        return Check("clipped_weights", "unweighted", None, None, None, {})
    arm = np.asarray(weights, dtype=np.float64)[~treated]
    total = float(arm.sum())
    if not np.isfinite(total) or total <= 0:
        return Check("clipped_weights", "not_positive", None, None, None, {})
    share, heaviest = n_clipped / treated.size, float(arm.max()) / total
    passed = share <= thresholds.clipped and heaviest <= thresholds.weight_share
    judged = (share, thresholds.clipped)
    if share <= thresholds.clipped and not passed:
        judged = (heaviest, thresholds.weight_share)
    values: Values = {
        "clipped": Count(n_clipped, treated.size),
        "whole": Count(treated.size),
        "share": Share(n_clipped, treated.size, share),
        "limit": Number(thresholds.clipped, 1, "percent"),
        "heaviest": Number(heaviest, 1, "percent"),
        "heaviest_limit": Number(thresholds.weight_share, 1, "percent"),
    }
    finding = "some" if n_clipped else "none"
    return Check("clipped_weights", finding, passed, *judged, values)
