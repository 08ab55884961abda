"""Durations with late entry, checked once, and their sets at risk.

A person is at risk at time t when it entered before t and was still followed at t; who enters at
the origin is at risk from the origin on, so that an event at 0 is an event. Late entry (left
truncation) is part of the data here, so that no estimate can forget it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.errors import DataError, EstimationError
from evalml.methods.panel import (
    MissingRows,
    covariate_matrix,
    drop_incomplete,
    need_columns,
    numbers_of,
    positive_weights,
)

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector


SAME_TIME = float(np.sqrt(np.finfo(float).eps))
"""Times closer than this share of the mean time are the same: only rounding tells them apart."""
ORIGIN = -np.inf
"""Entry of those at risk from the origin on, time 0 included."""


@dataclass(frozen=True, slots=True)
class DurationColumns:
    """The columns of a table of durations, one row per person.

    Attributes:
        time: End of follow-up, from the origin of time.
        event: What ended it: 0 (or empty) nothing (censored), 1 the event, 2, 3, … other causes.
        entry: Start of follow-up, from the same origin (0: at the origin); empty when all enter
            there.
        group: Groups to compare.
        covariates: Covariates of the Cox model; text becomes categories.
        weights: Weights; empty for none.
        cluster: Clusters of the variance.
        strata: Strata within which hazards are compared (cox, logrank).
    """

    time: str
    event: str
    entry: str = ""
    group: str = ""
    covariates: tuple[str, ...] = ()
    weights: str = ""
    cluster: str = ""
    strata: tuple[str, ...] = ()

    def used(self) -> list[str]:
        """Return the columns that are read, once each."""
        named = (self.time, self.event, self.entry, self.group, self.weights, self.cluster)
        return list(dict.fromkeys(c for c in (*named, *self.covariates, *self.strata) if c))


@dataclass(frozen=True, slots=True, repr=False)
class Durations:
    """Durations of n persons.

    Attributes:
        entry: Start of follow-up, minus infinity at the origin, shape (n,).
        time: End of follow-up, shape (n,), later than the entry.
        event: 0 censored, 1, 2, … causes, shape (n,).
        weights: Shape (n,), or None: all one.
        cluster: Codes of the clusters, shape (n,), or None.
        strata: Codes 0 … S-1 of the strata, shape (n,), or None: all in one.
    """

    entry: Vector
    time: Vector
    event: IntVector
    weights: Vector | None = None
    cluster: IntVector | None = None
    strata: IntVector | None = None

    @property
    def w(self) -> Vector:
        """Weights, ones when there are none."""
        return np.ones(self.time.size) if self.weights is None else self.weights

    def only(self, rows: Any) -> Durations:
        """Return the durations of some rows; clusters keep their codes."""
        return Durations(
            self.entry[rows],
            self.time[rows],
            self.event[rows],
            None if self.weights is None else self.weights[rows],
            None if self.cluster is None else self.cluster[rows],
            None if self.strata is None else self.strata[rows],
        )


@dataclass(frozen=True, slots=True, repr=False)
class DurationTable:
    """Durations with groups and covariates.

    Attributes:
        durations: The durations.
        group: Code of the group, shape (n,); zeros without groups.
        levels: Names of the groups; one empty name without groups.
        covariates: Shape (n, p).
        covariate_names: The p names.
        counts: What was read and dropped, ready for JSON.
    """

    durations: Durations
    group: IntVector
    levels: tuple[str, ...]
    covariates: Matrix
    covariate_names: tuple[str, ...]
    counts: dict[str, Any] = field(default_factory=dict)


def read_durations(
    table: pd.DataFrame,
    columns: DurationColumns,
    *,
    missing: MissingRows = "refuse",
    start: float | None = None,
) -> DurationTable:
    """Return the durations of a table, checked.

    `missing`: refuse missing values, or drop (and count) the rows that hold one; `start`: follow
    nobody before this time: persons who left by then are dropped and counted, the others enter then
    at the earliest.
    """
    need_columns(table, columns.used())
    kept, dropped = drop_incomplete(table[columns.used()], missing)
    time, event = numbers_of(kept[columns.time]), _events(kept[columns.event])
    entry = numbers_of(kept[columns.entry]) if columns.entry else np.zeros(time.size)
    _refuse_order(entry, time, kept, columns)
    entry, time = same_times(entry, time)
    entry = np.where(entry == 0, ORIGIN, entry)
    early = np.zeros(time.size, dtype=bool)
    if start is not None and start > 0:
        begin = float(snap(np.array([start]), time)[0])
        early, entry = time <= begin, np.maximum(entry, begin)
    if early.all():
        raise DataError("nobody is followed after the start asked for; choose an earlier one")
    rows = ~early
    durations = Durations(
        entry,
        time,
        event,
        positive_weights(kept[columns.weights]) if columns.weights else None,
        _codes(kept[columns.cluster])[0] if columns.cluster else None,
        _strata(kept[list(columns.strata)]) if columns.strata else None,
    )
    group, levels = _codes(kept[columns.group]) if columns.group else (event * 0, ("",))
    covariates, names = covariate_matrix(kept[list(columns.covariates)])
    counts = {
        "rows_read": len(table),
        "rows_dropped_missing": dropped,
        "rows_dropped_before_start": int(early.sum()),
        "rows_used": int(rows.sum()),
        **({} if durations.strata is None else {"strata": int(np.unique(durations.strata).size)}),
        "late_entries": int((entry[rows] > entry[rows].min()).sum()),
    }
    return DurationTable(durations.only(rows), group[rows], levels, covariates[rows], names, counts)


@dataclass(frozen=True, slots=True, repr=False)
class RiskSets:
    """Sets at risk at the K times at which something happens, one stratum after another.

    Attributes:
        times: Distinct event times of each stratum, increasing within it, shape (K,).
        first: Number of event times up to the entry of each person, shape (n,).
        last: Number of event times up to the end of each person, shape (n,): at risk at the
            times numbered first … last - 1.
        Y: Weight at risk, shape (K,).
        n_at_risk: Persons at risk, shape (K,).
        d: Weight of the events by cause 1 … J, shape (J, K).
    """

    times: Vector
    first: IntVector
    last: IntVector
    Y: Vector
    n_at_risk: IntVector
    d: Matrix


def risk_sets(durations: Durations) -> RiskSets:
    """Return the sets at risk."""
    happened = durations.event > 0
    if not happened.any():
        raise EstimationError("no event is observed: nothing can be estimated")
    times, first, last = _places(durations, happened)
    causes = int(durations.event.max())
    w = durations.w
    d = np.array(
        [
            np.bincount(
                last[durations.event == j] - 1,
                weights=w[durations.event == j],
                minlength=times.size,
            )
            for j in range(1, causes + 1)
        ]
    )
    count = at_risk(np.ones(w.size), first, last, times.size)
    return RiskSets(
        times=times,
        first=first,
        last=last,
        Y=at_risk(w, first, last, times.size),
        n_at_risk=np.rint(count).astype(np.int64),
        d=d,
    )


def _places(durations: Durations, happened: BoolVector) -> tuple[Vector, IntVector, IntVector]:
    """Return the event times, and how many lie before the entry and up to the end of each person.

    With strata, the times of one follow those of another: nobody is at risk in another's.
    """
    strata = durations.strata
    codes = np.zeros(happened.size, dtype=np.int64) if strata is None else strata
    first, last = np.empty_like(codes), np.empty_like(codes)
    listed: list[Vector] = []
    for code in np.unique(codes):
        rows = codes == code
        times = np.unique(durations.time[rows & happened])
        before = sum(t.size for t in listed)
        first[rows] = before + np.searchsorted(times, durations.entry[rows], side="right")
        last[rows] = before + np.searchsorted(times, durations.time[rows], side="right")
        listed.append(times)
    return np.concatenate(listed), first, last


def at_risk(v: Vector, first: IntVector, last: IntVector, times: int) -> Vector:
    """Return the sum of `v` over those at risk at each time, shape (times,)."""
    leave = np.bincount(last, weights=v, minlength=times + 1)
    enter = np.bincount(first, weights=v, minlength=times + 1)
    sums: Vector = np.cumsum((leave - enter)[::-1])[::-1][1:]
    return sums


def _events(values: pd.Series[Any]) -> IntVector:
    codes = numbers_of(values)
    if (codes < 0).any() or (codes != np.rint(codes)).any():
        raise DataError(
            f"column '{values.name}' must hold 0 (censored), 1 (the event), 2, 3, … (other causes)"
        )
    return codes.astype(np.int64)


def same_times(entry: Vector, time: Vector) -> tuple[Vector, Vector]:
    """Return entries and times in which ties but for rounding are ties.

    As in R's survival (`timefix`): neighbours among the sorted values that differ by less than
    1.5e-8 of their mean become the smallest of them.
    """
    values = np.unique(np.concatenate([entry, time]))
    values = values[np.isfinite(values)]
    apart = np.diff(values) > SAME_TIME * np.abs(values).mean()
    cuts = values[np.concatenate([[True], apart])]
    if cuts.size == values.size:
        return entry, time

    def lowest(v: Vector) -> Vector:
        place = np.maximum(np.searchsorted(cuts, v, side="right") - 1, 0)
        return np.where(np.isfinite(v), cuts[place], v)

    return lowest(entry), lowest(time)


def snap(when: Vector, times: Vector) -> Vector:
    """Return times asked for, those that are one of `times` but for rounding replaced by it.

    `times`: shape (n,), of at least one.
    """
    known = np.unique(times)
    place = np.clip(np.searchsorted(known, when), 1, max(known.size - 1, 1))
    low, high = known[place - 1], known[np.minimum(place, known.size - 1)]
    near = np.where(np.abs(when - low) <= np.abs(high - when), low, high)
    return np.where(np.abs(near - when) <= SAME_TIME * np.abs(known).mean(), near, when)


def _refuse_order(
    entry: Vector, time: Vector, table: pd.DataFrame, columns: DurationColumns
) -> None:
    """Refuse who ends before the origin, enters before it, or ends before or when it enters."""
    _refuse_rows(
        time < 0, table, f"hold a negative '{columns.time}': a follow-up ends at 0 or later"
    )
    _refuse_rows(
        entry < 0, table, f"hold a negative '{columns.entry}': who enters at the origin enters at 0"
    )
    _refuse_rows(
        (time <= entry) & (entry > 0),
        table,
        f"end ('{columns.time}') before or when they start ('{columns.entry}')",
    )


def _refuse_rows(wrong: BoolVector, table: pd.DataFrame, what: str) -> None:
    found = np.flatnonzero(wrong)
    if found.size:
        first = f"row {int(table.index[found[0]]) + 1} of the table"
        raise DataError(f"{found.size} rows {what}; mend or remove them (the first: {first})")


def _strata(table: pd.DataFrame) -> IntVector:
    """Number the combinations of values of several columns."""
    codes = np.zeros(len(table), dtype=np.int64)
    for name in table.columns:
        values, levels = _codes(table[name])
        codes = np.unique(codes * len(levels) + values, return_inverse=True)[1].astype(np.int64)
    return codes


def _codes(values: pd.Series[Any]) -> tuple[IntVector, tuple[str, ...]]:
    """Return codes in the order of the sorted values, and the values."""
    codes, levels = pd.factorize(values, sort=True)
    return codes.astype(np.int64), tuple(str(level) for level in levels)
