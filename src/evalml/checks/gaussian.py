"""Probability that a Gaussian vector falls in a box.

Separation of variables of Genz (1992), https://doi.org/10.1080/10618600.1992.10477010, on
Richtmyer's lattice: no random number, so the same call gives the same digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from evalml.arrays import Matrix, Vector

POINTS = 1 << 15
PRIMES = (
    2,
    3,
    5,
    7,
    11,
    13,
    17,
    19,
    23,
    29,
    31,
    37,
    41,
    43,
    47,
    53,
    59,
    61,
    67,
    71,
    73,
    79,
    83,
    89,
)


def box_probability(mean: Vector, covariance: Matrix, lower: Vector, upper: Vector) -> float:
    """Return P(lower < Z < upper), Z normal with `mean`, shape (k,), and `covariance`, (k, k).

    Args:
        mean: Mean.
        covariance: Positive definite; k is at most 25.
        lower: Lower sides of the box.
        upper: Upper sides.
    """
    L = np.linalg.cholesky(covariance)
    a, b = lower - mean, upper - mean
    k = mean.size
    low = special.ndtr(np.full(POINTS, a[0] / L[0, 0]))
    high = special.ndtr(np.full(POINTS, b[0] / L[0, 0]))
    probability = high - low
    z = np.empty((POINTS, k))
    steps = np.arange(1, POINTS + 1)
    for i in range(1, k):
        # the tent (baker's) transform makes the lattice rule converge faster
        u = np.abs(2 * ((steps * np.sqrt(PRIMES[i - 1])) % 1) - 1)
        z[:, i - 1] = special.ndtri(np.clip(low + u * (high - low), 1e-300, 1 - 1e-16))
        shift = z[:, :i] @ L[i, :i]
        low = special.ndtr((a[i] - shift) / L[i, i])
        high = special.ndtr((b[i] - shift) / L[i, i])
        probability = probability * (high - low)
    return float(probability.mean())
