"""Whether the columns of a file are those of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.engine import null
from evalml.errors import ColumnMissingError, ExtractError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from evalml.engine import Table, Value
    from evalml.extract import contract

_KINDS = {
    "string": "string",
    "date": "date",
    "boolean": "boolean",
    "integer": "int64",
    "number": "float64",
}


def require_columns(file: str, names: Iterable[str], table: contract.Table) -> None:
    """Refuse a file that lacks a column of the contract."""
    found = list(names)
    missing = [c.name for c in table.columns if c.name not in found and not c.optional]
    if not missing:
        return
    spare = [n for n in found if n not in {c.name for c in table.columns}]
    hint = nearest(missing[0], spare) if spare else ""
    # A file without a header has a person's values for names: only a near miss is quoted.
    hint = hint if hint.startswith("did you") else "add it, empty if it may be"
    more = f" (and {', '.join(missing[1:])})" if missing[1:] else ""
    raise ColumnMissingError(f"{file} has no column '{missing[0]}'{more}; {hint}")


def require_distinct(file: str, names: Iterable[str]) -> None:
    """Refuse a header where two columns have one name, capitals apart."""
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        first = seen.setdefault(name.lower(), place)
        if first != place or not name:
            what = (
                f"columns {first} and {place} have one name"
                if name
                else f"column {place} has no name"
            )
            raise ExtractError(f"{file}, line 1: {what}; give each column its own")


def require_types(file: str, schema: Mapping[str, Any], table: contract.Table) -> None:
    """Refuse a file where a column is of another type than in the contract."""
    for column in table.columns:
        if column.optional and column.name not in schema:
            continue
        found = schema[column.name]
        if not (_is_null(found) or _accepts(column.type, found)):
            raise ExtractError(
                f"{file}, column {column.name}: expected {column.type}, found {found}; "
                "convert the column and write the file again"
            )


def with_optional(rows: Table, table: contract.Table, *, as_text: bool = False) -> Table:
    """Add the columns that a file may do without, empty (as text where cells are not typed yet)."""
    absent = {
        c.name: null("string" if as_text else _KINDS[c.type])
        for c in table.columns
        if c.optional and c.name not in rows.columns
    }
    return rows.mutate(**absent) if absent else rows


def _is_null(found: Any) -> bool:
    """Tell whether a column is empty throughout; some writers then give it no type at all."""
    return bool(found.is_null()) or str(found).endswith('kind="NULL"))')


def _accepts(kind: contract.ColumnType, found: Any) -> bool:
    if found.is_timestamp() and found.timezone is not None:
        return False  # an instant is another day elsewhere: the writer must choose the day
    tests = {
        "string": ("is_string",),
        "date": ("is_date", "is_timestamp"),
        "boolean": ("is_boolean",),
        # pandas writes an integer column with empty cells as floats
        "integer": ("is_integer", "is_floating"),
        "number": ("is_integer", "is_floating", "is_decimal"),
    }[kind]
    return any(getattr(found, test)() for test in tests)


def to_contract(
    rows: Table, table: contract.Table, may_be_empty: Collection[str] | None = None
) -> Table:
    """Return the contract's columns only, with exactly its types; empty text and NaN are null.

    Args:
        rows: Rows as received.
        table: The table of the contract.
        may_be_empty: Columns where some text may be empty, all by default. The others are left as
            they are, so that files can be asked for the rows that hold a value.
    """
    texts = rows.columns if may_be_empty is None else may_be_empty
    return rows.select(
        **{c.name: _cast(rows[c.name], c.type, empty=c.name in texts) for c in table.columns}
    )


def _cast(value: Value, kind: contract.ColumnType, *, empty: bool) -> Value:
    found = value.type()
    if _is_null(found):
        return null(_KINDS[kind])
    if found.is_floating():
        value = value.isnan().ifelse(None, value)
        value = value.round() if kind == "integer" else value
    if kind == "string":
        text = value.cast("string")
        return text.nullif("") if empty else text
    return value.cast(_KINDS[kind])
