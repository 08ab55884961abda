"""What an extract says of itself: `extract.yaml`."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from evalml.codes import territory_names
from evalml.engine.postgres import refuse_password
from evalml.errors import CohortError, ExtractError, StudyError, nearest
from evalml.extract.contract import DATED, LINKED_SOURCES
from evalml.months import first_day, month_number
from evalml.reading.yaml_text import StrictModel, read_yaml_file
from evalml.study import Territory

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

META_FILE = "extract.yaml"


class Dialect(StrictModel):
    """How the CSV files are written, where it cannot be told from the files alone.

    Attributes:
        delimiter: `,`, `;`, `|` or a tab.
        encoding: `utf-8` or `cp1252`.
        dates: `iso` (2024-03-01) or `french` (01/03/2024).
        decimal: `.` or `,`, of number columns that could be read with either (`1.234`).
    """

    delimiter: Literal[",", ";", "\t", "|"] | None = None
    encoding: Literal["utf-8", "cp1252"] | None = None
    dates: Literal["iso", "french"] | None = None
    decimal: Literal[".", ","] | None = None


class Break(StrictModel):
    """A day on which the information system changed: series are not comparable across it.

    Attributes:
        date: First day of the new system.
        what: What changed.
        reference: Where it is documented.
    """

    date: dt.date
    what: str
    reference: str = ""


class DatabaseSource(StrictModel):
    """The PostgreSQL database that holds the tables, where they are not files.

    Attributes:
        url: `postgresql://user@host:port/name`; the password comes from `PGPASSWORD` or
            `~/.pgpass`, never from here.
        schema_name: Schema of the tables (`schema`), else the one the user starts in.
        restrict: What the server leaves out: persons without a file in the `territory`, rows
            outside the `period`; nothing by default.
    """

    url: str
    schema_name: str | None = Field(default=None, alias="schema")
    restrict: tuple[Literal["territory", "period"], ...] = ()

    @field_validator("url")
    @classmethod
    def _shown(cls, url: str) -> str:
        try:
            refuse_password(url)
        except ExtractError as error:
            raise ValueError(str(error)) from None
        return url


class Months(StrictModel):
    """Months for which a table is complete, first and last included (`2017-01`, or an ISO day).

    A month is covered when every row that concerns it is there: for spells, each spell that has a
    day in it, wherever the spell began.
    """

    first: dt.date = Field(alias="from")
    last: dt.date = Field(alias="to")

    @field_validator("first", "last", mode="before")
    @classmethod
    def _month(cls, given: Any) -> Any:
        if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}", given):
            return f"{given}-01"
        return given

    @field_serializer("first", "last")
    def _written(self, day: dt.date) -> str:
        return f"{day:%Y-%m}"

    @model_validator(mode="after")
    def _ordered(self) -> Months:
        if self.last < self.first:
            raise ValueError(f"'to' ({self.last:%Y-%m}) lies before 'from' ({self.first:%Y-%m})")
        return self

    @property
    def numbers(self) -> tuple[int, int]:
        """First and last month number (`evalml.months`)."""
        return month_number(self.first), month_number(self.last)


Linkage = Literal["all", "persons", "structures"]
"""Whose rows a linked source holds: everybody's, or those of the persons (one by one, or by whole
missions locales) that table `appariements` names."""

HAUTS_DE_FRANCE = ("02", "59", "60", "62", "80")


def plain_name(name: str) -> str:
    """Return a name without accents, capitals or typographic signs, to compare it by."""
    bare = unicodedata.normalize("NFKD", name.replace("’", "'")).encode("ascii", "ignore").decode()
    return " ".join(bare.lower().replace("-", " ").split())


def system_break(territory: Territory) -> Break:
    """Return the day I-Milo replaced Parcours 3 in a territory.

    It came region by region: August 2015 in Hauts-de-France; elsewhere the day is not known here
    and the decree that founds I-Milo dates the break.
    """
    what = "I-Milo replaced Parcours 3: series are not comparable across it"
    areas = territory.departement or ()
    here = territory.region == "32" or (areas and all(a in HAUTS_DE_FRANCE for a in areas))
    if here:
        reference = "AREFIE, reports of Hauts-de-France; décret n° 2015-59 du 26 janvier 2015"
        return Break(date=dt.date(2015, 8, 1), what=what, reference=reference)
    reference = "Décret n° 2015-59 du 26 janvier 2015; the day of the region is to be found"
    return Break(date=dt.date(2015, 1, 26), what=what, reference=reference)


class ExtractMeta(StrictModel):
    """The header of an extract.

    Attributes:
        name: Name of the extract.
        source: Information system it comes from.
        extraction_date: The vintage: nothing later can be known.
        territory: Where.
        period_start: First day covered.
        period_end: Last day covered.
        pseudonymised: Whether the identifiers are pseudonyms.
        csv: Dialect of the CSV files, where it has to be said.
        database: Where the tables are, if they are not files beside `extract.yaml`.
        breaks: Changes of system within the period.
        coverage: Months for which each table is complete; a table that is not named is taken to be
            complete over the months of its rows, and that is said.
        linkage: Whose rows each linked source holds; compulsory for those that are present.
    """

    name: str = Field(min_length=1)
    source: Literal["imilo", "parcours3", "synthetic"]
    extraction_date: dt.date
    territory: Territory
    period_start: dt.date
    period_end: dt.date
    pseudonymised: bool
    csv: Dialect = Dialect()
    database: DatabaseSource | None = None
    breaks: tuple[Break, ...] = ()
    coverage: dict[str, Months] = Field(default_factory=dict)
    linkage: dict[str, Linkage] = Field(default_factory=dict)

    @field_validator("coverage", "linkage")
    @classmethod
    def _tables_of_the_contract(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in given:
            if name not in DATED:
                raise ValueError(f"'{name}' is no dated table; {nearest(name, DATED)}")
        return given

    @field_validator("territory", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        """Take a territory by its name too: « Hauts-de-France », « Nord », « France »."""
        if not isinstance(given, str):
            return given
        names = territory_names()
        regions = {plain_name(name): code for code, name in names["regions"].items()}
        places = {plain_name(name): code for code, name in names["departements"].items()}
        plain = plain_name(given)
        if plain in {"france", "france entiere", "national"}:
            return {"national": True}
        if plain in regions or given in names["regions"]:
            return {"region": regions.get(plain, given)}
        if plain in places or given in names["departements"]:
            return {"departement": [places.get(plain, given)]}
        raise ValueError(f"no territory is called so; {nearest(plain, [*regions, *places])}")

    @field_validator("database", mode="before")
    @classmethod
    def _by_url(cls, given: Any) -> Any:
        """Take a database by its URL alone."""
        return {"url": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _ordered(self) -> ExtractMeta:
        if self.period_end < self.period_start:
            raise ValueError("period_end lies before period_start; swap the two dates")
        if self.extraction_date < self.period_start:
            raise ValueError("extraction_date lies before period_start; check both dates")
        return self

    def breaks_between(self, start: dt.date, end: dt.date) -> tuple[Break, ...]:
        """Return the breaks that a study from `start` to `end` crosses and must declare."""
        return tuple(b for b in self.all_breaks if start < b.date <= end)

    @property
    def all_breaks(self) -> tuple[Break, ...]:
        """The breaks `extract.yaml` declares, and that of 2015 where the period spans it."""
        known = system_break(self.territory)
        spans = self.period_start < known.date <= self.period_end
        known_date = any(b.date == known.date for b in self.breaks)
        if self.source == "synthetic" or known_date or not spans:
            return self.breaks
        return (*self.breaks, known)

    def refuse_months_outside(self, first: int, last: int, follow_up: int) -> None:
        """Refuse entries that the extract does not hold, or cannot follow.

        Args:
            first: First month of entry.
            last: Last month of entry.
            follow_up: Months each entry is followed.

        Raises:
            CohortError: Says which months are missing.
        """
        begin, end = month_number(self.period_start), month_number(self.period_end)
        if first < begin:
            raise CohortError(
                f"the extract begins in {first_day(begin):%Y-%m}, but 'entries' begin in "
                f"{first_day(first):%Y-%m}; begin 'entries' later, or take an extract that holds "
                "these months"
            )
        if last + follow_up > end:
            raise CohortError(
                f"the extract ends in {first_day(end):%Y-%m}, but entries up to "
                f"{first_day(last):%Y-%m} followed {follow_up} months need "
                f"{first_day(last + follow_up):%Y-%m}; end 'entries' earlier or shorten "
                "'follow_up_months'"
            )

    def refuse_undeclared_breaks(
        self, start: dt.date, end: dt.date, declared: Iterable[dt.date]
    ) -> None:
        """Refuse a study that crosses a change of system without saying so.

        Raises:
            StudyError: Names the first break that is not declared.
        """
        declared_dates = set(declared)
        for found in self.breaks_between(start, end):
            if found.date not in declared_dates:
                raise StudyError(
                    f"the study crosses {found.date}, when {found.what}; declare that break in the "
                    "study, or shorten its period"
                )


def require_linkage(meta: ExtractMeta, available: Container[str]) -> None:
    """Refuse a linked source without a declaration of whose rows it holds."""
    undeclared = [t for t in LINKED_SOURCES if t in available and t not in meta.linkage]
    if undeclared:
        lines = "".join(f"\n  {t}: all" for t in undeclared)
        raise ExtractError(
            f"table '{undeclared[0]}' comes from another administration and {META_FILE} does not "
            "say for whom it was linked, without which who is absent from it cannot be told from "
            "who did not work; add these lines (all: everybody; persons or structures: those that "
            f"table 'appariements' names):\nlinkage:{lines}"
        )
    partial = [t for t, whose in meta.linkage.items() if whose != "all" and t in available]
    if partial and "appariements" not in available:
        raise ExtractError(
            f"{META_FILE} links '{partial[0]}' by {meta.linkage[partial[0]]}, but there is no "
            "table 'appariements' that says who was linked; add it (id_jeune, source, apparie)"
        )


def read_meta(folder: Path) -> ExtractMeta:
    """Read `extract.yaml` in `folder`.

    Raises:
        ExtractError: The file is missing, is not YAML, or has a wrong, missing or unknown key.
    """
    path = folder / META_FILE
    if not path.is_file():
        raise ExtractError(
            f"{folder} has no {META_FILE}; write one with the keys {', '.join(_KEYS)} "
            "(see docs/how-to/receive-an-extract.md)"
        )
    try:
        raw = read_yaml_file(path, "header of an extract")
    except StudyError as error:
        what = str(error).removeprefix(str(path)).lstrip(", :")
        raise ExtractError(f"{META_FILE} is not readable YAML ({what})") from None
    return meta_from(raw, META_FILE)


def meta_from(raw: Any, place: str) -> ExtractMeta:
    """Return the header that plain values make; `place` is where they were read."""
    if not isinstance(raw, dict):
        raise ExtractError(f"{place} must hold the keys {', '.join(_KEYS)}")
    try:
        return ExtractMeta.model_validate(raw)
    except ValidationError as error:
        raise ExtractError(f"{place}: {_first_fault(error)}") from None


def write_meta(meta: ExtractMeta, folder: Path) -> None:
    """Write `meta` as `extract.yaml` in `folder`, for tables that are files beside it."""
    files = meta.model_copy(update={"database": None})
    values = files.model_dump(mode="json", exclude_none=True, exclude_defaults=True, by_alias=True)
    text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
    (folder / META_FILE).write_text(text, encoding="utf-8")


_KEYS = tuple(ExtractMeta.model_fields)
_MODELS: dict[str, type[BaseModel]] = {
    "territory": Territory,
    "csv": Dialect,
    "breaks": Break,
    "database": DatabaseSource,
    "coverage": Months,
}


def _first_fault(error: ValidationError) -> str:
    """Say the first fault as `key: what is wrong; what to do`."""
    fault: Any = error.errors()[0]
    place = ".".join(str(p) for p in fault["loc"])
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if fault["type"] == "extra_forbidden":
        parent = _MODELS.get(str(fault["loc"][0])) if len(fault["loc"]) > 1 else ExtractMeta
        valid = (parent or ExtractMeta).model_fields
        return f"unknown key '{place}'; {nearest(str(fault['loc'][-1]), valid)}{more}"
    if fault["type"] == "missing":
        return f"missing key '{place}'; add it{more}"
    message = fault["msg"].removeprefix("Value error, ")
    quote = "; quote the code" if fault["type"] == "string_type" else ""
    return f"{place + ': ' if place else ''}{message[0].lower()}{message[1:]}{quote}{more}"
