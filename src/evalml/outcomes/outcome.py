"""The catalogue: each outcome with its source, its definition and who observes it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from evalml.registry import Registry

Channel = Literal["declared", "linked", "events"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of the catalogue.

    Attributes:
        name: Name in the study file.
        fr: Label in French.
        en: Label in English.
        unit: `proportion`, `euros` or `mois`.
        source: Where the definition comes from.
        definition: What counts, in English, for the reference page.
        channel: Who observes it: a counsellor (`declared`), the linked employment (`linked`) or
            the registers of `evenements_externes` (`events`).
        column: Column of the panel.
        fallback: Outcome used where the linked source is absent, if any.
        also: Other columns of the panel that count as well.
        negated: Whether it is true where none of the columns is.
        cumulated: Whether it adds up from the month after time zero on.
        window: Of what adds up, the months added, the last being that looked at; 0 for all.
        combine: How months that add up make one value: their `sum`, whether `any` has some, their
            `mean`.
        but: Columns of the panel whose months are taken away.
        part: Whether it is a part of linked employment, unknown where the kind of contract is.
        needs: Column of the source that it cannot do without.
    """

    name: str
    fr: str
    en: str
    unit: str
    source: str
    definition: str
    channel: Channel
    column: str
    fallback: str | None = None
    also: tuple[str, ...] = ()
    negated: bool = False
    cumulated: bool = False
    window: int = 0
    combine: Literal["sum", "any", "mean"] = "sum"
    but: tuple[str, ...] = ()
    part: bool = False
    needs: str = ""

    @property
    def as_set(self) -> bool:
        """Whether it is true or not of each month, so that a set of months holds it."""
        return self.unit == "proportion" and not self.cumulated


_SOURCES = {
    (False, False, False): "AREFIE Hauts-de-France, activity report 2024, key indicators",
    (True, False, False): "Dares, IAE exit survey",
    (False, True, False): "Dares, evaluation of the Garantie jeunes, annex 5 (2018); CIVIS (2007)",
}
_VARIANT = "Variant of emploi_durable, for sensitivity"


def durable(*, from_6: bool, alternance: bool, aided: bool) -> Outcome:
    """Return durable employment under one definition.

    Args:
        from_6: Whether a CDD of exactly six months is durable.
        alternance: Whether alternance contracts are included.
        aided: Whether aided contracts (PEC, CIE) of that length are included.
    """
    switches = {"6": from_6, "alternance": alternance, "aide": aided}
    names = [word for word, on in switches.items() if on]
    phrases = {
        "6": "CDD de 6 mois compris",
        "alternance": "alternance comprise",
        "aide": "contrats aidés compris",
    }
    english = _english(switches)
    length = "6 months or more" if from_6 else "more than 6 months"
    left_out = [w for w, on in (("alternance", alternance), ("aided", aided)) if not on]
    counted = [w for w, on in (("alternance", alternance), ("aided contracts", aided)) if on]
    flag = "durable_from_6" if from_6 else "durable"
    also: tuple[str, ...] = ("alternance",) if alternance else ()
    also += (("durable_aided_from_6" if from_6 else "durable_aided"),) if aided else ()
    return Outcome(
        name="_".join(["emploi_durable", *names]),
        fr="En emploi durable" + (f" ({', '.join(phrases[n] for n in names)})" if names else ""),
        en="In durable employment" + (f" ({english} included)" if english else ""),
        unit="proportion",
        source=_SOURCES.get((from_6, alternance, aided), _VARIANT),
        definition=(
            f"CDI, or CDD of {length}"
            + (f", {' and '.join(counted)} included" if counted else "")
            + f"; {', '.join([*left_out, 'IAE'])} contracts left out."
        ),
        channel="declared",
        column=flag,
        also=also,
    )


def _english(switches: dict[str, bool]) -> str:
    """Return what counts beside long contracts, in English."""
    words = {"6": "6-month", "alternance": "work-study", "aide": "subsidised"}
    *first, last = [words[name] for name, on in switches.items() if on] or [""]
    listed = f"{', '.join(first)} and {last}" if first else last
    return f"{listed} contracts" if switches["6"] or switches["aide"] else listed


DURABLE = tuple(
    durable(from_6=from_6, alternance=alternance, aided=aided)
    for from_6, alternance, aided in product((False, True), repeat=3)
)

_DARES = "Dares, evaluation of the Garantie jeunes, annex 5 (2018)"
_HDF = "AREFIE Hauts-de-France, activity report 2024, key indicators"
_IMILO = "I-Milo situations (decree 2015-59, annex)"

_FORCE = "Linked employer declarations (ForCE: MMO-DSN)"

PARTS = tuple(
    Outcome(
        name,
        f"{fr} (source appariée)",
        f"{en} (linked source)",
        "proportion",
        f"{_FORCE}; parts of employment as in {_DARES}",
        f"{counts} Of several contracts, the first of: durable, alternance, aided, other.",
        "linked",
        column,
        fallback=fallback,
        but=but,
        part=True,
        needs="duree_prevue_mois",
    )
    for name, fr, en, counts, column, but, fallback in (
        (
            "emploi_durable_lie",
            "En emploi durable",
            "In durable employment",
            "A CDI or a CDD of more than 6 months; aided, IAE and alternance left out.",
            "linked_durable",
            (),
            "emploi_durable",
        ),
        (
            "alternance_lie",
            "En alternance",
            "In apprenticeship",
            "An apprenticeship or professionalisation contract.",
            "linked_alternance",
            ("linked_durable",),
            "alternance",
        ),
        (
            "emploi_aide_lie",
            "En emploi aidé, IAE comprise",
            "In a subsidised job, IAE included",
            "A PEC, CIE or CDDI, or a contract that the source says the State pays part of.",
            "linked_aided",
            ("linked_durable", "linked_alternance"),
            None,
        ),
        (
            "emploi_non_durable_lie",
            "En emploi non durable",
            "In non-durable employment",
            "Any other contract: a CDD of 6 months or less, temporary work, …",
            "linked",
            ("linked_durable", "linked_alternance", "linked_aided"),
            None,
        ),
    )
)
"""Parts of linked employment: in each month in which they are known, they add up to `emploi`."""

