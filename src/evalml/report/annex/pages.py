"""The annex and its two-page summary as Markdown, then HTML, PDF and DOCX; and the spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.indicators import INDICATORS
from evalml.report.annex.content import area_heading, layout
from evalml.report.institution import Institution
from evalml.report.markdown import box, bullets, heading, md, table
from evalml.report.render import Stationery, render
from evalml.report.spreadsheet import NumberCell, Sheet, write_sheets
from evalml.typography import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from evalml.report.annex.content import Annex, AnnexLine, Cell


STATES = {"secret": "secret", "unknown": "non connu", "no_base": "sans objet"}
"""What stands in a cell without a number. Never alike: hidden is not absent."""
STAMP = "Données synthétiques"
ROUNDED = (
    "Les effectifs sont des multiples de {base} ; les parts sont arrondies au pas (0,1 à 5 points) "
    "où une personne ne se voit pas. Les évolutions et les montants ne sont pas diffusés."
)
INVENTED = (
    "**Données synthétiques.** Ces chiffres décrivent une région inventée : ils n’ont de sens que "
    "pour montrer le document."
)
LABEL_WIDTH, CELL_WIDTH = 34, 10


def write_annex(
    annex: Annex,
    folder: Path,
    *,
    formats: Sequence[str] = ("html", "pdf", "docx"),
    institution: Institution | None = None,
) -> list[Path]:
    """Write the annex, its summary and its spreadsheet.

    Args:
        annex: The printed tables.
        folder: Where; made if it is not there.
        formats: Among `html`, `pdf`, `docx`, of the annex and of the summary.
        institution: Who signs.

    Returns:
        `annexe.*`, `chiffres-cles.*` and `annexe.ods`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    signer = institution or Institution()
    written = []
    for name, text, wide in (
        ("annexe", annex_markdown(annex), True),
        ("chiffres-cles", summary_markdown(annex), False),
    ):
        source = folder / f"{name}.md"
        source.write_text(text, encoding="utf-8")
        written += render(source, _paper(annex, signer, wide=wide), formats)
        source.unlink()
    return [*written, write_spreadsheet(annex, folder / "annexe.ods")]


def _paper(annex: Annex, institution: Institution, *, wide: bool) -> Stationery:
    return Stationery(
        institution=institution,
        lang="fr",
        stamp=STAMP if annex.source.synthetic else "",
        date=annex.source.vintage,
        page="page {page} sur {pages}",
        figure="Figure",
        table="Tableau",
        landscape=wide,
    )


def annex_markdown(annex: Annex) -> str:
    """Return the annex: a table for each section, the areas of the year and the year before."""
    parts = [_front(annex, f"Indicateurs clés par territoire, {annex.year}"), *_warnings(annex)]
    for title in dict.fromkeys(line.section for line in annex.lines):
        lines = [line for line in annex.lines if line.section == title]
        parts.append(_section(annex, title, lines))
    if annex.before is not None:
        parts.append(heading(f"Les mêmes indicateurs en {annex.before}"))
        for title in dict.fromkeys(line.section for line in annex.lines):
            lines = [line for line in annex.lines if line.section == title]
            parts.append(_section(annex, title, lines, annex.before))
    parts += [heading("Lecture"), bullets([md(note) for note in notes(annex)])]
    return "\n".join(parts).rstrip() + "\n"


def _front(annex: Annex, subtitle: str) -> str:
    title, under = (md(text).replace("'", "''") for text in (annex.source.title, subtitle))
    return f"---\ntitle: '{title}'\nsubtitle: '{under}'\n---\n"


def _warnings(annex: Annex) -> list[str]:
    boxes = [box("stamp", INVENTED)] if annex.source.synthetic else []
    return boxes + ([box("answer", *map(md, annex.remarks))] if annex.remarks else [])


def _section(annex: Annex, title: str, lines: Sequence[AnnexLine], year: int | None = None) -> str:
    """Return the table of one section, of the year (the year before beside) or of another year."""
    chosen = annex.year if year is None else year
    compared = annex.before if year is None else None
    whole = annex.areas[0]
    header = ["Indicateur", f"{area_heading(whole)} {chosen}"]
    if compared is not None:
        changes = ["Évolution"] if _says_changes(annex) else []
        header += [f"{area_heading(whole)} {compared}", *changes]
    header += [f"{area_heading(area)} {chosen}" for area in annex.areas[1:]]
    rows = []
    for line in lines:
        now = line.cells[chosen, whole]
        cells = [cell_text(now)]
        if compared is not None:
            past = line.cells[compared, whole]
            cells += [cell_text(past)]
            cells += [change_text(now, past)] if _says_changes(annex) else []
        cells += [cell_text(line.cells[chosen, area]) for area in annex.areas[1:]]
        rows.append([md(line.label), *cells])
    columns = len(header)
    return table(
        [md(text) for text in header],
        rows,
        md(title),
        widths=[LABEL_WIDTH, *[CELL_WIDTH] * (columns - 1)],
        align="l" + "r" * (columns - 1),
    )


def _says_changes(annex: Annex) -> bool:
    """Return whether changes are said: between rounded figures they would be other numbers."""
    return not annex.source.rounding


