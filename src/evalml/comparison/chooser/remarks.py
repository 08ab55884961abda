"""What to watch in a study whatever its design: each remark one function, silent when fine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.comparison.chooser.facts import Facts, Reason, dated, day, opened
from evalml.outcomes.outcome import OUTCOMES
from evalml.panel.build import SOURCES
from evalml.rules import programmes, rules
from evalml.study import PROGRAMMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        held = facts.holds(table)
        if outcome is None:
            yield Reason("no", f"no outcome of the catalogue is called '{name}'")
        elif outcome.channel == "declared":
            yield Reason("caution", f"{name} is declared to a counsellor{_BLINDS}")
        elif held is None:
            yield Reason("caution", f"{name} needs table {table}; give --extract to know")
        elif not held and outcome.fallback is None:
            yield Reason("no", f"{name} needs table {table}, which the extract lacks")
        elif not held:
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
    held = rules(facts.programme).at(facts.first) if known else {}
    given = facts.study.eligibility
    asked = {"age_min": given.age_min, "age_max": given.age_max}
    for name, value in asked.items():
        rule = held.get(name)
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
