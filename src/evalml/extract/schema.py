"""Whether the columns of a file are those of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.errors import ColumnMissingError, ExtractError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.engine import Table, Value
    from evalml.extract import contract


def require_columns(file: str, names: Iterable[str], table: contract.Table) -> None:
    """Refuse a file that lacks a column of the contract.

    Raises:
        ColumnMissingError: Names the file, the column and the nearest column the file holds.
    """
    found = list(names)
    missing = [c.name for c in table.columns if c.name not in found]
    if not missing:
        return
    spare = [n for n in found if n not in {c.name for c in table.columns}]
    hint = nearest(missing[0], spare) if spare else "add it, empty if it may be"
    more = f" (and {', '.join(missing[1:])})" if missing[1:] else ""
    raise ColumnMissingError(f"{file} has no column '{missing[0]}'{more}; {hint}")


def require_types(file: str, rows: Table, table: contract.Table) -> None:
    """Refuse a file where a column is of another type than in the contract.

    Raises:
        ExtractError: Names the file, the column, the type expected and the type found.
    """
    schema = rows.schema()
    for column in table.columns:
        found = schema[column.name]
        if not (found.is_null() or _accepts(column.type, found)):
            raise ExtractError(
                f"{file}, column {column.name}: expected {column.type}, found {found}; "
                "convert the column and write the file again"
            )


def _accepts(kind: contract.ColumnType, found: object) -> bool:
    tests = {
        "string": ("is_string",),
        "date": ("is_date", "is_timestamp"),
        "boolean": ("is_boolean",),
        # pandas writes an integer column with empty cells as floats
        "integer": ("is_integer", "is_floating"),
        "number": ("is_integer", "is_floating", "is_decimal"),
    }[kind]
    return any(getattr(found, test)() for test in tests)


def to_contract(rows: Table, table: contract.Table) -> Table:
    """Return the contract's columns only, with exactly its types; empty text and NaN are null."""
    return rows.select(**{c.name: _cast(rows[c.name], c.type) for c in table.columns})


def _cast(value: Value, kind: contract.ColumnType) -> Value:
    kinds = {
        "string": "string",
        "date": "date",
        "boolean": "boolean",
        "integer": "int64",
        "number": "float64",
    }
    found = value.type()
    if found.is_floating():
        value = value.isnan().ifelse(None, value)
        value = value.round() if kind == "integer" else value
    if kind == "string":
        return value.cast("string").nullif("")
    return value.cast(kinds[kind])
