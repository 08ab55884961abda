"""An import recipe: which files, columns and codes of a source make the tables of the contract.

A recipe is a YAML that anyone may write. It is held to the contract when it is read, and to the
files when they are opened; `docs/how-to/write-an-import-recipe.md` lists its keys.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from evalml.codes import code_list
from evalml.errors import ExtractError, StudyError, nearest
from evalml.extract import contract
from evalml.reading.yaml_text import StrictModel, read_yaml_file, read_yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

OF_MONTHS = ("mois", "jours", "part", "du", "au")
"""Columns that `months` makes: first day of the month, days, their share of the spell, ends."""
SNAPSHOT = "snapshot"
"""Column that says from which dated file a row comes."""


T = TypeVar("T")


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, dict | str) else given


Many: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_listed)]
"""A list, or the one thing that it would hold."""


class CellRecipe(StrictModel):
    """Where a value comes from: one way only.

    Attributes:
        column: Column of the source, renamed or mapped by `codes`.
        first: Columns of which the first that is not empty holds.
        last: Days of which the last holds.
        constant: A value that holds for every row.
        month: Columns of a year and a month: the first day of that month.
        compute: `state` and `rank` (from the dates and persons of the table), or `hours`: `column`
            as hours, written 151,67 or 151:40.
        codes: Source code -> contract code; one that is not listed empties the cell, counted.
        keep: Whether a code that is not listed is kept as it is.
        otherwise: What a code that is not listed becomes, counted.
        empty: What an empty cell becomes, where the source says so by leaving it empty; of a column
            joined, what a row without counterpart there becomes.
        past: Whether a day after the extraction is empty: it was planned.
    """

    column: str | None = None
    first: Many[str] = ()
    last: Many[str] = ()
    constant: str | None = None
    month: tuple[str, str] | None = None
    compute: Literal["state", "rank", "hours"] | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    keep: bool = False
    otherwise: str | None = None
    empty: str | None = None
    past: bool = False

    @field_validator("codes", mode="before")
    @classmethod
    def _text(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {str(k): str(v) if isinstance(v, int) else v for k, v in given.items()}

    @model_validator(mode="after")
    def _one_way(self) -> CellRecipe:
        hours = self.compute == "hours"
        ways = [self.column, self.first, self.last, self.constant, self.month, self.compute]
        if sum(bool(w) for w in ways) != 1 + hours or (hours and self.column is None):
            raise ValueError("give one of column, first, last, constant, month, compute")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns it needs."""
        own = (self.column,) if self.column else ()
        return (*own, *self.first, *self.last, *(self.month or ()))

    def __str__(self) -> str:
        """Say where the value comes from."""
        if self.constant is not None:
            return f"always '{self.constant}'"
        if self.compute in {"state", "rank"}:
            return f"computed: {self.compute}"
        what = (
            " or ".join(self.first)
            or ", ".join(self.last)
            or "-".join(self.month or ())
            or str(self.column)
        )
        coded = f", {len(self.codes)} codes" + (", others kept" if self.keep else "")
        return what + (coded if self.codes else "") + (", as hours" if self.compute else "")


