"""Estimates with their intervals; a blinded one is a word, never a number."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.report.blinding import BLINDED, EXPLORATORY
from evalml.report.figures_style import (
    COMPARISON,
    MUTED,
    TREATED,
    Figure,
    bare,
    canvas,
    few_ticks,
    house_style,
    name_line,
    stamp,
)
from evalml.report.results import complete_table, rows_of
from evalml.report.words import (
    level_label,
    method_label,
    outcome_at,
    outcome_label,
    subgroup_label,
    words,
)
from evalml.typography import (
    NBSP,
    count_text,
    effect_number,
    effect_text,
    interval_text,
    number,
    typeset,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

Row = Any
TALLEST = 8.6
"""Inches: what a page holds with a caption."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What an effects figure shows beside the estimates.

    Attributes:
        benchmark: Answer of an experiment: `estimate, ci_low, ci_high, label`; or None.
        threshold: Decision threshold chosen beforehand, in the unit of the effects; or None.
    """

    benchmark: Mapping[str, Any] | None = None
    threshold: float | None = None


def plot_effects(
    effects: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    marks: Marks | None = None,
    lang: str = "fr",
    synthetic: bool = False,
    name: str = "effects",
) -> Figure:
    """Draw each estimate with its 95 % interval, one panel per unit.

    Args:
        effects: Rows of `effects.csv`; all are drawn, in the order of outcome and horizon.
        labels: Labels of outcomes and subgroups that the package does not know.
        marks: Answer of an experiment, decision threshold.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.
        name: Name of the files.

    Returns:
        The figure and its alternative text.
    """
    named, shown = dict(labels or {}), marks or Marks()
    table = complete_table("effects", effects)
    masked = pd.Series([hidden(row) for row in rows_of(table)], table.index, "bool")
    drawn = table[~masked]
    units = list(dict.fromkeys(drawn["unit"])) or [""]
    heads = [groups_of(drawn[drawn["unit"] == unit]) for unit in units]
    sizes = [sum(len(rows) + 1.2 for rows in group) + 1.5 for group in heads]
    with house_style():
        notes = masked_note(table[masked], lang, named)
        below = 0.2 + 0.14 * notes.count("\n") if notes else 0.0
        fig = canvas(min(0.35 + 0.22 * sum(sizes) + below, TALLEST))
        panels = fig.subplots(len(units), 1, squeeze=False, gridspec_kw={"height_ratios": sizes})
        for axes, unit, groups in zip(panels[:, 0], units, heads, strict=True):
            draw_panel(axes, groups, unit, named, shown, lang)
        if notes:
            fig.supxlabel(notes, fontsize=7.5, color=MUTED, x=0.01, ha="left")
        if synthetic:
            stamp(fig, lang)
    title = caption(table, lang, named)
    return Figure(fig, name, title, effects_alt(table, named, shown, lang), synthetic)


def hidden(row: Row) -> bool:
    """Return whether a row is a word rather than a number."""
    return bool(row.status == BLINDED or pd.isna(row.estimate))


def groups_of(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of each outcome, horizon and subgroup, in the order of the table."""
    keys = ["outcome", "horizon_months", "subgroup"]
    return [rows for _key, rows in table.groupby(keys, sort=False, dropna=False)]


def row_label(row: Row, lang: str, labels: Mapping[str, str]) -> str:
    """Return the name of a line: the value of the subgroup, or the method."""
    if row.subgroup:
        return level_label(row.subgroup, row.subgroup_value, lang, labels)
    return method_label(row.method, lang)


def group_label(row: Row, lang: str, labels: Mapping[str, str]) -> str:
    """Return the heading of a group of lines."""
    name = outcome_label(row.outcome, row.horizon_months, lang, labels)
    return f"{name}, {subgroup_label(row.subgroup, lang, labels)}" if row.subgroup else name


def heading(row: Row, lang: str, labels: Mapping[str, str]) -> str:
    """Return the heading of a group in the figure, whose caption names the outcome of subgroups."""
    if not row.subgroup:
        return group_label(row, lang, labels)
    name = subgroup_label(row.subgroup, lang, labels)
    return name[:1].upper() + name[1:]


