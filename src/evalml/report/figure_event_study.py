"""The effect by half-year since the opening: flat before, whatever it is after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.report.blinding import BLINDED, outcome_key
from evalml.report.figures_style import (
    COMPARISON,
    MUTED,
    RULE,
    TREATED,
    Figure,
    bare,
    canvas,
    few_ticks,
    house_style,
    stamp,
)
from evalml.report.words import outcome_label
from evalml.typography import effect_text, number, typeset, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

PERSONS = {
    "fr": {
        "title": "{outcome} : écart entre les groupes, avant et après l’entrée",
        "axis": "Mois depuis l’entrée (milieu du trimestre)",
        "before": "avant l’entrée",
        "after": "après l’entrée",
        "alt": "Double différence par trimestre, écart au trimestre d’avant l’entrée. {rows}",
        "row": "Mois {e} : {effect}.",
    },
    "en": {
        "title": "{outcome}: gap between the arms, before and after entry",
        "axis": "Months since entry (middle of the quarter)",
        "before": "before entry",
        "after": "after entry",
        "alt": "Double difference by quarter, from the quarter before entry. {rows}",
        "row": "Month {e}: {effect}.",
    },
}
"""What a study of persons says otherwise."""
WORDS = {
    "fr": {
        "title": "{outcome} : effet par semestre depuis l’ouverture",
        "axis": "Semestre de premier accueil, compté depuis l’ouverture",
        "effect": "Effet, en {unit}",
        "before": "avant",
        "touched": "touchées en partie",
        "after": "ouvert",
        "masked": "Effets masqués : un contrôle décisif a échoué",
        "alt": "Effet par semestre, écart au dernier semestre non touché. {rows}",
        "row": "Semestre {e} : {effect}.",
        "none": "Aucun effet n’est montré.",
    },
    "en": {
        "title": "{outcome}: effect by half-year since the opening",
        "axis": "Half-year of first demand, since the opening",
        "effect": "Effect, in {unit}",
        "before": "before",
        "touched": "partly reached",
        "after": "open",
        "masked": "Effects masked: a decisive check failed",
        "alt": "Effect by half-year, from the last untouched one. {rows}",
        "row": "Half-year {e}: {effect}.",
        "none": "No effect is shown.",
    },
}
LOOK = {"before": MUTED, "touched": COMPARISON, "after": TREATED}
NUMBERS = ("estimate", "std_error", "ci_low", "ci_high")


def guard_events(events: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Return the event study without the effects of the outcomes that are blinded.

    The half-years before the opening stay: they are what a reader judges the design by.

    Args:
        events: What `event_study_table` returned.
        effects: Effects with their status.
    """
    whole = effects[(effects["subgroup"].fillna("") == "") & (effects["status"] == BLINDED)]
    pairs = zip(whole["outcome"], whole["horizon_months"], strict=True)
    hidden = {outcome_key(outcome, horizon) for outcome, horizon in pairs}
    keys = [
        outcome_key(outcome, horizon)
        for outcome, horizon in zip(events["outcome"], events["horizon_months"], strict=True)
    ]
    rows = np.isin(keys, list(hidden)) & (events["phase"] != "before").to_numpy()
    return events.assign(**{c: events[c].astype("float64").mask(rows) for c in NUMBERS})


def plot_event_study(
    events: pd.DataFrame,
    outcome: str,
    horizon: int,
    *,
    unit: str = "proportion",
    labels: Mapping[str, str] | None = None,
    lang: str = "fr",
    synthetic: bool = False,
    persons: bool = False,
) -> Figure:
    """Draw the event study of one outcome at one horizon, with 95 % intervals.

    Args:
        events: Rows of `event_study.csv`, guarded.
        outcome: Which outcome.
        horizon: Which horizon, in months.
        unit: Unit of the effect.
        labels: Labels of outcomes that the package does not know.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.
        persons: Whether time is counted in months since each person's entry.
    """
    rows = events[(events["outcome"] == outcome) & (events["horizon_months"] == horizon)]
    rows = rows.sort_values("event_time")
    text = WORDS[lang] | (PERSONS[lang] if persons else {})
    with house_style():
        fig = canvas(2.9)
        axes = fig.subplots()
        _draw(axes, rows, unit, lang, text)
        if synthetic:
            stamp(fig, lang)
    name = outcome_label(outcome, horizon, lang, dict(labels or {}))
    title = typeset(text["title"].format(outcome=name), lang)
    return Figure(fig, f"event_study_{outcome}", title, _alt(rows, unit, lang, text), synthetic)


def _draw(axes: Axes, rows: pd.DataFrame, unit: str, lang: str, text: Mapping[str, str]) -> None:
    scale = unit_of(unit).scale
    for phase, colour in LOOK.items():
        part = rows[rows["phase"] == phase]
        if not len(part):
            continue
        x = part["event_time"].to_numpy("float64")
        y, low, high = (
            part[c].to_numpy("float64", na_value=np.nan) * scale
            for c in ("estimate", "ci_low", "ci_high")
        )
        axes.vlines(x, low, high, color=colour, linewidth=1.4)
        filled = colour if phase == "after" else "white"
        axes.scatter(x, y, s=26, facecolor=filled, edgecolor=colour, zorder=3, label=text[phase])
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.axvline(-0.5, color=RULE, linewidth=1.0, linestyle=(0, (4, 3)))
    if rows.loc[rows["phase"] == "after", "estimate"].isna().all():
        axes.text(0.98, 0.06, text["masked"], transform=axes.transAxes, ha="right", fontsize=8,
                  color=MUTED, style="italic")  # fmt: skip
    axes.set_xlabel(typeset(text["axis"], lang))
    many = unit_of(unit).many if lang == "fr" else unit_of(unit).english[0]
    axes.set_ylabel(text["effect"].format(unit=many))
    axes.xaxis.set_major_locator(few_ticks(14))
    axes.yaxis.set_major_locator(few_ticks(6))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _place: number(value, 0, lang))
    axes.legend(frameon=False, fontsize=7.5, ncols=3, loc="upper left", bbox_to_anchor=(0, 1.1))
    axes.grid(axis="y", color=RULE, linewidth=0.4)
    bare(axes)


def _alt(rows: pd.DataFrame, unit: str, lang: str, text: Mapping[str, str]) -> str:
    known = rows.dropna(subset=["estimate"])
    parts = [
        text["row"].format(
            e=int(row["event_time"]), effect=effect_text(row["estimate"], unit, lang)
        )
        for row in known.to_dict("records")
    ]
    return typeset(text["alt"].format(rows=" ".join(parts) or text["none"]), lang)
