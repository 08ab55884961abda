"""Accessible spreadsheets (OpenDocument), after the conventions of gptables and aftables.

One table a sheet that begins in A1, headers marked as such, no merged cell, no empty cell, no
colour that says anything. Written by hand: an OpenDocument file is a zip of XML.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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


def _address(sheet: Sheet) -> str:
    last = chr(ord("A") + len(sheet.header) - 1)
    return f"$'{sheet.name}'.$A$1:$'{sheet.name}'.${last}${len(sheet.rows) + 1}"
