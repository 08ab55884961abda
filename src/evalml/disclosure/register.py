"""What has left, of which populations, and what would come too near to it.

A population is known by what defines it: arm, traits, places as a set, months, rules. Two counts
of which one may lie inside the other give the count of those in between; several releases together
give that of a place or a month. Nothing is altered to hide it: such outputs wait for a review.

The file is inside: it holds true counts, never below the threshold, so that the next release can
be compared with them. It only grows. A line is flushed to the disk before `release/` appears.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from evalml.codes import departements_of
from evalml.disclosure.rule import DisclosureRule
from evalml.disclosure.suppress import Cells, Key, Sum, interval
from evalml.errors import PrivacyError
from evalml.results import RESULT_TABLES as LAYOUTS

ARMS = {"n_treated": "treated", "n_comparison": "comparison"}
Place = tuple[str, int, str]
"""Table, row, column."""
PRIMARY, MAIN, OTHER, SUBGROUP, FLOW = range(5)
"""How useful a count is: the whole of the primary outcome first, the steps of the flow last."""
SHARES = {"proportion": 1.0, "%": 100.0, "points": 100.0}
"""Units of shares, and what stands for everybody."""


@dataclass(slots=True)
class System:
    """The counts of a run, and where each stands; a share stands with its numerator.

    `families` are populations that lie inside one another, by what they have in common; `near` are
    counts hidden because another of the family differs from them by a few persons; `analyses` says
    which secondary analyses a count is of, an empty name for the study itself.
    """

    rule: DisclosureRule
    cells: Cells = field(default_factory=Cells)
    places: dict[Key, list[Place]] = field(default_factory=dict)
    families: dict[Key, dict[Key, None]] = field(default_factory=dict)
    near: set[Key] = field(default_factory=set)
    analyses: dict[Key, dict[str, None]] = field(default_factory=dict)

    def count(self, family: Key, value: float, place: Place, rank: int, analysis: str = "") -> Key:
        """Add a count of a population; two equal counts of a family are one population."""
        key: Key = ("n", family, value if value == value else place)  # noqa: PLR0124 - NaN
        self.cells.add(key, value, rank)
        self.places.setdefault(key, []).append(place)
        self.analyses.setdefault(key, {})[analysis] = None
        if value == value:  # noqa: PLR0124
            self.families.setdefault(family, {})[key] = None
        return key

    def part(self, key: Key, value: float, whole: float, place: Place) -> Key:
        """Add the numerator of a share: hidden where it, or what is left of its whole, is small."""
        self.cells.hidden |= {key} if whole - value < self.rule.threshold else set()
        self.places.setdefault(key, []).append(place)
        return self.cells.add(key, value, OTHER, exact=True)


def system_of(
    frames: Mapping[str, pd.DataFrame], rule: DisclosureRule, primary: Mapping[str, Any]
) -> System:
    """Return the counts of the tables of a run, with what an attacker knows of their sums."""
    system = System(rule)
    for name in ("effects", "secondary"):
        if name in frames:
            effects(system, name, frames[name], primary)
    for name in (each for each in frames if each not in {"effects", "secondary", "flow"}):
        others(system, name, frames[name])
    if "flow" in frames:
        flow(system, frames["flow"])
    if "balance" in frames:
        balance(system, frames["balance"], sizes(frames))
    hide_near(system)
    return system


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def number(value: Any) -> float:
    """Return a number, NaN for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def sizes(frames: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Return the number of persons of each arm in the whole population, NaN where none is told."""
    if "effects" not in frames:
        return dict.fromkeys(ARMS.values(), np.nan)
    whole = frames["effects"][frames["effects"]["subgroup"].fillna("") == ""]
    return {arm: number(whole[column].astype("float64").max()) for column, arm in ARMS.items()}


def effects(system: System, name: str, table: pd.DataFrame, primary: Mapping[str, Any]) -> None:
    """Add the arms of each effect, the shares of both, and the sums over subgroups."""
    groups: dict[Key, dict[str, dict[str, Key]]] = defaultdict(lambda: defaultdict(dict))
    for at, row in enumerate(rows(table)):
        level = (str(row["subgroup"] or ""), str(row["subgroup_value"] or ""))
        same = (str(row.get("analysis", "")), row["outcome"], number(row["horizon_months"]))
        rank = SUBGROUP if level[0] else OTHER if name == "secondary" else MAIN
        if rank == MAIN and all(row.get(key) == value for key, value in primary.items()):
            rank = PRIMARY
        for column, arm in ARMS.items():
            n = number(row[column])
            key = system.count((arm, *level), n, (name, at, column), rank, same[0])
            groups[*same, row["method"], arm, "n"][level[0]][level[1]] = key
            share = number(row[f"mean_{arm}"])
            if row["unit"] == "proportion" and np.isfinite(share * n):
                weighted = "" if arm == "treated" or row["method"] == "diff" else row["method"]
                identity = ("part", *same, weighted, arm, *level, n)
                key = system.part(identity, round(share * n), n, (name, at, f"mean_{arm}"))
                if not weighted:
                    groups[*same, row["method"], arm, "part"][level[0]][level[1]] = key
    for levels in groups.values():
        for subgroup, parts in levels.items():
            if subgroup and "" in levels:
                system.cells.add_sum(levels[""][""], list(parts.values()))


def others(system: System, name: str, table: pd.DataFrame) -> None:
    """Add the counts and the shares of a table of one row per measure, month or group."""
    layout, bands = LAYOUTS[name], dict[Key, list[Key]]()
    for at, row in enumerate(rows(table)):
        key, part = ("part", name, at), number(row.get("numerator"))
        keys = {
            column: system.count(family(name, column, row), number(row[column]),
                                 (name, at, column), OTHER)
            for column in layout.counts if column in row and column != "numerator"
        }  # fmt: skip
        if np.isfinite(part):
            system.part(key, part, number(row.get("denominator")), (name, at, "numerator"))
        for column, whole in layout.shares.items():
            part = part_of(name, row, column, number(row.get(whole)))
            if np.isfinite(part):
                system.part(key, part, number(row[whole]), (name, at, column))
                if name == "intensity" and str(row["measure"]).startswith("hours_"):
                    bands.setdefault(keys[whole], []).append(key)
    for whole_key, parts in bands.items():
        system.cells.add_sum(whole_key, parts)


def part_of(name: str, row: Mapping[str, Any], column: str, whole: float) -> float:
    """Return the numerator of a share, NaN where the value is no share."""
    value = number(row[column])
    unit = "proportion" if name == "trajectories" else str(row.get("unit", ""))
    if unit not in SHARES or (name == "trajectories" and not 0 <= value <= 1):
        return np.nan
    count = number(row.get("numerator"))
    return count if np.isfinite(count) else np.round(value / SHARES[unit] * whole)


def family(name: str, column: str, row: Mapping[str, Any]) -> Key:
    """Return what the population of a count lies in: an arm of the study, or its own table."""
    if name in {"trajectories", "observation"} or column == "n_at_risk":
        return (str(row["arm"]), "", "")
    if name in {"exit_contrast", "intensity"} and column == "denominator":
        return ("treated", "", "")
    if name in {"costs", "power"} and column in ARMS:
        return (ARMS[column], "", "")
    keys = ("indicator", "outcome", "horizon_months", "group", "group_value", "territory", "year",
            "arm", "cause", "month")  # fmt: skip
    own = [str(row[key]) for key in keys if key in row]
    return (name, column, *own, str(row.get("event_time")))


def flow(system: System, table: pd.DataFrame) -> None:
    """Add the steps of a flow: what a rule keeps is what the one before kept, less what it lost."""
    before: dict[str, Key] = {}
    cells = system.cells
    for at, row in enumerate(rows(table)):
        arm = str(row.get("arm", ""))
        keys = {
            column: system.count(
                ("lost", arm, at) if column == "lost"
                else ((arm if column == "kept" and arm else column.removeprefix("kept_")), "", ""),
                number(row[column]), ("flow", at, column), FLOW + (column not in {"kept", "lost"}))
            for column in LAYOUTS["flow"].counts
            if column in row and (column != "lost" or number(row[column]) != 0)
        }  # fmt: skip
        if arm in before and "lost" in keys and np.isfinite(cells.value[before[arm]]):
            cells.add_sum(before[arm], [keys["kept"], keys["lost"]])
        if {"kept_treated", "kept_comparison"} <= set(keys) and np.isfinite(number(row["kept"])):
            cells.add_sum(keys["kept"], [keys["kept_treated"], keys["kept_comparison"]])
        before[arm] = keys["kept"]


def balance(system: System, table: pd.DataFrame, arms: Mapping[str, float]) -> None:
    """Add the numerators of the levels of each covariate, and their sums over levels."""
    for column, arm in (("mean_treated", "treated"), ("mean_comparison_before", "comparison")):
        factors: dict[str, list[Key]] = {}
        whole = system.cells.add(("arm", arm), arms[arm], PRIMARY, exact=True)
        for at, row in enumerate(rows(table)):
            part, name = number(row[column]) * arms[arm], str(row["covariate"])
            if is_share(row) and np.isfinite(part):
                key = ("mean", column, name)
                system.part(key, np.round(part), arms[arm], ("balance", at, column))
                if "=" in name:
                    factors.setdefault(name.split("=", maxsplit=1)[0], []).append(key)
        for parts in factors.values():
            system.cells.add_sum(whole, parts)


def is_share(row: Mapping[str, Any]) -> bool:
    """Return whether the means of a covariate are shares."""
    means = [number(row[f"mean_{arm}"]) for arm in ("treated", "comparison_before")]
    return "=" in str(row["covariate"]) or all(0 <= mean <= 1 for mean in means)


def hide_near(system: System) -> None:
    """Hide the counts that differ from a more useful one of their family by a few persons.

    One lies inside the other: the difference would be the count of those in between. A base of
    rounding as large as the threshold protects it already.
    """
    cells, rule = system.cells, system.rule
    for keys in system.families.values() if rule.rounding < rule.threshold else ():
        kept: list[float] = []
        usual = sorted(keys, key=lambda k: (cells.rank[k], -len(system.places[k]), -cells.value[k]))
        for key in usual:
            value = cells.value[key]
            if any(0 < abs(value - other) <= rule.threshold for other in kept):
                system.near.add(key)
            else:
                kept.append(value)
    cells.hidden |= system.near


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
    place = territory or {}
    regions = {d: region for region, ds in departements_of().items() for d in ds}
    if place.get("region"):
        return (f"FR/{place['region']}",)
    if place.get("departement"):
        return tuple(sorted(f"FR/{regions.get(d, '?')}/{d}" for d in place["departement"]))
    paths = []
    for structure in place.get("structure") or ():
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


def from_line(line: Mapping[str, Any]) -> Population:
    """Return a population from a line of the register, where tuples are lists."""
    values: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in line.items()}
    return Population(**values)


NAME = "release_register.jsonl"
OLD = "release_register.csv"
START = "0" * 64
"""What the first line follows."""
RESTORE = "restore the register from its backup before anything else leaves"


@dataclass(frozen=True, slots=True)
class Register:
    """What has left: a file, and its releases in order."""

    path: Path
    lines: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def last(self) -> str:
        """Hash of the last line."""
        return str(self.lines[-1]["hash"]) if self.lines else START

    def populations(self) -> list[tuple[str, Population]]:
        """Return the release and the population of every count that has left."""
        return [
            (line["release"], from_line(entry))
            for line in self.lines for entry in line["populations"]
        ]  # fmt: skip


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other release of this register waiting; what is written is its owner's alone."""
    before = os.umask(0o077)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
    finally:
        os.umask(before)


def read_register(path: Path, expected: Mapping[str, str] | None = None) -> Register:
    """Read what has left, and refuse a register that is not the one that was written.

    A line cut short after the last whole one is what a killed process leaves: nothing of it was
    released, and the next release writes over it. `expected` gives the hash of the line that each
    release that exists says it wrote.

    Raises:
        PrivacyError: It is missing, cut, changed, or of another format.
    """
    old = path.with_name(OLD)
    if old.is_file() and not path.is_file():
        raise PrivacyError(
            f"{old} is a register of version 0.1, which knew populations by words and cannot be "
            f"compared with: archive it elsewhere with the releases it lists, then release again"
        )
    lines, head = parse(path) if path.is_file() else [], path.with_suffix(".head")
    written = {line["hash"] for line in lines}
    expected = dict(expected or {})
    if head.is_file():  # a register cut short is found by it
        expected["the last release written"] = head.read_text(encoding="ascii").strip()
    lost = [name for name, line in expected.items() if line not in written]
    if lost:
        found = "is missing" if not path.is_file() else f"ends after {len(lines)} releases"
        raise PrivacyError(f"{path} {found} and does not know {lost[0]}: {RESTORE}")
    return Register(path, tuple(lines))


def parse(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a register, each held to the one before."""
    lines: list[dict[str, Any]] = []
    last, content = START, path.read_bytes()
    for at, text in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            lines.append(json.loads(text))
            whole = hash_of(lines[-1], last) == lines[-1]["hash"]
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise PrivacyError(f"{path}, line {at}, is not as it was written: {RESTORE}")
        last = lines[-1]["hash"]
    return lines


def hash_of(line: Mapping[str, Any], last: str) -> str:
    """Return the hash that chains a line to the one before."""
    content = {key: value for key, value in line.items() if key != "hash"} | {"after": last}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def append(register: Register, line: Mapping[str, Any]) -> str:
    """Add a line and flush it to the disk; the lock must be held. Return its hash."""
    last = hash_of(line, register.last)
    entry = {**line, "after": register.last, "hash": last}
    register.path.touch(0o600)
    with register.path.open("r+b") as stream:
        stream.truncate(stream.read().rfind(b"\n") + 1)  # what a killed process left of a line
        stream.seek(0, os.SEEK_END)
        flush(stream, json.dumps(entry, sort_keys=True, ensure_ascii=False))
    fresh = register.path.with_suffix(f".head.{os.getpid()}")
    fresh.touch(0o600)
    with fresh.open("wb") as stream:
        flush(stream, last)
    fresh.replace(register.path.with_suffix(".head"))
    folder = os.open(register.path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return last


def flush(stream: IO[bytes], text: str) -> None:
    """Write a line to the disk."""
    stream.write(f"{text}\n".encode())
    stream.flush()
    os.fsync(stream.fileno())
