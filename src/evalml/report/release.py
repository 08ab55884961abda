"""From a run to what may leave it: tables, figures and note through the gate, and a review page."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.errors import PrivacyError, nearest
from evalml.report.about import about_item
from evalml.report.cells import round_shares
from evalml.report.disclosure import (
    FAIL,
    PASS,
    REVIEW,
    Released,
    Rule,
    hidden_cells,
    refuse,
    release_file,
    release_for_review,
    release_frame,
    write_released,
)
from evalml.report.institution import Institution
from evalml.report.nested import with_nested
from evalml.report.note import FORMATS, note_of, stationery, write_from
from evalml.report.note_text import Note
from evalml.report.register import (
    REGISTER,
    add_to_register,
    anchors_of,
    difference,
    follow_counts,
    read_register,
    released_cells,
)
from evalml.report.render import render
from evalml.report.results import COLUMNS, read_meta, read_results, rows_of
from evalml.report.review import review_page
from evalml.report.sentences import checks_in_words, labels_of_study
from evalml.report.shares import Ledger, settle_shares
from evalml.report.verdict import hides

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalml.report.results import Frames

NOTEBOOKS = ("notebook.html", "notebook.ipynb")
SECRET = (b"id_jeune", b"date_naissance", b"id_dossier")


@dataclass(frozen=True, slots=True)
class Release:
    """What a disclosure review decided.

    Attributes:
        folder: `release/` of the run.
        items: Every output looked at, in order.
        exceptions: Output -> why it leaves all the same.
        by: Who decided the exceptions.
        moved: Counts shown as one that had left already.
    """

    folder: Path
    items: tuple[Released, ...]
    exceptions: Mapping[str, str]
    by: str
    moved: int

    def leaves(self, item: Released) -> bool:
        """Return whether an output is in the folder."""
        return item.status == PASS or (item.status == REVIEW and item.name in self.exceptions)


def release_run(
    run_dir: Path,
    *,
    rule: Rule | None = None,
    register: Path | None = None,
    institution: Institution | None = None,
    exceptions: Mapping[str, str] | None = None,
    by: str = "",
    formats: Sequence[str] = FORMATS,
) -> Release:
    """Write `release/` of a run, and nothing that may not leave.

    Tables are protected, differenced against all that has left, and rounded; figures and note
    are drawn again from those tables. The register then holds what left.

    Args:
        run_dir: Folder of the run.
        rule: What the owner of the data asks.
        register: File of what has left; `release_register.csv` beside the studies when None.
        institution: Who signs the note.
        exceptions: Output under review -> why it may leave.
        by: Who decided the exceptions.
        formats: Of the note; tables only, without figures, when empty.

    Returns:
        What was decided, output by output.

    Raises:
        PrivacyError: An exception names no output under review, or nobody signs it.
        DataError: The run has no results.
    """
    asked, told = rule or Rule(), dict(exceptions or {})
    meta = read_meta(run_dir / "results")
    book = register or run_dir.parent.parent / "release_register.csv"
    left = read_register(book)
    note, moved, ledger = released_note(run_dir / "results", meta, asked, left)
    with TemporaryDirectory() as place:
        items = [*table_items(note, asked), about_item(note, run_dir.name)]
        if formats:
            items += drawn_items(note, items, Path(place) / "drawn", institution, formats)
        items += notebook_items(run_dir)
        check_exceptions(items, told, by)
        done = Release(run_dir / "release", tuple(items), told, by, moved)
        write_release(done, Path(place) / "out", note, institution or Institution())
        replace_folder(Path(place) / "out", done.folder)
    name = f"{meta.get('study', run_dir.parent.name)}/{run_dir.name}"
    cells = released_cells(note.frames, scope_of_study(meta), name)
    shares = pd.DataFrame(ledger.rows(name), columns=list(REGISTER))
    add_to_register(book, left, pd.concat([cells, shares], ignore_index=True))
    return done


def released_note(
    results: Path, meta: Mapping[str, Any], rule: Rule, left: pd.DataFrame
) -> tuple[Note, int, Ledger]:
    """Return the tables that may leave, how many counts moved to one that had left, the shares."""
    lang = str(meta.get("language") or "fr")
    note = note_of(read_results(results), meta, lang, rule.threshold)
    scope = scope_of_study(meta)
    anchors = with_nested(anchors_of(left), scope)
    ledger = Ledger(scope, anchors, rule)
    counted = difference(note.frames, scope, anchors, rule.threshold)
    moved = moved_counts(note.frames, counted, scope)
    frames = settle_shares(note.frames, counted, ledger)
    followed = frames["checks"].assign(values=follow_counts(frames["checks"]["values"], moved))
    spoken = checks_in_words(followed, lang, labels_of_study(meta, lang))
    frames["checks"] = silence(spoken, frames["effects"])
    rounded = {name: round_shares(frame, rule.digits) for name, frame in frames.items()}
    return Note(rounded, note.meta, lang, rule.threshold), len(moved), ledger


def silence(checks: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Return the checks without the answer and the figure of those that tell a blinded effect."""
    hidden = pd.Series([hides(check, effects) for check in rows_of(checks)], checks.index, "bool")
    return checks.assign(
        sentence=checks["sentence"].mask(hidden, ""),
        finding=checks["finding"].mask(hidden, ""),
        values=checks["values"].mask(hidden, ""),
        value=checks["value"].astype("float64").mask(hidden),
        passed=checks["passed"].astype("object").where(~hidden, None),
    )


