"""The only module that knows the data engine: ibis expressions, run by DuckDB (or Spark).

Stages build expressions from the tables they are given with ibis' own methods and the few names
re-exported here, and call `Engine.keep` where a result is read more than once. Expressions that
do not mean the same on every engine are listed in `docs/decisions/0002-ibis-on-duckdb.md`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _, cases, ifelse, literal, row_number, window
from ibis.expr.types import BooleanValue, Column, Table, Value

from evalml.errors import EvalmlError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = [
    "BooleanValue",
    "Column",
    "Engine",
    "Table",
    "Value",
    "_",
    "cases",
    "hash_of",
    "ifelse",
    "least",
    "greatest",
    "literal",
    "month_of",
    "open_engine",
    "row_number",
    "union",
    "window",
]

ENGINES = ("duckdb", "spark")

least = ibis.least
greatest = ibis.greatest
union = ibis.union


@dataclass(slots=True, repr=False)
class Engine:
    """A connection, and the SQL that went through it.

    Attributes:
        name: `duckdb` or `spark`.
        backend: The ibis backend.
        statements: Compiled SQL of every result kept, in order: it goes into the run record.
    """

    name: str
    backend: Any
    statements: list[tuple[str, str]] = field(default_factory=list)

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
        return expression.to_pandas()

    def memtable(self, frame: pd.DataFrame) -> Table:
        """Return `frame` as a table expression."""
        return ibis.memtable(frame)

    def read_parquet(self, paths: Path | Sequence[Path], name: str) -> Table:
        """Return the Parquet files as a lazy table called `name`."""
        many = [paths] if isinstance(paths, Path) else list(paths)
        return self.backend.read_parquet([str(p) for p in many], table_name=name)

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
    backend.con.execute("SET enable_progress_bar = false")
    return Engine(name, backend)


def month_of(day: Any) -> Any:
    """Return the month number (`evalml.months`) of a date column: year * 12 + month - 1."""
    return (day.year().cast("int32") * 12 + day.month().cast("int32") - 1).cast("int32")


def hash_of(column: Any) -> Any:
    """Return 16 hexadecimal digits that depend on the value only: the house tie-breaker."""
    return column.cast("string").hexdigest("sha256").substr(0, 16)
