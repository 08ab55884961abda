"""What has left already: a register of released counts, and the differencing of a new release.

Two releases whose counts differ by a few persons tell who those persons are. A count that lies
within the threshold of one that has left, for the same population, is shown as that one: whatever
two counts of a population are subtracted, the difference is zero or at least the threshold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.report.register_other import Placed, difference_others, other_cells, place_column
from evalml.report.results import Frames, csv_text
from evalml.report.small_counts import one_more
from evalml.values import Count, read_values, values_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from evalml.values import Value, Values

REGISTER = ("release", "scope", "table", "cell", "column", "value")


Anchors = dict[str, list[float]]
"""Counts that have left, by population, in the order they left; placing a count adds to it."""


def place(anchors: Anchors, scope: str, count: float, threshold: int) -> float:
    """Return the count to show for a population, and remember it.

    Args:
        anchors: Counts that have left; a count far enough from all of them is added.
        scope: The population.
        count: The count; one that is hidden stays so.
        threshold: Smallest difference that may be seen.
    """
    if not np.isfinite(count):
        return count
    left = anchors.setdefault(scope, [])
    for anchor in left:
        if abs(anchor - count) < threshold and (count > 0) == (anchor > 0):
            return anchor
    left.append(float(count))
    return float(count)


def read_register(path: Path) -> pd.DataFrame:
    """Read the register, or start an empty one."""
    if not path.is_file():
        return pd.DataFrame({column: [] for column in REGISTER})
    return pd.read_csv(path, dtype=dict.fromkeys(REGISTER[:-1], "str"), keep_default_na=False)


def anchors_of(register: pd.DataFrame) -> Anchors:
    """Return the counts that have left, by population."""
    anchors: Anchors = {}
    for scope, value in zip(register["scope"], register["value"], strict=True):
        left = anchors.setdefault(str(scope), [])
        if float(value) not in left:
            left.append(float(value))
    return anchors


def add_to_register(path: Path, register: pd.DataFrame, cells: pd.DataFrame) -> None:
    """Write the register with the cells of a release; those it held of that release are replaced.

    The file is replaced at once: a reader never sees half of it.
    """
    mine = set(cells["release"])
    whole = pd.concat([register[~register["release"].isin(mine)], cells], ignore_index=True)
    partial = path.with_suffix(".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(csv_text(whole[list(REGISTER)]), encoding="utf-8", newline="")
    partial.replace(path)


def difference(
    frames: Mapping[str, pd.DataFrame], study: str, anchors: Anchors, threshold: int
) -> Frames:
    """Return tables whose counts differ from those that have left by nothing, or by enough.

    Args:
        frames: Protected tables.
        study: Programme, territory and period: what makes two populations the same.
        anchors: Counts that have left; those of this release are added.
        threshold: Smallest difference that may be seen.
    """

    def placed(scope: str, counts: pd.Series) -> list[float]:
        numbers = counts.to_numpy("float64", na_value=np.nan)
        return [place(anchors, f"{study}|{scope}", float(n), threshold) for n in numbers]

    done = dict(frames)
    if len(frames["flow"]):
        done["flow"] = difference_flow(frames["flow"], placed)
        tie_arms(done, study, anchors, threshold)
    if len(frames["effects"]):
        done["effects"] = difference_effects(frames["effects"], placed, threshold)
    if len(frames.get("secondary", ())):
        parts = frames["secondary"].groupby("analysis", sort=False)
        each = [difference_effects(rows, placed, threshold) for _name, rows in parts]
        done["secondary"] = pd.concat(each).reindex(frames["secondary"].index)
    for name, column in (("trajectories", "n_at_risk"), ("observation", "n")):
        if len(frames[name]):
            done[name] = difference_arms(frames[name], column, placed)
    for name, frame in frames.items():
        if name not in COUNTS and len(frame):
            done[name] = difference_others(name, frame, placed)
    return done


def tie_arms(frames: Frames, study: str, anchors: Anchors, threshold: int) -> None:
    """Make the two arms add up to what the last rule keeps where they nearly do.

    What is missing would be the few persons whose outcome is not known.
    """
    kept = float(frames["flow"]["kept"].iloc[-1])
    most = [arm_size(frames, arm) for arm in ("treated", "comparison")]
    if np.isfinite([kept, *most]).all() and abs(kept - sum(most)) < threshold:
        treated = place(anchors, f"{study}|treated", most[0], threshold)
        place(anchors, f"{study}|comparison", kept - treated, threshold)


def arm_size(frames: Frames, arm: str) -> float:
    """Return the largest count of an arm in the whole population, NaN where there is none."""
    effects, paths = frames["effects"], frames["trajectories"]
    counts = [effects[effects["subgroup"] == ""][f"n_{arm}"]] if len(effects) else []
    counts += [paths[paths["arm"] == arm]["n_at_risk"]] if len(paths) else []
    largest = [float(pd.to_numeric(each).max()) for each in counts]
    known = [size for size in largest if np.isfinite(size)]
    return max(known) if known else np.nan


def difference_flow(flow: pd.DataFrame, placed: Placed) -> pd.DataFrame:
    """Place what each rule keeps, and make what it leaves out again by subtraction."""
    start = flow["kept"].iloc[:1] + flow["lost"].iloc[:1]
    shown = np.array(placed("flow", pd.concat([start, flow["kept"]])))
    table = flow.assign(kept=shown[1:], lost=shown[:-1] - shown[1:])
    for kind in ("treated", "persons"):
        if f"kept_{kind}" in flow:
            table = table.assign(**{f"kept_{kind}": placed(kind, flow[f"kept_{kind}"])})
    if {"kept_treated", "kept_comparison"} <= set(flow.columns):
        table = table.assign(kept_comparison=table["kept"] - table["kept_treated"])
    return table


def difference_effects(effects: pd.DataFrame, placed: Placed, threshold: int) -> pd.DataFrame:
    """Place the number of each arm; levels of a subgroup add up to the whole or stay unknown."""
    levels = effects["subgroup"] + "=" + effects["subgroup_value"]
    table = effects
    for arm in ("treated", "comparison"):
        scopes = [arm if level == "=" else f"{arm}|{level}" for level in levels]
        table = place_column(table, f"n_{arm}", scopes, placed)
        table = balance_levels(table, f"n_{arm}", threshold)
    return table


def difference_arms(table: pd.DataFrame, column: str, placed: Placed) -> pd.DataFrame:
    """Place the counts of one column, a population per arm."""
    return place_column(table, column, [str(arm) for arm in table["arm"]], placed)


def balance_levels(effects: pd.DataFrame, column: str, threshold: int) -> pd.DataFrame:
    """Hide two levels of a subgroup whose sum differs from the whole by a few persons."""
    keys = ["outcome", "horizon_months", "method"]
    by = [effects[key].astype("str") for key in keys]
    inside = effects["subgroup"] != ""
    whole = effects[column].where(~inside).groupby(by).transform("max")
    levels = [*by, effects["subgroup"]]
    total = effects[column].groupby(levels).transform(lambda n: n.sum(skipna=False))
    gap = (total - whole).abs()
    near = inside & (gap > 0) & (gap < threshold)
    first = one_more_of(near, effects[column], levels)
    second = one_more(first, effects[column], levels) & near
    return effects.assign(**{column: effects[column].mask(first | second)})


def one_more_of(near: pd.Series, size: pd.Series, groups: list[pd.Series]) -> pd.Series:
    """Return the smallest row of each group that is `near`."""
    table = pd.DataFrame({"near": near, "size": size})
    for place, key in enumerate(groups):
        table[f"key{place}"] = key
    keys = [str(column) for column in table.columns[2:]]
    rows = table[table["near"]].sort_values([*keys, "size"], kind="stable")
    return pd.Series(table.index.isin(rows.drop_duplicates(keys).index), index=table.index)


def follow_counts(values: pd.Series, moved: Mapping[float, float]) -> list[str]:
    """Return the values of checks in which a count that moved is the one shown elsewhere."""
    return [values_text(follow(read_values(str(text)), moved)) if text else "" for text in values]


def follow(values: Values, moved: Mapping[float, float]) -> dict[str, Value]:
    """Return values with each count that moved replaced by the one shown elsewhere."""
    return {
        name: replace(value, n=int(moved[value.n]))
        if isinstance(value, Count) and value.n in moved
        else value
        for name, value in values.items()
    }


def released_cells(frames: Mapping[str, pd.DataFrame], study: str, release: str) -> pd.DataFrame:
    """Return the counts of a release as rows of the register."""
    rows: list[tuple[Any, ...]] = []
    for name, columns in COUNTS.items():
        frame = frames.get(name)
        if frame is not None and len(frame):
            for column in columns:
                rows += cells_of(name, frame, column, study, release)
    for name, frame in frames.items():
        if name not in COUNTS and len(frame):
            rows += other_cells(name, frame, study, release)
    return pd.DataFrame(rows, columns=list(REGISTER)).drop_duplicates(ignore_index=True)


COUNTS = {
    "flow": ("kept", "kept_treated", "kept_persons"),
    "effects": ("n_treated", "n_comparison"),
    "secondary": ("n_treated", "n_comparison"),
    "trajectories": ("n_at_risk",),
    "observation": ("n",),
}
"""The counts of populations, by table."""


def cells_of(
    name: str, frame: pd.DataFrame, column: str, study: str, release: str
) -> Iterable[tuple[Any, ...]]:
    """Return the rows of the register for one column of one table."""
    for row in frame.to_dict("records") if column in frame else []:
        value = row.get(column)
        if value is not None and np.isfinite(float(value)):
            told = {str(key): entry for key, entry in row.items()}
            yield (release, scope_of(name, column, told, study), name, key_of(name, told), column,
                   float(value))  # fmt: skip
    if column == "kept":
        start = float(frame["kept"].iloc[0]) + float(frame["lost"].iloc[0])
        if np.isfinite(start):
            yield (release, f"{study}|flow", name, "start", column, start)


def scope_of(name: str, column: str, row: Mapping[str, Any], study: str) -> str:
    """Return the population that a count is of."""
    if name == "flow":
        return f"{study}|{column.removeprefix('kept_') if column != 'kept' else 'flow'}"
    arm = str(row["arm"]) if "arm" in row else column.removeprefix("n_")
    subgroup = str(row.get("subgroup") or "")
    return f"{study}|{arm}|{subgroup}={row['subgroup_value']}" if subgroup else f"{study}|{arm}"


KEYS = {
    "flow": ("rule",),
    "effects": ("outcome", "horizon_months", "subgroup", "subgroup_value", "method"),
    "secondary": (
        "analysis",
        "outcome",
        "horizon_months",
        "subgroup",
        "subgroup_value",
        "method",
    ),
    "trajectories": ("outcome", "arm", "month"),
    "observation": ("measure", "arm"),
}


def key_of(name: str, row: Mapping[str, Any]) -> str:
    """Return what tells a cell from the others of its table."""
    return " ".join(str(row[key]) for key in KEYS[name] if str(row.get(key, "")) not in {"", "nan"})
