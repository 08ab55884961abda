"""Who is counted, where, and under which traits: one row per person with a file there.

A person is counted once a year, in the mission locale whose file was the last opened by the end
of the year: a move inside the territory never makes two youths of one, and the counts of the
départements add up to those of the territory. Acts are counted where they took place.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from evalml.cohort.eligible import structures_of
from evalml.engine import Table, cases, coalesce, hash_of, literal, row_number, window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from evalml.study import Territory
    from evalml.tables import Tables


AMOUNTS = ("heures", "cej_euros", "pacea_euros", "gj_euros", "civis_euros")
"""Columns of the activity table that are whole millionths of what they say: they add up exactly."""


def grouped(
    rows: Table, columns: Mapping[str, Any], needed: Collection[str], by: tuple[str, ...]
) -> Table | None:
    """Return one row per `by` with those of the columns that are asked for, None without any."""
    wanted = {name: column for name, column in columns.items() if name in needed}
    return rows.group_by(*by).agg(**wanted) if wanted else None


def by_person(rows: Table, columns: Mapping[str, Any], needed: Collection[str]) -> Table | None:
    """Return one row per person with those of the columns that are asked for, None without any."""
    return grouped(rows, columns, needed, ("id_jeune",))


AgeOn = Literal["premier_acte", "fin_annee"]
AGE_DATES: dict[AgeOn, str] = {
    "premier_acte": "premier acte de l’année, à défaut 31 décembre",
    "fin_annee": "31 décembre",
}
AT_WELCOME = "premier accueil"
"""Days the age may be taken on, in the words of a reader: « âge au … »."""

BANDS = ((16, "-16"), (18, "16-17"), (22, "18-21"), (26, "22-25"))
RURAL_ZONES_CHANGE = dt.date(2024, 7, 1)
"""Day the FRR replaced the ZRR (finance law for 2024, article 73): a file says that of its day."""

OF_FILE: dict[str, tuple[str, ...]] = {
    "qpv": ("qpv",),
    "frr": ("frr",),
    "zrr": ("frr", "date_maj"),
    "diplome": ("niveau_diplome",),
    "situation_familiale": ("situation_familiale",),
    "enfants": ("enfants",),
    "famille": ("enfants", "situation_familiale"),
    "parent": ("enfants",),
    "logement": ("logement",),
    "permis_b": ("permis_b", "permis_en_cours"),
    "provenance": ("oriente_par",),
}
"""Traits read from the file, and the columns each is read from."""

ORIGINS = ("SPONTANE", "FAMILLE_AMIS", "BOUCHE_A_OREILLE", "FRANCE_TRAVAIL",
           "EDUCATION_NATIONALE", "PARTENAIRE")  # fmt: skip


def file_columns(tables: Tables, needed: Collection[str]) -> list[str]:
    """Return the columns of `dossiers` that the traits `needed` are read from, if there."""
    present = tables.table("dossiers").columns
    wanted = [c for trait, columns in OF_FILE.items() if trait in needed for c in columns]
    return [c for c in dict.fromkeys(wanted) if c in present]


def homes(tables: Tables, territory: Territory, year: int, needed: Collection[str]) -> Table:
    """Return one row per person: the last file opened by the end of `year`, if in the territory.

    The result: `id_jeune`, where it is, the columns of the traits `needed`, and `dossier_cree` (the
    first file of all was opened in the year: the second file of a move is not a new one) and
    `dossier_ouvert` where they are `needed`.
    """
    read = file_columns(tables, needed)
    files = tables.table("dossiers").select(
        *dict.fromkeys(
            ("id_jeune", "id_dossier", "id_structure", "date_ouverture", "date_cloture", *read)
        )
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
    closed = files.date_cloture < literal(dt.date(year, 1, 1))
    flags = {
        "dossier_cree": files.date_ouverture.min().year() == year,
        "dossier_ouvert": (files.date_cloture.isnull() | ~closed).any(),
    }
    opened = by_person(files, flags, needed)
    home = last.join(structures_of(tables.table("structures"), territory), "id_structure")
    return home if opened is None else home.join(opened, "id_jeune")


def people_of(tables: Tables, territory: Territory, year: int, needed: Collection[str]) -> Table:
    """Return the persons of the territory, with what is known of each beside."""
    born = tables.table("jeunes")
    return homes(tables, territory, year, needed).join(born, "id_jeune")


def places_of(tables: Tables, territory: Territory, needed: Collection[str], acts: Table) -> Table:
    """Return the `acts` of each file of the territory, with what is known of the file and youth.

    Args:
        tables: The checked records.
        territory: Where.
        needed: Names of the traits asked for.
        acts: One row per `id_jeune` and `id_dossier`.
    """
    files = tables.table("dossiers").select(
        "id_dossier", "id_structure", *file_columns(tables, needed)
    )
    here = files.join(structures_of(tables.table("structures"), territory), "id_structure")
    return acts.join(here, "id_dossier").join(tables.table("jeunes"), "id_jeune")


def traits_of(
    known: Table, year: int, needed: Collection[str], age_on: AgeOn = "premier_acte"
) -> dict[str, Any]:
    """Return the traits `needed` of the persons, as columns.

    An age is in completed years on an exact day; other traits are those of the file.

    `known`: rows of `people_of` or `places_of`, with `premier_acte` where the age is asked.
    """
    last = literal(dt.date(year, 12, 31))
    traits: dict[str, Callable[[], Any]] = {
        "accueilli": lambda: _welcomed(known, year),
        "en_situation_de_handicap": lambda: _disabled(known, year),
        "etranger": lambda: known.nationalite != "FR",
        "parent": lambda: (known.enfants > 0).fill_null(False),
        "age": lambda: _band(
            known, coalesce(known.premier_acte, last) if age_on == "premier_acte" else last
        ),
        "age_accueil": lambda: _band(known, known.date_premier_accueil),
        "qpv": lambda: yes_no(known.qpv),
        "frr": lambda: yes_no(known.frr),
        "zrr": lambda: _zrr(known),
        "diplome": lambda: known.niveau_diplome.fill_null("inconnu"),
        "rqth": lambda: yes_no(_disabled(known, year)),
        "premier_accueil": lambda: yes_no(_welcomed(known, year)),
        "situation_familiale": lambda: known.situation_familiale.fill_null("inconnu"),
        "enfants": lambda: yes_no(known.enfants > 0),
        "famille": lambda: _family(known),
        "logement": lambda: known.logement.fill_null("inconnu"),
        "permis_b": lambda: _licence(known),
        "provenance": lambda: _origin(known),
    }
    return {name: made() for name, made in traits.items() if name in needed}


def age_on_day(birth: Any, day: Any) -> Any:
    """Return the completed years on a day; the birthday itself counts."""
    return (_ymd(day) - _ymd(birth)) // 10_000


def _ymd(day: Any) -> Any:
    year, month = day.year().cast("int32"), day.month().cast("int32")
    return year * 10_000 + month * 100 + day.day().cast("int32")


def _band(known: Table, day: Any) -> Any:
    age = age_on_day(known.date_naissance, day)
    bands = [(age < limit, literal(band)) for limit, band in BANDS]
    return cases((day.isnull(), literal("inconnu")), *bands, else_="26+")


def _welcomed(known: Table, year: int) -> Any:
    return (known.date_premier_accueil.year() == year).fill_null(False)


def _disabled(known: Table, year: int) -> Any:
    return (known.rqth_depuis <= literal(dt.date(year, 12, 31))).fill_null(False)


def _zrr(known: Table) -> Any:
    """Return whether the youth lives in a ZRR: a rural file of after the change no longer says."""
    before = (known.date_maj < literal(RURAL_ZONES_CHANGE)).fill_null(False)
    rural = known.frr.fill_null(False)
    return cases(
        (known.frr.isnull() | (rural & ~before), literal("inconnu")),
        (rural, literal("1")),
        else_="0",
    )


def _family(known: Table) -> Any:
    alone = known.situation_familiale == "SEUL"
    return cases(
        (known.enfants == 0, literal("sans_enfant")),
        (known.enfants.isnull() | known.situation_familiale.isnull(), literal("inconnu")),
        (alone, literal("monoparentale")),
        else_="couple_enfants",
    )


def _licence(known: Table) -> Any:
    if "permis_en_cours" not in known.columns:
        return yes_no(known.permis_b)
    learns = known.permis_en_cours.fill_null(False) & ~known.permis_b.fill_null(False)
    return cases((learns, literal("en_cours")), else_=yes_no(known.permis_b))


def _origin(known: Table) -> Any:
    listed = known.oriente_par.isin(ORIGINS)
    return cases(
        (known.oriente_par.isnull(), literal("inconnu")),
        (listed, known.oriente_par),
        else_="AUTRE",
    )


def yes_no(flag: Any) -> Any:
    """Return a flag as text: 1, 0 or inconnu."""
    return cases((flag, literal("1")), (~flag, literal("0")), else_="inconnu")
