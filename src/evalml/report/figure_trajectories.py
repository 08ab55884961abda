"""Both arms month by month since entry, with who is still followed and who is not observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MultipleLocator

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
from evalml.report.results import complete_table
from evalml.report.words import outcome_label, words
from evalml.typography import count_text, level_text, number, typeset, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

QUANTILE = 1.959964
ARMS = ("treated", "comparison", "comparison_unweighted")
LOOK: dict[str, dict[str, Any]] = {
    "treated": {"color": TREATED, "linestyle": "-", "linewidth": 1.8},
    "comparison": {"color": COMPARISON, "linestyle": (0, (5, 2)), "linewidth": 1.8},
    "comparison_unweighted": {"color": MUTED, "linestyle": (0, (1, 2)), "linewidth": 1.1},
}


def plot_trajectories(
    trajectories: pd.DataFrame,
    outcome: str,
    *,
    unit: str = "proportion",
    labels: Mapping[str, str] | None = None,
    masked: str = "",
    lang: str = "fr",
    synthetic: bool = False,
) -> Figure:
    """Draw the outcome of both arms by month since entry, with 95 % bands.

    Args:
        trajectories: `arm, month, outcome, rate, std_error, n_at_risk, share_unobserved`.
        outcome: Which outcome of the table.
        unit: Unit of `rate`.
        labels: French (or English) labels of outcomes and arms that the package does not know.
        masked: Why the comparison arm was taken out: `masked`, the effect is blinded, or
            `masked_partly`, it is at some horizons; empty where it was not.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.

    Returns:
        The figure and its alternative text.
    """
    named = dict(labels or {})
    table = complete_table("trajectories", trajectories)
    table = table[table["outcome"] == outcome].sort_values(["arm", "month"])
    with house_style():
        fig = canvas(3.0)
        top, middle, low = fig.subplots(
            3, 1, sharex=True, gridspec_kw={"height_ratios": [10, 1.7, 2.3]}
        )
        draw_curves(top, table, unit, named, lang)
        draw_at_risk(middle, table, lang)
        draw_unobserved(low, table, lang)
        low.set_xlabel(named.get("month_axis") or words(lang)["month_axis"])
        text = words(lang)["figures"]["trajectories"]
        below = [text[masked] if masked else "", text["broken"] if broken(table) else ""]
        write_below(fig, "\n".join(filter(None, below)), lang)
        if synthetic:
            stamp(fig, lang)
    caption = named.get("trajectories_title") or words(lang)["figures"]["trajectories"]["title"]
    title = caption.format(outcome=outcome_label(outcome, None, lang, named))
    alt = trajectories_alt(table, unit, named, masked=masked, lang=lang)
    return Figure(fig, f"trajectories_{outcome}", typeset(title, lang), alt, synthetic)


@dataclass(frozen=True, slots=True)
class Gap:
    """The effect at one horizon, as the picture of the first page shows it.

    Attributes:
        month: The horizon.
        effect: The effect in words, without its unit; empty where it is masked.
        treated: Level with the programme, in its unit.
        comparison: Level without it, by the estimate that was kept.
        told: Whether the effect is told from zero.
    """

    month: float
    effect: str
    treated: float
    comparison: float
    told: bool = True


def plot_headline(
    trajectories: pd.DataFrame,
    outcome: str,
    gaps: Sequence[Gap],
    *,
    unit: str = "proportion",
    labels: Mapping[str, str] | None = None,
    masked: str = "",
    lang: str = "fr",
    synthetic: bool = False,
) -> Figure:
    """Draw the picture of the first page: both arms, and the effect at each horizon above them.

    Args:
        trajectories: `arm, month, outcome, rate, std_error, n_at_risk, share_unobserved`.
        outcome: Which outcome of the table.
        gaps: The effect kept at each horizon: what the text says, on the curves.
        unit: Unit of `rate`.
        labels: Labels of the study.
        masked: Why the comparison arm was taken out; empty where it was not.
        lang: `fr` or `en`.
        synthetic: Whether to stamp the figure.

    Returns:
        The figure and its alternative text.
    """
    named, text = dict(labels or {}), words(lang)["figures"]["trajectories"]
    table = complete_table("trajectories", trajectories)
    table = table[(table["outcome"] == outcome) & (table["arm"] != "comparison_unweighted")]
    table = table.sort_values(["arm", "month"])
    with house_style():
        fig = canvas(3.5)
        axes = fig.subplots()
        draw_curves(axes, table, unit, named, lang)
        shown = [gap for gap in gaps if gap.effect]
        draw_gaps(axes, shown, unit, lang)
        month = named.get("month_axis") or words(lang)["month_axis"]
        axes.set_xlabel(month)
        apart = any(off_curve(table, gap, unit) for gap in shown)
        below = [text[masked] if masked else text["kept"] if apart else ""]
        below += [text["broken"]] if broken(table) else []
        write_below(fig, "\n".join(filter(None, below)), lang)
        axes.xaxis.set_major_locator(MultipleLocator(6 if len(set(table["month"])) > 26 else 3))  # noqa: PLR2004
        if synthetic:
            stamp(fig, lang)
    effects = [text["alt_gap"].format(month=f"{gap.month:.0f}", effect=gap.effect) for gap in shown]
    curves = trajectories_alt(table, unit, named, masked=masked, lang=lang)
    alt = " ".join([curves.removesuffix(f" {typeset(text['alt_low'], lang)}"), *effects])
    title = outcome_label(outcome, None, lang, named)
    return Figure(fig, "headline", title, typeset(alt, lang), synthetic)


def off_curve(table: pd.DataFrame, gap: Gap, unit: str) -> bool:
    """Return whether the level kept without the programme is not that of the curve."""
    curve = table[(table["arm"] == "comparison") & (table["month"] == gap.month)]["rate"]
    apart = (curve.astype("float64") - gap.comparison).abs() * unit_of(unit).scale
    return bool((apart > NEAR).any())


def broken(table: pd.DataFrame) -> bool:
    """Return whether some month of a curve has no number, between others that have one."""
    for _, rows in table.groupby("arm"):
        known = np.flatnonzero(rows.sort_values("month")["rate"].notna())
        if known.size and known[-1] - known[0] >= known.size:
            return True
    return False


NEAR = 0.05
"""Gap below which a circle lies on its curve, in the unit drawn."""


def write_below(fig: Any, text: str, lang: str) -> None:
    """Write a remark under the axes, on one line that nothing crosses."""
    if text:
        fig.supxlabel(typeset(text, lang), fontsize=7.5, color=MUTED, x=0.01, ha="left")


def draw_gaps(axes: Axes, gaps: Sequence[Gap], unit: str, lang: str) -> None:
    """Mark both levels at each horizon, and write the effect above the panel."""
    scale, text = unit_of(unit).scale, words(lang)["figures"]["trajectories"]
    for gap in gaps:
        ends = [gap.treated * scale, gap.comparison * scale]
        axes.vlines(gap.month, min(ends), max(ends), color=MUTED, linewidth=1.2, zorder=3)
        axes.plot(gap.month, ends[0], "o", color=TREATED, markersize=4.5, zorder=4)
        axes.plot(gap.month, ends[1], "o", color=COMPARISON, markerfacecolor="white",
                  markersize=4.5, zorder=4)  # fmt: skip
        axes.annotate(gap.effect, (gap.month, 1.03), xycoords=axes.get_xaxis_transform(),
                      ha="center", va="bottom", fontsize=8.5,
                      weight="bold" if gap.told else "normal",
                      color="black" if gap.told else MUTED, annotation_clip=False)  # fmt: skip
    if gaps:
        name = unit_of(unit).many if lang == "fr" else unit_of(unit).english[0]
        axes.annotate(text["gap"].format(unit=name), (0.0, 1.12), xycoords="axes fraction",
                      ha="left", va="bottom", fontsize=8, color=MUTED,
                      annotation_clip=False)  # fmt: skip


def arms_in(table: pd.DataFrame) -> list[str]:
    """Return the arms that the table holds, in the order they are drawn."""
    return [arm for arm in ARMS if (table["arm"] == arm).any()]


def arm_label(arm: str, labels: Mapping[str, str], lang: str) -> str:
    """Return the name of an arm."""
    return str(labels.get(arm) or words(lang)["arms"].get(arm, arm))


def draw_curves(
    axes: Axes, table: pd.DataFrame, unit: str, labels: Mapping[str, str], lang: str
) -> None:
    """Draw each arm with its band, and its name where the curves leave room."""
    text, scale = words(lang)["figures"]["trajectories"], unit_of(unit).scale
    ends = []
    for arm in arms_in(table):
        rows = table[table["arm"] == arm]
        month, rate = rows["month"].to_numpy("float64"), rows["rate"].to_numpy("float64") * scale
        half = QUANTILE * rows["std_error"].to_numpy("float64") * scale
        low, high = rate - half, rate + half
        axes.fill_between(month, low, high, color=LOOK[arm]["color"], alpha=0.13, lw=0)
        axes.plot(month, rate, **LOOK[arm])
        if np.isfinite(rate).any():
            last = int(np.flatnonzero(np.isfinite(rate))[-1])
            ends.append((arm, float(month[last]), float(rate[last])))
    if len(table) and table["month"].min() < 0:
        axes.axvline(0, color=MUTED, linewidth=0.8)
    label_ends(axes, ends, labels, lang)
    is_share = unit == "proportion"
    name = unit_of(unit).level if lang == "fr" else unit_of(unit).english[1]
    axes.set_ylabel(text["share"] if is_share else text["mean"].format(unit=name))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.yaxis.set_major_locator(few_ticks(6))
    digits = 0 if axes.get_ylim()[1] > 4 else 1  # noqa: PLR2004
    axes.yaxis.set_major_formatter(lambda value, _place: number(value, digits, lang))
    bare(axes)


def label_ends(
    axes: Axes, ends: list[tuple[str, float, float]], labels: Mapping[str, str], lang: str
) -> None:
    """Write the name of each arm right of its last point, kept from overlapping."""
    low, high = axes.get_ylim()
    gap = 0.085 * (high - min(low, 0.0))
    last = -np.inf
    for arm, month, rate in sorted(ends, key=lambda end: end[2]):
        last = max(rate, last + gap)
        axes.annotate(
            arm_label(arm, labels, lang), (month, last), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=8, color=LOOK[arm]["color"], weight="bold",
            annotation_clip=False,
        )  # fmt: skip


def draw_at_risk(axes: Axes, table: pd.DataFrame, lang: str) -> None:
    """Write the number followed in each arm every six months (or less on a short follow-up)."""
    arms = [arm for arm in arms_in(table) if arm != "comparison_unweighted"]
    months = sorted(int(month) for month in table["month"].unique())
    step = 6 if months and months[-1] >= 18 else 3  # noqa: PLR2004
    for line, arm in enumerate(arms):
        rows = table[table["arm"] == arm].set_index("month")["n_at_risk"]
        for month in months:
            if month % step == 0 and month in rows.index:
                count = count_text(rows.loc[month], lang, hidden=words(lang)["note"]["suppressed"])
                axes.text(month, -line, count, ha="center", va="center", fontsize=7,
                          color=LOOK[arm]["color"])  # fmt: skip
    axes.set_ylim(-len(arms) + 0.4, 0.6)
    axes.set_yticks([])
    axes.set_title(words(lang)["figures"]["trajectories"]["at_risk"], fontsize=7.5, weight="normal",
                   color=MUTED, pad=2)  # fmt: skip
    axes.set_xticks([month for month in months if month % step == 0])
    bare(axes, sides=())
    axes.tick_params(axis="x", length=0)


def draw_unobserved(axes: Axes, table: pd.DataFrame, lang: str) -> None:
    """Draw the share of each arm whose situation is not observed, month by month."""
    for arm in arms_in(table):
        rows = table[table["arm"] == arm]
        if arm != "comparison_unweighted":
            axes.plot(rows["month"], rows["share_unobserved"].astype("float64") * 100, **LOOK[arm])
    axes.set_title(words(lang)["figures"]["trajectories"]["unobserved"], fontsize=7.5,
                   weight="normal", color=MUTED, pad=2)  # fmt: skip
    axes.set_ylim(0, max(axes.get_ylim()[1], 10))
    axes.yaxis.set_major_formatter(lambda value, _place: number(value, 0, lang))
    axes.yaxis.set_major_locator(few_ticks(2))
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    bare(axes)


def trajectories_alt(
    table: pd.DataFrame, unit: str, labels: Mapping[str, str], *, masked: str, lang: str
) -> str:
    """Return what the curves show: where each arm ends."""
    text = words(lang)["figures"]["trajectories"]
    ends = []
    for arm in arms_in(table):
        rows = table[(table["arm"] == arm) & table["rate"].notna()]
        if len(rows):
            level = level_text(float(rows["rate"].iloc[-1]), unit, lang)
            month = int(rows["month"].iloc[-1])
            ends.append(
                text["alt_end"].format(arm=arm_label(arm, labels, lang), level=level, month=month)
            )
    if masked:
        ends.append(text["alt_masked"])
    first, last = (int(table["month"].min()), int(table["month"].max())) if len(table) else (0, 0)
    sentence = text["alt"].format(first=first, last=last, ends=" ".join(ends))
    return typeset(f"{sentence} {text['alt_low']}", lang)
