"""The target trial: who could enter, when, under which arm (Hernán and Robins, 2016)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from evalml.codes import code_list
from evalml.cohort.place import refuse_unknown_place
from evalml.engine import literal
from evalml.errors import CohortError, ImmortalTimeError, StudyError, nearest
from evalml.extract.contract import Column, table
from evalml.months import first_day, months_from
from evalml.rules import programmes, rules
from evalml.study import DESIGNS, Bounds, Eligibility, Entries, Study, StudyDesign, Territory
from evalml.values import Message, Name, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.engine import BooleanValue


AFTER_ZERO = frozenset({"extraction", "date_fin", "date_cloture", "date_embauche"})
"""Ends, closures and the state at extraction: they date what comes after time zero."""

ROW_PER_PERSON = frozenset({"jeunes", "dossiers"})
"""Tables a raw column may be read from: they have one row per person at time zero."""


def column_of(name: str) -> Column:
    """Return the contract column that `table.column` names."""
    table_name, point, column_name = name.partition(".")
    if not point:
        raise StudyError(f"'{name}' names no table; write it as table.column, such as jeunes.sexe")
    return table(table_name).column(column_name)


def refuse_unknown_at_zero(names: Iterable[str], place: str) -> None:
    """Refuse a definition built on a column that is only known after time zero.

    `names`: columns, as `table.column`; `place`: key of the study that names them, for the error.
    """
    for name in names:
        column = column_of(name)
        if column.known_at in AFTER_ZERO:
            raise ImmortalTimeError(
                f"{place}: '{name}' is only known at '{column.known_at}', after time zero: "
                "a rule or covariate built on it selects on the future. Use what was known at entry"
            )
        if name.partition(".")[0] not in ROW_PER_PERSON:
            raise ImmortalTimeError(
                f"{place}: '{name}' has several rows per person, so its value at time zero is not "
                f"defined; use a column of {sorted(ROW_PER_PERSON)} or a covariate of the catalogue"
            )


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "date": (str,),
}


def check_required(require: Mapping[str, Any], place: str) -> None:
    """Refuse a value that its column cannot have."""
    for name, value in require.items():
        column = column_of(name)
        if column.references is not None or column.name in table(name.partition(".")[0]).key:
            raise StudyError(
                f"{place}: '{name}' is an identifier, which no rule may select on; use a column of "
                "what is known of the person, or 'territory' for structures"
            )
        if isinstance(value, Bounds):
            if column.type not in ("integer", "number", "date"):
                raise StudyError(
                    f"{place}: '{name}' is no number and no date, so it has no range; give a value "
                    "or a list"
                )
            wanted = dt.date if column.type == "date" else (int, float)
            ends = [end for end in (value.lowest, value.highest) if end is not None]
            if not all(isinstance(end, wanted) for end in ends):
                raise StudyError(f"{place}: the range of '{name}' is not of {column.type}s")
            continue
        for one in value if isinstance(value, tuple) else (value,):
            _check_value(place, name, one)


def _check_value(place: str, name: str, value: Any) -> None:
    column = column_of(name)
    wrong = not isinstance(value, TYPES[column.type]) or (
        isinstance(value, bool) and column.type != "boolean"
    )
    if wrong:
        raise StudyError(f"{place}: '{name}' is a {column.type}, and {value!r} is not")
    if column.codes is not None and not code_list(column.codes).open:
        known = code_list(column.codes).labels
        if value not in known:
            raise StudyError(f"{place}: '{value}' is no {name}; {nearest(str(value), known)}")


def meets(column: Any, value: Any) -> BooleanValue:
    """Tell where a column has a value asked for; an empty cell does not."""
    if isinstance(value, Bounds):
        found = literal(value=True)
        if value.lowest is not None:
            found &= column >= literal(value.lowest)
        if value.highest is not None:
            found &= column <= literal(value.highest)
        return found.fill_null(False)
    accepted = value if isinstance(value, tuple) else (value,)
    return column.isin(list(accepted)).fill_null(False)


def required_words(name: str, value: Any) -> Message:
    """Return the rule as a sentence."""
    column = Name("text", name)
    if isinstance(value, Bounds):
        ends = {"lowest": value.lowest, "highest": value.highest}
        limits = {k: Name("text", _said(end)) for k, end in ends.items() if end is not None}
        return Message("rules.require_range", {"column": column, **limits})
    if isinstance(value, tuple):
        values = names("text", (str(one) for one in value))
        return Message("rules.require_one_of", {"column": column, "values": values})
    return Message("rules.require", {"column": column, "value": Name("text", str(value))})


def _said(end: Any) -> str:
    return f"{end:g}" if isinstance(end, float) else str(end)


_LIFE = ("opening", "closing")


@dataclass(frozen=True, slots=True)
class AgeRule:
    """Ages at time zero, in completed years, both ends included."""

    lowest: int
    highest: int
    highest_rqth: int


@dataclass(frozen=True, slots=True)
class TargetTrial:
    """The protocol of a trial for each month of entry.

    Attributes:
        programme: Name of the programme whose entry is evaluated.
        dispositif: Its code in `accompagnements`, or `IAE`.
        first_entry: Whether only first entries (rank 1) count; renewals then never start a trial.
        months: Month numbers of the trials (`evalml.months`); time zero is the first day.
        ages: Age rule in force at each month, in the order of `months`.
        eligibility: Who could have entered.
        territory: Where the persons are followed.
        follow_up_months: Months observed after time zero.
        history_months: Months before time zero that describe the past.
        estimand: `att` or `ate`.
        breaks: Changes of information system that the study declares it crosses.
        design: The design: one that is a trial a month.
        pool: Code of the comparator, for an active comparator; name of a randomised trial.
        entry_months: Months in which the treated enter.
        pool_months: Months in which the comparison persons enter the comparator.
        rang: Rank of the renewal studied, None for first entries.
        nested: `any`, `with` or `without` a GJ that starts in the month of the entry.
        instrument: Whether the capacity of the mission locale is wanted (encouragement).
        refusals: Causes of refusal that make a comparison person; empty for every refusal.
        on_past: Whether the past of the outcome is a covariate, where the design assumes parallel
            trends.
        per_entrant: Comparison persons kept per entrant, of the same mission locale and month; 0
            for all, wherever they are.
        described: Columns wanted beside the covariates: those that define subgroups.
    """

    programme: str
    dispositif: str
    first_entry: bool
    months: tuple[int, ...]
    ages: tuple[AgeRule, ...]
    eligibility: Eligibility
    territory: Territory
    follow_up_months: int
    history_months: int
    estimand: str
    breaks: tuple[dt.date, ...] = ()
    design: StudyDesign = DESIGNS["sequential_trials"]
    pool: str = ""
    entry_months: tuple[int, ...] = ()
    pool_months: tuple[int, ...] = ()
    rang: int | None = None
    nested: str = "any"
    instrument: bool = False
    described: tuple[str, ...] = ()
    per_entrant: int = 0
    on_past: bool = True
    refusals: tuple[str, ...] = ()

    @property
    def last_month(self) -> int:
        """Last month whose outcome is read."""
        return self.months[-1] + self.follow_up_months

    @property
    def same_months(self) -> bool:
        """Whether both arms enter in the same months, so that a month is a stratum."""
        return self.entry_months == self.pool_months


def target_trial(study: Study) -> TargetTrial:
    """Return the target trial a study describes, with the programme's rules of each month.

    Raises:
        CohortError: The design is no trial a month, or a programme was closed.
        ImmortalTimeError: A rule uses what is not known at time zero.
    """
    design = study.design
    if not design.monthly:
        monthly = ", ".join(d.name for d in DESIGNS.values() if d.monthly)
        raise CohortError(
            f"study '{study.study}' is a {design.name}: it has no time zero for each person; the "
            f"designs that do are {monthly}"
        )
    if study.entries is None or study.territory is None:
        raise CohortError(f"study '{study.study}' has no entries or no territory: it is no cohort")
    _refuse_pool(study)
    refuse_unknown_place(study.territory)
    refuse_unknown_at_zero(study.eligibility.require, "eligibility.require")
    check_required(study.eligibility.require, "eligibility.require")
    entering, waiting = _months(study.entries), _months(study.comparison.entries or study.entries)
    active = design.compares and study.comparison.pool != "not_yet_entered"
    ages = _ages_of(study, entering, waiting if active else ())
    return TargetTrial(
        programme=study.programme,
        dispositif=study.dispositif,
        first_entry=study.treatment.first_entry,
        months=tuple(ages),
        ages=tuple(ages.values()),
        eligibility=study.eligibility,
        territory=study.territory,
        follow_up_months=study.follow_up_months,
        history_months=study.history_months,
        estimand=study.estimand,
        breaks=study.breaks,
        design=design,
        pool=study.comparison.pool if active else study.comparison.trial or "",
        entry_months=entering,
        pool_months=waiting if active else entering,
        rang=study.treatment.rang,
        nested=study.treatment.nested,
        instrument=study.comparison.instrument is not None,
        described=study.subgroups,
        per_entrant=study.comparison.per_entrant if study.comparison.within else 0,
        on_past=not design.trends or bool(study.comparison.on_past),
        refusals=study.comparison.refusals or (),
    )


def _months(entries: Entries) -> tuple[int, ...]:
    return tuple(months_from(entries.first, entries.last))


def _refuse_pool(study: Study) -> None:
    given = study.comparison
    usual = study.design.pool or given.pool
    if given.pool != usual:
        raise CohortError(
            f"comparison.pool '{given.pool}': the pool of {given.design} is '{usual}', the only "
            "one that selects on nothing that happens later"
        )


def _ages_of(
    study: Study, entering: tuple[int, ...], waiting: tuple[int, ...]
) -> dict[int, AgeRule]:
    """Return the ages at each month, in order: those that both programmes take.

    An entrant older than the comparator takes has nobody to be compared with.
    """
    dispositif = study.dispositif
    own = {m: _ages(study, first_day(m), dispositif) for m in entering}
    theirs = {m: _ages(study, first_day(m), study.comparison.pool) for m in waiting}
    if not theirs:
        return own
    every = (*own.values(), *theirs.values())
    both = {m: _narrowest((own.get(m), theirs.get(m))) for m in sorted({*own, *theirs})}
    if entering == waiting:
        return both
    return dict.fromkeys(both, _narrowest(every))


def _narrowest(given: Iterable[AgeRule | None]) -> AgeRule:
    """Return the ages that all the rules take."""
    return reduce(
        lambda a, b: AgeRule(
            max(a.lowest, b.lowest),
            min(a.highest, b.highest),
            min(a.highest_rqth, b.highest_rqth),
        ),
        [age for age in given if age is not None],
    )


def _day_of(programme: str, key: str) -> object:
    """Return the day a programme opened or closed, None where no rule says it."""
    rule = rules(programme).rules.get(key) if programme in programmes() else None
    return None if rule is None else rule.values[0].value


def _ages(study: Study, day: dt.date, programme: str) -> AgeRule:
    """Return the ages of the study, or those of a programme's rules on `day`."""
    given = study.eligibility
    in_force = rules(programme).at(day) if programme in programmes() else {}
    opening, closing = (_day_of(programme, key) for key in _LIFE)
    if (isinstance(opening, dt.date) and day < opening) or (
        isinstance(closing, dt.date) and day > closing
    ):
        where = "entries" if programme == study.dispositif else "comparison.entries"
        raise CohortError(
            f"{programme} takes first entries from {opening} to {closing or 'now'}, not on "
            f"{day}; change '{where}' of the study"
        )
    values = {k: v.value for k, v in in_force.items() if isinstance(v.value, int | float)}
    lowest = given.age_min if given.age_min is not None else values.get("age_min")
    highest = given.age_max if given.age_max is not None else values.get("age_max")
    if lowest is None or highest is None:
        raise CohortError(
            f"no age rule of {programme} is known on {day}; "
            "give eligibility.age_min and eligibility.age_max in the study"
        )
    rqth = given.age_max_rqth if given.age_max_rqth is not None else values.get("age_max_rqth")
    return AgeRule(int(lowest), int(highest), int(rqth if rqth is not None else highest))
