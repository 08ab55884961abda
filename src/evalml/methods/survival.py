"""Survival and cumulative incidence with late entry: curves, restricted means, tests.

Kaplan and Meier (1958), doi:10.1080/01621459.1958.10501452; Greenwood's variance; Aalen and
Johansen (1978), Scandinavian Journal of Statistics 5(3), 141-150; robust variance by the
infinitesimal jackknife, the exact derivative in the weight of each person.

Mantel (1966); Peto and Peto (1972), doi:10.2307/2344317. Hypergeometric variance.

Gray (1988), A class of K-sample tests for comparing the cumulative incidence of a competing risk,
Annals of Statistics 16(3), 1141-1154, doi:10.1214/aos/1176350951, with rho = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, ndtri

from evalml.errors import EstimationError
from evalml.methods.durations import Durations, RiskSets, at_risk, risk_sets, snap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import IntVector, Matrix, Vector


_FEW_AT_RISK = 5


@dataclass(frozen=True, slots=True, repr=False)
class Curve:
    """A step function: survival, or the cumulative incidence of a cause.

    Attributes:
        times: Event times, shape (K,).
        value: Value from each time on, shape (K,).
        std_error: Standard error, NaN where there is none, shape (K,).
        at_risk: Persons at risk just before each time, shape (K,).
        last_time: End of the longest follow-up.
        start: Value before the first event: 1 for survival, 0 for incidence.
        warnings: What the reader must know.
    """

    times: Vector
    value: Vector
    std_error: Vector
    at_risk: IntVector
    last_time: float
    start: float
    warnings: tuple[str, ...] = ()

    def at(self, when: Vector) -> tuple[Vector, Vector]:
        """Return value and standard error at some times; NaN beyond the last follow-up."""
        when = snap(when, np.append(self.times, self.last_time))
        place = np.searchsorted(self.times, when, side="right")
        value = np.concatenate([[self.start], self.value])[place]
        std_error = np.concatenate([[0.0], self.std_error])[place]
        beyond = when > self.last_time
        return np.where(beyond, np.nan, value), np.where(beyond, np.nan, std_error)


def kaplan_meier(durations: Durations, when: Vector | None = None) -> Curve:
    """Return the survival curve; Greenwood's variance, robust with weights or clusters.

    Args:
        durations: Durations whose events are 0 and 1.
        when: Times at which a robust variance is wanted; all event times by default.

    Raises:
        EstimationError: No event, or several causes (then survival is not what one wants).
    """
    refuse_causes(durations, "km")
    sets = risk_sets(durations)
    survival, hazard = _survival(sets)
    if durations.weights is None and durations.cluster is None:
        variance = np.cumsum(_over(hazard, sets.Y - sets.d[0]))
        std_error = survival * np.sqrt(variance)
    else:
        incidence = np.cumsum(_before(survival) * hazard)[None]
        std_error = _robust(durations, sets, survival, incidence, 0, when)
    std_error = np.where(survival > 0, std_error, np.nan)
    return _curve(sets, survival, std_error, durations, 1.0)


def nelson_aalen(durations: Durations) -> Curve:
    """Return the cumulative hazard; Aalen's variance, robust with weights or clusters.

    Nelson (1972), doi:10.2307/1267144; Aalen (1978), doi:10.1214/aos/1176344247.
    """
    refuse_causes(durations, "na")
    sets = risk_sets(durations)
    hazard = sets.d[0] / sets.Y
    if durations.weights is None and durations.cluster is None:
        std_error = np.sqrt(np.cumsum(hazard / sets.Y))
    else:
        std_error = np.array([_hazard_error(durations, sets, k) for k in range(hazard.size)])
    return _curve(sets, np.cumsum(hazard), std_error, durations, 0.0)


def _hazard_error(durations: Durations, sets: RiskSets, k: int) -> float:
    """Return the robust standard error of the cumulative hazard at the k-th event time."""
    share = np.where(np.arange(sets.times.size) <= k, 1 / sets.Y, 0.0)
    influence = _martingale(share, share * sets.d[0] / sets.Y, durations, sets) * durations.w
    return float(np.sqrt(_variance(influence, durations)))


def aalen_johansen(durations: Durations, cause: int, when: Vector | None = None) -> Curve:
    """Return the cumulative incidence of a cause; robust variance (infinitesimal jackknife).

    Args:
        durations: Durations whose events are 0 (censored), 1, 2, … (causes).
        cause: The cause of interest.
        when: Times at which the variance is wanted; all event times by default.

    Raises:
        EstimationError: No event of that cause.
    """
    if not (durations.event == cause).any():
        raise EstimationError(f"no event of cause {cause} is observed")
    sets = risk_sets(durations)
    survival, _ = _survival(sets)
    incidence = np.cumsum(_before(survival) * sets.d / sets.Y, axis=1)
    std_error = _robust(durations, sets, survival, incidence, cause - 1, when)
    return _curve(sets, incidence[cause - 1], std_error, durations, 0.0)


def incidence_path(durations: Durations, cause: int, last: int) -> tuple[Vector, Matrix]:
    """Return the cumulative incidence of a cause at the times 1 to `last`, and its influence.

    Args:
        durations: Durations whose events are 0 (censored), 1, 2, … (causes).
        cause: The cause of interest.
        last: Last whole time.

    Returns:
        Shape (last,), and the influence of each person, weight included, shape (n, last): what two
        curves, or the area under one, have for an error follows from it.
    """
    path, influence = np.zeros(last), np.zeros((durations.time.size, last))
    if not (durations.event == cause).any():
        return path, influence
    sets = risk_sets(durations)
    survival, _ = _survival(sets)
    incidence = np.cumsum(_before(survival) * sets.d / sets.Y, axis=1)
    place = np.searchsorted(sets.times, np.arange(1, last + 1), side="right") - 1
    for at, k in enumerate(place):
        if k >= 0:
            path[at] = incidence[cause - 1, k]
            moved = _influence(durations, sets, survival, incidence, cause - 1, int(k))
            influence[:, at] = moved * durations.w
    return path, influence


@dataclass(frozen=True, slots=True, repr=False)
class MeanTime:
    """A restricted mean survival time.

    Attributes:
        value: Mean time without the event, up to the horizon.
        variance: Its variance.
        influence: Influence of each person, weight included, summing to its error, shape (n,).
    """

    value: float
    variance: float
    influence: Vector


def restricted_mean(durations: Durations, horizon: float, origin: float = 0.0) -> MeanTime:
    """Return the mean time without the event between `origin` and `horizon`.

    Royston and Parmar (2013), doi:10.1186/1471-2288-13-152: the area under the survival curve.

    Args:
        durations: Durations whose events are 0 and 1.
        horizon: End of the window.
        origin: Start of the window.

    Raises:
        EstimationError: Several causes, a horizon before the origin or beyond the last follow-up.
    """
    refuse_causes(durations, "rmst")
    horizon = float(snap(np.array([horizon]), durations.time)[0])
    if not origin < horizon <= durations.time.max():
        raise EstimationError(
            f"the horizon {horizon:g} must lie after {origin:g} and not beyond the end of the "
            f"longest follow-up in each group ({durations.time.max():g})"
        )
    if not ((durations.event > 0) & (durations.time <= horizon)).any():
        return MeanTime(horizon - origin, 0.0, np.zeros(durations.time.size))
    sets = risk_sets(durations)
    survival, hazard = _survival(sets)
    inside = sets.times <= horizon
    edges = np.concatenate([[origin], np.maximum(sets.times[inside], origin), [horizon]])
    area = np.concatenate([[1.0], survival[inside]]) * np.diff(edges)
    after = np.zeros(sets.times.size)
    after[inside] = np.cumsum(area[::-1])[::-1][1:]
    left = sets.Y - sets.d[0]
    slope = _over(after, left)
    influence = -durations.w * _martingale(slope, slope * hazard, durations, sets)
    variance = float(influence @ influence)
    if durations.weights is None and durations.cluster is None:
        variance = float(np.sum(after**2 * _over(hazard, left)))
    return MeanTime(float(area.sum()), variance, influence)


def refuse_causes(durations: Durations, method: str) -> None:
    """Refuse several causes where one event is wanted."""
    if durations.event.max(initial=0) > 1:
        raise EstimationError(
            f"{method} takes one event and the events have several causes; say which one counts "
            "(--event-value), or use aj (cumulative incidence of each)"
        )


def log_log_interval(
    value: Vector, std_error: Vector, level: float = 0.95
) -> tuple[Vector, Vector]:
    """Return the interval of a survival probability on the log(-log) scale.

    Args:
        value: Survival, shape (m,).
        std_error: Its standard error, shape (m,).
        level: Coverage.
    """
    z = float(ndtri(0.5 + level / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = z * std_error / (value * np.log(value))
        low, high = value ** np.exp(-theta), value ** np.exp(theta)
    sure = (std_error == 0) & (value == 1)
    return np.where(sure, value, low), np.where(sure, value, high)


def plain_interval(value: Vector, std_error: Vector, level: float = 0.95) -> tuple[Vector, Vector]:
    """Return the interval value +- z se, kept between 0 and 1."""
    half = float(ndtri(0.5 + level / 2)) * std_error
    return np.maximum(value - half, 0.0), np.minimum(value + half, 1.0)


def log_interval(value: Vector, std_error: Vector, level: float = 0.95) -> tuple[Vector, Vector]:
    """Return the interval of a survival probability on the log scale, kept below 1."""
    z = float(ndtri(0.5 + level / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(value > 0, z * std_error / value, np.nan)
    return value * np.exp(-reach), np.minimum(value * np.exp(reach), 1.0)


def hazard_interval(
    value: Vector, std_error: Vector, level: float = 0.95, *, log: bool = True
) -> tuple[Vector, Vector]:
    """Return the interval of a cumulative hazard, on the log scale or plain (0 at least)."""
    z = float(ndtri(0.5 + level / 2))
    if not log:
        return np.maximum(value - z * std_error, 0.0), value + z * std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(value > 0, z * std_error / value, 0.0)
    return value * np.exp(-reach), value * np.exp(reach)


def _survival(sets: RiskSets) -> tuple[Vector, Vector]:
    """Return the product-limit survival and the hazard at each event time."""
    hazard = sets.d.sum(axis=0) / sets.Y
    gone = np.isclose(hazard, 1.0, atol=1e-12)
    return np.where(np.cumsum(gone) > 0, 0.0, np.cumprod(1 - hazard)), hazard


def _before(survival: Vector) -> Vector:
    return np.concatenate([[1.0], survival[:-1]])


def _over(a: Vector | Matrix, b: Vector | Matrix) -> Matrix:
    """Return a / b, and 0 where b is 0 (nobody is left)."""
    a, b = np.broadcast_arrays(a, b)
    return np.divide(a, b, out=np.zeros(a.shape), where=b > 1e-12)  # noqa: PLR2004


def _martingale(jump: Vector, drift: Vector, durations: Durations, sets: RiskSets) -> Vector:
    """Return sums over time of `jump` at the event of each person less `drift` while at risk."""
    total = np.concatenate([[0.0], np.cumsum(drift)])
    out: Vector = total[sets.first] - total[sets.last]
    happened = durations.event > 0
    out[happened] += jump[sets.last[happened] - 1]
    return out


def _robust(
    durations: Durations,
    sets: RiskSets,
    survival: Vector,
    incidence: Matrix,
    cause: int,
    when: Vector | None,
) -> Vector:
    """Return robust standard errors at the event times that govern `when`, NaN elsewhere."""
    wanted = np.arange(sets.times.size)
    if when is not None:
        at = snap(when, np.append(sets.times, durations.time.max()))
        wanted = np.unique(np.searchsorted(sets.times, at, side="right") - 1)
        wanted = wanted[wanted >= 0]
    out = np.full(sets.times.size, np.nan)
    for k in wanted:
        out[k] = np.sqrt(_jackknife(durations, sets, survival, incidence, cause, int(k)))
    return out


def _jackknife(
    durations: Durations,
    sets: RiskSets,
    survival: Vector,
    incidence: Matrix,
    cause: int,
    k: int,
) -> float:
    """Return the variance of the incidence of a cause at the k-th event time."""
    influence = _influence(durations, sets, survival, incidence, cause, k) * durations.w
    return _variance(influence, durations)


def _variance(influence: Vector, durations: Durations) -> float:
    if durations.cluster is None:
        return float(influence @ influence)
    return clustered_error(influence, durations.cluster) ** 2


def clustered_error(influence: Vector, cluster: IntVector) -> float:
    """Return the standard error of an estimate whose influence is summed by cluster."""
    sums = np.bincount(cluster, weights=influence)
    G = np.unique(cluster).size
    if G < 2:  # noqa: PLR2004
        raise EstimationError("there is one cluster only: no standard error can be computed")
    return float(np.sqrt(sums @ sums * G / (G - 1)))


def _influence(
    durations: Durations,
    sets: RiskSets,
    survival: Vector,
    incidence: Matrix,
    cause: int,
    k: int,
) -> Vector:
    """Return the derivative of an incidence at the k-th event time in each person's weight."""
    until = np.arange(sets.times.size) <= k
    left = sets.Y - sets.d.sum(axis=0)
    F = incidence[min(cause, incidence.shape[0] - 1)]
    later = _over(np.where(until, F[k] - F, 0.0), left)
    here = np.where(until, _before(survival) / sets.Y, 0.0)
    hazard = sets.d.sum(axis=0) / sets.Y
    all_causes = _martingale(-later, -later * hazard, durations, sets)
    drift = here * sets.d[cause] / sets.Y
    total = np.concatenate([[0.0], np.cumsum(drift)])
    own: Vector = total[sets.first] - total[sets.last]
    mine = durations.event == cause + 1
    own[mine] += here[sets.last[mine] - 1]
    both: Vector = all_causes + own
    return both


