"""Who is treated and who is compared at each time zero, under each design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.cohort.entering import (
    applications_at,
    comparators_of,
    hired_of,
    months_of_entry,
    nested_starts,
    renewable_at,
)
from evalml.engine import Engine, Table, greatest, literal, month_of
from evalml.values import Message, Name, Number

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.engine import Engine, Table
    from evalml.tables import Tables
    from evalml.values import Values


Words = tuple[str, Message, str]
"""A rule in words: short name, sentence, boolean column."""


def with_arms(t: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Add to the rows at time zero what the design needs, and `treated`.

    Args:
        t: One row per person and time zero, with `entry` and `month`.
        tables: The checked records.
        trial: The protocol.
        engine: Where queries run.
    """
    months = months_table(trial, engine)
    if len(trial.months) < trial.months[-1] - trial.months[0] + 1:
        t = t.filter(t.month.isin(trial.months))
    arms = ARMS[trial.design.arms]
    t = arms.with_entries(t, tables, trial)
    pairs = arms.pairs(tables, months)
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

    def pairs(self, tables: Tables, months: Table) -> list[Table]:  # noqa: ARG002
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

    def pairs(self, tables: Tables, months: Table) -> list[Table]:
        """Return the application of each month."""
        return [applications_at(tables, months).drop("siae_type", "emetteur")]

    def treated(self, t: Table, trial: TargetTrial) -> Any:  # noqa: ARG002
        """Return whose application was accepted."""
        return t.accepted.fill_null(False)

    def never(self, trial: TargetTrial) -> Message:  # noqa: ARG002
        """Return the rule on earlier applications."""
        return Message("rules.never_applied")

    def rules(self, t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:  # noqa: ARG002
        """Keep who applied, and was answered."""
        sent, said = Message("rules.applied"), Message("rules.answered")
        return [
            (("applied", sent, "rule_applied"), t.applied.fill_null(False)),
            (("answered", said, "rule_answered"), t.accepted.notnull()),
        ]


ARMS: dict[str, Entrants] = {
    "entrants": Entrants(),
    "comparator": Comparator(),
    "applications": Applications(),
}
"""The kinds of arms that a design of `study/designs.py` may name."""


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
