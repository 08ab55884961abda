"""Test printed figures against one another; write what fails as tables and one page."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from html import escape as _escape
from typing import TYPE_CHECKING

from evalml.published.diagnosis import Finding, explain
from evalml.published.figure import intervals
from evalml.published.identity import KINDS, CheckedIdentity, arithmetic, check, read_declared
from evalml.published.read import read_figures
from evalml.published.rules import generate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from evalml.published.figure import PrintedFigure
    from evalml.published.identity import Identity


FAILURES = {
    "slip": "Coquille",
    "extractions": "Deux extractions",
    "definitions": "Deux définitions",
    "base": "Mauvaise base",
    "truncated": "Troncature",
    "order": "Page hors de l’ordre",
    "reference": "Référence et date",
    "format": "Écriture du nombre",
    "unknown": "Cause inconnue",
}
STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", Arial, sans-serif; color: #1b1b1b;
  background: #fff; max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2rem; }
h3 { font-size: 1.05rem; margin: 0 0 .3rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border: 1px solid #767676; }
th { background: #f0f0f5; } td.n { text-align: right; white-space: nowrap; }
article { border-left: 6px solid #555; padding: .4rem .9rem; margin: 1rem 0; background: #fafafa; }
article.s0 { border-color: #b00020; } article.s1 { border-color: #a15c00; }
article.s2 { border-color: #00518a; }
.sure { font-weight: 600; } .math { font-variant-numeric: tabular-nums; }
details > summary { cursor: pointer; font-weight: 600; } a { color: #00518a; }
a:focus, summary:focus { outline: 3px solid #00518a; outline-offset: 2px; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; }
  article { break-inside: avoid; background: none; } thead { display: table-header-group; }
  tr { break-inside: avoid; } nav { display: none; } }
"""
_TITLE = "Chiffres publiés : ce que les nombres imprimés disent les uns des autres"
_HEAD = "<thead><tr>" + 3 * '<th scope="col">{}</th>' + "</tr></thead>"
_SURE = {"quasi certaine": 0, "probable": 1, "possible": 2, "indéterminée": 3}


def escape(text: str) -> str:
    """Return text safe for HTML, with the no-break spaces French asks for."""
    spaced = re.sub(r" (?=[:;!?%»€])|(?<=«) ", "\N{NO-BREAK SPACE}", text)
    return _escape(re.sub(r"(?<=\d) (?=\d{3})", "\N{NARROW NO-BREAK SPACE}", spaced))


def page(audit: Audit) -> str:
    """Return the whole page."""
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="fr"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Chiffres publiés : vérification</title><style>{STYLE}</style></head><body>",
            f"<header><h1>{_TITLE}</h1>",
            f"<p>{_lead(audit)}</p>{_contents(audit)}</header><main>",
            _method(),
            _summary(audit),
            '<h2 id="constats">Ce qui ne tient pas</h2>',
            _index(audit),
            *(_finding(f, n, audit) for n, f in enumerate(audit.findings, 1)),
            _everything(audit),
            "</main></body></html>\n",
        )
    )


def _lead(audit: Audit) -> str:
    sources = len({f.source for f in audit.figures.values()})
    failed = len(audit.failures)
    return (
        f"{len(audit.figures)} chiffres imprimés, {sources} source{'s' if sources > 1 else ''}, "
        f"<strong>{len(audit.outcomes)} relations vérifiées</strong>, dont {failed} ne tiennent "
        f"pas, réunies en {len(audit.findings)} constats."
    )


def _contents(audit: Audit) -> str:
    del audit
    return (
        '<nav aria-label="Sommaire"><ul><li><a href="#methode">Comment lire</a></li>'
        '<li><a href="#resume">Relations vérifiées</a></li>'
        '<li><a href="#constats">Ce qui ne tient pas</a></li>'
        '<li><a href="#toutes">Toutes les relations</a></li></ul></nav>'
    )


def _method() -> str:
    return (
        '<h2 id="methode">Comment lire</h2><p>Chaque nombre imprimé vaut pour tous ceux qui '
        "s’arrondissent comme lui : « 22,9 % » va de 22,85 à 22,95. Une relation ne tient pas "
        "quand aucun choix dans ces intervalles ne la rend vraie ; aucune autre tolérance n’est "
        "admise. Une coquille est retenue quand le nombre corrigé rend vraies des relations en "
        "échec sans en casser aucune. La certitude tient compte des corrections qui "
        "conviendraient par hasard. Un constat n’est pas un jugement sur le document : deux "
        "extractions d’une base vivante donnent deux nombres justes.</p>"
    )


def _summary(audit: Audit) -> str:
    rows = "".join(
        f'<tr><th scope="row">{KINDS[kind]}</th><td class="n">{total}</td>'
        f'<td class="n">{failed}</td></tr>'
        for kind, (total, failed) in sorted(audit.tested().items(), key=lambda i: -i[1][0])
    )
    by_source = Counter(f.source for f in audit.figures.values())
    wrong = Counter(audit.figures[f.figures[0]].source for f in audit.findings)
    sources = "".join(
        f'<tr><th scope="row">{escape(s)}</th><td class="n">{n}</td>'
        f'<td class="n">{wrong[s]}</td></tr>'
        for s, n in sorted(by_source.items())
    )
    return (
        '<h2 id="resume">Relations vérifiées</h2><table><caption>Par nature de relation</caption>'
        f"{_HEAD.format('Relation', 'Vérifiées', 'En échec')}<tbody>{rows}</tbody></table>"
        "<table><caption>Par source</caption>"
        f"{_HEAD.format('Source', 'Chiffres', 'Constats')}<tbody>{sources}</tbody></table>"
    )


