"""Programme spells of a year, per person: entries, renewals, who is in, who left, what for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.engine import Table, interval, latest, literal
from evalml.indicators.asked import by_person
from evalml.indicators.situations import OWN_BUSINESS
from evalml.outcomes.exits import doing_on_day, exits, ranked_situation
from evalml.panel.build import DURABLE_MONTHS, spell_flags

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from evalml.tables import Tables

PROGRAMMES = ("CIVIS", "GJ", "PACEA", "CEJ", "PPAE", "AIJ", "PARRAINAGE")
EXITS = ("CIVIS", "GJ", "PACEA", "CEJ", "PARRAINAGE")
FOLLOWED = ("CIVIS", "CEJ")
"""Programmes whose entrants of a year are followed to their exit: rates by cohort of entry."""

NATIONAL = ("cej_premiere", "pacea_entree", "ppae_entree")
"""Entries in the national pathways of the 2024 report: the whole is the union of its parts."""

CONTRACTED = ("civis_entree", "gj_entree", "pacea_entree", "cej_premiere")
"""Entries under contract; a GJ nested in a PACEA makes one youth."""


def programmes_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person with a programme spell: entries and presence in `year`.

    Returns:
        `id_jeune` and, for each programme, `<p>_entree` (a spell begins), `<p>_premiere` (the
        first of all, so neither a renewal nor a move), `<p>_renouvele`, `<p>_present`; `gj_pacea`
        (a GJ begins inside a PACEA), `nationaux` and `contractualise` (any of their parts) and
        `parcours_nationaux` (their number); of all these, what is `asked`.
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
    columns["gj_pacea"] = ((spells.dispositif == "GJ") & starts & spells.id_parent.notnull()).any()
    columns["nationaux"] = _any_of(columns, NATIONAL)
    columns["contractualise"] = _any_of(columns, CONTRACTED)
    pathways = [columns[name].cast("int64") for name in NATIONAL]
    columns["parcours_nationaux"] = sum(pathways[1:], pathways[0])
    return by_person(spells, columns, asked)


def _any_of(columns: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    found = columns[names[0]]
    for name in names[1:]:
        found |= columns[name]
    return found


def exits_of(tables: Tables, year: int) -> Table:
    """Return one row per person and programme left in `year`: the last exit, where several."""
    spells = tables.table("accompagnements")
    gone = exits(spells.filter(spells.dispositif.isin(EXITS)))
    gone = gone.filter(gone.sortie.year() == year)
    return gone.group_by("id_jeune", "dispositif").agg(
        sortie=gone.sortie.max(), motif_fin=latest(gone.motif_fin, gone.sortie, gone.motif_fin)
    )


def at_exit(spells: Table) -> dict[str, Any]:
    """Return what the exits of the CIVIS ask of a declared situation.

    `civis_durable` is the rule of `evalml rules civis`: CDI or CDD of more than six months,
    alternance and own business included, non-market aided contracts excluded (a CIE counts, a PEC
    does not; contracts of the IAE stay apart). `short_job` is any job known to be of less than
    six months: as planned, or as it turned out where no length was planned.
    """
    flags, contract = spell_flags(spells), spells.type_contrat.fill_null("")
    job = (spells.categorie == "Emploi").fill_null(False)
    planned = spells.duree_prevue_mois
    own = job & (contract == OWN_BUSINESS)
    market = job & (contract == "CIE") & (planned > DURABLE_MONTHS).fill_null(False)
    ended = spells.date_fin + interval(days=1) < spells.date_debut + interval(months=DURABLE_MONTHS)
    short = (planned < DURABLE_MONTHS) | (planned.isnull() & ended)
    return {
        "civis_durable": flags["durable"] | flags["alternance"] | own | market,
        "short_job": job & ~own & short.fill_null(False),
    }


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
    t = doing_on_day(tables, exits_of(tables, year), at_exit)
    columns = {
        f"{programme.lower()}_sortie{f'_{name}' if name else ''}": (
            (t.dispositif == programme) & kind
        ).any()
        for programme in EXITS
        for name, kind in _kinds_of_exit(t).items()
    }
    return by_person(t, columns, asked)


def _kinds_of_exit(t: Table) -> dict[str, Any]:
    positive = t.durable | t.alternance | t.school
    by_reason = t.motif_fin.isin(("EMPLOI_DURABLE", "ALTERNANCE", "RETOUR_SCOLARITE"))
    return {
        "": literal(value=True),
        "connue": t.known,
        "inconnue": ~t.known,
        "positive": positive,
        "positive_hors_alternance": t.durable | t.school,
        "positive_motif": by_reason.fill_null(False),
        "professionnelle": positive | t.work | t.training,
        "solution": t.work | t.training,
        "emploi": t.work,
        "emploi_durable": t.durable,
        "civis_durable": t.civis_durable,
        "civis_court": t.short_job & ~t.civis_durable,
        "alternance": t.alternance,
        "formation": t.training,
        **{f"situation_{name}": flag for name, flag in ranked_situation(t).items()},
    }


def cohorts_of(tables: Tables, year: int, asked: Collection[str]) -> Table | None:
    """Return one row per person who first entered a programme in `year`, as the extract ends.

    Entrants are followed to their first exit, in whatever year.

    Returns:
        `id_jeune` and flags `<p>_cohorte` (entered), `<p>_cohorte_sorti` (has left), and of the
        day of the exit `<p>_cohorte_positive` and `<p>_cohorte_durable` (rule of the CIVIS); of
        all these, what is `asked`.
    """
    if not any("_cohorte" in name for name in asked):
        return None
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif.isin(FOLLOWED))
    entered = spells.group_by("id_jeune", "dispositif").agg(
        entree=spells.date_debut.min(), rang=spells.rang.min()
    )
    entered = entered.filter((entered.entree.year() == year) & (entered.rang == 1))
    gone = exits(spells)
    first = gone.group_by("id_jeune", "dispositif").agg(sortie=gone.sortie.min())
    left = entered.join(first, ["id_jeune", "dispositif"])
    t = doing_on_day(tables, left.select("id_jeune", "dispositif", "sortie"), at_exit)
    kinds = {"sorti": literal(value=True), "positive": t.durable | t.alternance | t.school,
             "durable": t.civis_durable}  # fmt: skip
    flags = t.select("id_jeune", "dispositif", **kinds)
    both = entered.left_join(flags, ["id_jeune", "dispositif"])
    columns: dict[str, Any] = {}
    for programme in FOLLOWED:
        mine, name = both.dispositif == programme, f"{programme.lower()}_cohorte"
        columns[name] = mine.any()
        columns |= {f"{name}_{k}": (mine & both[k].fill_null(False)).any() for k in kinds}
    return by_person(both, columns, asked)
