"""From a run to what may leave it: tables, figures and note through the gate, and a review page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from evalml.disclosure import gate
from evalml.disclosure.judge import SMALL, UNJUDGED, Judged, declared_numbers, judge, passes
from evalml.disclosure.register import NAME as REGISTER
from evalml.disclosure.register import (
    Population,
    Register,
    append,
    locked,
    populations_of,
    read_register,
    too_near,
)
from evalml.disclosure.rule import DisclosureRule
from evalml.errors import DataError, PrivacyError, nearest
from evalml.report.about import about_item
from evalml.report.annex.content import annex_table
from evalml.report.beside_published import ours_again
from evalml.report.certainty import Certainty, certainty_of, certainty_of_each
from evalml.report.institution import Institution
from evalml.report.note import FORMATS, masked_tables, write_from
from evalml.report.note_text import Note
from evalml.report.protect import without_masked
from evalml.report.results import read_meta, read_results, rows_of, sheet_text
from evalml.report.review import review_page
from evalml.report.sentences import labels_of_study, meta_in_words, tables_in_words
from evalml.report.verdict import hides
from evalml.results import VERSION
from evalml.values import Message, Name, Names, Values, names

NOTEBOOKS = ("notebook.html", "notebook.ipynb")
RECORD = "release.json"
QUOTED = ("tables/effects.csv", "tables/checks.csv")
"""Tables that the words of a study quote: they wait together."""
Items: TypeAlias = list[gate.Released]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of outputs under review: names, or patterns such as `figures/*`."""

    accept: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """What a disclosure review decided: every output, its tables, the rule, and the review page.

    `decided` says of an output: `decision` (`accepted` or `refused`), `by`, `why`, `sha256`.
    """

    folder: Path
    items: tuple[gate.Released, ...]
    decided: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, Judged] = field(repr=False)
    rule: DisclosureRule
    page: Path

    def leaves(self, item: gate.Released) -> bool:
        """Return whether an output is in the folder."""
        accepted = self.decided.get(item.name, {}).get("decision") == "accepted"
        return item.status == gate.PASS or (item.status == gate.REVIEW and accepted)


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run judged: its note and tables, why each population must wait, what draws them.

    `sure` says how sure we are of each effect: its level judged inside, its words by what leaves.
    """

    note: Note
    tables: dict[str, Judged]
    lines: dict[str, dict[Population, Message | None]]
    draw: Callable[[Path, Institution | None, Sequence[str]], object]
    sure: Sequence[Certainty] = ()


def release_run(
    run_dir: Path,
    *,
    rule: DisclosureRule | None = None,
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

    Raises:
        PrivacyError: The register cannot be trusted, the extract changed while the run read it, or
            a decision names no output under review or nobody.
        DataError: The run has no results.
    """
    rule, book = rule or DisclosureRule(), register or run_dir.parent.parent / REGISTER
    manifest = read_manifest(run_dir)
    name = f"{run_dir.parent.name}/{run_dir.name}"
    activity = (run_dir / "results" / "annexe.csv").is_file()
    with locked(book):
        known = read_register(book, {} if register else lines_expected(book.parent, run_dir))
        for left in run_dir.glob(".release-*"):
            shutil.rmtree(left)
        found = (judged_activity if activity else judged_run)(run_dir, rule, known, manifest)
        with TemporaryDirectory(prefix=".release-", dir=run_dir) as folder:
            place = Path(folder)
            items = table_items(found, rule)
            waiting = [
                each.name for each in items if each.name in QUOTED and each.status != gate.PASS
            ]
            review = listed("gate.waits", waiting)
            items += [about_item(found.note, run_dir.name, found.sure, review)]
            if formats:
                items += drawn_items(found, items, place / "drawn", institution, formats)
            items += [
                gate.refuse(each, why=Message("gate.notebook"))
                for each in NOTEBOOKS
                if (run_dir / each).is_file()
            ]
            decided = decisions(items, decision or Decision(), known, name)
            page = run_dir / "review" / "review.html"
            done = Release(run_dir / "release", tuple(items), decided, found.tables, rule, page)
            written = [item for item in items if done.leaves(item)]
            for item in written:
                gate.write_released(item, place / "out", accepted=item.name in decided)
            line = append(known, register_line(name, done, found, written))
            write_decided(done, line, review_page(done, found.note), place)
            replace_folder(place / "review", page.parent)
            replace_folder(place / "out", done.folder)
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
        manifest: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError:
        manifest = {}
    if not isinstance(manifest, dict) or not manifest:
        raise DataError(f"{path} is damaged: run the study again")
    if manifest.get("status") == "finished" and manifest.get("results_version") != VERSION:
        raise DataError(
            f"{run_dir.name} was made by an earlier version of evalml: its tables do not say all "
            f"that the gate judges: run the study again (`evalml run {run_dir.parent.name}`) and "
            f"release the new run"
        )
    if "extract" in (manifest.get("moved") or ()):
        raise PrivacyError(
            f"the extract changed while {run_dir.name} ran: its numbers are of no one extract; "
            f"run the study again"
        )
    return manifest


