"""What the design cannot show, in sentences: checks that failed or stayed open, lasting limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.markdown import md
from evalml.report.results import rows_of
from evalml.report.verdict import answers, hides, on_primary
from evalml.report.words import outcome_label

if TYPE_CHECKING:
    from evalml.report.note_text import Note


def limits(note: Note) -> list[str]:
    """Return what the design cannot show: failed checks, open questions, the lasting limits."""
    every = note.frames["checks"]
    main = on_primary(every, note.primary)
    checks = every[main]
    lines = []
    for kind, template in (("failed", "all_failed"), ("unjudged", "all_unjudged")):
        for answer_, check in zip(answers(checks), rows_of(checks), strict=True):
            if answer_ == kind and not hides(check, note.frames["effects"]):
                question, seen = md(check.question, note.lang), check_sentence(note, check)
                lines.append(note.say(note.text[template], question=question, sentence=seen))
    lines += secondary_limits(note, every[~main])
    if not lines:
        lines.append(note.text["none_failed"])
    if note.meta.get("kind", "cohort") != "cross_section":
        lines.append(note.text["limit_declared"])
    return [*lines, note.text["limit_unmeasured"], note.text["limit_sutva"]]


def secondary_limits(note: Note, checks: pd.DataFrame) -> list[str]:
    """Return one line for each question that failed, or stayed open, on other outcomes."""
    lines = []
    kinds = note.text["kinds"]
    open_ = [not hides(check, note.frames["effects"]) for check in rows_of(checks)]
    checks = checks[pd.Series(open_, checks.index, dtype="bool")]
    found = answers(checks)
    for kind, word in kinds.items():
        rows = checks[[answer_ == kind for answer_ in found]] if len(checks) else checks
        for question in dict.fromkeys(rows["question"]):
            keys = dict.fromkeys(rows[rows["question"] == question]["outcome"])
            names = ("; " if note.lang == "en" else " ; ").join(
                key_label(key, note) for key in keys
            )
            lines.append(
                note.say(
                    note.text["all_secondary"],
                    kind=word,
                    question=md(question, note.lang),
                    outcomes=md(names, note.lang),
                )
            )
    return lines


def key_label(key: str, note: Note) -> str:
    """Return the label of an outcome key such as `emploi_m12`."""
    found = re.fullmatch(r"(.+)_m(\d+)", key)
    outcome, horizon = (found[1], int(found[2])) if found else (key, None)
    return outcome_label(outcome, horizon, note.lang, note.labels)


def check_sentence(note: Note, check: Any) -> str:
    """Return the sentence of a check, or why it is silent."""
    if hides(check, note.frames["effects"]):
        return str(note.text["checks_hidden"])
    return md(check.sentence, note.lang)
