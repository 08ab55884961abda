"""Allowances paid and applications to work-integration firms of a year, per person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.engine import Table, coalesce, ifelse, in_parts
from evalml.indicators.asked import by_person

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.tables import Tables

PAYING = ("CEJ", "PACEA", "GJ", "CIVIS")


def allowances_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person paid in `year`: `<p>_euros`, `<p>_mois`, `<p>_alloue`.

    Euros are whole millionths.
    """
    paid = tables.table("allocations")
    paid = paid.filter((paid.mois.year() == year) & (paid.montant_eur > 0))
    columns = {}
    for programme in PAYING:
        mine, name = paid.dispositif == programme, programme.lower()
        columns[f"{name}_euros"] = in_parts(ifelse(mine, paid.montant_eur, None)).sum()
        columns[f"{name}_mois"] = mine.sum()
        columns[f"{name}_alloue"] = mine.any()
    return by_person(paid, columns, asked)


def applications_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person with an IAE application: those sent, and accepted, in `year`.

    An accepted application belongs to the year of the hiring, or to that of the application where
    the day of hiring is not known.
    """
    sent = tables.table("iae_candidatures")
    this_year = sent.date_candidature.year() == year
    decided = coalesce(sent.date_embauche, sent.date_candidature).year() == year
    by_ml = sent.emetteur == "ML"
    accepted = by_ml & decided & (sent.etat == "acceptee")
    answered = by_ml & this_year & sent.etat.isin(("acceptee", "refusee"))
    columns = {
        "n_iae_envoyees": (by_ml & this_year).sum(),
        "n_iae_acceptees": accepted.sum(),
        "n_iae_repondues": answered.sum(),
        "n_iae_repondues_oui": (answered & (sent.etat == "acceptee")).sum(),
        "a_iae_acceptees": accepted.any(),
    }
    return by_person(sent, columns, asked)


def contracts_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person with an IAE contract begun in `year`."""
    signed = tables.table("iae_contrats")
    signed = signed.filter(signed.date_debut.year() == year)
    return by_person(signed, {"n_iae_contrats": signed.count()}, asked)