def caption(table: pd.DataFrame, lang: str, labels: Mapping[str, str]) -> str:
    """Return the caption of the figure; that of subgroups names their outcome."""
    text = words(lang)["figures"]["effects"]
    if not len(table) or not (table["subgroup"] != "").any():
        return str(text["title"])
    first = rows_of(table)[0]
    name = outcome_label(first.outcome, first.horizon_months, lang, labels)
    return typeset(str(text["title_subgroup"]).format(outcome=name), lang)


def draw_panel(
    axes: Axes,
    groups: list[pd.DataFrame],
    unit: str,
    labels: Mapping[str, str],
    marks: Marks,
    lang: str,
) -> None:
    """Draw every group of one unit below each other, numbers in a column on the right."""
    place, ticks, names = 0.0, [], []
    scale = unit_of(unit).scale
    shown = [row for rows in groups for row in rows_of(rows)]
    set_limits(axes, shown, marks, scale)
    gap = 4.4 * max((len(row_text(row, lang)) for row in shown), default=0) + 6
    for rows in groups:
        axes.annotate(heading(rows_of(rows)[0], lang, labels), (0.0, place), xycoords=_row(axes),
                      xytext=(-5, 0), textcoords="offset points", ha="right", va="center",
                      weight="bold", fontsize=8.5, annotation_clip=False)  # fmt: skip
        for row in rows_of(rows):
            place -= 1
            draw_row(axes, row, place, gap, lang)
            ticks.append(place)
            names.append(row_label(row, lang, labels))
        place -= 1.2
    axes.set_yticks(ticks, names)
    axes.set_ylim(place + 0.5, 0.5)
    axes.tick_params(axis="y", length=0)
    bare(axes)
    if shown:
        draw_lines(axes, marks, scale, lang)
        label_axis(axes, unit, lang)
    else:
        bare(axes, sides=())
        axes.set_xticks([])


def label_axis(axes: Axes, unit: str, lang: str) -> None:
    """Give the axis its name with its unit, and few round ticks."""
    name = unit_of(unit).many if lang == "fr" else unit_of(unit).english[0]
    axes.set_xlabel(words(lang)["figures"]["effects"]["axis"].format(unit=name) if name else "")
    axes.xaxis.set_major_locator(few_ticks(5))
    axes.xaxis.set_major_formatter(lambda value, _place: number(value, tick_digits(axes), lang))


def _row(axes: Axes) -> Any:
    """Return the transform with x in the panel and y in rows."""
    return axes.get_yaxis_transform()


def tick_digits(axes: Axes) -> int:
    """Return how many decimals the ticks need."""
    low, high = axes.get_xlim()
    return 0 if high - low > 4 else 1  # noqa: PLR2004


def set_limits(axes: Axes, shown: list[Row], marks: Marks, scale: float) -> None:
    """Give the axis room for every interval that may be shown, and for zero."""
    bounds = np.array([end for row in shown for end in (row.ci_low, row.ci_high)], dtype="float64")
    extra = [0.0]
    if marks.benchmark is not None:
        extra += [float(marks.benchmark["ci_low"]), float(marks.benchmark["ci_high"])]
    bounds = np.r_[bounds[np.isfinite(bounds)], extra] * scale
    low, high = float(bounds.min()), float(bounds.max())
    pad = 0.06 * (high - low) or 1.0
    axes.set_xlim(low - pad, high + pad)


def draw_row(axes: Axes, row: Row, place: float, gap: float, lang: str) -> None:
    """Draw one estimate, or the word that stands for a blinded one."""
    text = words(lang)["figures"]["effects"]
    n = text["n"].format(
        treated=count_text(row.n_treated, lang), comparison=count_text(row.n_comparison, lang)
    )
    scale = unit_of(row.unit).scale
    filled = row.status != EXPLORATORY
    axes.hlines(place, row.ci_low * scale, row.ci_high * scale, color=TREATED, linewidth=1.5)
    axes.scatter(row.estimate * scale, place, s=30, zorder=3, edgecolor=TREATED,
                 facecolor=TREATED if filled else "white")  # fmt: skip
    beside(axes, place, row_text(row, lang), 6, fontsize=8)
    beside(axes, place, typeset(n, lang), 6 + gap, fontsize=7, color=MUTED)


