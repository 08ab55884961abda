"""From checked tables to a cohort: who entered, who could have, and who was lost at each rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import TYPE_CHECKING

import pandas as pd

from evalml.cohort.covariates import check_covariates, describe, expand, require_tables
from evalml.cohort.eligible import EligibilityRule, at_time_zero
from evalml.cohort.place import refuse_territory, same_place
from evalml.cohort.two_arms import with_capacity
from evalml.cohort.unknown import UncoveredMonths, find_gaps
from evalml.engine import Engine, Table, cases, row_number, window
from evalml.errors import CohortError
from evalml.months import first_day
from evalml.values import Message, messages_text
from evalml.words import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables


@dataclass(frozen=True, slots=True, repr=False)
class Cohort:
    """The persons of a target trial.

    Attributes:
        trial: The protocol.
        entries: One row per person and trial: `entry` (0, 1, ... by month then hash), `id_jeune`,
            `person` (hash), `month` (time zero), `treated`, `id_structure`, `code_departement`,
            `later_entry` (month of a later entry, or null; of any entry from time zero on, for a
            randomised trial) and one column per covariate.
        covariates: Names of the covariate columns.
        flow: One row per rule: rule, label, kept, lost, kept_treated, kept_comparison,
            kept_persons.
        gaps: What the study reads before the first month the extract covers.
    """

    trial: TargetTrial
    entries: Table
    covariates: tuple[str, ...]
    flow: pd.DataFrame
    gaps: tuple[UncoveredMonths, ...] = ()

    def __repr__(self) -> str:
        """Give counts only."""
        last = self.flow.iloc[-1]
        return (
            f"Cohort({self.trial.programme}, {len(self.trial.months)} trials, "
            f"{last.kept_treated} entries, {last.kept_comparison} comparison rows)"
        )


def build_cohort(
    tables: Tables, trial: TargetTrial, covariates: Sequence[str], engine: Engine
) -> Cohort:
    """Apply the rules of `trial`, one after the other, and describe those who pass.

    Raises:
        CohortError: The extract does not cover the follow-up, or an arm is empty.
        StudyError: The study crosses a change of information system that it does not declare.
        ImmortalTimeError: A covariate uses what was not known at time zero.
        TableMissingError: A covariate needs an optional table that the extract lacks.
    """
    covariates = expand(covariates, tables, trial, engine)
    wanted = tuple(dict.fromkeys([*covariates, *trial.described]))
    check_covariates(wanted)
    require_tables(wanted, tables.tables)
    _check_period(tables, trial)
    refuse_territory(tables.meta, trial.territory, tables.table("structures"), engine)
    at_zero, rules = at_time_zero(tables, trial, engine)
    flow = _flow(at_zero, rules, engine)
    _check_arms(flow, trial)
    eligible = at_zero.filter(reduce(and_, (at_zero[rule.column] for rule in rules)))
    eligible = eligible.drop(*(rule.column for rule in rules))
    if trial.per_entrant:
        eligible, line = same_place(eligible, trial, flow, engine)
        flow = pd.concat([flow, line], ignore_index=True)
        _check_arms(flow, trial)
    else:
        eligible = engine.keep(eligible, "eligible")
    described = describe(eligible, wanted, tables, trial, engine)
    columns = tuple(name.replace(".", "_") for name in covariates)
    if trial.instrument:
        described = with_capacity(described, tables, trial, engine)
    extra = [name.replace(".", "_") for name in wanted if name not in covariates]
    extra += ["capacite"] if trial.instrument else []
    drawn = trial.design.arms == "drawn"
    extra += ["strate"] if drawn else []
    later = described.entry >= described.month
    later = later if drawn else ~described.treated & later
    numbered = _number(described.mutate(later_entry=later.ifelse(described.entry, None)), eligible)
    entry_columns = [
        "entry",
        "id_jeune",
        "person",
        "month",
        "treated",
        "id_structure",
        "code_departement",
    ]
    entries = engine.keep(
        numbered.select(*entry_columns, "later_entry", *columns, *extra), "entries"
    )
    return Cohort(trial, entries, columns, flow, find_gaps(tables, trial, wanted, engine))


def _number(described: Table, eligible: Table) -> Table:
    """Number entries by month, then hash of the person, as `entry`.

    What is sorted are keys alone: on a national extract, sorting every column that describes an
    entry would take more memory than the engine may have.
    """
    order = window(order_by=[eligible.month, eligible.person])
    numbers = eligible.select("id_jeune", "month", number=row_number().over(order))
    found = described.drop("entry").join(numbers, ["id_jeune", "month"])
    return found.rename(entry="number")


def _check_period(tables: Tables, trial: TargetTrial) -> None:
    first = first_day(trial.months[0] - trial.history_months)
    tables.meta.refuse_undeclared_breaks(first, first_day(trial.last_month), trial.breaks)
    tables.meta.refuse_months_outside(trial.months[0], trial.months[-1], trial.follow_up_months)


def _flow(at_zero: Table, rules: Sequence[EligibilityRule], engine: Engine) -> pd.DataFrame:
    """Count, in one pass, who is left after each rule."""
    steps = range(len(rules) + 1)
    failed = [(~at_zero[rule.column].fill_null(False), i) for i, rule in enumerate(rules)]
    t = at_zero.select("id_jeune", "treated", step=cases(*failed, else_=len(rules)))
    counts = {f"kept_{i}": (t.step >= i).sum() for i in steps}
    counts |= {f"treated_{i}": ((t.step >= i) & t.treated).sum() for i in steps}
    each = t.group_by("id_jeune").agg(last=t.step.max(), **counts)
    totals = {name: each[name].sum() for name in counts}
    totals |= {f"persons_{i}": (each["last"] >= i).sum() for i in steps}
    row = engine.fetch(each.agg(**totals)).fillna(0).astype("int64").iloc[0]
    lines = [("open_file", Message("rules.open_file"))]
    lines += [(rule.name, rule.words) for rule in rules]
    kept = [int(row[f"kept_{i}"]) for i in steps]
    treated = [int(row[f"treated_{i}"]) for i in steps]
    return pd.DataFrame(
        {
            "rule": [name for name, _ in lines],
            "label": [render(words, "fr") for _, words in lines],
            "kept": kept,
            "lost": [0, *(before - after for before, after in pairwise(kept))],
            "kept_treated": treated,
            "kept_comparison": [k - t for k, t in zip(kept, treated, strict=True)],
            "kept_persons": [int(row[f"persons_{i}"]) for i in steps],
            "words": [messages_text([words]) for _, words in lines],
        }
    )


def _check_arms(flow: pd.DataFrame, trial: TargetTrial) -> None:
    for arm, column in (("entrants", "kept_treated"), ("comparison persons", "kept_comparison")):
        empty = flow[flow[column] == 0]
        if not empty.empty:
            rule = empty.iloc[0]["rule"]
            raise CohortError(
                f"no {arm} of {trial.programme} left after rule '{rule}'; check 'territory', "
                "'entries' and 'eligibility' of the study against the extract"
            )
