"""Folds for cross-fitting, drawn from a hash so that the order of rows plays no part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.person import mix
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector


def assign_folds(
    keys: HashVector | IntVector, folds: int, seed: int, treated: BoolVector
) -> IntVector:
    """Give each row the fold of its person (or of its cluster), shape (n,).

    Args:
        keys: Hash of the person, or code of the cluster, shape (n,).
        folds: Number of folds; 0 or 1 puts every row in fold 0.
        seed: Another seed draws other folds.
        treated: Shape (n,); every fold must leave both arms outside it.

    Raises:
        EstimationError: A fold is empty or holds a whole arm.
    """
    if folds <= 1:
        return np.zeros(keys.size, dtype=np.int64)
    fold = (mix(keys.astype(np.uint64), seed) % np.uint64(folds)).astype(np.int64)
    for arm, name in ((treated, "treated"), (~treated, "comparison")):
        counts = np.bincount(fold[arm], minlength=folds)
        if counts.max() == arm.sum():
            message = (
                f"cross-fitting: one of {folds} folds holds all the {int(arm.sum())} {name} rows; "
                "use fewer folds, folds by person, or folds=0"
            )
            raise EstimationError(message)
    return fold
