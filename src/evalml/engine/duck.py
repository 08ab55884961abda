"""DuckDB, inside the process: the engine of every day; and the choice of an engine by name."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
import numpy as np

from evalml.errors import EvalmlError, ExtractError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from ibis.expr.types import Table


SORTED_ROWS = 50_000
"""Results up to this size are put in the order of their columns: it depends on no engine."""


HASHES = 30_000_000
"""Hashes sorted at a time: 240 MB."""


@dataclass(slots=True, repr=False)
class Engine:
    """A connection, and the SQL that went through it.

    Attributes:
        name: `duckdb` or `spark`.
        backend: The ibis backend.
        statements: Compiled SQL of every result kept, in order: it goes into the run record.
        names: How many tables were named after each stem.
        kept: Names of the results kept.
    """

    name: str
    backend: Any
    statements: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    @property
    def local(self) -> Engine:
        """The engine that reads files and databases this machine alone can see: DuckDB."""
        return self

    def adopt(self, rows: Table, name: str) -> Table:  # noqa: ARG002 - Spark needs a name
        """Return rows of `local` as a table of this engine."""
        return rows

    def keep(self, expression: Table, name: str) -> Table:
        """Compute `expression` once and return the table that holds it.

        Args:
            expression: What to compute.
            name: Name of the temporary table; another is made of it where it is taken.
        """
        name = self._free(name)
        sql = str(self.backend.compile(expression, pretty=True))
        self.statements.append((name, sql))
        # ibis' own create_table would compile a second time, and insert into a table made before
        self.backend._run_pre_execute_hooks(expression)  # noqa: SLF001 - tables held in memory
        text = self.backend.compiler.type_mapper.to_string
        columns = (f'CAST("{c}" AS {text(t)}) AS "{c}"' for c, t in expression.schema().items())
        query = f'CREATE TEMP TABLE "{name}" AS SELECT {", ".join(columns)} FROM ({sql}) AS "q"'  # noqa: S608
        self.backend.con.execute(query)
        return self.backend.table(name)

    def _free(self, name: str) -> str:
        """Return `name`, or `name_2` where a result of that name is kept already."""
        number, free = 1, name
        while free in self.kept:
            number += 1
            free = f"{name}_{number}"
        self.kept.add(free)
        return free

    def sql(self, expression: Table) -> str:
        """Return the SQL that this engine runs for an expression."""
        return str(ibis.to_sql(expression, dialect=self.backend.name))

    def fetch(self, expression: Table) -> pd.DataFrame:
        """Bring the rows of `expression` into memory as a pandas frame.

        The rows of a small result that asks for no order come in the order of their columns,
        which is the same on every engine and with every number of threads.
        """
        frame = self._frame(expression)
        ordered = type(expression.op()).__name__ in ("Sort", "Limit")
        if ordered or not 1 < len(frame) <= SORTED_ROWS:
            return frame
        return frame.sort_values(list(frame.columns), ignore_index=True)

    def repeats(self, rows: Table, key: Sequence[str], n: int) -> bool:
        """Tell whether two rows have the same key.

        Keys are compared by a hash of 64 bits, sorted in memory `HASHES` at a time, and by their
        values only where two hashes are equal.

        Args:
            rows: The rows.
            key: Columns that should tell them apart.
            n: How many rows there are.
        """
        columns = ", ".join(f'"{name}"' for name in key)
        hashes = f'SELECT hash({columns}) AS "h" FROM ({self.sql(rows.select(*key))}) AS "q"'  # noqa: S608
        parts = -(-n // HASHES)
        for part in range(parts):
            query = f'FROM ({hashes}) AS "p" WHERE "h" % {parts} = {part}' if parts > 1 else hashes
            found = np.array(self.backend.con.execute(query).fetchnumpy()["h"])
            found.sort()
            if (found[1:] == found[:-1]).any():
                return self._repeats(rows, key)
        return False

    def _repeats(self, rows: Table, key: Sequence[str]) -> bool:
        """Tell whether two rows have the same key, by their values."""
        sizes = rows.group_by(*key).aggregate(rows=rows.count())
        return bool(self.fetch(sizes.aggregate(some=(sizes["rows"] > 1).any()))["some"][0])

    def _frame(self, expression: Table) -> pd.DataFrame:
        frame: pd.DataFrame = expression.to_pandas()
        return frame

    def memtable(self, frame: pd.DataFrame) -> Table:
        """Return `frame` as a table expression."""
        return ibis.memtable(frame)

    def take(self, batches: pa.RecordBatchReader, name: str) -> Table:
        """Store a stream of Arrow batches, never all of it in memory, as a table called `name`."""
        connection = self.backend.con
        connection.register("arriving", batches)
        try:
            connection.execute(f'CREATE TEMP TABLE "{name}" AS FROM "arriving"')
        finally:
            connection.unregister("arriving")
        return self.backend.table(name)

    def read_parquet(self, paths: Path | Sequence[Path], name: str) -> Table:
        """Return the Parquet files as a lazy table called `name`."""
        many = [paths] if isinstance(paths, Path) else list(paths)
        return self.backend.read_parquet([str(p) for p in many], table_name=name)

    def fresh_name(self, stem: str) -> str:
        """Return a name no other table of this connection has: `stem`, then `stem_2`."""
        self.names[stem] = self.names.get(stem, 0) + 1
        return stem if self.names[stem] == 1 else f"{stem}_{self.names[stem]}"

    def read_csv(
        self, path: Path, name: str, columns: Sequence[str], delimiter: str, skip: int = 1
    ) -> Table:
        """Return a UTF-8 CSV file as a lazy table called `name`, all text.

        Args:
            path: The file.
            name: Name of the table.
            columns: Names of its columns.
            delimiter: What separates them.
            skip: Lines above the first row, the header's among them.
        """
        return self.backend.read_csv(
            str(path),
            table_name=name,
            columns=dict.fromkeys(columns, "VARCHAR"),
            auto_detect=False,
            header=False,
            skip=skip,
            delim=delimiter,
            quote='"',
            escape='"',
            max_line_size=1_000_000,
        )

    def read_json(self, paths: Sequence[Path], name: str, columns: Mapping[str, str]) -> Table:
        """Return JSON files of one object each as a lazy table called `name`.

        Args:
            paths: The files; keys that `columns` does not name are left out.
            name: Name of the table.
            columns: DuckDB type of each key.
        """
        return self.backend.read_json(
            [str(p) for p in paths], table_name=name, columns=dict(columns), format="auto"
        )

    def json_fields(self, path: Path, each: str | None) -> list[str]:
        """Return the names of the fields of a JSON file; `a.b` is a field within a field.

        Args:
            path: Records, in a list or one a line.
            each: List inside each record whose elements are the rows; those of the record are then
                `record.a`.
        """
        fields = dict(self.backend.read_json([str(path)], format="auto").schema().items())
        if each is None:
            return list(_flat(fields))
        inner = fields.pop(each, None)
        element = inner.value_type if inner is not None and inner.is_array() else None
        own = _flat(dict(element.fields)) if element is not None and element.is_struct() else {}
        return [*own, *(f"record.{name}" for name in _flat(fields))]

    def read_records(self, path: Path, name: str, fields: Sequence[str], each: str | None) -> Table:
        """Return fields of a JSON file as a lazy table of text; others are never read.

        Args:
            path: Records, in a list or one a line.
            name: Name of the table.
            fields: Names, as `json_fields` gives them.
            each: List inside each record whose elements are the rows.
        """
        outer = [f.removeprefix("record.") for f in fields if each is None or "record." in f]
        inner = [f for f in fields if each is not None and "record." not in f]
        columns = _text_types(outer)
        if each is not None:
            columns[each] = f"{_struct(_text_types(inner))}[]"
        rows = self.backend.read_json(
            [str(path)],
            table_name=name,
            columns=columns,
            format="auto",
            maximum_object_size=1 << 26,
        )
        if each is None:
            return rows.select(**{f: _field(rows, f) for f in outer})
        made = rows.select(
            **{f"record.{f}": _field(rows, f) for f in outer}, element=rows[each].unnest()
        )
        own = {f: _inside(made.element, f.split(".")) for f in inner}
        return made.mutate(**own).drop("element")

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
        yield from self.backend.con.sql(self.sql(expression)).to_arrow_reader(rows)

    def write_parquet(self, expression: Table, path: Path) -> None:
        """Write the rows of `expression` to a Parquet file, without passing through Python."""
        expression.to_parquet(str(path), compression="zstd")

    def write_csv(self, expression: Table, path: Path) -> None:
        """Write the rows of `expression` to a UTF-8 CSV file, without passing through Python."""
        expression.to_csv(str(path))

    @property
    def faults(self) -> tuple[type[Exception], ...]:
        """What this engine raises when it cannot read a file."""
        return (duckdb.Error, OSError, UnicodeDecodeError)

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
        except self.faults as error:
            # The engine's own message may quote a cell: it is not passed on.
            raise ExtractError(f"{what} ({type(error).__name__})") from None

    def __repr__(self) -> str:
        """Name the engine and how much went through it."""
        return f"Engine({self.name}, {len(self.statements)} results kept)"


def _flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record, those within a field as `field.inner`."""
    found: dict[str, Any] = {}
    for name, kind in fields.items():
        if kind.is_struct():
            found |= {f"{name}.{n}": k for n, k in _flat(dict(kind.fields)).items()}
        else:
            found[name] = kind
    return found


