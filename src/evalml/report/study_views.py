"""What a notebook displays of the power of a study, and of its secondary analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.report.blinding import BLINDED, mask_blinded
from evalml.report.note import note_of
from evalml.report.note_text import Note, cannot, lessons, title
from evalml.report.protect import protect_results
from evalml.report.results import rows_of
from evalml.report.tables import INSTRUMENT
from evalml.report.views import Shown
from evalml.report.words import method_inside, outcome_label
from evalml.typography import count_text, effect_number, effect_text, level_text, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from evalml.report.results import Frames
    from evalml.study import Study

HIDDEN, SECRET = "masqué", "secret"
TOLD = ("effects", "checks", "costs")
"""Tables that the answer and the limits are told from."""


def shown_power(power: pd.DataFrame, study: Study) -> Shown:
    """Return the smallest effect each outcome could show, as a reader sees it.

    Args:
        power: What `power_table` returned.
        study: Says the smallest count that may be shown.
    """
    safe = protect_results({"power": power}, study.checks.minimum_count)["power"]
    rows = [_power_line(row) for row in rows_of(safe)]
    columns = [
        "résultat",
        "entrants",
        "missions locales",
        "niveau sans le programme",
        "part expliquée",
        "plus petit effet visible",
    ]
    return Shown(pd.DataFrame(rows, columns=columns))


def _power_line(row: Any) -> list[str]:
    share = row.unit == "points"
    unit, scale = ("proportion", 100) if share else (str(row.unit), 1)
    return [
        outcome_label(str(row.outcome), row.horizon_months, "fr", {row.outcome: row.label}),
        count_text(row.n_treated, "fr", hidden=SECRET),
        number(float(row.clusters), 0),
        level_text(row.baseline / scale, unit, "fr"),
        f"{number(100 * float(row.r_squared), 0)} %",
        effect_text(row.detectable / scale, unit, "fr").lstrip("+"),
    ]


def shown_secondary(
    results: Frames, labels: Mapping[str, str] | None = None, method: str = ""
) -> Shown:
    """Return the effects of the secondary analyses, as a reader sees them.

    Args:
        results: What `gather` returned.
        labels: French labels of the outcomes.
        method: The primary method, to show it (and what an instrument gives) alone; an analysis
            whose effects are all masked is one line.
    """
    if "secondary" not in results or not len(results["secondary"]):
        return Shown(pd.DataFrame())
    frame = mask_blinded(results["secondary"])
    frame = frame[frame["method"].isin([*INSTRUMENT, method])] if method else frame
    masked = frame["status"] == BLINDED
    whole = masked.groupby(frame["analysis"]).transform("all")
    frame = frame[~(whole & frame["analysis"].duplicated())]
    rows = [_secondary_line(row, dict(labels or {})) for row in rows_of(frame)]
    repeated = frame["analysis"] == frame["analysis"].shift()
    rows = [["", *row[1:]] if again else row for row, again in zip(rows, repeated, strict=True)]
    columns = [
        "analyse", "résultat", "méthode", "effet", "intervalle à 95 %", "entrants", "comparaison",
    ]  # fmt: skip
    return Shown(pd.DataFrame(rows, columns=columns))


def _secondary_line(row: Any, labels: dict[str, str]) -> list[str]:
    hidden = row.status == BLINDED or pd.isna(row.estimate)
    effect = HIDDEN if hidden else effect_text(row.estimate, row.unit, "fr")
    ends = (
        ""
        if hidden
        else " ; ".join(effect_number(end, row.unit, "fr") for end in (row.ci_low, row.ci_high))
    )
    return [
        str(row.title),
        outcome_label(str(row.outcome), row.horizon_months, "fr", labels),
        method_inside(str(row.method), "fr"),
        effect,
        ends,
        count_text(row.n_treated, "fr", hidden=SECRET),
        count_text(row.n_comparison, "fr", hidden=SECRET),
    ]


class Sentences:
    """Sentences as a reader sees them, in Markdown."""

    __slots__ = ("lines", "listed")

    def __init__(self, lines: list[str], *, listed: bool) -> None:
        self.lines, self.listed = lines, listed

    def _repr_markdown_(self) -> str:
        """Return the sentences, as a list or as paragraphs."""
        return "\n".join(f"- {x}" for x in self.lines) if self.listed else "\n\n".join(self.lines)

    def __repr__(self) -> str:
        """Give the number of sentences only."""
        return f"Sentences({len(self.lines)} sentences)"


def shown_limits(results: Frames, meta: Mapping[str, Any], study: Study) -> Sentences:
    """Return what the design cannot show, as the note says it.

    Args:
        results: What `gather` returned.
        meta: What `note_meta` returned.
        study: Says the smallest count that may be shown.
    """
    note = _note(results, meta, study)
    return Sentences([note.told(each) for each in cannot(note)], listed=True)


def shown_answer(results: Frames, meta: Mapping[str, Any], study: Study) -> Sentences:
    """Return the verdict, as the note says it.

    Args:
        results: What `gather` returned.
        meta: What `note_meta` returned.
        study: Says the smallest count that may be shown.
    """
    note = _note(results, meta, study)
    leads = note.text["leads"]
    sentences = [f"**{leads[key]}** {text}" for key, text in lessons(note)]
    certain = note.say(note.text["certain"], level=note.text["certainty"][note.certainty.level])
    return Sentences([f"**{note.told(title(note))}**", *sentences, f"**{certain}**"], listed=False)


def _note(results: Frames, meta: Mapping[str, Any], study: Study) -> Note:
    tables = {name: results[name] for name in TOLD if name in results}
    return note_of(tables, meta, study.language, study.checks.minimum_count)
