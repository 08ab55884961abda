"""Which figures a note has, and the rows of the effects that its figures and tables show."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.registry import Registry
from evalml.report.blinding import BLINDED
from evalml.report.figure_effects import Marks, plot_effects
from evalml.report.figure_population import LIMIT, plot_balance, plot_flow
from evalml.report.figure_rollout import plot_event_study
from evalml.report.figure_trajectories import Gap, plot_headline, plot_trajectories
from evalml.report.figures_style import Figure
from evalml.report.note_text import Note
from evalml.report.results import csv_text, rows_of
from evalml.report.verdict import NEVER, path_of, sign_of, subgroups_of
from evalml.typography import effect_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    tables = [csv_text(note.frames[name]) for name in DRAWN]
    rest = [dict(note.meta), note.lang, note.threshold]
    text = json.dumps([tables, rest], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFigure:
    """A figure of the note, declared with what draws it.

    Attributes:
        name: Name of its files, and of `Evaluation.figure`.
        fr: What it shows, in French.
        en: The same in English.
        draw: From a note, the language and the stamp, and the figures drawn before, to the figure;
            None where the tables leave nothing to draw.
        tables: Tables of results it is drawn from.
        place: Part of the annex it stands in; empty where the note places it by hand.
    """

    name: str
    fr: str
    en: str
    draw: Callable[[Note, dict[str, Any], dict[str, Figure]], Figure | None]
    tables: tuple[str, ...] = ()
    place: str = "others"

    @property
    def function(self) -> str:
        """Where what draws it is: `evalml.report.note_figures.effects_figure`."""
        return f"{self.draw.__module__}.{self.draw.__qualname__}"


def draw_all(note: Note) -> dict[str, Figure]:
    """Draw the figures the tables allow, by name."""
    common: dict[str, Any] = {"lang": note.lang, "synthetic": bool(note.meta.get("synthetic"))}
    figures: dict[str, Figure] = {}
    for kind in FIGURES.values():
        drawn = kind.draw(note, common, figures)
        if drawn is not None:
            figures[kind.name] = drawn
    return figures


def any_shown(effects: pd.DataFrame) -> bool:
    """Return whether some effect of a figure has a number; a figure of words only is not drawn."""
    return bool((effects["status"] != BLINDED).any())


def draw_trajectories(note: Note, common: Mapping[str, Any], *, first: bool = False) -> Figure:
    """Draw both arms on the primary outcome, or on the first there is.

    Args:
        note: The note.
        common: Language and stamp.
        first: Whether it is the picture of the first page, with the effects above the curves.
    """
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
    options: dict[str, Any] = {"unit": unit, "labels": note.labels, "masked": masked, **common}
    if first:
        return plot_headline(table, outcome, gaps_of(note, outcome), **options)
    return plot_trajectories(table, outcome, **options)


def gaps_of(note: Note, outcome: str) -> list[Gap]:
    """Return the effects kept on an outcome, with both levels, horizon by horizon."""
    effect = note.effect
    if effect is None or effect["outcome"] != outcome:
        return []
    path = path_of(note.frames["effects"], effect)
    known = path[path[["estimate", "mean_treated", "mean_comparison"]].notna().all(axis=1)]
    return [
        Gap(
            float(row.horizon_months), effect_number(row.estimate, str(row.unit), note.lang),
            float(row.mean_treated), float(row.mean_comparison), bool(sign_of(row)),
        )
        for row in rows_of(known)
    ]  # fmt: skip


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
    persons = not rolled_out(note)
    return plot_event_study(table, name, month, labels=note.labels, persons=persons, **common)


def balance_threshold(note: Note) -> float:
    """Return the threshold that the balance check used, 0.1 where there was none."""
    checks = note.frames["checks"]
    rows = checks[checks["check"] == "balance"]
    used = pd.to_numeric(rows["threshold"], errors="coerce").dropna()
    return float(used.iloc[0]) if len(used) else LIMIT


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


def trajectories_figure(note: Note, common: dict[str, Any], _: dict[str, Figure]) -> Figure | None:
    """Draw the curves of both arms month by month; None where there is nothing to draw."""
    return draw_trajectories(note, common) if len(note.frames["trajectories"]) else None


def headline_figure(note: Note, common: dict[str, Any], _: dict[str, Figure]) -> Figure | None:
    """Draw the picture of the first page; None where there is nothing to draw."""
    if not len(note.frames["trajectories"]):
        return None
    return draw_trajectories(note, common, first=True)


def effects_figure(note: Note, common: dict[str, Any], _: dict[str, Figure]) -> Figure | None:
    """Draw every effect on everybody; None where there is nothing to draw."""
    whole = drawn_effects(note)
    if not any_shown(whole):
        return None
    marks = Marks(note.meta.get("benchmark"), note.meta.get("threshold"))
    return plot_effects(whole, labels=note.labels, marks=marks, **common)


def subgroups_figure(note: Note, common: dict[str, Any], _: dict[str, Figure]) -> Figure | None:
    """Draw the effects by subgroup; None where there is nothing to draw."""
    groups = subgroups_of(note.frames["effects"], note.primary)
    if not any_shown(groups):
        return None
    return plot_effects(groups, labels=note.labels, name="subgroups", **common)


def events_figure(note: Note, common: dict[str, Any], _: dict[str, Figure]) -> Figure | None:
    """Draw the event study; None where there is nothing to draw."""
    return draw_events(note, common) if len(note.frames["event_study"]) else None


def flow_figure(note: Note, common: dict[str, Any], _: dict[str, Figure]) -> Figure | None:
    """Draw who is kept, rule by rule; None where there is nothing to draw."""
    flow = note.frames["flow"]
    return plot_flow(flow, **common) if len(flow) else None


def balance_figure(note: Note, common: dict[str, Any], _: dict[str, Figure]) -> Figure | None:
    """Draw the balance before and after adjustment; None where there is nothing to draw."""
    balance = note.frames["balance"]
    if not len(balance):
        return None
    return plot_balance(balance, threshold=balance_threshold(note), **common)


_by_hand = partial(NoteFigure, place="")
FIGURES: Registry[NoteFigure] = Registry("figure")
"""The figures of a note, in the order in which they are drawn."""
FIGURES.add(
    _by_hand(
        name="trajectories", fr="Trajectoires", en="Trajectories", draw=trajectories_figure,
        tables=("trajectories",),
    ),
    _by_hand(
        name="headline", fr="La réponse en image", en="The answer drawn", draw=headline_figure,
        tables=("trajectories", "effects"),
    ),
    _by_hand(
        name="effects", fr="Effets", en="Effects", draw=effects_figure, tables=("effects",),
    ),
    _by_hand(
        name="subgroups", fr="Sous-groupes", en="Subgroups", draw=subgroups_figure,
        tables=("effects",),
    ),
    _by_hand(
        name="event_study", fr="Étude d’événement", en="Event study", draw=events_figure,
        tables=("event_study",),
    ),
    _by_hand(name="flow", fr="Qui est retenu", en="Who is kept", draw=flow_figure,
             tables=("flow",)),
    _by_hand(name="balance", fr="Équilibre", en="Balance", draw=balance_figure,
             tables=("balance", "checks")),
)  # fmt: skip
