"""From a run to what may leave it: tables, figures and note through the gate, and a review page."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.disclosure.differencing import (
    Population,
    as_line,
    from_line,
    populations_of,
    too_near,
)
from evalml.disclosure.gate import (
    FAIL,
    PASS,
    REVIEW,
    Released,
    pass_file,
    pass_table,
    refuse,
    write_released,
)
from evalml.disclosure.judge import SMALL, UNJUDGED, Judged, declared_numbers, judge, passes
from evalml.disclosure.register import NAME as REGISTER
from evalml.disclosure.register import Register, append, locked, read_register
from evalml.disclosure.rule import Rule
from evalml.errors import DataError, PrivacyError, nearest
from evalml.report.about import about_item
from evalml.report.annex.content import annex_table
from evalml.report.beside_published import ours_again
from evalml.report.certainty import certainty_of
from evalml.report.institution import Institution
from evalml.report.note import FORMATS, masked_tables, write_from
from evalml.report.note_text import Note
from evalml.report.results import read_meta, read_results, rows_of, sheet_text
from evalml.report.review import review_page
from evalml.report.sentences import labels_of_study, meta_in_words, tables_in_words
from evalml.report.verdict import hides
from evalml.results import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

NOTEBOOKS = ("notebook.html", "notebook.ipynb")
RECORD = "release.json"
REVIEW_FOLDER = "review"
"""Beside `release/`: what a person must see to decide. It stays inside."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of outputs under review.

    Attributes:
        accept: Outputs that may leave (names, or patterns such as `figures/*`).
        refuse: Outputs that stay.
        by: Who decides.
        why: The reason.
    """

    accept: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """What a disclosure review decided.

    Attributes:
        folder: `release/` of the run.
        items: Every output looked at, in order.
        decided: Output -> what was decided of it: `accepted` or `refused`, by, why, sha256.
        tables: The judged tables.
        rule: The rule they were judged by.
        page: The review page.
    """

    folder: Path
    items: tuple[Released, ...]
    decided: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, Judged] = field(repr=False)
    rule: Rule
    page: Path

    def leaves(self, item: Released) -> bool:
        """Return whether an output is in the folder."""
        accepted = self.decided.get(item.name, {}).get("decision") == "accepted"
        return item.status == PASS or (item.status == REVIEW and accepted)


@dataclass(frozen=True, slots=True)
class Found:
    """A run judged: its tables, its note, its populations and what comes too near.

    Attributes:
        note: The released tables, ready to be written.
        tables: The same with what was taken out.
        lines: Populations whose counts leave, by table.
        notices: Table -> why somebody must look at it first.
        draw: Writes the documents made of the released tables into a folder.
    """

    note: Note
    tables: dict[str, Judged]
    lines: dict[str, list[dict[str, Any]]]
    notices: dict[str, tuple[str, ...]]
    draw: Callable[[Path, Institution | None, Sequence[str]], object]


def release_run(
    run_dir: Path,
    *,
    rule: Rule | None = None,
    register: Path | None = None,
    institution: Institution | None = None,
    decision: Decision | None = None,
    formats: Sequence[str] = FORMATS,
) -> Release:
    """Write `release/` of a run, and nothing that may not leave.

    Each number is that of `results/` rounded to a printed step, or absent. Outputs that come too
    near to what has left wait in `review/` until a person accepts them. The register is on the
    disk before `release/` appears.

    Args:
        run_dir: Folder of the run.
        rule: What the owner of the data asks.
        register: File of what has left; `release_register.jsonl` beside the studies when None.
        institution: Who signs the note.
        decision: What a person decided of outputs under review.
        formats: Of the note; tables only, without figures, when empty.

    Returns:
        What was decided, output by output.

    Raises:
        PrivacyError: The register cannot be trusted, the extract changed while the run read it, or
            a decision names no output under review or nobody.
        DataError: The run has no results.
    """
    asked, book = rule or Rule(), register or run_dir.parent.parent / REGISTER
    told, manifest = decision or Decision(), read_manifest(run_dir)
    before = os.umask(0o077)
    try:
        with locked(book):
            known = read_register(book, {} if register else lines_expected(book.parent, run_dir))
            return release_locked(run_dir, asked, known, institution, told, formats, manifest)
    finally:
        os.umask(before)


def release_locked(
    run_dir: Path,
    rule: Rule,
    register: Register,
    institution: Institution | None,
    decision: Decision,
    formats: Sequence[str],
    manifest: Mapping[str, Any],
) -> Release:
    """Judge, write aside, register, and put in place, while no other release does."""
    for left in run_dir.glob(".release-*"):
        shutil.rmtree(left)
    name = f"{run_dir.parent.name}/{run_dir.name}"
    activity = (run_dir / "results" / "annexe.csv").is_file()
    found = (judged_activity if activity else judged_run)(run_dir, rule, register, manifest)
    place = run_dir / f".release-{os.getpid()}"
    place.mkdir()
    try:
        items = table_items(found, rule.threshold)
        items.append(about_item(found.note, run_dir.name))
        if formats:
            items += drawn_items(found, items, place / "drawn", institution, formats)
        items += notebook_items(run_dir)
        decided = decisions(items, decision, earlier_decisions(register, name))
        page = run_dir / REVIEW_FOLDER / "review.html"
        done = Release(run_dir / "release", tuple(items), decided, found.tables, rule, page)
        written = [item for item in items if done.leaves(item)]
        for item in written:
            write_released(item, place / "out", accepted=item.name in decided)
        line = append(register, register_line(name, done, found, written))
        text = json.dumps(record(done, line), ensure_ascii=False, indent=2)
        (place / "out").mkdir(exist_ok=True)
        (place / "out" / RECORD).write_text(f"{text}\n", encoding="utf-8", newline="")
        write_review(done, found.note, place / "review")
        replace_folder(place / "review", page.parent)
        replace_folder(place / "out", done.folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return done


def read_manifest(run_dir: Path) -> dict[str, Any]:
    """Return the record of a run, empty where it has none.

    Raises:
        DataError: It cannot be read.
        PrivacyError: The extract changed while the run read it.
    """
    path = run_dir / "manifest.json"
    if not path.is_file():
        return {}
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        message = f"{path} is damaged: run the study again"
        raise DataError(message) from None
    version = manifest.get("results_version")
    if manifest.get("status") == "finished" and version != VERSION:
        raise DataError(
            f"{run_dir.name} was made by an earlier version of evalml: its tables do not say all "
            f"that the gate judges: run the study again (`evalml run {run_dir.parent.name}`) and "
            f"release the new run"
        )
    if "extract" in (manifest.get("moved") or ()):
        message = (
            f"the extract changed while {run_dir.name} ran: its numbers are of no one extract; "
            f"run the study again"
        )
        raise PrivacyError(message)
    return manifest


def lines_expected(root: Path, run_dir: Path) -> dict[str, str]:
    """Return the line of the register that each other release under a root says it wrote."""
    found = {}
    for path in sorted(root.glob(f"*/*/release/{RECORD}")):
        if path.parents[1].resolve() == run_dir.resolve():
            continue
        line = json.loads(path.read_text(encoding="utf-8")).get("line")
        if line:
            found[f"{path.parts[-4]}/{path.parts[-3]}"] = str(line)
    return found


def judged_run(run_dir: Path, rule: Rule, register: Register, manifest: Mapping[str, Any]) -> Found:
    """Return the tables that may leave, and which of them somebody must look at first."""
    meta = read_meta(run_dir / "results")
    study = dict(meta.get("definition") or manifest.get("parameters") or words_only(meta))
    numbers = declared_numbers(study)
    lang = str(meta.get("language") or "fr")
    labels = labels_of_study(meta, lang)
    inside = masked_tables(read_results(run_dir / "results"), rule.threshold, lang, labels)
    primary = dict(meta.get("primary") or {})
    tables, system = judge(inside, rule, primary, numbers)
    populations = {
        each: {place[0] for key in keys for place in system.places[key]}
        for each, keys in populations_of(system, system.cells.gone(), study).items()
    }
    lines, notices = compared(populations, register, rule)
    frames = {**inside, **{key: judged.frame for key, judged in tables.items()}}
    programme = str(study.get("programme"))
    frames["published"] = ours_again(frames["published"], frames["effects"], programme)
    frames = tables_in_words(frames, lang, labels)
    judged = tables.get("checks")
    of_all = {at for at, column in (judged.absent if judged else ()) if column == "finding"}
    frames["checks"] = silence(frames["checks"], frames["effects"], of_all)
    told = shareable(meta_in_words(meta, lang), numbers)
    level = certainty_of(inside, meta).level
    note = Note(frames, told, lang, rule.threshold, rule.rounding, level)
    return Found(note, tables, lines, notices, partial(write_from, note))


def compared(
    populations: Mapping[Population, Iterable[str]], register: Register, rule: Rule
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, tuple[str, ...]]]:
    """Return the populations of each table, and why those too near to what has left must wait."""
    left = [(at, from_line(each)) for at, each in register.populations()]
    near = too_near(populations, left, rule)
    lines: dict[str, list[dict[str, Any]]] = {}
    notices: dict[str, tuple[str, ...]] = {}
    for each, names in populations.items():
        for name in names:
            lines.setdefault(name, []).append(as_line(each))
            if each in near:
                told = (*notices.get(name, ()), notice(each, near[each]))
                notices[name] = tuple(dict.fromkeys(told))
    return lines, notices


def judged_activity(
    run_dir: Path, rule: Rule, register: Register, manifest: Mapping[str, Any]
) -> Found:
    """Return the annex of a year as it may leave: whole rows first, then breakdowns.

    Raises:
        DataError: The run has no record of what it was asked, or of its extract.
    """
    from evalml.report.annex.pages import write_annex
    from evalml.report.annex.release import counted, released_annex

    inside, annex = released_annex(run_dir, rule, manifest)
    populations = dict.fromkeys(counted(inside, annex), ("annexe",))
    frame, before = annex_table(annex), annex_table(inside)
    gone = np.flatnonzero(frame["value"].isna() & before["value"].notna())
    absent = {
        (int(at), "value"): SMALL if frame["kind"][at] != "euros" else UNJUDGED for at in gone
    }
    source = annex.source
    meta = {"study": run_dir.parent.name, "title": source.title, "synthetic": source.synthetic,
            "programme": "", "extract_name": source.extract, "extraction_date": source.vintage,
            "language": "fr"}  # fmt: skip
    lines, notices = compared(populations, register, rule)
    return Found(
        Note({"annexe": frame}, meta, "fr", rule.threshold, rule.rounding),
        {"annexe": Judged(frame, before, absent)}, lines, notices,
        lambda place, by, kinds: write_annex(annex, place, formats=kinds, institution=by),
    )  # fmt: skip


def words_only(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of tables that no study defines: place and period by their words."""
    told = [str(meta.get(key) or "") for key in ("territory_label", "period_label")]
    return {"programme": meta.get("programme"), "territory": {"structure": ["|".join(told)]}}


