"""Intervals when the slope of the trend may change by at most M from one period to the next.

Smoothness of Rambachan and Roth (2023), https://doi.org/10.1093/restud/rdad018, section 2.4.2, by
the optimal fixed-length interval of Armstrong and Kolesar (2018), https://doi.org/10.3982/ECTA14434:
the affine estimator whose worst bias and standard error give the shortest interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

if TYPE_CHECKING:
    from evalml.arrays import Matrix, Vector
    from evalml.checks.event_study import EventStudy

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

    Args:
        study: Coefficients.
        weights: Of the periods after, shape (p,).
        m: Largest change of slope; 0 allows straight trends only.
        alpha: One minus the level.
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
