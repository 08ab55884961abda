"""Indicators as a reader's table: one line per indicator, one column per area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        Columns « Indicateur », « Unité » and one per area, the whole territory first. The heading
        says the vintage; a line says that its year is young in the extract; a figure that is not
        shown is a word: `STATES`.
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
    shown = kept.assign(cell=_cells(kept))
    wide = shown.pivot_table(
        index="indicator", columns="territory", values="cell", sort=False, aggfunc="first"
    ).reindex(order)
    areas = [a for a in dict.fromkeys(kept["territory"]) if a in wide.columns]
    heads = kept.drop_duplicates("indicator").set_index("indicator").reindex(order)
    title = _title(kept, synthetic=synthetic)
    table = pd.DataFrame({title: heads["label"] + _warnings(heads), "Unité": heads["unit"]})
    for area in areas:
        table[area_label(area)] = wide[area]
    return table.reset_index(drop=True)


STATES = {"unknown": "non connu", "no_base": "sans objet", "secret": "secret"}
"""What a reader is told where there is no figure."""


def _cells(rows: pd.DataFrame) -> pd.Series[Any]:
    """Return the figures, and words where there is none: taken out where nothing else is said."""
    words = rows["state"].map(STATES).fillna(STATES["secret"]) if "state" in rows else "secret"
    return rows["value"].astype("object").where(rows["value"].notna(), words)


def _title(rows: pd.DataFrame, *, synthetic: bool) -> str:
    vintages = sorted(set(rows["vintage"])) if "vintage" in rows else []
    said = [*(["données synthétiques"] if synthetic else [])]
    said += [f"extrait du {french_day(day)}" for day in vintages]
    return f"Indicateur ({' ; '.join(said)})" if said else "Indicateur"


def _warnings(heads: pd.DataFrame) -> pd.Series[str]:
    """Return what to add to the lines whose year is young in the extract."""
    nothing = pd.Series("", index=heads.index)
    if "young" not in heads:
        return nothing
    share = (100 * heads["completeness"]).map("{:.0f}".format)
    said = " [année jeune : " + share + " % des saisies attendues]"
    return nothing.mask(heads["young"].astype("bool"), said)


def french_day(day: str) -> str:
    """Return an ISO day as it is written in French: 31/01/2026."""
    return "/".join(reversed(day.split("-")))


def area_label(code: str) -> str:
    """Return the name of an area code, such as « Nord » for `departement:59`."""
    if code == "france":
        return "France"
    kind, _, value = code.partition(":")
    return territory_names().get(f"{kind}s", {}).get(value, value)
