"""Read files of printed figures, refuse what breaks the schema, look figures up."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import yaml
from pydantic import Field, model_validator

from evalml.errors import EvalmlError, nearest
from evalml.published.figure import ADDITIVE, PrintedFigure, read_number
from evalml.reading.yaml_text import StrictModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


REGIONS = {
    "01": "971",
    "02": "972",
    "03": "973",
    "04": "974",
    "06": "976",
    "11": "75 77 78 91 92 93 94 95",
    "24": "18 28 36 37 41 45",
    "27": "21 25 39 58 70 71 89 90",
    "28": "14 27 50 61 76",
    "32": "02 59 60 62 80",
    "44": "08 10 51 52 54 55 57 67 68 88",
    "52": "44 49 53 72 85",
    "53": "22 29 35 56",
    "75": "16 17 19 23 24 33 40 47 64 79 86 87",
    "76": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "84": "01 03 07 15 26 38 42 43 63 69 73 74",
    "93": "04 05 06 13 83 84",
    "94": "2A 2B",
}
"""Départements of each region (INSEE, official geographic code)."""
FRANCE = "france"
_CHILDREN = {
    f"region:{code}": tuple(f"departement:{d}" for d in members.split())
    for code, members in REGIONS.items()
}
_CHILDREN[FRANCE] = tuple(f"region:{code}" for code in REGIONS)
_PARENT = {child: parent for parent, members in _CHILDREN.items() for child in members}


def children(territory: str) -> tuple[str, ...]:
    """Return the territories that make up `territory`, none when it is not made of others."""
    return _CHILDREN.get(territory, ())


def parent(territory: str) -> str | None:
    """Return the territory directly around `territory`, if it is known."""
    return _PARENT.get(territory)


def around(territory: str, level: str) -> str | None:
    """Return the `region` or `france` around a territory.

    `territory`: such as `departement:59`.
    """
    found: str | None = territory
    while found is not None and found.split(":")[0] != level:
        found = parent(found)
    return found


def known(territory: str) -> bool:
    """Tell whether a `region:` or `departement:` code exists; other names are free."""
    if territory.startswith(("region:", "departement:")):
        return territory in _PARENT
    return bool(territory)


COLUMNS = (
    "id",
    "source",
    "place",
    "year",
    "territory",
    "programme",
    "indicator",
    "population",
    "breakdown",
    "statistic",
    "unit",
    "value_printed",
    "value",
    "rounding",
    "note",
)
REQUIRED = ("id", "source", "year", "territory", "indicator", "statistic", "value", "rounding")
STATISTICS = (
    "count",
    "amount",
    "share",
    "mean",
    "growth",
    "ratio",
    "rank",
    "age",
    "duration",
    "distance",
    "surface",
    "page",
    "reference",
    "name",
)
_ID = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_STEP = re.compile(r"^(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([+-]?)$")
_SCALES = (1.0, 1e3, 1e6, 1e9)


class PublishedError(EvalmlError):
    """A file of printed figures, or of identities, that cannot be read."""


def read_figures(path: Path) -> dict[str, PrintedFigure]:
    """Return the figures of a CSV file, or of every CSV file of a folder, by id.

    Args:
        path: A file, or a folder that holds `*.csv`.

    Raises:
        PublishedError: No file, a column missing, a cell that cannot be read, an id used twice.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files or not all(f.is_file() for f in files):
        raise PublishedError(f"no CSV of printed figures at {path}; give a file or a folder")
    figures: dict[str, PrintedFigure] = {}
    for file in files:
        for figure in _rows(file):
            if figure.id in figures:
                raise PublishedError(
                    f"{figure.origin}, column id: '{figure.id}' is already used at "
                    f"{figures[figure.id].origin}; every figure needs its own id"
                )
            figures[figure.id] = figure
    return figures


def _rows(file: Path) -> Iterable[PrintedFigure]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PublishedError(f"{file.name} cannot be read as UTF-8 text: {error}") from error
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > 5 else ",")  # noqa: PLR2004
    found = list(reader.fieldnames or ())
    for column in REQUIRED:
        if column not in found:
            hint = nearest(column, found) if found else "the file is empty"
            raise PublishedError(f"{file.name}, line 1: no column '{column}'; {hint}")
    for column in found:
        if column not in COLUMNS:
            raise PublishedError(
                f"{file.name}, line 1: unknown column '{column}'; {nearest(column, COLUMNS)}"
            )
    for row in reader:
        yield _figure(row, f"{file.name}, line {reader.line_num}")