def moved_counts(old: Frames, new: Frames, scope: str) -> dict[float, float]:
    """Return the counts that moved, what they were -> what is shown."""
    keys = ["scope", "table", "cell", "column"]
    pairs = released_cells(old, scope, "").merge(released_cells(new, scope, ""), on=keys)
    moved = pairs[pairs["value_x"] != pairs["value_y"]]
    return dict(zip(moved["value_x"], moved["value_y"], strict=True))


def scope_of_study(meta: Mapping[str, Any]) -> str:
    """Return what makes the populations of two runs the same."""
    return "|".join(
        str(meta.get(key, "")) for key in ("programme", "territory_label", "period_label")
    )


def table_items(note: Note, rule: Rule) -> list[Released]:
    """Put every table of a run through the gate."""
    return [
        release_frame(frame, rule, name=f"tables/{name}.csv", hidden=hidden_cells(frame))
        for name, frame in note.frames.items()
        if len(frame) and name in COLUMNS
    ]


def drawn_items(
    note: Note,
    tables: list[Released],
    place: Path,
    institution: Institution | None,
    formats: Sequence[str],
) -> list[Released]:
    """Draw the note, unless a table that it is made of may not leave."""
    failed = [item.name for item in tables if item.status == FAIL]
    if failed:
        return [refuse("note", why=f"made of tables that may not leave: {', '.join(failed)}")]
    return note_items(note, place, institution, formats)


def note_items(
    note: Note, place: Path, institution: Institution | None, formats: Sequence[str]
) -> list[Released]:
    """Draw figures and note again, from released tables only."""
    place.mkdir(parents=True)
    files = write_from(note, place, institution, formats)[1:] + sorted(
        (place / "figures").iterdir()
    )
    why = "drawn again from the released tables, aggregates only"
    return [
        release_file(path.relative_to(place).as_posix(), path.read_bytes(), why=why)
        for path in files
    ]


def notebook_items(run_dir: Path) -> list[Released]:
    """Hold the executed notebooks: their outputs did not go through the gate."""
    items = []
    for name in NOTEBOOKS:
        path = run_dir / name
        if path.is_file():
            content = path.read_bytes()
            named = [word.decode() for word in SECRET if word in content]
            if named:
                items.append(refuse(name, why=f"it speaks of {', '.join(named)}"))
            else:
                why = "an executed notebook: its outputs were not drawn from released tables"
                items.append(release_for_review(name, content, why=why))
    return items


def check_exceptions(items: list[Released], exceptions: Mapping[str, str], by: str) -> None:
    """Refuse an exception for what is not under review, or that nobody signs."""
    waiting = [item.name for item in items if item.status == REVIEW]
    for name, reason in exceptions.items():
        if name not in waiting:
            hint = nearest(name, waiting) if waiting else "nothing waits for a review"
            message = f"no exception can be made for '{name}': {hint}"
            raise PrivacyError(message)
        if not by.strip() or not reason.strip():
            message = f"the exception for '{name}' needs a reason and the name of who decides it"
            raise PrivacyError(message)


def write_release(done: Release, folder: Path, note: Note, institution: Institution) -> None:
    """Write what leaves, the review page and the record."""
    folder.mkdir(parents=True)
    for item in done.items:
        if done.leaves(item):
            exception = f"{done.by}: {done.exceptions[item.name]}" if item.status == REVIEW else ""
            write_released(item, folder, exception=exception)
    text = json.dumps(record(done), ensure_ascii=False, indent=2)
    (folder / "release.json").write_text(text + "\n", encoding="utf-8", newline="")
    source = folder / "review.md"
    source.write_text(review_page(done, note), encoding="utf-8", newline="")
    render(source, stationery(note, institution), ["html"])
    source.unlink()


def record(done: Release) -> dict[str, Any]:
    """Return the decision on every output, ready for JSON."""
    return {
        "outputs": [
            {
                "name": item.name,
                "status": item.status,
                "leaves": done.leaves(item),
                "reasons": list(item.reasons),
                "exception": done.exceptions.get(item.name),
                "by": done.by if item.name in done.exceptions else None,
                "hidden_cells": item.hidden,
                "rows": item.rows,
                "sha256": item.sha256 if item.content else None,
            }
            for item in done.items
        ],
        "counts_shown_as_one_that_had_left": done.moved,
    }


def replace_folder(new: Path, old: Path) -> None:
    """Put a folder in the place of another: a reader sees one or the other."""
    aside = old.with_name(f".{old.name}-new")
    if aside.exists():
        shutil.rmtree(aside)
    shutil.copytree(new, aside)
    if old.exists():
        shutil.rmtree(old)
    aside.rename(old)
