"""Intervals when trends may differ after by M times what they differed before.

Relative magnitudes of Rambachan and Roth (2023), https://doi.org/10.1093/restud/rdad018, section
2.4.1, by the conditional least-favourable hybrid test of Andrews, Roth and Pakes (2023),
https://arxiv.org/abs/1909.10062. The set of trends is a union of polyhedra A delta <= 0, one
for each period s before and each sign; a value is kept when one of them cannot reject it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.checks.event_study import EventStudy

DRAWS = 20_000
GRID = 601
BISECTIONS = 40
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
    """Return the matrix of differences between neighbouring periods, and which come after.

    Args:
        study: Coefficients; that of the reference is zero.

    Returns:
        Shape (k, k) and (k,).
    """
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

    Args:
        study: Coefficients.
        A: One polyhedron, shape (m, k).
        weights: Of the periods after, shape (p,).
        kappa: Size of the first step.
        seed: Seed of its critical value.
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

    Args:
        moments: One polyhedron.
        theta: Values, shape (g,).
        alpha: Level of the test.
        kappa: Size of its first step.
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

    Args:
        study: Coefficients.
        weights: Of the periods after, shape (p,), such as `study.weights(0)`.
        m_bar: Largest difference between neighbouring periods after, as a multiple of the largest
            one before.
        alpha: One minus the level.
        seed: Seed of the first step's critical value.

    Returns:
        The ends of the interval; not numbers if no value is kept.
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
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if kept(np.array([middle]))[0]:
            inside = middle
        else:
            outside = middle
    return float(inside)
