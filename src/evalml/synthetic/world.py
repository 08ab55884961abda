"""The parameters of an invented world, read from YAML, and the worlds that ship."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zlib import crc32

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from evalml.arrays import AnyVector
from evalml.errors import EvalmlError, nearest
from evalml.extract.contract import DATED
from evalml.reading.yaml_text import StrictModel, StrictModelByName
from evalml.settings import project_root, shipped_folder
from evalml.study.programmes import PROGRAMMES as STUDIED

if TYPE_CHECKING:
    from collections.abc import Sequence


Share = Annotated[float, Field(ge=0, le=1)]


def _one_of(*valid: str) -> AfterValidator:
    """Return a check that a word is one of `valid`, which names the nearest when it is not."""

    def check(word: str) -> str:
        if word not in valid:
            raise ValueError(f"'{word}' is not known; {nearest(word, valid)}")
        return word

    return AfterValidator(check)


COVARIATES = (
    "femme", "age", "qpv", "frr", "permis_b", "enfants", "couple", "rqth", "etranger",
    "SANS_DIPLOME", "BREVET", "CAP_BEP", "BAC", "BAC_PLUS_2", "BAC_PLUS_3",
    "AUTONOME", "PARENTS", "PROCHES", "FOYER", "PRECAIRE",
)  # fmt: skip
SITUATIONS = (
    "CHOMAGE", "CDD", "CTT", "DURABLE", "ALTERNANCE", "AIDE", "IAE",
    "FORMATION", "SCOLARITE", "VOLONTARIAT",
)  # fmt: skip
PROGRAMMES = tuple(STUDIED)
SPELLS = tuple(name for name in PROGRAMMES if name != "IAE")
"""Programmes that are a spell of accompaniment; the IAE is made of applications and contracts."""
_CLOSEST = ("PACEA", "PARRAINAGE", "GJ", "CEJ")
FOLLOWED = ("free", *(name for name in SPELLS if name not in _CLOSEST), *_CLOSEST)
"""Who is seen how often, the closest last: of two programmes at once, the later one tells."""
Covariate = Annotated[str, _one_of(*COVARIATES)]
Situation = Annotated[str, _one_of(*SITUATIONS)]
Programme = Annotated[str, _one_of(*PROGRAMMES)]
Coefficients = dict[Covariate, float]
Points = list[tuple[int, float]]
"""A curve in months since entry: (first month, value), each held until the next."""


def _unless_at_rest(written: dict[str, Any], **at_rest: object) -> dict[str, Any]:
    """Return `written` without the knobs left at rest: a world that has none is as before them."""
    return {k: v for k, v in written.items() if k not in at_rest or v != at_rest[k]}


class Period(StrictModel):
    """Months simulated and months reported.

    `linked_before_months` says how many months before the period the employers' declarations
    reach back, at most to the first month simulated.
    """

    start: dt.date
    end: dt.date
    extraction: dt.date
    burn_in_months: int = Field(12, ge=0, le=60)
    linked_before_months: int = Field(0, ge=0, le=60)

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if not self.start < self.end <= self.extraction:
            raise ValueError("start < end <= extraction must hold")
        return self

    @property
    def linked_before(self) -> int:
        """Months before the period that the employers' declarations cover."""
        return min(self.linked_before_months, self.burn_in_months)


class PersonShares(StrictModel):
    """Who the persons are at their first welcome; shares by département override the common one."""

    women: Share
    qpv: Share | dict[str, Share]
    frr: Share | dict[str, Share]
    qpv_missing: Share = 0.015
    qpv_missing_2024: Share = 0.015
    niveau_missing: Share = 0.01
    age_at_welcome: dict[int, float]
    nationalite: dict[str, float]
    niveau_diplome: dict[str, float]
    logement: dict[str, float]
    logement_missing: Share = 0.0
    couple: Share
    enfants: dict[int, float]
    permis_b: Share
    rqth: Share
    moves_per_year: Share
    moves_across: bool = True
    welcome_by_calendar_month: list[float] = Field(min_length=12, max_length=12)
    updated_later: Share = 0.05


class Arrivals(StrictModel):
    """How persons out of work, or whose spell ends, start something else."""

    monthly: dict[Situation, float]
    by_calendar_month: dict[Situation, list[float]] = {}
    after_an_exit: float = 3.0
    access: Coefficients
    durable: Coefficients = {}
    training: Coefficients = {}


