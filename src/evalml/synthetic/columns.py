"""Small helpers that turn numbers into the columns of the contract, without a loop over rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evalml.extract.contract import table
from evalml.synthetic.margins import Margins, margins_of
from evalml.synthetic.simulate import first_seen_after_move
from evalml.synthetic.world import Draws

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Areas, Calendar, People
    from evalml.synthetic.simulate import History
    from evalml.synthetic.world import World

_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
}


@dataclass(frozen=True)
class Made:
    """A block of a world, ready to be written down as records.

    Attributes:
        world: The world.
        areas: Its missions locales.
        cal: Its months.
        draws: Draws of the block.
        people: Persons of the block.
        history: What happened to them.
        base: Persons in the blocks before.
    """

    world: World
    areas: Areas
    cal: Calendar
    draws: Draws
    people: People
    history: History
    base: int

    def __repr__(self) -> str:
        """Say how many, never who."""
        return f"Made({len(self.people.women)} persons)"

    @cached_property
    def ids(self) -> pa.Array:
        """Pseudonym of each person."""
        return numbered("J", self.base + np.arange(len(self.people.women)), 8)

    @cached_property
    def day(self) -> AnyVector:
        """Day (from 0) of the first act of each month, shape (months, n)."""
        out = np.empty((self.cal.months, len(self.people.women)), dtype=np.int8)
        for t in range(self.cal.months):
            out[t] = self.draws.act_day(t)
        return out

    @cached_property
    def second(self) -> AnyVector:
        """First month seen by the mission locale moved to, or NEVER."""
        return first_seen_after_move(self.people, self.history)

    def contact_day(self, who: AnyVector, t: AnyVector) -> AnyVector:
        """Return the day of the first act of months `t` for persons `who`, days of the epoch."""
        return self.cal.starts[t] + self.day[t, who]

    def dossier(self, who: AnyVector, t: AnyVector) -> pa.Array:
        """Return the file that persons `who` have in months `t`."""
        number = (self.base + who) * 10 + 1 + (t >= self.second[who])
        return numbered("D", number, 9)

    def rng(self, name: str) -> np.random.Generator:
        """Return the generator of one kind of record."""
        return self.draws.fixed(name)

    def published(self) -> Margins:
        """Return the published counts the world must meet.

        Raises:
            EvalmlError: It has none.
        """
        return margins_of(self.world, self.draws.persons)

    @property
    def last_day(self) -> int:
        """Day of the extraction, days of the epoch."""
        return int(np.datetime64(self.world.period.extraction, "D").astype(np.int64))


def numbered(prefix: str, numbers: AnyVector, width: int) -> pa.Array:
    """Return identifiers: `prefix` and the numbers padded with zeros."""
    text = pc.utf8_lpad(pa.array(np.asarray(numbers, dtype=np.int64)).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, text, "")


def days(values: AnyVector, absent: AnyVector | None = None) -> pa.Array:
    """Return dates from days of the epoch, null where `absent`."""
    return pa.array(np.asarray(values, dtype=np.int32), mask=absent).cast(pa.date32())


def coded(
    values: tuple[str, ...] | list[str], at: AnyVector, absent: AnyVector | None = None
) -> pa.Array:
    """Return the text `values[at]`, null where `absent`."""
    index = pa.array(np.asarray(at, dtype=np.int32), mask=absent)
    return pc.take(pa.array(list(values), pa.string()), index)


def plain(values: AnyVector, absent: AnyVector | None = None) -> pa.Array:
    """Return numbers or booleans, null where `absent`."""
    return pa.array(values, mask=absent)


def as_contract(name: str, columns: dict[str, Any]) -> pa.Table:
    """Return a table with exactly the contract's columns, in its order and types."""
    spec = table(name)
    size = max((len(v) for v in columns.values()), default=0)
    arrays = []
    for column in spec.columns:
        kind = _ARROW[column.type]
        got = columns[column.name] if column.name in columns else pa.nulls(size, kind)
        arrays.append(got.cast(kind) if got.type != kind else got)
    return pa.table(arrays, names=[c.name for c in spec.columns])
