"""What is measured: each outcome with its source, its definition and who observes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Channel = Literal["declared", "linked"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of the catalogue.

    Attributes:
        name: Name in the study file.
        label: French label.
        unit: `proportion` or `euros`.
        source: Where the definition comes from.
        definition: What counts, in English, for the reference page.
        channel: Who observes it: a counsellor (`declared`) or a linked source (`linked`).
        column: Column of the panel.
        fallback: Outcome used where the linked source is absent, if any.
    """

    name: str
    label: str
    unit: str
    source: str
    definition: str
    channel: Channel
    column: str
    fallback: str | None = None


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
        Outcome(
            "emploi_durable",
            "En emploi durable",
            "proportion",
            _HDF,
            "CDI, or CDD of more than 6 months; alternance, aided and IAE contracts left out.",
            "declared",
            "durable",
        ),
        Outcome(
            "emploi_durable_6",
            "En emploi durable (CDD de 6 mois compris)",
            "proportion",
            "Dares, IAE exit survey",
            "CDI, or CDD of 6 months or more; alternance, aided and IAE contracts left out.",
            "declared",
            "durable_from_6",
        ),
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
