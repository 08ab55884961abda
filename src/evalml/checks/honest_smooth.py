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
"""Of the equality constraints in the least squares, whose other rows have size one."""


@dataclass(frozen=True, slots=True)
class SmoothProblem:
    """The estimator u'beta, u = u0 + U z, without bias from a straight trend.

    Attributes:
        u0: Weights with z = 0, shape (k,).
        U: Shape (k, K), K periods before; z are the weights of the changes of slope before.
        root: Root of the covariance, R'R, shape (k, k).
        p: Slope left by z, shape (K,): p'z = q makes the estimator blind to straight trends.
        q: See p.
        fixed: Absolute weight of the changes of slope after, which z does not move.
    """

    u0: Vector
    U: Matrix
    root: Matrix
    p: Vector
    q: float
    fixed: float

    def sd(self, z: Vector) -> float:
        """Return the standard error of the estimator."""
        return float(np.linalg.norm(self.root @ (self.u0 + self.U @ z)))

    def bias(self, z: Vector) -> float:
        """Return the worst bias when each change of slope is at most one."""
        return self.fixed + float(np.abs(z).sum())


def smooth_problem(study: EventStudy, weights: Vector) -> SmoothProblem:
    """Return the problem in terms of the changes of slope.

    With r the time since the reference, delta_r = r b + sum (r - k) x_k over k = 1..r-1 after, and
    delta_{-j} = -j b + sum (j - k) x_{-k} over k = 0..j-1 before.
    """
    r = study.times - study.reference
    j = -r[study.before]
    span = np.arange(j.size)
    # z_k = sum_j v_j (j - k)+ ; its inverse takes second differences of z
    ramps = np.maximum(j[None, :] - span[:, None], 0.0)
    U = np.zeros((r.size, j.size))
    U[study.before] = np.linalg.inv(ramps)
    u0 = np.zeros(r.size)
    u0[study.after] = weights
    s = r[study.after]
    after = np.maximum(s[None, :] - np.arange(1, s.size)[:, None], 0.0) @ weights
    p: Vector = -(j @ U[study.before])
    root: Matrix = np.asarray(np.linalg.cholesky(study.covariance).T, dtype=np.float64)
    return SmoothProblem(
        u0,
        U,
        root,
        p,
        -float(s @ weights),
        float(np.abs(after).sum()),
    )


def minimum_variance(problem: SmoothProblem) -> Vector:
    """Return the z of least variance among those blind to straight trends, shape (K,)."""
    E, f = problem.root @ problem.U, -problem.root @ problem.u0
    gram = np.linalg.inv(E.T @ E)
    free = gram @ (E.T @ f)
    return np.asarray(
        free - gram @ problem.p * ((problem.p @ free - problem.q) / (problem.p @ gram @ problem.p))
    )


def bounded_variance(problem: SmoothProblem, most: float) -> Vector:
    """Return the z of least variance with sum |z| at most `most`, shape (K,).

    A least-squares problem with non-negative unknowns (z = positive - negative part), solved
    exactly; what rounding leaves of the straight-trend constraint is then put right.
    """
    E, f = problem.root @ problem.U, -problem.root @ problem.u0
    scale = np.linalg.norm(E, ord=2)
    rows = np.vstack(
        [
            np.concatenate([E, -E], axis=1) / scale,
            WEIGHT * np.concatenate([problem.p, -problem.p]) / np.linalg.norm(problem.p),
            WEIGHT * np.ones(2 * problem.p.size) / most,
        ]
    )
    target = np.concatenate([f / scale, [WEIGHT * problem.q / np.linalg.norm(problem.p), WEIGHT]])
    parts, _ = optimize.nnls(rows, target, maxiter=1000 * problem.p.size)
    z = parts[: problem.p.size] - parts[problem.p.size :]
    return np.asarray(z - problem.p * ((problem.p @ z - problem.q) / (problem.p @ problem.p)))


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
    widest = minimum_variance(problem)
    z = widest
    least = abs(problem.q) / float(np.abs(problem.p).max())
    most = float(np.abs(widest).sum())
    if m > 0 and most > least * (1 + 1e-9):
        found = optimize.minimize_scalar(
            lambda t: half_length(problem, bounded_variance(problem, t), m, alpha),
            bounds=(least, most),
            method="bounded",
            options={"xatol": 1e-7 * most},
        )
        candidates = [
            widest,
            bounded_variance(problem, least),
            bounded_variance(problem, float(found.x)),
        ]
        z = min(candidates, key=lambda c: half_length(problem, c, m, alpha))
    center = float((problem.u0 + problem.U @ z) @ study.beta)
    half = half_length(problem, z, m, alpha)
    return center - half, center + half
