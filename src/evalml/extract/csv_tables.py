"""The CSV files of an extract as typed tables, or a refusal that names file, line and column."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evalml.errors import ExtractError
from evalml.extract import contract, dialect
from evalml.extract.dialect import count_styles, decide
from evalml.extract.schema import require_columns, require_distinct, with_optional
from evalml.reading.text import TextTable, as_utf8, open_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from evalml.engine import Engine, Table
    from evalml.extract.dialect import Style
    from evalml.extract.meta import Dialect

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
                return line, dialect.shape(cell)
        return 0, ""


def read_csv_tables(
    paths: Mapping[str, Path], declared: Dialect, engine: Engine
) -> dict[str, Table]:
    """Read the CSV files into the engine's own store, typed by the contract.

    One way of writing dates and decimals holds for the whole extract, so that a file whose days
    are all below 13 is read by what the others show. Columns the contract does not know are kept
    as text.

    Args:
        paths: File of each table.
        declared: What `extract.yaml` says of the files.
        engine: Where the rows go; it spills to disk past its memory limit.

    Raises:
        ExtractError: A column is missing, or a cell cannot be read without guessing.
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
    """Return the rows of a delimited file, every cell as trimmed text, empty cells null.

    Raises:
        ExtractError: The engine cannot read it, or something follows the last separator.
    """
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
    columns = {c.name: dialect.typed(text[c.name], c.type, style) for c in file.table.columns}
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
            line, shape = file.misfit(name, partial(dialect.readable, kind=kind, style=style))
            raise ExtractError(
                f"{file.path.name}, line {line}, column {name}: not a {kind} (written like "
                f"{shape}); {count} such cells, correct or empty them"
            )
