"""What is known of a study before any person is read: its file, dated rules, tables received."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from evalml.errors import EvalmlError
from evalml.rules import rules
from evalml.study import PROGRAMMES

if TYPE_CHECKING:
    from evalml.study import Study

Status: TypeAlias = Literal["ok", "caution", "no"]
"""Met; met with a reservation, or not known from the study alone; not met."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against.

    Attributes:
        status: `ok`, `caution` or `no`.
        sentence: In English.
    """

    status: Status
    sentence: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A study and what surrounds it.

    Attributes:
        study: The study.
        tables: Tables of the extract; None when no extract was given.
    """

    study: Study
    tables: frozenset[str] | None = None

    @property
    def programme(self) -> str:
        """Code of the programme."""
        return self.study.programme

    @property
    def known(self) -> bool:
        """Whether the programme is one of the missions locales."""
        return self.programme in PROGRAMMES

    @property
    def first(self) -> dt.date | None:
        """First day of entry."""
        return None if self.study.entries is None else self.study.entries.first

    @property
    def last(self) -> dt.date | None:
        """First day of the last month of entry."""
        return None if self.study.entries is None else self.study.entries.last

    @property
    def departements(self) -> tuple[str, ...]:
        """Départements named by the study, empty when it names something else."""
        territory = self.study.territory
        return () if territory is None else territory.departement or ()

    def holds(self, table: str) -> bool | None:
        """Return whether the extract holds a table; None when no extract was given."""
        return None if self.tables is None else table in self.tables


def dated(programme: str, name: str) -> Any:
    """Return the last value of a dated rule, or None where there is none that was read."""
    try:
        rule = rules(programme).rules.get(name)
    except EvalmlError:
        return None
    read = [v for v in rule.values if v.status == "read"] if rule is not None else []
    return read[-1].value if read else None


def reference(programme: str, name: str) -> str:
    """Return the legal reference of the last value of a dated rule, in parentheses."""
    rule = rules(programme).rules.get(name)
    return f" ({rule.values[-1].reference})" if rule is not None else ""


def day(programme: str, name: str) -> dt.date | None:
    """Return a dated rule that is a day."""
    value = dated(programme, name)
    return value if isinstance(value, dt.date) else None


def opened(programme: str) -> dt.date | None:
    """Return the first day of entry into a programme, None when no text read says it."""
    return day(programme, "opening")


def closed(programme: str) -> dt.date | None:
    """Return the last day of entry into a programme, None when it is open."""
    return day(programme, "closing")


def open_over(programme: str, facts: Facts) -> Reason:
    """Judge whether a programme took entries over all the months of the study."""
    start, end = opened(programme), closed(programme)
    if facts.first is None or facts.last is None:
        return Reason("no", "the study has no entries: no months in which somebody could enter")
    if start is None:
        return Reason("caution", f"no text read dates the opening of {programme}")
    if facts.first < start:
        why = reference(programme, "opening")
        return Reason("no", f"{programme} opened on {start}, after {facts.first}{why}")
    if end is not None and facts.last > end:
        why = reference(programme, "closing")
        return Reason("no", f"{programme} took its last first entries on {end}{why}")
    until = f"until {end}" if end else "and is open"
    return Reason("ok", f"{programme} opened on {start} {until}: all months of entry are covered")
