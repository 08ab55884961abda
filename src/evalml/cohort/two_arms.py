"""Who is treated and who is compared at each time zero, under each design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.cohort.entering import (
    applications_at,
    comparators_of,
    nested_starts,
    renewable_at,
)
from evalml.study import word_of

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.engine import Engine, Table
    from evalml.tables import Tables

Words = tuple[str, str, str]
"""A rule in words: short name, French label, boolean column."""


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
    if trial.design == "active_comparator":
        t = t.left_join(comparators_of(tables, trial), "id_jeune").drop("id_jeune_right")
    pairs = []
    if trial.design == "accepted_refused":
        pairs.append(applications_at(tables, months).drop("siae_type", "emetteur"))
    if trial.nested != "any":
        pairs.append(nested_starts(tables))
    if trial.rang is not None:
        pairs.append(renewable_at(tables, trial, months))
    for pair in pairs:
        t = t.left_join(pair, ["id_jeune", "month"]).drop("id_jeune_right", "month_right")
    return t.mutate(treated=treated(t, trial))


def months_table(trial: TargetTrial, engine: Engine) -> Table:
    """Return the months of the trials, column `month`."""
    return engine.memtable(pd.DataFrame({"month": list(trial.months)})).cast({"month": "int32"})


def treated(t: Table, trial: TargetTrial) -> Any:
    """Return who belongs to the treated arm."""
    if trial.design == "accepted_refused":
        return t.accepted.fill_null(False)
    enters = (t.entry == t.month).fill_null(False)
    if not trial.same_months:
        enters &= t.month.isin(trial.entry_months)
    return enters


def arm_rules(t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:
    """Return the rules that the design adds to those of eligibility, with who passes each."""
    rules: list[tuple[Words, Any]] = []
    if trial.rang is not None:
        label = f"Sorti de {word_of(trial.dispositif)} après une entrée de rang {trial.rang - 1}"
        passes = t.renewable.fill_null(False)
        rules.append((("renewable", label, "rule_renewable"), passes))
    if trial.nested != "any":
        word = "avec" if trial.nested == "with" else "sans"
        label = f"Entrées en {word_of(trial.dispositif)} {word} une GJ qui commence le même mois"
        inside = t.gj_starts.fill_null(False)
        right = inside if trial.nested == "with" else ~inside
        rules.append((("nested", label, "rule_nested"), ~_enters(t) | right))
    if trial.design == "active_comparator":
        rules += _comparator_rules(t, trial)
    if trial.design == "accepted_refused":
        rules += _application_rules(t)
    return rules


def never_before(trial: TargetTrial) -> str:
    """Return the label of the rule on earlier entries."""
    if trial.design == "accepted_refused":
        return "Ni candidature acceptée ni contrat dans l’IAE auparavant"
    again = f" pour la {trial.rang}e fois" if trial.rang is not None else ""
    return f"Jamais entré en {word_of(trial.dispositif)}{again} auparavant"


def _enters(t: Table) -> Any:
    return (t.entry == t.month).fill_null(False)


def _comparator_rules(t: Table, trial: TargetTrial) -> list[tuple[Words, Any]]:
    waits = (t.pool_entry == t.month).fill_null(False) & t.month.isin(trial.pool_months)
    if not trial.same_months:
        waits &= ~_enters(t)
    return [
        (
            (
                "never_in_comparator",
                f"Jamais entré en {word_of(trial.pool)} auparavant",
                "rule_never_in_comparator",
            ),
            t.pool_ever.isnull() | (t.pool_ever >= t.month),
        ),
        (
            (
                "enters_either",
                f"Entre en {word_of(trial.dispositif)} ou en {word_of(trial.pool)} dans le mois",
                "rule_enters_either",
            ),
            t.treated | waits,
        ),
    ]


def _application_rules(t: Table) -> list[tuple[Words, Any]]:
    sent = "A envoyé une candidature à l’IAE dans le mois"
    said = "Candidature acceptée ou refusée (ni annulée, ni en cours)"
    return [
        (("applied", sent, "rule_applied"), t.applied.fill_null(False)),
        (("answered", said, "rule_answered"), t.accepted.notnull()),
    ]