class Employment(StrictModel):
    """Monthly transitions between situations."""

    arrivals: Arrivals
    exits: dict[Situation, Share]
    frailty_sd: float = Field(ge=0, le=2)
    exit_frailty: float = 0.0
    area_sd: float = Field(ge=0, le=2)
    shock_sd: float = Field(ge=0, le=2)
    shock_persistence: Share = 0.8
    season: list[float] = Field(min_length=12, max_length=12)
    loss_at_welcome: Share = 0.5


class Contacts(StrictModel):
    """How often a mission locale sees a person, by month."""

    free: Share
    free_halving_months: float = Field(gt=0)
    floor: Share
    employed_times: float = Field(ge=0, le=2)
    in_programme: dict[Programme, Share]
    acts: dict[Annotated[str, _one_of(*FOLLOWED)], float]
    refresh: Share
    absent: Share


class Declaration(StrictModel):
    """How true spells become declared ones."""

    retrospective: Share
    retrospective_months: int = Field(6, ge=0, le=24)
    wrong_category: Share
    type_missing: Share
    date_shifted: Share
    end_known_ahead: Share
    immersions_times: float = Field(1.0, ge=0, le=6)


class Acceptance(StrictModel):
    """What an application is accepted by, on the logit scale, over the share `accepted`.

    `employed_of_6_before` counts the months worked of the six that ended two months before the
    answer: what an application shows, however long its answer took.
    """

    covariates: Coefficients = {}
    employed_of_last_6: float = 0.0
    employed_of_6_before: float = 0.0
    frailty: float = 0.0


class Entry(StrictModel):
    """The monthly chance of entering a programme, on the logit scale, and how long it lasts.

    `frailty` is the pull of the persons' hidden ease at finding work, which no table shows: any
    value but 0 makes a world whose true effects no adjustment finds.
    """

    opened: dt.date
    closed: dt.date | None = None
    base: float
    age_min: int = Field(16, ge=15, le=25)
    rqth_under: int = Field(26, ge=26, le=30)
    covariates: Coefficients = {}
    employed_last_month: float = 0.0
    employed_of_last_3: float = 0.0
    employed_of_last_6: float = 0.0
    months_since_welcome: float = 0.0
    at_welcome: float = -9.0
    structure_sd: float = 0.0
    by_departement: dict[str, float] = {}
    by_calendar_month: list[float] = Field(default=[0.0] * 12, min_length=12, max_length=12)
    months_max: int = Field(12, ge=1, le=48)
    extension: Share = 0.0
    extension_months: int = Field(6, ge=0, le=12)
    leaves_when_employed: Share = 0.0
    abandons: Share = 0.0
    renews: Share = 0.0
    accepted: Share = 1.0
    frailty: float = 0.0
    acceptance: Acceptance | None = None

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _unless_at_rest(handler(self), frailty=0.0, acceptance=None)


class TrueEffect(StrictModel):
    """What entering changes, by month since the first entry, on the log scale of arrivals."""

    access: Points = []
    durable: Points = []
    stay: Points = []
    training: Points = []
    times: dict[Covariate, float] = {}


class Rollout(StrictModel):
    """Areas that open a programme over time."""

    programme: Programme = "GJ"
    waves: dict[dt.date, list[str]]
    ineligible: list[str] = ["BAC", "BAC_PLUS_2", "BAC_PLUS_3"]
    control_times: Share = 0.05
    levels: dict[dt.date, float] = {}


class TruthSpec(StrictModel):
    """Which entries the true effects are about, and from which month those of IAE count.

    An application is answered a month or two later: `iae_from` says whether the months since entry
    count from the hire or from the application, which is all that is known of a refusal.
    """

    entries_from: dt.date
    entries_to: dt.date
    horizon_max: int = Field(24, ge=1, le=60)
    programmes: list[Programme] = ["CEJ"]
    iae_from: Literal["hire", "application"] = "hire"
    subgroups: list[
        Literal["sexe", "qpv", "niveau_diplome", "mineur", "departement", "suivi_avant"]
    ] = [
        "sexe",
        "qpv",
        "niveau_diplome",
    ]

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _unless_at_rest(handler(self), iae_from="hire")