def cell_text(cell: Cell) -> str:
    """Return a cell as it is printed: 29 813, 22,9 %, « secret », « non connu », « sans objet »."""
    if cell.state != "known" or np.isnan(cell.value):
        return STATES.get(cell.state, STATES["unknown"])
    if cell.kind == "percent":
        return f"{number(cell.value, 1)}\u00a0%"
    return number(cell.value, 0)


def change_text(now: Cell, past: Cell) -> str:
    """Return what changed from one year to the next: in per cent, or in points for a share."""
    if "secret" in {now.state, past.state}:
        return STATES["secret"]
    if "unknown" in {now.state, past.state}:
        return STATES["unknown"]
    if np.isnan(now.value) or np.isnan(past.value):
        return STATES["no_base"]
    if now.kind == "percent":
        return f"{number(now.value - past.value, 1, sign=True)}\u00a0pt"
    if past.value == 0:
        return STATES["no_base"]
    return f"{number(100 * (now.value / past.value - 1), 1, sign=True)}\u00a0%"


def annex_html(annex: Annex) -> str:
    """Return the table of the year as HTML, the marks of absent numbers in words."""
    rows = {
        f"{place}. {line.label}": [cell_text(line.cells[annex.year, area]) for area in annex.areas]
        for place, line in enumerate(annex.lines, 1)
    }
    names = [area_heading(area) for area in annex.areas]
    stamp = " (données synthétiques)" if annex.source.synthetic else ""
    caption = f"{annex.source.title}{stamp}"
    styled = pd.DataFrame.from_dict(rows, orient="index", columns=names).style
    return str(styled.set_caption(caption).to_html())


def notes(annex: Annex) -> list[str]:
    """Return the notes under the tables."""
    sentences = [note.format(threshold=annex.source.threshold) for note in layout()["notes"]]
    sentences += [annex.age_note] if annex.age_note else []
    sentences += [ROUNDED.format(base=annex.source.rounding)] if annex.source.rounding else []
    day = annex.source.vintage
    source = (
        f"Source : extrait « {annex.source.extract} » d’I-Milo, du {day[8:]}/{day[5:7]}/{day[:4]}."
    )
    return [*sentences, *([source] if annex.source.extract and day else [])]


def summary_markdown(annex: Annex) -> str:
    """Return the two pages of key figures: the whole territory, then each area."""
    parts = [_front(annex, f"Chiffres clés {annex.year}"), *_warnings(annex)]
    parts += [_key_table(annex, title, lines) for title, lines in annex.key]
    parts.append(_areas_table(annex))
    parts += [heading("Comment ces chiffres sont comptés"), bullets(_definitions(annex))]
    parts += [heading("Lecture"), bullets([md(note) for note in notes(annex)[1:]])]
    return "\n".join(parts).rstrip() + "\n"


def _key_table(annex: Annex, title: str, lines: Sequence[AnnexLine]) -> str:
    whole = annex.areas[0]
    changes = _says_changes(annex)
    before = [f"en {annex.before}"] if annex.before else []
    header = [f"{annex.year}", "", *before, *(["évolution"] if before and changes else [])]
    rows = []
    for line in lines:
        now = line.cells[annex.year, whole]
        row = [f"**{cell_text(now)}**", md(line.label)]
        if annex.before is not None:
            past = line.cells[annex.before, whole]
            row += [cell_text(past), *([change_text(now, past)] if changes else [])]
        rows.append(row)
    header[1] = md(area_heading(whole))
    widths = [16, 54, 16, 14][: len(header)]
    align = "rlrr"[: len(header)]
    return table(header, rows, md(title), widths=widths, align=align)


def _definitions(annex: Annex) -> list[str]:
    """Return what each key figure counts, once."""
    lines = {line.indicator: line for _, found in annex.key for line in found if not line.breakdown}
    return [
        f"**{md(line.label)}** : {md(INDICATORS[name].definition.rstrip('.'))}."
        for name, line in lines.items()
    ]


FEW = ("accompagnes", "premiers_accueils", "entrees_cej", "entrees_pacea", "contrats")
"""Rows of the table by area of the summary."""


def _areas_table(annex: Annex) -> str:
    lines = [x for x in annex.lines if x.indicator in FEW and not x.breakdown]
    header = ["Indicateur", *(md(area_heading(area)) for area in annex.areas)]
    rows = [
        [md(line.label), *(cell_text(line.cells[annex.year, area]) for area in annex.areas)]
        for line in lines
    ]
    return table(
        header,
        rows,
        md(f"Par territoire, {annex.year}"),
        widths=[LABEL_WIDTH, *[CELL_WIDTH] * len(annex.areas)],
        align="l" + "r" * len(annex.areas),
    )


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
    cover_lines = [
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
    return [annex.source.title, *(text for text in cover_lines if text)]


def _notes(annex: Annex) -> list[tuple[str, str]]:
    note_lines = [note.format(threshold=annex.source.threshold) for note in layout()["notes"]]
    note_lines += [annex.age_note] if annex.age_note else []
    marks = {
        "« secret »": "[secret]",
        "« non connu »": "[non connu]",
        "« sans objet »": "[sans objet]",
    }
    for word, mark in marks.items():
        note_lines = [note.replace(word, mark) for note in note_lines]
    return [(str(place), note) for place, note in enumerate(note_lines, 1)]
