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

if TYPE_CHECKING:
    from evalml.study import Territory
    from evalml.tables import Tables

ADULT, BANDS = 18, ((18, "-18"), (22, "18-21"), (26, "22-25"))
TRAITS = (
    "sexe", "age", "qpv", "frr", "diplome", "nationalite", "rqth", "premier_accueil",
    "situation_familiale", "enfants", "logement", "permis_b",
)  # fmt: skip


def homes(tables: Tables, territory: Territory, year: int) -> Table:
    """Return one row per person: the last file opened by the end of `year`, if in the territory."""
    files = tables.table("dossiers")
    files = files.filter(files.date_ouverture <= literal(dt.date(year, 12, 31)))
    order = [files.date_ouverture.desc(), hash_of(files.id_dossier)]
    files = files.mutate(recency=row_number().over(window(group_by="id_jeune", order_by=order)))
    last = files.filter(files.recency == 0).drop("recency")
    opened = files.group_by("id_jeune").agg(
        dossier_cree=(files.date_ouverture.year() == year).any(),
        dossier_ouvert=(
            files.date_cloture.isnull() | (files.date_cloture >= literal(dt.date(year, 1, 1)))
        ).any(),
    )
    last = last.join(opened, "id_jeune")
    return last.join(structures_of(tables.table("structures"), territory), "id_structure")


def people_of(tables: Tables, territory: Territory, year: int, acts: Table) -> Table:
    """Return the persons of the territory, with the traits indicators are broken down by.

    The age is that reached in the month of the first act of the year, in completed years (at the
    end of the year for whoever had none); other traits are those of the file.

    Args:
        tables: The checked records.
        territory: Where.
        year: Which year.
        acts: `id_jeune` and `premier_acte`, the month number of the first act of the year.
    """
    last = homes(tables, territory, year)
    born = tables.table("jeunes")
    known = last.join(born, "id_jeune")
    known = known.left_join(acts, "id_jeune").drop("id_jeune_right")
    month = coalesce(known.premier_acte, literal(year * 12 + 11, "int32"))
    age = (month - month_of(known.date_naissance)) // 12
    welcomed = (known.date_premier_accueil.year() == year).fill_null(False)
    disabled = (known.rqth_depuis <= literal(dt.date(year, 12, 31))).fill_null(False)
    return known.select(
        "id_jeune", "id_structure", "code_departement", "code_region", "dossier_cree",
        "dossier_ouvert", "sexe", "nationalite",
        accueilli=welcomed,
        en_situation_de_handicap=disabled,
        etranger=known.nationalite != "FR",
        age=cases(*[(age < limit, literal(band)) for limit, band in BANDS], else_="26+"),
        qpv=yes_no(known.qpv),
        frr=yes_no(known.frr),
        diplome=known.niveau_diplome.fill_null("inconnu"),
        rqth=yes_no(disabled),
        premier_accueil=yes_no(welcomed),
        situation_familiale=known.situation_familiale.fill_null("inconnu"),
        enfants=yes_no(known.enfants > 0),
        logement=known.logement.fill_null("inconnu"),
        permis_b=yes_no(known.permis_b),
    )  # fmt: skip


def yes_no(flag: Any) -> Any:
    """Return a flag as text: 1, 0 or inconnu."""
    return cases((flag, literal("1")), (~flag, literal("0")), else_="inconnu")
