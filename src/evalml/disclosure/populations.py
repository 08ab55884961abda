"""The counts of all tables of a run as one system: populations, their parts, and their sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evalml.disclosure.rule import DisclosureRule
from evalml.disclosure.suppress import Cells, Key
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
                told = ("part", *same, weighted, arm, *level, n)
                key = system.part(told, round(share * n), n, (name, at, f"mean_{arm}"))
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
        told, part = ("part", name, at), number(row.get("numerator"))
        keys = {
            column: system.count(family(name, column, row), number(row[column]),
                                 (name, at, column), OTHER)
            for column in layout.counts if column in row and column != "numerator"
        }  # fmt: skip
        if np.isfinite(part):
            system.part(told, part, number(row.get("denominator")), (name, at, "numerator"))
        for column, whole in layout.shares.items():
            part = part_of(name, row, column, number(row.get(whole)))
            if np.isfinite(part):
                system.part(told, part, number(row[whole]), (name, at, column))
                if name == "intensity" and str(row["measure"]).startswith("hours_"):
                    bands.setdefault(keys[whole], []).append(told)
    for whole_key, parts in bands.items():
        system.cells.add_sum(whole_key, parts)


def part_of(name: str, row: Mapping[str, Any], column: str, whole: float) -> float:
    """Return the numerator of a share, NaN where the value is no share."""
    value = number(row[column])
    unit = "proportion" if name == "trajectories" else str(row.get("unit", ""))
    if unit not in SHARES or (name == "trajectories" and not 0 <= value <= 1):
        return np.nan
    told = number(row.get("numerator"))
    return told if np.isfinite(told) else np.round(value / SHARES[unit] * whole)


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
                told = ("mean", column, name)
                system.part(told, np.round(part), arms[arm], ("balance", at, column))
                if "=" in name:
                    factors.setdefault(name.split("=", maxsplit=1)[0], []).append(told)
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
