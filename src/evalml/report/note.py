"""The evidence note: results in, one Markdown source, three formats out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report import tables
from evalml.report.beside_published import published_sources, published_table
from evalml.report.blinding import BLINDED, mask_blinded, mask_events, mask_trajectories
from evalml.report.english import in_language, meta_words
from evalml.report.figure_event_study import plot_event_study
from evalml.report.figures import (
    Figure,
    Marks,
    plot_balance,
    plot_effects,
    plot_flow,
    plot_trajectories,
    write_figure,
)
from evalml.report.institution import Institution
from evalml.report.markdown import box, bullets, code, heading, md, picture
from evalml.report.note_text import Note, answer, balance_threshold, done, limits
from evalml.report.protect import THRESHOLD, protect_results
from evalml.report.render import Stationery, render
from evalml.report.results import COLUMNS, read_meta, read_results, write_meta
from evalml.report.secondary_tables import power_table, secondary_reasons, secondary_table
from evalml.report.typography import date_text
from evalml.report.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
    """Write the figures and the note of tables in memory.

    Args:
        note: Tables, protected and masked, and what the study said of itself.
        folder: Where to write.
        institution: Who signs.
        formats: Among `html`, `docx`, `pdf`.

    Returns:
        The files of the note, its Markdown source first.
    """
    pictures = draw(note)
    for figure in pictures.values():
        write_figure(figure, folder / "figures")
    usual = str(note.meta.get("language") or "fr")
    source = folder / ("note.md" if note.lang == usual else f"note_{note.lang}.md")
    source.write_text(compose(note, pictures, institution), encoding="utf-8", newline="")
    return [source, *render(source, stationery(note, institution or Institution()), formats)]


def read_note(results: Path, meta: Mapping[str, Any], lang: str, threshold: int) -> Note:
    """Read the tables of a run; take out small counts, then the numbers of blinded effects."""
    return note_of(read_results(results), meta, lang, threshold)


def note_of(
    results: Mapping[str, pd.DataFrame], meta: Mapping[str, Any], lang: str, threshold: int
) -> Note:
    """Take small counts, then the numbers of blinded effects, out of the tables of a run."""
    empty = {name: pd.DataFrame({c: [] for c in columns}) for name, columns in COLUMNS.items()}
    frames = protect_results({**empty, **results}, threshold)
    effects = mask_blinded(frames["effects"])
    shown = mask_trajectories(frames["trajectories"], effects)
    masked = {"effects": effects, "trajectories": shown}
    masked["secondary"] = mask_blinded(frames["secondary"])
    masked["event_study"] = mask_events(frames["event_study"], effects)
    return in_words(Note({**frames, **masked}, meta, "fr", threshold), lang)


def in_words(note: Note, lang: str) -> Note:
    """Return a note whose words are in `lang`; those of the run are French."""
    words_ = in_language(note.frames, lang), meta_words(note.meta, lang)
    return Note(*words_, lang, note.threshold)


def draw(note: Note) -> dict[str, Figure]:
    """Draw the figures the tables allow, by role."""
    frames = note.frames
    common: dict[str, Any] = {"lang": note.lang, "synthetic": bool(note.meta.get("synthetic"))}
    figures: dict[str, Figure] = {}
    if len(frames["trajectories"]):
        figures["trajectories"] = draw_trajectories(note, common)
    whole = drawn_effects(note)
    if any_shown(whole) or (len(whole) and not figures):
        marks = Marks(note.meta.get("benchmark"), note.meta.get("threshold"))
        figures["effects"] = plot_effects(whole, labels=note.labels, marks=marks, **common)
    groups = subgroup_effects(note)
    if any_shown(groups):
        figures["subgroups"] = plot_effects(groups, labels=note.labels, name="subgroups", **common)
    if len(frames["event_study"]):
        figures["event_study"] = draw_events(note, common)
    if len(frames["flow"]):
        figures["flow"] = plot_flow(frames["flow"], **common)
    if len(frames["balance"]):
        limit = balance_threshold(note)
        figures["balance"] = plot_balance(frames["balance"], threshold=limit, **common)
    return figures


def any_shown(effects: pd.DataFrame) -> bool:
    """Return whether some effect of a figure has a number; a figure of words only is not drawn."""
    return bool((effects["status"] != BLINDED).any())


def draw_trajectories(note: Note, common: Mapping[str, Any]) -> Figure:
    """Draw both arms on the primary outcome, or on the first there is."""
    table = note.frames["trajectories"]
    outcome = str(note.primary.get("outcome", ""))
    if outcome not in set(table["outcome"]):
        outcome = str(table["outcome"].iloc[0])
    effects = note.frames["effects"]
    rows = effects[(effects["outcome"] == outcome) & (effects["subgroup"] == "")]
    unit = str(rows["unit"].iloc[0]) if len(rows) else "proportion"
    shown = set(table.loc[table["outcome"] == outcome, "arm"])
    masked = bool((rows["status"] == BLINDED).any()) and "comparison" not in shown
    return plot_trajectories(table, outcome, unit=unit, labels=note.labels, masked=masked, **common)


def drawn_effects(note: Note) -> pd.DataFrame:
    """Return the effects of the figure: all of them, or those of the table of a roll-out."""
    effects = note.frames["effects"]
    return main_effects(note) if rolled_out(note) else effects[effects["subgroup"] == ""]


def rolled_out(note: Note) -> bool:
    """Return whether areas opened over time in this study."""
    return note.meta.get("kind") == "rollout"


def draw_events(note: Note, common: Mapping[str, Any]) -> Figure:
    """Draw the event study of the primary outcome and horizon, or of the first there is."""
    table = note.frames["event_study"]
    outcome, horizon = note.primary.get("outcome"), note.primary.get("horizon_months")
    rows = table[(table["outcome"] == outcome) & (table["horizon_months"] == horizon)]
    first = (rows if len(rows) else table).iloc[0]
    name, month = str(first["outcome"]), int(first["horizon_months"])
    return plot_event_study(table, name, month, labels=note.labels, **common)


def subgroup_effects(note: Note) -> pd.DataFrame:
    """Return the subgroups of the primary outcome, horizon and method."""
    effects, primary = note.frames["effects"], note.primary
    rows = effects[(effects["subgroup"] != "") & (effects["outcome"] == primary.get("outcome"))]
    horizon = primary.get("horizon_months")
    months = pd.to_numeric(rows["horizon_months"], errors="coerce")
    rows = rows[months.isna() if horizon is None else months == float(horizon)]
    return rows[rows["method"] == primary.get("method")]


def main_effects(note: Note) -> pd.DataFrame:
    """Return the rows of the table of effects: all methods, or the primary one where many."""
    effects = note.frames["effects"]
    whole = effects[effects["subgroup"] == ""]
    if note.meta.get("kind") == "cross_section":
        return whole
    chosen = whole[whole["method"] == note.primary.get("method")]
    if rolled_out(note):
        primary = whole["outcome"] == note.primary.get("outcome")
        return whole[primary | whole.index.isin(chosen.index)]
    return chosen if len(chosen) else whole


def compose(note: Note, figures: Mapping[str, Figure], institution: Institution | None) -> str:
    """Return the Markdown of the note: the answer first."""
    parts = [
        front_matter(note),
        stamp_box(note),
        box("answer", *answer(note)),
        show(figures, "trajectories" if "trajectories" in figures else "effects"),
        *section(note, "h_protocol", protocol(note)),
        *section(note, "h_done", "\n\n".join(done(note)), effects(note)),
        *section(note, "h_published", published_table(note), published_sources(note)),
        *section(note, "h_sure", checks(note), md(note.text["certainty_rule"], note.lang)),
        *section(note, "h_cannot", bullets(limits(note))),
        *section(note, "h_subgroups", subgroups(note)),
        *section(note, "h_secondary", *secondary(note)),
        *section(note, "h_sources", bullets(sources(note))),
        *section(note, "h_reproduce", reproduce(note, institution)),
        *annex(note, figures),
    ]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def front_matter(note: Note) -> str:
    """Return the title block."""
    meta = note.meta
    told = [str(meta[key]) for key in ("programme", "territory_label", "period_label")]
    line = " – ".join(word for word in told if word)
    title, subtitle = (md(words_, note.lang).replace("'", "''") for words_ in (meta["title"], line))
    return f"---\ntitle: '{title}'\nsubtitle: '{subtitle}'\n---\n"


def stamp_box(note: Note) -> str:
    """Return the warning that the data are invented, when they are."""
    return box("stamp", note.text["synthetic_long"]) if note.meta.get("synthetic") else ""


def section(note: Note, title: str, *blocks: str) -> list[str]:
    """Return a heading and its blocks, or nothing where there is nothing to say."""
    filled = [f"{block.rstrip()}\n" for block in blocks if block.strip()]
    kind = "annex" if title == "h_annex" else ""
    return [heading(note.text[title], kind), *filled] if filled else []


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


def checks(note: Note) -> str:
    """Return the table of checks."""
    return tables.checks_table(note) if len(note.frames["checks"]) else ""


def subgroups(note: Note) -> str:
    """Return the table of subgroups."""
    rows = subgroup_effects(note)
    return tables.subgroups_table(note, rows) if len(rows) else ""


def secondary(note: Note) -> list[str]:
    """Return the analyses declared beside the main one, and why some are masked."""
    shown = secondary_table(note)
    return [note.text["secondary_rule"], shown, secondary_reasons(note)] if shown else []


def sources(note: Note) -> list[str]:
    """Return where the data come from, and the rule of disclosure."""
    meta, day = note.meta, note.meta["extraction_date"]
    told = {
        "source": md(meta["extract_name"], note.lang),
        "source_date": date_text(str(day), note.lang) if day else "",
        "source_territory": md(meta["territory_label"], note.lang),
        "source_period": md(meta["period_label"], note.lang),
    }
    known = [note.say(note.text[key], value=value) for key, value in told.items() if value]
    lines = [" ".join(known)]
    if meta.get("benchmark"):
        label = md(meta["benchmark"]["label"], note.lang)
        lines.append(note.say(note.text["source_benchmark"], label=label))
    lines += [md(line, note.lang) for line in meta.get("sources") or []]
    mark = note.text["suppressed"]
    lines.append(note.say(note.text["disclosure"], last=note.threshold - 1, mark=mark))
    return lines


def reproduce(note: Note, institution: Institution | None) -> str:
    """Return the command and the hashes that make the same note again."""
    blocks = [note.text["command"], code(str(note.meta["command"]))]
    if note.meta.get("hashes"):
        blocks.append(tables.hashes_table(note))
    if institution is not None and institution.contact:
        contact = md(institution.contact, note.lang)
        blocks.append(note.say(note.text["contact"], contact=contact))
    return "\n\n".join(blocks)


def annex(note: Note, figures: Mapping[str, Figure]) -> list[str]:
    """Return the other figures and tables."""
    first = "trajectories" if "trajectories" in figures else "effects"
    roles = [
        role for role in ("event_study", "effects", "flow", "balance", "subgroups") if role != first
    ]
    blocks = [show(figures, role) for role in roles]
    if len(note.frames["observation"]):
        blocks.append(tables.observation_table(note))
    blocks += [tables.costs_table(note), power_table(note), secondary_table(note, main=False)]
    if len(note.frames["indicators"]):
        blocks.append(tables.indicators_table(note))
    blocks.append(tables.checks_table(note, primary=False))
    return section(note, "h_annex", *blocks)


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
