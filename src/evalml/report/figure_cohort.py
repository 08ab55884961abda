"""The standard pictures of a cohort, drawn from protected counts; the flow has its own module."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from evalml.errors import DataError, nearest
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
from evalml.typography import number, typeset

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COHORT_PICTURES = {
    "entries": ("entries",),
    "composition": ("sexe", "age", "niveau_diplome"),
    "overlap": ("overlap",),
    "seniority": ("seniority",),
    "observation": ("observation",),
    "exposure": ("exposure",),
    "territory": ("territory",),
}
"""Measures of `profile_cohort` that each picture shows."""

TITLES = {
    "fr": {
        "entries": "Les entrées, mois par mois",
        "composition": "Sexe, âge et diplôme au temps zéro",
        "overlap": "Déjà dans un autre parcours au temps zéro",
        "seniority": "Temps écoulé depuis le premier accueil",
        "observation": "Part des mois dont la situation est connue",
        "exposure": "Dans le programme, mois par mois",
        "territory": "Les départements de la cohorte",
    },
    "en": {
        "entries": "Entries by month",
        "composition": "Sex, age and diploma at time zero",
        "overlap": "Already in another programme at time zero",
        "seniority": "Time since the first welcome",
        "observation": "Share of months with a known situation",
        "exposure": "In the programme, month by month",
        "territory": "Départements of the cohort",
    },
}
WORDS = {
    "fr": {
        "treated": "Entrants", "comparison": "Comparaison", "percent": "% du groupe",
        "count": "Entrants", "k": "Mois depuis le temps zéro", "hidden": "secret ou vide",
        "alt": "{title}. {rows}", "none": "Rien à montrer.", "at": "mois",
    },
    "en": {
        "treated": "Entrants", "comparison": "Comparison", "percent": "% of the arm",
        "count": "Entrants", "k": "Months since time zero", "hidden": "hidden or empty",
        "alt": "{title}. {rows}", "none": "Nothing to show.", "at": "month",
    },
}  # fmt: skip
CURVES = ("observation", "exposure")
"""Pictures with one curve per arm over the months since time zero."""
ARMS = {"treated": (TREATED, ""), "comparison": (COMPARISON, "////")}


def plot_cohort(
    profile: pd.DataFrame, picture: str, *, lang: str = "fr", synthetic: bool = False
) -> Figure:
    """Draw one of the standard pictures of a cohort.

    Args:
        profile: What `profile_cohort` returned, protected; NaN where suppressed.
        picture: One of `COHORT_PICTURES`.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.

    Returns:
        The figure and its alternative text.

    Raises:
        DataError: There is no such picture.
    """
    if picture not in COHORT_PICTURES:
        raise DataError(f"no picture is called '{picture}'; {nearest(picture, COHORT_PICTURES)}")
    measures = COHORT_PICTURES[picture]
    tables = [profile[profile["measure"] == measure] for measure in measures]
    sizes = [max(table["group_value"].nunique(), 1) for table in tables]
    lines = picture in {"entries", *CURVES}
    with house_style():
        fig = canvas(2.6 if lines else 0.8 + 0.36 * sum(sizes))
        ratios = None if lines else sizes
        axes = fig.subplots(len(tables), 1, squeeze=False, height_ratios=ratios)[:, 0]
        for place, table in zip(axes, tables, strict=True):
            _draw(place, table, picture, lang)
        if not lines:
            axes[-1].set_xlabel(typeset(WORDS[lang]["percent"], lang), loc="right")
        _legend(axes[0], picture, lang)
        if synthetic:
            stamp(fig, lang)
    title = typeset(TITLES[lang][picture], lang)
    return Figure(fig, f"cohort_{picture}", title, cohort_alt(tables, picture, lang), synthetic)


def _draw(axes: Axes, table: pd.DataFrame, picture: str, lang: str) -> None:
    curves = dict.fromkeys(CURVES, draw_curves)
    draw = {"entries": draw_entries, **curves}.get(picture, draw_shares)
    draw(axes, table, lang)


def draw_shares(axes: Axes, table: pd.DataFrame, lang: str) -> None:
    """Draw two bars per value, one for each arm, with its share."""
    import seaborn as sns

    labels = table.drop_duplicates("group_value").set_index("group_value")["label"]
    values = list(labels.index)
    every = pd.MultiIndex.from_product([list(ARMS), values], names=["group", "group_value"])
    shares = table.set_index(["group", "group_value"])["value"].astype("float64").reindex(every)
    sns.barplot(
        shares.fillna(0.0).reset_index(), x="value", y="group_value", hue="group", order=values,
        hue_order=list(ARMS), palette={arm: colour for arm, (colour, _) in ARMS.items()},
        saturation=1, width=0.72, errorbar=None, legend=False, ax=axes,
    )  # fmt: skip
    drawn: list[Any] = list(axes.containers)
    for bars, (arm, (colour, hatch)) in zip(drawn, ARMS.items(), strict=bool(values)):
        values_shown = [float(shares[arm, value]) for value in values]
        words = [WORDS[lang]["hidden"] if np.isnan(v) else number(v, 1, lang) for v in values_shown]
        axes.bar_label(bars, words, padding=4, fontsize=7)
        for bar in bars:
            bar.set(edgecolor=colour, hatch=hatch, linewidth=0.7)
            bar.set_facecolor("white" if hatch else colour)
    axes.set_yticks(range(len(values)), [fill(typeset(str(labels[v]), lang), 34) for v in values])
    axes.set(xlabel="", ylabel="", xticks=[])
    axes.margins(x=0.12)
    axes.tick_params(axis="y", length=0)
    bare(axes, sides=("left",))
    axes.spines["left"].set_color(RULE)


def draw_entries(axes: Axes, table: pd.DataFrame, lang: str) -> None:
    """Draw the number of entrants of each month."""
    import seaborn as sns

    rows = table[table["group"] == "treated"]
    counts = rows["numerator"].to_numpy("float64", na_value=np.nan)
    sns.barplot(
        x=np.arange(len(rows)), y=np.nan_to_num(counts), color=TREATED, saturation=1, width=0.7,
        errorbar=None, ax=axes,
    )  # fmt: skip
    step = max(len(rows) // 12, 1)
    axes.set_xticks(np.arange(0, len(rows), step), list(rows["label"])[::step], rotation=45)
    axes.yaxis.set_major_locator(few_ticks(5))
    axes.set(xlabel="", ylabel=WORDS[lang]["count"])
    bare(axes, sides=("bottom", "left"))


def draw_curves(axes: Axes, table: pd.DataFrame, lang: str) -> None:
    """Draw a share of each arm, month by month."""
    import seaborn as sns

    rows = table.assign(
        month=table["group_value"].astype("int64"),
        share=table["value"].astype("float64"),
        arm=table["group"].map(WORDS[lang]),
    )
    arms = [
        WORDS[lang][arm] for arm in ARMS if rows.loc[rows["group"] == arm, "share"].notna().any()
    ]
    colours = {WORDS[lang][arm]: colour for arm, (colour, _) in ARMS.items()}
    dashes = {WORDS[lang]["treated"]: "", WORDS[lang]["comparison"]: (4, 2)}
    sns.lineplot(
        rows[rows["arm"].isin(arms)], x="month", y="share", hue="arm", style="arm", hue_order=arms,
        style_order=arms, palette=colours, dashes=dashes, errorbar=None, ax=axes,
    )  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=0.7)
    axes.set_ylim(0, 100)
    axes.set_xlabel(typeset(WORDS[lang]["k"], lang))
    axes.set_ylabel(typeset(WORDS[lang]["percent"], lang))
    axes.xaxis.set_major_locator(few_ticks(12))
    axes.xaxis.set_major_formatter(lambda value, _place: number(value, 0, lang))
    axes.yaxis.set_major_locator(few_ticks(5))
    bare(axes, sides=("bottom", "left"))


def _legend(axes: Axes, picture: str, lang: str) -> None:
    if picture == "entries":
        return
    handles = None
    if picture not in CURVES:
        handles = [
            Patch(facecolor="white" if hatch else colour, edgecolor=colour, hatch=hatch,
                  label=WORDS[lang][arm])
            for arm, (colour, hatch) in ARMS.items()
        ]  # fmt: skip
    axes.legend(
        handles=handles, frameon=False, fontsize=7.5, loc="lower right", bbox_to_anchor=(1, 1),
        ncols=2,
    )  # fmt: skip


def cohort_alt(tables: list[pd.DataFrame], picture: str, lang: str) -> str:
    """Return what a picture shows: its largest values, or its ends, by arm."""
    text, parts = WORDS[lang], []
    column, unit = ("numerator", "") if picture == "entries" else ("value", " %")
    for table in tables:
        for arm, rows in table.groupby("group", sort=False):
            known = rows.dropna(subset=[column])
            if not len(known) or (arm == "comparison" and picture == "entries"):
                continue
            top = known.nlargest(3, column, keep="first")
            if picture in CURVES:
                top = known.iloc[sorted({0, len(known) // 2, len(known) - 1})]
                top = top.assign(label=text["at"] + " " + top["label"])
            values = ", ".join(
                f"{label} {number(float(v), 1 if unit else 0, lang)}{unit}"
                for label, v in zip(top["label"], top[column], strict=True)
            )
            parts.append(f"{text[str(arm)]} : {values}.")
    rows_text = " ".join(parts) or text["none"]
    return typeset(text["alt"].format(title=TITLES[lang][picture], rows=rows_text), lang)
