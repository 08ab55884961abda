"""What a sentence is made of: typed values, which travel from a stage to the words without prose.

A stage hands over a key and values; `evalml.words` renders them last, in French or in English, once
disclosure has judged each by its type.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Count:
    """Persons.

    Attributes:
        n: How many.
        of: The whole they are part of, where there is one: both, and the rest, are judged.
    """

    n: int
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of persons.

    Attributes:
        part: How many have the property; None where it is unknown, or the persons are weighted.
        whole: Out of how many.
        value: The share, between 0 and 1.
        digits: Decimals of the percentage.
    """

    part: int | None
    whole: int | None
    value: float
    digits: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect, a gap, a mean, an error.

    Attributes:
        value: The number, in its unit.
        unit: `proportion` (shown in points), `months`, `euros`, ...
        n: Size of the smallest population it rests on, where it is known.
        digits: Decimals shown; those of the unit where None.
    """

    value: float
    unit: str
    n: int | None = None
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval, or bounds.

    Attributes:
        low: Lower end.
        high: Upper end.
        unit: `proportion` (shown in points), `months`, ...
        n: Size of the smallest population it rests on, where it is known.
        digits: Decimals shown; those of the unit where None.
    """

    low: float
    high: float
    unit: str
    n: int | None = None
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class PValue:
    """The p-value of a test."""

    value: float


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is not about persons: a threshold, a number of draws, a statistic.

    Attributes:
        value: The number.
        digits: Decimals shown.
        unit: `percent` or `points` (of a proportion), `months`, `years`, ...; empty for none.
    """

    value: float
    digits: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """Something with a name: a covariate, an outcome, a method, a territory, a source.

    Attributes:
        kind: Section of the names in the words.
        key: Which one.
    """

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Names:
    """Several names, in the order in which they are told."""

    names: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Hidden:
    """What disclosure took out.

    Attributes:
        kind: Kind of the value that was there: `count`, `share`, `estimate`, ...
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Several names, each with its number of persons.

    Attributes:
        rows: Names and counts, in the order in which they are told.
    """

    rows: tuple[tuple[Name, Count | Hidden], ...] = ()


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, `2024-03`."""

    month: str


@dataclass(frozen=True, slots=True)
class CellValue:
    """A value that a sentence takes from the results, with the cell it stands in.

    Attributes:
        value: The value.
        table: Table of results.
        row: Place of its row in the table, from 0.
        columns: The column, or the ends of an interval.
    """

    value: Value
    table: str
    row: int
    columns: tuple[str, ...]


Value: TypeAlias = (
    "Count | Share | Estimate | Interval | PValue | Number | Name | Names | Counts | Month | Hidden"
    " | CellValue"
)
Values: TypeAlias = "Mapping[str, Value]"

KINDS: dict[str, type[Any]] = {
    "count": Count,
    "share": Share,
    "estimate": Estimate,
    "interval": Interval,
    "p_value": PValue,
    "number": Number,
    "name": Name,
    "month": Month,
    "hidden": Hidden,
}


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence before its words.

    Attributes:
        key: Where its template is: `balance.over`, `disclosure.few_persons`.
        values: What the template is filled with.
    """

    key: str
    values: Values = field(default_factory=dict)


def without_cell(value: Value) -> Value:
    """Return a value without the cell it was read in."""
    return without_cell(value.value) if isinstance(value, CellValue) else value


def kind_of(value: Value) -> str:
    """Return the name of the kind of a value: `count`, `share`, ..."""
    if isinstance(value, Names | Counts):
        return "names" if isinstance(value, Names) else "counts"
    return next(kind for kind, one in KINDS.items() if type(value) is one)


def names(kind: str, keys: Iterable[object]) -> Names:
    """Return several keys of a kind as names."""
    return Names(tuple(Name(kind, str(key)) for key in keys))


def as_plain(value: Value) -> dict[str, Any]:
    """Return a value as JSON can hold it, its numbers to ten significant digits."""
    value = without_cell(value)
    kind = kind_of(value)
    if isinstance(value, Names):
        return {"is": kind, "names": [[name.kind, name.key] for name in value.names]}
    if isinstance(value, Counts):
        rows = [[name.kind, name.key, as_plain(count)] for name, count in value.rows]
        return {"is": kind, "rows": rows}
    found = {one.name: rounded(getattr(value, one.name)) for one in fields(value)}
    known = {one.name: one.default for one in fields(value)}
    return {"is": kind, **{k: v for k, v in found.items() if v != known[k]}}


def rounded(value: Any) -> Any:
    """Return a number to ten significant digits, None for one that is not finite."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value
    number = float(value)
    return float(f"{number:.10g}") if math.isfinite(number) else None


def from_plain(found: Mapping[str, Any]) -> Value:
    """Return the value that `as_plain` wrote."""
    kind, rest = found.get("is"), {k: v for k, v in found.items() if k != "is"}
    if kind == "names":
        return Names(tuple(Name(*pair) for pair in rest["names"]))
    if kind == "counts":
        rows = [(Name(one, key), from_plain(count)) for one, key, count in rest["rows"]]
        return Counts(tuple((name, count) for name, count in rows if is_count(count)))
    if kind not in KINDS:
        message = f"a value of kind '{kind}' in the results is not known; run the study again"
        raise DataError(message)
    for name in NUMBERS.get(str(kind), ()):
        rest[name] = math.nan if rest.get(name) is None else rest[name]
    value: Value = KINDS[str(kind)](**rest)
    return value


def is_count(value: Value) -> TypeGuard[Count | Hidden]:
    """Return whether a value is a count, or one that was taken out."""
    return isinstance(value, Count | Hidden)


NUMBERS = {
    "share": ("value",),
    "estimate": ("value",),
    "interval": ("low", "high"),
    "p_value": ("value",),
    "number": ("value",),
}
"""Numbers of each kind that JSON writes as null where they are not finite."""


def values_text(values: Values) -> str:
    """Return values as one line of JSON."""
    plain = {name: as_plain(value) for name, value in values.items()}
    return json.dumps(plain, ensure_ascii=False)


def read_values(text: str) -> dict[str, Value]:
    """Return the values of one line of JSON; none for an empty one."""
    found: dict[str, Any] = json.loads(text) if text else {}
    return {name: from_plain(each) for name, each in found.items()}


def messages_text(messages: Iterable[Message]) -> str:
    """Return messages as one line of JSON, empty where there is none."""
    plain = [
        {"key": one.key, "values": {k: as_plain(v) for k, v in one.values.items()}}
        for one in messages
    ]
    return json.dumps(plain, ensure_ascii=False) if plain else ""


def read_messages(text: str) -> tuple[Message, ...]:
    """Return the messages of one line of JSON; none for an empty one."""
    found: list[Any] = json.loads(text) if text else []
    return tuple(
        Message(one["key"], {k: from_plain(v) for k, v in one["values"].items()}) for one in found
    )
