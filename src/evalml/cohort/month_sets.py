"""Sets of months as integers: bit i of a set says whether month i of a block belongs to it.

What is asked of a person month by month (a file open, an act not too long ago, a job) is kept as
one integer per person, not as one row per person and month; `&` and `|` then combine conditions,
and a spell costs one row however long it lasts. A calendar is cut into blocks of `WIDTH` months, so
its length has no limit; a block is one integer, its months are numbered from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalml.engine import bit_or, greatest, least, literal, span
from evalml.months import first_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalml.engine import BooleanValue, Table

WIDTH = 60
"""Months in a block: five years leave the sign of an int64 alone."""

FULL = 2**WIDTH - 1
"""The set of all months of a block."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Consecutive months, cut into blocks.

    Attributes:
        first: First month number.
        last: Last month number.
    """

    first: int
    last: int

    @property
    def blocks(self) -> int:
        """How many blocks it takes."""
        return (self.last - self.first) // WIDTH + 1

    def reaching(self, months: int) -> Calendar:
        """Return the calendar with some months before it."""
        return Calendar(self.first - months, self.last)

    def block_start(self, block: int) -> int:
        """Return the first month number of a block."""
        return self.first + block * WIDTH

    def widest(self) -> int:
        """Return the months of its longest block."""
        return min(self.last - self.first + 1, WIDTH)


def set_between(first: Any, last: Any) -> Any:
    """Return the set of the months `first` to `last` of a block, 0 <= first <= last < WIDTH."""
    return (literal(FULL) >> (WIDTH - 1 - last)) - (literal(FULL) >> (WIDTH - first))


def touches(first_day_of: Any, last_day_of: Any, calendar: Calendar) -> BooleanValue:
    """Tell, from two date columns, whether a spell can reach a calendar: a cheap first sieve.

    Args:
        first_day_of: Column of first days.
        last_day_of: Column of last days, null where the spell goes on.
        calendar: The months asked about.
    """
    begun = first_day_of < literal(first_day(calendar.last + 1))
    return begun & (last_day_of.isnull() | (last_day_of >= literal(first_day(calendar.first))))


def bit(months: Any, place: Any) -> Any:
    """Return 1 where a set holds the month at `place` of its block, else 0."""
    return (months >> place) & 1


def holds(months: Any, place: Any) -> BooleanValue:
    """Tell whether a set holds the month at `place` of its block."""
    return bit(months, place) == 1


def without(months: Any, others: Any) -> Any:
    """Return the months of a set that are not among `others`."""
    return months - (months & others)  # `~(a | b)` loses its parentheses in the compiled SQL


def spread(spells: Table, calendar: Calendar) -> Table:
    """Lay spells on the blocks of a calendar.

    Args:
        spells: Rows with the month numbers `first` and `last`, both included; a spell that covers
            no month of the calendar is dropped.
        calendar: The months asked about.

    Returns:
        The other columns, `block`, and `months`, the set of the spell's months in the block: one
        row per spell and block it reaches.
    """
    rest = [c for c in spells.columns if c not in ("first", "last")]
    start = greatest(spells["first"], calendar.first) - calendar.first
    end = least(spells["last"], calendar.last) - calendar.first
    rows = spells.select(*rest, start=start.cast("int32"), end=end.cast("int32"))
    rows = rows.filter(rows.start <= rows.end)
    if calendar.blocks == 1:
        months = set_between(rows.start, rows.end)
        return rows.select(*rest, block=literal(0, "int32"), months=months)
    reached = span((rows.start // WIDTH).cast("int32"), (rows.end // WIDTH).cast("int32"))
    rows = rows.mutate(block=reached.unnest())
    low = greatest(rows.start - rows.block * WIDTH, 0).cast("int32")
    high = least(rows.end - rows.block * WIDTH, WIDTH - 1).cast("int32")
    return rows.select(*rest, "block", months=set_between(low, high))


def gather(laid: Table, keys: Sequence[str], **sets: Any) -> Table:
    """Unite the sets of many spells.

    Args:
        laid: Spells laid on blocks by `spread`.
        keys: Columns of one result row, `block` apart.
        sets: Name of each set and the condition on a spell to belong to it; True for all.
    """
    columns: Mapping[str, Any] = {
        name: bit_or(laid.months if which is True else which.ifelse(laid.months, 0))
        for name, which in sets.items()
    }
    return laid.group_by(*keys, "block").agg(**columns)


def gather_sets(laid: Table, keys: Sequence[str], names: Sequence[str]) -> Table:
    """Unite sets that each spell brings of its own, columns `names`."""
    return laid.group_by(*keys, "block").agg(**{name: bit_or(laid[name]) for name in names})


def unfold(rows: Table, calendar: Calendar, months: str) -> Table:
    """Return one row per month of the set `months` of each row.

    The result: the columns of `rows`, with `place` (the month's number in its block) and `month`.
    """
    places = span(literal(0, "int32"), literal(calendar.widest() - 1, "int32")).unnest()
    each = rows.mutate(place=places)
    each = each.filter(holds(each[months], each.place))
    number = each.block * WIDTH + each.place + calendar.first
    return each.mutate(month=number.cast("int32"))
