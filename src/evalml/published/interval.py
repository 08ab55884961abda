"""Closed intervals: what a printed, rounded number can stand for."""

from __future__ import annotations

from dataclasses import dataclass

_EPS = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval of the real line.

    Attributes:
        low: Lower end.
        high: Upper end, never below `low`.
    """

    low: float
    high: float

    @classmethod
    def point(cls, value: float) -> Interval:
        """Return the interval that holds `value` alone."""
        return cls(value, value)

    @property
    def middle(self) -> float:
        """The centre of the interval."""
        return (self.low + self.high) / 2

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval) -> Interval:
        ends = (
            self.low * other.low,
            self.low * other.high,
            self.high * other.low,
            self.high * other.high,
        )
        return Interval(min(ends), max(ends))

    def __truediv__(self, other: Interval) -> Interval:
        if other.low <= 0 <= other.high:
            return Interval(float("-inf"), float("inf"))
        return self * Interval(1 / other.high, 1 / other.low)

    def gap(self, other: Interval) -> float:
        """Return the distance between two intervals, 0 when they meet.

        The ends are compared up to the error of floating-point sums (one part in 10^9).
        """
        distance = max(self.low - other.high, other.low - self.high, 0.0)
        scale = max(abs(self.low), abs(other.low), 1.0)
        return 0.0 if distance <= _EPS * scale else distance

    def excess(self, other: Interval) -> float:
        """Return by how much this interval lies above `other` at the least, 0 when it may not."""
        distance = max(self.low - other.high, 0.0)
        return 0.0 if distance <= _EPS * max(abs(self.low), 1.0) else distance


def hull(*parts: Interval) -> Interval:
    """Return the smallest interval that holds every part: where their mean must lie."""
    return Interval(min(p.low for p in parts), max(p.high for p in parts))


def attainable(share: Interval, base: Interval) -> Interval:
    """Return the share of `base` whole units nearest to `share`, in percent.

    A share of 26 youths can be 3.8 or 7.7 %, never 5.0 %. When a whole number of units falls
    inside the printed share the share itself is returned, otherwise the nearest one that exists.
    """
    units = max(round(base.middle), 1)
    lowest = -(-share.low * units / 100 // 1)
    if lowest * 100 / units <= share.high + _EPS:
        return share
    below, above = (lowest - 1) * 100 / units, lowest * 100 / units
    return Interval.point(below if share.low - below < above - share.high else above)