class TableContent(StrictModelByName):
    """What an extract of the world holds of one table; everything by default.

    Attributes:
        absent: The table is not there.
        empty: It is there without a row.
        first: First month received (`from`); rows before are not there (for spells: those ended).
        last: Last month received (`to`).
        missing_months: Months received of nobody, though `coverage` says that all were.
        held: Share of the persons whose rows are there. For a linked source these are the persons
            linked, and table `appariements` says so; for another, what the others did is lost
            without a word.
        by: Whether persons are held one by one, or by whole missions locales.
        with_work: How much more often, on the logit scale, a person who worked all months is held
            than one who worked none.
        lost_after_entry: Share of the persons whose rows stop the month after their first
            programme, without a word.
        lower: Columns whose codes are written in lower case.
        declared: Whether `extract.yaml` says the months covered and the persons linked.
    """

    absent: bool = False
    empty: bool = False
    first: dt.date | None = Field(None, alias="from")
    last: dt.date | None = Field(None, alias="to")
    missing_months: list[dt.date] = []
    held: Share = 1.0
    by: Literal["persons", "structures"] = "persons"
    with_work: float = 0.0
    lost_after_entry: Share = 0.0
    lower: list[str] = []
    declared: bool = True

    @field_validator("first", "last", mode="before")
    @classmethod
    def _month(cls, given: Any) -> Any:
        return as_day(given)

    @field_validator("missing_months", mode="before")
    @classmethod
    def _months(cls, given: Any) -> Any:
        return [as_day(month) for month in given]


def as_day(given: Any) -> Any:
    """Return a month written `2023-06` as its first day; anything else as it is."""
    return (
        f"{given}-01" if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}", given) else given
    )


class World(StrictModel):
    """A world: what `evalml synthetic` invents, and what is true in it."""

    world: str
    title: str
    territory: dict[str, Any]
    structures: str = "hauts_de_france"
    weights: dict[str, float] = {}
    people: int = Field(ge=1)
    seed: int = Field(20240101, ge=0)
    period: Period
    population: PersonShares
    employment: Employment
    contacts: Contacts
    declaration: Declaration
    programmes: dict[Programme, Entry]
    effects: dict[Programme, TrueEffect] = {}
    mergers: dict[str, tuple[str, dt.date]] = {}
    rollout: Rollout | None = None
    truth: TruthSpec
    defects: dict[str, float] = {}
    margins: str | None = None
    sources: dict[Annotated[str, _one_of(*DATED)], TableContent] = {}

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _unless_at_rest(handler(self), sources={})

    @model_validator(mode="after")
    def _one_territory(self) -> World:
        if len(self.territory) != 1:
            raise ValueError(
                f"territory holds {sorted(self.territory)}; give one, and empty the one of the "
                "world it is based on (region: null)"
            )
        return self


Uniforms = NDArray[np.float32]


def substream(seed: int, name: str, *at: int) -> np.random.Generator:
    """Return the generator of the substream `name`, at a block of persons or a month.

    `at`: whole numbers >= 0 that tell its places apart (block, month).
    """
    return np.random.Generator(np.random.PCG64([seed, crc32(name.encode()), *at]))


@dataclass(frozen=True, slots=True)
class Draws:
    """The uniforms of one block of persons, month by month.

    A counterfactual history of some of the persons reads the very draws of their factual history:
    draws are made for the whole block and `keep` picks the persons' own.

    Attributes:
        seed: Seed of the world.
        block: Number of the block.
        persons: Persons in the block.
        keep: Positions of the persons simulated, or None for all.
    """

    seed: int
    block: int
    persons: int
    keep: AnyVector | None = None

    def uniform(self, name: str, month: int) -> Uniforms:
        """Return one uniform in [0, 1) per person for `name` in `month`."""
        u = substream(self.seed, name, self.block, month).random(self.persons, dtype=np.float32)
        return u if self.keep is None else u[self.keep]

    def act_day(self, month: int) -> AnyVector:
        """Return the day (from 0) of the first act of each person in `month`."""
        rng = substream(self.seed, "act day", self.block, month)
        days = rng.integers(0, 28, self.persons, dtype=np.int8)
        return days if self.keep is None else np.asarray(days[self.keep])

    def fixed(self, name: str) -> np.random.Generator:
        """Return the generator of what does not change with the month."""
        return substream(self.seed, name, self.block)


