"""Who is treated and who is compared at each time zero, under each design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.engine import (
    Engine,
    Table,
    greatest,
    hash_of,
    least,
    literal,
    month_of,
    row_number,
    window,
)
from evalml.errors import TableMissingError
from evalml.values import Message, Name, Number

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.engine import Engine, Table
    from evalml.tables import Tables
    from evalml.values import Values


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
        contracts = tables.table("iae_contrats")
        order = window(
            group_by="id_jeune", order_by=[contracts.date_debut, hash_of(contracts.id_contrat)]
        )
        contracts = contracts.mutate(
            rang=row_number().over(order) + 1, date_saisie=contracts.date_debut
        )
    else:
        contracts = tables.table("accompagnements")
        contracts = contracts.filter(contracts.dispositif == dispositif)
    return contracts.select(
        "id_jeune",
        "rang",
        start=month_of(contracts.date_debut),
        end=month_of(contracts.date_fin),
        known=month_of(contracts.date_saisie),
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
    first_sent = sent.group_by("id_jeune").agg(entry=month_of(sent.date_candidature).min())
    contracts = tables.table("iae_contrats")
    began = contracts.group_by("id_jeune").agg(began=month_of(contracts.date_debut).min())
    both = first_sent.outer_join(began, "id_jeune")
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

    `trial`: its `rang` is that of the renewal; `months`: the months of the trials, column `month`.
    """
    assert trial.rang is not None  # noqa: S101 - the caller asks for renewals only
    spells = spells_of(tables, trial.dispositif)
    seen = spells.cross_join(months)
    seen = seen.filter(seen.start < seen.month)
    over = (seen.end < seen.month).fill_null(False)
    ended = seen.group_by("id_jeune", "month").agg(
        had=(over & (seen.rang == trial.rang - 1)).any(), going=(~over).any()
    )
    return (
        ended.filter(ended.had & ~ended.going)
        .select("id_jeune", "month")
        .mutate(renewable=literal(value=True))
    )


def applications_at(tables: Tables, months: Table, refusals: tuple[str, ...] = ()) -> Table:
    """Return one row per person and month with an application to the IAE.

    Of the applications sent in a month the first that was answered counts; a tie is broken by the
    hash of the application. `accepted` is null where none was answered.

    A refusal for a cause that the study does not choose is no answer: those refused because they
    had a job, say, are not what the accepted would have been.

    `months`: the months of the trials, column `month`; `refusals`: the causes chosen, `INCONNUE`
    for those without one; every refusal where there are none.
    """
    sent = tables.table("iae_candidatures")
    answered = sent.etat.isin(DECIDED)
    if refusals:
        chosen = sent.cause_refus.fill_null("INCONNUE").isin(refusals)
        answered = (sent.etat == "acceptee") | ((sent.etat == "refusee") & chosen)
    sent = sent.mutate(month=month_of(sent.date_candidature), answered=answered)
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


Words = tuple[str, Message, str]
"""A rule in words: short name, sentence, boolean column."""


