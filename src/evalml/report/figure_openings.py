"""The pictures of a roll-out: who came, who entered, who is seen, wave by wave."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from evalml.codes import code_list
from evalml.errors import DataError, nearest
from evalml.report.figures_style import (
    MUTED,
    RULE,
    Figure,
    bare,
    canvas,
    few_ticks,
    house_style,
    stamp,
)
from evalml.typography import number, typeset

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

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
    return Figure(fig, f"openings_{picture}", title, _alt(tables, picture), synthetic)


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


def _alt(tables: list[pd.DataFrame], picture: str) -> str:
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
