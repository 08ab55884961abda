"""Which figures a note has, and the rows of the effects that its figures and tables show."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.codes import code_lists
from evalml.report.blinding import BLINDED
from evalml.report.figure_event_study import plot_event_study
from evalml.report.figures import (
    Figure,
    Marks,
    plot_balance,
    plot_effects,
    plot_flow,
    plot_trajectories,
)
from evalml.report.note_text import Note, balance_threshold
from evalml.report.results import csv_text
from evalml.report.verdict import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping

DRAWN = ("balance", "checks", "effects", "event_study", "flow", "trajectories")
"""Tables that the figures are drawn from."""

_LAST: dict[str, dict[str, Figure]] = {}
"""The figures drawn last: a notebook shows those that its note then holds."""


def draw(note: Note) -> dict[str, Figure]:
    """Draw the figures the tables allow, by role; the same ones as the last time if asked again."""
    key = fingerprint(note)
    if key not in _LAST:
        _LAST.clear()
        _LAST[key] = draw_all(note)
    return dict(_LAST[key])


def fingerprint(note: Note) -> str:
    """Return a hash of all that the figures of a note depend on."""
    said = [csv_text(note.frames[name]) for name in DRAWN]
    rest = [dict(note.meta), note.lang, note.threshold]
    text = json.dumps([said, rest], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def draw_all(note: Note) -> dict[str, Figure]:
    """Draw the figures the tables allow, by role."""
    frames = note.frames
    common: dict[str, Any] = {"lang": note.lang, "synthetic": bool(note.meta.get("synthetic"))}
    figures: dict[str, Figure] = {}
    if len(frames["trajectories"]):
        figures["trajectories"] = draw_trajectories(note, common)
    whole = drawn_effects(note)
    if any_shown(whole) or (len(whole) and not figures):
        marks = Marks(note.meta.get("benchmark"), note.meta.get("threshold"))
        figures["effects"] = plot_effects(whole, labels=note.labels, marks=marks, **common)
    groups = subgroup_effects(note)
    if any_shown(groups):
        figures["subgroups"] = plot_effects(groups, labels=note.labels, name="subgroups", **common)
    if len(frames["event_study"]):
        figures["event_study"] = draw_events(note, common)
    if len(frames["flow"]):
        figures["flow"] = plot_flow(frames["flow"], **common)
    if len(frames["balance"]):
        limit = balance_threshold(note)
        figures["balance"] = plot_balance(frames["balance"], threshold=limit, **common)
    return figures


def any_shown(effects: pd.DataFrame) -> bool:
    """Return whether some effect of a figure has a number; a figure of words only is not drawn."""
    return bool((effects["status"] != BLINDED).any())


def draw_trajectories(note: Note, common: Mapping[str, Any]) -> Figure:
    """Draw both arms on the primary outcome, or on the first there is."""
    table = note.frames["trajectories"]
    outcome = str(note.primary.get("outcome", ""))
    if outcome not in set(table["outcome"]):
        outcome = str(table["outcome"].iloc[0])
    effects = note.frames["effects"]
    rows = effects[(effects["outcome"] == outcome) & (effects["subgroup"] == "")]
    unit = str(rows["unit"].iloc[0]) if len(rows) else "proportion"
    shown = set(table.loc[table["outcome"] == outcome, "arm"])
    blinded = rows["status"] == BLINDED
    masked = ""
    if blinded.any() and "comparison" not in shown:
        masked = "masked" if blinded.all() else "masked_partly"
    return plot_trajectories(table, outcome, unit=unit, labels=note.labels, masked=masked, **common)


def drawn_effects(note: Note) -> pd.DataFrame:
    """Return the effects of the figure, or those of the table of a roll-out.

    An effect against never entering stands in the table, under its name: beside the others of the
    same outcome and method, the figure could not tell it apart.
    """
    effects = note.frames["effects"]
    if rolled_out(note):
        return main_effects(note)
    return effects[(effects["subgroup"] == "") & (effects["estimand"] != NEVER)]


def rolled_out(note: Note) -> bool:
    """Return whether areas opened over time in this study."""
    return note.meta.get("kind") == "rollout"


def draw_events(note: Note, common: Mapping[str, Any]) -> Figure:
    """Draw the event study of the primary outcome and horizon, or of the first there is."""
    table = note.frames["event_study"]
    outcome, horizon = note.primary.get("outcome"), note.primary.get("horizon_months")
    rows = table[(table["outcome"] == outcome) & (table["horizon_months"] == horizon)]
    first = (rows if len(rows) else table).iloc[0]
    name, month = str(first["outcome"]), int(first["horizon_months"])
    return plot_event_study(table, name, month, labels=note.labels, **common)


def subgroup_effects(note: Note) -> pd.DataFrame:
    """Return the subgroups of the primary outcome, horizon and method."""
    effects, primary = note.frames["effects"], note.primary
    rows = effects[(effects["subgroup"] != "") & (effects["outcome"] == primary.get("outcome"))]
    horizon = primary.get("horizon_months")
    months = pd.to_numeric(rows["horizon_months"], errors="coerce")
    rows = rows[months.isna() if horizon is None else months == float(horizon)]
    return in_order(rows[rows["method"] == primary.get("method")])


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return subgroups with levels in the order of their list, and no minors beside age bands."""
    variables = list(dict.fromkeys(rows["subgroup"]))
    if "tranche_age" in variables:
        variables = [name for name in variables if name != "mineur"]
    kept = rows[rows["subgroup"].isin(variables)]
    levels = code_lists()
    places = [
        (variables.index(name), levels[name].values.index(value))
        if name in levels and value in levels[name].values
        else (variables.index(name), LAST)
        for name, value in zip(kept["subgroup"], kept["subgroup_value"], strict=True)
    ]
    return kept.iloc[sorted(range(len(kept)), key=places.__getitem__)]


LAST = 99
"""Place of a level that no closed list holds: unknown, others; all keep their order there."""


def main_effects(note: Note) -> pd.DataFrame:
    """Return the rows of the table of effects: all methods, or the primary one where many."""
    effects = note.frames["effects"]
    whole = effects[effects["subgroup"] == ""]
    if note.meta.get("kind") == "cross_section":
        return whole
    chosen = whole[whole["method"] == note.primary.get("method")]
    if rolled_out(note):
        primary = whole["outcome"] == note.primary.get("outcome")
        return whole[primary | whole.index.isin(chosen.index)]
    return chosen if len(chosen) else whole
