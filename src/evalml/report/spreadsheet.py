"""Accessible spreadsheets (OpenDocument), after the conventions of gptables and aftables.

One table a sheet that begins in A1, headers marked as such, no merged cell, no empty cell, no
colour that says anything. Written by hand: an OpenDocument file is a zip of XML.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import pandas as pd

from evalml.results import COLUMNS, RESULT_TABLES
from evalml.typography import date_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evalml.report.note_text import Note


MIME = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
    for name, path in {
        "office": "office", "table": "table", "text": "text", "style": "style",
        "number": "datastyle", "meta": "meta",
    }.items()
) + (
    ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.3"'
)  # fmt: skip
STYLES = """<office:automatic-styles>
<number:number-style style:name="N0"><number:number number:decimal-places="0" number:min-integer-digits="1" number:grouping="true"/></number:number-style>
<number:number-style style:name="N1"><number:number number:decimal-places="1" number:min-integer-digits="1" number:grouping="true"/></number:number-style>
<style:style style:name="wide" style:family="table-column"><style:table-column-properties style:column-width="11cm"/></style:style>
<style:style style:name="narrow" style:family="table-column"><style:table-column-properties style:column-width="3.4cm"/></style:style>
<style:style style:name="text" style:family="table-cell"><style:table-cell-properties fo:wrap-option="wrap"/></style:style>
<style:style style:name="head" style:family="table-cell"><style:table-cell-properties fo:wrap-option="wrap"/><style:text-properties fo:font-weight="bold"/></style:style>
<style:style style:name="title" style:family="table-cell"><style:text-properties fo:font-weight="bold" fo:font-size="15pt"/></style:style>
<style:style style:name="count" style:family="table-cell" style:data-style-name="N0"/>
<style:style style:name="share" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="mark" style:family="table-cell"><style:paragraph-properties fo:text-align="end"/></style:style>
</office:automatic-styles>"""  # noqa: E501 - one style a line
META = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-meta {spaces}><office:meta>'
    "<dc:title>{title}</dc:title><dc:language>{lang}</dc:language><dc:creator>evalml</dc:creator>"
    "<dc:date>{day}T00:00:00</dc:date></office:meta></office:document-meta>"
)
MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest manifest:version="1.3" '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{MIME}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    '<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>"
)
EPOCH = (1980, 1, 1, 0, 0, 0)


WIDE = 40
"""Characters from which a column of words is wide."""


@dataclass(frozen=True, slots=True)
class NumberCell:
    """A number in a cell, or the mark that stands for it.

    Attributes:
        value: The number; NaN where a mark stands.
        digits: Decimals shown: none or one, two or more as they come.
        mark: What stands in a cell without a number, in brackets.
    """

    value: float
    digits: int = 0
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        name: Its name.
        header: Names of the columns; empty for a sheet of plain lines.
        rows: Its cells: words or figures.
        ranged: Whether its cells are a named range that readers can jump to.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | NumberCell, ...], ...]
    ranged: bool = False


def write_sheets(path: Path, title: str, day: str, lang: str, sheets: Sequence[Sheet]) -> Path:
    """Write a spreadsheet, the same bytes for the same sheets.

    Args:
        path: The file, `.ods`.
        title: Title of the document.
        day: ISO day of the data.
        lang: `fr` or `en`.
        sheets: In order.
    """
    kind = "fr-FR" if lang == "fr" else "en-GB"
    dated = day[:10] or "2000-01-01"
    files = {
        "mimetype": MIME,
        "content.xml": content(sheets, lang),
        "meta.xml": META.format(spaces=SPACES, title=escape(title), day=dated, lang=kind),
        "META-INF/manifest.xml": MANIFEST,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            packed = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, text, compress_type=packed)
    return path


def content(sheets: Sequence[Sheet], lang: str) -> str:
    """Return the XML of every sheet."""
    body = "".join(_sheet(sheet, lang) for sheet in sheets)
    ranges = "".join(
        f"<table:database-range table:name={quoteattr(sheet.name.replace(' ', '_'))} "
        f"table:target-range-address={quoteattr(_address(sheet))} "
        'table:contains-header="true"/>'
        for sheet in sheets
        if sheet.ranged
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {SPACES}>{STYLES}'
        f"<office:body><office:spreadsheet>{body}"
        f"<table:database-ranges>{ranges}</table:database-ranges>"
        "</office:spreadsheet></office:body></office:document-content>"
    )


def _sheet(sheet: Sheet, lang: str) -> str:
    columns = "".join(
        f'<table:table-column table:style-name="{style}"/>' for style in _styles(sheet)
    )
    lines = ["".join(_cell(cell, lang) for cell in row) for row in sheet.rows]
    if sheet.header:
        head = "".join(_word(word, "head") for word in sheet.header)
        row = f"<table:table-row>{head}</table:table-row>"
        first = f"<table:table-header-rows>{row}</table:table-header-rows>"
        rest = lines
    else:
        head = "".join(_word(str(word), "title") for word in sheet.rows[0])
        first, rest = f"<table:table-row>{head}</table:table-row>", lines[1:]
    rows = "".join(f"<table:table-row>{line}</table:table-row>" for line in rest)
    return f"<table:table table:name={quoteattr(sheet.name)}>{columns}{first}{rows}</table:table>"


def _styles(sheet: Sheet) -> list[str]:
    """Return the width of each column: that of its longest words."""
    width = max([len(sheet.header), *(len(row) for row in sheet.rows)])
    columns = [[row[at] for row in sheet.rows if at < len(row)] for at in range(width)]
    sizes = [max((len(c) for c in cells if isinstance(c, str)), default=0) for cells in columns]
    return ["wide" if size > WIDE else "narrow" for size in sizes]


def _cell(cell: str | NumberCell, lang: str) -> str:
    """Return one cell: words, a number, or a mark in brackets."""
    if isinstance(cell, str):
        return _word(cell, "text")
    if math.isnan(cell.value):
        return _word(cell.mark, "mark")
    value = round(cell.value, cell.digits)
    style = {0: "count", 1: "share"}.get(cell.digits, "text")
    shown = f"{value:.{cell.digits}f}"
    read = shown.replace(".", ",") if lang == "fr" else shown
    return (
        f'<table:table-cell table:style-name="{style}" office:value-type="float" '
        f'office:value="{shown}"><text:p>{read}</text:p></table:table-cell>'
    )


def _word(word: str, style: str) -> str:
    return (
        f'<table:table-cell table:style-name="{style}" office:value-type="string">'
        f"<text:p>{escape(word)}</text:p></table:table-cell>"
    )


def letters(place: int) -> str:
    """Return the letters of a column, counted from 0: A, Z, AA."""
    before = letters(place // 26 - 1) if place > 25 else ""  # noqa: PLR2004 - the alphabet
    return before + chr(ord("A") + place % 26)


def _address(sheet: Sheet) -> str:
    last = letters(len(sheet.header) - 1)
    return f"$'{sheet.name}'.$A$1:$'{sheet.name}'.${last}${len(sheet.rows) + 1}"


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
    columns = shown_columns(frame)
    rows = tuple(
        tuple(cell(value, absent) for value in row)
        for row in frame[columns].itertuples(index=False, name=None)
    )
    return Sheet(name, tuple(columns), rows, ranged=True)


def shown_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns of a table that the spreadsheet holds."""
    return [str(column) for column in frame if str(column) not in LEFT_OUT]


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
