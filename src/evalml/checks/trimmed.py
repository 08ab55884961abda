"""How many treated persons were dropped: of whom does the effect still speak?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.checks.check import Check
from evalml.values import Count, Number, Share

if TYPE_CHECKING:
    from evalml.checks.thresholds import Thresholds
    from evalml.values import Values


def check_trimmed(n_dropped: int, n_treated: int, thresholds: Thresholds) -> Check:
    """Judge the share of treated persons dropped by trimming or by matching.

    Args:
        n_dropped: Treated persons dropped.
        n_treated: Treated persons before.
        thresholds: `trimmed`.
    """
    if n_treated <= 0:
        return Check("trimmed", "nobody", None, None, None, {})
    share, limit = n_dropped / n_treated, thresholds.trimmed
    values: Values = {
        "dropped": Count(n_dropped, n_treated),
        "whole": Count(n_treated),
        "share": Share(n_dropped, n_treated, share),
        "limit": Number(limit, 1, "percent"),
    }
    finding = "some" if n_dropped else "none"
    return Check("trimmed", finding, share <= limit, share, limit, values)
