"""The typed values of sentences, each judged by its type: as found, rounded, or hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.disclosure.rule import Rule, ladder_step, printed, share_step, to_step
from evalml.values import (
    Count,
    Counts,
    Estimate,
    Hidden,
    Interval,
    Message,
    Number,
    PValue,
    Share,
    kind_of,
    messages_text,
    read_messages,
    read_values,
    values_text,
)

if TYPE_CHECKING:
    from evalml.values import Value

SMALLEST_P = 0.001
"""Below it a probability is written as it."""


def judge_value(value: Value, rule: Rule, n: float | None = None) -> Value:
    """Return a value as it may be told: rounded to its step, or `Hidden`.

    Args:
        value: What a stage handed over.
        rule: What the owner of the data asks; a base of 1 rounds nothing (inside).
        n: Smallest population of the study, for what does not say what it rests on.
    """
    if isinstance(value, Counts):
        return Counts(tuple((name, judge_count(count, rule)) for name, count in value.rows))
    if isinstance(value, Count | Hidden):
        return judge_count(value, rule)
    if isinstance(value, Share):
        return judge_share(value, rule, n)
    if isinstance(value, Estimate | Interval):
        return judge_estimate(value, rule, n)
    return value if n is None else judge_statistic(value)


def judge_statistic(value: Value) -> Value:
    """Return a number that is not about persons with the decimals it is printed with."""
    if isinstance(value, PValue):
        return PValue(max(round(value.value, 3), SMALLEST_P))
    if isinstance(value, Number):
        scale = 2 if value.unit in {"percent", "points"} else 0
        return replace(value, value=round(value.value, value.digits + scale))
    return value


def small(part: int | None, whole: int | None, rule: Rule, *, zero: bool) -> bool:
    """Return whether a part, its whole or what is left of it names too few persons.

    Args:
        part: How many.
        whole: Out of how many.
        rule: What the owner of the data asks.
        zero: Whether nobody, or everybody, is too few as well.
    """
    rest = None if part is None or whole is None else whole - part
    return any(
        count is not None and count < rule.threshold and (zero or count > 0)
        for count in (part, whole, rest)
    )


def judge_count(count: Count | Hidden, rule: Rule) -> Count | Hidden:
    """Return a count and its whole as multiples of the base, or hidden."""
    if isinstance(count, Hidden):
        return count
    leaves = rule.rounding > 1
    if small(count.n, count.of, rule, zero=leaves):
        return Hidden("count")
    if not leaves:
        return count
    told = [printed(np.array(float(each)), rule) for each in (count.n, count.of or count.n)]
    if np.isnan(told).any():
        return Hidden("count")
    return Count(int(told[0]), None if count.of is None else int(told[1]))


def judge_share(share: Share, rule: Rule, n: float | None) -> Share | Hidden:
    """Return a share rounded to the step of its whole, hidden where it makes a small count."""
    leaves = n is not None
    if small(share.part, share.whole, rule, zero=leaves):
        return Hidden("share")
    if n is None:
        return share
    step = share_step(float(share.whole or n)) / 100
    if np.isnan(step):
        return Hidden("share")
    return replace(share, part=None, whole=None, value=float(to_step(np.array(share.value), step)))


def judge_estimate(
    value: Estimate | Interval, rule: Rule, n: float | None
) -> Estimate | Interval | Hidden:
    """Return an estimate or its bounds rounded to their step, hidden where they rest on few.

    How many persons it rests on does not leave with it: that count is not rounded.
    """
    if value.n is not None and 0 < value.n < rule.threshold:
        return Hidden(kind_of(value))
    if n is None:
        return value
    size = float(value.n or n)
    ends = [value.value] if isinstance(value, Estimate) else [value.low, value.high]
    if value.unit == "proportion":
        step = share_step(size) / 100
    else:
        scale = max([abs(end) for end in ends if np.isfinite(end)], default=1.0)
        step = ladder_step(scale / size, 10.0 ** -(2 if value.digits is None else value.digits))
    if np.isnan(step):
        return Hidden(kind_of(value))
    told = [float(to_step(np.array(end), step)) for end in ends]
    if isinstance(value, Estimate):
        return replace(value, value=told[0], n=None)
    return replace(value, low=told[0], high=told[1], n=None)


def is_hidden(value: Value) -> bool:
    """Return whether a value, or one of several, was taken out."""
    if isinstance(value, Counts):
        return any(isinstance(count, Hidden) for _, count in value.rows)
    return isinstance(value, Hidden)


def judged_values(text: str, rule: Rule, n: float | None = None) -> tuple[str, bool]:
    """Return values as JSON as they may be told, and whether one is hidden."""
    values = {name: judge_value(value, rule, n) for name, value in read_values(text).items()}
    return values_text(values) if values else text, any(map(is_hidden, values.values()))


def judged_messages(text: str, rule: Rule, n: float | None = None) -> tuple[str, bool]:
    """Return messages as JSON as they may be told, and whether a value is hidden."""
    told = [
        Message(one.key, {key: judge_value(value, rule, n) for key, value in one.values.items()})
        for one in read_messages(text)
    ]
    hidden = any(is_hidden(value) for one in told for value in one.values.values())
    return messages_text(told), hidden
