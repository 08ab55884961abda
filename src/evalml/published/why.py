"""Why a recomputed figure differs from the one in print, as far as anybody can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.published.figure import read_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from evalml.published.audit import Audit
    from evalml.published.explain import Finding
    from evalml.published.figure import Figure

CAUSES = {
    "corrected": "Coquille : l’audit lit {correction}, qui est notre valeur.",
    "twice": "Imprimé ailleurs dans les mêmes documents : {printed}, qui est notre valeur.",
    "audit": "En désaccord avec son propre document : {cause}.",
    "last_digit": "Une unité du dernier chiffre imprimé : tronqué, ou tiré de nombres arrondis.",
    "synthetic": "Données inventées : un monde synthétique ne reproduit pas ce chiffre.",
    "unknown": "À examiner : autre définition, autre jour d’extraction, ou erreur.",
}
"""What explains a difference, in one line: French by key."""
WORDS = {
    "slip": "une coquille",
    "extractions": "deux extractions d’une base vivante",
    "definitions": "deux définitions sous un même nom",
    "base": "une part d’une autre base",
}
NEAR = 0.1
"""Gap, relative to our value, that two extractions or definitions may explain."""
SAME = ["indicator", "territory", "year", "breakdown", "statistic"]


def explain_differences(
    compared: pd.DataFrame, audit: Audit, *, synthetic: bool = False
) -> pd.DataFrame:
    """Return the comparison with the `cause` and the `explanation` of each figure that differs.

    The surest comes first: a misprint that the audit reads as we do; printed elsewhere as we
    compute it; near, and at odds with its own document; off by one unit of its last digit; an
    invented world.

    Args:
        compared: What `compare_published` returned for the figures of `audit`.
        audit: The printed figures against one another.
        synthetic: Whether the indicators come from invented data.

    Returns:
        The comparison with `cause` (a key of `CAUSES`, empty where nothing differs) and
        `explanation` (its line in French).
    """
    suspects = {name: finding for finding in audit.findings for name in finding.figures}
    agreed = compared[compared["verdict"].isin(("equal", "within rounding"))]
    elsewhere = {
        tuple(key): printed
        for *key, printed in agreed[[*SAME, "printed"]].itertuples(index=False, name=None)
    }
    found = [
        _why(row, suspects, elsewhere, audit, synthetic=synthetic)
        if row["verdict"] == "differs"
        else ("", {})
        for row in compared.to_dict("records")
    ]
    return compared.assign(
        cause=[key for key, _ in found],
        explanation=[CAUSES[key].format(**values) if key else "" for key, values in found],
    )


def _why(
    row: Mapping[object, object],
    suspects: Mapping[str, Finding],
    elsewhere: Mapping[tuple[object, ...], str],
    audit: Audit,
    *,
    synthetic: bool,
) -> tuple[str, dict[str, str]]:
    """Return the key of what explains a difference, and the values of its line."""
    name, value = str(row["id"]), float(str(row["value"]))
    gap = abs(float(str(row["difference"])))
    same = tuple(row[column] for column in SAME)
    finding, figure = suspects.get(name), audit.figures[name]
    if finding is not None and _reads(finding.correction, value, figure):
        return "corrected", {"correction": finding.correction}
    if same in elsewhere:
        return "twice", {"printed": elsewhere[same]}
    if finding is not None and gap <= NEAR * abs(value):
        return "audit", {"cause": WORDS.get(finding.cause, "cause inconnue")}
    if gap <= figure.step and any(character.isdigit() for character in figure.printed):
        return "last_digit", {}
    if finding is not None and not synthetic:
        return "audit", {"cause": WORDS.get(finding.cause, "cause inconnue")}
    return ("synthetic" if synthetic else "unknown"), {}


def _reads(correction: str, value: float, figure: Figure) -> bool:
    """Return whether our value prints like one of the audit's corrections of the figure."""
    read = [read_number(part) for part in correction.split(" ou ")]
    bounds = [figure.corrected(number).interval() for number in read if number is not None]
    return any(b.low <= value <= b.high for b in bounds)
