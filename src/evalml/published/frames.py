"""Audits and indicators as tables: for notebooks, and for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evalml.published.compare import NEEDED, summary
from evalml.published.identity import KINDS, arithmetic
from evalml.published.page import CAUSES
from evalml.published.read import PublishedError

if TYPE_CHECKING:
    from evalml.published.audit import Audit

MAPPING = ("mapping", "definitions.csv")
INDICATORS = ("results", "indicators.csv")


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
    file = given.joinpath(*INDICATORS) if given.is_dir() else given
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
    names = {
        "place": "Où",
        "indicator": "Grandeur",
        "territory": "Territoire",
        "printed": "Imprimé",
        "value": "Recalculé",
        "difference": "Écart",
        "verdict": "Verdict",
    }
    kept = known.loc[order, list(names)].rename(columns=names)
    return kept.assign(Verdict=kept["Verdict"].map(VERDICTS)).reset_index(drop=True)


def read_mapping(published: Path) -> pd.DataFrame | None:
    """Return the mapping shipped beside the printed figures, if there is one."""
    folder = published if published.is_dir() else published.parent
    file = folder.joinpath(*MAPPING)
    return pd.read_csv(file, dtype=str) if file.is_file() else None
