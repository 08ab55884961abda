"""Which designs and methods a study may use, and why: read by study or as a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.comparison.needs import NEEDS, REMARKS, Facts, Reason
from evalml.study import DESIGNS, METHODS, methods_of

if TYPE_CHECKING:
    from evalml.study import Method, Study, StudyDesign


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
        methods: Every method a study may name: a design that applies must use it.
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
    designs = tuple(_design(design, facts) for design in DESIGNS.values())
    possible = [DESIGNS[d.name] for d in designs if d.applies or d.declared]
    remarks = tuple((r.topic, reason) for r in REMARKS for reason in r.judge(facts))
    named = [m for m in METHODS.values() if m.in_study]
    methods = tuple(_method(method, facts, possible) for method in named)
    return Explanation(study.study, study.programme, designs, methods, remarks)


def _design(design: StudyDesign, facts: Facts) -> JudgedDesign:
    declared = facts.study.design is design
    return JudgedDesign(design.name, declared, *_verdict(_reasons(design, facts)))


def _reasons(design: StudyDesign, facts: Facts) -> tuple[Reason, ...]:
    """Return why not at once where the programme or the kind of table is another's."""
    if not design.over_time and facts.study.over_time:
        return (Reason("no", "the study follows persons over time: a table has no time"),)
    if design.over_time and not (facts.known and facts.study.over_time):
        return (Reason("no", "the study is one table of persons, without dates"),)
    reasons = tuple(NEEDS[name].judge(facts) for name in design.needs)
    if design.programmes and facts.programme not in design.programmes:
        against = tuple(r for r in reasons if r.status == "no")[:1]
        fits = ", ".join(design.programmes)
        return (Reason("no", f"fits {fits}, not {facts.programme}"), *against)
    return reasons


def _verdict(reasons: tuple[Reason, ...]) -> tuple[bool, tuple[Reason, ...]]:
    return all(r.status != "no" for r in reasons), reasons


def _method(method: Method, facts: Facts, possible: list[StudyDesign]) -> JudgedDesign:
    study = facts.study
    declared = method.name in study.methods
    reasons = [*_of_designs(method, possible), *_of_estimand(method, study, possible)]
    if method.also:
        primary = " and is the primary method" if study.primary.method == method.name else ""
        reasons.append(Reason("caution", f"adjusts for nothing{primary}: {method.when}"))
    if not reasons:
        reasons = [Reason("ok", method.when)]
    return JudgedDesign(method.name, declared, *_verdict(tuple(reasons)))


def _of_designs(method: Method, possible: list[StudyDesign]) -> list[Reason]:
    if not any(method.name in methods_of(design.estimator) for design in possible):
        return [Reason("no", "no design that applies to this study uses it")]
    return []


def _of_estimand(method: Method, study: Study, possible: list[StudyDesign]) -> list[Reason]:
    """Refuse an estimand the method does not offer, where its designs take that of the study."""
    fits = [d for d in possible if d.estimator == method.family and not d.estimates]
    takes = method.family == "adjusted" and any(study.estimand in d.estimands for d in fits)
    if takes and study.estimand not in method.estimands:
        offered = " or ".join(method.estimands)
        return [Reason("no", f"estimates {offered}; the study asks for {study.estimand}")]
    return []
