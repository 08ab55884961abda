"""The results of a run as an accessible spreadsheet, beside their CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.spreadsheet import NumberCell, Sheet, write_sheets
from evalml.results import COLUMNS, RESULT_TABLES
from evalml.typography import date_text

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.report.note_text import Note

LEFT_OUT = ("words", "causes", "values", "finding")
"""Columns that hold keys and values, which a reader does not see."""


def write_results_sheet(note: Note, path: Path) -> Path:
    """Write every table of a note: cover, contents, a table a sheet.

    Args:
        note: Tables, protected and masked.
        path: The file, `.ods`.
    """
    shown = {
        name: note.frames[name]
        for name in COLUMNS
        if name in note.frames and len(note.frames[name])
    }
    text = note.text["sheet"]
    contents = tuple((name, str(getattr(RESULT_TABLES[name], note.lang))) for name in shown)
    day = str(note.meta.get("extraction_date") or "")
    cover = [
        str(note.meta["title"]),
        *([note.text["synthetic_long"]] if note.meta.get("synthetic") else []),
        *([note.say(note.text["dated"], day=date_text(day, note.lang))] if day else []),
        text["rule"],
        note.say(note.text["disclosure"], last=note.threshold - 1, mark=text["absent"]),
    ]
    sheets = [
        Sheet(text["cover"], (), tuple((line,) for line in cover)),
        Sheet(text["contents"], (text["sheet"], text["holds"]), contents),
        *(table_sheet(name, frame, text["absent"]) for name, frame in shown.items()),
    ]
    return write_sheets(path, str(note.meta["title"]), day, note.lang, sheets)


def table_sheet(name: str, frame: pd.DataFrame, absent: str) -> Sheet:
    """Return one table: its columns as they stand in the CSV, a mark where there is no number."""
    columns = [str(column) for column in frame if str(column) not in LEFT_OUT]
    rows = tuple(
        tuple(cell(value, absent) for value in row)
        for row in frame[columns].itertuples(index=False, name=None)
    )
    return Sheet(name, tuple(columns), rows, ranged=len(columns) <= LETTERS)


LETTERS = 26
"""Columns that a single letter names."""


def cell(value: Any, absent: str) -> str | NumberCell:
    """Return a cell: a number with the decimals it has, words, or the mark of an absent one."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return absent
    if isinstance(value, str):
        return value or "–"
    number = float(value)
    return NumberCell(number, 0 if number.is_integer() else DECIMALS)


DECIMALS = 6
"""Decimals of a number that is not whole."""
