"""Situations begun in a year, per person: contracts, trainings, immersions, returns to school."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.engine import Table
from evalml.indicators.asked import by_person
from evalml.panel.build import AIDED, spell_flags

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.tables import Tables

WORK = ("Emploi", "Contrat en Alternance")
OWN_BUSINESS = "INDEPENDANT"


def situations_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person with a situation begun in `year`; planned ones do not count.

    Returns:
        `id_jeune`, counts of spells `n_*` and the flags of the person `a_*`, as `asked`.
    """
    spells = tables.table("situations")
    spells = spells.filter((spells.etat != "PREVU") & (spells.date_debut.year() == year))
    kinds = situation_kinds(spells)
    counted = {f"n_{n}": kind.sum() for n, kind in kinds.items() if f"n_{n}" in asked}
    persons = {f"a_{n}": kind.any() for n, kind in kinds.items() if f"a_{n}" in asked}
    return by_person(spells, counted | persons, asked)


def situation_kinds(spells: Table) -> dict[str, Any]:
    """Return what each situation counts as, one boolean expression per kind.

    A contract of work (`contrats`) leaves out self-employment, which is a job (`emplois`).
    """
    flags = spell_flags(spells)
    contract = spells.type_contrat.fill_null("")
    job = (spells.categorie == "Emploi").fill_null(False)
    work = spells.categorie.isin(WORK)
    aided, own = job & contract.isin(AIDED), job & (contract == OWN_BUSINESS)
    return {
        "emplois": work,
        "contrats": work & ~own,
        "cdi": job & (contract == "CDI"),
        "interim": job & (contract == "CTT"),
        "independants": own,
        "durables": flags["durable"],
        "durables_6": flags["durable_from_6"],
        "durables_alternance": flags["durable"] | flags["alternance"],
        "durables_aides": flags["durable"] | flags["durable_aided"],
        "aides": aided,
        "pec": job & (contract == "PEC"),
        "cie": job & (contract == "CIE"),
        "insertion": flags["in_iae"],
        "classiques": job & ~aided,
        "alternance": flags["alternance"],
        "apprentissage": flags["alternance"] & (contract == "APPRENTISSAGE"),
        "professionnalisation": flags["alternance"] & (contract == "PROFESSIONNALISATION"),
        "formations": flags["training"],
        "pmsmp": spells.categorie == "Pmsmp",
        "immersions": flags["immersion"],
        "scolarites": flags["school"],
        "volontariats": flags["volunteering"],
        "services_civiques": contract == "SERVICE_CIVIQUE",
        "aides_ou_alternance": aided | flags["alternance"],
        "emplois_ou_formations": work | flags["training"],
    }