def pick(rng: np.random.Generator, shares: list[float], size: int) -> NDArray[np.int8]:
    """Draw positions in `shares` with probabilities proportional to them."""
    p = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(p / p[-1], rng.random(size), side="right").astype(np.int8)


def expit(x: AnyVector) -> AnyVector:
    """Return 1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-x))


def _plain(error: ValidationError, source: str) -> EvalmlError:
    first = error.errors()[0]
    place = ".".join(str(p) for p in first["loc"])
    hint = ""
    if first["type"] == "extra_forbidden":
        hint = "; " + nearest(str(first["loc"][-1]), _keys(World))
    return EvalmlError(f"{source}: at '{place}': {first['msg'].lower()}{hint}")


def _keys(model: type[BaseModel]) -> set[str]:
    keys: set[str] = set()
    parts: list[type[StrictModel]] = [World, *StrictModel.__subclasses__()]
    for part in parts if model is World else [model]:
        keys |= set(part.model_fields)
    return keys


def worlds() -> tuple[str, ...]:
    """Return the names of the worlds that come with the repository."""
    return tuple(sorted(p.stem for p in worlds_folder().glob("*.yaml")))


def worlds_folder() -> Path:
    """Return the folder of the worlds: of the project, or the shipped one."""
    own = project_root() / "params" / "worlds"
    return own if own.is_dir() else shipped_folder() / "params" / "worlds"


def read_world(name_or_path: str | Path) -> World:
    """Read a world by name (`demo`) or from a YAML file."""
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = worlds_folder() / f"{name_or_path}.yaml"
        if not path.exists():
            raise EvalmlError(
                f"no world is called '{name_or_path}'; {nearest(str(name_or_path), worlds())}"
            )
    if not path.exists():
        raise EvalmlError(f"no file {path}; give a YAML of params/worlds or one of its names")
    return parse_world(path.read_text(encoding="utf-8"), str(path))


def parse_world(text: str, source: str = "world") -> World:
    """Read a world from the text of its YAML; `based_on: NAME` starts from another world."""
    try:
        raw = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise EvalmlError(f"{source} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise EvalmlError(f"{source} must be a mapping of keys, as in params/worlds/demo.yaml")
    if base := raw.pop("based_on", None):
        raw = _over(read_world(base).model_dump(mode="json"), raw)
    try:
        return World.model_validate(raw)
    except ValidationError as error:
        raise _plain(error, source) from None


def _over(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `change` laid over it; an empty one takes its key away."""
    merged = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _over(base[key], value) if both else value
        if value is None:
            del merged[key]
    return merged


def with_sources(world: World, given: Sequence[str]) -> World:
    """Return a world whose sources are changed by lines such as `emploi_mensuel.held=0.25`."""
    raw: dict[str, Any] = {}
    for line in given:
        place, equals, value = line.partition("=")
        table, dot, key = place.partition(".")
        if not (equals and dot and table and key):
            raise EvalmlError(
                f"'{line}' is no source; write TABLE.KEY=VALUE, such as emploi_mensuel.held=0.25"
            )
        try:
            raw.setdefault(table, {})[key] = yaml.load(value, yaml.CSafeLoader)
        except yaml.YAMLError:
            raise EvalmlError(f"'{line}': the value is not YAML; quote it") from None
    whole = _over(world.model_dump(mode="json"), {"sources": raw} if raw else {})
    try:
        return World.model_validate(whole)
    except ValidationError as error:
        raise _plain(error, "--source") from None


def dump_world(world: World) -> str:
    """Return the YAML of a world, complete."""
    return yaml.safe_dump(world.model_dump(mode="json"), allow_unicode=True, sort_keys=False)


def structure_rows(name: str) -> list[dict[str, str]]:
    """Return the missions locales of a list kept beside this module."""
    file = resources.files("evalml.synthetic").joinpath(f"{name}.yaml")
    if not file.is_file():
        raise EvalmlError(f"no list of missions locales is called '{name}'")
    rows: list[dict[str, str]] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)[
        "structures"
    ]
    return rows
