"""Populations inside one another: a region and its départements, a year and its months.

The counts of two releases whose populations are nested differ by the persons of the rest. Where the
rest is a few, it would be known by subtraction; so a new count is held to those of every population
it holds or lies in, and to what the parts already released add up to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from evalml.codes import territory_names
from evalml.published.territories import REGIONS
from evalml.typography import MONTHS

if TYPE_CHECKING:
    from evalml.report.register import Anchors

WHOLE = "France entière"


@dataclass(frozen=True, slots=True)
class Extent:
    """Where and when a population is.

    Attributes:
        programme: Its programme.
        areas: Départements, or the words of the territory where they name none; None is everywhere.
        first: First month of entry, as a number.
        last: Last month of entry.
    """

    programme: str
    areas: frozenset[str] | None
    first: int
    last: int

    def within(self, other: Extent) -> bool:
        """Return whether this population lies inside another."""
        if self.programme != other.programme:
            return False
        inside = other.areas is None or (self.areas is not None and self.areas <= other.areas)
        return inside and other.first <= self.first and self.last <= other.last

    def apart(self, other: Extent) -> bool:
        """Return whether no person can be in both."""
        elsewhere = (
            self.areas is not None and other.areas is not None and not self.areas & other.areas
        )
        return elsewhere or self.last < other.first or other.last < self.first


def extent_of(study: str) -> Extent | None:
    """Read « programme|territory|period »; None where the period is not one of months."""
    told = study.split("|")
    if len(told) != len(Extent.__slots__) - 1:
        return None
    programme, territory, period = told
    months = [month_number(word, year) for word, year in re.findall(r"([^\W\d]+)\s(\d{4})", period)]
    known = [month for month in months if month is not None]
    if not known:
        return None
    return Extent(programme, areas_of(territory), known[0], known[-1])


def month_number(word: str, year: str) -> int | None:
    """Return a month as a number, None for a word that is not a month."""
    names = MONTHS["fr"]
    return 12 * int(year) + names.index(word.lower()) if word.lower() in names else None


def areas_of(territory: str) -> frozenset[str] | None:
    """Return the départements of a territory, or its words where it names none."""
    if territory == WHOLE:
        return None
    regions, departements = codes_by_name()
    if territory in regions:
        return frozenset(REGIONS.get(regions[territory], territory).split())
    return frozenset(departements.get(name, name) for name in territory.split(", "))


@cache
def codes_by_name() -> tuple[dict[str, str], dict[str, str]]:
    """Return the codes of regions and of départements by their names."""
    names = territory_names()
    regions, departements = names["regions"], names["departements"]
    return {n: code for code, n in regions.items()}, {n: code for code, n in departements.items()}


def with_nested(anchors: Anchors, study: str) -> Anchors:
    """Return the counts that have left, with those a new count of `study` must keep away from.

    Args:
        anchors: Counts that have left, by population (`programme|territory|period|arm`).
        study: Programme, territory and period of the release to be made.
    """
    mine = extent_of(study)
    every = {name: extent_of(name) for name in dict.fromkeys(study_of(key) for key in anchors)}
    found = {name: extent for name, extent in every.items() if extent is not None and name != study}
    if mine is None or not found:
        return anchors
    told = {key: list(values) for key, values in anchors.items()}
    arms = {key.split("|", 3)[3] for key in anchors if key.count("|") > 2 and "|share|" not in key}  # noqa: PLR2004
    for arm in sorted(arms):
        sizes = {
            name: anchors[f"{name}|{arm}"] for name in sorted(found) if anchors.get(f"{name}|{arm}")
        }
        near = nested_counts(mine, {name: found[name] for name in sizes}, sizes)
        if near:
            told.setdefault(f"{study}|{arm}", []).extend(near)
    return told


def study_of(key: str) -> str:
    """Return programme, territory and period of a population of the register."""
    return "|".join(key.split("|", 3)[:3])


def nested_counts(
    mine: Extent, found: dict[str, Extent], sizes: dict[str, list[float]]
) -> list[float]:
    """Return the counts that a population of this extent could be subtracted from.

    Each count of a population that holds it or lies in it; the sum of the parts that lie in it; and
    what a whole that holds it leaves when its other parts are taken away.
    """
    near = [
        size
        for name, extent in found.items()
        if mine.within(extent) or extent.within(mine)
        for size in sizes[name]
    ]
    inside = apart_from_each_other([n for n, e in found.items() if e.within(mine)], found, sizes)
    if len(inside) > 1:
        near.append(sum(max(sizes[name]) for name in inside))
    for whole, extent in found.items():
        if mine.within(extent):
            parts = [n for n, e in found.items() if n != whole and e.within(extent)]
            others = [n for n in parts if found[n].apart(mine)]
            rest = apart_from_each_other(others, found, sizes)
            if rest:
                near += [size - sum(max(sizes[name]) for name in rest) for size in sizes[whole]]
    return [size for size in near if size > 0]


def apart_from_each_other(
    names: list[str], found: dict[str, Extent], sizes: dict[str, list[float]]
) -> list[str]:
    """Return the largest populations of a list that share nobody, the largest first."""
    chosen: list[str] = []
    for name in sorted(names, key=lambda each: (-max(sizes[each]), each)):
        if all(found[name].apart(found[other]) for other in chosen):
            chosen.append(name)
    return chosen
