"""Levels too rare to be compared: grouped, and said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.cohort import COVARIATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, IntVector

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
    coded = {name: _coded(frame[name]) for name in text}
    filed = [name for name in text if _of_the_file(name)]
    blank = _wholly_unknown([coded[name] for name in filed], len(frame))
    for name in text:
        column, few = coded[name], False
        if name in filed:
            column, few = _without_few_unknown(column, blank, treated, fewest)
        if few:
            changed[name] = column.series(frame[name])
            notes.append(f"'{name}': {UNKNOWN} by itself too rare, given its most frequent level")
        rare = column.rare(treated, fewest)
        if not rare:
            continue
        grouped = column.replaced(rare, OTHER)
        if grouped.rare(treated, fewest):
            common = column.most_frequent(leaving_out=rare)
            grouped = column.replaced(rare, OTHER if common is None else common)
        changed[name] = grouped.series(frame[name])
        notes.append(f"'{name}': {len(rare)} rare levels grouped")
    return frame.assign(**changed), tuple(notes)


def as_levels(column: pd.Series) -> pd.Series:
    """Return a column of text as a category, a byte or two a row; any other as it is."""
    return column.astype("category") if isinstance(column.dtype, pd.StringDtype) else column


@dataclass(frozen=True, slots=True, repr=False)
class _Coded:
    """A text column as codes, so that its rows are counted without their texts.

    Attributes:
        codes: Place of each row's level, shape (n,).
        levels: The levels; a missing value is one of them.
    """

    codes: IntVector
    levels: tuple[Any, ...]

    def counts(self, rows: BoolVector | None = None) -> IntVector:
        """Return the number of rows (of those given) at each level."""
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes, minlength=len(self.levels))

    def at(self, level: str) -> BoolVector:
        """Return which rows hold a level."""
        place = self.levels.index(level) if level in self.levels else -1
        found: BoolVector = self.codes == place
        return found

    def rare(self, treated: BoolVector, fewest: int) -> list[int]:
        """Return the levels that fewer than `fewest` rows of either arm hold, in order."""
        least = np.minimum(self.counts(treated), self.counts(~treated))
        held = self.counts() > 0
        found = [
            i
            for i, level in enumerate(self.levels)
            if held[i] and (least[i] < fewest or pd.isna(level))
        ]
        return sorted(found, key=lambda i: str(self.levels[i]))

    def replaced(self, places: Sequence[int] | BoolVector, level: str) -> _Coded:
        """Return the column with another level in the place of some levels, or of some rows."""
        levels = self.levels if level in self.levels else (*self.levels, level)
        rows = np.isin(self.codes, places) if isinstance(places, list) else places
        return _Coded(np.where(rows, levels.index(level), self.codes), levels)

    def most_frequent(self, leaving_out: Sequence[int] = ()) -> str | None:
        """Return the level most rows hold, the first in alphabetical order of several."""
        counts = self.counts()
        counts[[*leaving_out, *(i for i, level in enumerate(self.levels) if pd.isna(level))]] = 0
        if not counts.any():
            return None
        return min(str(self.levels[i]) for i in np.flatnonzero(counts == counts.max()))

    def series(self, like: pd.Series) -> pd.Series:
        """Return the texts, as a column like the one they come from."""
        levels = pd.Series(list(self.levels), dtype=object)
        if not isinstance(like.dtype, pd.CategoricalDtype):
            texts = levels.astype(like.dtype).array
            return pd.Series(texts.take(self.codes), index=like.index, name=like.name)
        held = levels.astype("category").cat
        codes = held.codes.to_numpy()[self.codes]
        column = pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(held.categories))
        return pd.Series(column.remove_unused_categories(), index=like.index, name=like.name)


def _coded(values: pd.Series) -> _Coded:
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    return _Coded(codes, tuple(levels))


def _of_the_file(name: str) -> bool:
    """Tell whether a covariate is read from the file, whose values are unknown together."""
    known = COVARIATES.get(name)
    return known is not None and all(column.startswith("dossiers.") for column in known.columns)


def _wholly_unknown(columns: Sequence[_Coded], rows: int) -> BoolVector:
    """Return the rows of which all is unknown that may be: a file updated after time zero."""
    unknown = [held for held in (column.at(UNKNOWN) for column in columns) if held.any()]
    return np.logical_and.reduce(unknown) if unknown else np.zeros(rows, dtype=bool)


def _without_few_unknown(
    column: _Coded, blank: BoolVector, treated: BoolVector, fewest: int
) -> tuple[_Coded, bool]:
    """Give the most frequent level to a rare « unknown » that is not that of the whole file.

    Where two covariates are unknown together but for a few rows, those rows alone tell the two
    apart, and no score can be learnt from so few.
    """
    alone = column.at(UNKNOWN) & ~blank
    arms = [int((alone & arm).sum()) for arm in (treated, ~treated)]
    places = [i for i, level in enumerate(column.levels) if level == UNKNOWN]
    common = column.most_frequent(leaving_out=places)
    if not alone.any() or min(arms) >= fewest or common is None or not blank.any():
        return column, False
    return column.replaced(alone, common), True
