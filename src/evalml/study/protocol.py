"""The target-trial protocol: every key of a study, and what must hold between them.

A study says what is evaluated (the target trial, the comparison, the outcomes); where it runs
(extract, engine, folders) is not its business.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from evalml.errors import nearest
from evalml.reading.yaml_text import StrictModelByName
from evalml.study.designs import DESIGNS, StudyDesign
from evalml.study.methods import METHODS, MethodSettings, methods_of, settings_allowed
from evalml.study.parts import (
    Code,
    ComparisonDesign,
    Eligibility,
    Entries,
    Example,
    Method,
    Name,
    Primary,
    Territory,
    Thresholds,
    Treatment,
    Waits,
    sentence,
)
from evalml.study.programmes import PROGRAMMES
from evalml.study.rerun import MAY_CHANGE, merged

if TYPE_CHECKING:
    from collections.abc import Iterator


def seed_of(known: dict[str, Any]) -> int:
    """Return the seed of a study that sets none: the first digits of the hash of its name."""
    return int(hashlib.sha256(str(known.get("study", "")).encode()).hexdigest()[:8], 16)


class Study(StrictModelByName):
    """The target-trial protocol of one evaluation.

    `missing` says what is done of outcomes lost from sight: `complete` compares those known,
    `ipcw` weights them by one over their probability of being known, `bounds` gives the interval
    that holds the effect whatever the unknown ones.
    """

    study: Name
    title: str = Field(min_length=3, max_length=300)
    programme: Code
    notebook: Code
    territory: Territory | None = None
    entries: Entries | None = None
    eligibility: Eligibility = Field(default_factory=Eligibility)
    time_zero: Literal["month_start"] = "month_start"
    treatment: Treatment = Field(default_factory=Treatment)
    comparison: ComparisonDesign
    estimand: Literal["att", "ate", "itt"] = "att"
    missing: Literal["complete", "ipcw", "bounds"] = "complete"
    follow_up_months: int = Field(12, ge=1, le=120)
    grace_months: int = Field(0, ge=0, le=0)
    outcomes: tuple[str, ...] = Field(min_length=1)
    horizons: tuple[Annotated[int, Field(ge=0, le=120)], ...] = ()
    covariates: tuple[str, ...] = ()
    history_months: int = Field(12, ge=0, le=60)
    methods: tuple[Method, ...] = Field(("diff", "ipw", "aipw"), min_length=1)
    method_settings: dict[Method, MethodSettings] = Field(default_factory=dict)
    primary: Primary
    minimum_effect: float | None = Field(None, allow_inf_nan=False)
    durations: Waits | None = None
    subgroups: tuple[str, ...] = ()
    negative_controls: tuple[str, ...] = ()
    checks: Thresholds = Field(default_factory=Thresholds)
    breaks: tuple[dt.date, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    title_en: str = ""
    labels_en: dict[str, str] = Field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    secondary: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    seed: int = Field(default_factory=seed_of, ge=0, lt=2**63)
    language: Literal["fr", "en"] = "fr"

    @field_validator("covariates", mode="before")
    @classmethod
    def _by_one_name(cls, given: Any) -> Any:
        """Take `covariates: standard`, the set that fits what the extract holds."""
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _coherent(self) -> Study:
        for problem in _incoherences(self):
            raise ValueError(problem)
        return self

    @property
    def design(self) -> StudyDesign:
        """The design: what it compares, allows and says."""
        return DESIGNS[self.comparison.design]

    @property
    def over_time(self) -> bool:
        """Whether the study reads an extract, whose rows have dates."""
        return self.design.over_time

    @property
    def dispositif(self) -> str:
        """Code of the programme whose entry is evaluated."""
        return self.treatment.dispositif or self.programme

    def analyses(self) -> dict[str, Study]:
        """Return each secondary analysis as a study of its own, by name."""
        base = self.model_dump(by_alias=True, exclude={"secondary"})
        return {
            name: Study.model_validate(merged(base, given))
            for name, given in self.secondary.items()
        }


def _incoherences(s: Study) -> Iterator[str]:
    if s.primary.outcome not in s.outcomes:
        yield f"primary.outcome '{s.primary.outcome}' is not among outcomes {list(s.outcomes)}"
    if s.primary.method not in s.methods:
        yield f"primary.method '{s.primary.method}' is not among methods {list(s.methods)}"
    yield from _of_the_design(s)
    yield from _of_the_settings(s)
    if s.examples and not s.design.monthly:
        yield f"'examples': {s.design.article} has no time zero for each person"
    if not s.over_time:
        if s.secondary:
            yield f"'secondary': a {s.design.name} has no secondary analyses"
        return
    yield from _of_the_missing(s)
    yield from _of_the_waits(s)
    yield from _of_the_cohort(s)
    yield from _of_the_covariates(s)
    yield from _of_the_secondary(s)


def _of_the_settings(s: Study) -> Iterator[str]:
    for name, settings in s.method_settings.items():
        place, allowed = f"method_settings.{name}", settings_allowed(METHODS[name])
        if name not in s.methods:
            yield f"{place}: the method is not among methods {list(s.methods)}"
        for key in settings.given:
            if key not in allowed:
                reads = f"; it reads {list(allowed)}" if allowed else ""
                yield f"{place}: {name} has no setting '{key}'{reads}"
        apart = [key for key in ("trim", "splits") if key in settings.given]
        if s.missing == "ipcw" and apart:
            yield f"{place}.{apart[0]}: missing 'ipcw' weights every row, once; leave it out"
        if settings.bias_adjust and settings.replace is False:
            yield f"{place}: bias_adjust needs matching with replacement"


def _of_the_waits(s: Study) -> Iterator[str]:
    if s.durations is None:
        return
    if not s.design.monthly:
        yield f"durations: {s.design.article} has no time zero for each person"
    for name in (s.durations.event, *s.durations.competing):
        if name not in s.outcomes:
            yield f"durations: '{name}' is not among outcomes {list(s.outcomes)}"
    if s.durations.event in s.durations.competing:
        yield f"durations: '{s.durations.event}' cannot compete with itself"


def _of_the_missing(s: Study) -> Iterator[str]:
    able = [m.name for m in METHODS.values() if m.seen]
    other = [m for m in s.methods if m not in able]
    if s.missing == "ipcw" and (other or s.estimand != "att"):
        found = f"method '{other[0]}'" if other else f"estimand '{s.estimand}'"
        yield f"missing 'ipcw' weights the outcomes known: {able} for att, not {found}"
    if s.missing == "bounds" and not s.design.bounds:
        yield f"missing 'bounds' compares two arms from a time zero, not a {s.design.name}"


def _of_the_cohort(s: Study) -> Iterator[str]:
    if s.programme not in PROGRAMMES:
        yield f"programme '{s.programme}' is unknown; {nearest(s.programme, PROGRAMMES)}"
    elif s.treatment.dispositif not in {None, s.programme}:
        yield (
            f"treatment.dispositif '{s.treatment.dispositif}' is not the programme of the study, "
            f"'{s.programme}'; give one of them"
        )
    if s.entries is None or s.territory is None:
        missing = "entries" if s.entries is None else "territory"
        yield f"'{missing}' is missing: a {s.design.name} study needs it"
    if not s.horizons:
        yield "'horizons' is missing: say at which months since time zero outcomes are compared"
    if s.horizons and max(s.horizons) > s.follow_up_months:
        yield f"horizon {max(s.horizons)} lies beyond follow_up_months ({s.follow_up_months})"
    if s.primary.horizon not in s.horizons:
        yield f"primary.horizon {s.primary.horizon} is not among horizons {list(s.horizons)}"


def _of_the_design(s: Study) -> Iterator[str]:
    design, allowed = s.design, methods_of(s.design.estimator)
    wrong = [m for m in s.methods if m not in allowed]
    if wrong:
        yield f"method '{wrong[0]}': {design.article} is estimated by [{', '.join(allowed)}]"
    if s.estimand not in design.estimands:
        estimands = " or ".join(design.estimands)
        yield f"estimand '{s.estimand}': {design.article} estimates {estimands}"
    if design.programme and s.dispositif != design.programme:
        yield (
            f"{design.name} compares applications to the {design.programme}, not entries into "
            f"{s.dispositif}"
        )
    if design.compares and s.comparison.pool == s.dispositif:
        yield f"comparison.pool is '{s.dispositif}', the programme evaluated; name another one"
    if s.comparison.openings is not None and s.programme not in design.programmes:
        yield (
            f"comparison.openings: the words of a roll-out are those of the Garantie jeunes, and "
            f"the programme is {s.programme}"
        )
    both = set(s.comparison.eligible_levels) & set(s.comparison.witness_levels)
    if both:
        yield f"comparison: '{min(both)}' is both an eligible and a witness level"


def _of_the_covariates(s: Study) -> Iterator[str]:
    if s.comparison.entries is not None and "mois_entree" in s.covariates:
        yield (
            "covariates: 'mois_entree' separates the arms, whose entries lie in different months "
            "(comparison.entries); take it off the covariates"
        )
    for design in DESIGNS.values():
        found = [n for n in design.covariates if n in (*s.covariates, *s.subgroups)]
        if found and found[0] not in s.design.covariates:
            yield f"'{found[0]}' describes an application: only {design.article} study has it"
    known = PROGRAMMES.get(s.dispositif)
    if s.treatment.nested != "any" and not (known and known.nests):
        of = " or ".join(f"the {p.nests} inside a {p.name}" for p in PROGRAMMES.values() if p.nests)
        yield f"treatment.nested is about {of}; leave it out"


def _of_the_secondary(s: Study) -> Iterator[str]:
    base = s.model_dump(by_alias=True, exclude={"secondary"})
    for name, given in s.secondary.items():
        place = f"secondary.{name}"
        unknown = [key for key in given if key not in MAY_CHANGE]
        yield from (f"unknown key '{place}.{key}'; {nearest(key, MAY_CHANGE)}" for key in unknown)
        if "title" not in given:
            yield f"missing key '{place}.title'"
        try:
            Study.model_validate(merged(base, {k: v for k, v in given.items() if k in MAY_CHANGE}))
        except ValidationError as fault:
            yield from (sentence(e, Study, place) for e in fault.errors(include_url=False))