def shareable(meta: Mapping[str, Any], numbers: set[str]) -> dict[str, Any]:
    """Return what a study says of itself; a title or a label with an undeclared number stays."""
    told = dict(meta)
    plain = " – ".join(
        str(meta.get(key)) for key in ("programme", "territory_label", "period_label")
        if meta.get(key)
    )  # fmt: skip
    if not passes(meta["title"], frozenset(numbers)):
        told["title"] = plain
    return told


def notice(population: Any, release: str) -> str:
    """Return what a reviewer is told: which earlier release and population, not the difference."""
    traits = f" ({', '.join(population.traits)})" if population.traits else ""
    return f"too near to what left in {release}: {population.arm}{traits}"


def silence(checks: pd.DataFrame, effects: pd.DataFrame, of_all: set[int]) -> pd.DataFrame:
    """Return the checks without what tells a blinded effect, or speaks of everybody."""
    found = [hides(check, effects) or at in of_all for at, check in enumerate(rows_of(checks))]
    hidden = pd.Series(found, checks.index, "bool")
    return checks.assign(
        sentence=checks["sentence"].mask(hidden, ""),
        finding=checks["finding"].mask(hidden, ""),
        values=checks["values"].mask(hidden, ""),
        value=checks["value"].astype("float64").mask(hidden),
        passed=checks["passed"].astype("object").where(~hidden, None),
    )


