"""Covariates that no source holds for some rows: a level of their own, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.cohort.declared import DECLARED
from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector

FEWEST = 10
"""Rows of each arm that must hold a state, known or unknown, for it to be compared."""
FEW = 0.05
"""Share of each arm that may be given the mean where one arm has too few rows unknown."""


def settle_unknown(
    frame: pd.DataFrame, covariates: Sequence[str], treated: BoolVector
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Decide, for each number that is unknown for some rows, whether it can be compared.

    Unknown for rows of both arms, it stays missing and becomes a level of its own in the design;
    for a handful of rows of an arm and few of the other, it takes the mean; for everybody, the
    covariate is left out. A yes or no of the declared past that an arm all but never gives is left
    out too: a score learnt on it has no solution.

    Args:
        frame: The rows; it is not changed.
        covariates: Columns to look at; text has its level « INCONNU » already.
        treated: Shape (n,).

    Returns:
        The rows, the covariates kept, and a note per covariate changed or left out.

    Raises:
        DataError: One arm knows it and the other does not.
    """
    kept, notes, changed = [], [], {}
    for name in covariates:
        column = frame[name]
        if name in DECLARED and _rare(column, treated):
            notes.append(f"'{name}' left out: too rare in one arm to be compared")
            continue
        if not pd.api.types.is_numeric_dtype(column) or not column.isna().any():
            kept.append(name)
            continue
        unknown = column.isna().to_numpy()
        if unknown.all():
            notes.append(f"'{name}' left out: unknown of everybody")
            continue
        kept.append(name)
        absent, present = _least(unknown, treated), _least(~unknown, treated)
        if max(absent) < FEWEST or (min(absent) < FEWEST and _few(unknown, treated)):
            changed[name] = column.fillna(float(column.mean()))
            notes.append(f"'{name}': unknown too rare, given the mean")
        elif min(absent) < FEWEST or min(present) < FEWEST:
            raise DataError(_one_arm(name, absent, present))
    return frame.assign(**changed), tuple(kept), tuple(notes)


def _rare(column: pd.Series, treated: BoolVector) -> bool:
    """Tell whether a yes or no of the declared past is all but one answer in an arm."""
    values = column.dropna().unique()
    if not set(values) <= {0.0, 1.0}:
        return False
    rows = column.to_numpy(dtype=np.float64)
    return any(min(_least(rows == answer, treated)) < FEWEST for answer in (0.0, 1.0))


def _least(rows: BoolVector, treated: BoolVector) -> tuple[int, int]:
    return int(np.count_nonzero(rows & treated)), int(np.count_nonzero(rows & ~treated))


def _few(rows: BoolVector, treated: BoolVector) -> bool:
    return all(float(rows[arm].mean()) <= FEW for arm in (treated, ~treated))


def _one_arm(name: str, absent: tuple[int, int], present: tuple[int, int]) -> str:
    lacking = "treated" if absent[0] * present[1] > absent[1] * present[0] else "comparison"
    return (
        f"covariate '{name}' is unknown far more often in the {lacking} arm than in the other: its "
        "source does not cover the same months or persons in both, so it would tell the arms "
        "apart by itself; leave it out of 'covariates', or change the entries"
    )
