"""Expressions that mean the same on every engine, and ibis' own that stages may use."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _, cases, ifelse, literal, row_number, window
from ibis.expr.types import BooleanValue, Column, Table, Value

__all__ = [
    "MILLION",
    "BooleanValue",
    "Column",
    "Table",
    "Value",
    "_",
    "bit_count",
    "bit_or",
    "cases",
    "coalesce",
    "exact_mean",
    "exact_sum",
    "greatest",
    "hash_of",
    "ifelse",
    "in_parts",
    "interval",
    "latest",
    "least",
    "literal",
    "month_label",
    "month_of",
    "null",
    "row_number",
    "span",
    "union",
    "window",
]

least = ibis.least
coalesce = ibis.coalesce
interval = ibis.interval
null = ibis.null
greatest = ibis.greatest
union = ibis.union

MILLION = 1_000_000


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
def bit_or(number: int) -> int:  # type: ignore[empty-body]
    """Return the bits that any row of the group has; the engines have it, ibis not for all."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def bit_count(number: int) -> int:  # type: ignore[empty-body]
    """Return how many bits of an integer are set: the size of a set of months."""


def month_of(day: Any) -> Any:
    """Return the month number (`evalml.months`) of a date column: year * 12 + month - 1."""
    return (day.year().cast("int32") * 12 + day.month().cast("int32") - 1).cast("int32")


def month_label(number: Any) -> Any:
    """Return the month of a month number as text, such as 2024-03."""
    return (
        (number // 12).cast("int32").cast("string")
        + "-"
        + ((number % 12 + 1).cast("int32").cast("string").lpad(2, "0"))
    )


def span(first: Any, last: Any) -> Any:
    """Return the integers (int32) from `first` to `last`, both included, as an array column.

    Unnest it as it is: Spark takes nothing around what makes rows of an array.
    """
    return ibis.range(first, last + 1).cast("array<int32>")


def in_parts(amount: Any) -> Any:
    """Return an amount as a whole number of millionths: whole numbers add up in any order.

    A sum of floats depends on the order of its rows, which is that of threads and engines.
    """
    return (amount.cast("float64") * MILLION).round().cast("int64")


def exact_sum(amount: Any) -> Any:
    """Return the sum of amounts (euros, hours) to the millionth, the same on every engine."""
    return in_parts(amount).sum().cast("float64") / MILLION


def exact_mean(amount: Any, where: Any = None) -> Any:
    """Return the mean of amounts, each taken to the millionth, the same on every engine."""
    chosen = amount if where is None else ifelse(where, amount, None)
    return in_parts(chosen).sum().cast("float64") / (chosen.count() * MILLION).nullif(0)


def hash_of(column: Any) -> Any:
    """Return 16 hexadecimal digits that depend on the value only: the house tie-breaker."""
    return column.cast("string").hexdigest("sha256").substr(0, 16)


def latest(value: Any, day: Any, tie: Any) -> Any:
    """Return, in a group, the value of the row with the last day; on one day, the greatest tie.

    Rows without a value are passed over, and no two engines choose differently.
    """
    key = day.cast("string") + "|" + tie.cast("string")
    return value.argmax(key, where=value.notnull())
