"""The tables of a run as they may leave: each number as found, rounded to its step, or absent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from evalml import values as typed
from evalml.arrays import Vector
from evalml.disclosure.register import SHARES, System, is_share, number, rows, sizes, system_of
from evalml.disclosure.rule import DisclosureRule, ladder_step, printed, share_step, to_step
from evalml.disclosure.suppress import protect
from evalml.results import RESULT_TABLES as LAYOUTS
from evalml.results import ResultTable as Layout
from evalml.values import NUMBERS, Count, Counts, Hidden, Message, Share, Value, kind_of

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
SMALLEST_P = 0.001
"""Below it a probability is written as it."""
OF_ALL = {"all_known", "constant"}
"""Findings that say that everybody, or nobody, of a group has a property."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A table judged: what may leave, with the steps it is rounded to, and the same rows inside.

    `absent` is what does not leave, `left_out` the columns that no rule knows: they stay inside.
    """

    frame: pd.DataFrame
    inside: pd.DataFrame = field(repr=False)
    absent: Absent = field(repr=False)
    left_out: tuple[str, ...] = ()


def judge(
    frames: Mapping[str, pd.DataFrame],
    rule: DisclosureRule,
    primary: Mapping[str, Any] | None = None,
    numbers: Iterable[str] = (),
) -> tuple[dict[str, Judged], System]:
    """Return the tables of a run as they may leave, and the counts they were judged by.

    Args:
        frames: Tables of `results/` by name; those that no layout knows are left out.
        rule: What the owner of the data asks.
        primary: Outcome, horizon and method of the study: what is hidden last.
        numbers: Numbers the study declares, which a phrase may hold: years, horizons, ages.
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


