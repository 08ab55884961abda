"""What a study says of itself to those who read its release: words and hashes, nothing counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from evalml.disclosure.gate import Released, pass_file
from evalml.report.note_text import title
from evalml.values import Message, messages_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.report.certainty import Certainty
    from evalml.report.note_text import Note

ABOUT = (
    "study", "title", "programme", "territory_label", "period_label", "synthetic",
    "extraction_date", "extract_name", "command", "commit", "hashes", "language", "primary",
    "threshold", "kind", "benchmark", "amounts_known_until", "declared", "title_en",
    "labels_en", "words",
)  # fmt: skip
"""What a study says of itself to those who read its release."""

LABELLED = ("outcome", "covariate", "arm", "subgroup", "subgroup_value")


def about_item(
    note: Note, run: str, each: Sequence[Certainty] = (), review: tuple[Message, ...] = ()
) -> Released:
    """Put what the study says of itself through the gate: words, and the hashes of the run.

    Args:
        note: The note of the released tables.
        run: Name of the run.
        each: How sure we are of each effect, in the order of `tables/effects.csv`.
        review: Why somebody must look first: it quotes tables that wait.
    """
    shown = {key: note.meta.get(key) for key in ABOUT}
    if "effects" in note.frames:  # an annex of activity has none to be sure of
        sure = note.certainty
        shown |= {"certainty": sure.level, "because": messages_text([sure.weakest.message])}
        shown["finding"] = messages_text([title(note)])
        shown["sure"] = [[one.level, messages_text([one.weakest.message])] for one in each]
    shown |= {"run": run, "minimum_count": note.threshold, "labels": used_labels(note)}
    text = json.dumps(shown, ensure_ascii=False, indent=2, default=str)
    why = Message("gate.words")
    return pass_file("study.json", f"{text}\n".encode(), why=why, review=review)


def used_labels(note: Note) -> dict[str, str]:
    """Return the labels of the names that the tables hold, and of no other."""
    names = {
        str(value)
        for frame in note.frames.values()
        for column in LABELLED
        if column in frame
        for value in frame[column].unique()
    } - {""}
    return {
        name: label
        for name, label in note.labels.items()
        if name in names or name.partition("=")[2] in names
    }
