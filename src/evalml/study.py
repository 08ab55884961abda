"""A study: one file of `params/`, typed and checked before anything starts.

A study says what is evaluated (the target trial, the comparison, the outcomes); where it runs
(extract, engine, folders) is not its business. An unknown, missing or mistyped key is refused with
its name, its place and the nearest valid key.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from evalml.errors import StudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

PROGRAMMES = ("CEJ", "GJ", "PACEA", "PARRAINAGE", "IAE")

Design = Literal[
    "sequential_trials",
    "active_comparator",
    "accepted_refused",
    "rollout",
    "encouragement",
    "cross_section",
]
Method = Literal["diff", "ols", "regression_imputation", "match", "ipw", "ebal", "aipw"]
Code = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Territory(_Part):
    """Where the persons are followed; exactly one of the four keys."""

    region: Code | None = None
    departement: tuple[Code, ...] | None = None
    structure: tuple[Code, ...] | None = None
    national: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Territory:
        given = [k for k in type(self).model_fields if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of region, departement, structure, national")
        return self


class Entries(_Part):
    """Months of entry, first and last included."""

    first: dt.date = Field(alias="from")
    last: dt.date = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Entries:
        if self.last < self.first:
            raise ValueError(f"'to' ({self.last}) lies before 'from' ({self.first})")
        return self


class Eligibility(_Part):
    """Who could have entered; ages left out come from the dated rules of the programme."""

    age_min: int | None = Field(None, ge=15, le=30)
    age_max: int | None = Field(None, ge=15, le=30)
    age_max_rqth: int | None = Field(None, ge=15, le=30)
    accompanied_within_months: int = Field(5, ge=1, le=24)
    outside_situations: tuple[str, ...] = ("Scolarité", "Formation")
    outside_programmes: tuple[str, ...] = ()
    require: dict[str, str | bool | int] = Field(default_factory=dict)


class Treatment(_Part):
    """What the treated arm does at time zero."""

    dispositif: str | None = None
    first_entry: bool = True
    column: str | None = None


class ComparisonDesign(_Part):
    """Who they are compared with."""

    design: Design
    pool: str = "not_yet_entered"
    experiment: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _sources(self) -> ComparisonDesign:
        if self.design == "cross_section" and self.source is None:
            raise ValueError("a cross_section needs 'source', the table the comparison comes from")
        return self


class Primary(_Part):
    """The one estimate the conclusion rests on, chosen beforehand."""

    outcome: str
    horizon: int | None = Field(None, ge=0, le=120)
    method: Method


class Thresholds(_Part):
    """Flat list of thresholds; the data owner may be stricter.

    Attributes:
        smd: Largest absolute standardised mean difference after adjustment.
        overlap: Largest share of treated persons without comparable persons.
        score_extreme: A propensity score beyond it is near-perfect prediction.
        effective_sample_size: Fewest persons the weighted comparison arm must be worth (Kish).
        clipped: Largest share of weights that were clipped.
        weight_share: Largest share of the total weight one person may carry.
        trimmed: Largest share of treated persons dropped by trimming or matching.
        observation_gap: Largest difference between the arms in the share of outcomes known.
        minimum_count: Smallest count of persons that a sentence may tell.
        alpha: Level of every test.
        power: Power of the minimum detectable effect and of the pre-trend test.
        leave_one_out: Largest change of the estimate when one mission locale is left out, as a
            share of the estimate.
        missing_bounds: Largest width of the worst-case bounds (on a proportion) that still counts
            as informative.
        e_value: E-value of the interval's limit below which an effect is called fragile.
        rosenbaum_gamma: Gamma below which a matched effect is called fragile.
        robustness_value: Robustness value below which an effect is called fragile.
        oster_delta: Delta below which an effect is called fragile.
        honest_m: Relative magnitude that the effect must survive not to be called fragile.
        negative_controls: Fewest negative controls for an empirical calibration.
        positive_effect: Size of the effect injected as a positive control (a proportion, or
            standard deviations of the outcome).
        draws: Draws of a bootstrap or a permutation.
        refits: Most refits that one check may ask for.
    """

    smd: float = Field(0.1, gt=0)
    overlap: float = Field(0.05, ge=0, le=1)
    score_extreme: float = Field(0.95, gt=0.5, lt=1)
    effective_sample_size: float = Field(100, ge=0)
    clipped: float = Field(0.02, ge=0, le=1)
    weight_share: float = Field(0.1, gt=0, le=1)
    trimmed: float = Field(0.1, ge=0, le=1)
    observation_gap: float = Field(0.05, ge=0, le=1)
    minimum_count: int = Field(11, ge=3)
    alpha: float = Field(0.05, gt=0, lt=0.5)
    power: float = Field(0.8, gt=0, lt=1)
    leave_one_out: float = Field(0.5, gt=0)
    missing_bounds: float = Field(0.2, gt=0)
    e_value: float = Field(1.5, ge=1)
    rosenbaum_gamma: float = Field(1.5, ge=1)
    robustness_value: float = Field(0.1, ge=0, le=1)
    oster_delta: float = Field(1, ge=0)
    honest_m: float = Field(1, ge=0)
    negative_controls: int = Field(5, ge=3)
    positive_effect: float = Field(0.05, gt=0)
    draws: int = Field(999, ge=99)
    refits: int = Field(60, ge=2)


class Study(_Part):
    """The target-trial protocol of one evaluation."""

    study: Name
    title: str = Field(min_length=3)
    programme: Code
    notebook: Code
    territory: Territory | None = None
    entries: Entries | None = None
    eligibility: Eligibility = Field(default_factory=Eligibility)
    time_zero: Literal["month_start"] = "month_start"
    treatment: Treatment = Field(default_factory=Treatment)
    comparison: ComparisonDesign
    estimand: Literal["att", "ate"] = "att"
    follow_up_months: int = Field(12, ge=1, le=120)
    grace_months: int = Field(0, ge=0, le=12)
    outcomes: tuple[str, ...] = Field(min_length=1)
    horizons: tuple[Annotated[int, Field(ge=0, le=120)], ...] = ()
    covariates: tuple[str, ...] = ()
    history_months: int = Field(12, ge=0, le=60)
    methods: tuple[Method, ...] = Field(("diff", "ipw", "aipw"), min_length=1)
    primary: Primary
    minimum_effect: float | None = None
    subgroups: tuple[str, ...] = ()
    negative_controls: tuple[str, ...] = ()
    checks: Thresholds = Field(default_factory=Thresholds)
    breaks: tuple[dt.date, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    seed: int = Field(20240101, ge=0)
    language: Literal["fr", "en"] = "fr"

    @model_validator(mode="after")
    def _coherent(self) -> Study:
        for problem in _incoherences(self):
            raise ValueError(problem)
        return self

    @property
    def is_cohort(self) -> bool:
        """Whether the study follows persons over time (all designs but `cross_section`)."""
        return self.comparison.design != "cross_section"


def _incoherences(s: Study) -> Iterator[str]:
    if s.primary.outcome not in s.outcomes:
        yield f"primary.outcome '{s.primary.outcome}' is not among outcomes {list(s.outcomes)}"
    if s.primary.method not in s.methods:
        yield f"primary.method '{s.primary.method}' is not among methods {list(s.methods)}"
    if not s.is_cohort:
        return
    if s.programme not in PROGRAMMES:
        yield f"programme '{s.programme}' is unknown; {nearest(s.programme, PROGRAMMES)}"
    if s.entries is None or s.territory is None:
        missing = "entries" if s.entries is None else "territory"
        yield f"'{missing}' is missing: a {s.comparison.design} study needs it"
    if not s.horizons:
        yield "'horizons' is missing: say at which months since time zero outcomes are compared"
    if s.horizons and max(s.horizons) > s.follow_up_months:
        yield f"horizon {max(s.horizons)} lies beyond follow_up_months ({s.follow_up_months})"
    if s.primary.horizon not in s.horizons:
        yield f"primary.horizon {s.primary.horizon} is not among horizons {list(s.horizons)}"


def study_from(values: Mapping[str, Any], *, place: str = "parameters") -> Study:
    """Return the study that `values` describe.

    Args:
        values: Keys and values, as read from YAML or injected by papermill.
        place: Where they come from, for the error.

    Raises:
        StudyError: A key is unknown, missing or mistyped; one line per fault.
    """
    try:
        return Study.model_validate(dict(values))
    except ValidationError as fault:
        lines = [_sentence(error) for error in fault.errors(include_url=False)]
        raise StudyError(f"{place}: " + "; ".join(lines)) from None


def read_study(path: Path | str) -> Study:
    """Read and check one params file.

    Raises:
        StudyError: The file is missing, is not YAML, or does not make a study.
    """
    return study_from(read_yaml(Path(path)), place=str(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping, refusing a key given twice.

    Raises:
        StudyError: The file is missing, unreadable, or not a mapping.
    """
    if not path.is_file():
        raise StudyError(f"no params file at {path}; give the path of a file of params/")
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        where = getattr(fault, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        what = getattr(fault, "problem", None) or "not UTF-8 text"
        raise StudyError(f"{path}{line}: not valid YAML ({what})") from None
    if not isinstance(values, dict):
        raise StudyError(f"{path}: a params file is a mapping of keys to values")
    return values


class _UniqueKeys(yaml.SafeLoader):
    """A YAML reader that refuses a key given twice instead of keeping the last."""


def _unique_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = [(loader.construct_object(k, deep=True), k, v) for k, v in node.value]
    seen: set[Any] = set()
    for key, key_node, _ in pairs:
        if key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"key '{key}' given twice", problem_mark=key_node.start_mark
            )
        seen.add(key)
    return {key: loader.construct_object(value, deep=True) for key, _, value in pairs}


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)

_PARTS: dict[str, type[BaseModel]] = {
    "territory": Territory,
    "entries": Entries,
    "eligibility": Eligibility,
    "treatment": Treatment,
    "comparison": ComparisonDesign,
    "primary": Primary,
    "checks": Thresholds,
}


def _sentence(error: ErrorDetails) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key '{place}'; {nearest(str(error['loc'][-1]), _valid_keys(error['loc']))}"
    if error["type"] == "missing":
        return f"missing key '{place}'"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{place}: {message}" if place else message
    return f"'{place}' is {error['input']!r}: {message[0].lower()}{message[1:]}"


def _valid_keys(loc: tuple[int | str, ...]) -> list[str]:
    model = _PARTS.get(str(loc[0]), Study) if len(loc) > 1 else Study
    return [f.alias or name for name, f in model.model_fields.items()]
