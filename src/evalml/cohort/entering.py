"""Who enters what, and when: a month per person, whatever the programme's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.engine import Table, hash_of, least, literal, month_of, row_number, window

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables

IAE = "IAE"
"""Work integration: entered by a contract (`iae_contrats`), asked for by an application."""

DECIDED = ("acceptee", "refusee")
"""States of an application that was answered; the others are cancelled or still open."""


def spells_of(tables: Tables, dispositif: str) -> Table:
    """Return the spells of a programme: id_jeune, start, end (months, null if open), rang, known.

    `known` is the month from which the spell was in the records. Contracts of the IAE have no
    rank of their own: they are numbered in order of time.
    """
    if dispositif == IAE:
        held = tables.table("iae_contrats")
        order = window(group_by="id_jeune", order_by=[held.date_debut, hash_of(held.id_contrat)])
        held = held.mutate(rang=row_number().over(order) + 1, date_saisie=held.date_debut)
    else:
        held = tables.table("accompagnements")
        held = held.filter(held.dispositif == dispositif)
    return held.select(
        "id_jeune",
        "rang",
        start=month_of(held.date_debut),
        end=month_of(held.date_fin),
        known=month_of(held.date_saisie),
    )


def months_of_entry(
    tables: Tables, dispositif: str, *, first_entry: bool = True, rang: int | None = None
) -> Table:
    """Return the months `entry` and `ever` of each person in a programme."""
    spells = spells_of(tables, dispositif)
    every = literal(value=True)
    counted = spells.rang == (rang or 1) if rang or first_entry else every
    earlier = spells.rang >= rang if rang else every
    return spells.group_by("id_jeune").agg(
        entry=spells.start.min(where=counted), ever=spells.start.min(where=earlier)
    )


def hired_of(tables: Tables) -> Table:
    """Return the month of the first accepted application (`entry`), or of a contract (`ever`)."""
    sent = tables.table("iae_candidatures")
    sent = sent.filter(sent.etat == "acceptee")
    asked = sent.group_by("id_jeune").agg(entry=month_of(sent.date_candidature).min())
    held = tables.table("iae_contrats")
    began = held.group_by("id_jeune").agg(began=month_of(held.date_debut).min())
    both = asked.outer_join(began, "id_jeune")
    both = both.mutate(id_jeune=both.id_jeune.fill_null(both.id_jeune_right))
    return both.select("id_jeune", "entry", ever=least(both.entry, both.began))


def comparators_of(tables: Tables, trial: TargetTrial) -> Table:
    """Return, per person, the month of the first entry into the comparator, and of any earlier."""
    found = months_of_entry(tables, trial.pool)
    return found.rename(pool_entry="entry", pool_ever="ever")


def nested_starts(tables: Tables) -> Table:
    """Return the (person, month) pairs in which a GJ starts: what is inside a PACEA."""
    spells = spells_of(tables, "GJ")
    return (
        spells.select("id_jeune", month=spells.start)
        .distinct()
        .mutate(gj_starts=literal(value=True))
    )


def renewable_at(tables: Tables, trial: TargetTrial, months: Table) -> Table:
    """Return the (person, month) pairs that a spell of the rank before has ended, none going on.

    Args:
        tables: The checked records.
        trial: Its `rang` is that of the renewal.
        months: The months of the trials, column `month`.
    """
    assert trial.rang is not None  # noqa: S101 - the caller asks for renewals only
    spells = spells_of(tables, trial.dispositif)
    seen = spells.cross_join(months)
    seen = seen.filter(seen.start < seen.month)
    over = (seen.end < seen.month).fill_null(False)
    held = seen.group_by("id_jeune", "month").agg(
        had=(over & (seen.rang == trial.rang - 1)).any(), going=(~over).any()
    )
    return (
        held.filter(held.had & ~held.going)
        .select("id_jeune", "month")
        .mutate(renewable=literal(value=True))
    )


def applications_at(tables: Tables, months: Table) -> Table:
    """Return one row per person and month with an application to the IAE.

    Of the applications sent in a month the first that was answered counts; a tie is broken by the
    hash of the application. `accepted` is null where none was answered.

    Args:
        tables: The checked records.
        months: The months of the trials, column `month`.
    """
    sent = tables.table("iae_candidatures")
    sent = sent.mutate(month=month_of(sent.date_candidature), answered=sent.etat.isin(DECIDED))
    sent = sent.join(months, "month")
    first = window(
        group_by=["id_jeune", "month"],
        order_by=[sent.answered.desc(), sent.date_candidature, hash_of(sent.id_candidature)],
    )
    ranked = sent.mutate(order=row_number().over(first))
    chosen = ranked.filter(ranked.order == 0)
    return chosen.select(
        "id_jeune",
        "month",
        "siae_type",
        "emetteur",
        applied=literal(value=True),
        accepted=(chosen.answered).ifelse(chosen.etat == "acceptee", None),
    )