def beside(axes: Axes, place: float, text: str, points: float, **look: Any) -> None:
    """Write a text on a row, `points` right of the panel."""
    axes.annotate(
        text, (1.0, place), xycoords=_row(axes), xytext=(points, 0), textcoords="offset points",
        va="center", annotation_clip=False, **look,
    )  # fmt: skip


def row_text(row: Row, lang: str) -> str:
    """Return the estimate and its interval, as they stand beside the panel."""
    bounds = f"{NBSP}; " if lang == "fr" else ", "
    interval = bounds.join(effect_number(end, row.unit, lang) for end in (row.ci_low, row.ci_high))
    return f"{effect_number(row.estimate, row.unit, lang)}  [{interval}]"


def draw_lines(axes: Axes, marks: Marks, scale: float, lang: str) -> None:
    """Draw zero, the answer of the experiment with its band, and the decision threshold."""
    axes.axvline(0, color=MUTED, linewidth=0.8)
    if marks.benchmark is not None:
        bench = marks.benchmark
        axes.axvspan(bench["ci_low"] * scale, bench["ci_high"] * scale, color=COMPARISON,
                     alpha=0.12, lw=0)  # fmt: skip
        axes.axvline(bench["estimate"] * scale, color=COMPARISON, linewidth=1.4, linestyle="--")
        name_line(axes, bench["estimate"] * scale, typeset(str(bench["label"]), lang), COMPARISON)
    if marks.threshold is not None:
        axes.axvline(marks.threshold * scale, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        name_line(
            axes, marks.threshold * scale, words(lang)["figures"]["effects"]["threshold"], MUTED
        )


def masked_note(masked: pd.DataFrame, lang: str, labels: Mapping[str, str]) -> str:
    """Return one line for all that is masked: the outcomes and their months, or the subgroups."""
    named = []
    for outcome, rows in masked[masked["subgroup"] == ""].groupby("outcome", sort=False):
        months = sorted(set(rows["horizon_months"].dropna()))
        named.append(outcome_at(str(outcome), months, lang, labels))
    for _name, rows in masked[masked["subgroup"] != ""].groupby("subgroup", sort=False):
        each = ", ".join(row_label(row, lang, labels) for row in rows_of(rows))
        named.append(f"{heading(rows_of(rows)[0], lang, labels)} ({each})")
    if not named:
        return ""
    line = words(lang)["figures"]["effects"]["because"]
    between = f"{NBSP}; " if lang == "fr" else "; "
    return fill(typeset(line.format(names=between.join(named)), lang), 118)


def effects_alt(table: pd.DataFrame, labels: Mapping[str, str], marks: Marks, lang: str) -> str:
    """Return the estimates in words; a blinded one is named and not told."""
    text = words(lang)["figures"]["effects"]
    rows = []
    for row in rows_of(table):
        label = f"{group_label(row, lang, labels)}, {row_label(row, lang, labels)}"
        if hidden(row):
            rows.append(text["alt_masked"].format(label=label))
            continue
        interval = interval_text(row.ci_low, row.ci_high, row.unit, lang)
        estimate = effect_text(row.estimate, row.unit, lang)
        rows.append(text["alt_row"].format(label=label, estimate=estimate, interval=interval))
    if marks.benchmark is not None and len(table):
        estimate = effect_text(marks.benchmark["estimate"], str(table["unit"].iloc[0]), lang)
        label = str(marks.benchmark["label"])
        rows.append(text["alt_benchmark"].format(label=label, estimate=estimate))
    return typeset(text["alt"].format(rows=" ".join(rows)), lang)
