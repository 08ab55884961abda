"""How alike the two groups are before and after adjustment (a love plot)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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
    name_line,
    stamp,
)
from evalml.report.results import complete_table
from evalml.report.words import plural, words
from evalml.typography import number, typeset

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FINE = 0.5
"""Up to this end of the axis, its ticks need two decimals."""

LIMIT = 0.1
MOST_DRAWN = 24


def plot_balance(
    balance: pd.DataFrame,
    *,
    threshold: float = LIMIT,
    lang: str = "fr",
    synthetic: bool = False,
) -> Figure:
    """Draw the absolute standardised difference of each covariate, before and after.

    Args:
        balance: `covariate, label, smd_before, smd_after, ...`.
        threshold: Where the line stands.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.

    Returns:
        The figure and its alternative text.
    """
    text = words(lang)["figures"]["balance"]
    table = ordered(complete_table("balance", balance))
    drawn = table.head(MOST_DRAWN)
    with house_style():
        fig = canvas(0.95 + 0.2 * max(len(drawn), 3))
        axes = fig.subplots()
        draw_pairs(axes, drawn, threshold, lang)
        if len(table) > len(drawn):
            fig.supxlabel(rest_text(table, lang), fontsize=7.5, color=MUTED)
        if synthetic:
            stamp(fig, lang)
    over = int((table["smd_after"] > threshold).sum())
    known = len(table) and table["smd_after"].notna().any()
    title = plural(text["found"], over) if known else text["title"]
    caption = typeset(title.format(threshold=number(threshold, 1, lang)), lang)
    return Figure(fig, "balance", caption, balance_alt(table, threshold, lang), synthetic)


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the covariates from the most to the least unbalanced, ties by name."""
    size = table[["smd_before", "smd_after"]].astype("float64").abs()
    before = size["smd_before"].fillna(0.0)
    return (
        table.assign(smd_before=size["smd_before"], smd_after=size["smd_after"], order_=before)
        .sort_values(["order_", "covariate"], ascending=[False, True], ignore_index=True)
        .drop(columns="order_")
    )


def draw_pairs(axes: Axes, table: pd.DataFrame, threshold: float, lang: str) -> None:
    """Draw hollow before, filled after, joined by a thin line, and name the two on the first."""
    text = words(lang)["figures"]["balance"]
    place = -np.arange(len(table), dtype="float64")
    before = table["smd_before"].to_numpy("float64")
    after = table["smd_after"].to_numpy("float64")
    axes.hlines(place, np.fmin(before, after), np.fmax(before, after), color=RULE, linewidth=1)
    marks: dict[str, Any] = {"s": 26, "clip_on": False}  # at zero, whole and not a half
    axes.scatter(before, place, facecolor="white", edgecolor=COMPARISON, zorder=3,
                 label=text["before"], **marks)  # fmt: skip
    axes.scatter(after, place, marker="D", color=TREATED, zorder=4, label=text["after"], **marks)
    axes.axvline(threshold, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    limit = text["limit"].format(threshold=number(threshold, 1, lang))
    name_line(axes, threshold, limit, MUTED)
    names = [
        typeset(label or covariate.replace("_", " "), lang)
        for label, covariate in zip(table["label"], table["covariate"], strict=True)
    ]
    axes.set_yticks(place, names)
    axes.set_ylim(-len(table) + 0.4, 0.6)
    widest = max(float(np.nanmax(np.r_[before, after, threshold * 1.6])) * 1.08, 0.2)
    axes.set_xlim(-0.03 * widest, widest)  # a marker at zero stands clear of its label
    axes.set_xlabel(text["axis"])
    places = 1 if axes.get_xlim()[1] > FINE else 2
    axes.xaxis.set_major_locator(few_ticks(8))
    axes.xaxis.set_major_formatter(lambda value, _place: number(value, places, lang))
    axes.tick_params(axis="y", length=0)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=8,
        handletextpad=0.3, borderaxespad=0,
    )  # fmt: skip
    bare(axes)


def rest_text(table: pd.DataFrame, lang: str) -> str:
    """Return how many covariates are not drawn, and the largest of them after adjustment."""
    rest = table.iloc[MOST_DRAWN:]
    sentence = str(words(lang)["figures"]["balance"]["rest"])
    half = rest["step_smd"].max() / 2 if "step_smd" in rest else 0.0
    above = max(np.ceil(round(float(rest["smd_after"].max() + half) * 100, 6)) / 100, 0.01)
    largest = number(above, 2, lang)
    return typeset(sentence.format(n=len(rest), largest=largest), lang)


def difference_text(value: float, lang: str) -> str:
    """Return a standardised difference with two decimals, three where two would say zero."""
    return number(value, 2 if abs(value) >= 0.005 else 3, lang)  # noqa: PLR2004


def balance_alt(table: pd.DataFrame, threshold: float, lang: str) -> str:
    """Return what the love plot shows, in a sentence."""
    text = words(lang)["figures"]["balance"]
    over = int((table["smd_after"] > threshold).sum())
    sentence = text["alt"].format(
        n=len(table),
        before=difference_text(table["smd_before"].max(), lang),
        after=difference_text(table["smd_after"].max(), lang),
        over=plural(text["over"], over),
        threshold=number(threshold, 1, lang),
    )
    return typeset(sentence, lang)
