"""The effects in print, and the nearest of the study, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.comparison import labels_of
from evalml.report.blinding import BLINDED
from evalml.report.markdown import md, table
from evalml.report.sentences import PRINTED
from evalml.results import RESULT_TABLES
from evalml.values import Estimate, Interval, Message, Name, messages_text
from evalml.words import render, section_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.published.read import InEnglish, PublishedEffect
    from evalml.report.note_text import Note
    from evalml.report.results import Frames
    from evalml.study import Study
    from evalml.values import Values

MASKED, ABSENT = Message("published.masked"), Message("published.absent")


def beside_published(results: Frames, study: Study) -> pd.DataFrame:
    """Return each effect in print with the estimate of the study that comes closest.

    Args:
        results: What `gather` returned: effects blinded and protected.
        study: The study.
    """
    from evalml.published.read import published_effects  # brings the data engine in

    rows = []
    for one in published_effects(study.programme):
        ours = _ours(one, results["effects"])
        own = {"ours": render(ours, "fr"), "words": messages_text([ours])}
        english = {f"{name}_en": text for name, text in _printed(one.en).items()}
        rows.append(_printed(one) | own | english)
    names = [*RESULT_TABLES["published"].needed, "words", *(f"{name}_en" for name in PRINTED)]
    return pd.DataFrame(rows, columns=names)


def ours_again(frame: pd.DataFrame, effects: pd.DataFrame, programme: str) -> pd.DataFrame:
    """Return the effects in print beside the estimates that leave: rounded, or absent."""
    if not len(frame):
        return frame
    from evalml.published.read import published_effects  # brings the data engine in

    known = {(one.source, one.measured): one for one in published_effects(programme)}
    pairs = zip(frame["source"], frame["measured"], strict=True)
    found = [[_ours(known[pair], effects)] if pair in known else [] for pair in pairs]
    return frame.assign(ours="", words=[messages_text(each) for each in found])


def _printed(one: PublishedEffect | InEnglish) -> dict[str, str]:
    return {
        "source": one.source,
        "measured": one.measured,
        "published": one.value,
        "alike": one.alike,
        "differs": one.differs,
        "read_in": one.read_in,
    }


def _ours(one: PublishedEffect, effects: pd.DataFrame) -> Message:
    near = one.nearest
    rows = effects[
        (effects["subgroup"].fillna("") == "")
        & (effects["method"] == near.method)
        & (effects["outcome"] == near.outcome)
        & (pd.to_numeric(effects["horizon_months"], errors="coerce") == near.horizon)
    ]
    if not len(rows):
        return ABSENT
    row: Any = rows.iloc[0]
    if row["status"] == BLINDED:
        return MASKED
    if pd.isna(row["estimate"]):
        return ABSENT
    unit, n = str(row["unit"]), _smallest(row)
    values: Values = {
        "effect": Estimate(float(row["estimate"]), unit, n),
        "interval": Interval(float(row["ci_low"]), float(row["ci_high"]), unit, n),
        "outcome": Name("outcome", f"{near.outcome}_m{near.horizon}"),
        "method": Name("methods", near.method),
    }
    return Message("published.ours", values)


def _smallest(row: Any) -> int | None:
    counts = pd.to_numeric(row[["n_treated", "n_comparison"]], errors="coerce").dropna()
    return int(counts.min()) if len(counts) else None


def published_table(note: Note) -> str:
    """Return the table of the note; empty where nothing in print was read."""
    frame = note.frames["published"]
    if not len(frame):
        return ""
    shown = ["source", "measured", "published", "ours", "alike", "differs"]
    rows = [[md(str(row[c]), note.lang) for c in shown] for row in frame.to_dict("records")]
    columns, caption = note.text["published_columns"], note.text["published_caption"]
    return table(columns, rows, caption, widths=[14, 16, 14, 17, 18, 26])


def published_sources(note: Note) -> str:
    """Return what was read of each source."""
    frame = note.frames["published"]
    each, between = note.text["published_each"], "; " if note.lang == "en" else " ; "
    pairs = zip(frame["source"], frame["read_in"], strict=True)
    read = between.join(each.format(source=source, read_in=read) for source, read in pairs)
    return md(note.text["published_read"].format(told=read), note.lang) if read else ""


def opening_labels(names: Iterable[str]) -> dict[str, str]:
    """Return the labels of a roll-out: its arms, its axis, the traits and the outcomes.

    Args:
        names: Names of traits with their value, such as `sexe=F`.
    """
    return labels_of(names) | section_words("openings", "fr")
