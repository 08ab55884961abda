"""Read the dated rules of a programme, and say what they were on a given day."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from evalml.errors import EvalmlError, nearest


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatedValue(_Strict):
    """A value and the days it holds.

    Attributes:
        start: First day (`from` in the file).
        end: Last day (`to` in the file), or until the next value.
        value: The value.
        reference: Legal reference.
        link: Where the reference can be read.
        read_in: What was read to write the value.
        status: `read`, or `unverified`: kept for information, never used.
    """

    start: dt.date = Field(alias="from")
    end: dt.date | None = Field(default=None, alias="to")
    value: dt.date | int | float | str | list[dict[str, Any]]
    reference: str = Field(min_length=1)
    link: str | None = Field(default=None, pattern=r"^https://")
    read_in: str = Field(min_length=1)
    status: Literal["read", "unverified"] = "read"


class Rule(_Strict):
    """One rule of a programme through time.

    Attributes:
        label: What it rules.
        unit: Unit of its values.
        judged: Whether it is judged at entry only or all along.
        values: Its values, in order of time.
    """

    label: str
    unit: str
    judged: Literal["entry", "throughout"]
    values: tuple[DatedValue, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Rule:
        for before, after in zip(self.values, self.values[1:], strict=False):
            if after.start <= (before.end or before.start):
                raise ValueError(f"the value from {after.start} overlaps the one before it")
        return self

    def at(self, day: dt.date) -> DatedValue | None:
        """Return the value that holds on `day`, if there is one."""
        started = [v for v in self.values if v.start <= day]
        held = started[-1] if started else None
        return None if held is None or (held.end is not None and held.end < day) else held


class RuleValue(_Strict):
    """What one rule says on one day.

    Attributes:
        name: Name of the rule.
        value: Its value that day.
        unit: Unit of the value.
        label: What it rules.
        judged: Whether it is judged at entry only or all along.
        start: Day since which the value holds.
        reference: Legal reference.
        link: Where it can be read.
        status: `read` or `unverified`.
        last_checked: Day the file was last compared with its sources.
    """

    name: str
    value: dt.date | int | float | str | list[dict[str, Any]]
    unit: str
    label: str
    judged: Literal["entry", "throughout"]
    start: dt.date
    reference: str
    link: str | None
    status: Literal["read", "unverified"]
    last_checked: dt.date


class Rules(_Strict):
    """The dated rules of one programme.

    Attributes:
        programme: Code of the programme, as in the extract.
        label: Its French name.
        last_checked: Day the file was last compared with its sources.
        rules: Rule by name.
    """

    programme: str
    label: str
    last_checked: dt.date
    rules: dict[str, Rule]

    def at(self, day: dt.date, *, unverified: bool = False) -> dict[str, RuleValue]:
        """Return what every rule says on `day`; a rule without a value that day is left out.

        Args:
            day: The day.
            unverified: Give unverified values too; for display, never for a computation.
        """
        held = {name: (rule, rule.at(day)) for name, rule in self.rules.items()}
        return {
            name: self._value(name, rule, dated)
            for name, (rule, dated) in held.items()
            if dated is not None and (unverified or dated.status == "read")
        }

    def _value(self, name: str, rule: Rule, dated: DatedValue) -> RuleValue:
        return RuleValue(
            name=name,
            value=dated.value,
            unit=rule.unit,
            label=rule.label,
            judged=rule.judged,
            start=dated.start,
            reference=dated.reference,
            link=dated.link,
            status=dated.status,
            last_checked=self.last_checked,
        )


def programmes() -> tuple[str, ...]:
    """Return the codes of the programmes that have rules."""
    files = resources.files("evalml.rules").iterdir()
    return tuple(sorted(f.name[:-5].upper() for f in files if f.name.endswith(".yaml")))


@cache
def rules(programme: str) -> Rules:
    """Return the dated rules of a programme.

    Args:
        programme: Its code, `CEJ` or `cej`.

    Raises:
        EvalmlError: No programme has that code.
    """
    code = programme.upper().replace("-", "_")
    if code not in programmes():
        raise EvalmlError(f"no rules for '{programme}'; {nearest(code, programmes())}")
    file = resources.files("evalml.rules").joinpath(f"{code.lower()}.yaml")
    return Rules.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
