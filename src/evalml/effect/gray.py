"""Gray's test that the cumulative incidence of a cause is the same in all groups.

Gray (1988), A class of K-sample tests for comparing the cumulative incidence of a competing risk,
Annals of Statistics 16(3), 1141-1154, doi:10.1214/aos/1176350951, with rho = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from evalml.effect.durations import Durations, at_risk, risk_sets
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import IntVector, Matrix, Vector


@dataclass(frozen=True, slots=True)
class GrayTest:
    """Result of Gray's test.

    Attributes:
        chi2: Statistic.
        df: Degrees of freedom.
        p_value: Of equal cumulative incidence in all groups.
    """

    chi2: float
    df: int
    p_value: float


def gray_test(durations: Durations, group: IntVector, cause: int) -> GrayTest:
    """Test that the incidence of a cause is the same in all groups.

    Args:
        durations: Durations whose events are 0 (censored), 1, 2, … (causes).
        group: Code 0 … G-1, shape (n,).
        cause: The cause.

    Raises:
        EstimationError: One group, no event of the cause, late entry, weights or clusters.
    """
    if durations.weights is not None or durations.cluster is not None:
        raise EstimationError("Gray's test takes no weights or clusters")
    if np.isfinite(durations.entry).any():
        raise EstimationError("Gray's test takes no late entry; use aj, group by group")
    G = int(group.max()) + 1
    if G < 2:  # noqa: PLR2004
        raise EstimationError("Gray's test compares groups: name a column with two or more")
    if not (durations.event == cause).any():
        raise EstimationError(f"no event of cause {cause} is observed")
    counts = _Counts.of(durations, group, cause, G)
    score, V = _score(counts), _covariance(counts)
    df = G - 1
    if np.linalg.matrix_rank(V[1:, 1:], hermitian=True) < df:
        raise EstimationError("fewer than two groups are ever at risk together")
    chi2 = float(score[1:] @ np.linalg.solve(V[1:, 1:], score[1:]))
    return GrayTest(chi2, df, float(chdtrc(df, chi2)))


@dataclass(frozen=True, slots=True, repr=False)
class _Counts:
    """What happens at each of the K times in each of the G groups; all of shape (K, G).

    Attributes:
        own: Events of the cause.
        other: Events of the other causes.
        Y: At risk.
        before: Survival just before, of all causes.
        after: Survival just after.
        incidence: Incidence of the cause just before.
    """

    own: Matrix
    other: Matrix
    Y: Matrix
    before: Matrix
    after: Matrix
    incidence: Matrix

    @classmethod
    def of(cls, durations: Durations, group: IntVector, cause: int, groups: int) -> _Counts:
        sets = risk_sets(durations)
        K = sets.times.size
        member = [(group == g).astype(np.float64) for g in range(groups)]
        Y = np.array([at_risk(m, sets.first, sets.last, K) for m in member]).T
        mine = durations.event == cause
        rest = (durations.event > 0) & ~mine

        def events(rows: NDArray[np.bool_]) -> Matrix:
            place = (sets.last[rows] - 1) * groups + group[rows]
            found = np.bincount(place, minlength=K * groups).reshape(K, groups)
            return found.astype(np.float64)

        own, other = events(mine), events(rest)
        hazard = np.divide(own + other, Y, out=np.zeros_like(Y), where=Y > 0)
        after = np.cumprod(1 - hazard, axis=0)
        before = np.vstack([np.ones(groups), after[:-1]])
        jump = np.divide(before * own, Y, out=np.zeros_like(Y), where=Y > 0)
        return cls(own, other, Y, before, after, np.cumsum(jump, axis=0) - jump)


def _score(c: _Counts) -> Vector:
    """Return events less those expected, with the risk sets of the subdistribution."""
    at_risk_still = _over(c.Y * (1 - c.incidence), c.before)
    expected = at_risk_still * _over(c.own.sum(axis=1), at_risk_still.sum(axis=1))[:, None]
    out: Vector = (c.own - expected).sum(axis=0)
    return out


def _covariance(c: _Counts) -> Matrix:
    """Return the covariance of the scores under equal incidence, shape (G, G)."""
    alive = c.Y > 0
    t = np.where(alive, _over(c.Y, c.before), 0.0)
    total = t.sum(axis=1)
    d1 = c.own.sum(axis=1)
    F = np.cumsum(_over(d1, total))
    F_before = F - _over(d1, total)
    a = -t[:, :, None] * t[:, None, :] / total[:, None, None]
    a[:, np.arange(t.shape[1]), np.arange(t.shape[1])] += t
    drift = np.cumsum(a * _over(d1, total * (1 - F_before))[:, None, None], axis=0)
    ratio = _over((1 - F)[:, None], c.after)
    theta = np.where(c.after > 0, 1 - ratio, 1.0)
    several = np.where(d1 > 1, d1 - 1, 0.0)[:, None]
    spread = np.where(
        alive,
        (1 - _over(several, total[:, None] * c.before - 1))
        * _over(c.before * d1[:, None], total[:, None] * c.Y),
        0.0,
    )
    several = np.where(c.other > 1, c.other - 1, 0.0)
    spread2 = (1 - _over(several, c.Y - 1)) * _over(c.before**2 * c.other, c.Y**2)
    spread2 = np.where(c.after > 0, spread2, 0.0)
    end = drift[-1]
    by_own = a - theta[:, None, :] * (drift - end)
    by_other = ratio[:, None, :] * (drift - end)
    V = np.einsum("kig,kjg,kg->ij", by_own, by_own, spread)
    out: Matrix = V + np.einsum("kig,kjg,kg->ij", by_other, by_other, spread2)
    return out


def _over(a: Vector | Matrix, b: Vector | Matrix) -> Matrix:
    a, b = np.broadcast_arrays(a, b)
    return np.divide(a, b, out=np.zeros(a.shape), where=b > 1e-12)  # noqa: PLR2004
