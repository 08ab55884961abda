"""A world with a known truth, and the methods that are tried in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from evalml.errors import EstimationError

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
