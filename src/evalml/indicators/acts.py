"""Acts of a year, per person: what took place, and what did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.codes import code_list
from evalml.engine import Table, ifelse, in_parts, month_of
from evalml.indicators.asked import by_person

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.tables import Tables

JDI_MONTHS = 5
"""A youth « en demande d'insertion » had an act in the last five months (PNAE, note 1)."""


def acts_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person with an act dated in `year`.

    An act took place when its status is PRESENT; a mere contact is not an act of accompaniment.

    Returns:
        `id_jeune`, `premier_acte` (month number of the first act), counts `n_*`, `heures`, and
        the flags of the person; of all these, what is `asked`. Hours are whole millionths.
    """
    acts = tables.table("actes")
    acts = acts.filter(acts.date_acte.year() == year)
    done = acts.statut == "PRESENT"
    act = done & (acts.type != "CONTACT")
    group = act & acts.type.isin(("ATELIER", "INFO_COLLECTIVE"))
    month = month_of(acts.date_acte)
    themes = {
        f"appui_{theme.lower()}": (act & (acts.theme == theme)).fill_null(False).any()
        for theme in code_list("theme").values
    }
    columns = {
        "premier_acte": month.min(where=act),
        "n_actes": act.sum(),
        "n_entretiens": (act & (acts.type == "ENTRETIEN")).sum(),
        "n_ateliers": (act & (acts.type == "ATELIER")).sum(),
        "n_infos": (act & (acts.type == "INFO_COLLECTIVE")).sum(),
        "n_collectifs": group.sum(),
        "n_absences": (acts.statut == "ABSENT").sum(),
        "n_rendez_vous": acts.statut.isin(("PRESENT", "ABSENT")).sum(),
        "heures": in_parts(ifelse(act, acts.heures, None)).sum(),
        "n_heures": (act & acts.heures.notnull()).sum(),
        "accompagne": act.any(),
        "en_contact": done.any(),
        "recu": (act & (acts.type == "ENTRETIEN")).any(),
        "en_collectif": group.any(),
        "jdi": (act & (month > year * 12 + 11 - JDI_MONTHS)).any(),
        **themes,
    }
    return by_person(acts, columns, asked)
