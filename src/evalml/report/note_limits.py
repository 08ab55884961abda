"""What the design cannot show, in sentences: checks that failed or stayed open, lasting limits."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.markdown import md
from evalml.report.results import rows_of
from evalml.report.verdict import answers, hides, on_primary
from evalml.report.words import outcome_label, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    if known_until := note.meta.get("amounts_known_until"):
        day = dt.date.fromisoformat(str(known_until)).strftime("%d/%m/%Y")
        lines.append(note.say(note.text["limit_amounts"], day=day))
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
            names = outcomes_over(note, rows[rows["question"] == question]["outcome"])
            lines.append(
                note.say(
                    note.text["all_secondary"],
                    kind=word,
                    question=md(question, note.lang),
                    outcomes=md(names, note.lang),
                )
            )
    return lines


def outcomes_over(note: Note, keys: Iterable[str]) -> str:
    """Return what keys such as `emploi_m6` say: `En emploi à 6 et 12 mois ; En formation à 6 mois`.

    Args:
        note: The note.
        keys: Keys of outcomes, with or without their horizon.
    """
    months: dict[str, list[float]] = {}
    for key in dict.fromkeys(keys):
        outcome, _, month = key.rpartition("_m")
        timed = bool(outcome) and month.isdigit()
        months.setdefault(outcome if timed else key, []).extend([float(month)] if timed else [])
    names = [outcome_over(note, key, sorted(at)) for key, at in months.items() if key]
    return ("; " if note.lang == "en" else " ; ").join(names)


def outcome_over(note: Note, outcome: str, months: Sequence[Any]) -> str:
    """Return an outcome and its horizons: `En emploi durable à 6 et 12 mois`."""
    if len(months) < 2:  # noqa: PLR2004 - one horizon, or none
        return outcome_label(outcome, months[0] if months else None, note.lang, note.labels)
    each = [f"{float(month):.0f}" for month in months]
    told = note.text["and"].format(first=", ".join(each[:-1]), last=each[-1])
    name = outcome_label(outcome, None, note.lang, note.labels)
    return note.say(str(words(note.lang)["outcome_horizon"]), outcome=name, horizon=told)


def check_sentence(note: Note, check: Any) -> str:
    """Return the sentence of a check, or why it is silent."""
    if hides(check, note.frames["effects"]):
        return str(note.text["checks_hidden"])
    return md(check.sentence, note.lang)
