"""The target trial: who could enter, when, under which arm (Hernán and Robins, 2016)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from evalml.cohort.known import refuse_unknown_at_zero
from evalml.errors import CohortError
from evalml.months import first_day, months_from
from evalml.rules import rules
from evalml.study import Eligibility, Study, Territory

_LIFE = ("opening", "closing")


@dataclass(frozen=True, slots=True)
class AgeRule:
    """Ages at time zero, in completed years, both ends included."""

    lowest: int
    highest: int
    highest_rqth: int


@dataclass(frozen=True, slots=True)
class TargetTrial:
    """The protocol of sequential trials, one for each month of entry.

    Attributes:
        programme: Name of the programme whose entry is evaluated.
        dispositif: Its code in `accompagnements`.
        first_entry: Whether only first entries (rank 1) count; renewals then never start a trial.
        months: Month numbers of the trials (`evalml.months`); time zero is the first day.
        ages: Age rule in force at each month, in the order of `months`.
        eligibility: Who could have entered.
        territory: Where the persons are followed.
        follow_up_months: Months observed after time zero.
        history_months: Months before time zero that describe the past.
        grace_months: Months after time zero in which an entry still belongs to the treated arm.
        estimand: `att` or `ate`.
        breaks: Changes of information system that the study declares it crosses.
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
    grace_months: int
    estimand: str
    breaks: tuple[dt.date, ...] = ()

    @property
    def last_month(self) -> int:
        """Last month whose outcome is read."""
        return self.months[-1] + self.follow_up_months


def target_trial(study: Study) -> TargetTrial:
    """Return the target trial a study describes, with the programme's rules of each month.

    Raises:
        CohortError: The design is not one of sequential trials, or the programme was closed.
        ImmortalTimeError: A rule uses what is not known at time zero.
    """
    if study.entries is None or study.territory is None:
        raise CohortError(f"study '{study.study}' has no entries or no territory: it is no cohort")
    refuse_unknown_at_zero(study.eligibility.require, "eligibility.require")
    months = tuple(months_from(study.entries.first, study.entries.last))
    return TargetTrial(
        programme=study.programme,
        dispositif=study.treatment.dispositif or study.programme,
        first_entry=study.treatment.first_entry,
        months=months,
        ages=tuple(_ages(study, first_day(m)) for m in months),
        eligibility=study.eligibility,
        territory=study.territory,
        follow_up_months=study.follow_up_months,
        history_months=study.history_months,
        grace_months=study.grace_months,
        estimand=study.estimand,
        breaks=study.breaks,
    )


def _ages(study: Study, day: dt.date) -> AgeRule:
    """Return the ages of the study, or those of the programme's rules on `day`."""
    given = study.eligibility
    in_force = rules(study.programme).at(day)
    opening, closing = (in_force[k].value if k in in_force else None for k in _LIFE)
    if (isinstance(opening, dt.date) and day < opening) or (
        isinstance(closing, dt.date) and day > closing
    ):
        raise CohortError(
            f"{study.programme} takes first entries from {opening} to {closing or 'now'}, not on "
            f"{day}; change 'entries' of the study"
        )
    values = {k: v.value for k, v in in_force.items() if isinstance(v.value, int | float)}
    lowest = given.age_min if given.age_min is not None else values.get("age_min")
    highest = given.age_max if given.age_max is not None else values.get("age_max")
    if lowest is None or highest is None:
        raise CohortError(
            f"no age rule of {study.programme} is known on {day}; "
            "give eligibility.age_min and eligibility.age_max in the study"
        )
    rqth = given.age_max_rqth if given.age_max_rqth is not None else values.get("age_max_rqth")
    return AgeRule(int(lowest), int(highest), int(rqth if rqth is not None else highest))