def table_items(found: Found, threshold: int) -> list[Released]:
    """Put every table of a run through the gate."""
    items = []
    for name, judged in found.tables.items():
        frame = found.note.frames[name]
        notes = (f"stay inside: {', '.join(judged.left_out)}",) if judged.left_out else ()
        items.append(
            pass_table(
                frame, sheet_text(frame), name=f"tables/{name}.csv", threshold=threshold,
                hidden=len(judged.absent), review=found.notices.get(name, ()), notes=notes,
            )
        )  # fmt: skip
    return items


def drawn_items(
    found: Found,
    tables: list[Released],
    place: Path,
    institution: Institution | None,
    formats: Sequence[str],
) -> list[Released]:
    """Draw figures and note again from released tables; they wait where one of those waits."""
    failed = [item.name for item in tables if item.status == FAIL]
    if failed:
        return [refuse("note", why=f"made of tables that may not leave: {', '.join(failed)}")]
    waiting = [item.name for item in tables if item.status == REVIEW]
    review = (f"made of tables under review: {', '.join(waiting)}",) if waiting else ()
    place.mkdir(parents=True)
    found.draw(place, institution, formats)
    files = sorted(path for path in place.rglob("*") if path.is_file() and path.suffix != ".md")
    why = "drawn again from the released tables, aggregates only"
    return [
        pass_file(path.relative_to(place).as_posix(), path.read_bytes(), why=why, review=review)
        for path in files
    ]


