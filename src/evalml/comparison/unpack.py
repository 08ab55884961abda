"""Trajectories in memory: one row per entry, one column per month since time zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.arrays import BoolVector, IntVector, Matrix
    from evalml.engine import Engine
    from evalml.outcomes import Outcome, Outcomes
    from evalml.tables.sources import Coverage

ROWS = 1 << 16
"""Rows treated at a time: what a processor keeps at hand."""


def unpack(values: Matrix, months: IntVector, known: IntVector, place: IntVector) -> None:
    """Write months held as sets into columns, 1 or 0 where known; leave the others as they are.

    Args:
        values: Shape (n, K), changed in place; column j is the month at place + j.
        months: Sets of months in which the thing is true (bit i: month at place i), shape (n,).
        known: Sets of months in which it is known, shape (n,).
        place: Place of the first column's month, shape (n,); bits from 0 to 62 exist.
    """
    for start in range(0, len(values), ROWS):
        some = slice(start, start + ROWS)
        part, true, told, first = values[some], months[some], known[some], place[some]
        inside = bool(first.min() >= 0 and first.max() + part.shape[1] <= 63)  # noqa: PLR2004
        for j in range(part.shape[1]):
            bit = first + j
            seen = (told >> np.clip(bit, 0, 62)) & 1 == 1
            if not inside:
                seen &= (bit >= 0) & (bit <= 62)  # noqa: PLR2004
            np.copyto(part[:, j], (true >> np.clip(bit, 0, 62)) & 1, where=seen, casting="unsafe")


def covered(values: Matrix, month: IntVector, first: int, source: Coverage) -> None:
    """Write 0 in the months that the linked source covers.

    Args:
        values: Shape (n, K), changed in place.
        month: Month number of time zero, shape (n,).
        first: Months since time zero of the first column.
        source: Months covered.
    """
    for j in range(values.shape[1]):
        values[source_covers(source, month + (first + j)), j] = 0.0


def source_covers(source: Coverage, at: IntVector) -> BoolVector:
    """Return which months a source covers, shape (n,)."""
    known: BoolVector = (at >= source.first) & (at <= source.last)
    return known & ~np.isin(at, source.holes) if source.holes else known


def not_linked(outcomes: Outcomes, channel: str, n: int, engine: Engine) -> BoolVector | None:
    """Return which entries are of persons a channel has no link for; None where all are linked."""
    reach = outcomes.panel.reach.get(channel)
    people = None if reach is None else reach.people
    if people is None:
        return None
    entries = outcomes.panel.cohort.entries.select("entry", "id_jeune")
    linked = engine.fetch(entries.semi_join(people, "id_jeune").select("entry"))["entry"]
    unknown = np.ones(n, dtype=bool)
    unknown[linked.to_numpy(dtype=np.int64)] = False
    return unknown


def trajectory_values(
    outcomes: Outcomes, entries: pd.DataFrame, engine: Engine
) -> dict[str, Matrix]:
    """Return each outcome month by month, shape (n, K); NaN where not observed.

    Yes or no is held in two bytes (float16 tells 0, 1 and NaN), amounts in four.
    """
    panel = outcomes.panel
    first, last = panel.months
    month = entries["month"].to_numpy(dtype=np.int64)
    unlinked = {
        channel: not_linked(outcomes, channel, len(entries), engine) for channel in panel.reach
    }
    found: dict[str, Matrix] = {}
    for outcome in outcomes.chosen:
        kind = np.float16 if outcome.as_set else np.float32
        values: Matrix = np.full((len(entries), last - first + 1), np.nan, dtype=kind)
        if outcome.channel == "linked":
            covered(values, month, first, panel.reach["linked"].coverage)
            lost = unlinked["linked"]
            if lost is not None:
                values[lost] = np.nan
        found[outcome.name] = values
    as_sets = [o for o in outcomes.chosen if o.as_set]
    if as_sets:
        _from_sets(found, outcomes, as_sets, month, engine)
    for outcome in outcomes.chosen:
        if not outcome.as_set:
            _from_rows(found[outcome.name], outcomes, outcome, engine)
    return found


def _from_sets(
    found: dict[str, Matrix],
    outcomes: Outcomes,
    wanted: Sequence[Outcome],
    month: IntVector,
    engine: Engine,
) -> None:
    panel = outcomes.panel
    sets = engine.fetch(outcomes.sets(wanted))
    for block in range(panel.calendar.blocks):
        rows = sets[sets["block"] == block]
        entry = rows["entry"].to_numpy()
        place = month + panel.months[0] - panel.calendar.block_start(block)
        for outcome in wanted:
            true, known = (np.zeros(month.size, dtype=np.int64) for _ in range(2))
            true[entry] = rows[f"set_{outcome.name}"].to_numpy(dtype=np.int64)
            known[entry] = rows[f"known_{outcome.channel}"].to_numpy(dtype=np.int64)
            unpack(found[outcome.name], true, known, place)


def _from_rows(values: Matrix, outcomes: Outcomes, outcome: Outcome, engine: Engine) -> None:
    rows = outcomes.rows.select("entry", "k", outcome.name)
    long = engine.fetch(rows.filter(rows[outcome.name].notnull()))
    column = long["k"].to_numpy(dtype=np.int64) - outcomes.panel.months[0]
    values[long["entry"].to_numpy(), column] = long[outcome.name].to_numpy(dtype=np.float32)
