"""From the panel to outcomes: one column per thing that happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.cohort.month_sets import bit, holds, without
from evalml.engine import (
    MILLION,
    Table,
    ifelse,
    in_parts,
    literal,
    span,
    window,
)
from evalml.errors import StudyError, TableMissingError, nearest
from evalml.months import first_day
from evalml.outcomes.controls import controls_as_observed
from evalml.outcomes.outcome import OUTCOMES, Outcome
from evalml.panel.build import AMOUNTS, SOURCES, unfolded

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from evalml.engine import Table
    from evalml.panel import Panel
    from evalml.study import Study, Waits


@dataclass(frozen=True, slots=True, repr=False)
class Outcomes:
    """What happened to the persons of a panel.

    Attributes:
        panel: The months it was read from.
        chosen: The outcomes of the study, in order; a linked outcome without linked source is
            replaced by its declared fallback.
        rows: `entry`, `treated`, `k`, and one column per outcome, null where not observed.
    """

    panel: Panel
    chosen: tuple[Outcome, ...]
    rows: Table

    def sets(self, wanted: Sequence[Outcome]) -> Table:
        """Return some outcomes as sets of months, one row per entry and block of the calendar.

        Returns:
            `entry`, `block`, `set_<name>` for each outcome, `known_<channel>` for each channel that
            observes one, and `unsure`: months in which no part of linked employment is known.
        """
        t = self.panel.by_entry()
        known = {f"known_{o.channel}": known_set(t, o) for o in wanted}
        true = {f"set_{o.name}": outcome_set(t, o) for o in wanted}
        return t.select("entry", "block", unsure=unsure_set(t), **known, **true)

    def __repr__(self) -> str:
        """Name the outcomes."""
        return f"Outcomes({', '.join(o.name for o in self.chosen)})"


def check_effect(least: float | None, name: str) -> None:
    """Refuse a smallest effect of interest that an outcome cannot have.

    Raises:
        StudyError: It is larger than one, for an outcome that is a proportion.
    """
    outcome = OUTCOMES.get(name)
    if (
        least is not None
        and outcome is not None
        and outcome.unit == "proportion"
        and abs(least) > 1
    ):
        raise StudyError(
            f"minimum_effect is {least:g}, and '{name}' is a proportion; write 0.02 for 2 points"
        )


def choose_outcomes(names: Sequence[str], available: Collection[str]) -> tuple[Outcome, ...]:
    """Return the outcomes called `names`, as the extract can observe them.

    Args:
        names: Names in the study file.
        available: Tables the extract holds, and `table.column` with a value of those of another
            administration.

    Raises:
        StudyError: No outcome has that name.
        TableMissingError: It needs a table of another administration, which the extract lacks.
    """
    chosen = []
    for name in names:
        if name not in OUTCOMES:
            raise StudyError(f"outcomes: no outcome is called '{name}'; {nearest(name, OUTCOMES)}")
        outcome = OUTCOMES[name]
        lacks = _lacking(outcome, available)
        if lacks and outcome.fallback is None:
            where, what = lacks, lacks.split(" ")[0]
            raise TableMissingError(
                f"outcome '{name}' needs {where}, which this extract does not hold; "
                f"leave the outcome out, or add the {what}"
            )
        chosen.append(OUTCOMES[outcome.fallback] if lacks and outcome.fallback else outcome)
    return tuple(chosen)


def _lacking(outcome: Outcome, available: Collection[str]) -> str:
    """Return what an extract lacks to observe an outcome; empty where it lacks nothing.

    Columns are looked for where `available` says which have a value (`emploi_mensuel.jours`).
    """
    table = SOURCES.get(outcome.channel)
    if table is None:
        return ""
    if table not in available:
        return f"table '{table}'"
    columns_known = any(name.startswith(f"{table}.") for name in available)
    if outcome.needs and columns_known and f"{table}.{outcome.needs}" not in available:
        return f"column '{outcome.needs}' of '{table}'"
    return ""


def as_observed(study: Study, available: Collection[str]) -> Study:
    """Return a study whose outcomes and negative controls are those its extract can observe.

    Without linked source, an outcome or a control that has a declared counterpart gives way to it,
    the primary outcome too: what is then evaluated is declared employment, under its name.

    Args:
        study: The study.
        available: Tables the extract holds.

    Raises:
        StudyError: No outcome has that name.
        TableMissingError: An outcome needs the linked source and has no counterpart.
    """
    if not study.over_time:
        return study
    named = dict(zip(study.outcomes, choose_outcomes(study.outcomes, available), strict=True))
    outcomes = tuple(dict.fromkeys(named[name].name for name in study.outcomes))
    primary = study.primary.model_copy(update={"outcome": named[study.primary.outcome].name})
    waits = None if study.durations is None else waits_as_observed(study.durations, named)
    return study.model_copy(
        update={
            "outcomes": outcomes,
            "primary": primary,
            "durations": waits,
            "negative_controls": controls_as_observed(study.negative_controls, available),
        }
    )


def waits_as_observed(waits: Waits, named: Mapping[str, Outcome]) -> Waits:
    """Return the outcomes waited for, as the extract observes them."""
    for name in (waits.event, *waits.competing):
        if named[name].unit != "proportion" or named[name].cumulated:
            raise StudyError(
                f"durations: '{name}' is not a yes or no of each month, so it has no first month; "
                "use one such as 'emploi_durable'"
            )
    competing = tuple(named[name].name for name in waits.competing)
    return waits.model_copy(update={"event": named[waits.event].name, "competing": competing})


def compute_outcomes(panel: Panel, names: Sequence[str]) -> Outcomes:
    """Read the outcomes called `names` from the panel.

    Raises:
        StudyError: No outcome has that name.
        TableMissingError: It needs a table of another administration, which the extract lacks.
    """
    chosen = choose_outcomes(names, panel.held)
    rows = monthly_rows(panel, [o for o in chosen if not o.cumulated])
    added = [o for o in chosen if o.cumulated]
    if added:
        sums = cumulated_rows(panel, added)
        rows = rows.outer_join(sums, ["entry", "k"])
        rows = rows.mutate(
            entry=rows.entry.fill_null(rows.entry_right),
            treated=rows.treated.fill_null(rows.treated_right),
            k=rows.k.fill_null(rows.k_right),
        ).drop("entry_right", "treated_right", "k_right")
    return Outcomes(panel, chosen, rows.select("entry", "treated", "k", *(o.name for o in chosen)))


def refuse_silent(outcomes: Outcomes, horizons: Sequence[int]) -> None:
    """Refuse an outcome that its source knows of nobody at a horizon.

    Raises:
        StudyError: The source ends before the first entries reach the horizon.
    """
    panel, first = outcomes.panel, outcomes.panel.cohort.trial.months[0]
    for outcome in outcomes.chosen:
        if outcome.channel not in panel.reach:
            continue
        last, source = panel.reach[outcome.channel].coverage.last, SOURCES[outcome.channel]
        silent = [horizon for horizon in horizons if first + horizon > last]
        if last >= 0 and silent:
            entered, ended = (f"{first_day(month):%Y-%m}" for month in (first, last))
            raise StudyError(
                f"'{outcome.name}' at {silent[0]} months is known to nobody: '{source}' is silent "
                f"after {ended} and the first entries are of {entered}; ask for horizons of at "
                f"most {max(last - first, 0)} months, or for later rows of '{source}'"
            )


def monthly_rows(panel: Panel, outcomes: Sequence[Outcome]) -> Table:
    """Return the outcomes of single months, one row per entry and month something is known of."""
    t = panel.by_entry()
    sets = {f"set_{o.name}": outcome_set(t, o) for o in outcomes if o.as_set}
    t = unfolded(panel, t.mutate(**sets))
    if len(sets) < len(outcomes):
        t = panel.with_amounts(t)
    return t.select("entry", "treated", "k", **{o.name: _of_month(t, o) for o in outcomes})


def outcome_set(t: Table, outcome: Outcome) -> Any:
    """Return the months in which an outcome is true, as a set, from the sets of the panel."""
    months = t[outcome.column]
    for column in outcome.also:
        months |= t[column]
    for column in outcome.but:
        months = without(months, t[column])
    if outcome.part:
        months = without(months, unsure_set(t))
    return without(known_set(t, outcome), months) if outcome.negated else months


def unsure_set(t: Table) -> Any:
    """Return the months in which no part of linked employment is known, as a set.

    A contract that is known to last makes the month one of durable employment, whatever the others.
    """
    return without(t.linked_unsure, t.linked_durable)


def known_set(t: Table, outcome: Outcome) -> Any:
    """Return the months in which an outcome is known, as a set, from the sets of the panel."""
    return t.linked if outcome.channel == "linked" else t.declared


def _of_month(t: Table, outcome: Outcome) -> Any:
    if not outcome.as_set:
        return t[outcome.column].cast("float64")
    value = bit(t[f"set_{outcome.name}"], t.place).cast("int8")
    known = holds(known_set(t, outcome), t.place)
    if outcome.part:
        known &= ~holds(unsure_set(t), t.place)
    return ifelse(known, value, None)


def columns_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the columns of the panel that outcomes are read from."""
    return list(dict.fromkeys(c for o in outcomes for c in (o.column, *o.also)))


