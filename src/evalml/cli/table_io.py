"""Reading a table for the statistics commands, and printing what they found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from evalml.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evalml.effect.effect import Effect

_KEYS = ("group", "time", "event_time", "cause", "term", "subgroup", "subgroup_value")
_NUMBERS = ("estimate", "std_error", "ci_low", "ci_high", "p_value")


def read_table(path: Path, columns: list[str]) -> pd.DataFrame:
    """Return the named columns of a CSV (comma or semicolon) or Parquet file.

    Args:
        path: File.
        columns: Columns to keep.

    Raises:
        ColumnMissingError: A column is not in the file.
        DataError: The file does not exist or cannot be read.
    """
    import pandas as pd

    from evalml.effect.panel_columns import refuse_unknown

    if not path.is_file():
        raise DataError(f"there is no file {path.name}; give the path of a CSV or Parquet file")
    wanted = list(dict.fromkeys(columns))
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            import pyarrow.parquet as pq

            refuse_unknown(wanted, pq.read_schema(path).names)
            return pd.read_parquet(path, columns=wanted)
        with path.open(encoding="utf-8-sig") as lines:
            header = lines.readline()
        separator = ";" if header.count(";") > header.count(",") else ","
        there = pd.read_csv(path, sep=separator, nrows=0, encoding="utf-8-sig").columns
        refuse_unknown(wanted, [str(name) for name in there])
        return pd.read_csv(path, sep=separator, usecols=wanted, encoding="utf-8-sig")
    except (ValueError, OSError, UnicodeDecodeError):
        raise DataError(f"{path.name} cannot be read as CSV (UTF-8) or Parquet") from None


def split_names(values: list[str] | None) -> tuple[str, ...]:
    """Return column names given with commas, by repeating the option, or both."""
    return tuple(n for value in values or [] for n in map(str.strip, value.split(",")) if n)


def as_json(effect: Effect) -> dict[str, Any]:
    """Return an estimate as a plain object, its keys lifted out of the details."""
    details = dict(effect.details)
    keys = {key: details.pop(key) for key in _KEYS if key in details}
    found: dict[str, Any] = plain(
        {
            "method": effect.method,
            "estimand": effect.estimand,
            **keys,
            "estimate": effect.estimate,
            "std_error": effect.std_error,
            "ci_low": effect.ci_low,
            "ci_high": effect.ci_high,
            "p_value": effect.p_value,
            "n_treated": effect.n_treated,
            "n_comparison": effect.n_comparison,
            "outcome": effect.outcome,
            "details": details,
        }
    )
    return found


def plain(value: Any) -> Any:
    """Return a value that JSON can hold: no NaN, no infinity, no array."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def show(effects: list[Effect], *, json_wanted: bool) -> None:
    """Print estimates: JSON (an object, or a list of them), or an aligned table."""
    rows = [as_json(effect) for effect in effects]
    if json_wanted:
        typer.echo(json.dumps(rows[0] if len(rows) == 1 else rows, ensure_ascii=False))
        return
    for line in _lines(rows):
        typer.echo(line)
    warnings = [w for row in rows for w in row["details"].get("warnings") or []]
    for warning in dict.fromkeys(warnings):
        typer.echo(f"warning: {warning}", err=True)


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return a header and a line per estimate."""
    keys = [k for k in _KEYS if any(row.get(k) is not None for row in rows)]
    if len({row["outcome"] for row in rows}) > 1:
        keys = ["outcome", *keys]
    names = ["method", *keys, *_NUMBERS, "n_treated", "n_comparison"]
    table = [names]
    table += [[_cell(row.get(name), number=name in _NUMBERS) for name in names] for row in rows]
    widths = [max(len(row[k]) for row in table) for k in range(len(names))]
    return ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in table]


def _cell(value: Any, *, number: bool) -> str:
    if value is None:
        return "-"
    return f"{value:.5f}" if number else str(value)
