"""Levels too rare to be compared: grouped, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector

OTHER = "AUTRES"
"""Level that takes the rare ones."""

FEWEST = 10
"""Rows of each arm below which a level is rare: a score cannot be learnt from fewer."""


def group_rare(
    frame: pd.DataFrame, covariates: Sequence[str], treated: BoolVector, fewest: int = FEWEST
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Group the rare levels of text covariates.

    A level that fewer than `fewest` rows of either arm hold goes to « AUTRES »; where that is
    itself too rare, to the most frequent level. A propensity score fitted on a level held by one
    arm only has no solution, and one held by a few persons says nothing.

    Args:
        frame: The rows; it is not changed.
        covariates: Columns to look at; numbers are left alone.
        treated: Shape (n,).
        fewest: Rows of each arm a level needs.

    Returns:
        The rows, and a note per covariate whose levels were grouped.
    """
    changed: dict[str, pd.Series] = {}
    notes = []
    for name in covariates:
        if pd.api.types.is_numeric_dtype(frame[name]):
            continue
        values = frame[name].astype("object")
        rare = _rare(values, treated, fewest)
        if not rare:
            continue
        grouped = values.where(~values.isin(rare), OTHER)
        if _rare(grouped, treated, fewest):
            common = values[~values.isin(rare)]
            grouped = values.where(~values.isin(rare), _mode(common) if len(common) else OTHER)
        changed[name] = grouped
        notes.append(f"'{name}': {len(rare)} rare levels grouped")
    return frame.assign(**changed), tuple(notes)


def _rare(values: pd.Series, treated: BoolVector, fewest: int) -> list[str]:
    levels = sorted(values.unique(), key=str)
    arms = [values[mask].value_counts() for mask in (treated, ~treated)]
    return [level for level in levels if min(int(arm.get(level, 0)) for arm in arms) < fewest]


def _mode(values: pd.Series) -> str:
    counts = values.value_counts()
    return str(min(counts[counts == counts.max()].index, key=str))
