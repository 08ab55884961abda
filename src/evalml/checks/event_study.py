"""The coefficients of an event study, with their event times and their reference period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import DataError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.checks.pre_trend import PrePeriod
    from evalml.methods.group_time import Aggregate


@dataclass(frozen=True, slots=True)
class EventStudy:
    """Coefficients before and after the adoption.

    The reference is the last period before: the periods before and after it follow one another
    without a hole, so that a difference between two coefficients is a difference between two
    neighbouring periods.

    Attributes:
        beta: Estimates, shape (k,), the reference left out.
        covariance: Their covariance, shape (k, k).
        times: Their event times, shape (k,), increasing, such as -3, -2, 0, 1.
        reference: Event time whose coefficient is zero by construction.
    """

    beta: Vector
    covariance: Matrix
    times: Vector
    reference: float = -1.0

    def __post_init__(self) -> None:
        """Refuse vectors that do not match and event times with a hole.

        Raises:
            DataError: Shapes differ, or times are not consecutive around the reference.
        """
        k = self.beta.size
        if self.covariance.shape != (k, k) or self.times.shape != (k,):
            message = (
                f"{k} coefficients, {self.times.size} event times, covariance of shape "
                f"{self.covariance.shape}: give one event time and one row each"
            )
            raise DataError(message)
        if np.any(self.times == self.reference):
            message = (
                f"the reference period ({self.reference:g}) has a coefficient: it is zero by "
                "construction, leave it out, or name the true reference"
            )
            raise DataError(message)
        steps = np.sort(np.append(self.times, self.reference))
        if np.any(np.diff(self.times) <= 0) or np.any(np.diff(steps) != 1):
            message = (
                "event times must increase by one, with only the reference "
                f"({self.reference:g}) left out"
            )
            raise DataError(message)
        if not self.before.any() or not self.after.any():
            raise DataError("give at least one period on each side of the reference")
        if not np.isfinite(self.beta).all() or not np.isfinite(self.covariance).all():
            raise DataError("a coefficient or its covariance is not a number; leave its period out")

    @property
    def before(self) -> BoolVector:
        """Which coefficients lie before the reference, shape (k,)."""
        return np.asarray(self.times < self.reference, dtype=np.bool_)

    @property
    def after(self) -> BoolVector:
        """Which coefficients lie after the reference, shape (k,)."""
        return np.asarray(self.times > self.reference, dtype=np.bool_)

    def weights(self, event_time: float | None = None) -> Vector:
        """Return the weights of the effect after, shape (periods after,).

        Args:
            event_time: One period; None for the mean of all periods after.

        Raises:
            DataError: No coefficient at that event time.
        """
        times = self.times[self.after]
        if event_time is None:
            return np.full(times.size, 1.0 / times.size)
        chosen = np.asarray(times == event_time, dtype=np.float64)
        if not chosen.any():
            raise DataError(f"no period {event_time:g} after the reference; give one of {times}")
        return chosen

    def pre_period(self) -> PrePeriod:
        """Return the coefficients before the reference, for the pre-trend test."""
        from evalml.checks.pre_trend import PrePeriod

        rows = self.before
        return PrePeriod(
            self.beta[rows], self.covariance[np.ix_(rows, rows)], self.times[rows], self.reference
        )


def event_study_of(averages: Aggregate, reference: float = -1.0) -> EventStudy:
    """Return the event study of a roll-out estimated by event time.

    Args:
        averages: Averages by event time, made with a universal base period.
        reference: Event time of that base period: -1, or earlier with anticipation.

    Raises:
        DataError: The averages are not by event time, or not all measured from the reference.
    """
    if averages.kind != "dynamic":
        raise DataError(f"averages of kind '{averages.kind}': give those by event time ('dynamic')")
    timed = ~np.isnan(averages.event_time)
    at_reference = averages.event_time == reference
    if np.any(np.abs(averages.estimate[at_reference]) > 0):
        message = (
            f"the effect at the reference period ({reference:g}) is not zero: each effect before "
            "was measured from the period just before it; estimate with a universal base period"
        )
        raise DataError(message)
    rows = np.flatnonzero(timed & ~at_reference)
    rows = rows[np.argsort(averages.event_time[rows], kind="stable")]
    return EventStudy(
        averages.estimate[rows],
        averages.vcov[np.ix_(rows, rows)],
        averages.event_time[rows],
        reference,
    )