class MeasureRecipe(StrictModel):
    """A value of a group of rows: one way only.

    It is unknown where a cell that it needs cannot be read, or a part of a sum or of days is empty.

    Attributes:
        minimum: Smallest value of a column (`min`).
        maximum: Largest (`max`).
        total: Sum of an amount (`sum`), each multiplied by column `times` where it is given.
        days: Days that the spells between two columns cover, each day once.
        most: Value of the row where column `by` is largest.
        open: Whether `max` is empty where one of the rows is: a spell that goes on.
    """

    minimum: str | None = Field(default=None, alias="min")
    maximum: str | None = Field(default=None, alias="max")
    total: str | None = Field(default=None, alias="sum")
    times: str | None = None
    days: tuple[str, str] | None = None
    most: str | None = None
    by: str | None = None
    open: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> MeasureRecipe:
        ways = [self.minimum, self.maximum, self.total, self.days, self.most]
        if sum(bool(w) for w in ways) != 1 or bool(self.most) != bool(self.by):
            raise ValueError("give one of min, max, sum, days, most (with by)")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns it needs."""
        ones = (self.minimum, self.maximum, self.total, self.times, self.most, self.by)
        return tuple(c for c in (*ones, *(self.days or ())) if c)

    def __str__(self) -> str:
        """Say what it is."""
        kind = next(k for k in ("minimum", "maximum", "total", "days", "most") if getattr(self, k))
        return f"{kind} of {', '.join(self.reads)}"


class Filter(StrictModel):
    """Rows that are left out, and why: those that fail the test are counted under `why`."""

    column: str
    among: Many[str] = Field(default=(), alias="in")
    not_among: Many[str] = Field(default=(), alias="not_in")
    present: bool = False
    starts: str | None = None
    why: str

    @field_validator("among", "not_among", mode="before")
    @classmethod
    def _text(cls, given: Any) -> Any:
        return [str(v) for v in given] if isinstance(given, list | tuple) else given

    @model_validator(mode="after")
    def _one_test(self) -> Filter:
        tests = [self.among, self.not_among, self.present, self.starts]
        if sum(bool(t) for t in tests) != 1:
            raise ValueError("give one of in, not_in, starts, present: true")
        return self


class Join(StrictModel):
    """Another source, its columns then named `SOURCE.column`; `match`: this column -> its own.

    A row without counterpart there keeps its place, those columns empty, and is counted.
    """

    source: str
    match: dict[str, str] = Field(min_length=1, max_length=1)


class Latest(StrictModel):
    """One row per `by`: the last in the order of `order`.

    Without `order`, rows repeat each other (the columns of a person on each of its lines): those
    that contradict each other are counted. A row whose key is empty is no version of another: it
    is kept, and counted. A key of several persons is refused.
    """

    by: Many[str] = Field(min_length=1)
    order: Many[str] = ()


class MonthsRecipe(StrictModel):
    """One row per month of a spell, none after the extraction.

    A spell without a last day, or that ends after the extraction, goes on to the extraction: its
    `part` is empty, since how much of its amounts was reached by then is not known.
    """

    start: str = Field(alias="from")
    end: str = Field(alias="to")


class Group(StrictModel):
    """One row per `by`, with measures of its rows."""

    by: Many[str] = Field(min_length=1)
    columns: dict[str, MeasureRecipe]


class Rows(StrictModel):
    """Rows made in this order: join, derive, where, latest, person, months, group.

    `person` names the column that says whose row it is: `id_jeune` is then the person of the
    extract, and a row whose person is not there is left out and counted.
    """

    source: str | None = Field(default=None, alias="from")
    join: Many[Join] = ()
    derive: dict[str, CellRecipe] = Field(default_factory=dict)
    where: Many[Filter] = ()
    latest: Latest | None = None
    person: str | None = None
    months: MonthsRecipe | None = None
    group: Group | None = None

    def reads(self) -> Iterator[str]:
        """Give the columns that its steps need, those that earlier steps make left out."""
        made: set[str] = set()
        for names, makes in self._steps():
            yield from (name for name in names if name not in made)
            made |= set(makes)

    def makes(self) -> set[str]:
        """Return the columns that its steps make."""
        return {name for _, names in self._steps() for name in names}

    def _steps(self) -> Iterator[tuple[Iterable[str], Iterable[str]]]:
        yield [left for j in self.join for left in j.match], ()
        yield [c for cell in self.derive.values() for c in cell.reads], self.derive
        yield [f.column for f in self.where], ()
        if self.latest:
            yield (*self.latest.by, *self.latest.order), ()
        if self.person:
            yield (self.person,), ("id_jeune",)
        if self.months:
            yield (self.months.start, self.months.end), OF_MONTHS
        if self.group:
            measures = [c for m in self.group.columns.values() for c in m.reads]
            yield (*self.group.by, *measures), self.group.columns


class SourceRecipe(Rows):
    """A file, or rows made of another source.

    Attributes:
        file: Name of the file without its end, that of the source by default.
        header: Line of the header, where titles stand above it.
        total: How a line of totals begins, where the file ends with one.
        each: List inside each record of a JSON file: one row per element, the fields of the
            record beside it as `record.field`.
        snapshots: Whether the source is dated files, `NAME_2024-01-31`, all read; column
            `snapshot` is their day.
    """

    file: str | None = None
    header: int = Field(default=1, ge=1, le=50)
    total: str | None = None
    each: str | None = None
    snapshots: bool = False


class TableRecipe(Rows):
    """Where a table of the contract comes from."""

    columns: dict[str, str | CellRecipe]

    def cells(self) -> dict[str, CellRecipe]:
        """Return where each column comes from."""
        return {
            name: CellRecipe(column=cell) if isinstance(cell, str) else cell
            for name, cell in self.columns.items()
        }

    def _steps(self) -> Iterator[tuple[Iterable[str], Iterable[str]]]:
        yield from super()._steps()
        yield [c for cell in self.cells().values() for c in cell.reads], ()


class Persons(StrictModel):
    """How a row of the source finds its person in the extract that it completes.

    Attributes:
        source: Source of persons, whose column `id` other sources name; none where they name the
            key itself.
        id: Its column that other sources name.
        match: The key shared with the extract: a column of the `--links` file, or `id_jeune`.
        most: A key that more persons of the source than this have is no key (« no number »).
    """

    source: str | None = Field(default=None, alias="from")
    id: str | None = None
    match: str = "id_jeune"
    most: int = 50


class SourceNames(StrictModel):
    """What a file and its columns are called here: canonical name -> name in the file."""

    file: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)


class Recipe(StrictModel):
    """A whole recipe.

    Attributes:
        title: What the source is.
        source: What `extract.yaml` must give as `source`; any if empty.
        completes: Whether it completes an extract (`--onto`) rather than makes one.
        sources: Files, and rows made of them; a recipe without it names files in its tables.
        persons: How persons are found.
        vintage: Source and column that say the day the files were made.
        tables: Table of the contract -> where it comes from.
        dropped: Source -> column -> why it is not used.
        names: Source -> what its file and columns are called here.
        without_counterpart: What is lost, in a sentence each.
    """

    title: str = ""
    source: str = ""
    completes: bool = False
    sources: dict[str, SourceRecipe] = Field(default_factory=dict)
    persons: Persons | None = None
    vintage: tuple[str, str] | None = None
    tables: dict[str, TableRecipe] = Field(min_length=1)
    dropped: dict[str, dict[str, str]] = Field(default_factory=dict)
    names: dict[str, SourceNames] = Field(default_factory=dict)
    without_counterpart: Many[str] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        for place, rows in self.rows():
            self._known_sources(place, rows)
            if rows.person and self.persons is None:
                raise ValueError(f"{place}: 'person' needs the key 'persons'")
        for name, table in self.tables.items():
            if table.source is None:
                raise ValueError(f"tables.{name}: missing key 'from'")
            _hold_to_contract(name, table, completes=self.completes)
        used = self.used()
        for name, names in self.names.items():
            _known(name, used, "names")
            for column in names.columns:
                _known(column, used[name], f"names.{name}.columns")
        return self

    def rows(self) -> Iterator[tuple[str, Rows]]:
        """Give every source and table with its place."""
        yield from ((f"sources.{n}", s) for n, s in self.sources.items())
        yield from ((f"tables.{n}", t) for n, t in self.tables.items())

    def _known_sources(self, place: str, rows: Rows) -> None:
        named = [rows.source] if rows.source else []
        for name in [*named, *(j.source for j in rows.join)]:
            if self.sources or rows.join:
                _known(name, self.sources, place)

    def used(self) -> dict[str, set[str]]:
        """Return the columns read of each source, without those that its own steps make."""
        found = self.asked()
        for name, source in self.sources.items():
            own = set(source.reads())
            found[name] = own | (found[name] - source.makes())
        return found

    def persons_of(self, source: str) -> set[str]:
        """Return the columns that say whose a row of a source is."""
        rows = ((place, r) for place, r in self.rows() if r.person)
        return {
            str(r.person)
            for place, r in rows
            if source in {r.source, place.removeprefix("sources.")}
        }

    def asked(self) -> dict[str, set[str]]:
        """Return the columns that tables, and other sources, ask of each source."""
        found: dict[str, set[str]] = {name: set() for name in self.sources}
        for place, rows in self.rows():
            mine = rows.source or place.removeprefix("sources.")
            joined = {j.source: {*j.match.values()} for j in rows.join}
            for source, columns in joined.items():
                found.setdefault(source, set()).update(columns)
            for name in rows.reads():
                source, _, column = name.partition(".")
                there = source in joined
                found.setdefault(source if there else mine, set()).add(column if there else name)
        if self.persons and self.persons.source:
            keys = {str(self.persons.id), self.persons.match}
            found.setdefault(self.persons.source, set()).update(keys)
        if self.vintage:
            found.setdefault(self.vintage[0], set()).add(self.vintage[1])
        return found

    def files(self) -> list[str]:
        """Return the sources that are files."""
        return [n for n in self.used() if n not in self.sources or not self.sources[n].source]


def _known(name: str, valid: Iterable[str], place: str) -> None:
    if name not in valid:
        raise ValueError(f"{place}: '{name}' is not known; {nearest(name, valid)}")


def _hold_to_contract(name: str, table: TableRecipe, *, completes: bool) -> None:
    """Refuse a table or column the contract has not, a code outside its list, a column missing."""
    declared = contract.table(name)
    for column, cell in table.cells().items():
        codes = declared.column(column).codes
        listed = code_list(codes) if codes else None
        given = [*cell.codes.values(), cell.constant, cell.otherwise, cell.empty]
        for code in filter(None, given) if listed else ():
            if listed and code not in listed.values:
                raise ValueError(
                    f"tables.{name}.columns.{column}: '{code}' is not in the list {codes}; "
                    f"{nearest(code, listed.values)}"
                )
    for needed in declared.columns:
        if not needed.nullable and not needed.optional and needed.name not in table.columns:
            extra = "; set 'person' to find it" if completes and needed.name == "id_jeune" else ""
            raise ValueError(
                f"tables.{name}.columns: '{needed.name}' is missing, and the contract needs it"
                f"{extra}"
            )


RECIPES = ("parcours3", "les_emplois", "fluxiae", "contracts")
"""The recipes that are shipped."""


def read_recipe(named: str | Path, names: Path | None = None) -> Recipe:
    """Read a recipe: one that is shipped, by its name, or a file.

    Args:
        named: `les_emplois`, or the path of a YAML.
        names: YAML of what files and columns are called here: source -> file, columns.

    Raises:
        ExtractError: There is none, or it names what it should not; one sentence.
    """
    place = str(named)
    try:
        if place in RECIPES:
            shipped = resources.files("evalml.extract").joinpath("recipes", f"{place}.yaml")
            raw = read_yaml_text(shipped.read_text(encoding="utf-8"), place)
        elif Path(place).suffix not in {".yaml", ".yml"}:
            raise ExtractError(f"no recipe is called '{place}'; {nearest(place, RECIPES)}")
        else:
            raw = read_yaml_file(Path(place), "recipe")
        if names is not None and isinstance(raw, dict):
            raw = {**raw, "names": read_yaml_file(names, "file of names")}
    except StudyError as error:
        raise ExtractError(str(error)) from None
    return recipe_from(raw, place)


def recipe_from(raw: Any, place: str) -> Recipe:
    """Return the recipe that plain values make; `place` is where they were read.

    Raises:
        ExtractError: They make none; says the first fault, and what is near.
    """
    if not isinstance(raw, dict):
        raise ExtractError(f"{place}: a recipe is a mapping of keys to values")
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        fault = _deepest(error)
        raise ExtractError(f"{place}: {_sentence(fault)}") from None
    except ExtractError as error:
        raise ExtractError(f"{place}: {error}") from None


def _deepest(error: ValidationError) -> ErrorDetails:
    """Return the first fault; of a cell written as a mapping, not that it is no text."""
    faults = error.errors(include_url=False)
    return next((f for f in faults if not f["loc"] or f["loc"][-1] != "str"), faults[0])


_PLAIN = {
    "tuple_type": "give a list, between [ and ]",
    "too_long": "the list is too long",
    "too_short": "the list is too short",
    "dict_type": "give a mapping of names to values",
    "model_type": "give a mapping of keys to values",
    "string_type": "give a text",
}


def _sentence(fault: ErrorDetails) -> str:
    loc = [p for p in fault["loc"] if p not in {"CellRecipe", "str"}]
    place = ".".join(str(p) for p in loc)
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{place}'; {nearest(str(loc[-1]), _keys(loc[:-1]))}"
    if fault["type"] == "missing":
        return f"missing key '{place}'"
    message = fault["msg"].removeprefix("Value error, ")
    message = _PLAIN.get(fault["type"], message)
    return f"{place}: {message}" if place else message


def _keys(loc: Iterable[int | str]) -> list[str]:
    """Return the keys known at a place, by walking the parts of a recipe."""
    part: Any = Recipe
    for step in loc:
        fields: Mapping[str, Any] = part.model_fields
        named = {f.alias or n: f for n, f in fields.items()}
        inner = _PARTS.get(str(step)) if str(step) in named else None
        part = inner or part
    return [f.alias or n for n, f in part.model_fields.items()]


_PARTS: dict[str, type[BaseModel]] = {
    "sources": SourceRecipe,
    "tables": TableRecipe,
    "columns": CellRecipe,
    "derive": CellRecipe,
    "persons": Persons,
    "names": SourceNames,
    "join": Join,
    "where": Filter,
    "latest": Latest,
    "months": MonthsRecipe,
    "group": Group,
}


def explain(recipe: Recipe, headers: Mapping[str, Iterable[str]] | None = None) -> list[str]:
    """Return, line by line, source column -> contract column, and what has no counterpart.

    Args:
        recipe: The recipe.
        headers: Columns of each file, where the files are there.
    """
    lines = [recipe.title] if recipe.title else []
    for name, table in recipe.tables.items():
        lines += ["", f"{name} <- {table.source}", *_steps_said(table)]
        cells = table.cells()
        lines += [f"  {column:22} <- {cell}" for column, cell in cells.items()]
        absent = [c.name for c in contract.table(name).columns if c.name not in cells]
        lines += [f"  not in the source: {', '.join(absent)}"] if absent else []
    for name, source in recipe.sources.items():
        steps = _steps_said(source)
        if source.source or steps:
            lines += ["", f"{name}: rows of {source.source or source.file or name}", *steps]
    other = [t.name for t in contract.TABLES if t.name not in recipe.tables]
    lines += ["", f"tables not in the source: {', '.join(other)}"]
    if recipe.completes:
        lines += ["it completes an extract: give it with --onto"]
    lines += _left_out(recipe, headers or {})
    return lines + [f"lost: {lost}" for lost in recipe.without_counterpart]


def _steps_said(rows: Rows) -> list[str]:
    lines = [f"  joined to {j.source} on {next(iter(j.match))}" for j in rows.join]
    lines += [f"  {name} = {cell}" for name, cell in rows.derive.items()]
    lines += [f"  left out: {f.why} ({f.column})" for f in rows.where]
    if rows.latest:
        order = ", ".join(rows.latest.order)
        by = ", ".join(rows.latest.by)
        lines.append(f"  one row per {by}" + (f", the last by {order}" if order else ""))
    lines += [f"  person found by {rows.person}"] if rows.person else []
    if rows.months:
        lines.append(f"  one row per month from {rows.months.start} to {rows.months.end}")
    if rows.group:
        lines.append(f"  grouped by {', '.join(rows.group.by)}")
        lines += [f"  {name} = {m}" for name, m in rows.group.columns.items()]
    return lines


def _left_out(recipe: Recipe, headers: Mapping[str, Iterable[str]]) -> list[str]:
    lines = []
    for source, columns in recipe.dropped.items():
        lines += [f"not taken from {source}: {c} ({why})" for c, why in columns.items()]
    for source, there in headers.items():
        rest = [c for c in there if c not in recipe.dropped.get(source, {})]
        lines += [f"not used of {source}: {', '.join(rest)}"] if rest else []
    return lines