def absences(system: System, rule: DisclosureRule) -> dict[str, Absent]:
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
    name: str,
    frame: pd.DataFrame,
    hidden: Absent,
    context: tuple[DisclosureRule, float, int, frozenset[str]],
) -> Judged:
    """Return one table as it may leave.

    The context is the rule, the persons of the smaller arm, the number of covariates of the
    models, and the declared numbers.
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
    stated: dict[str, Any] = {}
    for column in known:
        unit = layout.units.get(column) if len(layout.values) > 1 else ""
        stated.setdefault(f"step_{unit}" if unit else "step", steps[column])
    stated |= {"rounding": rule.rounding} if set(layout.counts) & set(inside) else {}
    left_out = tuple(str(column) for column in frame if column not in layout.columns)
    return Judged(shown.assign(**stated), inside, absent, left_out)


def worded(
    inside: pd.DataFrame, layout: Layout, rule: DisclosureRule, n: float, declared: frozenset[str]
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
        absent |= {(at, c): SMALL for at, (_, hidden) in enumerate(judged) if hidden
                   for c in (column, "value") if c in inside}  # fmt: skip
    return texts, absent


def figures(
    checks: pd.DataFrame, values: Vector, steps: Vector, rule: DisclosureRule, n: float
) -> Vector:
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
    reasons = [absent[at, c] for c in layout.group if absent.get((at, c), INSIDE) != INSIDE]
    for column in layout.group if reasons else ():
        if column in columns:
            absent.setdefault((at, column), reasons[0])
    whole = 1.0 if layout.shares.get("value") != "denominator" else number(row.get("denominator"))
    rests = [count for count in layout.rests if count in columns and not np.isnan(whole)]
    if any((at, count) in absent for count in rests):
        for column in (c for c in columns if c in layout.values):
            absent.setdefault((at, column), RESTS)


def why_whole_row(
    name: str, row: Mapping[str, Any], rule: DisclosureRule, n: float, model: int
) -> str:
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


def dominated(row: Mapping[str, Any], rule: DisclosureRule) -> bool:
    """Return whether few persons make too much of an amount: (n, k), then p %."""
    first, second = number(row.get("largest_share")), np.nan_to_num(number(row.get("second_share")))
    together = first + (second if rule.dominant > 1 else 0.0)
    return bool(together > rule.dominance or 1 - first - second < rule.p * first)


def floats(values: pd.Series) -> Vector:
    """Return a column as numbers, NaN for what is none."""
    return pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)


def steps_of(name: str, table: pd.DataFrame, layout: Layout, smaller: float) -> dict[str, Vector]:
    """Return the step of each value, in the unit it is written in."""
    populations = [(row, [number(row.get(count)) for count in layout.rests]) for row in rows(table)]
    rests = [(row, min((n for n in sizes if np.isfinite(n) and n > 0), default=smaller))
             for row, sizes in populations]  # fmt: skip
    return {column: np.array([step_of(name, column, row, layout, n) for row, n in rests])
            for column in layout.values}  # fmt: skip


def step_of(name: str, column: str, row: Mapping[str, Any], layout: Layout, n: float) -> float:
    """Return the step of one value that rests on `n` persons."""
    found = {c: abs(number(row.get(c))) for c in layout.values}
    unit = layout.units.get(column) or str(row.get(layout.unit) or "")
    if not layout.units.get(column) and (name == "balance" or not layout.unit):
        share = is_share(row) if name == "balance" else not any(each > 1 for each in found.values())
        unit = "proportion" if share else "ratio"
    if unit in SHARES:
        return share_step(n) * SHARES[unit] / 100
    if unit == "smd":
        return ladder_step(1 / np.sqrt(11 * n), FLOORS["smd"])
    about = [each for c, each in found.items() if c != "std_error" and np.isfinite(each)]
    error = number(row.get("std_error")) / np.sqrt(n)
    least = max(max(about, default=0.0) / n, error if np.isfinite(error) else 0.0)
    return ladder_step(least, FLOORS.get(unit, 0.01))


def p_values(shown: pd.DataFrame, inside: pd.DataFrame) -> Vector:
    """Return the probability that the printed estimate and error give, two-sided, normal."""
    from scipy.stats import norm

    estimate, error = floats(shown["estimate"]), floats(shown["std_error"])
    known = np.isfinite(floats(inside["p_value"])) & (error > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        probability = 2 * norm.sf(np.abs(estimate / error))
    return np.where(known, np.maximum(np.round(probability, 3), SMALLEST_P), np.nan)


DIGITS = re.compile(r"\d+(?:[.,]\d+)?")


def passes(text: Any, declared: frozenset[str]) -> bool:
    """Return whether every number of a phrase is one the study declares."""
    return all(found in declared for found in DIGITS.findall(str(text)))


def declared_numbers(study: Mapping[str, Any]) -> frozenset[str]:
    """Return the numbers that words of a study may hold: its years, horizons and ages."""
    both = (study.get("entries"), (study.get("comparison") or {}).get("entries"))
    ages = {k: v for k, v in (study.get("eligibility") or {}).items() if k.startswith("age_")}
    values = [*(study.get("horizons") or ()), study.get("follow_up_months") or "", *ages.values()]
    years = {str(day)[:4] for months in both for day in (months or {}).values()}
    return frozenset(years | {str(each) for each in values if each is not None}) - {""}


def judge_value(value: Value, rule: DisclosureRule, n: float | None = None) -> Value:
    """Return a value as it may be told: rounded to its step, or `Hidden`.

    How many persons a share or an estimate rests on does not leave with it: it is not rounded.
    `n` is the smallest population of the study, for what does not say what it rests on; None
    inside, where nothing is rounded.
    """
    if isinstance(value, Counts):
        return Counts(tuple((name, judge_count(count, rule, n)) for name, count in value.rows))
    if isinstance(value, Count | Hidden):
        return judge_count(value, rule, n)
    fields = NUMBERS.get(kind_of(value), ())
    step = step_of_value(value, rule, n or np.inf) if fields else 1.0
    if few(value, rule, n) or (n is not None and np.isnan(step)):
        return Hidden(kind_of(value))
    if n is None or not fields:
        return value
    rests = {"share": ("part", "whole"), "estimate": ("n",), "interval": ("n",)}
    changes: Any = dict.fromkeys(rests.get(kind_of(value), ()))
    changes |= {name: float(to_step(np.array(getattr(value, name)), step)) for name in fields}
    judged: Value = replace(value, **changes)
    return judged


def judge_count(count: Count | Hidden, rule: DisclosureRule, n: float | None) -> Count | Hidden:
    """Return a count and its whole as multiples of the base, or hidden."""
    if isinstance(count, Hidden) or few(count, rule, n):
        return Hidden("count")
    if n is None:
        return count
    shown = [printed(np.array(float(each)), rule) for each in (count.n, count.of or count.n)]
    if np.isnan(shown).any():
        return Hidden("count")
    return Count(int(shown[0]), None if count.of is None else int(shown[1]))


def few(value: Value, rule: DisclosureRule, n: float | None) -> bool:
    """Return whether a part, its whole, its rest or its base is too few; nobody is, to leave."""
    if isinstance(value, typed.Estimate | typed.Interval):
        return value.n is not None and 0 < value.n < rule.threshold
    if not isinstance(value, Count | Share):
        return False
    part, whole = (value.n, value.of) if isinstance(value, Count) else (value.part, value.whole)
    counts = [part, whole, None if part is None or whole is None else whole - part]
    least = 0 if n is None else -1
    return any(count is not None and least < count < rule.threshold for count in counts)


def step_of_value(value: Value, rule: DisclosureRule, n: float) -> float:
    """Return the step that a value is rounded to, NaN where its population is too small."""
    if isinstance(value, Share):
        return share_step(float(value.whole or n)) / 100
    if isinstance(value, typed.Estimate | typed.Interval):
        size = float(value.n or n)
        if value.unit == "proportion":
            return share_step(size) / 100
        ends = [abs(getattr(value, name)) for name in NUMBERS[kind_of(value)]]
        scale = max([end for end in ends if np.isfinite(end)], default=1.0)
        return ladder_step(scale / size, 10.0 ** -(2 if value.digits is None else value.digits))
    if isinstance(value, typed.PValue):
        return SMALLEST_P
    if isinstance(value, typed.Number):
        return 10.0 ** -(value.digits + (2 if value.unit in {"percent", "points"} else 0))
    return float(rule.rounding)


def figure_of(
    text: str, figure: float, rule: DisclosureRule, n: float
) -> tuple[float, float] | None:
    """Return the figure of a check as the value it repeats leaves, and its step; NaN where hidden.

    None where no value of the sentence is that figure.
    """
    near: list[tuple[float, Value, str]] = []
    for value in typed.read_values(text).values():
        name = "n" if isinstance(value, Count) else "value"
        gap = abs(float(getattr(value, name, np.inf)) - figure)
        if gap <= (0.5 if name == "n" else 1e-8 * max(1.0, abs(figure))):
            near.append((gap, value, name))
    if not near:
        return None
    _, value, name = min(near, key=lambda each: each[0])
    judged, step = judge_value(value, rule, n), step_of_value(value, rule, n)
    return (np.nan if isinstance(judged, Hidden) else float(getattr(judged, name))), step


def any_hidden(values: Iterable[Value]) -> bool:
    """Return whether a value was taken out."""
    lists = ([n for _, n in each.rows] if isinstance(each, Counts) else [each] for each in values)
    return any(isinstance(each, Hidden) for each in chain.from_iterable(lists))


def judged_values(text: str, rule: DisclosureRule, n: float | None = None) -> tuple[str, bool]:
    """Return values as JSON as they may be told, and whether one is hidden."""
    values = {name: judge_value(value, rule, n) for name, value in typed.read_values(text).items()}
    return typed.values_text(values) if values else text, any_hidden(values.values())


def judged_messages(text: str, rule: DisclosureRule, n: float | None = None) -> tuple[str, bool]:
    """Return messages as JSON as they may be told, and whether a value is hidden."""
    judged = [
        Message(one.key, {key: judge_value(value, rule, n) for key, value in one.values.items()})
        for one in typed.read_messages(text)
    ]
    return typed.messages_text(judged), any(any_hidden(one.values.values()) for one in judged)
