"""What a design needs, judged on a study: each need one function, one reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.cohort.covariates import STANDARD
from evalml.comparison.chooser.facts import Facts, Reason, dated, day, open_over, opened
from evalml.study import PROGRAMMES

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = 10
LINKED_SINCE = 2017


NEEDS: dict[str, Need] = {}
"""Every condition that a design of `study/designs.py` may name."""


@dataclass(frozen=True, slots=True)
class Need:
    """One condition of a design.

    Attributes:
        text: What is needed, for the page.
        judge: Judges it on a study.
    """

    text: str
    judge: Callable[[Facts], Reason]


def need(text: str) -> Callable[[Callable[[Facts], Reason]], Callable[[Facts], Reason]]:
    """Declare a condition, in the words of the page."""

    def declare(judge: Callable[[Facts], Reason]) -> Callable[[Facts], Reason]:
        NEEDS[judge.__name__] = Need(text, judge)
        return judge

    return declare


@need("the programme takes entries over all the months studied")
def programme_open(facts: Facts) -> Reason:
    """The programme takes entries over all the months studied."""
    reason, everywhere = open_over(facts.programme, facts), day("GJ", "generalisation")
    if facts.programme != "GJ" or reason.status != "ok" or everywhere is None:
        return reason
    if facts.first is None or facts.first >= everywhere:
        return reason
    return Reason(
        "caution",
        f"until {everywhere} GJ is open in some areas only: in the others nobody could enter, "
        "and nobody there belongs to the pool",
    )


@need("what drives entry is described before time zero")
def has_covariates(facts: Facts) -> Reason:
    """What drives entry is described before time zero."""
    count = len(facts.study.covariates)
    if not count:
        return Reason("no", "no covariates: nothing makes those who enter and the others alike")
    if STANDARD in facts.study.covariates:
        return Reason("ok", "the standard covariates of what the extract holds, the past included")
    past = [c for c in facts.study.covariates if c.startswith(("emploi_avant", "mois_emploi"))]
    if facts.study.over_time and not past:
        return Reason(
            "caution", f"{count} covariates, none on past employment: the dip before entry stays"
        )
    return Reason("ok", f"{count} covariates known at time zero")


@need("the pool is those not entered yet, never the « never »")
def pool_not_yet(facts: Facts) -> Reason:
    """Compared with those who have not entered yet, later entry allowed."""
    pool, design = facts.study.comparison.pool, facts.study.design
    if design.waits and pool != design.pool:
        return Reason(
            "no", f"pool '{pool}': only 'not_yet_entered' selects on nothing that happens later"
        )
    return Reason("ok", "compared with those not entered yet; later entries stay (decision 0001)")


@need("both arms are followed before and after")
def followed_before(facts: Facts) -> Reason:
    """Entrants and the others are followed from the same month, in the same files."""
    if facts.programme == "IAE":
        return Reason(
            "caution",
            "only the entrants known to a mission locale are seen; jobseekers sent by others "
            "are in no pool",
        )
    months = facts.study.eligibility.accompanied_within_months
    if months is None:
        return Reason("caution", "the study leaves out the rule that both arms had a recent act")
    return Reason("ok", f"both arms had contact with a mission locale within {months} months")


def comparator_of(facts: Facts) -> str | None:
    """Return the programme compared with: the pool, or the usual one."""
    pool = facts.study.comparison.pool.upper()
    own = PROGRAMMES.get(facts.programme)
    return pool if pool in PROGRAMMES else (own.comparator if own is not None else "") or None


@need("both programmes take entries over all the months")
def both_open(facts: Facts) -> Reason:
    """Both programmes take entries over all the months studied."""
    other = comparator_of(facts)
    if other is None:
        return Reason("no", f"no programme serves the same persons as {facts.programme}")
    if {facts.programme, other} == {"GJ", "CEJ"}:
        if facts.study.comparison.entries is not None:
            return Reason(
                "caution",
                "the comparison persons enter in other months (comparison.entries): the season and "
                "the economy of those months are in the comparison",
            )
        return Reason(
            "no",
            "GJ closed on the eve of CEJ: nobody could enter either. Last GJ entrants against "
            "first CEJ entrants is a comparison of cohorts, with the season and the economy in it",
        )
    own, theirs = programme_open(facts), open_over(other, facts)
    worst = min((own, theirs), key=lambda r: ("no", "caution", "ok").index(r.status))
    if worst.status != "ok":
        return worst
    return Reason("ok", f"{facts.programme} and {other} both took entries in all these months")


@need("neither is a phase of the other")
def not_nested(facts: Facts) -> Reason:
    """Neither programme is a part of the other."""
    names = {facts.programme, comparator_of(facts)}
    if names == {"GJ", "PACEA"}:
        return Reason(
            "caution",
            "a GJ is a phase of a PACEA from 2017: compare with PACEA spells without a GJ inside",
        )
    return Reason("ok", "neither programme is a phase of the other")


@need("entry is decided on an application that is kept")
def is_iae(facts: Facts) -> Reason:
    """Entry is decided on an application that is kept."""
    if facts.programme != "IAE":
        return Reason("no", f"{facts.programme} is entered without an application that is kept")
    return Reason("ok", "IAE is entered through applications, accepted or refused")


@need("the extract holds the applications")
def has_applications(facts: Facts) -> Reason:
    """The extract holds the applications."""
    held = facts.holds("iae_candidatures")
    if held is None:
        return Reason("caution", "needs table iae_candidatures; give --extract to know")
    if not held:
        return Reason("no", "the extract does not hold table iae_candidatures")
    return Reason("ok", "the extract holds the applications")


@need("a refusal has a date")
def refusals_dated(facts: Facts) -> Reason:
    """A refusal has a date, also where nobody answered."""
    days = dated("IAE", "auto_refusal_days")
    if facts.first is not None and facts.first < dt.date(2021, 11, 30):
        return Reason("caution", "entries before 30 November 2021: no rule read dates refusals")
    return Reason(
        "caution",
        f"without answer an application counts as refused after {days} days: time zero is the "
        "application, not the answer; compare within the type of SIAE",
    )


@need("areas open at different dates")
def opened_by_area(facts: Facts) -> Reason:
    """Areas open the programme at different dates."""
    start, everywhere = opened("GJ"), day("GJ", "generalisation")
    if facts.programme != "GJ":
        where = opened(facts.programme)
        when = f"everywhere on {where}" if where else "nowhere by waves, in the texts read"
        return Reason("no", f"{facts.programme} opened {when}; only GJ was rolled out by areas")
    if facts.first is None or facts.last is None or start is None or everywhere is None:
        return Reason("no", "the study has no entries: no months before and after opening")
    if facts.first >= everywhere:
        return Reason("no", f"GJ is open in every mission locale since {everywhere}")
    if facts.last >= everywhere:
        return Reason(
            "caution", f"from {everywhere} no area is left to compare with: use months before it"
        )
    return Reason("ok", f"between {start} and {everywhere} some areas were open, others not")


@need("the dates are known, and differ within the territory")
def areas_known(facts: Facts) -> Reason:
    """The opening date of each area is known, and they differ."""
    if facts.programme != "GJ":
        return Reason("no", "no waves")
    waves = dated("GJ", "waves") or []
    dates = {d: w["start"] for w in reversed(waves) for d in w["departements"]}
    partial = sorted({d for w in waves for d in w["partial"]} & set(facts.departements))
    named = facts.departements
    if not named:
        return Reason(
            "caution",
            "the unit of opening is the mission locale; the annexes that list them, and the waves "
            "of 2016, were not read: give the dates by mission locale",
        )
    found = {d: dates[d] for d in named if d in dates}
    if partial:
        return Reason(
            "caution",
            f"département {', '.join(partial)} opened in two waves, each for some of its missions "
            "locales: date the missions locales",
        )
    listed = ", ".join(f"{d} on {found[d]}" for d in found)
    if len(set(found.values())) + (len(found) < len(named)) < 2:  # noqa: PLR2004
        return Reason("no", f"all the areas open together ({listed or 'no date read'})")
    rest = " (the others after September 2015, no date read)" if len(found) < len(named) else ""
    return Reason("ok", f"opening dates differ: {listed}{rest}")


@need("the outcome means the same before and after")
def seen_alike(facts: Facts) -> Reason:
    """Outcomes are seen alike before and after opening."""
    if facts.first is None or facts.first.year >= LINKED_SINCE:
        return Reason("ok", "one information system over the whole period")
    return Reason(
        "caution",
        "I-Milo replaced Parcours 3 region by region in 2015, and employer declarations start in "
        f"{LINKED_SINCE}: check that the outcome means the same before and after",
    )


@need("something moves entry and nothing else")
def has_instrument(facts: Facts) -> Reason:
    """Something moves entry and nothing else."""
    if not facts.known:
        return Reason("no", "no capacity of a mission locale moves entry here")
    return Reason(
        "caution",
        "needs a column that moves entry and nothing else, such as places per youth by mission "
        "locale and month; no test can show that it moves nothing else",
    )


@need("it varies over enough missions locales")
def many_areas(facts: Facts) -> Reason:
    """Capacity varies over enough missions locales."""
    territory = facts.study.territory
    if territory is None:
        return Reason("no", "no territory: no missions locales whose capacity varies")
    count = len(territory.structure or ())
    if territory.structure is not None and count < FEW:
        return Reason(
            "no", f"missions locales in the territory: {count}; capacity varies too little"
        )
    return Reason("ok", "several missions locales, whose capacities differ")


@need("a table with one row per person, and a treatment")
def has_source(facts: Facts) -> Reason:
    """A table with one row per person, and a column of the treatment."""
    comparison, column = facts.study.comparison, facts.study.treatment.column
    if comparison.source is None:
        return Reason("no", "no 'comparison.source': the study follows persons over time")
    if column is None:
        return Reason("no", "no 'treatment.column': which of its columns says who was treated?")
    return Reason("ok", f"table {comparison.source}, treatment in column {column}")
