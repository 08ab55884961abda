"""Covariates as described (text, yes or no, numbers) into the columns of a design matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from evalml.comparison.comparison import Design
from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evalml.arrays import AnyVector, Matrix, Vector

Missing: TypeAlias = Literal["refuse", "category", "drop"]
"""What to do with a missing covariate: stop, make it a category, or drop the row."""
MISSING_LEVEL = "(missing)"
MAX_LEVELS = 1_000

Column: TypeAlias = tuple[str, "Vector"]


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
    coded = {str(c): levels_of(covariates[c]) for c in covariates if is_text(covariates[c])}
    most = sum(
        len(coded[str(c)][1]) - 1 if str(c) in coded else 1 + int(covariates[c].isna().any())
        for c in covariates
    )
    columns = (c for name in covariates for c in _columns_of(str(name), covariates[name], coded))
    matrix, names, twins, notes = _without_repeats(columns, len(covariates), most)
    levels = {name: found for name, (_, found) in coded.items()}
    return Design(matrix, names, _levels_left_out(levels, names, twins)), notes


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
    if isinstance(column.dtype, pd.StringDtype):
        raw, found = pd.factorize(column)
        named = [*(str(level) for level in found), MISSING_LEVEL]
        levels = sorted(set(named if (raw < 0).any() else named[:-1]))
        place = np.array([levels.index(name) if name in levels else -1 for name in named])
        return place[raw], levels
    text = column.astype(object).where(column.notna(), MISSING_LEVEL).map(str)
    codes, sorted_levels = pd.factorize(text, sort=True)
    return codes, [str(level) for level in sorted_levels]


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


def _columns_of(
    name: str, column: pd.Series, coded: dict[str, tuple[AnyVector, list[str]]]
) -> Iterator[Column]:
    if pd.api.types.is_datetime64_any_dtype(column):
        message = f"covariate '{name}' is a date; turn it into an age or a number of months first"
        raise DataError(message)
    yield from _dummies(name, *coded[name]) if name in coded else _numbers(name, column)


def _dummies(name: str, codes: AnyVector, levels: list[str]) -> Iterator[Column]:
    if len(levels) > MAX_LEVELS or (len(levels) > 50 and len(levels) > codes.size / 2):  # noqa: PLR2004
        message = (
            f"covariate '{name}' has {len(levels)} levels over {codes.size} rows, like an "
            "identifier; leave it out, group its levels, or give numbers as numbers"
        )
        raise DataError(message)
    for j, level in enumerate(levels[1:], start=1):
        yield f"{name}={level}", (codes == j).astype(float)


def _numbers(name: str, column: pd.Series) -> list[Column]:
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


def _without_repeats(
    columns: Iterable[Column], rows: int, most: int
) -> tuple[Matrix, tuple[str, ...], dict[str, str], tuple[str, ...]]:
    """Fill the matrix but for constants and exact copies: a note for each, a twin for a copy.

    Args:
        columns: Taken one at a time, so that no second copy of the matrix is held.
        rows: Rows of the matrix.
        most: Columns it can have at most.
    """
    matrix = np.empty((rows, most))
    names: list[str] = []
    twins: dict[str, str] = {}
    seen: dict[int, list[int]] = {}
    notes: list[str] = []
    for name, values in columns:
        if values.size and (values == values[0]).all():
            notes.append(f"column '{name}' is constant and was left out")
            continue
        alike = seen.setdefault(hash(values.tobytes()), [])
        twin = next((j for j in alike if np.array_equal(matrix[:, j], values)), None)
        if twin is None:
            alike.append(len(names))
            matrix[:, len(names)] = values
            names.append(name)
        else:
            twins[name] = names[twin]
            notes.append(f"column '{name}' repeats '{names[twin]}' and was left out")
    if len(names) < most:
        matrix = np.ascontiguousarray(matrix[:, : len(names)])
    return matrix, tuple(names), twins, tuple(notes)
