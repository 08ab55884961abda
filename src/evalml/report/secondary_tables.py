"""The tables of the note on secondary analyses, and on what the study could see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.report.blinding import BLINDED
from evalml.report.markdown import bullets, md, table
from evalml.report.note_text import effect_cells
from evalml.report.results import rows_of
from evalml.report.words import method_inside, outcome_label
from evalml.typography import count_text, level_text, number

if TYPE_CHECKING:
    from typing import Any

    from evalml.report.note_text import Note

INSTRUMENT = ("iv", "reduced_form")
"""What an analysis by instrument gives, whatever the method of the study."""


def secondary_table(note: Note, *, main: bool = True) -> str:
    """Return the effects of the secondary analyses; empty where there is none.

    Args:
        note: The note.
        main: The primary outcome by the primary method; the rest otherwise.
    """
    frame = note.frames["secondary"]
    rows = frame[on_main(note, frame) == main] if len(frame) else frame
    if not len(rows):
        return ""
    columns = note.text["secondary_columns"]
    caption = note.text["secondary_caption" if main else "secondary_rest_caption"]
    lines, last = [], ""
    for row in rows_of(rows):
        lines.append(_line(note, row, title=row.analysis != last))
        last = row.analysis
    return table(columns, lines, caption, widths=[27, 21, 17, 13, 17, 16, 11], align="lllrrrl")


def on_main(note: Note, frame: pd.DataFrame) -> pd.Series:
    """Return which rows are of the primary outcome, by the primary method or by an instrument."""
    primary = note.primary
    methods = {primary.get("method"), *INSTRUMENT}
    return (frame["outcome"] == primary.get("outcome")) & frame["method"].isin(methods)


def _line(note: Note, row: Any, *, title: bool) -> list[str]:
    mark = note.text["suppressed"]
    label = outcome_label(str(row.outcome), row.horizon_months, note.lang, note.labels)
    counts = [count_text(n, note.lang, hidden=mark) for n in (row.n_treated, row.n_comparison)]
    return [
        md(str(row.title), note.lang) if title else "",
        md(label, note.lang),
        md(method_inside(str(row.method), note.lang), note.lang),
        *effect_cells(note, row),
        " / ".join(counts),
        note.text["statuses"][row.status],
    ]


def secondary_reasons(note: Note) -> str:
    """Return why the main effects of secondary analyses are masked, once per reason."""
    frame = note.frames["secondary"]
    if not len(frame):
        return ""
    hidden = frame[on_main(note, frame) & (frame["status"] == BLINDED) & (frame["reason"] != "")]
    told = hidden.drop_duplicates(["analysis", "reason"])
    lines = [
        note.say(
            note.text["secondary_reason"],
            title=md(str(row.title), note.lang),
            reason=md(str(row.reason), note.lang),
        )
        for row in rows_of(told)
    ]
    return bullets(lines) if lines else ""


def power_table(note: Note) -> str:
    """Return the smallest effect each outcome could show; empty where it was not foreseen."""
    frame = note.frames["power"]
    if not len(frame):
        return ""
    mark, rows = note.text["suppressed"], []
    for row in rows_of(frame):
        share = row.unit == "points"
        unit = "proportion" if share else str(row.unit)
        values = [v / 100 if share else v for v in (row.baseline, row.detectable)]
        level, smallest = (
            mark if pd.isna(value) else level_text(value, unit, note.lang) for value in values
        )
        rows.append(
            [
                md(outcome_label(row.outcome, row.horizon_months, note.lang, note.labels)),
                count_text(row.n_treated, note.lang, hidden=mark),
                number(float(row.clusters), 0, note.lang),
                level,
                smallest.replace("%", note.text["points"]) if share else smallest,
            ]
        )
    return table(
        note.text["power_columns"], rows, note.text["power_caption"],
        widths=[36, 14, 14, 18, 18], align="lrrrr",
    )  # fmt: skip
