"""Who is kept at each rule, how alike the groups are, what entrants are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

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
from evalml.typography import count_text, number, typeset

if TYPE_CHECKING:
    import pandas as pd
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


INTENSITY_CURVES: dict[str, tuple[Any, str]] = {
    "inside": ("", COMPARISON),
    "paid": ((4, 2), TREATED),
    "under_15h": ("", TREATED),
}
INTENSITY_TEXT = {
    "fr": {
        "inside": "encore dans le programme (des entrants)",
        "paid": "une allocation versée (de ceux qui y sont)",
        "under_15h": "moins de 15 h d’actes par semaine (de ceux qui y sont)",
        "title": "Ce qui est fait avec les entrants, mois par mois",
        "x": "Mois depuis l’entrée",
        "at": "mois",
    },
    "en": {
        "inside": "still in the programme (of the entrants)",
        "paid": "an allowance paid (of those inside)",
        "under_15h": "under 15 h of acts a week (of those inside)",
        "title": "What is done with the entrants, month by month",
        "x": "Months since entry",
        "at": "month",
    },
}


def plot_intensity(intensity: pd.DataFrame, *, lang: str = "fr", synthetic: bool = False) -> Figure:
    """Draw who stays in, is paid, and has fewer than 15 hours a week of acts.

    Args:
        intensity: What `compute_intensity` returned, protected; NaN where suppressed.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.
    """
    import seaborn as sns

    text, parts = INTENSITY_TEXT[lang], []
    with house_style():
        fig = canvas(2.8)
        axes = fig.subplots()
        names = {measure: typeset(text[measure], lang) for measure in INTENSITY_CURVES}
        rows = intensity[intensity["measure"].isin(INTENSITY_CURVES)]
        drawn = rows.assign(name=rows["measure"].map(names), value=rows["value"].astype("float64"))
        kinds = [(names[measure], *INTENSITY_CURVES[measure]) for measure in INTENSITY_CURVES]
        sns.lineplot(
            drawn, x="month", y="value", hue="name", style="name", errorbar=None, ax=axes,
            hue_order=list(names.values()), style_order=list(names.values()),
            palette={name: colour for name, _, colour in kinds},
            dashes={name: dash for name, dash, _ in kinds},
        )  # fmt: skip
        for measure in INTENSITY_CURVES:
            series = rows[rows["measure"] == measure].sort_values("month")
            parts.append(intensity_alt(series, text[measure], text["at"], lang))
        axes.set_ylim(0, 103)
        axes.set_xlabel(typeset(text["x"], lang))
        axes.set_ylabel("%")
        axes.yaxis.set_major_locator(few_ticks(5))
        axes.legend(frameon=False, fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.22))
        bare(axes, sides=("bottom", "left"))
        if synthetic:
            stamp(fig, lang)
    title = typeset(text["title"], lang)
    alt = typeset(f"{title}. " + " ; ".join(s for s in parts if s) + ".", lang)
    return Figure(fig, "intensity", title, alt, synthetic)


def intensity_alt(rows: pd.DataFrame, label: str, at: str, lang: str) -> str:
    """Return the first, middle and last months that may be told."""
    known = rows.dropna(subset=["value"])
    if not len(known):
        return ""
    few = known.iloc[sorted({0, len(known) // 2, len(known) - 1})]
    sentence = (
        f"{number(float(v), 0, lang)} % ({at} {int(k)})"
        for k, v in zip(few["month"], few["value"], strict=True)
    )
    return f"{label} : " + ", ".join(sentence)
