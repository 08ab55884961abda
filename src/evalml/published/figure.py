"""A figure in print, and the closed interval that a rounded number stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


_EPS = 1e-9


@dataclass(frozen=True, slots=True)
class RoundingInterval:
    """A closed interval of the real line.

    Attributes:
        low: Lower end.
        high: Upper end, never below `low`.
    """

    low: float
    high: float

    @classmethod
    def point(cls, value: float) -> RoundingInterval:
        """Return the interval that holds `value` alone."""
        return cls(value, value)

    @property
    def middle(self) -> float:
        """The centre of the interval."""
        return (self.low + self.high) / 2

    def __add__(self, other: RoundingInterval) -> RoundingInterval:
        return RoundingInterval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: RoundingInterval) -> RoundingInterval:
        return RoundingInterval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: RoundingInterval) -> RoundingInterval:
        ends = (
            self.low * other.low,
            self.low * other.high,
            self.high * other.low,
            self.high * other.high,
        )
        return RoundingInterval(min(ends), max(ends))

    def __truediv__(self, other: RoundingInterval) -> RoundingInterval:
        if other.low <= 0 <= other.high:
            return RoundingInterval(float("-inf"), float("inf"))
        return self * RoundingInterval(1 / other.high, 1 / other.low)

    def gap(self, other: RoundingInterval) -> float:
        """Return the distance between two intervals, 0 when they meet.

        The ends are compared up to the error of floating-point sums (one part in 10^9).
        """
        distance = max(self.low - other.high, other.low - self.high, 0.0)
        scale = max(abs(self.low), abs(other.low), 1.0)
        return 0.0 if distance <= _EPS * scale else distance

    def excess(self, other: RoundingInterval) -> float:
        """Return by how much this interval lies above `other` at the least, 0 when it may not."""
        distance = max(self.low - other.high, 0.0)
        return 0.0 if distance <= _EPS * max(abs(self.low), 1.0) else distance


def hull(*parts: RoundingInterval) -> RoundingInterval:
    """Return the smallest interval that holds every part: where their mean must lie."""
    return RoundingInterval(min(p.low for p in parts), max(p.high for p in parts))


def attainable(share: RoundingInterval, base: RoundingInterval) -> RoundingInterval:
    """Return the share of `base` whole units nearest to `share`, in percent.

    A share of 26 youths can be 3.8 or 7.7 %, never 5.0 %. When a whole number of units falls
    inside the printed share the share itself is returned, otherwise the nearest one that exists.
    """
    units = max(round(base.middle), 1)
    lowest = -(-share.low * units / 100 // 1)
    if lowest * 100 / units <= share.high + _EPS:
        return share
    below, above = (lowest - 1) * 100 / units, lowest * 100 / units
    return RoundingInterval.point(below if share.low - below < above - share.high else above)


EXACT = frozenset({"count", "rank", "page", "age", "duration", "reference", "name"})
ADDITIVE = frozenset({"count", "amount"})
_NUMBER = re.compile(r"^([+-]?)\s*(\d+(?:[\s.]\d+)*(?:,\d+)?)")
_MILLION = re.compile(r"^\s*(?:millions?\b|M€)")


@dataclass(frozen=True, slots=True)
class PrintedFigure:
    """One number, as a document prints it.

    Attributes:
        id: Stable name, usable in an expression (letters, digits, underscores).
        source: Short name of the document.
        place: Section or table, then ` · l.` and the line of the text version.
        year: Year described.
        territory: `france`, `region:32`, `departement:59`, `structure:…` or a free name.
        programme: CEJ, PACEA, GJ, … or empty.
        indicator: What is counted.
        population: Base of a share, or the population a count is part of; `x@region` is the
            count `x` of the region around the territory.
        breakdown: `dimension=value` pairs joined by `;`, sorted; empty for the whole.
        statistic: count, amount, share, mean, growth, ratio, rank, age, duration, page, …
        unit: What one unit is.
        printed: The number as printed.
        value: The number.
        step: Precision it is printed at.
        side: Empty when rounded to the nearest, `+` for a floor ("plus de"), `-` for a ceiling
            ("près de").
        note: Anything a reader should know.
        origin: File and line the figure was read from, for messages.
    """

    id: str
    source: str
    place: str
    year: int
    territory: str
    programme: str
    indicator: str
    population: str
    breakdown: str
    statistic: str
    unit: str
    printed: str
    value: float
    step: float
    side: str = ""
    note: str = ""
    origin: str = ""

    @property
    def table(self) -> str:
        """Source and section: figures of one table share it."""
        return f"{self.source}|{self.place.rsplit(' · l.', 1)[0]}"

    @property
    def parts(self) -> frozenset[str]:
        """The `dimension=value` pairs of the breakdown."""
        return frozenset(p for p in self.breakdown.split(";") if p)

    def interval(self) -> RoundingInterval:
        """Return every value that prints like this one."""
        if self.side == "+":
            return RoundingInterval(self.value, self.value + self.step)
        if self.side == "-":
            return RoundingInterval(self.value - self.step, self.value)
        exact = self.statistic in EXACT and self.step == 1 and float(self.value).is_integer()
        half = 0.0 if exact else self.step / 2
        return RoundingInterval(self.value - half, self.value + half)

    def corrected(self, value: float) -> PrintedFigure:
        """Return the same figure with another value."""
        return replace(self, value=value)


def read_number(printed: str) -> float | None:
    """Return the number a French text prints, or None when it is in words.

    Spaces (of any kind) and dots group thousands, the comma is decimal, `million` multiplies.

    `printed`: such as `115 109`, `22,9 %`, `11.000`, `3,6 millions`, `-0,6 %`.
    """
    text = printed.strip().replace("\N{MINUS SIGN}", "-")
    match = _NUMBER.match(text)
    if match is None:
        return None
    digits = re.sub(r"[\s.]", "", match[2]).replace(",", ".")
    factor = 1e6 if _MILLION.match(text[match.end() :]) else 1.0
    return (-1 if match[1] == "-" else 1) * float(digits) * factor


def malformed(printed: str) -> bool:
    """Tell whether thousands are grouped in a way no number is written (`770 00`)."""
    match = _NUMBER.match(printed.strip())
    if match is None:
        return False
    groups = re.split(r"[\s.]", match[2].split(",")[0])
    return len(groups) > 1 and (
        any(len(g) != 3 for g in groups[1:]) or len(groups[0]) > 3  # noqa: PLR2004
    )


def intervals(figures: Mapping[str, PrintedFigure]) -> dict[str, RoundingInterval]:
    """Return the interval of each figure, by id."""
    return {name: figure.interval() for name, figure in figures.items()}
