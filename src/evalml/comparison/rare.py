"""Levels too rare to be compared: grouped, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.cohort import COVARIATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector

UNKNOWN = "INCONNU"
"""Level of what was not known at time zero."""

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
    text = [name for name in covariates if not pd.api.types.is_numeric_dtype(frame[name])]
    filed = [name for name in text if _of_the_file(name)]
    blank = _wholly_unknown(frame, filed)
    for name in text:
        values, few = frame[name].astype("object"), False
        if name in filed:
            values, few = _without_few_unknown(values, blank, treated, fewest)
        if few:
            changed[name] = values
            notes.append(f"'{name}': {UNKNOWN} by itself too rare, given its most frequent level")
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


def _of_the_file(name: str) -> bool:
    """Tell whether a covariate is read from the file, whose values are unknown together."""
    known = COVARIATES.get(name)
    return known is not None and all(column.startswith("dossiers.") for column in known.columns)


def _wholly_unknown(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return the rows of which all is unknown that may be: a file updated after time zero."""
    unknown = frame[list(names)].astype("object") == UNKNOWN
    may_be = [name for name in names if unknown[name].any()]
    return unknown[may_be].all(axis=1) if may_be else pd.Series(data=False, index=frame.index)


def _without_few_unknown(
    values: pd.Series, blank: pd.Series, treated: BoolVector, fewest: int
) -> tuple[pd.Series, bool]:
    """Give the most frequent level to a rare « unknown » that is not that of the whole file.

    Where two covariates are unknown together but for a few rows, those rows alone tell the two
    apart, and no score can be learnt from so few.
    """
    alone = ((values == UNKNOWN) & ~blank).to_numpy(dtype=bool)
    arms = [int((alone & arm).sum()) for arm in (treated, ~treated)]
    known = values[values != UNKNOWN]
    if not alone.any() or min(arms) >= fewest or known.empty or not blank.any():
        return values, False
    return values.mask(alone, _mode(known)), True


def _rare(values: pd.Series, treated: BoolVector, fewest: int) -> list[str]:
    levels = sorted(values.unique(), key=str)
    arms = [values[mask].value_counts() for mask in (treated, ~treated)]
    return [level for level in levels if min(int(arm.get(level, 0)) for arm in arms) < fewest]


def _mode(values: pd.Series) -> str:
    counts = values.value_counts()
    return str(min(counts[counts == counts.max()].index, key=str))
