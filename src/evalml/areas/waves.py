"""When each area opened, by the dated rules of the programme."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from evalml.codes import territory_names
from evalml.errors import CohortError
from evalml.months import first_day, month_number
from evalml.rules import rules

if TYPE_CHECKING:
    from collections.abc import Iterable

LAST = "généralisation"
"""Wave of the areas that the texts read do not name."""


def waves_of(programme: str) -> pd.DataFrame:
    """Return the wave of each département, by the texts that were read.

    A département named in two waves (only some of its missions locales in each) belongs to the
    first: it is marked `partial`. One that no text names opens when the programme is general.

    Returns:
        area (INSEE code of the département), wave, opened (month number), partial.

    Raises:
        CohortError: The programme opened everywhere at once.
    """
    known = rules(programme)
    if "waves" not in known.rules or "generalisation" not in known.rules:
        raise CohortError(
            f"{programme} opened by waves nowhere, in the texts read: a roll-out has no area that "
            "is not open yet to compare with; choose another design"
        )
    listed = known.rules["waves"].values[-1].value
    general = known.rules["generalisation"].values[0].value
    rows: dict[str, tuple[str, int, bool]] = {}
    for entry in _mappings(listed):
        month = month_number(_day(entry["start"]))
        for code in entry["departements"]:
            rows.setdefault(str(code), (str(entry["wave"]), month, code in entry["partial"]))
    rest = (LAST, month_number(_day(general)), False)
    for code in territory_names()["departements"]:
        rows.setdefault(code, rest)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["wave", "opened", "partial"])
    return table.rename_axis("area").sort_index().reset_index()


def _mappings(value: object) -> list[dict[str, list[str]]]:
    return value if isinstance(value, list) else []


def _day(value: object) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def wave_label(wave: str, opened: int) -> str:
    """Return the French name of a wave: « vague 1 (octobre 2013) »."""
    name = f"vague {wave}" if wave != LAST else wave
    return f"{name} ({MONTHS[opened % 12]} {opened // 12})"


MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip


def half_year(month: int) -> int:
    """Return the number of the half-year of a month number: year * 2, plus one from July."""
    return month // 6


def half_year_label(number: int) -> str:
    """Return the name of a half-year, such as `2014-S1`."""
    return f"{number // 2}-S{number % 2 + 1}"


def half_years(first: dt.date, last: dt.date) -> range:
    """Return the whole half-years between two days: the one `first` lies in starts the range."""
    return range(half_year(month_number(first)), half_year(month_number(last)) + 1)


def month_of_half_year(number: int) -> dt.date:
    """Return the first day of a half-year."""
    return first_day(number * 6)


def unknown_areas(codes: Iterable[str], waves: pd.DataFrame) -> list[str]:
    """Return the areas of an extract whose opening no rule gives."""
    return sorted(set(codes) - set(waves["area"]))
