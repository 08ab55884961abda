"""The catalogue: each outcome with its source, its definition and who observes it."""

from __future__ import annotations

from evalml.outcomes.definition import Channel, Outcome
from evalml.outcomes.durable import DURABLE

__all__ = ["OUTCOMES", "Channel", "Outcome"]

_DARES = "Dares, evaluation of the Garantie jeunes, annex 5 (2018)"
_HDF = "AREFIE Hauts-de-France, activity report 2024, key indicators"
_IMILO = "I-Milo situations (decree 2015-59, annex)"

OUTCOMES: dict[str, Outcome] = {
    o.name: o
    for o in (
        Outcome(
            "emploi",
            "En emploi",
            "proportion",
            "Linked employer declarations (ForCE: MMO-DSN)",
            "At least one employment contract in the month, alternance included.",
            "linked",
            "linked",
            fallback="emploi_declare",
        ),
        Outcome(
            "emploi_declare",
            "En emploi (déclaré)",
            "proportion",
            _IMILO,
            "A declared job or alternance contract covers at least one day of the month.",
            "declared",
            "employment",
        ),
        *DURABLE,
        Outcome(
            "emploi_hors_iae",
            "En emploi hors IAE",
            "proportion",
            _DARES,
            "A declared job or alternance contract outside a work-integration firm.",
            "declared",
            "outside_iae",
        ),
        Outcome(
            "emploi_hors_iae_lie",
            "En emploi hors IAE (source appariée)",
            "proportion",
            "Linked employer declarations (ForCE: MMO-DSN)",
            "At least one employment contract in the month other than a CDDI, the contract of "
            "work-integration firms; alternance included.",
            "linked",
            "linked_outside_iae",
            fallback="emploi_hors_iae",
        ),
        Outcome(
            "emploi_iae",
            "En emploi dans l’IAE",
            "proportion",
            "Contract v1, situations (CDDI, siae_type)",
            "A declared job inside a work-integration firm: the lock-in, not the outcome.",
            "declared",
            "in_iae",
        ),
        Outcome(
            "alternance",
            "En alternance",
            "proportion",
            _HDF,
            "An apprenticeship or professionalisation contract covers a day of the month.",
            "declared",
            "alternance",
        ),
        Outcome(
            "formation",
            "En formation",
            "proportion",
            _HDF,
            "A declared training covers at least one day of the month.",
            "declared",
            "training",
        ),
        Outcome(
            "scolarite",
            "Retour en scolarité",
            "proportion",
            _HDF,
            "Declared as back in initial education.",
            "declared",
            "school",
        ),
        Outcome(
            "volontariat",
            "En volontariat",
            "proportion",
            _IMILO,
            "A volunteering contract (service civique included) covers a day of the month.",
            "declared",
            "volunteering",
        ),
        Outcome(
            "immersion",
            "En immersion",
            "proportion",
            _IMILO,
            "An immersion or PMSMP covers a day of the month.",
            "declared",
            "immersion",
        ),
        Outcome(
            "demandeur_emploi",
            "Déclaré demandeur d’emploi",
            "proportion",
            _IMILO,
            "Declared as a job seeker on a day of the month, whatever else was declared.",
            "declared",
            "jobseeker",
        ),
        Outcome(
            "neet",
            "Ni en emploi, ni en études, ni en formation",
            "proportion",
            "PNAE, report 2018 (NEET); volunteering counts as an activity, an immersion does not",
            "Something is declared in the month, and no job, alternance, training, school or "
            "volunteering.",
            "declared",
            "employment",
            also=("training", "school", "volunteering"),
            negated=True,
        ),
        Outcome(
            "situation_positive",
            "En situation positive (sens ministériel du CEJ)",
            "proportion",
            f"{_HDF}: the ministerial instruction on exits of the CEJ",
            "Durable employment (CDI, CDD of more than 6 months, alternance) or back at school.",
            "declared",
            "durable",
            also=("alternance", "school"),
        ),
        Outcome(
            "situation_professionnelle",
            "En situation professionnelle (sens du CEJ)",
            "proportion",
            f"{_HDF}, note 1",
            "Positive situations, and any other job, aided or short, and training.",
            "declared",
            "employment",
            also=("school", "training"),
        ),
        Outcome(
            "solution_pacea",
            "En emploi, en alternance ou en formation",
            "proportion",
            f"{_HDF}: exits of the PACEA with a solution",
            "A job, durable or not, alternance or training.",
            "declared",
            "employment",
            also=("training",),
        ),
        Outcome(
            "mois_emploi",
            "Mois travaillés depuis l’entrée",
            "mois",
            "Linked employer declarations (ForCE: MMO-DSN)",
            "Months with a contract, from the month after time zero on.",
            "linked",
            "linked",
            fallback="mois_emploi_declare",
            cumulated=True,
        ),
        Outcome(
            "mois_emploi_declare",
            "Mois travaillés depuis l’entrée (déclarés)",
            "mois",
            _IMILO,
            "Months with a declared job or alternance, from the month after time zero on; unknown "
            "once a month is.",
            "declared",
            "employment",
            cumulated=True,
        ),
        Outcome(
            "salaire_cumule",
            "Salaire brut cumulé depuis l’entrée",
            "euros",
            "Linked employer declarations (ForCE: MMO-DSN)",
            "Gross pay added up from the month after time zero on.",
            "linked",
            "pay",
            cumulated=True,
        ),
        Outcome(
            "salaire",
            "Salaire brut mensuel",
            "euros",
            "Linked employer declarations (ForCE: MMO-DSN)",
            "Gross pay of the month; 0 in a month without contract.",
            "linked",
            "pay",
        ),
    )
}
