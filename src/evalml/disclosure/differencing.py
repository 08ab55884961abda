"""What would come too near to what has left: found, named, and left to a person to decide.

A population is known by what defines it: arm, traits, places as a set, months, rules. Two counts
of which one may lie inside the other give the count of those in between; several releases together
give that of a place or a month. Nothing is altered to hide it: such outputs wait for a review.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalml.codes import departements_of
from evalml.disclosure.populations import System
from evalml.disclosure.rule import DisclosureRule
from evalml.disclosure.suppress import Cells, Key, Sum, interval

STRUCTURE = re.compile(r"(97\d|\d[\dAB])\d{3}S\d+")
"""Identifier of a mission locale in I-Milo: the code of its commune, then its site."""
MOST = 600
"""Places times months beyond which releases that overlap are not judged one cell at a time."""


@dataclass(frozen=True, slots=True)
class Population:
    """A count that leaves, by what defines it.

    Attributes:
        arm: `treated`, `comparison`, or a kind of the flow; with the programme entered.
        traits: What all its persons share: a level of a subgroup, a required trait.
        places: Territory, as paths such as `FR/32/59/59017S00`.
        months: First and last month of entry, as numbers.
        rules: Digest of all else that defines it.
        n: How many.
    """

    arm: str
    traits: tuple[str, ...]
    places: tuple[str, ...]
    months: tuple[int, int]
    rules: str
    n: int

    @property
    def region(self) -> tuple[Any, ...]:
        """What it is of, apart from the count."""
        return self.arm, self.traits, self.places, self.months, self.rules


def populations_of(system: System, study: Mapping[str, Any]) -> dict[Population, tuple[Key, ...]]:
    """Return the populations whose counts leave a judged system, and the counts they are."""
    found: dict[Population, tuple[Key, ...]] = {}
    analyses, gone = study.get("analyses") or {}, system.cells.gone()
    for family, keys in system.families.items():
        if not isinstance(family, tuple) or len(family) != 3:  # noqa: PLR2004 - own tables
            continue
        arm, subgroup, level = family
        for key in (each for each in keys if each not in gone):
            n = int(system.cells.value[key])
            for analysis in system.analyses[key]:
                each = population(str(arm), str(subgroup), str(level),
                                  analyses.get(analysis) or study, n)  # fmt: skip
                found[each] = (*found.get(each, ()), key)
    return found


def population(arm: str, subgroup: str, level: str, study: Mapping[str, Any], n: int) -> Population:
    """Return one population of a study."""
    eligibility = dict(study.get("eligibility") or {})
    required = eligibility.pop("require", None) or {}
    traits = {f"{key}={value}" for key, value in required.items()}
    traits |= {f"{subgroup}={level}"} if subgroup else set()
    entries = study.get("entries") or {"from": "", "to": ""}
    programme = (study.get("treatment") or {}).get("dispositif") or study.get("programme")
    keys = ("treatment", "time_zero", "comparison", "grace_months", "history_months", "source")
    rules = json.dumps([eligibility, *(study.get(key) for key in keys)],
                       sort_keys=True, ensure_ascii=False, default=str)  # fmt: skip
    return Population(
        f"{programme} {arm}", tuple(sorted(traits)), places_of(study.get("territory")),
        (month_number(entries["from"]), month_number(entries["to"])),
        hashlib.sha256(rules.encode()).hexdigest()[:16], n,
    )  # fmt: skip


def month_number(day: Any) -> int:
    """Return the number of a month since year 0, 0 where there is none."""
    year, month = str(day)[:4], str(day)[5:7]
    return int(year) * 12 + int(month) - 1 if year.isdigit() and month.isdigit() else 0


def places_of(territory: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return a territory as paths from the country down; an unknown place (`?`) lies anywhere."""
    told = territory or {}
    regions = {d: region for region, ds in departements_of().items() for d in ds}
    if told.get("region"):
        return (f"FR/{told['region']}",)
    if told.get("departement"):
        return tuple(sorted(f"FR/{regions.get(d, '?')}/{d}" for d in told["departement"]))
    paths = []
    for structure in told.get("structure") or ():
        found = STRUCTURE.fullmatch(structure)
        departement = found[1] if found else "?"
        paths.append(f"FR/{regions.get(departement, '?')}/{departement}/{structure}")
    return tuple(sorted(paths)) or ("FR",)


