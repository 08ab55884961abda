"""How much may parallel trends fail before the effect is no longer sure?

Relative magnitudes of Rambachan and Roth (2023), https://doi.org/10.1093/restud/rdad018, section
2.4.1, by the conditional least-favourable hybrid test of Andrews, Roth and Pakes (2023),
https://arxiv.org/abs/1909.10062. The set of trends is a union of polyhedra A delta <= 0, one
for each period s before and each sign; a value is kept when one of them cannot reject it.

Smoothness of Rambachan and Roth (2023), https://doi.org/10.1093/restud/rdad018, section 2.4.2, by
the optimal fixed-length interval of Armstrong and Kolesar (2018), https://doi.org/10.3982/ECTA14434:
the affine estimator whose worst bias and standard error give the shortest interval.

Breakdown values of the two restrictions of Rambachan and Roth (2023),
https://doi.org/10.1093/restud/rdad018: relative magnitudes and smoothness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from evalml.checks.check import Check
from evalml.values import Estimate, Interval, Number

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.checks.trends import EventStudy
    from evalml.values import Values


DRAWS = 20_000
GRID = 601
_END_BISECTIONS = 40
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Moments:
    """One polyhedron, as the maximum of linear moments of the estimates.

    Under the null, max over i of V_i (y - a theta) has mean at most zero for the true theta.

    Attributes:
        V: Vertices of the dual, shape (v, m).
        y: Moments at theta = 0, shape (m,).
        a: What one unit of theta takes off the moments, shape (m,).
        variance: Covariance of the vertices' moments, shape (v, v).
        least_favourable: Critical value of the first step.
    """

    V: Matrix
    y: Vector
    a: Vector
    variance: Matrix
    least_favourable: float


def first_differences(study: EventStudy) -> tuple[Matrix, BoolVector]:
    """Return the matrix of differences between neighbouring periods, and which come after."""
    times = np.sort(np.append(study.times, study.reference))
    full = np.diff(np.eye(times.size), axis=0)
    return full[:, times != study.reference], times[1:] > study.reference


def polyhedra(study: EventStudy, m_bar: float) -> list[Matrix]:
    """Return the matrices A such that the trends allowed are those with A delta <= 0 for one A."""
    D, after = first_differences(study)
    allowed = np.where(after, m_bar, 1.0)[:, None]
    found = []
    for s in np.flatnonzero(~after):
        for sign in (1.0, -1.0):
            largest = allowed * (sign * D[s])[None, :]
            A = np.concatenate([D - largest, -D - largest])
            found.append(A[(A**2).sum(axis=1) > TINY])
    return found


def moments_of(study: EventStudy, A: Matrix, weights: Vector, kappa: float, seed: int) -> Moments:
    """Return the moments of one polyhedron for the effect weights' tau.

    With several periods after, the moments that involve them are kept, and the effects that are
    not of interest are profiled out. Their dual has few vertices, known in closed form: the net
    multiplier of each difference is proportional to the weights that come after it.

    `A`: one polyhedron, shape (m, k); `weights`: of the periods after, shape (p,).
    """
    after = study.after
    if weights.size > 1:
        A = A[(np.abs(A[:, after]) > TINY).any(axis=1)]
    covariance = A @ study.covariance @ A.T
    sd = np.sqrt(np.maximum(np.diag(covariance), TINY**2))
    V = np.diag(1 / sd) if weights.size == 1 else _vertices(weights, sd)
    a = A[:, after] @ (weights / (weights @ weights))
    variance = V @ covariance @ V.T
    root = np.linalg.cholesky(study.covariance)
    rng = np.random.Generator(np.random.PCG64(seed))
    draws = (V @ A @ root) @ rng.standard_normal((study.beta.size, DRAWS))
    return Moments(V, A @ study.beta, a, variance, float(np.quantile(draws.max(axis=0), 1 - kappa)))


def _vertices(weights: Vector, sd: Vector) -> Matrix:
    """Return the vertices for rows +differences then -differences, shape (p + 2, 2 p)."""
    p = weights.size
    later = np.cumsum(weights[::-1])[::-1]
    up = np.concatenate([np.maximum(later, 0), np.maximum(-later, 0)])
    down = np.concatenate([np.maximum(-later, 0), np.maximum(later, 0)])
    pairs = np.concatenate([np.eye(p), np.eye(p)], axis=1)
    V = np.vstack([up, down, pairs])
    return np.asarray(V / (V @ sd)[:, None])


def accepts(moments: Moments, theta: Vector, alpha: float, kappa: float) -> BoolVector:
    """Return which values the hybrid test does not reject.

    `theta`: values, shape (g,).
    """
    values = moments.V @ (moments.y[:, None] - moments.a[:, None] * theta)
    best = values.argmax(axis=0)
    eta = values.max(axis=0)
    variance = np.diag(moments.variance)
    certain = variance[best] <= TINY * max(float(variance.max()), TINY)
    sigma = np.sqrt(np.where(certain, 1.0, variance[best]))
    low, high = _truncation(moments, values, best, eta)
    high = np.minimum(high, moments.least_favourable)
    size = (alpha - kappa) / (1 - kappa)
    critical = np.maximum(truncated_quantile(1 - size, low / sigma, high / sigma) * sigma, 0.0)
    rejected = np.where(certain, eta > 0, eta > critical) | (eta > moments.least_favourable)
    return np.asarray(~rejected, dtype=np.bool_)


def _truncation(
    moments: Moments, values: Matrix, best: Vector, eta: Vector
) -> tuple[Vector, Vector]:
    """Return between which values of the best moment it stays the best, others held fixed."""
    variance = np.diag(moments.variance)
    slope = moments.variance[:, best] / np.where(variance[best] > 0, variance[best], 1.0)
    rest = values - slope * eta
    gap = 1 - slope
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = rest / gap
    tolerance = 1e-9
    low = np.where(gap > tolerance, bound, -np.inf).max(axis=0)
    high = np.where(gap < -tolerance, bound, np.inf).min(axis=0)
    return low, high


def truncated_quantile(p: float, low: Vector, high: Vector) -> Vector:
    """Return the quantile `p` of a standard normal kept between `low` and `high`."""
    flip = low > 0
    a = np.where(flip, -high, low)
    b = np.where(flip, -low, high)
    share = np.where(flip, 1 - p, p)
    mass = special.ndtr(a) + share * (special.ndtr(b) - special.ndtr(a))
    z = np.clip(special.ndtri(mass), a, np.maximum(a, b))
    return np.asarray(np.where(flip, -z, z), dtype=np.float64)


def relative_magnitudes_interval(
    study: EventStudy, weights: Vector, m_bar: float, alpha: float = 0.05, seed: int = 0
) -> tuple[float, float]:
    """Return the interval of the effect when trends differ by at most M times what they did.

    `weights`: of the periods after, shape (p,), such as `study.weights(0)`; `m_bar`: largest
    difference between neighbouring periods after, as a multiple of the largest one before. The
    result: the ends of the interval; not numbers if no value is kept.
    """
    kappa = alpha / 10
    sets = [moments_of(study, A, weights, kappa, seed) for A in polyhedra(study, m_bar)]

    def kept(theta: Vector) -> BoolVector:
        found = np.zeros(theta.size, dtype=np.bool_)
        for moments in sets:
            found |= accepts(moments, theta, alpha, kappa)
        return found

    center, reach = _window(study, weights, m_bar)
    grid = np.linspace(center - reach, center + reach, GRID)
    inside = np.flatnonzero(kept(grid))
    if not inside.size:
        return float("nan"), float("nan")
    first, last = grid[inside[0]], grid[inside[-1]]
    step = grid[1] - grid[0]
    return _edge(kept, first, first - step), _edge(kept, last, last + step)


def _window(study: EventStudy, weights: Vector, m_bar: float) -> tuple[float, float]:
    """Return where to look: the estimate, and as far as any trend allowed and noise could go."""
    D, after = first_differences(study)
    sd = np.sqrt(np.diag(D @ study.covariance @ D.T))
    trend = float((np.abs(D @ study.beta) + 8 * sd)[~after].max())
    later = np.cumsum(weights[::-1])
    V = study.covariance[np.ix_(study.after, study.after)]
    noise = 8 * float(np.sqrt(weights @ V @ weights))
    return float(weights @ study.beta[study.after]), m_bar * trend * float(
        np.abs(later).sum()
    ) + noise


def _edge(kept: Callable[[Vector], BoolVector], inside: float, outside: float) -> float:
    """Return the limit between a value kept and one not kept, by bisection."""
    for _ in range(_END_BISECTIONS):
        middle = (inside + outside) / 2
        if kept(np.array([middle]))[0]:
            inside = middle
        else:
            outside = middle
    return float(inside)


WEIGHT = 1e4
"""Of the equality constraint in the least squares, whose other rows have size one."""


@dataclass(frozen=True, slots=True)
class SmoothProblem:
    """The estimators u'beta without bias from a straight trend: u = u0 + U z.

    Attributes:
        u0: Weights with z = 0, shape (k,).
        U: Shape (k, K - 1), K periods before; z are the weights of the changes of slope before.
        root: Root of the covariance, R'R, shape (k, k).
        fixed: Absolute weight of the changes of slope that z does not move.
    """

    u0: Vector
    U: Matrix
    root: Matrix
    fixed: float

    def sd(self, z: Vector) -> float:
        """Return the standard error of the estimator."""
        return float(np.linalg.norm(self.root @ (self.u0 + self.U @ z)))

    def bias(self, z: Vector) -> float:
        """Return the worst bias when each change of slope is at most one."""
        return self.fixed + float(np.abs(z).sum())


def smooth_problem(study: EventStudy, weights: Vector) -> SmoothProblem:
    """Return the problem in terms of the changes of slope.

    With r the time since the reference, b the slope just after it and x_k the change of slope at
    k: after, delta_r = r b + sum (r - k) x_k over k = 1..r-1; before, delta_{-j} = -j b +
    sum (j - k) x_{-k} over k = 0..j-1. The weight of b is zero when that of x_0 is sum r l_r.
    """
    r = study.times - study.reference
    j = -r[study.before]
    s = r[study.after]
    ramps = np.maximum(j[None, :] - np.arange(j.size)[:, None], 0.0)
    inverse = np.zeros((r.size, j.size))
    inverse[study.before] = np.linalg.inv(ramps)
    at_reference = float(s @ weights)
    u0 = inverse[:, 0] * at_reference
    u0[study.after] = weights
    after = np.maximum(s[None, :] - np.arange(1, s.size)[:, None], 0.0) @ weights
    root: Matrix = np.asarray(np.linalg.cholesky(study.covariance).T, dtype=np.float64)
    fixed = abs(at_reference) + float(np.abs(after).sum())
    return SmoothProblem(u0, inverse[:, 1:], root, fixed)


def minimum_variance(problem: SmoothProblem) -> Vector:
    """Return the z of least variance, shape (K - 1,)."""
    E, f = problem.root @ problem.U, -problem.root @ problem.u0
    return np.asarray(np.linalg.lstsq(E, f, rcond=None)[0])


def bounded_variance(problem: SmoothProblem, most: float) -> Vector:
    """Return the z of least variance with sum |z| at most `most`, shape (K - 1,).

    A least-squares problem with non-negative unknowns: z = positive part - negative part, whose
    sum is `most` (both may grow together, so that the sum binds only where it should).
    """
    E, f = problem.root @ problem.U, -problem.root @ problem.u0
    scale = np.linalg.norm(E, ord=2)
    size = E.shape[1]
    rows = np.vstack([np.concatenate([E, -E], axis=1) / scale, np.full(2 * size, WEIGHT / most)])
    parts, _ = optimize.nnls(rows, np.append(f / scale, WEIGHT), maxiter=1000 * size)
    return np.asarray(parts[:size] - parts[size:])


def folded_quantile(bias: float, alpha: float) -> float:
    """Return the 1 - alpha quantile of |N(bias, 1)|."""
    z = float(special.ndtri(1 - alpha / 2))
    return float(
        optimize.brentq(
            lambda c: special.ndtr(c - bias) - special.ndtr(-c - bias) - (1 - alpha),
            0.0,
            bias + z + 1,
        )
    )


def half_length(problem: SmoothProblem, z: Vector, m: float, alpha: float) -> float:
    """Return half the length of the interval around the estimator z."""
    sd = problem.sd(z)
    return folded_quantile(m * problem.bias(z) / sd, alpha) * sd


def smoothness_interval(
    study: EventStudy, weights: Vector, m: float, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the shortest interval of the effect when slopes change by at most `m` per period.

    `weights`: of the periods after, shape (p,); `m`: largest change of slope; 0 allows straight
    trends only.
    """
    problem = smooth_problem(study, weights)
    z = _shortest(problem, m, alpha)
    center = float((problem.u0 + problem.U @ z) @ study.beta)
    half = half_length(problem, z, m, alpha)
    return center - half, center + half


