"""The tables of a run as they may leave: each number as found, rounded to its step, or absent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evalml.arrays import Vector
from evalml.disclosure.populations import SHARES, System, is_share, number, rows, sizes, system_of
from evalml.disclosure.rule import Rule, ladder_step, printed, share_step, to_step
from evalml.disclosure.suppress import protect
from evalml.disclosure.values import SMALLEST_P, figure_of, judged_messages, judged_values
from evalml.results import RESULT_TABLES as LAYOUTS
from evalml.results import ResultTable as Layout

Absent = dict[tuple[int, str], str]
"""Row and column of what does not leave -> why, a key of `review.absent` in the words."""

SMALL, NEAR, MORE, EVERYBODY, RESTS, STEP, INSIDE, DOMINANT, UNJUDGED, WORDS, FREEDOM = (
    "small", "near", "more", "everybody", "rests", "step", "inside", "dominant", "unjudged",
    "words", "freedom",
)  # fmt: skip
FLOORS = {
    "days": 1.0, "hours": 1.0, "dollars": 1.0, "euros": 1.0, "euros par mois": 1.0, "count": 1.0,
    "months": 0.1, "mois": 0.1, "acts": 0.1, "actes": 0.1, "heures": 0.1,
    "ratio": 0.01, "smd": 0.01, "statistic": 0.001,
}  # fmt: skip
"""Smallest step of each unit: that of the decimals it is printed with."""
OF_ALL = {"all_known", "constant"}
"""Findings that say that everybody, or nobody, of a group has a property."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A table after the gate.

    Attributes:
        frame: What may leave, with the columns `step` and `rounding` that say how it is rounded.
        inside: The same rows and columns as they are inside.
        absent: What does not leave, and why.
        left_out: Columns that no rule knows; they stay inside.
    """

    frame: pd.DataFrame
    inside: pd.DataFrame = field(repr=False)
    absent: Absent = field(repr=False)
    left_out: tuple[str, ...] = ()


def judge(
    frames: Mapping[str, pd.DataFrame],
    rule: Rule,
    primary: Mapping[str, Any] | None = None,
    numbers: Iterable[str] = (),
) -> tuple[dict[str, Judged], System]:
    """Return the tables of a run as they may leave.

    Args:
        frames: Tables of `results/` by name; those that no layout knows are left out.
        rule: What the owner of the data asks.
        primary: Outcome, horizon and method of the study: what is hidden last.
        numbers: Numbers the study declares, which a phrase may hold: years, horizons, ages.

    Returns:
        Each table with what was taken out of it, and the counts they were judged by.
    """
    known = {name: frame.reset_index(drop=True) for name, frame in frames.items()
             if name in LAYOUTS and len(frame)}  # fmt: skip
    system = system_of(known, rule, primary or {})
    protect(system.cells, rule)
    hidden = absences(system, rule)
    smaller = float(np.nanmin([*sizes(known).values(), np.inf]))
    context = (rule, smaller, len(known.get("balance", ())), frozenset(numbers))
    judged = {name: judge_table(name, frame, hidden.get(name, {}), context)
              for name, frame in known.items()}  # fmt: skip
    return judged, system


def absences(system: System, rule: Rule) -> dict[str, Absent]:
    """Return what does not leave of each table, and why."""
    cells = system.cells
    gone: dict[str, Absent] = {}
    for key in cells.gone() & set(system.places):
        value = cells.value[key]
        why = EVERYBODY if key in cells.exact and not value < rule.threshold else SMALL
        why = MORE if key in cells.more else NEAR if key in system.near else why
        for name, row, column in system.places[key]:
            gone.setdefault(name, {})[row, column] = INSIDE if np.isnan(value) else why
    return gone


def judge_table(
    name: str, frame: pd.DataFrame, hidden: Absent, context: tuple[Rule, float, int, frozenset[str]]
) -> Judged:
    """Return one table as it may leave.

    Args:
        name: Of the table.
        frame: Its rows.
        hidden: What the counts take out of it.
        context: Rule, persons of the smaller arm, covariates of the models, declared numbers.
    """
    layout, (rule, n, model, declared) = LAYOUTS[name], context
    inside = frame[[column for column in frame if column in layout.columns]]
    known = [column for column in layout.values if column in inside]
    found = {c: floats(inside[c]) for c in (*layout.counts, *layout.values) if c in inside}
    absent = hidden | {(int(at), column): INSIDE for column, values in found.items()
                       for at in np.flatnonzero(np.isnan(values))}  # fmt: skip
    for at, row in enumerate(rows(frame)):
        spread(absent, at, row, layout, inside.columns)
        why = why_whole_row(name, row, rule, n, model)
        absent |= dict.fromkeys([(at, c) for c in (*known, "p_value") if c in inside and why], why)
    values = {column: printed(found[column], rule) for column in layout.counts if column in inside}
    for column in values.keys() & set(layout.zeros):
        values[column] = np.where(found[column] == 0, 0.0, values[column])
    texts, untold = worded(inside, layout, rule, n, declared)
    absent |= untold
    steps = steps_of(name, inside, layout, n)
    for column in known:
        values[column] = to_step(found[column], steps[column])
        if name == "checks":
            values[column], steps[column] = figures(inside, values[column], steps[column], rule, n)
            absent |= said_of_all(inside, absent)
        gone = np.flatnonzero(np.isnan(values[column]) & ~np.isnan(found[column]))
        absent |= {(int(at), column): absent.get((int(at), column), STEP) for at in gone}
    for at, column in absent:
        if column in values:
            values[column][at] = np.nan
    shown = inside.assign(**values, **texts)
    if "p_value" in inside:
        shown["p_value"] = p_values(shown, inside)
    told: dict[str, Any] = {}
    for column in known:
        unit = layout.units.get(column) if len(layout.values) > 1 else ""
        told.setdefault(f"step_{unit}" if unit else "step", steps[column])
    told |= {"rounding": rule.rounding} if set(layout.counts) & set(inside) else {}
    left_out = tuple(str(column) for column in frame if column not in layout.columns)
    return Judged(shown.assign(**told), inside, absent, left_out)


def worded(
    inside: pd.DataFrame, layout: Layout, rule: Rule, n: float, declared: frozenset[str]
) -> tuple[dict[str, Any], Absent]:
    """Return the sentences and the typed values as they may be told, and what was taken out."""
    texts: dict[str, Any] = {}
    absent: Absent = {}
    for column in (c for c in inside if c in {*layout.sentences, *layout.typed}):
        if column in layout.sentences:
            found = [(text, not passes(text, declared)) for text in inside[column]]
            texts[column] = ["" if free else text for text, free in found]
            absent |= {(at, column): WORDS for at, (_, free) in enumerate(found) if free}
            continue
        read = judged_values if column == "values" else judged_messages
        judged = [read("" if pd.isna(text) else str(text), rule, n) for text in inside[column]]
        texts[column] = [text for text, _ in judged]
        absent |= {(at, c): SMALL for at, (_, held) in enumerate(judged) if held
                   for c in (column, "value") if c in inside}  # fmt: skip
    return texts, absent


def figures(checks: pd.DataFrame, values: Vector, steps: Vector, rule: Rule, n: float) -> Vector:
    """Return the figures of the checks and their steps: those of the sentence that repeats them."""
    pairs = zip(rows(checks), values, steps, strict=True)
    return np.array([figure_of(row["values"], number(row["value"]), rule, n) or pair
                     for row, *pair in pairs]).T  # fmt: skip


def said_of_all(checks: pd.DataFrame, absent: Absent) -> Absent:
    """Return what of the checks says that everybody, or nobody, has a property."""
    found = [
        str(row["finding"]).rpartition(".")[2] in OF_ALL and row["check"] != "instrument_spread"
        and ("share" not in str(row["values"]) or (at, "values") in absent)
        for at, row in enumerate(rows(checks))
    ]  # fmt: skip
    return {(int(at), c): EVERYBODY for at in np.flatnonzero(found) for c in ("finding", "value")}


def spread(absent: Absent, at: int, row: Mapping[str, Any], layout: Layout, columns: Any) -> None:
    """Take out what rests on an absent count, and what goes with an absent share."""
    held = [absent[at, c] for c in layout.group if absent.get((at, c), INSIDE) != INSIDE]
    for column in layout.group if held else ():
        if column in columns:
            absent.setdefault((at, column), held[0])
    on_arms = layout.shares.get("value") == "denominator" and np.isnan(
        number(row.get("denominator"))
    )
    if not on_arms and any((at, count) in absent for count in layout.rests if count in columns):
        for column in (c for c in columns if c in layout.values):
            absent.setdefault((at, column), RESTS)


def why_whole_row(name: str, row: Mapping[str, Any], rule: Rule, n: float, model: int) -> str:
    """Return why no number of a row may leave whatever its counts, empty where it may."""
    if name in {"effects", "secondary"} and row.get("method") != "diff":
        free = number(row["n_treated"]) + number(row["n_comparison"]) - model - 2
        if free < rule.freedom:
            return FREEDOM
    if name == "costs" and str(row["unit"]).startswith("euros"):
        known = np.isfinite(number(row.get("largest_share")))
        return UNJUDGED if not known else DOMINANT if dominated(row, rule) else ""
    if name == "balance" and n < rule.threshold:
        return RESTS
    return ""


def dominated(row: Mapping[str, Any], rule: Rule) -> bool:
    """Return whether few persons make too much of an amount: (n, k), then p %."""
    first, second = number(row.get("largest_share")), np.nan_to_num(number(row.get("second_share")))
    together = first + (second if rule.dominant > 1 else 0.0)
    return bool(together > rule.dominance or 1 - first - second < rule.p * first)


def floats(values: pd.Series) -> Vector:
    """Return a column as numbers, NaN for what is none."""
    return pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)


def steps_of(name: str, table: pd.DataFrame, layout: Layout, smaller: float) -> dict[str, Vector]:
    """Return the step of each value, in the unit it is written in."""
    told = [(row, [number(row.get(count)) for count in layout.rests]) for row in rows(table)]
    rests = [(row, min(filter(np.isfinite, sizes), default=smaller)) for row, sizes in told]
    return {column: np.array([step_of(name, column, row, layout, n) for row, n in rests])
            for column in layout.values}  # fmt: skip


def step_of(name: str, column: str, row: Mapping[str, Any], layout: Layout, n: float) -> float:
    """Return the step of one value that rests on `n` persons."""
    found = [abs(number(row.get(c))) for c in layout.values]
    unit = layout.units.get(column) or str(row.get(layout.unit) or "")
    if not layout.units.get(column) and (name == "balance" or not layout.unit):
        share = is_share(row) if name == "balance" else not any(each > 1 for each in found)
        unit = "proportion" if share else "ratio"
    if unit in SHARES:
        return share_step(n) * SHARES[unit] / 100
    if unit == "smd":
        return ladder_step(1 / np.sqrt(11 * n), FLOORS["smd"])
    about = [abs(number(row.get(c))) for c in layout.values if c != "std_error"]
    scale = max([each for each in about if np.isfinite(each)], default=0.0) / n
    error = number(row.get("std_error")) / np.sqrt(n)
    return ladder_step(max(scale, error if np.isfinite(error) else 0.0), FLOORS.get(unit, 0.01))


def p_values(shown: pd.DataFrame, inside: pd.DataFrame) -> Vector:
    """Return the probability that the printed estimate and error give, two-sided, normal."""
    from scipy.stats import norm

    estimate, error = floats(shown["estimate"]), floats(shown["std_error"])
    known = np.isfinite(floats(inside["p_value"])) & (error > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        probability = 2 * norm.sf(np.abs(estimate / error))
    return np.where(known, np.maximum(np.round(probability, 3), SMALLEST_P), np.nan)


NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def passes(text: Any, declared: frozenset[str]) -> bool:
    """Return whether every number of a phrase is one the study declares."""
    return all(found in declared for found in NUMBER.findall(str(text)))


def declared_numbers(study: Mapping[str, Any]) -> frozenset[str]:
    """Return the numbers that words of a study may hold: its years, horizons and ages."""
    both = (study.get("entries"), (study.get("comparison") or {}).get("entries"))
    ages = {k: v for k, v in (study.get("eligibility") or {}).items() if k.startswith("age_")}
    said = [*(study.get("horizons") or ()), study.get("follow_up_months") or "", *ages.values()]
    years = {str(day)[:4] for months in both for day in (months or {}).values()}
    return frozenset(years | {str(each) for each in said if each is not None}) - {""}