def lines_expected(root: Path, run_dir: Path) -> dict[str, str]:
    """Return the line of the register that each other release under a root says it wrote."""
    found = {}
    for path in sorted(root.glob(f"*/*/release/{RECORD}")):
        line = json.loads(path.read_text(encoding="utf-8")).get("line")
        if line and path.parents[1].resolve() != run_dir.resolve():
            found[f"{path.parts[-4]}/{path.parts[-3]}"] = str(line)
    return found


def judged_run(
    run_dir: Path, rule: DisclosureRule, register: Register, manifest: Mapping[str, Any]
) -> JudgedRun:
    """Return the tables that may leave, and which of them somebody must look at first."""
    meta = read_meta(run_dir / "results")
    labelled = {key: str(meta.get(key) or "") for key in ("territory_label", "period_label")}
    words_only = {"programme": meta.get("programme"),
                  "territory": {"structure": ["|".join(labelled.values())]}}  # fmt: skip
    study = dict(meta.get("definition") or manifest.get("parameters") or words_only)
    numbers = declared_numbers(study)
    lang = str(meta.get("language") or "fr")
    labels = labels_of_study(meta, lang)
    inside = masked_tables(read_results(run_dir / "results"), rule.threshold, lang, labels)
    tables, system = judge(inside, rule, meta.get("primary"), numbers)
    populations = {
        each: {place[0] for key in keys for place in system.places[key]}
        for each, keys in populations_of(system, study).items()
    }
    frames = {**inside, **{key: judged.frame for key, judged in tables.items()}}
    programme = str(study.get("programme"))
    frames["published"] = ours_again(frames["published"], frames["effects"], programme)
    frames["checks"] = without_masked(frames["checks"], frames["effects"])
    frames = tables_in_words(frames, lang, labels)
    frames["checks"] = silence(frames["checks"], frames["effects"], tables.get("checks"))
    in_words = meta_in_words(meta, lang)
    if not passes(in_words["title"], numbers):
        plain = [in_words.get(key) for key in ("programme", "territory_label", "period_label")]
        in_words["title"] = " – ".join(str(each) for each in plain if each)
    level = certainty_of(inside, meta).level
    note = Note(frames, in_words, lang, rule.threshold, rule.rounding, level)
    sure = [
        Certainty(within.level, leaves.grounds)
        for within, leaves in zip(
            certainty_of_each(inside, meta), certainty_of_each(frames, meta), strict=True
        )
    ]
    lines = compared(populations, register, rule)
    return JudgedRun(note, tables, lines, partial(write_from, note), sure)


def compared(
    populations: Mapping[Population, Iterable[str]], register: Register, rule: DisclosureRule
) -> dict[str, dict[Population, Message | None]]:
    """Return the populations of each table, and why they must wait: never by which difference."""
    near = too_near(populations, register.populations(), rule)
    found: dict[str, dict[Population, Message | None]] = {}
    for each, tables in populations.items():
        programme, _, arm = each.arm.rpartition(" ")
        values: Values = {
            "release": Name("text", str(near.get(each))),
            "arm": Name("arms", arm),
            "of": Names((Name("text", programme), *(Name("level", t) for t in each.traits))),
        }
        why = Message("gate.near", values) if each in near else None
        for name in tables:
            found.setdefault(name, {})[each] = why
    return found


def judged_activity(
    run_dir: Path, rule: DisclosureRule, register: Register, manifest: Mapping[str, Any]
) -> JudgedRun:
    """Return the annex of a year as it may leave: whole rows first, then breakdowns.

    Raises:
        DataError: The run has no record of what it was asked, or of its extract.
    """
    from evalml.report.annex.content import counted, released_annex
    from evalml.report.annex.pages import write_annex

    inside, annex = released_annex(run_dir, rule, manifest)
    populations = dict.fromkeys(counted(inside, annex), ("annexe",))
    frame, before = annex_table(annex), annex_table(inside)
    gone = np.flatnonzero(frame["value"].isna() & before["value"].notna())
    euros = frame["kind"] == "euros"
    absent = {(int(at), "value"): UNJUDGED if euros[at] else SMALL for at in gone}
    source = annex.source
    meta = {"study": run_dir.parent.name, "title": source.title, "synthetic": source.synthetic,
            "programme": "", "extract_name": source.extract, "extraction_date": source.vintage,
            "language": "fr"}  # fmt: skip
    return JudgedRun(
        Note({"annexe": frame}, meta, "fr", rule.threshold, rule.rounding),
        {"annexe": Judged(frame, before, absent)}, compared(populations, register, rule),
        lambda place, by, kinds: write_annex(annex, place, formats=kinds, institution=by),
    )  # fmt: skip


def silence(checks: pd.DataFrame, effects: pd.DataFrame, judged: Judged | None) -> pd.DataFrame:
    """Return the checks without what tells a blinded effect, or speaks of everybody."""
    absent = judged.absent if judged else {}
    found = [hides(check, effects) or (at, "finding") in absent
             for at, check in enumerate(rows_of(checks))]  # fmt: skip
    hidden = pd.Series(found, checks.index, "bool")
    texts = {c: checks[c].mask(hidden, "") for c in ("sentence", "finding", "values")}
    value = checks["value"].astype("float64").mask(hidden)
    return checks.assign(
        **texts, value=value, passed=checks["passed"].astype("object").where(~hidden, None)
    )