def _shortest(problem: SmoothProblem, m: float, alpha: float) -> Vector:
    """Return the z of the shortest interval: least variance for some bound on the bias."""
    precise = minimum_variance(problem)
    most = float(np.abs(precise).sum())
    if m == 0 or most == 0:
        return precise
    found = optimize.minimize_scalar(
        lambda t: half_length(problem, bounded_variance(problem, t), m, alpha),
        bounds=(1e-9 * most, most),
        method="bounded",
        options={"xatol": 1e-7 * most},
    )
    candidates = [precise, np.zeros_like(precise), bounded_variance(problem, float(found.x))]
    return min(candidates, key=lambda z: half_length(problem, z, m, alpha))


BISECTIONS = 20
LARGEST_M_BAR = 10.0


def usual_interval(study: EventStudy, weights: Vector, alpha: float = 0.05) -> tuple[float, float]:
    """Return the interval of the effect under exactly parallel trends."""
    after = study.after
    center = float(weights @ study.beta[after])
    sd = float(np.sqrt(weights @ study.covariance[np.ix_(after, after)] @ weights))
    half = float(special.ndtri(1 - alpha / 2)) * sd
    return center - half, center + half


def breakdown(interval_at: Callable[[float], tuple[float, float]], largest: float) -> float:
    """Return the largest M at which the interval leaves out no effect.

    Args:
        interval_at: From M to an interval that widens with M.
        largest: Where to stop looking; returned when no effect is still left out there.
    """

    def excludes(m: float) -> bool:
        low, high = interval_at(m)
        return low > 0 or high < 0

    if not excludes(0.0):
        return 0.0
    if excludes(largest):
        return largest
    inside, outside = 0.0, largest
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if excludes(middle) else (inside, middle)
    return inside


