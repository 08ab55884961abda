"""Audits and indicators as tables: for notebooks, and for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.indicators import GROUPS, INDICATORS
from evalml.indicators.pivot import area_label
from evalml.published.compare import NEEDED, summary
from evalml.published.identity import KINDS, arithmetic
from evalml.published.page import CAUSES
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
                CAUSES[finding.cause],
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
