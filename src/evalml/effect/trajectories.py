"""Both arms month by month, the comparison arm weighted to look like the treated one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import IntVector, Vector
    from evalml.comparison import Comparison
    from evalml.comparison.arms import Trajectory


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
            rates = _rates(trajectory.values[mask], weights[mask], cluster)
            rates.insert(0, "arm", arm)
            rates.insert(1, "month", trajectory.months)
            rates.insert(2, "outcome", trajectory.outcome.name)
            parts.append(rates)
    return pd.concat(parts, ignore_index=True)


def _rates(values: np.ndarray, weights: Vector, cluster: IntVector | None) -> pd.DataFrame:
    observed = ~np.isnan(values)
    w = np.where(observed, weights[:, None], 0.0)
    total = w.sum(axis=0)
    filled = np.where(observed, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (w * filled).sum(axis=0) / total
        score = w * (filled - rate) / total
    n = observed.sum(axis=0)
    return pd.DataFrame(
        {
            "rate": rate,
            "std_error": np.sqrt(_variance(score, cluster)),
            "n_at_risk": n,
            "share_unobserved": 1 - n / max(len(values), 1),
        }
    )


def _variance(score: np.ndarray, cluster: IntVector | None) -> Vector:
    """Return the variance of a sum of scores, shape (K,), clustered with G / (G - 1)."""
    if cluster is None:
        n = max(score.shape[0], 2)
        return np.asarray((score**2).sum(axis=0) * n / (n - 1))
    sums = np.zeros((int(cluster.max()) + 1, score.shape[1]))
    np.add.at(sums, cluster, score)
    present = max(int(np.unique(cluster).size), 2)
    return np.asarray((sums**2).sum(axis=0) * present / (present - 1))
