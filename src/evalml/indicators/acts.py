"""Acts of a year: what took place, and what did not, of each person and of each file."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.codes import code_list
from evalml.engine import Table, ifelse, in_parts, literal
from evalml.indicators.asked import by_person, grouped

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.tables import Tables

JDI_FROM = (8, 1)
"""Month and day the last five months of a year begin: a youth « en demande d'insertion » had an
act since (PNAE, note 1)."""

THEMES = tuple(f"appui_{theme.lower()}" for theme in code_list("theme").values)
OF_PERSON = (
    "premier_acte", "accompagne", "en_contact", "recu", "en_collectif", "jdi", *THEMES,
)  # fmt: skip
OF_PLACE = (
    "n_actes", "n_entretiens", "n_ateliers", "n_infos", "n_collectifs", "n_absences",
    "n_rendez_vous", "heures", "n_heures",
)  # fmt: skip
"""Acts themselves: counted where they took place, whoever follows the youth at the end."""


def _dated(tables: Tables, year: int) -> Table:
    acts = tables.table("actes")
    return acts.filter(acts.date_acte.year() == year)


def _took_place(acts: Table) -> tuple[Any, Any]:
    """Return whether each act took place, and whether it is one of accompaniment."""
    done = acts.statut == "PRESENT"
    return done, done & (acts.type != "CONTACT")


def acts_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person with an act dated in `year`.

    An act took place when its status is PRESENT; a mere contact is not an act of accompaniment.

    Returns:
        `id_jeune` and the columns of `OF_PERSON` that are `asked`: the day of the first act of
        accompaniment, and flags.
    """
    acts = _dated(tables, year)
    done, act = _took_place(acts)
    month, day = JDI_FROM
    columns: dict[str, Any] = {
        "premier_acte": acts.date_acte.min(where=act),
        "accompagne": act.any(),
        "en_contact": done.any(),
        "recu": (act & (acts.type == "ENTRETIEN")).any(),
        "en_collectif": (act & acts.type.isin(("ATELIER", "INFO_COLLECTIVE"))).any(),
        "jdi": (act & (acts.date_acte >= literal(dt.date(year, month, day)))).any(),
    }
    for name in THEMES:
        theme = name.removeprefix("appui_").upper()
        columns[name] = (act & (acts.theme == theme)).fill_null(False).any()
    return by_person(acts, columns, asked)


def acts_by_file(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person and file with an act dated in `year`.

    Returns:
        `id_jeune`, `id_dossier` and what is `asked` of `OF_PLACE`; hours are whole millionths.
    """
    acts = _dated(tables, year)
    _, act = _took_place(acts)
    columns = {
        "n_actes": act.sum(),
        "n_entretiens": (act & (acts.type == "ENTRETIEN")).sum(),
        "n_ateliers": (act & (acts.type == "ATELIER")).sum(),
        "n_infos": (act & (acts.type == "INFO_COLLECTIVE")).sum(),
        "n_collectifs": (act & acts.type.isin(("ATELIER", "INFO_COLLECTIVE"))).sum(),
        "n_absences": (acts.statut == "ABSENT").sum(),
        "n_rendez_vous": acts.statut.isin(("PRESENT", "ABSENT")).sum(),
        "heures": in_parts(ifelse(act, acts.heures, None)).sum(),
        "n_heures": (act & acts.heures.notnull()).sum(),
    }
    return grouped(acts, columns, asked, ("id_jeune", "id_dossier"))
