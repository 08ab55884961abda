"""Standard errors from influence functions, alone or summed by cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Vector

DENSE = 4
"""Codes below this many times the rows are counted directly, without sorting them."""
StandardError: TypeAlias = Literal[
    "classical",
    "hc0",
    "hc1",
    "hc2",
    "cluster",
    "influence",
    "known_weights",
    "abadie_imbens",
]
"""How the standard error is computed; `classical` supposes one variance for all, `known_weights`
takes the weights (or the score they come from) as given."""


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
