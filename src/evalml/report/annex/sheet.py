"""The annex of activity as an accessible spreadsheet: cover, contents, notes, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.report.annex.content import area_heading, layout
from evalml.report.spreadsheet import NumberCell, Sheet, write_sheets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evalml.report.annex.content import Annex, AnnexLine, Cell

WORDS = {"secret": "[secret]", "unknown": "[non connu]", "no_base": "[sans objet]"}
"""What stands in a cell without a number: a mark in brackets, as accessible tables have them."""


Row = tuple[str | NumberCell, ...]


def write_spreadsheet(annex: Annex, path: Path) -> Path:
    """Write the spreadsheet: cover, contents, notes, a table a sheet.

    Args:
        annex: The printed tables.
        path: The file, `.ods`.

    Returns:
        The file, the same bytes for the same annex.
    """
    tables = list(_tables(annex))
    contents = tuple((sheet.name, title) for title, sheet in tables)
    sheets = [
        Sheet("Couverture", (), tuple((text,) for text in _cover(annex))),
        Sheet("Sommaire", ("Feuille", "Ce qu’elle contient"), contents),
        Sheet("Notes", ("Numéro", "Note"), tuple(_notes(annex))),
        *(sheet for _, sheet in tables),
    ]
    return write_sheets(path, annex.source.title, annex.source.vintage, "fr", sheets)


def _tables(annex: Annex) -> Iterator[tuple[str, Sheet]]:
    """Give each table with its title."""
    areas = tuple(area_heading(area) for area in annex.areas)
    for place, year in enumerate(annex.years, 1):
        title = f"Indicateurs clés par territoire, {year}"
        header = ("Rubrique", "Indicateur", *(f"{area} {year}" for area in areas))
        rows: tuple[Row, ...] = tuple(
            (line.section, _label(line), *(_figure(line.cells[year, area]) for area in annex.areas))
            for line in annex.lines
        )
        yield title, Sheet(f"Tableau {place}", header, rows, ranged=True)
    last = len(annex.years) + 1
    header = ("Indicateur", "Compté", *(f"{area} {annex.year}" for area in areas))
    counted: tuple[Row, ...] = tuple(
        (
            _label(line),
            what,
            *(_count(line.cells[annex.year, area], counted) for area in annex.areas),
        )
        for line in annex.lines
        if _is_share(line, annex)
        for what, counted in (("part", "numerator"), ("ensemble", "denominator"))
    )
    title = f"Effectifs dont les parts du tableau 1 sont tirées, {annex.year}"
    yield title, Sheet(f"Tableau {last}", header, counted, ranged=True)


def _label(line: AnnexLine) -> str:
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


def _is_share(line: AnnexLine, annex: Annex) -> bool:
    return line.cells[annex.year, annex.areas[0]].kind == "percent"


def _count(cell: Cell, what: str) -> NumberCell:
    """Return the numerator or the denominator of a share as a figure of its own."""
    value = float(getattr(cell, what))
    if cell.state == "known" and np.isnan(value):
        return NumberCell(np.nan, 0, WORDS["secret"])
    return NumberCell(
        value if cell.state == "known" else np.nan, 0, WORDS.get(cell.state, WORDS["unknown"])
    )


def _figure(cell: Cell) -> NumberCell:
    """Return one figure, with one decimal for a share."""
    value = cell.value if cell.state == "known" else np.nan
    return NumberCell(
        value, 1 if cell.kind == "percent" else 0, WORDS.get(cell.state, WORDS["unknown"])
    )


def _cover(annex: Annex) -> list[str]:
    day = annex.source.vintage
    lines = [
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
    return [annex.source.title, *(text for text in lines if text)]


def _notes(annex: Annex) -> list[tuple[str, str]]:
    lines = [note.format(threshold=annex.source.threshold) for note in layout()["notes"]]
    lines += [annex.age_note] if annex.age_note else []
    marks = {
        "« secret »": "[secret]",
        "« non connu »": "[non connu]",
        "« sans objet »": "[sans objet]",
    }
    for word, mark in marks.items():
        lines = [note.replace(word, mark) for note in lines]
    return [(str(place), note) for place, note in enumerate(lines, 1)]
