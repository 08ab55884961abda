"""The parts of a study: where, when, who could enter, what is compared, the thresholds; faults."""

from __future__ import annotations

import datetime as dt
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evalml.codes import code_list, territory_names
from evalml.errors import nearest
from evalml.reading.yaml_text import StrictModelByName
from evalml.study.designs import DESIGNS
from evalml.study.methods import METHODS, MethodSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

Code = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=80)]
Day = Annotated[dt.date, Field(ge=dt.date(1990, 1, 1), le=dt.date(2100, 12, 31))]
"""A day on which an information system of this house could know something."""

Method = Annotated[str, AfterValidator(lambda name: METHODS.find(name).name)]
"""A method of a study, by its name."""

INSTRUMENTS = ("capacite",)
"""Instruments the encouragement design knows."""


class Territory(StrictModelByName):
    """Where the persons are followed; exactly one of the four keys."""

    region: Code | None = None
    departement: tuple[Code, ...] | None = Field(None, min_length=1)
    structure: tuple[Code, ...] | None = Field(None, min_length=1)
    national: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Territory:
        given = [k for k in type(self).model_fields if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of region, departement, structure, national")
        return self


class Entries(StrictModelByName):
    """Months of entry, first and last included."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Entries:
        if self.last < self.first:
            raise ValueError(f"'to' ({self.last}) lies before 'from' ({self.first})")
        return self


class Bounds(StrictModelByName):
    """Values from `min` to `max`, both included; one of them may be left out."""

    lowest: float | dt.date | None = Field(None, alias="min")
    highest: float | dt.date | None = Field(None, alias="max")

    @model_validator(mode="after")
    def _some(self) -> Bounds:
        if self.lowest is None and self.highest is None:
            raise ValueError("give min, max or both")
        return self


Scalar = str | bool | int
"""One value of a column."""


class Eligibility(StrictModelByName):
    """Who could have entered; ages left out come from the dated rules of the programme.

    Attributes:
        age_min: Lowest age, in completed years.
        age_max: Highest age.
        age_max_rqth: Highest age of a disabled worker.
        accompanied_within_months: Months before time zero with at least one act that took place;
            null leaves the rule out.
        contacts_count: Whether a mere contact counts as an act.
        outside_situations: Declared situations that rule an entry out.
        outside_programmes: Programmes that rule an entry out.
        require: Values that columns of `jeunes` or `dossiers` must have: one, a list of them, or
            `{min: , max: }`.
    """

    age_min: int | None = Field(None, ge=15, le=30)
    age_max: int | None = Field(None, ge=15, le=30)
    age_max_rqth: int | None = Field(None, ge=15, le=30)
    accompanied_within_months: int | None = Field(5, ge=1, le=24)
    contacts_count: bool = False
    outside_situations: tuple[str, ...] = ("Scolarité", "Formation")
    outside_programmes: tuple[str, ...] = ()
    require: dict[str, Scalar | Bounds | tuple[Scalar, ...]] = Field(default_factory=dict)

    @field_validator("outside_situations", "outside_programmes")
    @classmethod
    def _known_words(cls, given: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Refuse a word of no list; a programme of the extract's own is looked for in it later."""
        situations = info.field_name == "outside_situations"
        known = code_list("categorie" if situations else "dispositif")
        for word in given:
            near = get_close_matches(word.upper(), known.labels, n=1)
            if word not in known.labels and (near or not known.open):
                what = "situation" if situations else "programme"
                raise ValueError(
                    f"'{word}' is no {what}; {nearest(near[0] if near else word, known.labels)}"
                )
        return given


class Treatment(StrictModelByName):
    """What the treated arm does at time zero.

    Attributes:
        dispositif: Code of the programme entered; the study's when left out.
        first_entry: Whether only spells of rank 1 count.
        rang: Rank of the spell that counts as the entry, from 2 on: a renewal. Those who could
            have renewed have a spell of the rank before, ended, and none of this rank.
        nested: Of the entries into a PACEA, those `with` a GJ that starts in the same month, those
            `without`, or `any`. A GJ that starts later is no part of the entry: it happens after
            time zero.
        column: Column of the treatment, for a table without time.
    """

    dispositif: str | None = None
    first_entry: bool = True
    rang: int | None = Field(None, ge=2, le=9)
    nested: Literal["any", "with", "without"] = "any"
    column: str | None = None

    @model_validator(mode="after")
    def _one_rank(self) -> Treatment:
        if self.rang is not None and self.first_entry:
            raise ValueError(f"rang {self.rang} is no first entry; set first_entry to false")
        return self


class ComparisonDesign(StrictModelByName):
    """Who they are compared with.

    Attributes:
        design: The design.
        pool: Who the comparison persons are: a programme's code for an active comparator.
        entries: Months in which the comparison persons enter their own programme, where they are
            not those of the study (active comparator).
        within: `structure` keeps, for each entrant, comparison persons of the same mission locale
            and month only (sequential trials).
        per_entrant: How many of them at most, drawn by hash.
        instrument: What moves entry and nothing else (encouragement).
        experiment: Table of an experiment whose answer is known.
        source: Table the comparison comes from, for a table without time.
        base_months: Months before entry that changes are counted from (3; `did_persons`).
        anticipation: Months right before entry that the entry may already change (0).
        on_past: Whether covariates that say the outcome’s own past are adjusted for as well; the
            months before then say nothing of the trends (false).
        openings: Day each area opened, where the study brings the dates (roll-out): codes of
            départements, or of missions locales; an area left out never opens.
        refusals: Causes of refusal that make a comparison person (accepted against refused):
            `EMPLOYEUR`, `CANDIDAT`, `REGLE`, `PLATEFORME` or `INCONNUE`; all if not given.
        trial: Name of the randomised trial in `affectations`, where the extract holds several.
        eligible_levels: Diplomas of the youths a roll-out is about.
        witness_levels: Diplomas of its witnesses, who live there too and hardly enter.
    """

    design: Annotated[str, AfterValidator(lambda name: DESIGNS.find(name).name)]
    pool: str = "not_yet_entered"
    entries: Entries | None = None
    instrument: str | None = None
    within: Literal["structure"] | None = None
    per_entrant: int = Field(10, ge=1, le=100)
    experiment: str | None = None
    source: str | None = None
    base_months: int | None = Field(None, ge=1, le=12)
    anticipation: int | None = Field(None, ge=0, le=12)
    on_past: bool | None = None
    openings: dict[str, Day] | None = Field(None, min_length=1)
    refusals: (
        tuple[Literal["EMPLOYEUR", "CANDIDAT", "REGLE", "PLATEFORME", "INCONNUE"], ...] | None
    ) = Field(None, min_length=1)
    trial: str | None = None
    eligible_levels: tuple[str, ...] = ("SANS_DIPLOME", "BREVET", "CAP_BEP")
    witness_levels: tuple[str, ...] = ("BAC", "BAC_PLUS_2", "BAC_PLUS_3")

    @model_validator(mode="before")
    @classmethod
    def _usual_pool(cls, given: Any) -> Any:
        design = DESIGNS.get(str(given.get("design"))) if isinstance(given, dict) else None
        if design is not None and design.pool and "pool" not in given:
            return {**given, "pool": design.pool}
        return given

    @model_validator(mode="after")
    def _possible(self) -> ComparisonDesign:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _departements(self) -> int:
        """Return how many of the areas that open are départements."""
        return sum(area in territory_names()["departements"] for area in self.openings or ())

    @property
    def opens_by_structure(self) -> bool:
        """Whether the areas that open are missions locales."""
        return self.openings is not None and not self._departements()

    def _mixed_openings(self) -> Iterator[str]:
        if self.openings is not None and 0 < self._departements() < len(self.openings):
            yield "openings: give codes of départements or of missions locales, not both"

    def _problems(self) -> Iterator[str]:
        design = DESIGNS[self.design]
        for key in design.required:
            if getattr(self, key) is None:
                yield f"'{key}': {design.article} needs {KEYS[key]}"
        for key, owners in _owners().items():
            if self.design not in owners and getattr(self, key) is not None:
                verb = "are" if key.endswith("s") else "is"
                named = ", ".join(DESIGNS[owner].article for owner in owners)
                yield f"'{key}' of the comparison {verb} for {named}, not {self.design}"
        yield from self._mixed_openings()
        free = design.arms == "either" and self.pool == "not_yet_entered"
        if design.compares and not free and self.pool not in code_list("dispositif").labels:
            programmes = code_list("dispositif").labels
            yield (
                f"pool '{self.pool}' is no programme: an {self.design} needs the code of the "
                f"other programme; {nearest(self.pool, programmes)}"
            )
        known = code_list("niveau_diplome").values
        for level in (*self.eligible_levels, *self.witness_levels):
            if level not in known:
                yield f"'{level}' is no level of diploma; {nearest(level, known)}"
        if free and self.entries is not None:
            yield "entries of the comparison are those of a programme: name it in 'pool'"
        if self.instrument is not None and self.instrument not in INSTRUMENTS:
            near = nearest(self.instrument, INSTRUMENTS)
            yield f"instrument '{self.instrument}' is unknown; {near}"


KEYS = {
    "source": "the table the comparison comes from",
    "instrument": f"one of {list(INSTRUMENTS)}",
}
"""What a key of the comparison that some designs need is."""


def _owners() -> dict[str, tuple[str, ...]]:
    """Return the designs that take each key of the comparison which not all take."""
    keys = dict.fromkeys(key for design in DESIGNS.values() for key in design.keys)
    return {key: tuple(d.name for d in DESIGNS.values() if key in d.keys) for key in keys}


class Waits(StrictModelByName):
    """How long each arm waits for the first month of an outcome.

    Attributes:
        event: Outcome of the study waited for, such as `emploi_durable`.
        competing: Outcomes of the study that end the wait otherwise.
    """

    event: str
    competing: tuple[str, ...] = ()


class Example(BaseModel):
    """An invented person, and what the study must make of it.

    Its other keys are tables of the extract, each with one row or several; a date is written from
    the first time zero of the study: `M-1/10` is the 10th of the month before.

    Attributes:
        says: What it shows, in words.
        makes: `arm` (`treated`, `comparison`, or the rule at which the person is lost), covariates,
            and outcomes by month (`emploi_m6`); null where the study must not know.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    says: str
    makes: dict[str, Any] = Field(min_length=1)

    @property
    def rows(self) -> dict[str, Any]:
        """Rows of the person by table."""
        return dict(self.model_extra or {})


class Primary(StrictModelByName):
    """The one estimate the conclusion rests on, chosen beforehand."""

    outcome: str
    horizon: int | None = Field(None, ge=0, le=120)
    method: Method


class Thresholds(StrictModelByName):
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
        observation_level: Smallest share of each arm whose outcome must be known, among those whom
            the source could know.
        weighted_level: The same where those known are weighted (`missing: ipcw`).
        past_gap: Largest gap between the arms in a month before time zero, once weighted.
        bias_times: How many times the gap that it makes in past employment a hidden factor may bias
            an effect, where the controls cannot exclude one.
        gate_alpha: Level of the tests that mask: of the past, of the linked persons against the
            others, of the negative controls together. It is the chance to mask where all is right.
        minimum_count: Smallest count of persons that a sentence may tell.
        alpha: Level of every test.
        power: Power of the minimum detectable effect and of the pre-trend test.
        leave_one_out: Largest change of the estimate when one mission locale is left out, as a
            share of the estimate.
        missing_bounds: Largest width of the worst-case bounds (on a proportion) that still counts
            as informative.
        e_value: E-value of the interval's limit below which an effect is called fragile.
        rosenbaum_gamma: Gamma of matched pairs below which an effect is called fragile.
        robustness_value: Robustness value below which an effect is called fragile.
        oster_delta: Delta below which an effect is called fragile.
        honest_m: Relative magnitude that the effect must survive not to be called fragile.
        negative_controls: Fewest negative controls for an empirical calibration.
        positive_effect: Size of the effect injected as a positive control (a proportion, or
            standard deviations of the outcome).
        draws: Draws of a bootstrap or a permutation.
        refits: Most refits that one check may ask for.
        areas: Fewest areas on each side of a roll-out for errors clustered by area.
        contamination: Largest share of the areas not open yet that may have entered nevertheless.
    """

    smd: float = Field(0.1, gt=0)
    overlap: float = Field(0.05, ge=0, le=1)
    score_extreme: float = Field(0.95, gt=0.5, lt=1)
    effective_sample_size: float = Field(100, ge=0)
    clipped: float = Field(0.02, ge=0, le=1)
    weight_share: float = Field(0.1, gt=0, le=1)
    trimmed: float = Field(0.1, ge=0, le=1)
    observation_gap: float = Field(0.05, ge=0, le=1)
    observation_level: float = Field(0.8, ge=0, le=1)
    weighted_level: float = Field(0.5, ge=0, le=1)
    past_gap: float = Field(0.06, gt=0, le=1)
    bias_times: float = Field(2, ge=0, le=10)
    gate_alpha: float = Field(0.02, gt=0, lt=0.5)
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
    draws: int = Field(999, ge=99, le=100_000)
    refits: int = Field(60, ge=2, le=10_000)
    areas: int = Field(6, ge=2, le=1_000)
    contamination: float = Field(0.05, ge=0, le=1)


_PARTS: dict[str, type[BaseModel]] = {
    "territory": Territory,
    "entries": Entries,
    "eligibility": Eligibility,
    "treatment": Treatment,
    "comparison": ComparisonDesign,
    "primary": Primary,
    "checks": Thresholds,
    "method_settings": MethodSettings,
    "durations": Waits,
}


_SHOWN = 60
"""Characters of a value that an error repeats."""


def sentence(error: ErrorDetails, study: type[BaseModel], within: str = "") -> str:
    """Return what is wrong, where, and the nearest valid key.

    Args:
        error: What pydantic found.
        study: The model of a study.
        within: Place of the values in the file, such as `secondary.pacea`; empty at the top.
    """
    place = ".".join([*([within] if within else []), *(str(part) for part in error["loc"])])
    if error["type"] == "extra_forbidden":
        valid = _valid_keys(error["loc"], study)
        return f"unknown key '{place}'; {nearest(str(error['loc'][-1]), valid)}"
    if error["type"] == "missing":
        return f"missing key '{place}'"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{place}: {message}" if place else message
    value = error["input"]
    given = f"'{value}'" if isinstance(value, dt.date) else repr(value)
    shown = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    return f"'{place}' is {shown}: {message[0].lower()}{message[1:]}"


def _valid_keys(loc: tuple[int | str, ...], study: type[BaseModel]) -> list[str]:
    """Return the keys known at a place; `entries` of a comparison is a part within a part."""
    parts = [_PARTS[str(key)] for key in loc[:-1] if str(key) in _PARTS]
    model = parts[-1] if parts else study
    return [f.alias or name for name, f in model.model_fields.items()]
