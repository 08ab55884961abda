"""The annex as an accessible spreadsheet (OpenDocument), after the conventions of gptables.

A cover, a table of contents, notes, one table a sheet that begins in A1, headers marked as such, no
merged cell, no empty cell, no colour that says anything. Written by hand: an OpenDocument file is a
zip of XML.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from evalml.report.annex.content import area_heading, layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from evalml.report.annex.content import Annex, Cell, Line

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
WORDS = {"secret": "[secret]", "unknown": "[non connu]", "no_base": "[sans objet]"}
"""What stands in a cell without a number: a mark in brackets, as accessible tables have them."""
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
    "<dc:title>{title}</dc:title><dc:language>fr-FR</dc:language><dc:creator>evalml</dc:creator>"
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


def write_spreadsheet(annex: Annex, path: Path) -> Path:
    """Write the spreadsheet: cover, contents, a table a sheet, definitions of marks.

    Args:
        annex: The printed tables.
        path: The file, `.ods`.

    Returns:
        The file, the same bytes for the same annex.
    """
    day = annex.source.vintage[:10] or "2000-01-01"
    files = {
        "mimetype": MIME,
        "content.xml": content(annex),
        "meta.xml": META.format(spaces=SPACES, title=escape(annex.source.title), day=day),
        "META-INF/manifest.xml": MANIFEST,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, text, compress_type=kind)
    return path


def content(annex: Annex) -> str:
    """Return the XML of every sheet."""
    sheets = list(_sheets(annex))
    contents = [("Sommaire", "Feuille", "Ce qu’elle contient")]
    contents += [("", name, title) for name, title, _, _ in sheets]
    body = [
        _cover(annex),
        _plain("Sommaire", "Sommaire", [row[1:] for row in contents]),
        _plain("Notes", "Notes", [("Numéro", "Note"), *_notes(annex)]),
        *(_table(name, header, rows) for name, _, header, rows in sheets),
    ]
    ranges = "".join(
        f"<table:database-range table:name={quoteattr(name.replace(' ', '_'))} "
        f"table:target-range-address={quoteattr(_address(name, len(header), len(rows)))} "
        'table:contains-header="true"/>'
        for name, _, header, rows in sheets
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {SPACES}>{STYLES}'
        f"<office:body><office:spreadsheet>{''.join(body)}"
        f"<table:database-ranges>{ranges}</table:database-ranges>"
        "</office:spreadsheet></office:body></office:document-content>"
    )


Row = tuple["str | Cell", ...]
Sheet = tuple[str, str, tuple[str, ...], list[Row]]


def _sheets(annex: Annex) -> Iterator[Sheet]:
    """Return the tables: name, title, header and rows of each."""
    areas = tuple(area_heading(area) for area in annex.areas)
    for place, year in enumerate(annex.years, 1):
        title = f"Indicateurs clés par territoire, {year}"
        header = ("Rubrique", "Indicateur", *(f"{area} {year}" for area in areas))
        yield f"Tableau {place}", title, header, _rows(annex, lambda cell: cell, year)
    last = len(annex.years) + 1
    shares = [line for line in annex.lines if _is_share(line, annex)]
    header = ("Indicateur", "Compté", *(f"{area} {annex.year}" for area in areas))
    rows: list[Row] = []
    for line in shares:
        for what, count in (("part", "numerator"), ("ensemble", "denominator")):
            cells = (_count(line.cells[annex.year, area], count) for area in annex.areas)
            rows.append((_label(line), what, *cells))
    title = f"Effectifs dont les parts du tableau 1 sont tirées, {annex.year}"
    yield f"Tableau {last}", title, header, rows


def _rows(annex: Annex, show: Callable[[Cell], Cell], year: int) -> list[Row]:
    return [
        (line.section, _label(line), *(show(line.cells[year, area]) for area in annex.areas))
        for line in annex.lines
    ]


def _label(line: Line) -> str:
    """Return the words of a row, which must be read alone: « dont » needs its whole."""
    unit = " (en %)" if any(cell.kind == "percent" for cell in line.cells.values()) else ""
    if not line.label.startswith("dont "):
        return f"{line.label}{unit}"
    of = next(
        row["label"]
        for part in layout()["sections"]
        if part["title"] == line.section
        for row in part["rows"]
        if not row["label"].startswith("dont ") and row["indicator"] in {line.indicator, "contrats"}
    )
    return f"{of}, {line.label}{unit}"


def _is_share(line: Line, annex: Annex) -> bool:
    return line.cells[annex.year, annex.areas[0]].kind == "percent"


def _count(cell: Cell, what: str) -> Cell:
    """Return the numerator or the denominator of a share as a cell of its own."""
    from dataclasses import replace

    value = float(getattr(cell, what))
    state = "secret" if cell.state == "known" and np.isnan(value) else cell.state
    return replace(cell, value=value, kind="number", state=state)


def _cover(annex: Annex) -> str:
    day = annex.source.vintage
    told = [
        f"Indicateurs d’activité des missions locales, année {annex.year}",
        f"Extrait « {annex.source.extract} », du {day[8:10]}/{day[5:7]}/{day[:4]}"
        if day and annex.source.extract
        else "",
        "Données synthétiques : ces chiffres décrivent une région inventée."
        if annex.source.synthetic
        else "",
        (
            "Chaque feuille contient un tableau, qui commence dans la cellule A1 et dont la "
            "première ligne est l’en-tête."
        ),
        "Les marques [secret], [non connu] et [sans objet] sont expliquées sur la feuille Notes.",
        *annex.remarks,
    ]
    rows = [_cells([annex.source.title], "title")]
    rows += [_cells([text], "text") for text in told if text]
    return _sheet("Couverture", ["wide"], rows)


def _notes(annex: Annex) -> list[tuple[str, str]]:
    told = [note.format(threshold=annex.source.threshold) for note in layout()["notes"]]
    told += [annex.age_note] if annex.age_note else []
    marks = {
        "« secret »": "[secret]",
        "« non connu »": "[non connu]",
        "« sans objet »": "[sans objet]",
    }
    for word, mark in marks.items():
        told = [note.replace(word, mark) for note in told]
    return [(str(place), note) for place, note in enumerate(told, 1)]


def _plain(name: str, title: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a sheet of words: a header, then its rows."""
    del title
    lines = [_cells(rows[0], "head"), *(_cells(row, "text") for row in rows[1:])]
    return _sheet(name, ["narrow", "wide"], lines, header=True)


