"""What is known of a study before any person is read, what a design needs, what to watch."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from evalml.cohort.covariates import STANDARD
from evalml.errors import EvalmlError
from evalml.outcomes.outcome import OUTCOMES
from evalml.panel.build import SOURCES
from evalml.rules import programmes, rules
from evalml.study import PROGRAMMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


@need("the extract holds the list of the draw (`affectations`)")
def has_draw(facts: Facts) -> Reason:
    """The list of the draw is there."""
    present = facts.holds("affectations")
    if present is None:
        required = facts.study.design.arms == "drawn"
        return Reason(
            "caution" if required else "no",
            "no extract was given that holds a table `affectations`",
        )
    return Reason(
        "ok" if present else "no", f"the extract {'holds' if present else 'lacks'} its list"
    )


@need("both arms can enter what they enter in those months")
def pool_open(facts: Facts) -> Reason:
    """The programme takes entries and, where the pool is another one, so does that one."""
    if facts.study.comparison.pool.upper() in PROGRAMMES:
        return both_open(facts)
    return programme_open(facts)


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
    present = facts.holds("iae_candidatures")
    if present is None:
        return Reason("caution", "needs table iae_candidatures; give --extract to know")
    if not present:
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
    given = facts.study.comparison.openings
    if given is not None and facts.programme == "GJ":
        return Reason("ok", f"the study dates {len(given)} openings itself")
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
    given = facts.study.comparison.openings
    if given is not None and facts.programme == "GJ":
        differ = len(set(given.values())) > 1
        return Reason("ok" if differ else "caution", f"{len(set(given.values()))} dates are given")
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


_FEW = 10
_LOCK_IN = 6


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to watch.

    Attributes:
        topic: Two words.
        text: The rule, for the page.
        judge: Judges it on a study; nothing when there is nothing to say.
    """

    topic: str
    text: str
    judge: Callable[[Facts], Iterator[Reason]]


def declared_outcomes(facts: Facts) -> Iterator[Reason]:
    """Say which outcomes a counsellor observes, and what follows."""
    if not facts.study.over_time:
        return
    for name in facts.study.outcomes:
        outcome = OUTCOMES.get(name)
        table = SOURCES.get(outcome.channel, "") if outcome is not None else ""
        present = facts.holds(table)
        if outcome is None:
            yield Reason("no", f"no outcome of the catalogue is called '{name}'")
        elif outcome.channel == "declared":
            yield Reason("caution", f"{name} is declared to a counsellor{_BLINDS}")
        elif present is None:
            yield Reason("caution", f"{name} needs table {table}; give --extract to know")
        elif not present and outcome.fallback is None:
            yield Reason("no", f"{name} needs table {table}, which the extract lacks")
        elif not present:
            yield Reason(
                "caution", f"without table {table}, {name} becomes {outcome.fallback}{_BLINDS}"
            )
        else:
            yield Reason("ok", f"{name} is observed by {table}, in both arms alike")


_BLINDS = (
    ": those in a programme are met, so known, more often; where the arms differ by more than "
    "'checks.observation_gap' the effect is blinded"
)


def small_numbers(facts: Facts) -> Iterator[Reason]:
    """Ask for the minimum detectable effect first where few are treated or few areas are seen."""
    territory = facts.study.territory
    structures = () if territory is None else territory.structure or ()
    small = (facts.known and PROGRAMMES[facts.programme].small) or bool(structures)
    declared = facts.study.minimum_effect
    if small and declared is None:
        yield Reason(
            "caution",
            "compute the minimum detectable effect first, and give the smallest "
            "effect that matters as 'minimum_effect'",
        )
    elif declared is None and facts.known:
        yield Reason("caution", "no 'minimum_effect': an empty interval will not say if it matters")
    elif declared is not None:
        yield Reason("ok", f"smallest effect that matters: {declared:g}")
    if structures and len(structures) < _FEW:
        poor = "no" if len(structures) == 1 else "a poor"
        yield Reason(
            "caution",
            f"missions locales in the territory: {len(structures)}; {poor} variance by cluster",
        )


