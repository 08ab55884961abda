"""The log-rank test, with late entry.

Mantel (1966); Peto and Peto (1972), doi:10.2307/2344317. Hypergeometric variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from evalml.effect.durations import Durations, at_risk, risk_sets
from evalml.effect.survival import refuse_causes
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Vector


@dataclass(frozen=True, slots=True)
class LogRank:
    """Result of a log-rank test.

    Attributes:
        chi2: Statistic.
        df: Degrees of freedom.
        p_value: Of equal hazards in all groups.
        observed: Events by group.
        expected: Events expected by group if hazards were equal.
    """

    chi2: float
    df: int
    p_value: float
    observed: tuple[float, ...]
    expected: tuple[float, ...]


def log_rank(durations: Durations, group: IntVector) -> LogRank:
    """Test that the hazards of the groups are equal.

    Args:
        durations: Durations whose events are 0 and 1.
        group: Code 0 … G-1, shape (n,).

    Raises:
        EstimationError: One group, no event, several causes, weights or clusters (use the Cox
            model).
    """
    refuse_causes(durations, "logrank")
    if durations.weights is not None or durations.cluster is not None:
        raise EstimationError("the log-rank test takes no weights or clusters; use cox")
    groups = int(group.max()) + 1
    if groups < 2:  # noqa: PLR2004
        raise EstimationError("the log-rank test compares groups: name a column with two or more")
    sets = risk_sets(durations)
    d, Y = sets.d.sum(axis=0), sets.Y
    member = [(group == g).astype(np.float64) for g in range(groups)]
    Yg = np.array([at_risk(m, sets.first, sets.last, d.size) for m in member])
    happened = durations.event > 0
    observed = np.array([float(m[happened].sum()) for m in member])
    share = Yg / Y
    expected = share @ d
    spread = np.where(Y > 1, d * (Y - d) / np.maximum(Y - 1, 1), 0.0)
    V = np.diag(share @ spread) - (share * spread) @ share.T
    return _test(observed, expected, V)


def _test(observed: Vector, expected: Vector, V: Vector) -> LogRank:
    used = expected > 0
    gap = (observed - expected)[used][1:]
    df = int(used.sum()) - 1
    inner = V[np.ix_(used, used)][1:, 1:]
    if df < 1 or np.linalg.matrix_rank(inner, hermitian=True) < df:
        raise EstimationError("fewer than two groups are ever at risk together")
    chi2 = float(gap @ np.linalg.solve(inner, gap))
    return LogRank(
        chi2, df, float(chdtrc(df, chi2)), tuple(observed.tolist()), tuple(expected.tolist())
    )
