"""The array types that numbers travel in."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
"""Real numbers, shape (n,)."""
Matrix: TypeAlias = NDArray[np.float64]
"""Real numbers, shape (n, p)."""
IntVector: TypeAlias = NDArray[np.int64]
"""Integers (codes of clusters, strata, months), shape (n,)."""
BoolVector: TypeAlias = NDArray[np.bool_]
"""True or false, shape (n,)."""
HashVector: TypeAlias = NDArray[np.uint64]
"""A keyless hash of the person, the only tie-breaker of the house, shape (n,)."""
AnyVector: TypeAlias = NDArray[Any]
"""Any values, shape (n,)."""
