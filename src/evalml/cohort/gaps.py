"""Where the extract holds less of the past than a study reads: which table, from which month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.cohort.covariates import window_of
from evalml.cohort.declared import DECLARED, lag_of
from evalml.cohort.entering import IAE
from evalml.cohort.unknown import Sources, Window, opening_month

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.cohort.trial import TargetTrial
    from evalml.engine import Engine
    from evalml.tables import Tables

RULES = ("accompanied", "not_yet_entered", "history")
"""What a study reads beside covariates: two rules, and the months shown before time zero."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Months of a table that a study reads and the extract does not cover.

    Attributes:
        table: Table of the contract.
        use: `covariates`, or one of RULES.
        covered: First month number covered.
        needed: First month number read.
        declared: Whether `extract.yaml` says what is covered.
        whole: First month of entry from which every month read is covered.
        names: Covariates concerned.
    """

    table: str
    use: str
    covered: int
    needed: int
    declared: bool
    whole: int
    names: tuple[str, ...] = ()


def find_gaps(
    tables: Tables, trial: TargetTrial, covariates: Sequence[str], engine: Engine
) -> tuple[Gap, ...]:
    """Return what a study reads before the first month that the extract covers.

    Args:
        tables: The checked records.
        trial: Its months, history and rules.
        covariates: Covariates of the study.
        engine: Where queries run.
    """
    sources = Sources(tables, engine)
    found: dict[tuple[str, str], Gap] = {}
    for use, name, table, needed in _reads(trial, covariates):
        if table not in tables.tables:
            continue
        held = sources.coverage(table)
        if held.first <= needed:
            continue
        key = (table, use)
        before = found.get(key)
        names = (*(before.names if before else ()), *((name,) if name else ()))
        furthest = min(needed, before.needed if before else needed)
        whole = trial.months[0] + held.first - furthest
        found[key] = Gap(table, use, held.first, furthest, held.declared, whole, names)
    said = {table for table, use in found if use == "covariates"}
    return tuple(g for g in found.values() if g.use != "history" or g.table not in said)


def _reads(trial: TargetTrial, covariates: Sequence[str]) -> Iterator[tuple[str, str, str, int]]:
    """Give use, covariate, table and first month of everything read before time zero."""
    first = trial.months[0]
    for name in covariates:
        window = _window(name, trial)
        if window is not None:
            yield "covariates", name, window.table, first - window.farthest
    reach = trial.eligibility.accompanied_within_months
    if reach:
        yield "accompanied", "", "actes", first - reach
    opened = opening_month(trial.dispositif)
    entered = "iae_contrats" if trial.dispositif == IAE else "accompagnements"
    if opened is not None and opened < first:
        yield "not_yet_entered", "", entered, opened
    for table in ("emploi_mensuel", "situations"):
        yield "history", "", table, first - trial.history_months


def _window(name: str, trial: TargetTrial) -> Window | None:
    if name in DECLARED:
        return Window("situations", lag_of(name) or trial.history_months, 1)
    return window_of(name, trial)
