"""The stable tables a run writes, read back: everything a note may know of a study.

No person is in them. A table that a study does not write is an empty frame with its columns.
"""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.errors import DataError, nearest
from evalml.results import COLUMNS, FILLED, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Frames = dict[str, pd.DataFrame]

SIGNIFICANT = "%.10g"
"""Ten significant digits: what is beyond them differs between machines."""


PASSING = re.compile(r"ibis_pandas_memtable_\w+")
"""Names drawn anew at each run, which would make two records of one run differ."""


def read_results(folder: Path) -> Frames:
    """Read the stable tables of a `results/` folder.

    Args:
        folder: The `results/` folder of a run.

    Returns:
        A frame for each name of `COLUMNS`; an empty one where the run wrote no such table.

    Raises:
        DataError: The folder is not there, or a table lacks a column readers count on.
    """
    if not folder.is_dir():
        message = f"no results folder at {folder}: give the folder of a run that has finished"
        raise DataError(message)
    return {name: read_table(folder / f"{name}.csv") for name in COLUMNS}


def read_table(path: Path) -> pd.DataFrame:
    """Read one stable table, or give an empty one where the file is absent."""
    name = path.stem
    if not path.is_file():
        return pd.DataFrame({column: [] for column in COLUMNS[name]})
    return parse_table(name, path.read_text(encoding="utf-8"))


def parse_table(name: str, written: str) -> pd.DataFrame:
    """Return one stable table from what its file holds."""
    try:
        header = pd.read_csv(StringIO(written), nrows=0).columns
        text = {column: "str" for column in header if column in TEXT}
        frame = pd.read_csv(StringIO(written), dtype=text, keep_default_na=True)
    except (pd.errors.EmptyDataError, pd.errors.ParserError):
        raise DataError(f"results/{name}.csv is damaged; run the study again") from None
    return complete_table(name, frame)


def as_read(frames: Mapping[str, pd.DataFrame]) -> Frames:
    """Return the tables as a reader of their files will find them, without writing them."""
    return {
        name: parse_table(name, csv_text(frame))
        for name, frame in frames.items()
        if name in COLUMNS and len(frame)
    }


def complete_table(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with its text columns filled and its types settled.

    Raises:
        DataError: A column readers count on is missing.
    """
    missing = [column for column in COLUMNS[name] if column not in frame]
    for column in missing:
        if (name, column) not in FILLED:
            hint = nearest(column, frame.columns)
            message = f"results/{name}.csv has no column '{column}' ({hint}); run the study again"
            raise DataError(message)
    filled = frame.assign(**dict.fromkeys(missing, ""))
    words = {column: filled[column].fillna("").astype("str") for column in filled if column in TEXT}
    filled = filled.assign(**words)
    if name == "checks":
        filled = filled.assign(
            passed=pd.Series(map(three_valued, filled["passed"]), filled.index, dtype="object"),
            gating=[three_valued(word) is not False for word in filled["gating"]],
        )
    return filled


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Return the rows of a table, a name per column."""
    return list(frame.itertuples())


def three_valued(word: object) -> bool | None:
    """Return True, False or None from what a CSV, or a frame, holds."""
    return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(
        str(word).lower()
    )


def write_results(frames: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write the tables that have rows, the same bytes for the same numbers.

    Args:
        frames: Tables by name.
        folder: Where to; made if needed.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in frames.items():
        if len(frame):
            path = folder / f"{name}.csv"
            path.write_text(csv_text(frame), encoding="utf-8", newline="")
            written.append(path)
    return written


def csv_text(frame: pd.DataFrame) -> str:
    """Return `frame` as CSV: UTF-8, comma, unix lines, ten significant digits."""
    return str(frame.to_csv(index=False, float_format=SIGNIFICANT, lineterminator="\n"))


RUNS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the start of a cell."""


def sheet_text(frame: pd.DataFrame) -> str:
    """Return `frame` as CSV that a spreadsheet does not run: such a text cell leaves quoted."""
    text = frame.select_dtypes(exclude="number").columns
    return csv_text(frame.assign(**{str(c): frame[c].map(quoted) for c in text}))


def quoted(cell: Any) -> Any:
    """Return a text cell that begins like a formula after a quote; a number as it is."""
    if not isinstance(cell, str) or not cell.startswith(RUNS):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def write_queries(statements: Sequence[tuple[str, str]], folder: Path) -> Path:
    """Write the compiled SQL of every table a run kept, for the record.

    Args:
        statements: Name and SQL of each table, in order (`Engine.statements`).
        folder: Folder of the run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "queries.sql"
    blocks = [f"-- {name}\n{PASSING.sub('memtable', sql)};\n" for name, sql in statements]
    path.write_text("\n".join(blocks), encoding="utf-8", newline="")
    return path


def write_meta(meta: Mapping[str, Any], folder: Path) -> Path:
    """Write what a note needs beside the tables, so that it can be written again later."""
    path = folder / "meta.json"
    text = json.dumps(dict(meta), ensure_ascii=False, indent=2, default=str)
    path.write_text(text + "\n", encoding="utf-8", newline="")
    return path


def read_meta(folder: Path) -> dict[str, Any]:
    """Read what `write_meta` wrote.

    Raises:
        DataError: There is none.
    """
    path = folder / "meta.json"
    if not path.is_file():
        message = f"no {path.name} in {folder}: the run did not finish; run the study again"
        raise DataError(message)
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError:
        raise DataError(f"results/{path.name} is damaged; run the study again") from None
    return found