_COMBINED: tuple[tuple[str, str, str, tuple[tuple[Any, ...], ...]], ...] = (
        ("hours", "heures", "hours", (
            ("heures", "Heures travaillées dans le mois", "Hours worked in the month",
             "Hours paid in the month; 0 in a month without contract.", 1, "sum"),
            ("heures_trimestre", "Heures travaillées en trois mois",
             "Hours worked in three months",
             "Hours paid in the month looked at and the two before.", 3, "sum"),
            ("heures_cumulees", "Heures travaillées depuis l’entrée", "Hours worked since entry",
             "Hours paid, added up from the month after time zero on.", 0, "sum"),
        )),
        ("hours", "heures", "proportion", (
            ("heure_trimestre", "Au moins une heure travaillée en trois mois",
             "At least one hour worked in three months",
             "Hours paid in the month looked at or the two before.", 3, "any"),
        )),
        ("days", "jours", "days", (
            ("jours", "Jours travaillés dans le mois", "Days worked in the month",
             "Days under contract in the month, at most those of the month.", 1, "sum"),
            ("jours_cumules", "Jours travaillés depuis l’entrée", "Days worked since entry",
             "Days under contract, added up from the month after time zero on.", 0, "sum"),
        )),
        ("day_share", "jours", "proportion", (
            ("part_jours", "Part des jours travaillés dans le mois",
             "Share of the days of the month worked",
             "Days under contract over the days of the month.", 1, "mean"),
        )),
)  # fmt: skip
AMOUNTS = tuple(
    Outcome(
        name,
        fr,
        en,
        unit,
        _FORCE,
        counts,
        "linked",
        column,
        cumulated=True,
        window=window,
        combine=combine,
        needs=needs,
    )
    for column, needs, unit, rows in _COMBINED
    for name, fr, en, counts, window, combine in rows
)  # fmt: skip
"""What the linked source counts; « worked » is « under contract »."""

OUTCOMES: Registry[Outcome] = Registry("outcome")
OUTCOMES.add(
    Outcome(
        "emploi",
        "En emploi",
        "In employment",
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
        "In employment (declared)",
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
        "In employment outside IAE",
        "proportion",
        _DARES,
        "A declared job or alternance contract outside a work-integration firm.",
        "declared",
        "outside_iae",
    ),
    Outcome(
        "emploi_hors_iae_lie",
        "En emploi hors IAE (source appariée)",
        "In employment outside IAE (linked source)",
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
        "In employment in the IAE",
        "proportion",
        "Contract v1, situations (CDDI, siae_type)",
        "A declared job inside a work-integration firm: the lock-in, not the outcome.",
        "declared",
        "in_iae",
    ),
    Outcome(
        "alternance",
        "En alternance",
        "In apprenticeship",
        "proportion",
        _HDF,
        "An apprenticeship or professionalisation contract covers a day of the month.",
        "declared",
        "alternance",
    ),
    Outcome(
        "formation",
        "En formation",
        "In training",
        "proportion",
        _HDF,
        "A declared training covers at least one day of the month.",
        "declared",
        "training",
    ),
    Outcome(
        "scolarite",
        "Retour en scolarité",
        "Back at school",
        "proportion",
        _HDF,
        "Declared as back in initial education.",
        "declared",
        "school",
    ),
    Outcome(
        "volontariat",
        "En volontariat",
        "In volunteering",
        "proportion",
        _IMILO,
        "A volunteering contract (service civique included) covers a day of the month.",
        "declared",
        "volunteering",
    ),
    Outcome(
        "immersion",
        "En immersion",
        "In an immersion",
        "proportion",
        _IMILO,
        "An immersion or PMSMP covers a day of the month.",
        "declared",
        "immersion",
    ),
    Outcome(
        "demandeur_emploi",
        "Déclaré demandeur d’emploi",
        "Declared jobseeker",
        "proportion",
        _IMILO,
        "Declared as a job seeker on a day of the month, whatever else was declared.",
        "declared",
        "jobseeker",
    ),
    Outcome(
        "neet",
        "Ni en emploi, ni en études, ni en formation",
        "Neither in employment, nor in education, nor in training",
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
        "In a positive situation (as the ministry counts for the CEJ)",
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
        "In a professional situation (as the CEJ counts)",
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
        "In employment, work-study or training",
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
        "Months worked since entry",
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
        "Months worked since entry (declared)",
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
        "Gross pay since entry",
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
        "Gross monthly wage",
        "euros",
        "Linked employer declarations (ForCE: MMO-DSN)",
        "Gross pay of the month; 0 in a month without contract.",
        "linked",
        "pay",
    ),
    *(
        Outcome(
            name,
            fr,
            en,
            "proportion",
            "Contract v1, evenements_externes",
            f"{source}, in a month after time zero, up to the month looked at.",
            "events",
            column,
            cumulated=True,
            combine="any",
        )
        for name, fr, en, source, column in (
            (
                "permis",
                "Permis obtenu depuis l’entrée",
                "Licence since entry",
                "Licence",
                "licence",
            ),
            ("bafa", "BAFA obtenu depuis l’entrée", "BAFA since entry", "BAFA", "bafa"),
        )
    ),
    *PARTS,
    *AMOUNTS,
)
