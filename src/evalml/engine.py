"""The only module that knows the data engine: ibis expressions, run by DuckDB (or Spark).

Stages build expressions from the tables they are given with ibis' own methods and the few names
re-exported here, and call `Engine.keep` where a result is read more than once. Expressions that
do not mean the same on every engine are listed in `docs/decisions/0002-ibis-on-duckdb.md`.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
from ibis import _, cases, ifelse, literal, row_number, window
from ibis.expr.types import BooleanValue, Column, Table, Value

from evalml.errors import EvalmlError, ExtractError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

__all__ = [
    "BooleanValue",
    "Column",
    "Engine",
    "Table",
    "Value",
    "_",
    "cases",
    "coalesce",
    "greatest",
    "hash_of",
    "ifelse",
    "interval",
    "least",
    "literal",
    "month_label",
    "month_of",
    "null",
    "open_engine",
    "row_number",
    "span",
    "union",
    "window",
]

ENGINES = ("duckdb", "spark")

least = ibis.least
coalesce = ibis.coalesce
interval = ibis.interval
null = ibis.null
greatest = ibis.greatest
union = ibis.union


@dataclass(slots=True, repr=False)
class Engine:
    """A connection, and the SQL that went through it.

    Attributes:
        name: `duckdb` or `spark`.
        backend: The ibis backend.
        statements: Compiled SQL of every result kept, in order: it goes into the run record.
        names: How many tables were named after each stem.
    """

    name: str
    backend: Any
    statements: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)

    def keep(self, expression: Table, name: str) -> Table:
        """Compute `expression` once and return the table that holds it.

        Args:
            expression: What to compute.
            name: Name of the temporary table, unique in the run.
        """
        sql = str(ibis.to_sql(expression, dialect=self.backend.name))
        self.statements.append((name, sql))
        return self.backend.create_table(name, expression, temp=True, overwrite=True)

    def fetch(self, expression: Table) -> pd.DataFrame:
        """Bring the rows of `expression` into memory as a pandas frame."""
        frame: pd.DataFrame = expression.to_pandas()
        return frame

    def memtable(self, frame: pd.DataFrame) -> Table:
        """Return `frame` as a table expression."""
        return ibis.memtable(frame)

    def read_parquet(self, paths: Path | Sequence[Path], name: str) -> Table:
        """Return the Parquet files as a lazy table called `name`."""
        many = [paths] if isinstance(paths, Path) else list(paths)
        return self.backend.read_parquet([str(p) for p in many], table_name=name)

    def fresh_name(self, stem: str) -> str:
        """Return a name no other table of this connection has: `stem`, then `stem_2`."""
        self.names[stem] = self.names.get(stem, 0) + 1
        return stem if self.names[stem] == 1 else f"{stem}_{self.names[stem]}"

    def read_csv(self, path: Path, name: str, columns: Sequence[str], delimiter: str) -> Table:
        """Return a UTF-8 CSV file with a header as a lazy table called `name`, all text."""
        return self.backend.read_csv(
            str(path),
            table_name=name,
            columns=dict.fromkeys(columns, "VARCHAR"),
            auto_detect=False,
            header=True,
            delim=delimiter,
            quote='"',
            escape='"',
            max_line_size=1_000_000,
        )

    def attach(self, path: Path, name: str) -> dict[str, Table]:
        """Attach a DuckDB file, read only, and return its tables by name."""
        self.backend.attach(str(path), name=name, read_only=True)
        names = self.backend.con.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog = ? AND table_schema = 'main' ORDER BY 1",
            [name],
        ).fetchall()
        return {t: self.backend.table(t, database=(name, "main")) for (t,) in names}

    def batches(self, expression: Table, rows: int = 250_000) -> Iterator[Any]:
        """Give the rows of `expression` as Arrow record batches, never all of them at once."""
        sql = str(ibis.to_sql(expression, dialect=self.backend.name))
        yield from self.backend.con.execute(sql).to_arrow_reader(rows)

    def write_parquet(self, expression: Table, path: Path) -> None:
        """Write the rows of `expression` to a Parquet file, without passing through Python."""
        expression.to_parquet(str(path), compression="zstd")

    def write_csv(self, expression: Table, path: Path) -> None:
        """Write the rows of `expression` to a UTF-8 CSV file, without passing through Python."""
        expression.to_csv(str(path))

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Turn what the engine says of a damaged file into one sentence that quotes no value.

        Args:
            what: The file, and what to do about it, as the sentence should say it.

        Raises:
            ExtractError: The engine could not read the file.
        """
        try:
            yield
        except (duckdb.Error, OSError, UnicodeDecodeError) as error:
            # The engine's own message may quote a cell: it is not passed on.
            raise ExtractError(f"{what} ({type(error).__name__})") from None

    def __repr__(self) -> str:
        """Name the engine and how much went through it."""
        return f"Engine({self.name}, {len(self.statements)} results kept)"


def open_engine(
    name: str = "duckdb", *, memory_limit: str | None = None, threads: int | None = None
) -> Engine:
    """Open an engine.

    Args:
        name: `duckdb` or `spark`.
        memory_limit: Memory DuckDB may take before it spills to disk, such as `4GB`.
        threads: Number of threads, all by default.

    Raises:
        EvalmlError: No engine has that name, or it is not installed.
    """
    if name not in ENGINES:
        raise EvalmlError(f"no engine is called '{name}'; {nearest(name, ENGINES)}")
    if name == "spark":
        raise EvalmlError("the Spark engine is not available in this version; use --engine duckdb")
    settings: dict[str, Any] = {"temp_directory": tempfile.gettempdir()}
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    if threads is not None:
        settings["threads"] = threads
    backend = ibis.duckdb.connect(**settings)
    return Engine(name, backend)


def month_of(day: Any) -> Any:
    """Return the month number (`evalml.months`) of a date column: year * 12 + month - 1."""
    return (day.year().cast("int32") * 12 + day.month().cast("int32") - 1).cast("int32")


def month_label(number: Any) -> Any:
    """Return the month of a month number as text, such as 2024-03."""
    return (
        (number // 12).cast("int32").cast("string")
        + "-"
        + ((number % 12 + 1).cast("int32").cast("string").lpad(2, "0"))
    )


def span(first: Any, last: Any) -> Any:
    """Return the integers from `first` to `last`, both included, as an array column."""
    return ibis.range(first, last + 1)


def hash_of(column: Any) -> Any:
    """Return 16 hexadecimal digits that depend on the value only: the house tie-breaker."""
    return column.cast("string").hexdigest("sha256").substr(0, 16)
