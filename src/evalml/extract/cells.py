"""The cells of a source as values: days, hours and amounts as written, and their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.engine import (
    cases,
    exact_sum,
    greatest,
    ifelse,
    interval,
    latest,
    null,
    window,
)
from evalml.extract.csv_tables import Style, typed
from evalml.reading.text import FRENCH_DAY

if TYPE_CHECKING:
    from evalml.engine import Table
    from evalml.extract import contract
    from evalml.extract.recipe import MeasureRecipe
    from evalml.reading.text import Decimal

_HOURS = r"^\d{1,4}:[0-5]\d$"
_TIMED = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:|^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:"
_COMPACT = r"^(19|20)\d{6}$"


def as_text_cell(value: Any) -> Any:
    """Return a typed column as trimmed text; a whole number stored as a float loses its point."""
    kind = value.type()
    text = value.cast("string")
    if kind.is_floating():  # an identifier that a tool stored as a float
        whole = value.cast("int64").cast("string")
        text = ifelse(value.isnan(), null("string"), ifelse(value == value.floor(), whole, text))
    return text.strip().nullif("")


def order_of(cell: Any) -> list[Any]:
    """Return what puts the cells of a column in order: days, numbers, then text."""
    if not cell.type().is_string():
        return [cell]
    return [day_of(cell), cell.replace(",", ".").try_cast("float64"), cell]


def day_of(cell: Any) -> Any:
    """Return a day written 2024-03-01, 01/03/2024 or 20240301, an hour after it cut."""
    if not cell.type().is_string():
        return cell.cast("date")
    cut = ifelse(cell.re_search(_TIMED), cell.re_replace(r"[T ].*$", ""), cell)
    iso = cut.substr(0, 4).concat("-", cut.substr(4, 2), "-", cut.substr(6, 2))
    return cases(
        (cut.re_search(FRENCH_DAY), typed(cut, "date", Style(dates="french"))),
        (cut.re_search(_COMPACT), iso.try_cast("date")),
        else_=typed(cut, "date", Style()),
    )


def hours_of(cell: Any, decimal: Decimal) -> Any:
    """Return hours written 151.67, 151,67 or 151:40; null where they are written otherwise."""
    parts = cell.split(":")
    clock = parts[0].try_cast("float64") + parts[1].try_cast("float64") / 60
    return cases((cell.re_search(_HOURS), clock), else_=amount_of(cell, decimal))


def amount_of(cell: Any, decimal: Decimal = ".") -> Any:
    """Return an amount whose decimals follow this sign; null where it is written otherwise."""
    if not cell.type().is_string():
        return cell.cast("float64")
    return typed(cell, "number", Style(decimal=decimal))


def typed_cell(value: Any, column: contract.Column, style: Style) -> Any:
    """Return a cell as the contract types its column; null where it does not fit."""
    if column.type == "date":
        return day_of(value)
    if value.type().is_string():
        return typed(value, column.type, style)
    kinds = {"string": "string", "boolean": "boolean", "integer": "int64", "number": "float64"}
    return value.cast(kinds[column.type])


def with_new_days(rows: Table, name: str, start: str, end: str, by: list[str]) -> Table:
    """Add the days of each spell that no earlier spell of its group holds."""
    t = rows.mutate(_from=rows[f"_day {start}"], _to=rows[f"_day {end}"])
    before = window(group_by=by, order_by=[t["_from"], t["_to"]], rows=(None, -1))
    t = t.mutate(_seen=t["_to"].max().over(before))
    begins = ifelse(
        (t["_seen"] >= t["_from"]).fill_null(False), t["_seen"] + interval(days=1), t["_from"]
    )
    days = t["_to"].delta(begins, unit="day") + 1
    return t.mutate(**{name: greatest(days, 0)}).drop("_from", "_to", "_seen")


def measure_of(rows: Table, name: str, how: MeasureRecipe) -> Any:
    """Return a measure of a group of rows that `Conversion` has read; see `missing_part`."""
    if how.days:
        value = rows[f"_{name}"].sum()
    elif how.most and how.by:
        size = rows[f"_amount {how.by}"].round().cast("int64").cast("string").lpad(9, "0")
        value = latest(rows[how.most], size, rows[how.most])
    elif how.total:
        amount = rows[f"_amount {how.total}"]
        value = exact_sum(amount * rows[f"_amount {how.times}"] if how.times else amount)
    else:
        value = rows[f"_order {how.minimum or how.maximum}"]
        value = value.min() if how.minimum else value.max()
    lost = missing_part(rows, how)
    return value if lost is None else ifelse(lost.any().fill_null(False), null(value.type()), value)


def missing_part(rows: Table, how: MeasureRecipe) -> Any:
    """Return whether a row leaves a measure unknown: a part empty, or that cannot be read.

    A row without counterpart in a joined source has no part there.
    """
    if how.days:
        return rows[f"_day {how.days[0]}"].isnull() | rows[f"_day {how.days[1]}"].isnull()
    if how.most:
        return rows[f"_amount {how.by}"].isnull()
    if how.total:
        lost = rows[f"_amount {how.total}"].isnull() & ~rows[f"_alone {how.total}"]
        return lost | rows[f"_amount {how.times}"].isnull() if how.times else lost
    column = str(how.minimum or how.maximum)
    unread = rows[f"_order {column}"].isnull()
    return unread if how.open else unread & rows[column].notnull()