def _figure(row: dict[str, str | None], origin: str) -> PrintedFigure:
    if None in row or None in row.values():
        raise PublishedError(f"{origin}: the row has not as many cells as there are columns")
    cell = {k: (v or "").strip() for k, v in row.items()}
    for column in REQUIRED:
        if not cell[column]:
            raise PublishedError(f"{origin}, column {column}: empty; every figure needs one")
    _check_words(cell, origin)
    step, side = _rounding(cell["rounding"], origin)
    value = _number(cell["value"], "value", origin)
    printed = cell.get("value_printed") or cell["value"].replace(".", ",")
    _check_printed(printed, value, cell["statistic"], origin)
    return PrintedFigure(
        id=cell["id"],
        source=cell["source"],
        place=cell.get("place", ""),
        year=int(_number(cell["year"], "year", origin)),
        territory=cell["territory"],
        programme=cell.get("programme", ""),
        indicator=cell["indicator"],
        population=cell.get("population", ""),
        breakdown=";".join(sorted(p for p in cell.get("breakdown", "").split(";") if p)),
        statistic=cell["statistic"],
        unit=cell.get("unit", ""),
        printed=printed,
        value=value,
        step=step,
        side=side,
        note=cell.get("note", ""),
        origin=origin,
    )


def _check_words(cell: dict[str, str], origin: str) -> None:
    if not _ID.match(cell["id"]):
        raise PublishedError(
            f"{origin}, column id: '{cell['id']}' must be letters, digits and underscores"
        )
    if cell["statistic"] not in STATISTICS:
        raise PublishedError(
            f"{origin}, column statistic: '{cell['statistic']}' is unknown; "
            f"{nearest(cell['statistic'], STATISTICS)}"
        )
    if not known(cell["territory"]):
        raise PublishedError(
            f"{origin}, column territory: '{cell['territory']}' is no INSEE code; "
            "write region:32, departement:59, france or a free name"
        )
    for pair in filter(None, cell.get("breakdown", "").split(";")):
        if pair.count("=") != 1:
            raise PublishedError(
                f"{origin}, column breakdown: '{pair}' is not dimension=value (joined by ';')"
            )


def _rounding(text: str, origin: str) -> tuple[float, str]:
    match = _STEP.match(text)
    if match is None or float(match[1]) <= 0:
        raise PublishedError(
            f"{origin}, column rounding: '{text}' is not a step; write 1, 0.1, 100000- or 10+"
        )
    return float(match[1]), match[2]