def _text_types(fields: Sequence[str]) -> dict[str, str]:
    """Return the DuckDB type of each top field, all leaves being text."""
    inner: dict[str, list[str]] = {}
    for name in fields:
        top, _, rest = name.partition(".")
        inner.setdefault(top, []).extend([rest] if rest else [])
    return {top: _struct(_text_types(rest)) if rest else "VARCHAR" for top, rest in inner.items()}


def _struct(types: Mapping[str, str]) -> str:
    return "STRUCT(" + ", ".join(f'"{name}" {kind}' for name, kind in types.items()) + ")"


def _field(rows: Table, name: str) -> Any:
    top, *rest = name.split(".")
    return _inside(rows[top], rest)


def _inside(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = value[name]
    return value


def open_duckdb(memory_limit: str | None = None, threads: int | None = None) -> Engine:
    """Open DuckDB in memory; past its memory limit it spills to the temporary folder."""
    settings: dict[str, Any] = {"temp_directory": tempfile.gettempdir()}
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    if threads is not None:
        settings["threads"] = threads
    return Engine("duckdb", ibis.duckdb.connect(**settings))


ENGINES = ("duckdb", "spark")


def open_engine(
    name: str = "duckdb", *, memory_limit: str | None = None, threads: int | None = None
) -> Engine:
    """Open an engine.

    Spark runs where the environment variable `EVALML_SPARK` says: `local[2]` (two threads of this
    machine, the default is all), `spark://…` or `yarn` (a cluster), `sc://…` (Spark Connect).

    Args:
        name: `duckdb` or `spark`.
        memory_limit: Memory the engine may take, such as `4GB`; past it DuckDB spills to disk.
        threads: Number of threads, all by default.

    Raises:
        EvalmlError: No engine has that name, or what it needs is not installed.
    """
    refuse_missing_engine(name)
    if name == "spark":
        from evalml.engine.spark import open_spark

        return open_spark(memory_limit, threads)
    return open_duckdb(memory_limit, threads)


def refuse_missing_engine(name: str) -> None:
    """Refuse an engine that is unknown, or that this machine cannot start.

    Raises:
        EvalmlError: Says what to install.
    """
    if name not in ENGINES:
        raise EvalmlError(f"no engine is called '{name}'; {nearest(name, ENGINES)}")
    if name == "spark":
        from evalml.engine.spark import require_spark

        require_spark()
