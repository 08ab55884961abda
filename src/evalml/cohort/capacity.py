"""The capacity of a mission locale, known at time zero: an instrument for entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.cohort.two_arms import months_table
from evalml.engine import Engine, Table, greatest, literal, month_of

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables

REACH = 12
"""Months before time zero over which entries and persons accompanied are counted."""


def with_capacity(rows: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Add `capacite`: the share of its accompanied persons whom a mission locale let enter.

    Both are counted over the 12 months before time zero, as known then, without the person: who
    could still enter has not entered, so only the denominator loses somebody.

    Args:
        rows: One row per person and time zero: `id_jeune`, `month`, `id_structure`.
        tables: The checked records.
        trial: Says the programme and the months.
        engine: Where queries run.
    """
    places = tables.table("dossiers").select("id_dossier", "id_structure")
    months = months_table(trial, engine)
    met = _accompanied(tables, places, months)
    share = met.group_by("id_structure", "month").agg(n_met=met.count())
    entered = _entered(tables, trial, places, months)
    share = share.left_join(entered, ["id_structure", "month"]).drop(
        "id_structure_right", "month_right"
    )
    t = rows.left_join(share, ["id_structure", "month"]).drop("id_structure_right", "month_right")
    own = met.mutate(own=literal(1))
    keys = ["id_jeune", "id_structure", "month"]
    t = t.left_join(own, keys).drop(*(f"{key}_right" for key in keys))
    others = greatest(t.n_met.fill_null(0) - t.own.fill_null(0), 1)
    return t.mutate(capacite=t.n_entered.fill_null(0).cast("float64") / others).drop(
        "n_met", "n_entered", "own"
    )


def _accompanied(tables: Tables, places: Table, months: Table) -> Table:
    """Return (person, mission locale, month) with an act in the months before, known then."""
    acts = tables.table("actes")
    acts = acts.filter((acts.statut == "PRESENT") & (acts.type != "CONTACT"))
    acts = acts.select(
        "id_jeune",
        "id_dossier",
        done=month_of(acts.date_acte),
        known=greatest(month_of(acts.date_acte), month_of(acts.date_saisie)),
    ).distinct()
    acts = acts.join(places, "id_dossier")
    near = acts.join(months, (months.month > acts.known) & (months.month <= acts.done + REACH))
    return near.select("id_jeune", "id_structure", "month").distinct()


def _entered(tables: Tables, trial: TargetTrial, places: Table, months: Table) -> Table:
    """Return how many first entries each mission locale made in the months before each month."""
    spells = tables.table("accompagnements")
    spells = spells.filter((spells.dispositif == trial.dispositif) & (spells.rang == 1))
    start = month_of(spells.date_debut)
    spells = spells.select(
        "id_dossier", start=start, known=greatest(start, month_of(spells.date_saisie))
    ).join(places, "id_dossier")
    near = spells.join(
        months, (months.month > spells.known) & (months.month <= spells.start + REACH)
    )
    return near.group_by("id_structure", "month").agg(n_entered=near.count())
