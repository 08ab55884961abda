"""A world with a known truth, many samples of it, and their bias, error, coverage and power."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from zlib import crc32

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.design_matrix import thin_products

if TYPE_CHECKING:
    from evalml.arrays import Matrix, Vector


Row: TypeAlias = tuple[float, float, float, float, float, float]
"""Estimate, standard error, lower and upper bound, whether no effect is rejected, truth."""
Rows: TypeAlias = dict[str, Row]
"""Row by method."""
_NAN = float("nan")
NO_ANSWER: Row = (_NAN, _NAN, _NAN, _NAN, _NAN, _NAN)
"""What a method that refuses to answer gives."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A method in a world.

    Attributes:
        method: Its name in the table.
        flaw: What it gets wrong in this world; empty where the world meets its assumptions.
        tested: Whether no effect is a hypothesis at all (it is none of a survival curve).
    """

    method: str
    flaw: str = ""
    tested: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world with a known truth.

    Attributes:
        name: Name on the command line.
        label: What holds in it, in one line.
        family: `persons`, `over time` or `durations`.
        size: Rows of a sample, in words.
        arms: The methods tried.
        sample: Draws a sample; all its chance comes from the generator given.
        estimate: From a sample, the methods wanted and the number of the replication, a row each.
    """

    name: str
    label: str
    family: str
    size: str
    arms: tuple[Arm, ...]
    sample: Callable[[np.random.Generator], Any]
    estimate: Callable[[Any, Sequence[str], int], Rows]

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order of the table."""
        return tuple(arm.method for arm in self.arms)


def one_by_one(
    methods: Mapping[str, Callable[[Any, int], Row]],
) -> Callable[[Any, Sequence[str], int], Rows]:
    """Return the `estimate` of a world whose methods share nothing."""

    def estimate(data: Any, wanted: Sequence[str], replication: int) -> Rows:
        return {name: _answer(methods[name], data, replication) for name in wanted}

    return estimate


def _answer(method: Callable[[Any, int], Row], data: Any, replication: int) -> Row:
    try:
        return method(data, replication)
    except EstimationError:
        return NO_ANSWER


def interval_row(estimate: float, std_error: float, truth: float, critical: float = 1.96) -> Row:
    """Return the row of an estimate with a symmetric interval."""
    half = critical * std_error
    low, high = estimate - half, estimate + half
    return (estimate, std_error, low, high, float(low > 0 or high < 0), truth)


COLUMNS = ("estimate", "std_error", "ci_low", "ci_high", "rejected", "truth")
"""Columns of the matrices of `replicate`."""


def replicate(
    scenario: Scenario, methods: Sequence[str], replications: range, seed: int
) -> dict[str, Matrix]:
    """Return the answers of each method in each replication, shape (replications, 6) by method.

    A replication has its own generator, made of the seed, the name of the world and its number:
    it does not depend on the others, nor on which methods are asked for.

    Args:
        scenario: The world.
        methods: Methods wanted, among those of the scenario.
        replications: Numbers of the replications.
        seed: Seed of the whole validation.
    """
    rows: dict[str, list[tuple[float, ...]]] = {method: [] for method in methods}
    with thin_products():
        for k in replications:
            key = np.random.SeedSequence([seed, crc32(scenario.name.encode()), k])
            data = scenario.sample(np.random.Generator(np.random.PCG64(key)))
            found = scenario.estimate(data, methods, k)
            for method in methods:
                rows[method].append(found.get(method, NO_ANSWER))
    return {method: np.array(r, dtype=np.float64).reshape(-1, 6) for method, r in rows.items()}


Verdict: TypeAlias = Literal[
    "holds", "does not hold", "flaw shows", "flaw does not show", "too few samples"
]
"""For a method on its assumptions: does it hold? For one outside: does its flaw show?"""
ENOUGH = 200
BIAS_ERRORS = 2.0
COVERED = (0.93, 0.97)


@dataclass(frozen=True, slots=True)
class Summary:
    """One method in one world.

    Attributes:
        design: Name of the world.
        method: Name of the method.
        flaw: What the method gets wrong there, empty on its own assumptions.
        replications: Samples drawn.
        failed: Samples on which it refused to answer.
        truth: Mean truth.
        bias: Mean error.
        bias_error: Monte-Carlo standard error of the bias.
        rmse: Root of the mean squared error.
        spread: Standard deviation of the error.
        std_error: Mean of the standard errors given.
        coverage: Share of nominal 95 % intervals that hold the truth.
        coverage_low: Lower bound of its 95 % Monte-Carlo interval (Wilson).
        coverage_high: Upper bound.
        rejection: Share of samples where no effect is rejected at 5 %: power, or size; NaN where
            no effect is no hypothesis.
        verdict: What to conclude.
    """

    design: str
    method: str
    flaw: str
    replications: int
    failed: int
    truth: float
    bias: float
    bias_error: float
    rmse: float
    spread: float
    std_error: float
    coverage: float
    coverage_low: float
    coverage_high: float
    rejection: float
    verdict: Verdict


def summarise(scenario: Scenario, arm: Arm, rows: Matrix) -> Summary:
    """Sum up the answers of one method, shape (replications, 6).

    A test without estimate (log-rank) has a rejection rate only, judged by the truth: no effect.
    """
    answered = rows[~np.isnan(rows[:, 4])]
    estimate, std_error, low, high, rejected, truth = answered.T
    error = estimate - truth
    covered = (low <= truth) & (truth <= high)
    known = not np.isnan(error).any() and error.size > 1
    bounds = wilson(covered)
    numbers = {
        "truth": _mean(truth),
        "bias": _mean(error),
        "bias_error": float(error.std(ddof=1) / np.sqrt(error.size)) if known else np.nan,
        "rmse": float(np.sqrt(_mean(error**2))),
        "spread": float(error.std(ddof=1)) if known else np.nan,
        "std_error": _mean(std_error),
        "coverage": _mean(covered) if known else np.nan,
        "coverage_low": bounds[0] if known else np.nan,
        "coverage_high": bounds[1] if known else np.nan,
        "rejection": _mean(rejected) if arm.tested else np.nan,
    }
    return Summary(
        scenario.name,
        arm.method,
        arm.flaw,
        rows.shape[0],
        rows.shape[0] - answered.shape[0],
        **numbers,
        verdict="too few samples" if answered.shape[0] < ENOUGH else judge(numbers, arm.flaw),
    )


def judge(numbers: dict[str, float], flaw: str) -> Verdict:
    """Return the verdict: no bias beyond 2 Monte-Carlo errors, coverage from 93 to 97 %.

    Without an estimate, the size of the test stands for what its interval would miss.
    """
    coverage, bias = numbers["coverage"], numbers["bias"]
    if np.isnan(coverage):
        if numbers["truth"] != 0:
            return "holds"
        coverage, bias = 1 - numbers["rejection"], 0.0
    error = numbers["bias_error"]
    unbiased = bool(np.isnan(error)) or abs(bias) <= BIAS_ERRORS * error
    right = unbiased and COVERED[0] <= coverage <= COVERED[1]
    if flaw:
        return "flaw does not show" if right else "flaw shows"
    return "holds" if right else "does not hold"


def wilson(hits: Vector) -> tuple[float, float]:
    """Return the 95 % interval of Wilson (1927) of a share, for 0/1 values of shape (n,)."""
    from statsmodels.stats.proportion import proportion_confint

    if not hits.size:
        return float("nan"), float("nan")
    low, high = proportion_confint(hits.sum(), hits.size, method="wilson")
    return float(low), float(high)


def _mean(values: Vector) -> float:
    return float(values.mean()) if values.size else float("nan")
