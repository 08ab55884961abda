"""Covariates as described (text, yes or no, numbers) into the columns of a design matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from evalml.comparison.comparison import Design
from evalml.comparison.levels import Group, merge, smallest
from evalml.comparison.packed import Packed
from evalml.errors import DataError

if TYPE_CHECKING:
    from evalml.arrays import AnyVector, Vector

Missing: TypeAlias = Literal["refuse", "category", "drop"]
"""What to do with a missing covariate: stop, make it a category, or drop the row."""
MISSING_LEVEL = "(missing)"
MAX_LEVELS = 1_000


def is_text(column: pd.Series) -> bool:
    """Tell whether a covariate is a list of categories rather than numbers."""
    return not pd.api.types.is_numeric_dtype(column) and not _holds_booleans(column)


def build_design(covariates: pd.DataFrame) -> tuple[Design, tuple[str, ...]]:
    """Return the design matrix and a note for each column left out.

    Text becomes one 0/1 column per level but the first in alphabetical order; missing text is a
    level of its own; a missing number takes the mean and a 0/1 column says so.

    Raises:
        DataError: A covariate is a date, is infinite, or has as many levels as an identifier.
    """
    found = _Found(len(covariates))
    coded: dict[str, list[str]] = {}
    for given in covariates:
        name, column = str(given), covariates[given]
        if pd.api.types.is_datetime64_any_dtype(column):
            message = f"covariate '{name}' is a date; turn it into an age or months first"
            raise DataError(message)
        if is_text(column):
            codes, coded[name] = levels_of(column)
            found.add_levels(name, codes, coded[name])
        else:
            for own, values in _numbers(name, column):
                found.add_numbers(own, values)
    names, twins = tuple(found.names), found.twins
    left_out = _levels_left_out(coded, names, twins)
    return Design(found.packed(), names, left_out), tuple(found.notes)


def _levels_left_out(
    coded: dict[str, list[str]], names: tuple[str, ...], twins: dict[str, str]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    found = []
    for name, levels in coded.items():
        others = [twins.get(f"{name}={level}", f"{name}={level}") for level in levels[1:]]
        found.append((f"{name}={levels[0]}", tuple(names.index(other) for other in others)))
    return tuple((level, columns) for level, columns in found if columns)


def levels_of(column: pd.Series) -> tuple[AnyVector, list[str]]:
    """Return the code of each row and the sorted names of the levels of a text column."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        held = column.cat.remove_unused_categories().cat
        return _sorted_levels(held.codes.to_numpy(), held.categories)
    if isinstance(column.dtype, pd.StringDtype):
        return _sorted_levels(*pd.factorize(column))
    text = column.astype(object).where(column.notna(), MISSING_LEVEL).map(str)
    codes, sorted_levels = pd.factorize(text, sort=True)
    return codes, [str(level) for level in sorted_levels]


def _sorted_levels(raw: AnyVector, found: pd.Index) -> tuple[AnyVector, list[str]]:
    """Number levels in the order of their names; a code of -1 is a missing value."""
    named = [*(str(level) for level in found), MISSING_LEVEL]
    levels = sorted(set(named if (raw < 0).any() else named[:-1]))
    place = np.array([levels.index(name) if name in levels else -1 for name in named])
    return place[raw], levels


def count_missing(covariates: pd.DataFrame) -> dict[str, int]:
    """Return the number of missing rows of each covariate that has some."""
    missing = covariates.isna().sum()
    return {str(name): int(count) for name, count in missing.items() if count}


def refuse_missing(covariates: pd.DataFrame) -> None:
    """Stop if a covariate has missing values, with each column's count.

    Raises:
        DataError: Some are missing.
    """
    counts = count_missing(covariates)
    if counts:
        found = ", ".join(
            f"'{name}' ({count} of {len(covariates)})" for name, count in counts.items()
        )
        message = (
            f"missing covariates: {found}; complete them, or choose missing='category' "
            "(a level of its own) or missing='drop' (without these rows)"
        )
        raise DataError(message)


