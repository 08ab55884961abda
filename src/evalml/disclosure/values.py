"""The typed values of sentences, each judged by its type: as found, rounded, or hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from evalml import values as typed
from evalml.disclosure.rule import Rule, ladder_step, printed, share_step, to_step
from evalml.values import NUMBERS, Count, Counts, Hidden, Message, Share, Value, kind_of

SMALLEST_P = 0.001
"""Below it a probability is written as it."""


def judge_value(value: Value, rule: Rule, n: float | None = None) -> Value:
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
    told: Any = dict.fromkeys(rests.get(kind_of(value), ()))
    told |= {name: float(to_step(np.array(getattr(value, name)), step)) for name in fields}
    judged: Value = replace(value, **told)
    return judged


def judge_count(count: Count | Hidden, rule: Rule, n: float | None) -> Count | Hidden:
    """Return a count and its whole as multiples of the base, or hidden."""
    if isinstance(count, Hidden) or few(count, rule, n):
        return Hidden("count")
    if n is None:
        return count
    told = [printed(np.array(float(each)), rule) for each in (count.n, count.of or count.n)]
    if np.isnan(told).any():
        return Hidden("count")
    return Count(int(told[0]), None if count.of is None else int(told[1]))


def few(value: Value, rule: Rule, n: float | None) -> bool:
    """Return whether a part, its whole, the rest of it, or what a value rests on is too few.

    Nobody, and everybody, is too few as well for what leaves.
    """
    if isinstance(value, typed.Estimate | typed.Interval):
        return value.n is not None and 0 < value.n < rule.threshold
    if not isinstance(value, Count | Share):
        return False
    part, whole = (value.n, value.of) if isinstance(value, Count) else (value.part, value.whole)
    counts = [part, whole, None if part is None or whole is None else whole - part]
    least = 0 if n is None else -1
    return any(count is not None and least < count < rule.threshold for count in counts)


def step_of_value(value: Value, rule: Rule, n: float) -> float:
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


def figure_of(text: str, figure: float, rule: Rule, n: float) -> tuple[float, float] | None:
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


def is_hidden(value: Value) -> bool:
    """Return whether a value, or one of several, was taken out."""
    if isinstance(value, Counts):
        return any(isinstance(count, Hidden) for _, count in value.rows)
    return isinstance(value, Hidden)


def judged_values(text: str, rule: Rule, n: float | None = None) -> tuple[str, bool]:
    """Return values as JSON as they may be told, and whether one is hidden."""
    values = {name: judge_value(value, rule, n) for name, value in typed.read_values(text).items()}
    return typed.values_text(values) if values else text, any(map(is_hidden, values.values()))


def judged_messages(text: str, rule: Rule, n: float | None = None) -> tuple[str, bool]:
    """Return messages as JSON as they may be told, and whether a value is hidden."""
    told = [
        Message(one.key, {key: judge_value(value, rule, n) for key, value in one.values.items()})
        for one in typed.read_messages(text)
    ]
    hidden = any(is_hidden(value) for one in told for value in one.values.values())
    return typed.messages_text(told), hidden
