"""Dated rules of a programme: what they were on a day, allowances, the reference page."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from evalml.errors import EvalmlError, nearest
from evalml.reading.yaml_text import StrictModel

RuleStatus = Literal["read", "unverified", "regional"]


class DatedValue(StrictModel):
    """A value and the days it holds.

    Attributes:
        start: First day (`from` in the file).
        end: Last day (`to` in the file), or until the next value.
        value: The value.
        reference: Legal reference.
        link: Where the reference can be read.
        read_in: What was read to write the value.
        status: `read`; `unverified` or `regional` (what one region asks of its missions locales):
            kept for information, never used.
        note: What a reader should know, such as sources that differ.
    """

    start: dt.date = Field(alias="from")
    end: dt.date | None = Field(default=None, alias="to")
    value: dt.date | int | float | str | list[dict[str, Any]]
    reference: str = Field(min_length=1)
    link: str | None = Field(default=None, pattern=r"^https://")
    read_in: str = Field(min_length=1)
    status: RuleStatus = "read"
    note: str | None = None


class Computed(StrictModel):
    """An amount that is a dated rule of the RSA less a share of it.

    Attributes:
        amount: Rule of the RSA that is the amount.
        less: Rule of the RSA that is the share taken off.
        start: First day.
        end: Last day.
        reference: Text that defines the amount so.
        read_in: What was read to write it.
    """

    amount: str
    less: str
    start: dt.date = Field(alias="from")
    end: dt.date | None = Field(default=None, alias="to")
    reference: str = Field(min_length=1)
    read_in: str = Field(min_length=1)


class Rule(StrictModel):
    """One rule of a programme through time.

    Attributes:
        label: What it rules.
        unit: Unit of its values.
        judged: Whether it is judged at entry only or all along.
        revalued: Month and day (`04-01`) at which a text changes the values every year.
        values: Its values, in order of time.
    """

    label: str
    unit: str
    judged: Literal["entry", "throughout"]
    revalued: str | None = Field(default=None, pattern=r"^\d\d-\d\d$")
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
        current = started[-1] if started else None
        return (
            None if current is None or (current.end is not None and current.end < day) else current
        )

    @property
    def used(self) -> tuple[DatedValue, ...]:
        """Values that were read: the only ones a computation may use."""
        return tuple(value for value in self.values if value.status == "read")

    def known_until(self) -> dt.date | None:
        """Return the day of the first yearly change that was not read, None where none is missing.

        A rule that ended, or that no text changes every year, misses none.
        """
        last = self.used[-1] if self.used else None
        if self.revalued is None or last is None or last.end is not None:
            return None
        month, day = (int(part) for part in self.revalued.split("-"))
        this_year = dt.date(last.start.year, month, day)
        return this_year if this_year > last.start else this_year.replace(year=this_year.year + 1)

    def overdue(self, day: dt.date) -> bool:
        """Return whether a yearly change came on or before `day` and was not read."""
        until = self.known_until()
        return until is not None and until <= day


class RuleValue(StrictModel):
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
        status: `read`, `unverified` or `regional`.
        last_checked: Day the file was last compared with its sources.
        note: What a reader should know.
        overdue: Day of a yearly change that was not read, where there is one: the value shown is
            then not that of the day.
    """

    name: str
    value: dt.date | int | float | str | list[dict[str, Any]]
    unit: str
    label: str
    judged: Literal["entry", "throughout"]
    start: dt.date
    reference: str
    link: str | None
    status: RuleStatus
    last_checked: dt.date
    note: str | None
    overdue: dt.date | None


class Rules(StrictModel):
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
        current = {
            name: (rule, _holding(rule, day, unverified)) for name, rule in self.rules.items()
        }
        return {
            name: self._value(name, rule, dated, day)
            for name, (rule, dated) in current.items()
            if dated is not None
        }

    def overdue(self, day: dt.date) -> dict[str, dt.date]:
        """Return the rules whose yearly change, on or before `day`, was not read, with its day."""
        missed = {name: rule.known_until() for name, rule in self.rules.items()}
        return {name: until for name, until in missed.items() if until and until <= day}

    def _value(self, name: str, rule: Rule, dated: DatedValue, day: dt.date) -> RuleValue:
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
            note=dated.note,
            overdue=rule.known_until() if rule.overdue(day) and dated.status == "read" else None,
        )