def lies_in(inner: str, outer: str) -> bool:
    """Return whether a place may lie in another."""
    pairs = zip(inner.split("/"), outer.split("/"), strict=False)
    within = inner.count("/") >= outer.count("/")
    return within and all(a == b or "?" in {a, b} for a, b in pairs)


def inside(one: Population, two: Population) -> bool:
    """Return whether a population may be a part of another."""
    return (
        one.arm == two.arm
        and set(one.traits) >= set(two.traits)
        and two.months[0] <= one.months[0]
        and one.months[1] <= two.months[1]
        and all(any(lies_in(a, b) for b in two.places) for a in one.places)
    )


def too_near(
    new: Iterable[Population], left: Sequence[tuple[str, Population]], rule: DisclosureRule
) -> dict[Population, str]:
    """Return the populations that come too near to what has left, and the release concerned."""
    found: dict[Population, str] = {}
    known = {two for _, two in left}
    for one in new:
        if one in known:  # it has left already: nothing more is told
            continue
        near = (
            release for release, two in left
            if abs(one.n - two.n) <= rule.threshold and (inside(one, two) or inside(two, one))
            and one != replace(two, rules=one.rules)  # other rules found as many: nobody between
        )  # fmt: skip
        release = next(near, "") or narrow_release(one, left, rule)
        if release:
            found[one] = release
    return found


def narrow_release(
    one: Population, left: Sequence[tuple[str, Population]], rule: DisclosureRule
) -> str:
    """Return a release that, with others, would place the count of a few within the threshold."""
    near = [(name, two) for name, two in left if overlaps(one, two)]
    if not near or any("?" in place for _, two in near for place in (*one.places, *two.places)):
        return ""
    every = [one, *(two for _, two in near)]
    cells, touching, atoms = grid_of(every)
    if len(atoms) > MOST:
        return near[-1][0]
    exact = replace(rule, rounding=1)  # what the counts say, whatever their rounding hides
    for atom in (each for each in atoms if within(each, one)):
        low, high = interval(cells, atom, touching, exact)
        if high - low < rule.threshold - 1 and low < rule.threshold:
            return near[-1][0]
    return ""


def overlaps(one: Population, two: Population) -> bool:
    """Return whether two populations under the same rules share places and months, not all."""
    return (
        (one.arm, one.traits, one.rules) == (two.arm, two.traits, two.rules)
        and one.region != two.region
        and one.months[0] <= two.months[1]
        and two.months[0] <= one.months[1]
        and any(lies_in(a, b) or lies_in(b, a) for a in one.places for b in two.places)
    )


Atom = tuple[str, int]
"""A place (what is left of it beside the places named inside it) and the first of its months."""


def grid_of(every: Sequence[Population]) -> tuple[Cells, dict[Key, list[Sum]], list[Atom]]:
    """Return the cells of places by months that populations are made of, and their sums."""
    named = {place for each in every for place in each.places}
    places = sorted(place for place in named if not filled(place, named))
    cuts = sorted({month for each in every for month in (each.months[0], each.months[1] + 1)})
    atoms: list[Atom] = [(place, month) for place in places for month in cuts[:-1]]
    cells = Cells()
    latest = {each.region: each for each in reversed(every)}
    for each in latest.values():
        parts = tuple(atom for atom in atoms if within(atom, each))
        cells.value["n", each.region] = each.n
        cells.sums[("n", each.region), parts] = None
    touching = cells.touching()
    used = [atom for atom in atoms if atom in touching]
    cells.hidden |= set(used)
    return cells, touching, used


def filled(place: str, named: set[str]) -> bool:
    """Return whether all that a country or a region is made of is named beside it."""
    region = place.partition("/")[2]
    parts = departements_of().get(region, ()) if region else departements_of()
    return bool(parts) and all(f"{place}/{each}" in named for each in parts)


def within(atom: Atom, each: Population) -> bool:
    """Return whether a cell is part of a population."""
    place, month = atom
    return each.months[0] <= month <= each.months[1] and any(lies_in(place, p) for p in each.places)


def from_line(told: Mapping[str, Any]) -> Population:
    """Return a population from a line of the register, where tuples are lists."""
    values: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
    return Population(**values)