def _number(text: str, column: str, origin: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise PublishedError(
            f"{origin}, column {column}: '{text}' is not a number (write 1234.5)"
        ) from None


def _check_printed(printed: str, value: float, statistic: str, origin: str) -> None:
    number = read_number(printed)
    if number is None or statistic in {"reference", "name"} or "½" in printed:
        return
    if not any(abs(abs(number) * scale - abs(value)) <= 1e-6 * scale for scale in _SCALES):
        if re.match(r"^\d+ h ?\d+", printed):
            return
        raise PublishedError(
            f"{origin}, column value: {value:g} is not what '{printed}' prints ({number:g})"
        )


PARTITIONS = (
    ("sexe=F", "sexe=H"),
    ("sexe=F", "sexe=M"),
    ("qpv=0", "qpv=1"),
)


class Concept(NamedTuple):
    """What a figure measures, wherever it is printed.

    The population belongs to the concept of a share, not of a count: the youths who entered a
    programme are the same number whether or not a table recalls whom they are part of.
    """

    indicator: str
    year: int
    breakdown: str
    statistic: str
    unit: str
    programme: str
    population: str


def concept(figure: PrintedFigure) -> Concept:
    """Return what a figure measures."""
    return Concept(
        figure.indicator,
        figure.year,
        figure.breakdown,
        figure.statistic,
        figure.unit,
        figure.programme,
        "" if figure.statistic in ADDITIVE else figure.population,
    )


class Catalogue:
    """The figures, indexed by concept and territory.

    Attributes:
        figures: The figures, by id.
        partitions: Sets of `dimension=value` pairs that together make a whole.
        by_concept: Concept, then territory, then the figures printed for it.
    """

    def __init__(
        self, figures: Mapping[str, PrintedFigure], partitions: tuple[tuple[str, ...], ...] = ()
    ) -> None:
        self.figures = figures
        self.partitions = PARTITIONS + partitions
        self.by_concept: dict[Concept, dict[str, list[PrintedFigure]]] = {}
        self._counts: dict[tuple[str, int, str, str], list[PrintedFigure]] = defaultdict(list)
        for figure in figures.values():
            places = self.by_concept.setdefault(concept(figure), {})
            places.setdefault(figure.territory, []).append(figure)
            if figure.statistic in ADDITIVE:
                key = (figure.indicator, figure.year, figure.territory, figure.breakdown)
                self._counts[key].append(figure)

    def __iter__(self) -> Iterator[PrintedFigure]:
        return iter(self.figures.values())

    def counts(
        self, indicator: str, year: int, territory: str, breakdown: str = ""
    ) -> list[PrintedFigure]:
        """Return the counts or amounts printed for an indicator."""
        return self._counts.get((indicator, year, territory, breakdown), [])

    def base(self, figure: PrintedFigure) -> PrintedFigure | None:
        """Return the count a figure is a share, or a part, of, as its table would have it."""
        name, _, level = figure.population.partition("@")
        territory = around(figure.territory, level) if level else figure.territory
        if not name or territory is None:
            return None
        return nearest_to(figure, self.counts(name, figure.year, territory))

    def numerator(self, figure: PrintedFigure) -> PrintedFigure | None:
        """Return the count a share is the share of, if it is printed."""
        key = (figure.indicator, figure.year, figure.territory, figure.breakdown)
        return nearest_to(figure, self._counts.get(key, []))


def nearest_to(figure: PrintedFigure, candidates: list[PrintedFigure]) -> PrintedFigure | None:
    """Return the candidate of the same table, else the most repeated value, else the first."""
    others = [c for c in candidates if c.id != figure.id]
    same = [c for c in others if c.table == figure.table]
    if same:
        return same[0]
    if not others:
        return None
    commonest = Counter(c.value for c in others).most_common(1)[0][0]
    return next(c for c in others if c.value == commonest)


class Nearest(StrictModel):
    """The estimate of a study that comes closest to a published one."""

    method: str
    outcome: str
    horizon: int


class InEnglish(StrictModel):
    """The words of an effect in print, in English."""

    source: str = Field(min_length=1)
    measured: str = Field(min_length=1)
    value: str = Field(min_length=1)
    alike: str = Field(min_length=1)
    differs: str = Field(min_length=1)
    read_in: str = Field(min_length=1)


class PublishedEffect(StrictModel):
    """One effect in print.

    Attributes:
        source: Who published it, and when.
        measured: What it measures.
        value: The figure, as printed.
        nearest: The estimate of a study that comes closest.
        alike: What makes the two comparable.
        differs: What keeps them apart.
        read_in: What was read of it.
        en: The same words in English.
    """

    source: str = Field(min_length=1)
    measured: str = Field(min_length=1)
    value: str = Field(min_length=1)
    nearest: Nearest
    alike: str = Field(min_length=1)
    differs: str = Field(min_length=1)
    read_in: str = Field(min_length=1)
    en: InEnglish


@cache
def _all() -> dict[str, list[dict[str, Any]]]:
    text = resources.files("evalml.published").joinpath("evaluations.yaml")
    found: dict[str, list[dict[str, Any]]] = yaml.load(
        text.read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    return found


Standing = Literal["runs", "near", "refused"]
"""Whether evalml runs an evaluation in print, something near it, or refuses it."""


class PublishedNumber(StrictModel):
    """One number in print, as it was read; an error only where one was read."""

    what: str = Field(min_length=1)
    value: str = Field(min_length=1)
    std_error: str = ""


class PublishedEvaluation(StrictModel):
    """One evaluation in print, and what evalml makes of it.

    Attributes:
        title: Who published it, and when.
        programme: Programme evaluated.
        design: How it was evaluated.
        population: On whom.
        outcome: What was measured.
        estimates: Numbers in print; none where none was read.
        read: What was read of it.
        not_read: What was not.
        status: Whether evalml runs it.
        because: Why it is not the same, or refused; empty where it runs.
        study: Name of its study in `params/published`; empty where it is refused.
        world: Invented world on which it was run.
    """

    title: str = Field(min_length=1)
    programme: str
    design: str
    population: str
    outcome: str
    estimates: tuple[PublishedNumber, ...]
    read: str = Field(min_length=1)
    not_read: str = Field(min_length=1)
    status: Standing
    because: str = ""
    study: str = ""
    world: str = ""

    @model_validator(mode="after")
    def _whole(self) -> PublishedEvaluation:
        if (self.status == "runs") == bool(self.because):
            raise ValueError("because: say why, unless it runs")
        if (self.status == "refused") == bool(self.study):
            raise ValueError("study: name it, unless it is refused")
        return self


def published_evaluations(folder: Path) -> dict[str, PublishedEvaluation]:
    """Return the register of evaluations in print, by name, from its folder."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}
    return {
        name: PublishedEvaluation.model_validate(yaml.load(text, yaml.CSafeLoader))
        for name, text in texts.items()
    }


def published_effects(programme: str) -> tuple[PublishedEffect, ...]:
    """Return the effects of a programme in print; none where none was read."""
    return tuple(PublishedEffect.model_validate(row) for row in _all().get(programme, []))
