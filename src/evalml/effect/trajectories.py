"""Both arms month by month, the comparison arm weighted to look like the treated one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.comparison.threads import thin_products

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.comparison import Comparison
    from evalml.comparison.arms import Trajectory


@thin_products()
def trajectories_table(
    comparison: Comparison, trajectories: Sequence[Trajectory], weights: Vector
) -> pd.DataFrame:
    """Return the rate of each outcome by arm and month since time zero.

    Args:
        comparison: The two arms.
        trajectories: One per outcome, rows in the order of the comparison.
        weights: Shape (n,), such as ATT weights: 1 for the treated, e / (1 - e) for the others.

    Returns:
        One row per arm, month and outcome: arm, month, outcome, rate, std_error, n_at_risk (rows
        observed), share_unobserved. The standard error is clustered where
        the comparison has clusters.
    """
    parts = []
    for arm, mask in (("treated", comparison.treated), ("comparison", ~comparison.treated)):
        cluster = None if comparison.cluster is None else comparison.cluster[mask]
        for trajectory in trajectories:
            rates = _rates(trajectory.values, mask, weights[mask], cluster)
            rates.insert(0, "arm", arm)
            rates.insert(1, "month", trajectory.months)
            rates.insert(2, "outcome", trajectory.outcome.name)
            parts.append(rates)
    return pd.concat(parts, ignore_index=True)


def _rates(
    values: np.ndarray, arm: BoolVector, weights: Vector, cluster: IntVector | None
) -> pd.DataFrame:
    """Return the rates of an arm, month by month: one month of the arm is in memory at a time."""
    groups = None if cluster is None else max(int(np.unique(cluster).size), 2)
    months = [
        _rate(values[arm, k].astype(np.float64), weights, cluster, groups)
        for k in range(values.shape[1])
    ]
    names = ["rate", "std_error", "n_at_risk", "share_unobserved"]
    return pd.DataFrame(months, columns=names).astype({"n_at_risk": np.int64})


def _rate(
    y: Vector, weights: Vector, cluster: IntVector | None, groups: int | None
) -> tuple[float, float, int, float]:
    """Return rate, standard error (clustered with G / (G - 1)), rows observed, share unobserved."""
    observed = ~np.isnan(y)
    n = int(observed.sum())
    unobserved = 1 - n / max(y.size, 1)
    w = np.where(observed, weights, 0.0)
    total = float(w.sum())
    if not total > 0:
        return float("nan"), float("nan"), n, unobserved
    filled = np.where(observed, y, 0.0)
    rate = float(w @ filled) / total
    score = w * (filled - rate) / total
    sums = score if cluster is None else np.bincount(cluster, score)
    size = max(y.size, 2) if groups is None else groups
    return rate, float(np.sqrt(sums @ sums * size / (size - 1))), n, unobserved