def _refuse_identifier(name: str, codes: AnyVector, levels: list[str]) -> None:
    if len(levels) > MAX_LEVELS or (len(levels) > 50 and len(levels) > codes.size / 2):  # noqa: PLR2004
        message = (
            f"covariate '{name}' has {len(levels)} levels over {codes.size} rows, like an "
            "identifier; leave it out, group its levels, or give numbers as numbers"
        )
        raise DataError(message)


def _numbers(name: str, column: pd.Series) -> list[tuple[str, Vector]]:
    values = column.astype("boolean") if _holds_booleans(column) else column
    numbers: Vector = np.asarray(
        values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64
    )
    if np.isinf(numbers).any():
        message = (
            f"covariate '{name}' has {int(np.isinf(numbers).sum())} infinite values; correct them"
        )
        raise DataError(message)
    missing = np.isnan(numbers)
    if not missing.any():
        return [(name, numbers)]
    if missing.all():
        message = f"covariate '{name}' is missing in every row; leave it out"
        raise DataError(message)
    filled: Vector = np.where(missing, np.nanmean(numbers), numbers)
    return [(name, filled), (f"{name}={MISSING_LEVEL}", missing.astype(float))]


def _holds_booleans(column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column):
        return True
    if column.dtype != object:
        return False
    return pd.api.types.infer_dtype(column, skipna=True) == "boolean"


@dataclass(slots=True, repr=False)
class _Found:
    """Columns taken one at a time, but for constants and exact copies.

    Attributes:
        rows: Rows of the matrix.
        names: Names of the columns kept.
        twins: For each copy, the column that it repeats.
        notes: A sentence per column left out.
        numbers: The columns held as numbers.
        groups: The categories.
        sums: For each sum of a column, the columns that have it, by name with what gives their
            values: copies are looked for there.
    """

    rows: int
    names: list[str] = field(default_factory=list)
    twins: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    numbers: list[tuple[int, Vector]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    sums: dict[float, dict[str, Callable[[], Vector]]] = field(default_factory=dict)

    def add_numbers(self, name: str, values: Vector) -> None:
        """Add a column of numbers."""
        constant = bool(values.size and (values == values[0]).all())
        if self._place(name, float(values.sum()), lambda: values, constant=constant) is not None:
            self.numbers.append((len(self.names) - 1, values))

    def add_levels(self, name: str, codes: AnyVector, levels: list[str]) -> None:
        """Add a column per level of a category but the first."""
        _refuse_identifier(name, codes, levels)
        held = smallest(codes, len(levels))
        counts = np.bincount(held, minlength=len(levels))
        columns = np.full(len(levels), -1, dtype=np.int64)
        for j, level in enumerate(levels[1:], start=1):
            place = self._place(
                f"{name}={level}",
                float(counts[j]),
                partial(_holds, held, j),
                constant=counts[j] in (0, self.rows),
            )
            columns[j] = -1 if place is None else place
        if (columns >= 0).any():
            self.groups.append(Group(held, columns[:, None]))

    def _place(
        self, name: str, total: float, values: Callable[[], Vector], *, constant: bool
    ) -> int | None:
        """Return the place of a column, or note why it has none."""
        if constant:
            self.notes.append(f"column '{name}' is constant and was left out")
            return None
        alike = self.sums.setdefault(total, {})
        mine = values() if alike else None
        for other, known in alike.items():
            if mine is not None and np.array_equal(known(), mine):
                self.twins[name] = other
                self.notes.append(f"column '{name}' repeats '{other}' and was left out")
                return None
        alike[name] = values
        self.names.append(name)
        return len(self.names) - 1

    def packed(self) -> Packed:
        """Return the columns."""
        p = len(self.names)
        dense = np.empty((self.rows, len(self.numbers)))
        for k, (_, values) in enumerate(self.numbers):
            dense[:, k] = values
        place = np.array([j for j, _ in self.numbers], dtype=np.int64)
        return Packed(dense, place, merge(self.groups), np.zeros(p), np.ones(p))


def _holds(codes: AnyVector, level: int) -> Vector:
    return np.asarray(codes == level, dtype=np.float64)
