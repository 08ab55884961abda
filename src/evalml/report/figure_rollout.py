"""The pictures of a roll-out: the effect by half-year, and who came, wave by wave."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from evalml.codes import code_list
from evalml.errors import DataError, nearest
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
LOOK = {"before": (MUTED, "o"), "touched": (COMPARISON, "s"), "after": (TREATED, "o")}
"""Colour and marker of each phase: told apart in grey too."""
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
    return Figure(
        fig, f"event_study_{outcome}", title, _events_alt(rows, unit, lang, text), synthetic
    )


def _draw(axes: Axes, rows: pd.DataFrame, unit: str, lang: str, text: Mapping[str, str]) -> None:
    scale = unit_of(unit).scale
    for phase, (colour, marker) in LOOK.items():
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
        axes.scatter(x, y, s=26, facecolor=filled, edgecolor=colour, marker=marker, zorder=3,
                     label=text[phase])  # fmt: skip
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


def _events_alt(rows: pd.DataFrame, unit: str, lang: str, text: Mapping[str, str]) -> str:
    known = rows.dropna(subset=["estimate"])
    parts = [
        text["row"].format(
            e=int(row["event_time"]), effect=effect_text(row["estimate"], unit, lang)
        )
        for row in known.to_dict("records")
    ]
    return typeset(text["alt"].format(rows=" ".join(parts) or text["none"]), lang)


OPENING_PICTURES = {
    "demands": ("demands",),
    "take_up": ("take_up",),
    "outcome": ("outcome",),
    "observation": ("observation",),
    "composition": ("sexe", "age", "niveau_diplome", "qpv"),
    "areas": ("areas",),
}
"""Measures of `profile_areas` that each picture shows."""

TITLES = {
    "demands": "Premiers accueils de jeunes éligibles, par semestre et par vague",
    "take_up": "Part des éligibles entrés avant l’échéance principale",
    "outcome": "Résultat principal à l’échéance principale, sans ajustement",
    "observation": "Part des résultats déclarés connus à l’échéance principale",
    "composition": "Sexe, âge, diplôme et quartier des éligibles, par vague",
    "areas": "Départements de l’étude, par vague d’ouverture",
}
AXES = {"demands": "Jeunes", "take_up": "En %", "outcome": "En %", "observation": "En %"}
COLOURS = ("#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D", "#A285D1")
"""One per wave, told apart in grey by their markers too."""
MARKERS = ("o", "s", "^", "D", "v", "P")
CURVES = frozenset(AXES)


def plot_openings(profile: pd.DataFrame, picture: str, *, synthetic: bool = False) -> Figure:
    """Draw one of the pictures of a roll-out.

    Args:
        profile: What `profile_areas` returned, protected; NaN where suppressed.
        picture: One of `OPENING_PICTURES`.
        synthetic: Whether to stamp the figure.

    Raises:
        DataError: There is no such picture.
    """
    if picture not in OPENING_PICTURES:
        raise DataError(f"no picture is called '{picture}'; {nearest(picture, OPENING_PICTURES)}")
    tables = [profile[profile["measure"] == m] for m in OPENING_PICTURES[picture]]
    sizes = [max(t["group_value"].nunique(), 1) for t in tables]
    waves = list(dict.fromkeys(profile.loc[profile["measure"] == "areas", "group"]))
    curves = picture in CURVES
    with house_style():
        height = 2.9 if curves else 0.9 + 0.62 * sum(sizes) if picture != "areas" else 1.6
        fig = canvas(min(height, 8.4))
        axes = fig.subplots(len(tables), 1, squeeze=False, height_ratios=None if curves else sizes)
        for place, table in zip(axes[:, 0], tables, strict=True):
            draw = _curves if curves else _areas if picture == "areas" else _bars
            draw(place, table, waves)
        if curves:
            axes[0, 0].set_ylabel(AXES[picture])
        if picture != "areas":
            axes[0, 0].legend(frameon=False, fontsize=7, ncols=2, loc="lower left",
                              bbox_to_anchor=(0, 1.0))  # fmt: skip
        if synthetic:
            stamp(fig, "fr")
    title = typeset(TITLES[picture], "fr")
    return Figure(fig, f"openings_{picture}", title, _openings_alt(tables, picture), synthetic)


def _look(waves: list[str], wave: str) -> tuple[str, str]:
    k = waves.index(wave) % len(COLOURS)
    return COLOURS[k], MARKERS[k]


def _curves(axes: Axes, table: pd.DataFrame, waves: list[str]) -> None:
    """Draw a curve per wave over the half-years of first demand."""
    labels = sorted(set(table["group_value"]))
    for wave in waves:
        rows = table[table["group"] == wave].set_index("group_value")["value"].reindex(labels)
        colour, marker = _look(waves, wave)
        shares = rows.to_numpy("float64", na_value=np.nan)
        axes.plot(np.arange(len(labels)), shares, color=colour, marker=marker, markersize=3.5,
                  linewidth=1.2, label=typeset(wave, "fr"))  # fmt: skip
    axes.set_xticks(np.arange(len(labels)), labels, rotation=45, ha="right", fontsize=7)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(few_ticks(5))
    axes.yaxis.set_major_formatter(lambda value, _place: number(value, 0))
    axes.grid(axis="y", color=RULE, linewidth=0.4)
    bare(axes, sides=("bottom", "left"))


def _bars(axes: Axes, table: pd.DataFrame, waves: list[str]) -> None:
    """Draw, for each value, a bar per wave with its share."""
    values = list(dict.fromkeys(table["group_value"]))
    height = 0.8 / max(len(waves), 1)
    for k, wave in enumerate(waves):
        rows = table[table["group"] == wave].set_index("group_value")["value"].reindex(values)
        shares = rows.to_numpy("float64", na_value=np.nan)
        places = -np.arange(len(values), dtype="float64") + 0.4 - height * (k + 0.5)
        axes.barh(places, np.nan_to_num(shares), height=0.9 * height, color=_look(waves, wave)[0],
                  label=typeset(wave, "fr"))  # fmt: skip
        for place, share in zip(places, shares, strict=True):
            label = "secret" if np.isnan(share) else number(float(share), 0)
            axes.annotate(label, (np.nan_to_num(share), place), xytext=(3, 0), fontsize=6,
                          textcoords="offset points", va="center", color=MUTED)  # fmt: skip
    names = [fill(typeset(_value_label(table, v), "fr"), 24) for v in values]
    axes.set_yticks(-np.arange(len(values)), names)
    axes.set_xticks([])
    axes.margins(x=0.08)
    axes.tick_params(axis="y", length=0)
    bare(axes, sides=("left",))


def _value_label(table: pd.DataFrame, value: str) -> str:
    measure = str(table["measure"].iloc[0])
    if measure in {"sexe", "niveau_diplome"}:
        return code_list(measure).labels.get(value, value)
    if measure == "qpv":
        return {"oui": "En quartier prioritaire", "non": "Hors quartier prioritaire"}.get(
            value, "Quartier non connu"
        )
    return value


def _areas(axes: Axes, table: pd.DataFrame, waves: list[str]) -> None:
    """Draw how many areas opened in each wave: a count of areas names nobody."""
    counts = table.set_index("group")["value"].reindex(waves).to_numpy("float64")
    places = -np.arange(len(waves))
    axes.barh(places, counts, height=0.6, color=[_look(waves, w)[0] for w in waves])
    for place, count in zip(places, counts, strict=True):
        axes.annotate(number(float(count)), (count, place), xytext=(4, 0), fontsize=7.5,
                      textcoords="offset points", va="center")  # fmt: skip
    axes.set_yticks(places, [typeset(w, "fr") for w in waves])
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    bare(axes, sides=("left",))


def _openings_alt(tables: list[pd.DataFrame], picture: str) -> str:
    """Return the ends of each curve, or the largest values, wave by wave."""
    parts = []
    for table in tables:
        for wave, rows in table.groupby("group", sort=False):
            known = rows.dropna(subset=["value"])
            if not len(known):
                continue
            ends = known.iloc[[0, -1]] if picture in CURVES else known
            pairs = zip(ends["label"], ends["value"].astype("float64"), strict=True)
            pairs_text = ", ".join(f"{label} {number(value, 0)}" for label, value in pairs)
            parts.append(f"{wave} : {pairs_text}.")
    return typeset(f"{TITLES[picture]}. {' '.join(parts) or 'Rien à montrer.'}", "fr")