def with_arms(t: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Add to the rows at time zero what the design needs, and `treated`.

    `t`: one row per person and time zero, with `entry` and `month`.
    """
    months = months_table(trial, engine)
    if len(trial.months) < trial.months[-1] - trial.months[0] + 1:
        t = t.filter(t.month.isin(trial.months))
    arms = ARMS[trial.design.arms]
    t = arms.with_entries(t, tables, trial)
    pairs = arms.pairs(tables, months, trial)
    if trial.nested != "any":
        pairs.append(nested_starts(tables))
    if trial.rang is not None:
        pairs.append(renewable_at(tables, trial, months))
    for pair in pairs:
        t = t.left_join(pair, ["id_jeune", "month"]).drop("id_jeune_right", "month_right")
    return t.mutate(treated=arms.treated(t, trial))


def months_table(trial: TargetTrial, engine: Engine) -> Table:
    """Return the months of the trials, column `month`."""
    return engine.memtable(pd.DataFrame({"month": list(trial.months)})).cast({"month": "int32"})


def arm_rules(t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:
    """Return the rules that the design adds to those of eligibility, with who passes each."""
    rules: list[tuple[Words, Any]] = []
    if trial.rang is not None:
        words = Message(
            "rules.renewable", {"programme": programme(trial), "rank": Number(trial.rang - 1)}
        )
        rules.append((("renewable", words, "rule_renewable"), t.renewable.fill_null(False)))
    if trial.nested != "any":
        words = Message(f"rules.nested_{trial.nested}", {"programme": programme(trial)})
        inside = t.gj_starts.fill_null(False)
        right = inside if trial.nested == "with" else ~inside
        rules.append((("nested", words, "rule_nested"), ~_enters(t) | right))
    return rules + ARMS[trial.design.arms].rules(t, trial)


def programme(trial: TargetTrial) -> Name:
    """Return the programme whose entry is studied."""
    return Name("programmes", trial.dispositif)


def _enters(t: Table) -> Any:
    return (t.entry == t.month).fill_null(False)


class Entrants:
    """Those who enter in the month, against those who do not."""

    def entered(self, tables: Tables, trial: TargetTrial) -> Table:
        """Return, per person, the month of the entry studied (`entry`) and of any earlier (`ever`).

        `entry` is the month of the first spell of the rank studied (of rank 1 for first entries, of
        any rank where renewals count), `ever` that of the first spell that makes it no longer a
        first: of any rank, or, for a renewal, of its rank and above.
        """
        return months_of_entry(
            tables, trial.dispositif, first_entry=trial.first_entry, rang=trial.rang
        )

    def with_entries(self, t: Table, tables: Tables, trial: TargetTrial) -> Table:  # noqa: ARG002
        """Add what the comparison persons enter, by person."""
        return t

    def pairs(self, tables: Tables, months: Table, trial: TargetTrial) -> list[Table]:  # noqa: ARG002
        """Return what is known by person and month."""
        return []

    def treated(self, t: Table, trial: TargetTrial) -> Any:
        """Return who belongs to the treated arm."""
        enters = _enters(t)
        return enters if trial.same_months else enters & t.month.isin(trial.entry_months)

    def never(self, trial: TargetTrial) -> Message:
        """Return the rule on earlier entries."""
        if trial.rang is None:
            return Message("rules.never_entered", {"programme": programme(trial)})
        values: Values = {"programme": programme(trial), "rank": Number(trial.rang)}
        return Message("rules.never_entered_again", values)

    def rules(self, t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:  # noqa: ARG002
        """Return the rules added to those of eligibility, with who passes each."""
        return []


class Comparator(Entrants):
    """Those who enter in the month, against those who enter another programme."""

    def with_entries(self, t: Table, tables: Tables, trial: TargetTrial) -> Table:
        """Add the entries into the other programme."""
        return t.left_join(comparators_of(tables, trial), "id_jeune").drop("id_jeune_right")

    def rules(self, t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:
        """Keep who enters one of the two, and entered the other one never before."""
        waits = (t.pool_entry == t.month).fill_null(False) & t.month.isin(trial.pool_months)
        if not trial.same_months:
            waits &= ~_enters(t)
        pool = Name("programmes", trial.pool)
        never = Message("rules.never_entered", {"programme": pool})
        either = Message("rules.enters_either", {"programme": programme(trial), "pool": pool})
        return [
            (
                ("never_in_comparator", never, "rule_never_in_comparator"),
                t.pool_ever.isnull() | (t.pool_ever >= t.month),
            ),
            (("enters_either", either, "rule_enters_either"), t.treated | waits),
        ]


class Applications(Entrants):
    """Those whose application was accepted, against those whose was refused."""

    def entered(self, tables: Tables, trial: TargetTrial) -> Table:  # noqa: ARG002
        """Return the month of the first accepted application, dated by the day it was sent."""
        return hired_of(tables)

    def pairs(self, tables: Tables, months: Table, trial: TargetTrial) -> list[Table]:
        """Return the application of each month."""
        sent = applications_at(tables, months, trial.refusals)
        return [sent.drop("siae_type", "emetteur")]

    def treated(self, t: Table, trial: TargetTrial) -> Any:  # noqa: ARG002
        """Return whose application was accepted."""
        return t.accepted.fill_null(False)

    def never(self, trial: TargetTrial) -> Message:  # noqa: ARG002
        """Return the rule on earlier applications."""
        return Message("rules.never_applied")

    def rules(self, t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:
        """Keep who applied, and was answered."""
        sent = Message("rules.applied")
        answered = Message("rules.answered_for" if trial.refusals else "rules.answered")
        return [
            (("applied", sent, "rule_applied"), t.applied.fill_null(False)),
            (("answered", answered, "rule_answered"), t.accepted.notnull()),
        ]


class Either(Entrants):
    """Those who enter, against who does not yet or, where the pool is a programme, enters that."""

    def with_entries(self, t: Table, tables: Tables, trial: TargetTrial) -> Table:
        """Add the entries into the other programme, where there is one."""
        return _usual(trial).with_entries(t, tables, trial)

    def rules(self, t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:
        """Return the rules added to those of eligibility, with who passes each."""
        return _usual(trial).rules(t, trial)


class Drawn(Entrants):
    """Those to whom the draw gave the offer, against those to whom it did not."""

    def pairs(self, tables: Tables, months: Table, trial: TargetTrial) -> list[Table]:
        """Return what the draw of each month gave.

        A person drawn twice in the months of a trial is refused: its draws are no longer one.
        """
        if "affectations" not in tables.tables:
            raise TableMissingError(
                "a randomised study needs table 'affectations' (id_jeune, essai, date_tirage, "
                "offre, strate), which this extract does not hold"
            )
        drawn = tables.table("affectations")
        if trial.pool:
            drawn = drawn.filter(drawn.essai == trial.pool)
        drawn = drawn.mutate(month=month_of(drawn.date_tirage)).join(months, "month")
        times = drawn.group_by("id_jeune").agg(draws=drawn.count())
        drawn = drawn.join(times, "id_jeune")
        return [
            drawn.group_by("id_jeune", "month").agg(
                drawn=literal(value=True),
                offered=drawn.offre.any(),
                draws=drawn.draws.max(),
                strate=drawn.strate.max(),
            )
        ]

    def treated(self, t: Table, trial: TargetTrial) -> Any:  # noqa: ARG002
        """Return whom the draw gave the offer."""
        return t.offered.fill_null(False)

    def rules(self, t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:  # noqa: ARG002
        """Keep who was drawn in the month, once."""
        drawn, once = Message("rules.drawn"), Message("rules.drawn_once")
        return [
            (("drawn", drawn, "rule_drawn"), t.drawn.fill_null(False)),
            (("drawn_once", once, "rule_drawn_once"), (t.draws == 1).fill_null(False)),
        ]


def _usual(trial: TargetTrial) -> Entrants:
    return ARMS["comparator" if trial.pool else "entrants"]


ARMS: dict[str, Entrants] = {
    "entrants": Entrants(),
    "comparator": Comparator(),
    "either": Either(),
    "applications": Applications(),
    "drawn": Drawn(),
}
"""The kinds of arms that a design of `study/designs.py` may name."""


REACH = 12
"""Months before time zero over which entries and persons accompanied are counted."""


def with_capacity(rows: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Add `capacite`: the share of its accompanied persons whom a mission locale let enter.

    Both are counted over the 12 months before time zero, as known then, without the person: who
    could still enter has not entered, so only the denominator loses somebody.

    `rows`: one row per person and time zero: `id_jeune`, `month`, `id_structure`.
    """
    places = tables.table("dossiers").select("id_dossier", "id_structure")
    months = months_table(trial, engine)
    met = _met(tables, places, months)
    share = met.group_by("id_structure", "month").agg(n_met=met.count())
    entered = _let_in(tables, trial, places, months)
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


def _met(tables: Tables, places: Table, months: Table) -> Table:
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


def _let_in(tables: Tables, trial: TargetTrial, places: Table, months: Table) -> Table:
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
