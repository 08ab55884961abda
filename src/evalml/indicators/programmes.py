"""Programme spells of a year, per person: entries, renewals, who is in, and who left."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.engine import Table, latest, literal
from evalml.indicators.asked import by_person
from evalml.outcomes.exits import doing_on_day, exits, ranked_situation

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.tables import Tables

PROGRAMMES = ("CIVIS", "GJ", "PACEA", "CEJ", "PPAE", "AIJ", "PARRAINAGE")
NATIONAL = ("PACEA", "PPAE", "CEJ")
"""The national pathways of the 2024 report; the GJ before them is nested in a PACEA."""

EXITS = ("CIVIS", "GJ", "PACEA", "CEJ", "PARRAINAGE")


def programmes_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person with a programme spell: entries and presence in `year`.

    Returns:
        `id_jeune` and, for each programme, `<p>_entree` (a spell begins), `<p>_premiere` (the
        first of all, so neither a renewal nor a move), `<p>_renouvele`, `<p>_present`; `gj_pacea`
        (a GJ begins inside a PACEA) and `contractualise` (any entry: a nested GJ counts once); of
        all these, what is `asked`.
    """
    first, last = literal(dt.date(year, 1, 1)), literal(dt.date(year, 12, 31))
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.date_debut <= last)
    starts = spells.date_debut >= first
    here = spells.date_fin.isnull() | (spells.date_fin >= first)
    columns: dict[str, Any] = {}
    for programme in PROGRAMMES:
        mine, name = spells.dispositif == programme, programme.lower()
        columns[f"{name}_entree"] = (mine & starts).any()
        columns[f"{name}_premiere"] = (
            (spells.date_debut.min(where=mine).year() == year)
            & (spells.rang.min(where=mine & starts) == 1)
        ).fill_null(False)
        columns[f"{name}_renouvele"] = (mine & starts & (spells.rang > 1)).any()
        columns[f"{name}_present"] = (mine & here).any()
    national = [columns[f"{p.lower()}_entree"].cast("int64") for p in NATIONAL]
    of_several = {
        "n_parcours_nationaux": sum(national[1:], national[0]),
        "gj_pacea": ((spells.dispositif == "GJ") & starts & spells.id_parent.notnull()).any(),
        "contractualise": (spells.dispositif.isin(("CIVIS", "GJ", "PACEA", "CEJ")) & starts).any(),
    }
    return by_person(spells, columns | of_several, asked)


def exits_of(tables: Tables, year: int) -> Table:
    """Return one row per person and programme left in `year`: the last exit, where several."""
    spells = tables.table("accompagnements")
    gone = exits(spells.filter(spells.dispositif.isin(EXITS)))
    gone = gone.filter(gone.sortie.year() == year)
    return gone.group_by("id_jeune", "dispositif").agg(
        sortie=gone.sortie.max(), motif_fin=latest(gone.motif_fin, gone.sortie, gone.motif_fin)
    )


def outcomes_at_exit(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person who left a programme in `year`, with flags `<p>_sortie_*`.

    `positive` is the ministerial sense (durable employment, alternance included, or back at
    school); `professionnelle` adds any job, aided or short, and training; `solution` is the
    PACEA's (job, alternance or training). The situation at exit is the first that holds among
    durable, alternance, other job, training, school, volunteering, immersion, job seeking. Only
    the flags that are `asked` for are returned.
    """
    if not any("_sortie" in name for name in asked):
        return None
    t = doing_on_day(tables, exits_of(tables, year))
    positive = t.durable | t.alternance | t.school
    kinds = {
        "": literal(value=True),
        "connue": t.known,
        "inconnue": ~t.known,
        "positive": positive,
        "positive_hors_alternance": t.durable | t.school,
        "positive_motif": t.motif_fin.isin(("EMPLOI_DURABLE", "ALTERNANCE", "RETOUR_SCOLARITE"))
        .fill_null(False),
        "professionnelle": positive | t.work | t.training,
        "solution": t.work | t.training,
        "emploi": t.work,
        "emploi_durable": t.durable,
        "emploi_durable_alternance": t.durable | t.alternance,
        "emploi_court": t.work & ~t.durable & ~t.alternance,
        "alternance": t.alternance,
        "formation": t.training,
        **{f"situation_{name}": flag for name, flag in ranked_situation(t).items()},
    }  # fmt: skip
    columns = {
        f"{programme.lower()}_sortie{f'_{name}' if name else ''}": (
            (t.dispositif == programme) & kind
        ).any()
        for programme in EXITS
        for name, kind in kinds.items()
    }
    return by_person(t, columns, asked)
