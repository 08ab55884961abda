"""The tables of checks: on the primary outcome, and on the others, alike ones in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.report.markdown import md, table
from evalml.report.note_limits import check_sentence, outcomes_over
from evalml.report.results import rows_of
from evalml.report.verdict import answers, hides, on_primary
from evalml.report.words import words

if TYPE_CHECKING:
    from evalml.report.note_text import Note

Line = tuple[str, str, str]
"""Question, answer and what was seen."""


def checks_table(note: Note) -> str:
    """Return each check on the primary outcome; empty where there is none."""
    lines = [list(line) for line in check_lines(note, primary=True)]
    caption = note.text["checks_caption"]
    return table(note.text["checks_columns"], lines, caption, widths=[27, 11, 62]) if lines else ""


def other_checks_table(note: Note) -> str:
    """Return the checks on the other outcomes, question by question; empty where there is none."""
    lines = check_lines(note, primary=False)
    rows = []
    for question in dict.fromkeys(line[0] for line in lines):
        told = question
        for (asked, answer, seen), keys in lines.items():
            if asked == question:
                rows.append([told, md(outcomes_over(note, keys), note.lang), answer, seen])
                told = ""
    caption = note.text["checks_other_caption"]
    columns = note.text["checks_other_columns"]
    return table(columns, rows, caption, widths=[23, 19, 11, 47]) if rows else ""


def check_lines(note: Note, *, primary: bool | None = None) -> dict[Line, list[str]]:
    """Return the lines of a table of checks, each with the outcomes of which it is said.

    Args:
        note: The note.
        primary: Only those on the primary outcome, or only the others; all when None.
    """
    verdicts = words(note.lang)["verdicts"]
    checks = note.frames["checks"]
    if primary is not None and len(checks):
        checks = checks[on_primary(checks, note.primary) == primary]
    lines: dict[Line, list[str]] = {}
    for answer, check in zip(answers(checks), rows_of(checks), strict=True):
        said = "–" if hides(check, note.frames["effects"]) else verdict(verdicts, answer)
        line = (md(check.question, note.lang), said, check_sentence(note, check))
        lines.setdefault(line, []).append(str(check.outcome))
    return lines


def verdict(verdicts: dict[str, str], answer: str) -> str:
    """Return the answer in words; a failure stands out without colour."""
    return f"**{verdicts[answer]}**" if answer == "failed" else verdicts[answer]
