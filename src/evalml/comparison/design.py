"""Covariates as described (text, yes or no, numbers) into the columns of a design matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from evalml.comparison.comparison import Design
from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.arrays import AnyVector, Vector

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
    columns = [c for name in covariates for c in _columns_of(str(name), covariates[name])]
    kept, twins, notes = _without_repeats(columns)
    matrix = np.empty((len(covariates), len(kept)))
    for j, (_, values) in enumerate(kept):
        matrix[:, j] = values
    names = tuple(name for name, _ in kept)
    return Design(matrix, names, _levels_left_out(covariates, names, twins)), notes


def _levels_left_out(
    covariates: pd.DataFrame, names: tuple[str, ...], twins: dict[str, str]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    found = []
    for name in (str(c) for c in covariates if is_text(covariates[c])):
        _, levels = levels_of(covariates[name])
        others = [twins.get(f"{name}={level}", f"{name}={level}") for level in levels[1:]]
        found.append((f"{name}={levels[0]}", tuple(names.index(other) for other in others)))
    return tuple((level, columns) for level, columns in found if columns)


def levels_of(column: pd.Series) -> tuple[AnyVector, list[str]]:
    """Return the code of each row and the sorted names of the levels of a text column."""
    text = column.astype(object).where(column.notna(), MISSING_LEVEL).map(str)
    codes, levels = pd.factorize(text, sort=True)
    return codes, [str(level) for level in levels]


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


def _columns_of(name: str, column: pd.Series) -> list[Column]:
    if pd.api.types.is_datetime64_any_dtype(column):
        message = f"covariate '{name}' is a date; turn it into an age or a number of months first"
        raise DataError(message)
    return _dummies(name, column) if is_text(column) else _numbers(name, column)


def _dummies(name: str, column: pd.Series) -> list[Column]:
    codes, levels = levels_of(column)
    if len(levels) > MAX_LEVELS or (len(levels) > 50 and len(levels) > len(column) / 2):  # noqa: PLR2004
        message = (
            f"covariate '{name}' has {len(levels)} levels over {len(column)} rows, like an "
            "identifier; leave it out, group its levels, or give numbers as numbers"
        )
        raise DataError(message)
    return [(f"{name}={level}", (codes == j).astype(float)) for j, level in enumerate(levels) if j]


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
    columns: Iterable[Column],
) -> tuple[list[Column], dict[str, str], tuple[str, ...]]:
    """Leave out constants and exact copies, with a note for each and the twin of each copy."""
    kept: list[Column] = []
    twins: dict[str, str] = {}
    seen: dict[int, list[Column]] = {}
    notes: list[str] = []
    for name, values in columns:
        if values.size and (values == values[0]).all():
            notes.append(f"column '{name}' is constant and was left out")
            continue
        alike = seen.setdefault(hash(values.tobytes()), [])
        twin = next((other for other, vector in alike if np.array_equal(vector, values)), None)
        if twin is None:
            alike.append((name, values))
            kept.append((name, values))
        else:
            twins[name] = twin
            notes.append(f"column '{name}' repeats '{twin}' and was left out")
    return kept, twins, tuple(notes)
