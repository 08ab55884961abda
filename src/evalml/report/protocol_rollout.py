"""The protocol of a roll-out in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.codes import code_list

if TYPE_CHECKING:
    from evalml.study import Study


def rollout_rows(study: Study, territory: str, period: str) -> list[tuple[str, str, str]]:
    """Return the lines of the protocol that a roll-out says in its own way.

    Args:
        study: The study.
        territory: Name of the territory.
        period: Months of first demand whose effect is wanted.
    """
    name, given = study.dispositif, study.eligibility
    outside = " ni en ".join(s.lower() for s in given.outside_situations)
    ages = (
        f"de {given.age_min} à {given.age_max} ans"
        if given.age_min
        else "d’âge prévu par les textes"
    )
    eligible = (
        f"Jeunes {ages} à leur premier accueil dans une mission locale, ni en {outside}, de "
        f"diplôme {_levels(study.comparison.eligible_levels)}, selon ce qui était connu ce mois-là"
    )
    witnesses = (
        f"Mêmes règles, diplôme {_levels(study.comparison.witness_levels)} : ils n’entrent presque "
        f"pas en {name}"
    )
    compared = (
        f"Mêmes semestres, départements où la {name} n’est pas encore ouverte au mois du "
        "résultat ; et, de part et d’autre, les cohortes d’avant l’ouverture"
    )
    unit = (
        "Département, faute de liste publiée : l’unité réelle est la mission locale, et deux "
        "départements (Seine-Saint-Denis, Puy-de-Dôme) ont ouvert en deux fois. Ils comptent à "
        "leur première date, ce qui rapproche l’effet de zéro"
    )
    return [
        ("territory", "Territoire dont on cherche l’effet", territory),
        ("eligibility", "Jeunes éligibles", eligible),
        ("time_zero", "Temps zéro", "Mois du premier accueil"),
        (
            "treated",
            "Cohortes exposées",
            f"Premiers accueils une fois la {name} ouverte dans le département, par semestre",
        ),
        ("comparison", "Cohortes de comparaison", compared),
        ("witnesses", "Super-témoins", witnesses),
        ("unit", "Territoire d’ouverture", unit),
        ("entries", "Premiers accueils", period),
        ("follow_up", "Suivi", f"{study.follow_up_months} mois après le premier accueil"),
    ]


def _levels(codes: tuple[str, ...]) -> str:
    labels = code_list("niveau_diplome").labels
    return ", ".join(f"« {labels.get(code, code)} »" for code in codes)
