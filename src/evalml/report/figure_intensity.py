"""The hours and allowances of those who entered, month by month, from protected shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.report.figures_style import (
    COMPARISON,
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
    import pandas as pd

CURVES: dict[str, tuple[Any, str]] = {
    "inside": ("", COMPARISON),
    "paid": ((4, 2), TREATED),
    "under_15h": ("", TREATED),
}
TEXT = {
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

    text, parts = TEXT[lang], []
    with house_style():
        fig = canvas(2.8)
        axes = fig.subplots()
        names = {measure: typeset(text[measure], lang) for measure in CURVES}
        rows = intensity[intensity["measure"].isin(CURVES)]
        drawn = rows.assign(name=rows["measure"].map(names), value=rows["value"].astype("float64"))
        kinds = [(names[measure], *CURVES[measure]) for measure in CURVES]
        sns.lineplot(
            drawn, x="month", y="value", hue="name", style="name", errorbar=None, ax=axes,
            hue_order=list(names.values()), style_order=list(names.values()),
            palette={name: colour for name, _, colour in kinds},
            dashes={name: dash for name, dash, _ in kinds},
        )  # fmt: skip
        for measure in CURVES:
            series = rows[rows["measure"] == measure].sort_values("month")
            parts.append(_alt(series, text[measure], text["at"], lang))
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


def _alt(rows: pd.DataFrame, label: str, at: str, lang: str) -> str:
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
