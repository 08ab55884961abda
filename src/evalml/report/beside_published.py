"""The effects in print, and the nearest of the study, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.comparison import labels_of
from evalml.report.blinding import BLINDED
from evalml.report.markdown import md, table
from evalml.report.typography import effect_text, interval_text
from evalml.report.words import method_inside, outcome_label

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from evalml.published.evaluations import PublishedEffect
    from evalml.report.note_text import Note
    from evalml.report.results import Frames
    from evalml.study import Study

COLUMNS = ("source", "measured", "published", "ours", "alike", "differs", "read_in")
MASKED = "masqué : un contrôle décisif a échoué"
ABSENT = "non estimé par cette étude"


def beside_published(results: Frames, study: Study) -> pd.DataFrame:
    """Return each effect in print with the estimate of the study that comes closest.

    Args:
        results: What `gather` returned: effects blinded and protected.
        study: The study.
    """
    from evalml.published.evaluations import published_effects  # brings the data engine in

    rows = [
        (
            one.source, one.measured, one.value, _ours(one, results["effects"]), one.alike,
            one.differs, one.read_in,
        )
        for one in published_effects(study.programme)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ours_again(frame: pd.DataFrame, effects: pd.DataFrame, programme: str) -> pd.DataFrame:
    """Return the effects in print beside the estimates that leave: rounded, or absent."""
    if not len(frame):
        return frame
    from evalml.published.evaluations import published_effects  # brings the data engine in

    known = {(one.source, one.measured): one for one in published_effects(programme)}
    pairs = zip(frame["source"], frame["measured"], strict=True)
    told = [_ours(known[pair], effects) if pair in known else "" for pair in pairs]
    return frame.assign(ours=told)


def _ours(one: PublishedEffect, effects: pd.DataFrame) -> str:
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
    unit = str(row["unit"])
    label = outcome_label(near.outcome, near.horizon, "fr", {})
    label = label[:1].lower() + label[1:]
    method = method_inside(near.method, "fr")
    interval = interval_text(row["ci_low"], row["ci_high"], unit, "fr")
    return f"{effect_text(row['estimate'], unit, 'fr')} ({interval}) : {label}, {method}"


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
    told = between.join(each.format(source=source, read_in=read) for source, read in pairs)
    return md(note.text["published_read"].format(told=told), note.lang) if told else ""


ARMS = {
    "qpv": "quartier prioritaire",
    "treated": "Territoires ouverts",
    "comparison": "Sans l’ouverture (estimé)",
    "month_axis": "Mois depuis le premier accueil",
    "trajectories_title": "{outcome} : mois par mois depuis le premier accueil",
}


def opening_labels(names: Iterable[str]) -> dict[str, str]:
    """Return the labels of a roll-out: its arms, its axis, the traits and the outcomes.

    Args:
        names: Names of traits with their value, such as `sexe=F`.
    """
    return labels_of(names) | ARMS
