"""Standard errors from influence values: by row, by cluster, by multiplier bootstrap.

The ratio R = a / b is compatible with the data where (a - R b)^2 <= z^2 Var(a - R b). These R make
an interval if b is far enough from zero, and otherwise everything but an interval, or everything:
the ratio is then not defined, whatever a / b is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector


DENSE = 4
"""Codes below this many times the rows are counted directly, without sorting them."""
StandardError: TypeAlias = Literal[
    "classical",
    "hc0",
    "hc1",
    "hc2",
    "cluster",
    "wild",
    "influence",
    "known_weights",
    "abadie_imbens",
]
"""How the standard error is computed; `classical` supposes one variance for all, `known_weights`
takes the weights (or the score they come from) as given, `wild` is `cluster` with the interval and
the p-value of the restricted wild cluster bootstrap."""


@dataclass(frozen=True, slots=True)
class Inference:
    """Standard error, interval and p-value of one estimate.

    Attributes:
        std_error: Standard error.
        ci_low: Lower bound.
        ci_high: Upper bound.
        p_value: Two-sided, of no effect.
        df: Degrees of freedom of the t distribution; None for the normal one.
        n_clusters: Number of clusters; None without clusters.
    """

    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    df: int | None
    n_clusters: int | None


def influence_se(psi: Vector) -> float:
    """Return sqrt(sum psi^2) / n for influence values psi of mean 0, shape (n,)."""
    return float(np.sqrt(psi @ psi)) / psi.size


def cluster_se(psi: Vector, cluster: IntVector) -> tuple[float, int]:
    """Return the standard error with psi summed by cluster, and the number G of clusters.

    The sum of squares is scaled by G / (G - 1), as clusters are few.

    Raises:
        EstimationError: There is only one cluster.
    """
    sums = sums_by_code(psi, cluster)
    G = sums.size
    if G < 2:  # noqa: PLR2004
        message = (
            "there is only one cluster, so the variance between clusters cannot be estimated; "
            "choose a wider territory, or a standard error without clusters (influence)"
        )
        raise EstimationError(message)
    return float(np.sqrt(G / (G - 1) * (sums @ sums))) / psi.size, G


def distinct(codes: IntVector) -> int:
    """Return how many different codes there are."""
    if codes.size and codes.min() >= 0 and codes.max() < DENSE * codes.size:
        return int((np.bincount(codes) > 0).sum())
    return int(np.unique(codes).size)


def sums_by_code(values: Vector, codes: IntVector) -> Vector:
    """Return the sums of `values` by code, in the order of the codes; both of shape (n,)."""
    if codes.size and codes.min() >= 0 and codes.max() < DENSE * codes.size:
        sums = np.bincount(codes, weights=values)[np.bincount(codes) > 0]
    else:
        sums = np.bincount(np.unique(codes, return_inverse=True)[1], weights=values)
    return np.asarray(sums, dtype=np.float64)


def infer(
    estimate: float,
    std_error: float,
    level: float = 0.95,
    df: int | None = None,
    n_clusters: int | None = None,
) -> Inference:
    """Return the interval at `level` and the p-value; t when `df` is given, else normal."""
    if not 0.0 < level < 1.0:
        message = f"level is {level}; it must lie between 0 and 1, such as 0.95"
        raise EstimationError(message)
    upper = 0.5 + level / 2.0
    half = std_error * float(ndtri(upper) if df is None else stdtrit(df, upper))
    distance = -abs(estimate) / std_error if std_error > 0 else float("nan")
    p_value = 2.0 * float(ndtr(distance) if df is None else stdtr(df, distance))
    return Inference(std_error, estimate - half, estimate + half, p_value, df, n_clusters)


WILD_CLUSTERS = 30
"""Below this many clusters a study takes the wild bootstrap by itself: a normal law, or Student's,
rejects too often where clusters differ in size."""
_ALL_SIGNS = 11
"""Clusters up to which every change of signs is made."""


@dataclass(frozen=True, slots=True, repr=False)
class ClusterScores:
    """An estimate, cluster by cluster.

    Attributes:
        estimate: The estimate.
        scores: Influence summed by cluster, shape (G,), summing to zero.
        shares: Share of each cluster in the rows that the estimate is about, shape (G,).
    """

    estimate: float
    scores: Vector
    shares: Vector


def wild_bootstrap(
    found: ClusterScores, level: float = 0.95, draws: int = 1999, seed: int = 0
) -> tuple[float, float, float]:
    """Return interval and p-value of no effect by the restricted wild cluster (score) bootstrap.

    Under an effect theta, cluster g adds s_g + (estimate - theta) b_g to the error. Each draw
    changes the signs of these (Rademacher); the p-value is the share of draws whose sum is as far
    from zero, ties counted half, and the interval holds the theta it does not reject, solved in
    closed form.
    Kline and Santos (2012), doi:10.1515/2156-6674.1006; Canay, Romano and Shaikh (2017),
    doi:10.3982/ECTA13081. With few clusters all changes of signs are made.

    Args:
        found: The estimate by cluster.
        level: Of the interval.
        draws: Changes of signs where there are too many to make all.
        seed: Draws them.
    """
    signs = _signs(found.scores.size, draws, seed)
    A, C = signs @ found.scores, np.clip(signs @ found.shares, -1.0, 1.0)
    gap = found.estimate
    seen, tiny = np.abs(A + gap * C), 1e-9 * max(abs(gap), float(np.abs(A).max()), 1e-300)
    beyond, tied = seen > abs(gap) + tiny, np.abs(seen - abs(gap)) <= tiny
    p = float((beyond + 0.5 * tied).mean())
    ends = [_reach(A, C, 1 - level), _reach(-A, C, 1 - level)]
    return gap - ends[0], gap + ends[1], p


def _signs(clusters: int, draws: int, seed: int) -> Matrix:
    if clusters <= _ALL_SIGNS:
        bits = np.arange(2**clusters)[:, None] >> np.arange(clusters)
        return np.asarray(1.0 - 2.0 * (bits & 1), dtype=np.float64)
    rng = np.random.Generator(np.random.PCG64(seed))
    return np.asarray(rng.choice((-1.0, 1.0), size=(draws, clusters)), dtype=np.float64)


def _reach(A: Vector, C: Vector, alpha: float) -> float:
    """Return the largest distance e whose null is not rejected: |A + e C| >= e often enough.

    A draw is as far as e up to max(A / (1 - C), -A / (1 + C)); ties count half.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(C < 1, A / (1 - C), np.inf)
        down = np.where(C > -1, -A / (1 + C), np.inf)
    far = np.sort(np.maximum(up, down))[::-1]
    always = np.isinf(far)
    weight = np.cumsum(np.where(always, 0.5, 1.0)) / far.size
    within = np.flatnonzero(weight > alpha)
    return float(far[within[0]]) if within.size else 0.0


