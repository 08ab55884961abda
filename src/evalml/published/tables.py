"""Audits, comparisons and indicators as tables, and the page of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.indicators import GROUPS, INDICATORS
from evalml.indicators.catalogue import area_label
from evalml.published.audit import FAILURES, STYLE, escape
from evalml.published.compare import CAUSES, NEEDED, summary
from evalml.published.identity import KINDS, arithmetic
from evalml.published.read import PublishedError
from evalml.typography import number

if TYPE_CHECKING:
    from evalml.published.audit import Audit


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
