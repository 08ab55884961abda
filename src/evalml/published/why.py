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

PRINTED_TWICE = "printed elsewhere in the same documents as {printed}, which is our value"
CORRECTED = "a misprint: the audit reads {correction}, which is our value"
AUDIT = "the audit finds it at odds with its own document: {cause}"
LAST_DIGIT = "one unit of the last digit printed: truncated, or rounded from rounded figures"
SYNTHETIC = "a synthetic world does not reproduce this figure; a real extract should"
UNKNOWN = "to be looked into: another definition, another day of extraction, or an error"
WORDS = {
    "slip": "a misprint",
    "extractions": "two extractions of a living base",
    "definitions": "two definitions under one name",
    "base": "a share of another base",
}
NEAR = 0.1
"""Gap, relative to our value, that two extractions or definitions may explain."""
SAME = ["indicator", "territory", "year", "breakdown", "statistic"]


def explain_differences(
    compared: pd.DataFrame, audit: Audit, *, synthetic: bool = False
) -> pd.DataFrame:
    """Return the comparison with an `explanation` of each figure that differs.

    The surest comes first: a misprint that the audit reads as we do; printed elsewhere as we
    compute it; near, and at odds with its own document; off by one unit of its last digit; an
    invented world.

    Args:
        compared: What `compare_published` returned for the figures of `audit`.
        audit: The printed figures against one another.
        synthetic: Whether the indicators come from invented data.
    """
    suspects = {name: finding for finding in audit.findings for name in finding.figures}
    agreed = compared[compared["verdict"].isin(("equal", "within rounding"))]
    elsewhere = {
        tuple(key): printed
        for *key, printed in agreed[[*SAME, "printed"]].itertuples(index=False, name=None)
    }
    told = [
        _why(row, suspects, elsewhere, audit, synthetic=synthetic)
        if row["verdict"] == "differs"
        else ""
        for row in compared.to_dict("records")
    ]
    return compared.assign(explanation=told)


def _why(
    row: Mapping[object, object],
    suspects: Mapping[str, Finding],
    elsewhere: Mapping[tuple[object, ...], str],
    audit: Audit,
    *,
    synthetic: bool,
) -> str:
    name, value = str(row["id"]), float(str(row["value"]))
    gap = abs(float(str(row["difference"])))
    same = tuple(row[column] for column in SAME)
    finding, figure = suspects.get(name), audit.figures[name]
    if finding is not None and _reads(finding.correction, value, figure):
        return CORRECTED.format(correction=finding.correction)
    if same in elsewhere:
        return PRINTED_TWICE.format(printed=elsewhere[same])
    if finding is not None and gap <= NEAR * abs(value):
        return AUDIT.format(cause=WORDS.get(finding.cause, finding.cause))
    if gap <= figure.step and any(character.isdigit() for character in figure.printed):
        return LAST_DIGIT
    if finding is not None and not synthetic:
        return AUDIT.format(cause=WORDS.get(finding.cause, finding.cause))
    return SYNTHETIC if synthetic else UNKNOWN


def _reads(correction: str, value: float, figure: Figure) -> bool:
    """Return whether our value prints like one of the audit's corrections of the figure."""
    read = [read_number(part) for part in correction.split(" ou ")]
    bounds = [figure.corrected(number).interval() for number in read if number is not None]
    return any(b.low <= value <= b.high for b in bounds)