def _curve(
    sets: RiskSets, value: Vector, std_error: Vector, durations: Durations, start: float
) -> Curve:
    return Curve(
        times=sets.times,
        value=value,
        std_error=np.asarray(std_error, dtype=np.float64),
        at_risk=sets.n_at_risk,
        last_time=float(durations.time.max()),
        start=start,
        warnings=_warnings(sets, durations),
    )


def _warnings(sets: RiskSets, durations: Durations) -> tuple[str, ...]:
    """Say when late entry leaves nearly nobody at risk early: the curve then rests on them."""
    total = sets.d.sum(axis=0)
    gone = np.flatnonzero(np.isclose(total, sets.Y))
    out = []
    if gone.size and sets.times[gone[0]] < durations.time.max() and gone[0] < total.size - 1:
        out.append(
            f"everybody at risk at time {sets.times[gone[0]]:g} had the event while others enter "
            "later: the curve is constant from there; start later (--from)"
        )
    elif sets.n_at_risk[0] < _FEW_AT_RISK and durations.time.size > _FEW_AT_RISK:
        out.append(
            f"{sets.n_at_risk[0]} persons only are at risk at the first event: the curve rests on "
            "them; start later (--from)"
        )
    return tuple(out)


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

    `durations`: durations whose events are 0 (censored), 1, 2, … (causes); `group`: code 0 … G-1,
    shape (n,).
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
