"""Write an audit: two CSV files and one page to read and print."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from evalml.published.identity import KINDS, arithmetic
from evalml.published.page import page

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evalml.published.audit import Audit
    from evalml.published.explain import Finding
    from evalml.published.identity import Outcome

FINDINGS = (
    "finding",
    "certainty",
    "cause",
    "kind",
    "figures",
    "places",
    "arithmetic",
    "gap",
    "explanation",
    "correction",
)
IDENTITIES = ("kind", "holds", "arithmetic", "gap", "statement", "rule", "figures")


def write_audit(audit: Audit, folder: Path) -> tuple[Path, ...]:
    """Write `findings.csv`, `identities.csv` and `audit.html`; return their paths.

    Args:
        audit: The audit.
        folder: Where to write; made when absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    findings, identities = folder / "findings.csv", folder / "identities.csv"
    html = folder / "audit.html"
    _write(findings, FINDINGS, finding_rows(audit))
    _write(identities, IDENTITIES, identity_rows(audit))
    html.write_text(page(audit), encoding="utf-8")
    return findings, identities, html


def finding_rows(audit: Audit) -> list[tuple[str, ...]]:
    """Return one row per failing identity (or badly written number) of each finding."""
    return [
        (str(position), *_finding_row(finding, outcome, audit))
        for position, finding in enumerate(audit.findings, 1)
        for outcome in finding.failures or (None,)
    ]


def _finding_row(finding: Finding, outcome: Outcome | None, audit: Audit) -> tuple[str, ...]:
    first = audit.figures[finding.figures[0]]
    return (
        finding.certainty,
        finding.cause,
        outcome.identity.kind if outcome else "format",
        " ".join(finding.figures),
        f"{first.source}, {first.place}",
        arithmetic(outcome, audit.figures) if outcome else "",
        f"{outcome.gap:.6g}" if outcome else "",
        finding.explanation.replace("\n", " "),
        finding.correction,
    )


def identity_rows(audit: Audit) -> list[tuple[str, ...]]:
    """Return one row per identity tested."""
    return [
        (
            KINDS[o.identity.kind],
            "yes" if o.holds else "no",
            arithmetic(o, audit.figures),
            f"{o.gap:.6g}",
            o.identity.statement,
            o.identity.rule,
            " ".join(o.identity.members),
        )
        for o in audit.outcomes
    ]


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
