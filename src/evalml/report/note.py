"""The evidence note: results in, one Markdown source, three formats out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.disclosure.rule import THRESHOLD
from evalml.report import tables
from evalml.report.beside_published import published_sources, published_table
from evalml.report.blinding import mask_blinded, mask_events, mask_trajectories
from evalml.report.figures_style import Figure, write_figure
from evalml.report.institution import Institution
from evalml.report.markdown import box, bullets, code, code_inline, heading, md, picture, quotable
from evalml.report.note_figures import FIGURES, draw, main_effects
from evalml.report.note_text import (
    Note,
    cannot,
    compared,
    lessons,
    masked_because,
    needed,
    sure,
    title,
)
from evalml.report.note_text import picture as picture_title
from evalml.report.protect import protect_results
from evalml.report.render import Stationery, render
from evalml.report.results import read_meta, read_results, rows_of, write_meta
from evalml.report.sentences import labels_of_study, meta_in_words
from evalml.report.spreadsheet import write_results_sheet
from evalml.report.trace import cells_table, figures_table
from evalml.report.verdict import subgroups_of
from evalml.report.words import words
from evalml.results import COLUMNS
from evalml.typography import count_text, date_text, number
from evalml.values import Name
from evalml.words import name_label
from evalml.words.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from evalml.report.results import Frames

FORMATS = ("html", "docx", "pdf")


def write_note(
    run_dir: Path,
    meta: Mapping[str, Any] | None = None,
    *,
    lang: str | None = None,
    institution: Institution | None = None,
    formats: Sequence[str] = FORMATS,
    threshold: int = THRESHOLD,
    out: Path | None = None,
) -> list[Path]:
    """Write the figures and the note of a run, from its `results/` only.

    Args:
        run_dir: Folder of the run, with `results/`.
        meta: `study, title, programme, territory_label, period_label, synthetic,
            extraction_date, extract_name, command, hashes, language, primary, threshold, kind,
            benchmark, labels, unit_label`; kept in `results/meta.json`. None reads that file.
        lang: `fr` or `en`; the study's language when None.
        institution: Who signs.
        formats: Among `html`, `docx`, `pdf`.
        threshold: Smallest count that may be shown.
        out: Where to write; the run's folder when None.

    Returns:
        The files of the note, its Markdown source first.
    """
    results = run_dir / "results"
    if meta is None:
        meta = read_meta(results)
    else:
        write_meta(meta, results)
    language = lang or str(meta.get("language") or "fr")
    note = read_note(results, meta, language, threshold)
    return write_from(note, out or run_dir, institution, formats)


def write_from(
    note: Note,
    folder: Path,
    institution: Institution | None = None,
    formats: Sequence[str] = FORMATS,
) -> list[Path]:
    """Write the figures, the note and its annex of tables in memory.

    Args:
        note: Tables, protected and masked, and what the study said of itself.
        folder: Where to write.
        institution: Who signs.
        formats: Among `html`, `docx`, `pdf`; the spreadsheet comes with any of them.

    Returns:
        The Markdown source and the files of the note, then those of the annex.
    """
    pictures = draw(note)
    for figure in pictures.values():
        write_figure(figure, folder / "figures")
    usual = str(note.meta.get("language") or "fr")
    ending = "" if note.lang == usual else f"_{note.lang}"
    signer, written = institution or Institution(), []
    words_of = replace(note, annex=f"note_annexe{ending}.html", cells={})
    first = compose(words_of, pictures, signer)
    annex = compose_annex(note, pictures, signer, words_of.cells)
    for name, text in (("note", first), ("note_annexe", annex)):
        source = folder / f"{name}{ending}.md"
        source.write_text(text, encoding="utf-8", newline="")
        written += [source, *render(source, stationery(note, signer), formats)]
    if formats:
        written.append(write_results_sheet(note, folder / f"resultats{ending}.ods"))
    return written


def read_note(results: Path, meta: Mapping[str, Any], lang: str, threshold: int) -> Note:
    """Read the tables of a run; take out small counts, then the numbers of blinded effects."""
    return note_of(read_results(results), meta, lang, threshold)


def note_of(
    results: Mapping[str, pd.DataFrame], meta: Mapping[str, Any], lang: str, threshold: int
) -> Note:
    """Take small counts, then the numbers of blinded effects, out of the tables of a run."""
    frames = masked_tables(results, threshold, lang, labels_of_study(meta, lang))
    return Note(frames, meta_in_words(meta, lang), lang, threshold)


def masked_tables(
    results: Mapping[str, pd.DataFrame],
    threshold: int,
    lang: str = "fr",
    labels: Mapping[str, str] | None = None,
) -> Frames:
    """Return every table without small counts and without the numbers of blinded effects."""
    empty = {name: pd.DataFrame({c: [] for c in columns}) for name, columns in COLUMNS.items()}
    frames = protect_results({**empty, **results}, threshold, lang, labels)
    effects = mask_blinded(frames["effects"])
    shown = mask_trajectories(frames["trajectories"], effects)
    masked = {"effects": effects, "trajectories": shown}
    masked["secondary"] = mask_blinded(frames["secondary"])
    masked["event_study"] = mask_events(frames["event_study"], effects)
    return {**frames, **masked}


def compose(note: Note, figures: Mapping[str, Figure], institution: Institution) -> str:
    """Return the Markdown of the note: a page for what was found, a page for how sure we are."""
    parts = [
        front_matter(note.told(title(note)), subtitle(note)),
        stamp_box(note),
        refused_box(note),
        box("answer", f"**{note.text['retain']}**", *retained(note)),
        headline(note, figures),
        led(note, "compared", note.told(compared(note))) + "\n",
        box("imprint", " \\\n".join(imprint(note, institution))),
        heading(note.text["h_sure"], "page"),
        box("answer", f"**{certain(note)}**"),
        bullets([led(note, key, text) for key, text in sure(note)]),
        *section(note, "h_cannot", bullets([note.told(each) for each in cannot(note)])),
        *section(note, "h_needed", bullets([note.told(each) for each in needed(note)])),
        f"{note.text['see_annex']}\n",
    ]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def compose_annex(
    note: Note,
    figures: Mapping[str, Figure],
    institution: Institution,
    cells: Mapping[str, list[str]] | None = None,
) -> str:
    """Return the Markdown of the annex: protocol, effects, checks, sources, reproduction.

    Args:
        note: The note.
        figures: Its figures.
        institution: Who signs.
        cells: Cells that the numbers of the note stand in, each with those numbers.
    """
    parts = [
        front_matter(f"{note.text['annex']} – {md(note.meta['title'], note.lang)}", subtitle(note)),
        stamp_box(note),
        *section(note, "h_protocol", protocol(note), tables.target_table(note)),
        *section(note, "h_done", effects(note), show(figures, "effects"),
                 show(figures, "trajectories"), show(figures, "event_study")),
        *section(note, "h_published", published_table(note), published_sources(note)),
        *section(note, "h_checks", tables.checks_table(note), tables.other_checks_table(note)),
        *section(note, "h_subgroups", subgroups(note), show(figures, "subgroups")),
        *section(note, "h_secondary", *secondary(note)),
        *section(note, "h_population", show(figures, "flow"), show(figures, "balance"),
                 *others(note), *more_figures(figures)),
        *section(note, "h_sources", bullets(sources(note))),
        *section(note, "h_trace", cells_table(note, cells or {}), figures_table(note, figures)),
        *section(note, "h_reproduce", reproduce(note, institution)),
    ]  # fmt: skip
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def front_matter(main: str, under: str) -> str:
    """Return the title block."""
    main, under = (text.replace("'", "''") for text in (main, under))
    return f"---\ntitle: '{main}'\nsubtitle: '{under}'\n---\n"


def subtitle(note: Note) -> str:
    """Return programme, territory and period."""
    meta = note.meta
    name = note.text["programmes"].get(meta["programme"], meta["programme"])
    parts = [str(name), *(str(meta[key]) for key in ("territory_label", "period_label"))]
    return md(" – ".join(word for word in parts if word), note.lang)


def retained(note: Note) -> list[str]:
    """Return the points to retain, then how sure we are and why."""
    points = [led(note, key, text) for key, text in lessons(note)]
    weakest = "" if masked_because(note) else note.told(note.certainty.weakest.message)
    return [*points, f"**{certain(note)}** {weakest}".rstrip()]


def led(note: Note, key: str, text: str) -> str:
    """Return a paragraph with its heading in bold."""
    return f"**{note.text['leads'][key]}** {text}"


def certain(note: Note) -> str:
    """Return the certainty in a word: « Certitude : bonne. »."""
    return note.say(note.text["certain"], level=note.text["certainty"][note.certainty.level])


def headline(note: Note, figures: Mapping[str, Figure]) -> str:
    """Return the picture of the first page, whose title is what it shows."""
    role = next((each for each in ("headline", "effects") if each in figures), "")
    if not role:
        return ""
    figure = figures[role]
    caption = note.told(picture_title(note, curves=role == "headline"))
    return f'![{caption}](figures/{figure.name}.svg){{alt="{quotable(figure.alt)}" width=100%}}\n'


def imprint(note: Note, institution: Institution) -> list[str]:
    """Return programme, author and date, a line each."""
    known = catalogue("names")["what_it_is"]
    programme = str(note.meta["programme"])
    what = Name("what_it_is" if programme in known else "text", programme)
    author = " – ".join(part for part in (institution.name, institution.contact) if part)
    day = str(note.meta["extraction_date"] or "")
    lines = [
        ("programme", md(name_label(what, note.lang), note.lang)),
        ("author", md(author, note.lang)),
    ]
    dated = note.say(note.text["dated"], day=date_text(day, note.lang)) if day else ""
    lines.append(("date", dated or md(note.meta["extract_name"], note.lang)))
    return [led(note, key, text) for key, text in lines]


def stamp_box(note: Note) -> str:
    """Return the warning that the data are invented, when they are."""
    return box("stamp", note.text["synthetic_long"]) if note.meta.get("synthetic") else ""


def refused_box(note: Note) -> str:
    """Return what the extract fails though it was used, when it is."""
    checks = note.frames["checks"]
    rows = rows_of(checks[checks["check"] == "extract_refused"])
    return "".join(box("stamp", tables.check_sentence(note, row)) for row in rows)


def section(note: Note, name: str, *blocks: str) -> list[str]:
    """Return a heading and its blocks, or nothing where there is nothing to say."""
    filled = [f"{block.rstrip()}\n" for block in blocks if block.strip()]
    return [heading(note.text[name]), *filled] if filled else []


def show(figures: Mapping[str, Figure], role: str) -> str:
    """Return a figure of the note, if it was drawn."""
    if role not in figures:
        return ""
    figure = figures[role]
    return picture(f"figures/{figure.name}.svg", figure.title, figure.alt)


def protocol(note: Note) -> str:
    """Return the target trial."""
    return tables.protocol_table(note) if len(note.frames["protocol"]) else ""


def effects(note: Note) -> str:
    """Return the table of effects."""
    rows = main_effects(note)
    return tables.effects_table(note, rows) if len(rows) else ""


def subgroups(note: Note) -> str:
    """Return the table of subgroups."""
    rows = subgroups_of(note.frames["effects"], note.primary)
    return tables.subgroups_table(note, rows) if len(rows) else ""


def secondary(note: Note) -> list[str]:
    """Return the analyses declared beside the main one, and why some are masked."""
    shown, rest = (tables.secondary_table(note, main=main) for main in (True, False))
    if not shown:
        return [note.text["secondary_rule"], rest] if rest else []
    paragraphs = [note.text["secondary_rule"], shown, tables.secondary_reasons(note)]
    return [*paragraphs, note.text["secondary_rest"] if rest else ""]


def more_figures(figures: Mapping[str, Figure]) -> list[str]:
    """Return the figures that say themselves where they stand in the annex."""
    return [show(figures, kind.name) for kind in FIGURES.values() if kind.place == "others"]


def others(note: Note) -> list[str]:
    """Return what is observed, what it costs, what the study could see, and the activity."""
    blocks = [tables.durations_table(note), tables.costs_table(note), tables.power_table(note)]
    if len(note.frames["observation"]):
        blocks.insert(0, tables.observation_table(note))
    if len(note.frames["indicators"]):
        blocks.append(tables.indicators_table(note))
    return blocks


def sources(note: Note) -> list[str]:
    """Return where the data come from, and the rule of disclosure."""
    meta, day = note.meta, note.meta["extraction_date"]
    values = {
        "source": md(meta["extract_name"], note.lang),
        "source_date": date_text(str(day), note.lang) if day else "",
        "source_territory": md(meta["territory_label"], note.lang),
        "source_period": md(meta["period_label"], note.lang),
    }
    known = [note.say(note.text[key], value=value) for key, value in values.items() if value]
    lines = [" ".join(known)]
    if meta.get("benchmark"):
        label = md(meta["benchmark"]["label"], note.lang)
        lines.append(note.say(note.text["source_benchmark"], label=label))
    lines += [md(line, note.lang) for line in meta.get("sources") or []]
    mark = note.text["suppressed"]
    lines.append(note.say(note.text["disclosure"], last=note.threshold - 1, mark=mark))
    if note.rounding:
        lines.append(rounding_sentence(note))
    return lines


def rounding_sentence(note: Note) -> str:
    """Return how the numbers that leave were rounded: the base of counts, the steps of shares."""
    effects = note.frames["effects"]
    steps = effects[effects["unit"] == "proportion"]["step"].astype("float64").dropna()
    points = sorted({round(100 * step, 1) for step in steps})
    each = [number(step, 1 if step < 1 else 0, note.lang) for step in points]
    base = count_text(note.rounding, note.lang)
    if not each:
        return note.say(note.text["rounded_counts"], base=base)
    return note.say(note.text["rounded"], base=base, first=each[0], last=each[-1])


def reproduce(note: Note, institution: Institution) -> str:
    """Return the command and the hashes that make the same note again."""
    blocks = [note.text["command"], code(str(note.meta["command"]))]
    if note.meta.get("commit"):
        blocks.append(note.say(note.text["commit"], commit=code_inline(note.meta["commit"])))
    if note.meta.get("hashes"):
        blocks.append(tables.hashes_table(note))
    if institution.contact:
        contact = md(institution.contact, note.lang)
        blocks.append(note.say(note.text["contact"], contact=contact))
    return "\n\n".join(blocks)


def stationery(note: Note, institution: Institution) -> Stationery:
    """Return what stands around the text of every page."""
    kind = words(note.lang)["note"]
    return Stationery(
        institution=institution,
        lang=note.lang,
        stamp=kind["synthetic"] if note.meta.get("synthetic") else "",
        date=str(note.meta["extraction_date"]),
        page=kind["page"],
        figure=kind["figure"],
        table=kind["table"],
    )