_FEW_CLUSTERS = 10
_NO_VARIATION = 1e-12
_CHUNK = 1 << 24


@dataclass(frozen=True, slots=True)
class Sampling:
    """What was sampled independently: units, or clusters of units.

    Attributes:
        cluster: Code of the cluster of each unit, or None: each unit its own.
        n: Number of units or clusters.
    """

    cluster: IntVector | None
    n: int

    @property
    def factor(self) -> float:
        """Small-sample factor of the variance: G/(G-1) for clusters, 1 for units."""
        return 1.0 if self.cluster is None else self.n / (self.n - 1)

    @property
    def degrees_of_freedom(self) -> float:
        """G-1 for clusters (Student), infinite for units (normal)."""
        return np.inf if self.cluster is None else float(self.n - 1)

    def warnings(self) -> list[str]:
        """Say when there are too few clusters for the standard errors to be trusted."""
        if self.cluster is None or self.n >= _FEW_CLUSTERS:
            return []
        return [f"{self.n} clusters only: the standard errors are not to be trusted"]

    def count(self, parts: tuple[slice, ...]) -> int:
        """Count the units or clusters in slices of the units."""
        if self.cluster is None:
            return sum(part.stop - part.start for part in parts)
        seen = np.zeros(self.n, dtype=bool)
        for part in parts:
            seen[self.cluster[part]] = True
        return int(seen.sum())

    def collapse(self, values: Vector) -> Vector:
        """Sum the values of units within clusters, shape (n,)."""
        if self.cluster is None:
            return values
        return np.bincount(self.cluster, weights=values, minlength=self.n).astype(np.float64)


def sampling_of(cluster: IntVector | None, units: int) -> Sampling:
    """Return the sampling of `units` units in clusters.

    Args:
        cluster: Codes 0 … G-1, shape (units,), or None.
        units: Number of units.

    Raises:
        EstimationError: There is a single cluster, or a single unit.
    """
    n = units if cluster is None else int(cluster.max()) + 1
    if n < 2:  # noqa: PLR2004
        what = "unit" if cluster is None else "cluster"
        raise EstimationError(
            f"there is one {what} only: no standard error can be computed; "
            "choose a finer cluster, or leave it out"
        )
    return Sampling(cluster=cluster, n=n)


