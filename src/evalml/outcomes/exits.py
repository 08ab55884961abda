"""When a programme was left, and what the youth was doing on the day.

A spell taken up again within a month is the same stay: a renewal, or a move to another mission
locale, which closes one file and opens the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.engine import Engine, Table, interval, literal, month_of
from evalml.panel.build import spell_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evalml.cohort import Cohort
    from evalml.tables import Tables

STITCH_DAYS = 31
SITUATIONS = {
    "durable": "Emploi durable",
    "alternance": "Alternance",
    "work": "Autre emploi",
    "training": "Formation",
    "school": "Scolarité",
    "volunteering": "Volontariat",
    "immersion": "Immersion",
    "jobseeker": "Demandeur d’emploi",
}
"""Situations at exit, the first that holds winning."""


def exits(spells: Table) -> Table:
    """Return the spells of `accompagnements` that ended an actual stay.

    A spell that goes on within `STITCH_DAYS` in another one of the same person and programme is
    no exit.

    Returns:
        `id_jeune`, `dispositif`, `sortie` (the last day), `motif_fin`.
    """
    ended = spells.filter(spells.date_fin.notnull()).select(
        "id_jeune", "dispositif", "motif_fin", sortie=spells.date_fin
    )
    after = spells.select(
        autre=spells.id_jeune, programme=spells.dispositif, debut=spells.date_debut,
        fin=spells.date_fin,
    )  # fmt: skip
    return ended.anti_join(
        after,
        [
            ended.id_jeune == after.autre,
            ended.dispositif == after.programme,
            after.debut <= ended.sortie + interval(days=STITCH_DAYS),
            after.fin.isnull() | (after.fin > ended.sortie),
        ],
    )


def doing_on_day(
    tables: Tables, left: Table, more: Callable[[Table], Mapping[str, Any]] | None = None
) -> Table:
    """Return the exits `left` with what was declared to cover the day.

    Args:
        tables: The checked records.
        left: `id_jeune`, `dispositif`, `sortie`, one row per person and programme.
        more: Further flags of the declared situations.

    Returns:
        The rows of `left` with `known`, one flag per key of `SITUATIONS` (`work` is any job,
        alternance included) and those of `more`.
    """
    spells = tables.table("situations")
    spells = spells.filter(spells.etat != "PREVU")
    kinds = {**_kinds(spells), **(more(spells) if more else {})}
    spells = spells.select("id_jeune", "date_debut", "date_fin", **kinds)
    names = list(kinds)
    on_day = left.join(
        spells,
        [
            left.id_jeune == spells.id_jeune,
            spells.date_debut <= left.sortie,
            spells.date_fin.isnull() | (spells.date_fin >= left.sortie),
        ],
    )
    doing = on_day.group_by("id_jeune", "dispositif").agg(**{n: on_day[n].any() for n in names})
    both = left.left_join(doing, ["id_jeune", "dispositif"])
    both = both.drop("id_jeune_right", "dispositif_right")
    return both.mutate(**{n: both[n].fill_null(False) for n in names})


def _kinds(spells: Table) -> dict[str, Any]:
    flags = spell_flags(spells)
    kinds = {name: flags[name] for name in SITUATIONS if name != "work"}
    return {"known": literal(value=True), "work": flags["employment"], **kinds}


def ranked_situation(doing: Table) -> dict[str, Any]:
    """Return one flag per situation at exit, of which exactly one holds where any is known."""
    situation, before = {}, literal(value=False)
    for name in SITUATIONS:
        situation[name] = doing[name] & ~before
        before |= doing[name]
    return situation


def exit_situations(tables: Tables, cohort: Cohort, engine: Engine) -> pd.DataFrame:
    """Return what the entrants of a cohort were doing on the day they left the programme.

    Entrants are followed to their first exit within the follow-up; who is still inside at its end
    is counted apart. Nothing is protected yet.

    Returns:
        One row per situation: `situation`, `label`, `n`, `share` (of the exits, in percent; the
        unknown ones included).
    """
    trial = cohort.trial
    spells = tables.table("accompagnements")
    left = exits(spells.filter(spells.dispositif == trial.dispositif))
    entered = cohort.entries.filter(cohort.entries.treated).select("id_jeune", "entry", "month")
    mine = entered.join(left, "id_jeune")
    delay = month_of(mine.sortie) - mine.month
    mine = mine.filter((delay >= 0) & (delay <= trial.follow_up_months))
    first = mine.group_by("id_jeune", "dispositif").agg(sortie=mine.sortie.min())
    doing = doing_on_day(tables, first)
    counts = {name: flag.sum() for name, flag in ranked_situation(doing).items()}
    counts |= {"unknown": (~doing.known).sum(), "exits": doing.count()}
    found = engine.fetch(doing.agg(**counts)).fillna(0).iloc[0]
    entrants = int(engine.fetch(entered.agg(n=entered.id_jeune.nunique()))["n"].iloc[0])
    labels = {**SITUATIONS, "unknown": "Situation inconnue"}
    rows = [(name, label, int(found[name])) for name, label in labels.items()]
    table = pd.DataFrame(rows, columns=["situation", "label", "n"])
    gone = int(found["exits"])
    table["share"] = 100 * table["n"] / gone if gone else float("nan")
    inside = pd.DataFrame([("inside", "Encore dans le programme", entrants - gone)],
                          columns=["situation", "label", "n"])  # fmt: skip
    return pd.concat([table, inside], ignore_index=True)
