"""From what the stages found to the stable tables of a run: named, blinded, protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.codes import territory_names
from evalml.report.blinding import blind
from evalml.report.protect import protect_results
from evalml.report.results import COLUMNS
from evalml.report.typography import month_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.report.results import Frames
    from evalml.study import Study, Territory

DESIGNS = {
    "sequential_trials": "Essais séquentiels : une comparaison par mois d’entrée",
    "cross_section": "Coupe transversale : groupe de comparaison d’une autre source",
}
ESTIMANDS = {
    "att": "Effet moyen sur celles et ceux qui entrent (ATT)",
    "ate": "Effet moyen sur l’ensemble des éligibles (ATE)",
}
METHODS = {
    "diff": "écart brut",
    "ols": "régression",
    "regression_imputation": "imputation par régression",
    "match": "appariement",
    "ipw": "pondération par le score de propension",
    "ebal": "pondération par entropie",
    "aipw": "estimation doublement robuste (AIPW)",
}


def gather(
    study: Study, frames: Mapping[str, pd.DataFrame], labels: Mapping[str, str] | None = None
) -> Frames:
    """Return the stable tables of a run, ready to be shown and written.

    Effects whose checks fail are blinded, and counts below the threshold are taken out: whatever a
    notebook displays comes from here.

    Args:
        study: The study.
        frames: What the stages found: `effects` and `checks`, and any of `flow`, `balance`,
            `trajectories`, `observation`.
        labels: French labels of outcomes, covariates and levels.

    Raises:
        DataError: A table lacks a column readers count on.
    """
    names = dict(labels or {})
    ready = {name: frame for name, frame in frames.items() if name not in {"effects", "balance"}}
    effects = frames["effects"].assign(
        horizon_months=frames["effects"]["horizon_months"].astype("float64"),
        study=study.study,
        programme=study.programme,
        territory=territory_label(study.territory),
        period=period_label(study),
    )
    primary = {"outcome": study.primary.outcome} if study.is_cohort else None
    blinded = blind(effects, frames["checks"], primary)
    others = [column for column in blinded if column not in COLUMNS["effects"]]
    ready["effects"] = blinded[[*COLUMNS["effects"], *others]]
    if "balance" in frames:
        ready["balance"] = _balance(frames["balance"], names)
    ready["protocol"] = protocol_table(study, names)
    return protect_results(ready, study.checks.minimum_count)


def _balance(balance: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "covariate": balance["covariate"],
            "label": [labels.get(name, name) for name in balance["covariate"]],
            "smd_before": balance["smd_before"],
            "smd_after": balance["smd_after"],
            "variance_ratio": balance["variance_ratio"],
            "mean_treated": balance["mean_treated_before"],
            "mean_comparison_before": balance["mean_comparison_before"],
            "mean_comparison_after": balance["mean_comparison_after"],
        }
    )


def territory_label(territory: Territory | None) -> str:
    """Return the name of a territory, such as « Hauts-de-France »."""
    if territory is None:
        return ""
    names = territory_names()
    if territory.region is not None:
        return names["regions"].get(territory.region, f"région {territory.region}")
    if territory.departement is not None:
        return ", ".join(names["departements"].get(code, code) for code in territory.departement)
    if territory.structure is not None:
        return f"{len(territory.structure)} missions locales"
    return "France entière"


def period_label(study: Study) -> str:
    """Return the months of entry, such as « janvier 2024 à décembre 2024 »."""
    if study.entries is None:
        return ""
    first, last = month_text(study.entries.first), month_text(study.entries.last)
    return first if first == last else f"{first} à {last}"


def protocol_table(study: Study, labels: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the protocol of the target trial as a table: item, label, text."""
    names = dict(labels or {})
    outcomes = ", ".join(names.get(name, name) for name in study.outcomes)
    methods = ", ".join(METHODS[name] for name in study.methods)
    rows = [("design", "Schéma", DESIGNS.get(study.comparison.design, study.comparison.design))]
    rows += _cohort_rows(study) if study.is_cohort else _table_rows(study)
    rows += [
        ("outcomes", "Résultats mesurés", outcomes),
        ("estimand", "Grandeur estimée", ESTIMANDS[study.estimand]),
        ("methods", "Méthodes", methods),
        ("primary", "Critère principal, fixé à l’avance", _primary(study, names)),
    ]
    return pd.DataFrame(rows, columns=["item", "label", "text"])


def _primary(study: Study, names: Mapping[str, str]) -> str:
    at = f" à {study.primary.horizon} mois" if study.primary.horizon is not None else ""
    outcome = names.get(study.primary.outcome, study.primary.outcome)
    return f"{outcome}{at}, {METHODS[study.primary.method]}"


def _cohort_rows(study: Study) -> list[tuple[str, str, str]]:
    given = study.eligibility
    outside = " ni en ".join(s.lower() for s in given.outside_situations)
    name = study.treatment.dispositif or study.programme
    eligible = (
        "Dossier ouvert dans une mission locale du territoire, âge prévu par les textes, au moins "
        f"un acte réalisé dans les {given.accompanied_within_months} mois précédents, "
        f"jamais entré en {name}"
    )
    eligible += f", ni en {outside}" if outside else ""
    return [
        ("territory", "Territoire", territory_label(study.territory)),
        ("eligibility", "Qui aurait pu entrer", eligible),
        ("time_zero", "Temps zéro", "Premier jour de chaque mois d’entrée"),
        ("treated", "Groupe des entrants", f"Première entrée en {name} dans le mois"),
        (
            "comparison",
            "Groupe de comparaison",
            f"Éligibles qui n’entrent pas en {name} ce mois-là (ils peuvent entrer plus tard)",
        ),
        ("entries", "Entrées", period_label(study)),
        ("follow_up", "Suivi", f"{study.follow_up_months} mois"),
    ]


def _table_rows(study: Study) -> list[tuple[str, str, str]]:
    return [
        ("experiment", "Expérience", str(study.comparison.experiment or "aucune")),
        (
            "comparison",
            "Groupe de comparaison",
            f"{study.comparison.pool} ({study.comparison.source})",
        ),
    ]


def note_meta(
    study: Study,
    *,
    command: str,
    hashes: Mapping[str, str | None],
    labels: Mapping[str, str],
    extract_name: str,
    extraction_date: str,
    synthetic: bool,
    benchmark: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a note needs beside the tables, as plain values.

    Args:
        study: The study.
        command: What reproduces the run.
        hashes: Hashes of what went in.
        labels: French labels of outcomes, covariates and levels.
        extract_name: Name of the extract, or of the data set.
        extraction_date: Vintage of the data; empty where they have none.
        synthetic: Whether the data are invented; every page then says so.
        benchmark: Answer of an experiment: `estimate, ci_low, ci_high, label`.
    """
    return {
        "study": study.study,
        "title": study.title,
        "programme": study.programme,
        "territory_label": territory_label(study.territory),
        "period_label": period_label(study),
        "synthetic": synthetic,
        "extraction_date": extraction_date,
        "extract_name": extract_name,
        "command": command,
        "hashes": {name: value for name, value in hashes.items() if value},
        "language": study.language,
        "primary": {
            "outcome": study.primary.outcome,
            "horizon_months": study.primary.horizon,
            "method": study.primary.method,
        },
        "threshold": study.minimum_effect,
        "kind": "cohort" if study.is_cohort else "cross_section",
        "benchmark": dict(benchmark) if benchmark else None,
        "labels": dict(labels),
    }