def table_items(found: JudgedRun, rule: DisclosureRule) -> Items:
    """Put every table of a run through the gate."""
    return [
        gate.pass_table(
            found.note.frames[name], sheet_text(found.note.frames[name]),
            name=f"tables/{name}.csv", threshold=rule.threshold, hidden=len(judged.absent),
            review=distinct(found.lines.get(name, {}).values()),
            notes=listed("gate.inside", judged.left_out),
        )
        for name, judged in found.tables.items()
    ]  # fmt: skip


def distinct(reasons: Iterable[Message | None]) -> tuple[Message, ...]:
    """Return the reasons that are there, each once."""
    found: list[Message] = []
    for reason in reasons:
        if reason is not None and reason not in found:
            found.append(reason)
    return tuple(found)


def listed(key: str, found: Sequence[str]) -> tuple[Message, ...]:
    """Return a reason that names what it bears on, nothing where it bears on nothing."""
    return (Message(key, {"names": names("text", found)}),) if found else ()


def drawn_items(
    found: JudgedRun, tables: Items, place: Path, by: Institution | None, kinds: Sequence[str]
) -> Items:
    """Draw figures and note again from released tables; they wait where one of those waits."""
    failed = [item.name for item in tables if item.status == gate.FAIL]
    if failed:
        return [gate.refuse("note", why=listed("gate.stays", failed)[0])]
    waiting = [item.name for item in tables if item.status == gate.REVIEW]
    review = listed("gate.waits", waiting)
    place.mkdir(parents=True)
    found.draw(place, by, kinds)
    why = Message("gate.drawn")
    return [
        gate.pass_file(str(path.relative_to(place)), path.read_bytes(), why=why, review=review)
        for path in sorted(place.rglob("*")) if path.is_file() and path.suffix != ".md"
    ]  # fmt: skip


def decisions(
    items: Items, decision: Decision, register: Register, release: str
) -> dict[str, Mapping[str, str]]:
    """Return what is decided of each output under review.

    A decision of before holds as long as the output is the same to the byte.

    Raises:
        PrivacyError: A decision names no output under review, or lacks a name or a reason.
    """
    waiting = {item.name: item.sha256 for item in items if item.status == gate.REVIEW}
    before = {name: entry for line in register.lines if line["release"] == release
              for name, entry in line["decisions"].items()}  # fmt: skip
    decided = {
        name: entry for name, entry in before.items() if entry["sha256"] == waiting.get(name)
    }
    for word, patterns in (("accepted", decision.accept), ("refused", decision.refuse)):
        for pattern in patterns:
            names = [name for name in waiting if fnmatch(name, pattern)]
            if not names:
                hint = nearest(pattern, waiting) if waiting else "nothing waits for a review"
                raise PrivacyError(f"'{pattern}' is no output under review: {hint}")
            if not decision.by.strip() or not decision.why.strip():
                raise PrivacyError(
                    f"to decide of '{pattern}' takes a name (--by) and a reason (--why)"
                )
            entry = {"decision": word, "by": decision.by, "why": decision.why}
            decided |= {name: {**entry, "sha256": waiting[name]} for name in names}
    return decided


def register_line(name: str, done: Release, found: JudgedRun, written: Items) -> dict[str, Any]:
    """Return the line of the register: what leaves, of whom, by which rule, who decided."""
    outputs = {item.name: item.sha256 for item in written}
    whole = [each for table, populations in found.lines.items()
             if f"tables/{table}.csv" in outputs for each in populations]  # fmt: skip
    return {
        "release": name,
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "rule": {"threshold": done.rule.threshold, "rounding": done.rule.rounding},
        "populations": [asdict(each) for each in dict.fromkeys(whole)],
        "outputs": outputs,
        "decisions": done.decided,
    }


def write_decided(done: Release, line: str, page: str, place: Path) -> None:
    """Write the decision on every output, which leaves, and what a person must see to decide."""
    outputs = [
        {"name": item.name, "status": item.status, "leaves": done.leaves(item),
         "reasons": item.said("en"), "decision": done.decided.get(item.name),
         "absent_cells": item.hidden, "rows": item.rows,
         "sha256": item.sha256 if item.content else None}
        for item in done.items
    ]  # fmt: skip
    decided = {"outputs": outputs, "rounding": done.rule.rounding, "threshold": done.rule.threshold}
    text = json.dumps({**decided, "line": line}, ensure_ascii=False, indent=2) + "\n"
    files = {place / "out" / RECORD: text, place / "review" / done.page.name: page}
    for path, content in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    for item in done.items:
        if item.status == gate.REVIEW:
            gate.write_released(item, place / "review" / "waiting", accepted=True)


def replace_folder(new: Path, old: Path) -> None:
    """Put a folder in the place of another: a reader sees one or the other."""
    aside = old.with_name(f".release-old-{old.name}")
    if old.exists():
        old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside, ignore_errors=True)