def monthly_value(rows: Table, outcome: Outcome) -> Any:
    """Return an outcome of one month as a column, null where the month is unknown."""
    value = rows[outcome.column]
    if not outcome.as_set:
        return value.cast("float64")
    for column in outcome.also:
        value |= rows[column]
    for column in outcome.but:
        value &= ~rows[column]
    if outcome.part:
        value = ifelse(rows.linked_unsure & ~rows.linked_durable, None, value)
    return (~value if outcome.negated else value).cast("int8")


def cumulated_rows(panel: Panel, outcomes: Sequence[Outcome]) -> Table:
    """Return what adds up over months, one row per entry and month.

    It adds up from the month after time zero on, or over the last months (`window`), which may all
    lie before time zero, never on both sides of it.

    A declared sum is unknown from the first unknown month on; that of another source is unknown
    outside the months it covers and for who is not linked to it, and a covered month without a row
    of a linked person adds nothing. An event counts once.
    """
    grid = panel.cohort.entries
    for channel, reach in panel.reach.items():
        if reach.people is not None:
            found = reach.people.mutate(**{f"is_{channel}": literal(value=True)})
            grid = grid.left_join(found, "id_jeune").drop("id_jeune_right")
    marks = [f"is_{channel}" for channel in panel.reach if f"is_{channel}" in grid.columns]
    follow_up = panel.months[1]
    first = panel.months[0] if any(o.window for o in outcomes) else 1
    grid = grid.select(
        "entry", "treated", "month", *marks,
        k=span(literal(first), literal(follow_up)).cast("array<int16>").unnest(),
    )  # fmt: skip
    rows = grid.left_join(panel.read(*columns_of(outcomes)), ["entry", "k"])
    rows = rows.drop("entry_right", "k_right")
    values = {}
    for outcome in outcomes:
        seen = rows[outcome.column]
        window_of = outcome.window
        known = _reached(rows, panel, outcome.channel, seen)
        if not window_of:
            known &= rows.k >= 1
            seen = ifelse(rows.k >= 1, seen, None)
        if outcome.column in AMOUNTS:
            seen = seen.cast("float64").fill_null(0.0)
            known, seen = known & ~seen.isnan(), ifelse(seen.isnan(), 0.0, seen)
        back = {"preceding": window_of - 1} if window_of else {}
        frame = window(group_by="entry", order_by="k", following=0, **back)
        months = literal(window_of) if window_of else rows.k
        complete = known.cast("int32").sum().over(frame) == months
        if window_of == 0:
            complete &= rows.k >= 1
        elif window_of > 1:
            complete &= (rows.k >= window_of) | (rows.k < 0)
        total = in_parts(seen.cast("float64").fill_null(0.0)).sum().over(frame).cast("float64")
        value = total / MILLION
        if outcome.combine == "any":
            value = (total > 0).cast("float64")
        elif outcome.combine == "mean":
            value = total / (MILLION * months)
        values[outcome.name] = ifelse(complete, value, None)
    return rows.select("entry", "treated", "k", **values)


def _reached(rows: Table, panel: Panel, channel: str, seen: Any) -> Any:
    """Return whether a month of an entry is known by a channel."""
    if channel not in panel.reach:
        return seen.notnull()
    covered, at = panel.reach[channel].coverage, rows.month + rows.k
    known = (at >= covered.first) & (at <= covered.last)
    if covered.holes:
        known &= ~at.isin(covered.holes)
    mark = f"is_{channel}"
    return known & rows[mark].fill_null(False) if mark in rows.columns else known


def outcomes_table(names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the definitions of outcomes: label, definition, who observes it, source.

    Args:
        names: Outcomes to describe; the whole catalogue when None.
    """
    chosen = [OUTCOMES[name] for name in (names if names is not None else OUTCOMES)]
    return pd.DataFrame(
        {
            "label": [o.fr for o in chosen],
            "definition": [o.definition for o in chosen],
            "channel": [o.channel for o in chosen],
            "source": [o.source for o in chosen],
        }
    )