def covariance(influence: Matrix, sampling: Sampling) -> Matrix:
    """Return the covariance of m estimates from their influence values.

    `influence`: shape (m, n), scaled so that an estimate minus the truth is about their sum.
    """
    return influence @ influence.T * sampling.factor


def std_errors(influence: Matrix, sampling: Sampling) -> Vector:
    """Return the m standard errors: square roots of the diagonal of `covariance`."""
    squares: Vector = np.einsum("ij,ij->i", influence, influence)
    return np.sqrt(squares * sampling.factor)


def shown_errors(
    estimate: Vector, influence: Matrix, judged: BoolVector, sampling: Sampling
) -> Vector:
    """Return standard errors, NaN where none can be computed or nothing varies.

    `judged`: where a standard error makes sense, shape (m,).
    """
    se = std_errors(influence, sampling)
    return np.where(judged & (se > _NO_VARIATION * (1 + np.abs(estimate))), se, np.nan)


def critical_value(sampling: Sampling, level: float = 0.95) -> float:
    """Return the two-sided critical value of a single interval."""
    return float(stdtrit(sampling.degrees_of_freedom, 0.5 + level / 2))


def p_values(estimate: Vector, std_error: Vector, sampling: Sampling) -> Vector:
    """Return two-sided p-values of no effect; NaN where there is no standard error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(estimate / std_error)
    return np.asarray(2 * stdtr(sampling.degrees_of_freedom, -ratio), dtype=np.float64)


def multiplier_draws(influence: Matrix, draws: int, seed: int) -> Matrix:
    """Return bootstrap deviations of m estimates, with Rademacher multipliers.

    Callaway and Sant'Anna (2021), algorithm 1: each draw multiplies the influence of each unit
    (cluster) by an independent sign; nothing is estimated again.

    The result: deviations from the estimates, shape (B, m).
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    n = influence.shape[1]
    step = max(1, _CHUNK // n)
    total = influence.sum(axis=1)
    parts = []
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        packed = rng.integers(0, 256, size=(rows, (n + 7) // 8), dtype=np.uint8)
        ones = np.unpackbits(packed, axis=1, count=n).astype(np.float64)
        parts.append(2 * ones @ influence.T - total)
    return np.vstack(parts)


def simultaneous_critical_value(
    deviations: Matrix, std_error: Vector, level: float = 0.95
) -> float:
    """Return the critical value that covers all m estimates at once (sup-t).

    `deviations`: bootstrap deviations, shape (B, m); `std_error`: analytic standard errors, shape
    (m,); estimates without one are left out.
    """
    known = np.isfinite(std_error) & (std_error > 0)
    largest = np.abs(deviations[:, known] / std_error[known]).max(axis=1)
    return float(np.quantile(largest, level))


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio and its interval.

    Attributes:
        value: a / b; NaN where it is not defined.
        ci_low: Lower limit; NaN where it is not defined.
        ci_high: Upper limit; NaN where it is not defined.
    """

    value: float
    ci_low: float
    ci_high: float

    @property
    def defined(self) -> bool:
        """Whether the denominator is told from zero."""
        return bool(np.isfinite(self.value))


UNDEFINED = Ratio(float("nan"), float("nan"), float("nan"))


def fieller(a: float, b: float, v_aa: float, v_bb: float, v_ab: float, critical: float) -> Ratio:
    """Return a / b and its Fieller interval.

    Args:
        a: Numerator.
        b: Denominator.
        v_aa: Variance of the numerator.
        v_bb: Variance of the denominator.
        v_ab: Their covariance.
        critical: Quantile of the interval, such as 1.96.

    Returns:
        The ratio; undefined where the interval of the denominator includes 0.
    """
    z2 = critical**2
    quadratic = b**2 - z2 * v_bb
    if not quadratic > 0:
        return UNDEFINED
    linear = a * b - z2 * v_ab
    constant = a**2 - z2 * v_aa
    root = float(np.sqrt(max(linear**2 - quadratic * constant, 0.0)))
    return Ratio(a / b, (linear - root) / quadratic, (linear + root) / quadratic)


def covariance_from_sum(v_sum: float, v_aa: float, v_bb: float) -> float:
    """Return Cov(a, b) from Var(a + b): exact for estimators linear in the outcome."""
    return (v_sum - v_aa - v_bb) / 2
