"""What happened to each person in a year: acts, programmes, situations, allowances.

The profile of late entries is that of `tables/vintage.py`, measured on events one to three years
before the extraction.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.codes import code_list
from evalml.engine import Table, coalesce, ifelse, in_parts, interval, latest, literal, month_of
from evalml.indicators.people import by_person, grouped
from evalml.months import month_number
from evalml.outcomes.exits import doing_on_day, exits, ranked_situation
from evalml.panel.build import AIDED, DURABLE_MONTHS, spell_flags
from evalml.tables.vintage import COMPLETE, PROFILE_MONTHS, entry_profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from evalml.engine import Engine
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


def acts_of(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
    """Return one row per person with an act dated in `year`.

    An act took place when its status is PRESENT; a mere contact is not an act of accompaniment.

    The result: `id_jeune` and the columns of `OF_PERSON` that are `needed`: the day of the first
    act of accompaniment, and flags.
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
    return by_person(acts, columns, needed)


def acts_by_file(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
    """Return one row per person and file with an act dated in `year`.

    Returns:
        `id_jeune`, `id_dossier` and what is `needed` of `OF_PLACE`; hours are whole millionths.
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
    return grouped(acts, columns, needed, ("id_jeune", "id_dossier"))


WORK = ("Emploi", "Contrat en Alternance")
OWN_BUSINESS = "INDEPENDANT"


def situations_of(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
    """Return one row per person with a situation begun in `year`; planned ones do not count.

    The result: `id_jeune`, counts of spells `n_*` and the flags of the person `a_*`, as `needed`.
    """
    spells = tables.table("situations")
    spells = spells.filter((spells.etat != "PREVU") & (spells.date_debut.year() == year))
    kinds = situation_kinds(spells)
    counted = {f"n_{n}": kind.sum() for n, kind in kinds.items() if f"n_{n}" in needed}
    persons = {f"a_{n}": kind.any() for n, kind in kinds.items() if f"a_{n}" in needed}
    return by_person(spells, counted | persons, needed)


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


PROGRAMMES = ("CIVIS", "GJ", "PACEA", "CEJ", "PPAE", "AIJ", "PARRAINAGE")
EXITS = ("CIVIS", "GJ", "PACEA", "CEJ", "PARRAINAGE")
FOLLOWED = ("CIVIS", "CEJ")
"""Programmes whose entrants of a year are followed to their exit: rates by cohort of entry."""

NATIONAL = ("cej_premiere", "pacea_entree", "ppae_entree")
"""Entries in the national pathways of the 2024 report: the whole is the union of its parts."""

CONTRACTED = ("civis_entree", "gj_entree", "pacea_entree", "cej_premiere")
"""Entries under contract; a GJ nested in a PACEA makes one youth."""


def programmes_of(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
    """Return one row per person with a programme spell: entries and presence in `year`.

    The result: `id_jeune` and, for each programme, `<p>_entree` (a spell begins), `<p>_premiere`
    (the first of all, so neither a renewal nor a move), `<p>_renouvele`, `<p>_present`; `gj_pacea`
    (a GJ begins inside a PACEA), `nationaux` and `contractualise` (any of their parts) and
    `parcours_nationaux` (their number); of all these, what is `needed`.
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
    return by_person(spells, columns, needed)


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


def outcomes_at_exit(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
    """Return one row per person who left a programme in `year`, with flags `<p>_sortie_*`.

    `positive` is the ministerial sense (durable employment, alternance included, or back at
    school); `professionnelle` adds any job, aided or short, and training; `solution` is the
    PACEA's (job, alternance or training). The situation at exit is the first that holds among
    durable, alternance, other job, training, school, volunteering, immersion, job seeking. Only
    the flags that are `needed` for are returned.
    """
    if not any("_sortie" in name for name in needed):
        return None
    t = doing_on_day(tables, exits_of(tables, year), at_exit)
    columns = {
        f"{programme.lower()}_sortie{f'_{name}' if name else ''}": (
            (t.dispositif == programme) & kind
        ).any()
        for programme in EXITS
        for name, kind in _kinds_of_exit(t).items()
    }
    return by_person(t, columns, needed)


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


def cohorts_of(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
    """Return one row per person who first entered a programme in `year`, as the extract ends.

    Entrants are followed to their first exit, in whatever year.

    The result: `id_jeune` and flags `<p>_cohorte` (entered), `<p>_cohorte_sorti` (has left), and of
    the day of the exit `<p>_cohorte_positive` and `<p>_cohorte_durable` (rule of the CIVIS); of all
    these, what is `needed`.
    """
    if not any("_cohorte" in name for name in needed):
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
    return by_person(both, columns, needed)


PAYING = ("CEJ", "PACEA", "GJ", "CIVIS")


def allowances_of(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
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
    return by_person(paid, columns, needed)


def applications_of(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
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
    return by_person(sent, columns, needed)


def contracts_of(tables: Tables, year: int, needed: Collection[str]) -> Table | None:
    """Return one row per person with an IAE contract begun in `year`."""
    signed = tables.table("iae_contrats")
    signed = signed.filter(signed.date_debut.year() == year)
    return by_person(signed, {"n_iae_contrats": signed.count()}, needed)


DATED = {"actes": "date_acte", "accompagnements": "date_debut", "situations": "date_debut"}
"""Tables whose rows say when they were entered, and the day of what they tell."""


def completeness_of(
    tables: Tables, year: int, names: Iterable[str], engine: Engine
) -> dict[str, float]:
    """Return the share of the rows of `year` that the extract already holds, by table.

    The rows of each month are taken up to what the profile of late entries expects of them.

    `names`: tables wanted; those that do not date their entries are left out. The result: from 0 to
    1; NaN where the extract holds nothing to measure the profile on.
    """
    return {name: _share(tables, year, name, engine) for name in names if name in DATED}


def _share(tables: Tables, year: int, name: str, engine: Engine) -> float:
    if name not in tables.tables:
        return float("nan")
    profile = entry_profile(tables, name, engine)
    rows, now = tables.table(name), month_number(tables.meta.extraction_date)
    rows = rows.filter(rows[DATED[name]].year() == year).select(
        age=now - month_of(rows[DATED[name]])
    )
    found = engine.fetch(rows.group_by("age").agg(n=rows.count()))
    if found.empty:
        return float("nan")
    filled = found["age"].clip(0, PROFILE_MONTHS).map(profile)
    found, filled = found[filled > 0], filled[filled > 0]
    return float(found["n"].sum() / (found["n"] / filled).sum(min_count=1))


def is_young(completeness: float) -> bool:
    """Return whether late entries have yet to fill more than a twentieth of what is counted."""
    return completeness < COMPLETE