def relative_breakdown(study: EventStudy, weights: Vector, alpha: float = 0.05) -> float:
    """Return the breakdown value of relative magnitudes, at most 10."""
    return breakdown(
        lambda m: relative_magnitudes_interval(study, weights, m, alpha), LARGEST_M_BAR
    )


def smoothness_breakdown(study: EventStudy, weights: Vector, alpha: float = 0.05) -> float:
    """Return the breakdown value of smoothness, in the unit of the effect per period squared."""
    low, high = usual_interval(study, weights, alpha)
    return breakdown(
        lambda m: smoothness_interval(study, weights, m, alpha), max(abs(low), abs(high))
    )


def silent(finding: str, key: str, interval: Interval | None = None) -> list[Check]:
    """Return both checks where nothing can be put to the test.

    `interval`: interval of an effect that is not significant even with parallel trends.
    """
    value = None if interval is None else 0.0
    values: Values = {} if interval is None else {"interval": interval}
    return [
        Check(name, finding, None, value, None, values, key, gating=False)
        for name in ("honest_relative", "honest_smooth")
    ]


def check_relative(
    study: EventStudy,
    weights: Vector,
    thresholds: Thresholds,
    key: str,
    unit: str,
    variant: str = "",
) -> Check:
    """Judge how many times the largest earlier gap in trend the effect withstands.

    `study`: coefficients, their covariance and their reference period; `weights`: weights of the
    effect after, shape (periods after,); `thresholds`: `honest_m`, `alpha`; `variant`: prefix of
    the findings of a design with words of its own, such as `openings.`.
    """
    limit, wanted = relative_breakdown(study, weights, thresholds.alpha), thresholds.honest_m
    ends = relative_magnitudes_interval(study, weights, wanted, thresholds.alpha)
    values: Values = {
        "limit": Number(limit, 2),
        "times": Number(wanted, 1),
        "interval": Interval(*ends, unit),
    }
    finding = variant + ("beyond" if limit >= LARGEST_M_BAR else "up_to")
    passed = limit >= wanted
    return Check("honest_relative", finding, passed, limit, wanted, values, key, gating=False)


def check_smooth(
    study: EventStudy,
    weights: Vector,
    thresholds: Thresholds,
    key: str,
    unit: str,
    variant: str = "",
) -> Check:
    """Tell how far the slope may change before the effect is no longer sure.

    `study`: coefficients, their covariance and their reference period; `weights`: weights of the
    effect after, shape (periods after,); `thresholds`: `alpha`; `variant`: prefix of the findings
    of a design with words of its own, such as `openings.`.
    """
    straight = smoothness_interval(study, weights, 0.0, thresholds.alpha)
    limit = smoothness_breakdown(study, weights, thresholds.alpha)
    values: Values = {
        "interval": Interval(*straight, unit),
        "limit": Estimate(limit, unit, digits=2),
    }
    finding = f"{variant}smooth"
    return Check("honest_smooth", finding, None, limit, None, values, key, gating=False)
