"""Who is counted, where, and under which traits: one row per person with a file in the territory.

A person is counted once a year, in the mission locale whose file was the last opened by the end
of the year: a move inside the territory never makes two youths of one, and the counts of the
départements add up to those of the territory.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.cohort.eligible import structures_of
from evalml.engine import Table, cases, coalesce, hash_of, literal, month_of, row_number, window
from evalml.indicators.asked import by_person

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from evalml.study import Territory
    from evalml.tables import Tables

ADULT, BANDS = 18, ((18, "-18"), (22, "18-21"), (26, "22-25"))
TRAITS = (
    "sexe", "age", "qpv", "frr", "diplome", "nationalite", "rqth", "premier_accueil",
    "situation_familiale", "enfants", "logement", "permis_b",
)  # fmt: skip


OF_FILE = {
    "qpv": "qpv",
    "frr": "frr",
    "diplome": "niveau_diplome",
    "situation_familiale": "situation_familiale",
    "enfants": "enfants",
    "logement": "logement",
    "permis_b": "permis_b",
}
"""Traits read from the file, and the column each is read from."""


def homes(tables: Tables, territory: Territory, year: int, asked: Collection[str]) -> Table:
    """Return one row per person: the last file opened by the end of `year`, if in the territory.

    Returns:
        `id_jeune`, where it is, the columns of the traits `asked`, and `dossier_cree` and
        `dossier_ouvert` where they are `asked`.
    """
    read = [column for trait, column in OF_FILE.items() if trait in asked]
    files = tables.table("dossiers").select(
        "id_jeune", "id_dossier", "id_structure", "date_ouverture", "date_cloture", *read
    )
    files = files.filter(files.date_ouverture <= literal(dt.date(year, 12, 31)))
    order = [files.date_ouverture.desc(), hash_of(files.id_dossier)]
    last = files.select(
        "id_jeune",
        "id_structure",
        *read,
        recency=row_number().over(window(group_by="id_jeune", order_by=order)),
    )
    last = last.filter(last.recency == 0)
    flags = {
        "dossier_cree": (files.date_ouverture.year() == year).any(),
        "dossier_ouvert": (
            files.date_cloture.isnull() | (files.date_cloture >= literal(dt.date(year, 1, 1)))
        ).any(),
    }
    opened = by_person(files, flags, asked)
    home = last.join(structures_of(tables.table("structures"), territory), "id_structure")
    return home if opened is None else home.join(opened, "id_jeune")


def people_of(tables: Tables, territory: Territory, year: int, asked: Collection[str]) -> Table:
    """Return the persons of the territory, with what is known of each beside."""
    born = tables.table("jeunes")
    return homes(tables, territory, year, asked).join(born, "id_jeune")


def traits_of(known: Table, year: int, asked: Collection[str]) -> dict[str, Any]:
    """Return the traits `asked` of the persons, as columns.

    The age is that reached in the month of the first act of the year, in completed years (at the
    end of the year for whoever had none); other traits are those of the file.

    Args:
        known: Rows of `people_of`, with `premier_acte` where the age is asked.
        year: Which year.
        asked: Their names.
    """
    traits: dict[str, Callable[[], Any]] = {
        "accueilli": lambda: _welcomed(known, year),
        "en_situation_de_handicap": lambda: _disabled(known, year),
        "etranger": lambda: known.nationalite != "FR",
        "age": lambda: _age(known, year),
        "qpv": lambda: yes_no(known.qpv),
        "frr": lambda: yes_no(known.frr),
        "diplome": lambda: known.niveau_diplome.fill_null("inconnu"),
        "rqth": lambda: yes_no(_disabled(known, year)),
        "premier_accueil": lambda: yes_no(_welcomed(known, year)),
        "situation_familiale": lambda: known.situation_familiale.fill_null("inconnu"),
        "enfants": lambda: yes_no(known.enfants > 0),
        "logement": lambda: known.logement.fill_null("inconnu"),
        "permis_b": lambda: yes_no(known.permis_b),
    }
    return {name: made() for name, made in traits.items() if name in asked}


def _age(known: Table, year: int) -> Any:
    month = coalesce(known.premier_acte, literal(year * 12 + 11, "int32"))
    age = (month - month_of(known.date_naissance)) // 12
    return cases(*[(age < limit, literal(band)) for limit, band in BANDS], else_="26+")


def _welcomed(known: Table, year: int) -> Any:
    return (known.date_premier_accueil.year() == year).fill_null(False)


def _disabled(known: Table, year: int) -> Any:
    return (known.rqth_depuis <= literal(dt.date(year, 12, 31))).fill_null(False)


def yes_no(flag: Any) -> Any:
    """Return a flag as text: 1, 0 or inconnu."""
    return cases((flag, literal("1")), (~flag, literal("0")), else_="inconnu")
