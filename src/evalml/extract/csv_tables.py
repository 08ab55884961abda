"""The CSV files of an extract as typed tables, or a refusal that names file, line and column."""

from __future__ import annotations

import datetime as dt
import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evalml.engine import cases, null
from evalml.errors import ExtractError
from evalml.extract import contract
from evalml.extract.schema import require_columns, require_distinct, with_optional
from evalml.reading.text import (
    DAY_ABOVE_12,
    FRENCH_DAY,
    ISO_DAY,
    MONTH_ABOVE_12,
    PATTERNS,
    SEPARATED,
    SPACES,
    TextTable,
    as_utf8,
    decimal_of,
    open_text,
    thousands_sign,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from evalml.engine import Engine, Table, Value
    from evalml.extract import contract
    from evalml.extract.contract import ColumnType
    from evalml.extract.meta import Dialect
    from evalml.reading.text import Decimal


INTEGER = r"^[+-]?\d{1,15}(\.0+)?$"
TRUE = r"^(true|TRUE|True|1|vrai|VRAI|Vrai|oui|OUI|Oui|O|t)$"
FALSE = r"^(false|FALSE|False|0|faux|FAUX|Faux|non|NON|Non|N|f)$"
BOOLEAN = f"{TRUE[:-1]}|{FALSE[1:]}".replace(")|(", "|")


@dataclass(frozen=True, slots=True)
class Style:
    """How an extract writes dates (`iso`, `french`) and decimals (`.`, `,`)."""

    dates: str = "iso"
    decimal: Decimal = "."


def pattern(kind: ColumnType, style: Style) -> str:
    """Return the pattern a cell of this type follows in an extract of this style."""
    if kind == "date":
        return FRENCH_DAY if style.dates == "french" else ISO_DAY
    if kind == "number":
        return PATTERNS[style.decimal]
    return {"integer": INTEGER, "boolean": BOOLEAN}.get(kind, "")


def typed(text: Value, kind: ColumnType, style: Style) -> Value:
    """Return the text column as its type; a cell that does not fit becomes null.

    `text`: the column, trimmed, empty cells already null; `style`: how dates and decimals are
    written in this extract.
    """
    if kind == "string":
        return text
    fits = text.re_search(pattern(kind, style))
    if kind == "boolean":
        no = cases((text.re_search(FALSE), False), else_=null("boolean"))
        return cases((text.re_search(TRUE), True), else_=no)
    if kind == "date":
        iso = _french_to_iso(text) if style.dates == "french" else text.substr(0, 10)
        value = iso.try_cast("date")
    elif kind == "integer":
        value = text.try_cast("float64").round().cast("int64")
    else:
        plain = text.re_replace(SPACES, "")
        plain = plain.replace(thousands_sign(style.decimal), "").replace(",", ".")
        value = plain.try_cast("float64")
    return fits.ifelse(value, null(value.type()))


def readable(cell: str, kind: ColumnType, style: Style) -> bool:
    """Say whether `typed` would read this cell."""
    if not re.search(pattern(kind, style), cell, re.ASCII):
        return False
    if kind != "date":
        return True
    parts = [int(p) for p in re.split(r"[-/]", cell[:10])]
    year, month, day = parts if style.dates == "iso" else parts[::-1]
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def shape(cell: str) -> str:
    """Return a cell with its content masked: `31/02/2024` gives `99/99/9999`."""
    masked = re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", cell))
    return masked if len(masked) <= 20 else f"{masked[:20]}…"  # noqa: PLR2004


def _french_to_iso(text: Value) -> Value:
    day, month, year = (text.split("/")[i] for i in range(3))
    return year.concat("-", month.lpad(2, "0"), "-", day.lpad(2, "0"))


TESTS: dict[str, dict[str, str]] = {
    "date": {
        "iso": ISO_DAY,
        "french": FRENCH_DAY,
        "day": DAY_ABOVE_12,
        "month": MONTH_ABOVE_12,
    },
    "number": {
        "separated": SEPARATED,
        "comma": PATTERNS[","],
        "point": PATTERNS["."],
        "either": f"{PATTERNS[',']}|{PATTERNS['.']}",
    },
}


def count_styles(text: Table, table: contract.Table, engine: Engine) -> dict[str, int]:
    """Count, in one pass, the cells of each column written in each style: `column style`."""
    sums = {
        f"{c.name} {style}": text[c.name].re_search(fits).sum()
        for c in table.columns
        for style, fits in TESTS.get(c.type, {}).items()
    }
    if not sums:
        return {}
    row = engine.fetch(text.aggregate(**sums)).fillna(0).iloc[0]
    return {str(k): int(v) for k, v in row.items()}


def decide(counts: Sequence[tuple[CsvFile, Mapping[str, int]]], declared: Dialect) -> Style:
    """Return the style of the extract."""
    return Style(declared.dates or _dates(counts), _decimal(counts, declared.decimal))


def _total(counts: Sequence[tuple[CsvFile, Mapping[str, int]]], style: str) -> int:
    return sum(n for _, c in counts for k, n in c.items() if k.endswith(f" {style}"))


def _place(
    counts: Sequence[tuple[CsvFile, Mapping[str, int]]],
    styles: tuple[str, ...],
    plain: Callable[[str], bool],
) -> str:
    """Say where the first cell of one of these styles is; `plain` cells are passed over."""
    file, column = next(
        (f, k.rsplit(" ", 1)[0])
        for f, c in counts
        for k, n in c.items()
        if n and k.rsplit(" ", 1)[1] in styles
    )
    return _first(file, column, plain)


def _dates(counts: Sequence[tuple[CsvFile, Mapping[str, int]]]) -> str:
    iso, french, month = (_total(counts, s) for s in ("iso", "french", "month"))
    if not french and not month:
        return "iso"
    place = _place(counts, ("french", "month"), lambda cell: "/" not in cell)
    if iso:
        raise ExtractError(
            f"{place}: dates are written both 2024-03-01 and 01/03/2024; keep one of the two"
        )
    if month:
        raise ExtractError(f"{place}: dates are written month first; write them 2024-03-01")
    if not _total(counts, "day"):
        raise ExtractError(
            f"{place}: no day above 12 tells days from months; if dates are written "
            "day/month/year, say so in extract.yaml (csv: {dates: french})"
        )
    return "french"


def _decimal(
    counts: Sequence[tuple[CsvFile, Mapping[str, int]]], declared: Decimal | None
) -> Decimal:
    """Return the decimal sign that the number columns of the extract prove.

    Each column is judged by itself: one that could be read with either sign, to another value, is
    refused even where others prove theirs.
    """
    proven: dict[Decimal, tuple[CsvFile, str]] = {}
    for file, found in counts:
        for column in (k.rsplit(" ", 1)[0] for k in found if k.endswith(" separated")):
            either, comma, point = (found[f"{column} {s}"] for s in ("either", "comma", "point"))
            if not found[f"{column} separated"] or not either:
                continue
            sign = decimal_of(
                comma_fits=comma == either,
                point_fits=point == either,
                separated=True,
                declared=declared,
            )
            if sign is None:
                _refuse_decimal(file, column, mixed=comma != either)
            else:
                proven.setdefault(sign, (file, column))
    if len(proven) > 1:
        file, column = proven[","]
        place = _first(file, column, lambda cell: "," not in cell)
        raise ExtractError(f"{place}: numbers are written both 1.5 and 1,5; keep one of the two")
    return next(iter(proven), declared or ".")


def _refuse_decimal(file: CsvFile, column: str, *, mixed: bool) -> None:
    line, shape = file.misfit(column, lambda cell: "," not in cell and "." not in cell)
    place = f"{file.path.name}, line {line}, column {column}"
    if mixed:
        raise ExtractError(f"{place}: numbers are written both 1.5 and 1,5; keep one of the two")
    name, sign = ("comma", ",") if "," in shape else ("point", ".")
    raise ExtractError(
        f"{place}: the {name} could separate decimals or thousands; "
        f"say so in extract.yaml (csv: {{decimal: '{sign}'}}, or the other sign)"
    )


def _first(file: CsvFile, column: str, passed: Callable[[str], bool]) -> str:
    line, _ = file.misfit(column, passed)
    return f"{file.path.name}, line {line}, column {column}"


UNREAD = "unread"
AFTER = "after the last separator"
SEPARATOR_KEY = "csv.delimiter in extract.yaml"


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One CSV file, found readable as text.

    Attributes:
        file: How it is written.
        table: Table of the contract it holds.
        text: Its rows, every cell as trimmed text, empty cells null.
    """

    file: TextTable
    table: contract.Table
    text: Table

    @property
    def path(self) -> Path:
        """The file as received."""
        return self.file.path

    def misfit(self, column: str, readable: Callable[[str], bool]) -> tuple[int, str]:
        """Return the line of the first cell of a column that is not readable, and its shape."""
        place = self.file.names.index(column)
        for line, record in self.file.records():
            cell = record[place].strip() if place < len(record) else ""
            if cell and not readable(cell):
                return line, shape(cell)
        return 0, ""


def read_csv_tables(
    paths: Mapping[str, Path], declared: Dialect, engine: Engine
) -> dict[str, Table]:
    """Read the CSV files into the engine's own store, typed by the contract.

    One way of writing dates and decimals holds for the whole extract, so that a file whose days
    are all below 13 is read by what the others show. Columns the contract does not know are kept
    as text.

    `declared`: what `extract.yaml` says of the files; `engine`: where the rows go; it spills to
    disk past its memory limit.
    """
    with tempfile.TemporaryDirectory(prefix=f"evalml-{os.getpid()}-") as scratch:
        files = [_open(path, name, declared, Path(scratch), engine) for name, path in paths.items()]
        counts = []
        for file in files:
            with _scanning(file, engine):
                counts.append((file, count_styles(file.text, file.table, engine)))
        style = decide(counts, declared)
        tables = {}
        for file in files:
            with _scanning(file, engine):
                tables[file.table.name] = _typed(file, style, engine)
        return tables


def _open(path: Path, name: str, declared: Dialect, scratch: Path, engine: Engine) -> CsvFile:
    table = contract.table(name)
    file = open_text(
        path, encoding=declared.encoding, separator=declared.delimiter, remedy=SEPARATOR_KEY
    )
    require_columns(path.name, file.names, table)
    require_distinct(path.name, file.names)
    text = as_text(file, scratch, engine.fresh_name(f"raw_{name}"), engine)
    return CsvFile(file, table, with_optional(text, table, as_text=True))


def as_text(file: TextTable, scratch: Path, name: str, engine: Engine) -> Table:
    """Return the rows of a delimited file, every cell as trimmed text, empty cells null."""
    copy = as_utf8(file.path, file.encoding, scratch / file.path.name)
    columns = [*file.names, *([AFTER] if file.trailing else [])]
    with engine.reading(f"{file.path.name} cannot be read as CSV; save it again as UTF-8"):
        raw = engine.read_csv(copy, name, columns, file.separator, file.skip)
        text = raw.select(**{n: raw[n].strip().nullif("") for n in columns})
        if not file.trailing:
            return text
        beyond = engine.fetch(text.aggregate(n=text[AFTER].count()))["n"][0]
    if beyond:
        raise file.ragged() or ExtractError(f"{file.path.name} cannot be read as CSV")
    return text.drop(AFTER)


@contextmanager
def _scanning(file: CsvFile, engine: Engine) -> Iterator[None]:
    """Where the engine stops at a row that does not follow the header, say on which line."""
    name = file.path.name
    unread = f"{name} cannot be read to its end"
    try:
        with engine.reading(unread):
            yield
    except ExtractError as error:
        ragged = file.file.ragged()
        if ragged is None or not str(error).startswith(unread):
            raise
        raise ragged from None


def _typed(file: CsvFile, style: Style, engine: Engine) -> Table:
    """Type every column, keep the result, and refuse the file if a cell could not be read."""
    text = file.text
    columns = {c.name: typed(text[c.name], c.type, style) for c in file.table.columns}
    extra = {n: text[n] for n in text.columns if n not in columns}
    unread = {
        f"{UNREAD} {c.name}": text[c.name].notnull() & columns[c.name].isnull()
        for c in file.table.columns
        if c.type != "string"
    }
    name = engine.fresh_name(f"typed_{file.table.name}")
    kept = engine.keep(text.select(**columns, **extra, **unread), name)
    if unread:
        frame = engine.fetch(kept.aggregate(**{n: kept[n].sum() for n in unread}))
        row = frame.fillna(0).iloc[0]
        _refuse_unread(file, {n.removeprefix(f"{UNREAD} "): int(row[n]) for n in unread}, style)
    return kept.drop(*unread)


def _refuse_unread(file: CsvFile, counts: Mapping[str, int], style: Style) -> None:
    """Refuse a file that has a cell which is not of the type of its column."""
    for name, count in counts.items():
        if count > 0:
            kind = file.table.column(name).type
            line, shape = file.misfit(name, partial(readable, kind=kind, style=style))
            raise ExtractError(
                f"{file.path.name}, line {line}, column {name}: not a {kind} (written like "
                f"{shape}); {count} such cells, correct or empty them"
            )