def _index(audit: Audit) -> str:
    rows = "".join(
        f'<tr><td><a href="#constat-{n}">{n}</a></td><td>{escape(first.indicator)}</td>'
        f"<td>{escape(first.printed)}</td><td>{escape(f.correction)}</td>"
        f"<td>{FAILURES[f.cause]}</td><td>{f.certainty}</td></tr>"
        for n, f in enumerate(audit.findings, 1)
        if (first := audit.figures[f.figures[0]])
    )
    heads = ("N°", "Grandeur", "Imprimé", "À lire", "Cause", "Certitude")
    head = "".join(f'<th scope="col">{h}</th>' for h in heads)
    return (
        "<table><caption>Les constats, du plus sûr au moins sûr</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _finding(finding: Finding, position: int, audit: Audit) -> str:
    first = audit.figures[finding.figures[0]]
    title = f"{position}. {FAILURES[finding.cause]} : {escape(first.indicator)}"
    where = f"{escape(first.source)}, {escape(first.place)}"
    fix = f"<p>À lire sans doute : <strong>{escape(finding.correction)}</strong></p>"
    lines = "".join(f"<p>{escape(t)}</p>" for t in finding.explanation.split("\n"))
    return (
        f'<article class="s{_SURE[finding.certainty]}" id="constat-{position}"><h3>{title}</h3>'
        f'<p>{where} · explication <span class="sure">{finding.certainty}</span></p>{lines}'
        f"{fix if finding.correction else ''}{_failures(finding.failures, audit)}</article>"
    )


def _failures(failures: tuple[CheckedIdentity, ...], audit: Audit) -> str:
    if not failures:
        return ""
    rows = "".join(
        f"<tr><td>{KINDS[o.identity.kind]} : {escape(o.identity.statement)}</td>"
        f'<td class="math">{escape(arithmetic(o, audit.figures))}</td></tr>'
        for o in failures
    )
    return (
        "<table><caption>Relations en échec</caption>"
        '<thead><tr><th scope="col">Relation</th><th scope="col">Calcul</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _everything(audit: Audit) -> str:
    rows = "".join(
        f"<tr><td>{KINDS[o.identity.kind]}</td>"
        f'<td class="math">{escape(arithmetic(o, audit.figures))}</td>'
        f"<td>{'oui' if o.holds else '<strong>non</strong>'}</td></tr>"
        for o in audit.outcomes
    )
    return (
        '<h2 id="toutes">Toutes les relations</h2><details><summary>Afficher les '
        f"{len(audit.outcomes)} relations</summary><table><caption>Relations vérifiées</caption>"
        '<thead><tr><th scope="col">Relation</th><th scope="col">Calcul</th>'
        '<th scope="col">Tient</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit tested and found.

    Attributes:
        figures: The printed figures, by id.
        outcomes: Every identity tested, with its result.
        findings: What fails, explained, surest first.
    """

    figures: Mapping[str, PrintedFigure]
    outcomes: tuple[CheckedIdentity, ...]
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[CheckedIdentity, ...]:
        """The identities that no rounding explains."""
        return tuple(o for o in self.outcomes if not o.holds)

    def tested(self) -> dict[str, tuple[int, int]]:
        """Return, for each kind, how many identities were tested and how many fail."""
        total = Counter(o.identity.kind for o in self.outcomes)
        failed = Counter(o.identity.kind for o in self.failures)
        return {kind: (total[kind], failed[kind]) for kind in sorted(total)}


def audit_figures(
    figures: Mapping[str, PrintedFigure],
    declared: Iterable[Identity] = (),
    partitions: Iterable[tuple[str, ...]] = (),
) -> Audit:
    """Return the audit of a set of figures.

    Args:
        figures: The printed figures, by id.
        declared: Identities written by hand, added to those the rules find.
        partitions: Sets of `dimension=value` pairs that together make a whole.
    """
    values = intervals(figures)
    identities = {i.key: i for i in declared}
    for identity in generate(figures, partitions, values):
        identities.setdefault(identity.key, identity)
    outcomes = tuple(check(i, values) for i in identities.values())
    return Audit(figures, outcomes, tuple(explain(figures, outcomes)))


def audit_path(path: Path) -> Audit:
    """Return the audit of a CSV file, or of a folder of them with its `identities.yaml`.

    Raises:
        PublishedError: What is there cannot be read.
    """
    figures = read_figures(path)
    declared, partitions = read_declared(path, figures)
    return audit_figures(figures, declared, partitions)


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


def _finding_row(
    finding: Finding, outcome: CheckedIdentity | None, audit: Audit
) -> tuple[str, ...]:
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
