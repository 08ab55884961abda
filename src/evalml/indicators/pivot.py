"""Indicators as a reader's table: one line per indicator, one column per area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.codes import territory_names
from evalml.errors import EvalmlError, nearest
from evalml.indicators.catalogue import THEMES

if TYPE_CHECKING:
    from collections.abc import Sequence


def activity_table(
    indicators: pd.DataFrame,
    theme: str | None = None,
    *,
    names: Sequence[str] | None = None,
    breakdown: str = "",
    synthetic: bool = False,
) -> pd.DataFrame:
    """Return the figures of one year as the network prints them: a column for each area.

    Args:
        indicators: What `compute_indicators` returned, protected.
        theme: Theme of the catalogue (`people`, `acts`, `programmes`, `exits`, `contracts`,
            `beside`) whose indicators are shown.
        names: Indicators shown, in order; those of the theme, or all, by default.
        breakdown: Value of a breakdown, such as `qpv=1`; the whole by default.
        synthetic: Whether to say in the heading that the data are.

    Raises:
        EvalmlError: No theme has that name.

    Returns:
        Columns « Indicateur », « Unité » and one per area, the whole territory first.
    """
    if theme is not None and theme not in THEMES:
        raise EvalmlError(f"no theme is called '{theme}'; {nearest(theme, THEMES)}")
    if names is None and theme is not None:
        names = THEMES[theme].indicators
    kept = indicators[indicators["breakdown"] == breakdown]
    if names is not None:
        kept = kept[kept["indicator"].isin(names)]
    held = dict.fromkeys(kept["indicator"])
    order = [name for name in (names if names is not None else held) if name in held]
    wide = kept.pivot_table(
        index="indicator", columns="territory", values="value", sort=False, dropna=False
    ).reindex(order)
    areas = [a for a in dict.fromkeys(kept["territory"]) if a in wide.columns]
    heads = kept.drop_duplicates("indicator").set_index("indicator").reindex(order)
    title = "Indicateur (données synthétiques)" if synthetic else "Indicateur"
    table = pd.DataFrame({title: heads["label"], "Unité": heads["unit"]})
    for area in areas:
        table[area_label(area)] = wide[area]
    return table.reset_index(drop=True)


def area_label(code: str) -> str:
    """Return the name of an area code, such as « Nord » for `departement:59`."""
    if code == "france":
        return "France"
    kind, _, value = code.partition(":")
    return territory_names().get(f"{kind}s", {}).get(value, value)
