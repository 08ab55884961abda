"""Indicators as a reader's table: one line per indicator, one column per area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.codes import territory_names

if TYPE_CHECKING:
    from collections.abc import Sequence


def activity_table(
    indicators: pd.DataFrame, names: Sequence[str] | None = None, breakdown: str = ""
) -> pd.DataFrame:
    """Return the figures of one year as the network prints them: a column for each area.

    Args:
        indicators: What `compute_indicators` returned, protected.
        names: Indicators shown, in order; all by default.
        breakdown: Value of a breakdown, such as `qpv=1`; the whole by default.

    Returns:
        Columns « Indicateur », « Unité » and one per area, the whole territory first.
    """
    kept = indicators[indicators["breakdown"] == breakdown]
    if names is not None:
        kept = kept[kept["indicator"].isin(names)]
    order = list(names) if names is not None else list(dict.fromkeys(kept["indicator"]))
    wide = kept.pivot_table(
        index="indicator", columns="territory", values="value", sort=False, dropna=False
    ).reindex(order)
    areas = [a for a in dict.fromkeys(kept["territory"]) if a in wide.columns]
    heads = kept.drop_duplicates("indicator").set_index("indicator").reindex(order)
    table = pd.DataFrame({"Indicateur": heads["label"], "Unité": heads["unit"]})
    for area in areas:
        table[area_label(area)] = wide[area]
    return table.reset_index(drop=True)


def area_label(code: str) -> str:
    """Return the name of an area code, such as « Nord » for `departement:59`."""
    if code == "france":
        return "France"
    kind, _, value = code.partition(":")
    return territory_names().get(f"{kind}s", {}).get(value, value)
