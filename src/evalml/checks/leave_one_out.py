"""Does the effect rest on one mission locale?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.refit import take_rows
from evalml.errors import EvalmlError
from evalml.values import Estimate, Interval, Number

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Vector
    from evalml.checks.refit import Estimator
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.values import Value


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Estimates without one cluster.

    Attributes:
        clusters: Codes of the clusters left out, shape (m,).
        estimates: Estimate without each, shape (m,); NaN where it could not be made.
        n_clusters: Clusters in all.
    """

    clusters: IntVector
    estimates: Vector
    n_clusters: int


def leave_one_out(comparison: Comparison, key: str, estimate: Estimator, most: int) -> LeftOut:
    """Estimate again without each of the clusters, the largest treated ones first.

    Args:
        comparison: The two arms, with clusters.
        key: Key of the outcome.
        estimate: Estimator, which refits everything.
        most: Most refits; beyond, the smaller clusters are kept in all of them.
    """
    codes = comparison.cluster
    if codes is None:
        return LeftOut(np.empty(0, dtype=np.int64), np.empty(0), 0)
    clusters, position = np.unique(codes, return_inverse=True)
    size = np.bincount(position, weights=comparison.treated, minlength=clusters.size)
    chosen = clusters[np.lexsort((clusters, -size))][:most]
    estimates = np.full(chosen.size, np.nan)
    for i, code in enumerate(chosen):
        try:
            estimates[i] = estimate(take_rows(comparison, codes != code), key).estimate
        except EvalmlError:
            continue
    return LeftOut(chosen.astype(np.int64), estimates, int(clusters.size))


def check_leave_one_out(
    comparison: Comparison, key: str, estimate: Estimator, thresholds: Thresholds
) -> Check:
    """Judge how far the estimate moves when one mission locale is left out.

    Args:
        comparison: The two arms, with clusters.
        key: Key of the outcome.
        estimate: Estimator, which refits everything.
        thresholds: `leave_one_out`, `refits`.
    """
    if comparison.cluster is None or np.unique(comparison.cluster).size < 2:  # noqa: PLR2004
        return _unjudged("single", key)
    first = estimate(comparison, key)
    whole, n = first.estimate, first.smallest_arm
    left = leave_one_out(comparison, key, estimate, thresholds.refits)
    made = left.estimates[np.isfinite(left.estimates)]
    if not made.size or whole == 0:
        return _unjudged("impossible", key)
    unit = comparison.measure(key).unit
    value = float(np.abs(made - whole).max() / abs(whole))
    same_sign = bool((np.sign(made) == np.sign(whole)).all())
    passed = same_sign and value <= thresholds.leave_one_out and made.size == left.estimates.size
    values: dict[str, Value] = {
        "tried": Number(left.estimates.size),
        "clusters": Number(left.n_clusters),
        "range": Interval(float(made.min()), float(made.max()), unit, n),
        "whole": Estimate(whole, unit, n),
        "move": Number(value, 1, "percent"),
    }
    if made.size < left.estimates.size:
        values["failed"] = Number(left.estimates.size - made.size)
    name, finding = "leave_one_out", "same_sign" if same_sign else "other_sign"
    limit = thresholds.leave_one_out
    return Check(name, finding, passed, value, limit, values, key, gating=False)


def _unjudged(finding: str, key: str) -> Check:
    return Check("leave_one_out", finding, None, None, None, {}, key, gating=False)
