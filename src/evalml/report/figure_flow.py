"""Who is kept and who is lost at each eligibility rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.report.figures_style import (
    MUTED,
    RULE,
    TREATED,
    Figure,
    bare,
    canvas,
    house_style,
    stamp,
)
from evalml.report.results import complete_table
from evalml.report.words import words
from evalml.typography import count_text, typeset

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_flow(flow: pd.DataFrame, *, lang: str = "fr", synthetic: bool = False) -> Figure:
    """Draw one bar per eligibility rule: persons kept, persons lost.

    Args:
        flow: `rule, label, kept, lost`, in the order the rules apply; NaN where suppressed.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.

    Returns:
        The figure and its alternative text.
    """
    table = complete_table("flow", flow)
    with house_style():
        fig = canvas(0.4 + 0.4 * max(len(table), 1))
        axes = fig.subplots()
        draw_bars(axes, table, lang)
        if synthetic:
            stamp(fig, lang)
    return Figure(fig, "flow", flow_title(table, lang), flow_alt(table, lang), synthetic)


def draw_bars(axes: Axes, table: pd.DataFrame, lang: str) -> None:
    """Draw kept and lost side by side, first rule on top, each with its count."""
    place = -np.arange(len(table), dtype="float64")
    kept = table["kept"].to_numpy("float64", na_value=np.nan)
    lost = table["lost"].to_numpy("float64", na_value=np.nan)
    known = np.nan_to_num(kept)
    axes.barh(place, known, height=0.34, color=TREATED)
    axes.barh(
        place, np.nan_to_num(lost), left=known, height=0.34, color="white", edgecolor=MUTED,
        hatch="////", linewidth=0.6,
    )  # fmt: skip
    for at, label in zip(place, rule_labels(table), strict=True):
        axes.annotate(typeset(label, lang), (0.0, at + 0.22), xytext=(2, 0), fontsize=8,
                      textcoords="offset points", va="bottom", annotation_clip=False)  # fmt: skip
    for at, row in zip(place, bar_labels(table, lang), strict=True):
        axes.annotate(
            row, (1.0, at), xycoords=axes.get_yaxis_transform(), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=8, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks([])
    axes.set_ylim(-len(table) + 0.7, 0.75)
    axes.set_xlim(0, axis_end(kept, lost) * 1.01)
    axes.set_xticks([])
    bare(axes, sides=("left",))
    axes.spines["left"].set_color(RULE)


def axis_end(kept: np.ndarray, lost: np.ndarray) -> float:
    """Return the length of the longest bar."""
    return float(max(np.nanmax(np.nan_to_num(kept) + np.nan_to_num(lost), initial=0.0), 1.0))


def rule_labels(table: pd.DataFrame) -> list[str]:
    """Return the label of each rule, or its name where it has none."""
    pairs = zip(table["label"], table["rule"], strict=True)
    return [label or rule.replace("_", " ").capitalize() for label, rule in pairs]


def bar_labels(table: pd.DataFrame, lang: str) -> list[str]:
    """Return what stands at the end of each bar: persons, their possible entries, those lost."""
    text = words(lang)["figures"]["flow"]
    persons = table["kept_persons"] if "kept_persons" in table else table["kept"] * np.nan
    rows = []
    for kept, lost, people in zip(table["kept"], table["lost"], persons, strict=True):
        if pd.isna(kept):
            rows.append(text["hidden"])
            continue
        counts = {"kept": count_text(kept, lang), "persons": count_text(people, lang)}
        row = text["label" if pd.isna(people) else "label_persons"].format(**counts)
        if pd.notna(lost) and lost > 0:
            row += text["label_lost"].format(lost=count_text(lost, lang))
        rows.append(typeset(row, lang))
    return rows


def flow_title(table: pd.DataFrame, lang: str) -> str:
    """Return what the flow amounts to, in a sentence; its subject alone where counts are hidden."""
    text, ends = words(lang)["figures"]["flow"], table.iloc[[0, -1]] if len(table) else table
    column = "kept_persons" if "kept_persons" in table else "kept"
    if not len(table) or ends[[column, "lost"]].isna().to_numpy().any():
        return str(text["title"])
    lost = 0.0 if column == "kept_persons" else float(ends["lost"].iloc[0])
    first, last = float(ends[column].iloc[0]) + lost, float(ends[column].iloc[1])
    found = text["found"].format(first=count_text(first, lang), last=count_text(last, lang))
    return typeset(found, lang)


def flow_alt(table: pd.DataFrame, lang: str) -> str:
    """Return what the flow figure shows, in a sentence."""
    text = words(lang)["figures"]["flow"]
    lost = table["lost"].astype("float64")
    if not len(table) or lost.isna().all():
        return str(text["alt_empty"])
    worst = int(lost.fillna(0).to_numpy().argmax())
    first = float(table["kept"].iloc[0]) + float(lost.fillna(0).iloc[0])
    sentence = text["alt"].format(
        first=count_text(first, lang),
        last=count_text(table["kept"].iloc[-1], lang, hidden=text["hidden"]),
        worst=rule_labels(table)[worst],
        worst_lost=count_text(lost.iloc[worst], lang),
    )
    return typeset(sentence, lang)
