"""Audit printed figures against one another, and the tables of what is found."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from html import escape as _escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.indicators import GROUPS, INDICATORS
from evalml.indicators.catalogue import area_label
from evalml.published.compare import CAUSES, NEEDED, summary
from evalml.published.diagnosis import Finding, explain
from evalml.published.figure import intervals
from evalml.published.identity import KINDS, CheckedIdentity, arithmetic, check, read_declared
from evalml.published.read import PublishedError, read_figures
from evalml.published.rules import generate
from evalml.typography import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


MAPPING = ("mapping", "definitions.csv")
RESULTS = ("results", "indicators.csv")


def kinds_table(audit: Audit) -> pd.DataFrame:
    """Return how many identities of each kind were tested and fail, in French."""
    rows = [(KINDS[k], n, m) for k, (n, m) in audit.tested().items()]
    frame = pd.DataFrame(rows, columns=["Relation", "Vérifiées", "En échec"])
    return frame.sort_values("Vérifiées", ascending=False, kind="stable", ignore_index=True)


def findings_table(audit: Audit) -> pd.DataFrame:
    """Return one row per finding, in French, surest first."""
    rows = []
    for finding in audit.findings:
        first = audit.figures[finding.figures[0]]
        sums = [arithmetic(o, audit.figures) for o in finding.failures[:1]]
        rows.append(
            (
                f"{first.source}, {first.place}",
                first.indicator,
                first.printed,
                finding.correction,
                FAILURES[finding.cause],
                finding.certainty,
                *(sums or [""]),
            )
        )
    columns = ["Où", "Grandeur", "Imprimé", "À lire", "Cause", "Certitude", "Calcul"]
    return pd.DataFrame(rows, columns=columns)


def read_indicators(source: Path | str | None) -> pd.DataFrame:
    """Return the indicators of a run, or of a CSV; an empty table when there is no source.

    Args:
        source: A run folder that holds `results/indicators.csv`, a CSV, or None.

    Raises:
        PublishedError: There is no such file.
    """
    if source is None:
        return pd.DataFrame(columns=list(NEEDED))
    given = Path(source)
    file = given.joinpath(*RESULTS) if given.is_dir() else given
    if not file.is_file():
        raise PublishedError(
            f"no indicators at {file}; give a run that wrote results/indicators.csv, or the CSV"
        )
    text = dict.fromkeys(("indicator", "territory", "breakdown", "statistic", "unit"), str)
    return pd.read_csv(file, dtype=text)


VERDICTS = {
    "equal": "Égal",
    "within rounding": "Égal à l’arrondi près",
    "differs": "Différent",
    "not computable": "Non calculable",
}


def verdicts_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Return how many figures of each source get each verdict, in French."""
    counts = summary(compared).rename(columns=VERDICTS)
    return counts.rename_axis(index="Source", columns=None).reset_index()


def recomputed_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Return the figures recomputed, the largest relative difference first, in French."""
    known = compared[compared["verdict"] != "not computable"]
    order = known["relative"].abs().sort_values(ascending=False, kind="stable").index
    return _shown(known.loc[order])


def differences_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that differ, with what explains each, the largest difference first.

    Args:
        compared: What `explain_differences` returned.
    """
    differ = compared[compared["verdict"] == "differs"]
    order = differ["relative"].abs().sort_values(ascending=False, kind="stable").index
    shown = _shown(differ.loc[order]).drop(columns="Verdict")
    return shown.assign(**{"Ce qui l’explique": differ.loc[order, "explanation"].to_list()})


def reasons_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Return why figures cannot be computed, and how many for each reason, in French."""
    lost = compared[compared["verdict"] == "not computable"]
    counts = lost.groupby("reason").size().sort_values(ascending=False, kind="stable")
    return pd.DataFrame({"Raison": counts.index.tolist(), "Chiffres": counts.tolist()})


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return figures as a reader sees them: words for codes, French numbers."""
    return pd.DataFrame(
        {
            "Où": [f"{s}, {p}" for s, p in zip(rows["source"], rows["place"], strict=True)],
            "Grandeur": [_quantity(row) for row in rows.itertuples(index=False)],
            "Territoire": [area_label(code) for code in rows["territory"]],
            "Année": rows["year"].to_list(),
            "Imprimé": rows["printed"].to_list(),
            "Recalculé": [_number(v, u) for v, u in zip(rows["value"], rows["unit"], strict=True)],
            "Écart": [
                _number(v, u, sign=True)
                for v, u in zip(rows["difference"], rows["unit"], strict=True)
            ],
            "Verdict": rows["verdict"].map(VERDICTS).to_list(),
        }
    )


def _quantity(row: Any) -> str:
    """Return what a figure counts: the label of its indicator, the value of its breakdown."""
    known = INDICATORS.get(row.definition)
    label = known.label if known is not None else str(row.indicator)
    parts = [_value(pair) for pair in str(row.breakdown).split(";") if pair.strip()]
    share = ", en part" if row.statistic == "share" and known and known.statistic != "share" else ""
    return f"{label}{' : ' if parts else ''}{', '.join(parts)}{share}"


def _value(pair: str) -> str:
    group, _, value = pair.strip().partition("=")
    known = GROUPS.get(group)
    if known is None or value not in known.values:
        return pair
    names = (known.label.partition(" (")[0], known.values[value].label)
    return ", ".join(name[:1].lower() + name[1:] for name in names)


def _number(value: float, unit: str, *, sign: bool = False) -> str:
    digits = 1 if unit == "%" or not float(value).is_integer() else 0
    return number(value, digits, sign=sign)


def read_mapping(published: Path) -> pd.DataFrame | None:
    """Return the mapping shipped beside the printed figures, if there is one."""
    folder = published if published.is_dir() else published.parent
    file = folder.joinpath(*MAPPING)
    return pd.read_csv(file, dtype=str) if file.is_file() else None


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
    explained = differ[differ["cause"] != "synthetic"]
    return explained, len(differ) - len(explained)


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