def lock_in(facts: Facts) -> Iterator[Reason]:
    """Say which horizons lie within the programme."""
    longest = dated(facts.programme, "duration_max_months") if facts.known else None
    horizons = facts.study.horizons
    if not horizons or not isinstance(longest, int):
        return
    inside = [h for h in horizons if h <= longest]
    if inside == list(horizons):
        yield Reason(
            "caution",
            f"every horizon lies within the longest plan ({longest} months): persons may still be "
            "in the programme, and search less meanwhile (lock-in)",
        )
    elif inside:
        listed = ", ".join(map(str, inside))
        yield Reason("ok", f"horizons {listed} lie within the longest plan ({longest} months)")


def nesting(facts: Facts) -> Iterator[Reason]:
    """Count nobody twice: GJ inside PACEA."""
    closing = day("GJ", "closing")
    start = opened("PACEA")
    if facts.programme not in {"PACEA", "GJ"} or facts.first is None:
        return
    if closing is None or start is None or facts.first > closing:
        return
    if facts.last is not None and facts.last < start:
        return
    if facts.programme == "PACEA" and "GJ" not in facts.study.eligibility.outside_programmes:
        yield Reason(
            "caution",
            f"until {closing} a GJ is a phase of a PACEA: add GJ to "
            "eligibility.outside_programmes, or its effect counts as that of PACEA",
        )


def inside_iae(facts: Facts) -> Iterator[Reason]:
    """Employment inside IAE is the programme, not its outcome."""
    if facts.programme != "IAE":
        return
    primary = facts.study.primary
    if primary.outcome != "emploi_hors_iae":
        yield Reason(
            "caution",
            f"primary outcome {primary.outcome} counts the contract in the SIAE itself: take "
            "emploi_hors_iae",
        )
    if primary.horizon is not None and primary.horizon < _LOCK_IN:
        yield Reason("caution", f"at {primary.horizon} months most are still in the SIAE (lock-in)")


def ages(facts: Facts) -> Iterator[Reason]:
    """Compare the ages of the study with the dated rule."""
    if not facts.known or facts.first is None:
        return
    known = facts.programme in programmes()
    legal = rules(facts.programme).at(facts.first) if known else {}
    given = facts.study.eligibility
    chosen = {"age_min": given.age_min, "age_max": given.age_max}
    for name, value in chosen.items():
        rule = legal.get(name)
        if rule is None and value is None:
            yield Reason(
                "no", f"no rule read gives {name} of {facts.programme}: give eligibility.{name}"
            )
        elif rule is not None and value is not None and value != rule.value:
            yield Reason(
                "caution", f"{name} is {value}, the rule says {rule.value}: {rule.reference}"
            )


def registration(facts: Facts) -> Iterator[Reason]:
    """Say that registration changed for everybody."""
    start = opened("LOI_PLEIN_EMPLOI")
    if facts.known and facts.last is not None and start is not None and facts.last >= start:
        yield Reason(
            "caution",
            f"from {start} youths in PACEA or CEJ are registered with France Travail by the law: "
            "« Demandeur d'emploi » no longer tells the arms apart",
        )


def controls(facts: Facts) -> Iterator[Reason]:
    """Ask for something the programme cannot change."""
    if facts.study.over_time and not facts.study.negative_controls:
        yield Reason("caution", "no negative control: name an outcome the programme cannot change")


REMARKS: tuple[Remark, ...] = (
    Remark(
        "outcomes",
        "An outcome declared to a counsellor is known more often for those who are followed; "
        "without table `emploi_mensuel` most are, and the effect will often be blinded.",
        declared_outcomes,
    ),
    Remark(
        "small numbers",
        "For parrainage, or a few missions locales, compute the minimum detectable effect first.",
        small_numbers,
    ),
    Remark(
        "lock-in",
        "Horizons within the longest plan show persons still in the programme.",
        lock_in,
    ),
    Remark(
        "nesting",
        "Until February 2022 a GJ is a phase of a PACEA: keep it out of PACEA's effect.",
        nesting,
    ),
    Remark(
        "inside IAE",
        "Employment inside a SIAE is the programme: the outcome is employment outside, from six "
        "months on.",
        inside_iae,
    ),
    Remark("ages", "Ages come from the rule in force on the day of entry.", ages),
    Remark(
        "registration",
        "From 2025 all are registered with France Travail: that no longer tells the arms apart.",
        registration,
    ),
    Remark(
        "negative controls",
        "Name an outcome that the programme cannot change: it shows what bias is left.",
        controls,
    ),
)
