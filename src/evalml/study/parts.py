"""The parts of a study: where, when, who could enter, what is compared, what is primary."""

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
from evalml.study.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

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
