"""Calendar months as integers: year * 12 + month - 1, so that months subtract."""

from __future__ import annotations

import datetime as dt

from evalml.errors import EvalmlError


def month_number(day: dt.date) -> int:
    """Return the number of the calendar month that holds `day` (2024-01 is 24288)."""
    return day.year * 12 + day.month - 1


def first_day(number: int) -> dt.date:
    """Return the first day of the month numbered `number`."""
    return dt.date(number // 12, number % 12 + 1, 1)


def months_from(start: dt.date, end: dt.date) -> range:
    """Return the numbers of the months from `start`'s to `end`'s, both included.

    Raises:
        EvalmlError: `end` lies before `start`.
    """
    if end < start:
        message = f"the period ends ({end}) before it starts ({start}); swap the two dates"
        raise EvalmlError(message)
    return range(month_number(start), month_number(end) + 1)
