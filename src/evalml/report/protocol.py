"""The protocol of a study in words: the target trial of the note and of the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.report.protocol_rollout import rollout_rows
from evalml.report.typography import month_text
from evalml.report.words import method_inside
from evalml.study import territory_label, word_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.study import Entries, Study

Row = tuple[str, str, str]

DESIGNS = {
    "sequential_trials": "Essais séquentiels : une comparaison par mois d’entrée",
    "active_comparator": "Comparaison active : les entrants d’un mois et ceux d’un autre programme",
    "accepted_refused": "Candidatures acceptées et refusées : une comparaison par mois d’envoi",
    "encouragement": "Variable instrumentale : la capacité des missions locales",
    "rollout": "Ouverture progressive : territoires ouverts et pas encore ouverts",
    "cross_section": "Coupe transversale : groupe de comparaison d’une autre source",
}
ESTIMANDS = {
    "att": "Effet moyen sur celles et ceux qui entrent (ATT)",
    "ate": "Effet moyen sur l’ensemble des éligibles (ATE)",
    "itt": "Effet moyen de l’ouverture du programme, entré ou non (intention de traiter)",
}
METHODS = {
    "diff": "écart brut",
    "ols": "régression",
    "regression_imputation": "imputation par régression",
    "match": "appariement",
    "ipw": "pondération par le score de propension",
    "ebal": "pondération par entropie",
    "aipw": "estimation doublement robuste (AIPW)",
    "iv": "doubles moindres carrés, et forme réduite",
}
CAPACITY = (
    "Part des jeunes accompagnés par la mission locale entrés dans le programme dans les 12 mois "
    "précédents, sans compter la personne elle-même"
)
LATE = "Effet sur celles et ceux que la capacité fait entrer (LATE)"


def period_label(study: Study) -> str:
    """Return the months of entry, such as « janvier 2024 à décembre 2024 »."""
    return "" if study.entries is None else months_label(study.entries)


def months_label(entries: Entries) -> str:
    """Return a period in words, first and last month included."""
    first, last = month_text(entries.first), month_text(entries.last)
    return first if first == last else f"{first} à {last}"


def protocol_table(study: Study, labels: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the protocol of the target trial as a table: item, label, text."""
    names = dict(labels or {})
    outcomes = ", ".join(names.get(name, name) for name in study.outcomes)
    methods = ", ".join(_method(name) for name in study.methods)
    design = study.comparison.design
    estimand = LATE if design == "encouragement" else ESTIMANDS[study.estimand]
    rows = [("design", "Schéma", DESIGNS.get(design, design))]
    rows += _cohort_rows(study) if study.is_cohort else _table_rows(study)
    rows += [
        ("outcomes", "Résultats mesurés", outcomes),
        ("estimand", "Grandeur estimée", estimand),
        ("methods", "Méthodes", methods),
        ("primary", "Critère principal, fixé à l’avance", _primary(study, names)),
    ]
    if study.secondary:
        titles = " ; ".join(str(given["title"]) for given in study.secondary.values())
        rows.append(("secondary", "Analyses secondaires, fixées à l’avance", titles))
    return pd.DataFrame(rows, columns=["item", "label", "text"])


def _method(name: str) -> str:
    return METHODS.get(name) or method_inside(name, "fr")


def _primary(study: Study, names: Mapping[str, str]) -> str:
    at = f" à {study.primary.horizon} mois" if study.primary.horizon is not None else ""
    outcome = names.get(study.primary.outcome, study.primary.outcome)
    return f"{outcome}{at}, {_method(study.primary.method)}"


def _cohort_rows(study: Study) -> list[Row]:
    if study.comparison.design == "rollout":
        return rollout_rows(study, territory_label(study.territory), period_label(study))
    applies = study.comparison.design == "accepted_refused"
    zero = "Premier jour du mois de la candidature" if applies else (
        "Premier jour de chaque mois d’entrée"
    )  # fmt: skip
    rows = [
        ("territory", "Territoire", territory_label(study.territory)),
        ("eligibility", "Qui aurait pu entrer", _eligible(study)),
        ("time_zero", "Temps zéro", zero),
        ("treated", "Groupe des entrants", _treated(study)),
        ("comparison", "Groupe de comparaison", _compared(study)),
        ("entries", "Entrées", period_label(study)),
        ("follow_up", "Suivi", f"{study.follow_up_months} mois"),
    ]
    if study.comparison.instrument is not None:
        rows.append(("instrument", "Instrument", CAPACITY))
    return rows


def _eligible(study: Study) -> str:
    given, name = study.eligibility, word_of(study.dispositif)
    outside = " ni en ".join(s.lower() for s in given.outside_situations)
    text = (
        "Dossier ouvert dans une mission locale du territoire, âge prévu par les textes, au moins "
        f"un acte réalisé dans les {given.accompanied_within_months} mois précédents, "
    )
    text += _never(study, name)
    text += f", ni en {outside}" if outside else ""
    programmes = ", ".join(given.outside_programmes)
    return text + (f", hors {programmes}" if programmes else "")


def _never(study: Study, name: str) -> str:
    design, rang = study.comparison.design, study.treatment.rang
    if design == "accepted_refused":
        return "ni candidature acceptée ni contrat dans l’IAE auparavant"
    if rang is not None:
        return f"sorti de {name} après une entrée de rang {rang - 1} et non renouvelé"
    other = f" ni en {study.comparison.pool}" if design == "active_comparator" else ""
    return f"jamais entré en {name}{other}"


def _treated(study: Study) -> str:
    name, rang = word_of(study.dispositif), study.treatment.rang
    if study.comparison.design == "accepted_refused":
        return "Première candidature du mois à recevoir une réponse : acceptée"
    inside = {
        "with": ", avec une GJ qui commence le même mois",
        "without": ", sans GJ qui commence le même mois",
        "any": "",
    }[study.treatment.nested]
    entry = "Première entrée" if rang is None else f"Entrée de rang {rang}"
    return f"{entry} en {name} dans le mois{inside}"


def _compared(study: Study) -> str:
    name, given = word_of(study.dispositif), study.comparison
    if given.design == "accepted_refused":
        return (
            "Première candidature du mois à recevoir une réponse : refusée (annulée ou en cours, "
            "elle ne compte pas ; le jeune peut être accepté plus tard)"
        )
    if given.design == "active_comparator":
        when = f" ({months_label(given.entries)})" if given.entries is not None else " dans le mois"
        return (
            f"Première entrée en {given.pool}{when}, jamais entrés en {name} auparavant (ils "
            "peuvent y entrer plus tard)"
        )
    text = f"Éligibles qui n’entrent pas en {name} ce mois-là (ils peuvent entrer plus tard)"
    if given.within is None:
        return text
    return f"{text}, de la même mission locale : au plus {given.per_entrant} par entrant"


def _table_rows(study: Study) -> list[Row]:
    return [
        ("experiment", "Expérience", str(study.comparison.experiment or "aucune")),
        (
            "comparison",
            "Groupe de comparaison",
            f"{study.comparison.pool} ({study.comparison.source})",
        ),
    ]
