"""Worlds of durations: censoring, late entry, losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.methods.cox import cox
from evalml.methods.durations import Durations
from evalml.methods.survival import (
    aalen_johansen,
    kaplan_meier,
    log_log_interval,
    log_rank,
    restricted_mean,
)
from evalml.validation.harness import Arm, Row, Scenario, interval_row, one_by_one

if TYPE_CHECKING:
    from evalml.arrays import IntVector


HORIZON = 8.0
RATE, RATIO, OTHER = 0.1, np.exp(0.4), 0.05
_NAN = float("nan")


@dataclass(frozen=True, slots=True, repr=False)
class TwoArms:
    """Durations of two arms.

    Attributes:
        durations: Durations; the events are 0, and 1 (and 2) for the cause(s).
        treated: 1 in the treated arm, shape (n,).
    """

    durations: Durations
    treated: IntVector

    def arm(self, treated: int) -> Durations:
        """Return the durations of an arm."""
        return self.durations.only(self.treated == treated)


def censored(
    rng: np.random.Generator, n: int = 1000, *, ratio: float = RATIO, causes: int = 1
) -> TwoArms:
    """Draw exponential times to a job, censored at random; `ratio` speeds the treated up."""
    treated = rng.integers(0, 2, n)
    one = rng.exponential(1 / np.where(treated == 1, RATE * ratio, RATE))
    two = rng.exponential(1 / OTHER, n) if causes > 1 else np.full(n, np.inf)
    censor = rng.exponential(15, n)
    time = np.minimum(np.minimum(one, two), censor)
    event = np.where(censor <= time, 0, np.where(one <= two, 1, 2)).astype(np.int64)
    return TwoArms(Durations(np.zeros(n), time, event), treated.astype(np.int64))


def _survival(data: Durations, truth: float) -> Row:
    value, se = kaplan_meier(data).at(np.array([HORIZON]))
    low, high = log_log_interval(value, se)
    return (float(value[0]), float(se[0]), float(low[0]), float(high[0]), _NAN, truth)


def km_row(data: TwoArms, replication: int) -> Row:  # noqa: ARG001
    """Return the survival of the treated at 8, with its log-log interval."""
    row = _survival(data.arm(1), float(np.exp(-RATE * RATIO * HORIZON)))
    return (*row[:4], 1.0, row[5])


def complete_row(data: TwoArms, replication: int) -> Row:  # noqa: ARG001
    """Return the share without event at 8 among the treated, the censored left out."""
    arm = data.arm(1)
    known = arm.time[arm.event > 0] > HORIZON
    p = float(known.mean())
    return interval_row(p, float(np.sqrt(p * (1 - p) / known.size)), np.exp(-RATE * RATIO * 8))


def rmst_row(ratio: float) -> Callable[[TwoArms, int], Row]:
    """Return the difference of the mean months without a job up to 12."""
    faster = RATE * ratio
    truth = (1 - np.exp(-faster * 12)) / faster - (1 - np.exp(-RATE * 12)) / RATE

    def row(data: TwoArms, replication: int) -> Row:  # noqa: ARG001
        one, zero = (restricted_mean(data.arm(a), 12.0) for a in (1, 0))
        se = float(np.sqrt(one.variance + zero.variance))
        return interval_row(one.value - zero.value, se, float(truth))

    return row


def cox_row(truth: float, *, forget_entry: bool = False) -> Callable[[TwoArms, int], Row]:
    """Return the log hazard ratio."""

    def row(data: TwoArms, replication: int) -> Row:  # noqa: ARG001
        rows = data.durations
        if forget_entry:
            rows = replace(rows, entry=np.zeros_like(rows.entry))
        fit = cox(rows, data.treated[:, None].astype(np.float64))
        return interval_row(float(fit.beta[0]), float(fit.std_error[0]), truth)

    return row


def log_rank_row(truth: float) -> Callable[[TwoArms, int], Row]:
    """Return whether the log-rank test rejects: it has no estimate."""

    def row(data: TwoArms, replication: int) -> Row:  # noqa: ARG001
        p = log_rank(data.durations, data.treated).p_value
        return (_NAN, _NAN, _NAN, _NAN, float(p < 0.05), truth)  # noqa: PLR2004

    return row


def aj_row(data: TwoArms, replication: int) -> Row:  # noqa: ARG001
    """Return the incidence of a job at 8 where something else may come first."""
    when = np.array([HORIZON])
    value, se = aalen_johansen(data.arm(0), 1, when).at(when)
    low, high = log_log_interval(1 - value, se)
    total = RATE + OTHER
    truth = RATE / total * (1 - np.exp(-total * HORIZON))
    return (float(value[0]), float(se[0]), float(1 - high[0]), float(1 - low[0]), 1.0, truth)


def one_minus_km_row(data: TwoArms, replication: int) -> Row:  # noqa: ARG001
    """Return 1 - Kaplan-Meier with the other cause as censoring."""
    arm = data.arm(0)
    only = replace(arm, event=np.where(arm.event == 1, 1, 0).astype(np.int64))
    value, se, low, high, _, _ = _survival(only, 0.0)
    total = RATE + OTHER
    truth = RATE / total * (1 - np.exp(-total * HORIZON))
    return (1 - value, se, 1 - high, 1 - low, 1.0, truth)


def late_entry(rng: np.random.Generator, n: int = 800) -> TwoArms:
    """Draw persons seen only if still without a job when they enter; the treated enter later."""
    draws = 4 * n
    treated = rng.integers(0, 2, draws)
    entry = rng.uniform(0, 3 + 4 * treated)
    time = rng.exponential(1 / np.where(treated == 1, RATE * RATIO, RATE))
    seen = np.flatnonzero(time > entry)[:n]
    censor = entry[seen] + rng.exponential(15, seen.size)
    stop = np.minimum(time[seen], censor)
    event = (time[seen] <= censor).astype(np.int64)
    return TwoArms(Durations(entry[seen], stop, event), treated[seen].astype(np.int64))


def late_km_row(data: TwoArms, replication: int, *, forget: bool = False) -> Row:  # noqa: ARG001
    """Return the survival of the comparison arm from 1 to 8, given survival to 1."""
    arm = data.arm(0)
    arm = arm.only(arm.time > 1.0)
    entry = np.zeros_like(arm.entry) if forget else np.maximum(arm.entry, 1.0)
    row = _survival(replace(arm, entry=entry), float(np.exp(-RATE * (HORIZON - 1))))
    return (*row[:4], 1.0, row[5])


DURATION_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "censored",
        "time to a job, follow-up ends at random",
        "durations",
        "1,000 persons",
        (
            Arm("km", tested=False),
            Arm("rmst"),
            Arm("cox"),
            Arm("logrank"),
            Arm("complete_cases", "leaves out those whose follow-up ended", tested=False),
        ),
        censored,
        one_by_one(
            {
                "km": km_row,
                "rmst": rmst_row(RATIO),
                "cox": cox_row(float(np.log(RATIO))),
                "logrank": log_rank_row(float(np.log(RATIO))),
                "complete_cases": complete_row,
            }
        ),
    ),
    Scenario(
        "censored_null",
        "the same, no effect",
        "durations",
        "1,000 persons",
        (Arm("rmst"), Arm("cox"), Arm("logrank")),
        lambda rng: censored(rng, ratio=1.0),
        one_by_one({"rmst": rmst_row(1.0), "cox": cox_row(0.0), "logrank": log_rank_row(0.0)}),
    ),
    Scenario(
        "competing",
        "something else may come first",
        "durations",
        "1,000 persons",
        (
            Arm("aj", tested=False),
            Arm("km", "takes the other cause for the end of follow-up", tested=False),
        ),
        lambda rng: censored(rng, causes=2),
        one_by_one({"aj": aj_row, "km": one_minus_km_row}),
    ),
    Scenario(
        "late_entry",
        "a person is seen only if still without a job on entry",
        "durations",
        "800 persons",
        (
            Arm("km", tested=False),
            Arm("cox"),
            Arm("km_from_zero", "forgets that entry was late", tested=False),
            Arm("cox_from_zero", "forgets that entry was late"),
        ),
        late_entry,
        one_by_one(
            {
                "km": late_km_row,
                "cox": cox_row(float(np.log(RATIO))),
                "km_from_zero": lambda d, k: late_km_row(d, k, forget=True),
                "cox_from_zero": cox_row(float(np.log(RATIO)), forget_entry=True),
            }
        ),
    ),
)