def _table(name: str, header: Sequence[str], rows: Sequence[Row]) -> str:
    columns = ["wide", "wide"] + ["narrow"] * (len(header) - 2)
    lines = [_cells(header, "head")]
    lines += [
        "<table:table-row>" + "".join(_figure(x) for x in row) + "</table:table-row>"
        for row in rows
    ]
    return _sheet(name, columns, lines, header=True)


def _sheet(name: str, columns: Sequence[str], rows: list[str], *, header: bool = False) -> str:
    wide = "".join(f'<table:table-column table:style-name="{style}"/>' for style in columns)
    if header:
        rows = [f"<table:table-header-rows>{rows[0]}</table:table-header-rows>", *rows[1:]]
    return f"<table:table table:name={quoteattr(name)}>{wide}{''.join(rows)}</table:table>"


def _cells(words: Sequence[str], style: str) -> str:
    cells = "".join(_word(word, style) for word in words)
    return f"<table:table-row>{cells}</table:table-row>"


def _word(word: str, style: str) -> str:
    return (
        f'<table:table-cell table:style-name="{style}" office:value-type="string">'
        f"<text:p>{escape(word)}</text:p></table:table-cell>"
    )


def _figure(cell: str | Cell) -> str:
    """Return one cell: words, a number with one decimal for a share, or a mark in brackets."""
    if isinstance(cell, str):
        return _word(cell, "text")
    if cell.state != "known" or np.isnan(cell.value):
        return _word(WORDS.get(cell.state, WORDS["unknown"]), "mark")
    digits = 1 if cell.kind == "percent" else 0
    value = round(cell.value, digits)
    style = "share" if digits else "count"
    shown = f"{value:.{digits}f}".replace(".", ",")
    return (
        f'<table:table-cell table:style-name="{style}" office:value-type="float" '
        f'office:value="{value:.{digits}f}"><text:p>{shown}</text:p></table:table-cell>'
    )


def _address(name: str, columns: int, rows: int) -> str:
    last = chr(ord("A") + columns - 1)
    return f"$'{name}'.$A$1:$'{name}'.${last}${rows + 1}"
