"""The page of a comparison: printed figures beside those of an extract, in French, one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.published.frames import (
    differences_table,
    reasons_table,
    recomputed_table,
    verdicts_table,
)
from evalml.published.page import STYLE, escape
from evalml.published.why import CAUSES

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Chiffres publiés : ce qu’en dit l’extrait"
NUMBERS = frozenset({"Année", "Imprimé", "Recalculé", "Écart", "Chiffres"})
INVENTED = (
    "Données synthétiques : le monde inventé reprend des effectifs publiés et en imite d’autres ; "
    "ce qui suit dit comment un extrait réel serait comparé."
)


def compare_page(compared: pd.DataFrame, *, synthetic: bool = False) -> str:
    """Return the page of a comparison.

    Args:
        compared: What `explain_differences` returned.
        synthetic: Whether the indicators come from invented data; every page says so.
    """
    shown, hidden = split_differences(compared, synthetic=synthetic)
    parts = [
        f"<!doctype html><html lang='fr'><head><meta charset='utf-8'><title>{TITLE}</title>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<style>{STYLE} body {{ max-width: 78rem; }}</style></head><body><h1>{TITLE}</h1>",
        f"<p><strong>{escape(INVENTED)}</strong></p>" if synthetic else "",
        _table(verdicts_table(compared), "Verdicts par document"),
        "<h2>Ce qui diffère, et pourquoi</h2>",
        f"<p>{escape(hidden_sentence(hidden))}</p>" if hidden else "",
        _table(differences_table(shown), "Du plus grand écart relatif au plus petit")
        if len(shown)
        else "<p>Rien d’autre.</p>",
        "<h2>Ce qui n’est pas calculable, et pourquoi</h2>",
        _table(reasons_table(compared), "Nombre de chiffres par raison"),
        "<h2>Ce qui a été recalculé</h2><details><summary>Tous les chiffres recalculés</summary>",
        _table(recomputed_table(compared), "Du plus grand écart relatif au plus petit"),
        "</details></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def split_differences(compared: pd.DataFrame, *, synthetic: bool) -> tuple[pd.DataFrame, int]:
    """Return the figures whose difference says something, and how many others differ.

    Of an invented world, a difference that nothing explains is no news: it is counted, not listed.
    """
    differ = compared[compared["verdict"] == "differs"]
    if not synthetic:
        return differ, 0
    told = differ[differ["cause"] != "synthetic"]
    return told, len(differ) - len(told)


def hidden_sentence(count: int) -> str:
    """Return the one line that stands for the differences of an invented world."""
    few = count < 2  # noqa: PLR2004 - the French plural starts at two
    head = f"{count} autre chiffre diffère." if few else f"{count} autres chiffres diffèrent."
    return f"{head} {CAUSES['synthetic']} Le détail est dans compare.csv."


def _table(frame: pd.DataFrame, caption: str) -> str:
    head = "".join(f"<th scope='col'>{escape(str(name))}</th>" for name in frame.columns)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=n' if name in NUMBERS else ''}>{escape(str(value))}</td>"
            for name, value in zip(frame.columns, row, strict=True)
        )
        + "</tr>"
        for row in frame.itertuples(index=False, name=None)
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
