"""Read files of printed figures, and refuse what does not follow the schema."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from evalml.errors import EvalmlError, nearest
from evalml.published.figure import Figure, read_number
from evalml.published.territories import known

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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


def read_figures(path: Path) -> dict[str, Figure]:
    """Return the figures of a CSV file, or of every CSV file of a folder, by id.

    Args:
        path: A file, or a folder that holds `*.csv`.

    Raises:
        PublishedError: No file, a column missing, a cell that cannot be read, an id used twice.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files or not all(f.is_file() for f in files):
        raise PublishedError(f"no CSV of printed figures at {path}; give a file or a folder")
    figures: dict[str, Figure] = {}
    for file in files:
        for figure in _rows(file):
            if figure.id in figures:
                raise PublishedError(
                    f"{figure.origin}, column id: '{figure.id}' is already used at "
                    f"{figures[figure.id].origin}; every figure needs its own id"
                )
            figures[figure.id] = figure
    return figures


def _rows(file: Path) -> Iterable[Figure]:
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


def _figure(row: dict[str, str | None], origin: str) -> Figure:
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
    return Figure(
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
