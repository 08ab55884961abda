"""The hash of a person: folds, ties and bootstrap weights follow it, never the order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from evalml.arrays import HashVector, IntVector, Matrix, Vector

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def hash_identifier(column: pd.Series) -> HashVector:
    """Return a 64-bit hash of each identifier, the same on every machine."""
    values = column.to_numpy(dtype=object)
    return np.asarray(pd.util.hash_array(values, categorize=True), dtype=np.uint64)


def hash_rows(X: Matrix, treated: Vector, outcomes: Matrix) -> HashVector:
    """Return a hash of what a row holds, for a table without identifiers.

    It rests on treatment and covariates; rows alike in both are numbered by their outcomes, so
    that neither the order of rows nor a constant added to an outcome changes anything.

    Args:
        X: Covariates, shape (n, p).
        treated: 0 or 1, shape (n,).
        outcomes: Shape (n, k), NaN allowed.
    """
    combined = mix(pd.util.hash_array(np.ascontiguousarray(treated, dtype=np.float64)), 0)
    combined = mix(combined ^ hash_columns(X), 1)
    return mix(combined + _occurrence(combined, outcomes).astype(np.uint64), 0)


def mix(hashes: HashVector, seed: int) -> HashVector:
    """Scramble the hashes by a seed (the finaliser of SplitMix64), shape kept."""
    z = hashes + _GOLDEN * np.asarray([seed + 1], dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def _occurrence(hashes: HashVector, outcomes: Matrix) -> IntVector:
    """Number the rows that share a hash from 0, in the order of their outcomes."""
    order = np.lexsort((*outcomes.T[::-1], hashes))
    ordered = hashes[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1])) if ordered.size else ordered > 0
    position = np.arange(ordered.size)
    start = np.maximum.accumulate(np.where(first, position, 0))
    number = np.empty(ordered.size, dtype=np.int64)
    number[order] = position - start
    return number


def hash_columns(X: Matrix) -> HashVector:
    """Return a hash of each row of numbers: equal rows, equal hashes, shape (n,)."""
    combined = np.zeros(X.shape[0], dtype=np.uint64)
    for j in range(X.shape[1]):
        column = pd.util.hash_array(np.ascontiguousarray(X[:, j] + 0.0))
        combined = mix(combined ^ column, j + 1)
    return combined