def notebook_items(run_dir: Path) -> list[Released]:
    """Keep the executed notebooks: their numbers did not go through the gate."""
    why = "an executed notebook: its numbers were not drawn from released tables"
    return [refuse(name, why=why) for name in NOTEBOOKS if (run_dir / name).is_file()]


def earlier_decisions(register: Register, name: str) -> dict[str, Mapping[str, str]]:
    """Return what was decided before of the outputs of a run."""
    return {
        output: told
        for line in register.lines
        if line["release"] == name
        for output, told in line["decisions"].items()
    }


def decisions(
    items: list[Released], decision: Decision, before: Mapping[str, Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    """Return what is decided of each output under review.

    A decision of before holds as long as the output is the same to the byte.

    Raises:
        PrivacyError: A decision names no output under review, or lacks a name or a reason.
    """
    waiting = {item.name: item for item in items if item.status == REVIEW}
    decided = {
        name: told for name, told in before.items()
        if name in waiting and told["sha256"] == waiting[name].sha256
    }  # fmt: skip
    for word, patterns in (("accepted", decision.accept), ("refused", decision.refuse)):
        for pattern in patterns:
            names = [name for name in waiting if fnmatch(name, pattern)]
            if not names:
                hint = nearest(pattern, waiting) if waiting else "nothing waits for a review"
                message = f"'{pattern}' is no output under review: {hint}"
                raise PrivacyError(message)
            if not decision.by.strip() or not decision.why.strip():
                message = f"to decide of '{pattern}' takes a name (--by) and a reason (--why)"
                raise PrivacyError(message)
            for name in names:
                decided[name] = {"decision": word, "by": decision.by, "why": decision.why,
                                 "sha256": waiting[name].sha256}  # fmt: skip
    return decided


def register_line(
    name: str, done: Release, found: Found, written: list[Released]
) -> dict[str, Any]:
    """Return the line of the register: what leaves, of whom, by which rule, who decided."""
    tables = {Path(item.name).stem for item in written if item.name.startswith("tables/")}
    whole = [each for table in found.lines if table in tables for each in found.lines[table]]
    unique = {json.dumps(each, sort_keys=True): each for each in whole}
    return {
        "release": name,
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "rule": {"threshold": done.rule.threshold, "rounding": done.rule.rounding},
        "populations": list(unique.values()),
        "outputs": {item.name: item.sha256 for item in written},
        "decisions": {name: dict(told) for name, told in done.decided.items()},
    }


def record(done: Release, line: str) -> dict[str, Any]:
    """Return the decision on every output, ready for JSON; it leaves with the release."""
    return {
        "outputs": [
            {
                "name": item.name,
                "status": item.status,
                "leaves": done.leaves(item),
                "reasons": list(item.reasons),
                "decision": dict(done.decided.get(item.name, {})) or None,
                "absent_cells": item.hidden,
                "rows": item.rows,
                "sha256": item.sha256 if item.content else None,
            }
            for item in done.items
        ],
        "rounding": done.rule.rounding,
        "threshold": done.rule.threshold,
        "line": line,
    }


def write_review(done: Release, note: Note, folder: Path) -> None:
    """Write what a person must see to decide: the page, and the outputs that wait."""
    folder.mkdir(parents=True)
    for item in done.items:
        if item.status == REVIEW:
            write_released(item, folder / "waiting", accepted=True)
    (folder / done.page.name).write_text(review_page(done, note), encoding="utf-8", newline="")


def replace_folder(new: Path, old: Path) -> None:
    """Put a folder in the place of another: a reader sees one or the other."""
    aside = old.with_name(f".release-old-{old.name}")
    if old.exists():
        old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside, ignore_errors=True)
