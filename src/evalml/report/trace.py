"""From a number of the note to its cell, and from a figure to the function that drew it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.report.markdown import code_inline, md, table
from evalml.values import CellValue, Count, Estimate, Interval, Number, PValue, Share
from evalml.words.render import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from evalml.report.figures_style import Figure
    from evalml.report.note_text import Note
    from evalml.values import Value


def in_cell(value: Value | None, name: str, row: Any, *columns: str) -> Value | None:
    """Return a value with the cell it was read in; one that was taken out is in none.

    Args:
        value: The value.
        name: Table of results.
        row: Row of the table, as `rows_of` or `iloc` gives it.
        columns: Where in the row.
    """
    if not isinstance(value, Count | Share | Estimate | Interval | PValue | Number):
        return value
    place = row.Index if hasattr(row, "Index") else row.name
    return CellValue(value, name, int(place), columns)


def in_cells(values: Mapping[str, Value], name: str, row: Any, column: str) -> dict[str, Value]:
    """Return typed values with the cell that holds them all, but those the study chose."""
    found = dict(values)
    for key, value in values.items():
        cell = None if isinstance(value, Number) else in_cell(value, name, row, column)
        found[key] = cell or value
    return found


def linked(text: str, annex: str, say: str, cells: dict[str, list[str]]) -> str:
    """Return Markdown whose marked numbers are links to their cells.

    Args:
        text: Markdown with marks.
        annex: Page that holds the table of cells.
        say: Template of what a link says of itself, with {place}, {row} and {column}.
        cells: The numbers printed from each cell so far; those of this text are added.
    """
    first, *marked = text.split(MARKS[0])
    words_of = [first]
    for each in marked:
        place, _, rest = each.partition(MARKS[1])
        number, _, after = rest.partition(MARKS[2])
        words_of += [link(place.replace("\\", ""), number, annex, say, cells), after]
    return "".join(words_of)


def link(place: str, number: str, annex: str, say: str, cells: dict[str, list[str]]) -> str:
    """Return a number as a link to its cell, and add it to those of the cell."""
    name, row, columns = place.split(":")
    line = int(row) + FIRST
    anchor = f"{name}-{line}-{columns.replace(',', '.')}"
    known = cells.setdefault(anchor, [])
    known += [] if number in known else [number]
    shown_text = say.format(place=f"{name}.csv", row=line, column=columns.replace(",", ", "))
    return f'[{number}]({annex}#c-{anchor} "{shown_text}"){{.cell}}'


FIRST = 2
"""Line of a file, and of a sheet, that holds the first row: the header is above it."""


def cells_table(note: Note, cells: Mapping[str, list[str]]) -> str:
    """Return where each number of the note stands: file, line, column, cell of the spreadsheet."""
    rows = []
    for place, numbers in cells.items():
        name, line, columns = place.split("-")
        each = columns.split(".")
        rows.append(
            [
                f"[{' ; '.join(numbers)}]{{#c-{place}}}",
                code_inline(f"{name}.csv"),
                line,
                ", ".join(code_inline(column) for column in each),
                ", ".join(sheet_places(note.frames[name], int(line), each)),
            ]
        )
    text = note.text["trace"]
    return table(
        text["columns"], rows, text["caption"], widths=[30, 18, 10, 26, 16], align="llrll"
    ) if rows else ""  # fmt: skip


def sheet_places(frame: pd.DataFrame, line: int, columns: Iterable[str]) -> list[str]:
    """Return the places in the spreadsheet, such as `K12`; none for a column it leaves out."""
    from evalml.report.spreadsheet import letters, shown_columns

    shown = shown_columns(frame)
    return [f"{letters(shown.index(each))}{line}" for each in columns if each in shown]


def figures_table(note: Note, figures: Mapping[str, Figure]) -> str:
    """Return the function that drew each figure, and the commit of its code."""
    from evalml.report.note_figures import FIGURES

    commit = str(note.meta.get("commit") or "")
    text = note.text["drawn"]
    rows = [
        [
            md(getattr(kind, note.lang), note.lang),
            code_inline(f"{figures[kind.name].name}.svg"),
            code_inline(kind.function),
            ", ".join(code_inline(f"{name}.csv") for name in kind.tables),
        ]
        for kind in FIGURES.values()
        if kind.name in figures
    ]
    drawn = code_inline(commit[:DIGITS] + "+" * commit.endswith("+")) if commit else "–"
    caption = note.say(text["caption"], commit=drawn)
    return table(text["columns"], rows, caption, widths=[22, 20, 36, 22]) if rows else ""


DIGITS = 12
"""Digits of a commit that a caption names."""