def _holding(rule: Rule, day: dt.date, unverified: bool) -> DatedValue | None:
    """Return the value of a day: the last read, or the last of all where `unverified`."""
    if unverified:
        return rule.at(day)
    started = [value for value in rule.used if value.start <= day]
    last = started[-1] if started else None
    return None if last is None or (last.end is not None and last.end < day) else last


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
    raw = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    for name, rule in raw["rules"].items():
        if "computed" in rule:
            raw["rules"][name] = _with_values(rule)
    return Rules.model_validate(raw)


def _with_values(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as the file would have it if every computed amount were written in full."""
    how = Computed.model_validate(raw["computed"])
    base = rules("RSA").rules
    last = how.end or dt.date.max
    changes = [v for v in base[how.amount].used if v.start <= last]
    ends = [after.start - dt.timedelta(days=1) for after in changes[1:]] + [last]
    values = [
        _computed_value(how, base[how.less], value, min(end, last))
        for value, end in zip(changes, ends, strict=True)
        if end >= how.start
    ]
    return {**{k: v for k, v in raw.items() if k != "computed"}, "values": values}


def _computed_value(how: Computed, less: Rule, value: DatedValue, end: dt.date) -> dict[str, Any]:
    start = max(value.start, how.start)
    share = less.at(start)
    taken = float(str(share.value)) if share is not None else 0.0
    return {
        "from": start,
        "to": end,
        "value": round(float(str(value.value)) * (1 - taken), 2),
        "reference": f"{how.reference} ; {value.reference}",
        "link": value.link,
        "read_in": f"{value.read_in}; {how.read_in}",
    }


def wave_text(wave: dict[str, Any]) -> str:
    """Return a wave of openings: its start, its départements, those that are partial marked."""
    places = (f"{d} (partial)" if d in wave["partial"] else d for d in wave["departements"])
    return f"{wave['wave']} ({wave['start']}): {', '.join(places)}"


def overdue_sentences(programme: str, day: dt.date) -> list[str]:
    """Return a sentence for the rules of a programme whose yearly change by `day` was not read."""
    missed = rules(programme).overdue(day)
    by_day: dict[dt.date, list[str]] = {}
    for name, since in missed.items():
        by_day.setdefault(since, []).append(name)
    return [
        f"{', '.join(names)} of {programme.upper()} changed on {since} and the new value was not "
        "read: the value known is that of the year before"
        for since, names in sorted(by_day.items())
    ]


_HEAD = """# Programme rules through time

<!-- Written by `evalml rules --markdown`; a test compares this page with the code. -->

Each value holds from its date until the next. *Entry*: judged on the day of entry; *all along*:
judged throughout. *Read in* says what was read to write the value. A value marked **unverified**
was read in no text, one marked **one region only** is what a region asks of its own missions
locales: both are shown for information, and used in no check, no study and no note. A rule marked
*yearly* changes every year on that day: past the last change that was read, `evalml rules`,
`evalml extract check` and the note of a study say so, and no amount is checked against the old
one. Ceilings of the GJ and PACEA are computed from the RSA less its housing share.
`evalml rules cej --at 2023-06-01` prints the rules of a day.
[Beside other sources](../explanation/rules-beside-others.md) compares them
with openfisca-france and the platform of the IAE at twelve dates.
"""
_WHEN = {"entry": "entry", "throughout": "all along"}


def rules_page() -> str:
    """Return `docs/reference/rules.md`."""
    parts = [_HEAD]
    for code in programmes():
        dated = rules(code)
        parts.append(f"## {code}\n\n{dated.label}. Last checked on {dated.last_checked}.\n")
        parts.append(
            "| rule | from | value | judged | reference | read in |\n|---|---|---|---|---|---|"
        )
        parts += [_line(n, r, v) for n, r in dated.rules.items() for v in r.values]
        parts.append("")
    return "\n".join(parts)


def _line(name: str, rule: Rule, value: DatedValue) -> str:
    until = f" to {value.end}" if value.end else ""
    shown = value.value
    if isinstance(shown, list):
        shown = "; ".join(wave_text(wave) for wave in shown)
    unit = "" if rule.unit in ("text", "list", "date") else f" {rule.unit}"
    doubt = {"read": "", "unverified": " **unverified**", "regional": " **one region only**"}[
        value.status
    ]
    yearly = f", yearly on {rule.revalued[3:]}/{rule.revalued[:2]}" if rule.revalued else ""
    note = f" *{value.note}*" if value.note else ""
    reference = f"[{value.reference}]({value.link})" if value.link else value.reference
    return (
        f"| `{name}`: {rule.label} | {value.start}{until} | {shown}{unit}{doubt}{note} | "
        f"{_WHEN[rule.judged]}{yearly} | {reference} | {value.read_in} |"
    )
