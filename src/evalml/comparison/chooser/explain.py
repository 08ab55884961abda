"""Judge every design and method of the table on one study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.comparison.chooser.cards import DESIGNS, METHODS, DesignCard, MethodCard
from evalml.comparison.chooser.facts import Facts, Reason
from evalml.comparison.chooser.remarks import REMARKS

if TYPE_CHECKING:
    from evalml.study import Study


@dataclass(frozen=True, slots=True)
class JudgedDesign:
    """A design or a method, judged on a study.

    Attributes:
        name: Its name.
        declared: Whether the study asks for it.
        applies: Whether nothing speaks against it.
        reasons: What speaks for and against.
    """

    name: str
    declared: bool
    applies: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a study may use.

    Attributes:
        study: Name of the study.
        programme: Its programme.
        designs: Every design.
        methods: Every method that a design which applies may use, and those declared.
        remarks: What to watch, by topic.
    """

    study: str
    programme: str
    designs: tuple[JudgedDesign, ...]
    methods: tuple[JudgedDesign, ...]
    remarks: tuple[tuple[str, Reason], ...]


def explain_study(study: Study, tables: frozenset[str] | None = None) -> Explanation:
    """Say which designs and methods a study may use, and why.

    Args:
        study: The study.
        tables: Names of the tables of the extract; None when it is not known.
    """
    facts = Facts(study, tables)
    designs = tuple(_design(card, facts) for card in DESIGNS.values())
    possible = [DESIGNS[d.name] for d in designs if d.applies or d.declared]
    remarks = tuple((r.topic, reason) for r in REMARKS for reason in r.judge(facts))
    methods = tuple(_method(card, facts, possible) for card in METHODS.values())
    return Explanation(study.study, study.programme, designs, methods, remarks)


def _design(card: DesignCard, facts: Facts) -> JudgedDesign:
    declared = facts.study.comparison.design == card.name
    return JudgedDesign(card.name, declared, *_verdict(_reasons(card, facts)))


def _reasons(card: DesignCard, facts: Facts) -> tuple[Reason, ...]:
    """Return why not at once where the programme or the kind of table is another's."""
    if card.name == "cross_section":
        if facts.study.is_cohort:
            return (Reason("no", "the study follows persons over time: a table has no time"),)
    elif not facts.known or not facts.study.is_cohort:
        return (Reason("no", "the study is one table of persons, without dates"),)
    reasons = tuple(need.judge(facts) for need in card.needs)
    if card.programmes and facts.programme not in card.programmes:
        against = tuple(r for r in reasons if r.status == "no")[:1]
        fits = ", ".join(card.programmes)
        return (Reason("no", f"fits {fits}, not {facts.programme}"), *against)
    return reasons


def _verdict(reasons: tuple[Reason, ...]) -> tuple[bool, tuple[Reason, ...]]:
    return all(r.status != "no" for r in reasons), reasons


def _method(card: MethodCard, facts: Facts, possible: list[DesignCard]) -> JudgedDesign:
    study = facts.study
    declared = card.name in study.methods
    reasons = [*_of_designs(card, study, possible), *_of_estimand(card, study)]
    if card.name == "diff":
        primary = " and is the primary method" if study.primary.method == "diff" else ""
        reasons.append(Reason("caution", f"adjusts for nothing{primary}: {card.when}"))
    if not reasons:
        reasons = [Reason("ok", card.when)]
    return JudgedDesign(card.name, declared, *_verdict(tuple(reasons)))


_ADDS = {
    "ipcw": "adds to any design: persons lost before the horizon",
    "km, aj, rmst, cox": "adds to any design: time to an event",
}


def _of_designs(card: MethodCard, study: Study, possible: list[DesignCard]) -> list[Reason]:
    if card.name == "clone_censor_weight":
        return [_grace(study.grace_months)]
    if card.name in _ADDS:
        no_time = Reason("no", "the table has no time")
        return [Reason("ok", _ADDS[card.name]) if study.is_cohort else no_time]
    if card.name == "twfe":
        return [Reason("no", f"biased with {card.never}")]
    if not any(card.name in design.methods for design in possible):
        return [Reason("no", "no design that applies to this study uses it")]
    if study.grace_months and card.name in DESIGNS["cross_section"].methods:
        return [Reason("caution", "places persons by what happens in the grace period")]
    return []


def _grace(months: int) -> Reason:
    if months:
        return Reason("ok", f"grace period of {months} months")
    return Reason("no", "no grace period: entry is known at time zero")


def _of_estimand(card: MethodCard, study: Study) -> list[Reason]:
    if card.name in DESIGNS["cross_section"].methods and study.estimand not in card.estimands:
        offered = " or ".join(card.estimands)
        return [Reason("no", f"estimates {offered}; the study asks for {study.estimand}")]
    return []
