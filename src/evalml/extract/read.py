"""Open an extract: find its tables, whatever they are written in, and leave them where they are."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evalml.engine.postgres import database_of
from evalml.errors import ColumnMissingError, ExtractError, nearest
from evalml.extract import contract
from evalml.extract.csv_tables import read_csv_tables
from evalml.extract.database import describe_database, read_database, require_tables
from evalml.extract.meta import META_FILE, ExtractMeta, read_meta, require_linkage
from evalml.extract.schema import require_columns, require_types, to_contract, with_optional
from evalml.reading.table import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalml.engine import Engine, Table


DAMAGED = "cannot be read; it is truncated or damaged, copy it again from its source"
_CONNECTION = re.compile(
    r"^[a-z][a-z0-9+]+:/|/[a-z][a-z0-9+]+:/[^/]*@|(password|pwd)\s*=", re.IGNORECASE
)
"""A URL other than PostgreSQL's, or a string of keys and values: it may hold a password."""


@dataclass(frozen=True, slots=True, repr=False)
class Extract:
    """The tables of an extract as they were received.

    Attributes:
        path: Folder or DuckDB file.
        meta: What `extract.yaml` says.
        tables: Lazy table by name, with all the columns of the file.
    """

    path: Path
    meta: ExtractMeta
    tables: dict[str, Table]

    def __repr__(self) -> str:
        """Name the extract and its tables; rows are persons."""
        return (
            f"Extract({self.meta.name}, {self.meta.source}, extracted {self.meta.extraction_date}, "
            f"{len(self.tables)} tables)"
        )


def read_extract(path: Path, engine: Engine) -> Extract:
    """Open the extract in the folder, the DuckDB file or the PostgreSQL database at `path`.

    Parquet and DuckDB tables stay on disk until they are queried; CSV files and tables of
    PostgreSQL are typed once into the engine's store, which spills to disk past its memory limit.

    Args:
        path: A folder that holds `extract.yaml` and one file (or folder of Parquet files) per
            table, or a `.duckdb` file next to its `extract.yaml`, or the URL of a PostgreSQL
            database; or a folder whose `extract.yaml` names that database.
        engine: Where queries run.

    Raises:
        ExtractError: The extract cannot be read, or does not follow the contract.
    """
    path = Path(path)
    database = database_of(path)
    if database is not None:
        _refuse_files(path)
        return Extract(path, *read_database(path, database, engine))
    _refuse_connection(path)
    if not path.exists():
        raise ExtractError(f"there is no extract at {path}; check the path given to --extract")
    if path.is_dir() and not any(path.iterdir()):
        raise ExtractError(f"{path} is empty; put the tables and {META_FILE} in it")
    meta = read_meta(path if path.is_dir() else path.parent)
    sources = _sources(path, engine)
    require_tables(str(path), sources)
    require_linkage(meta, sources)
    present = [t for t in contract.TABLES if t.name in sources]
    csv = {
        t.name: s for t in present if isinstance(s := sources[t.name], Path) and s.suffix == ".csv"
    }
    typed = read_csv_tables(csv, meta.csv, engine.local)
    tables = {
        t.name: engine.adopt(typed[t.name], engine.fresh_name(f"csv_{t.name}"))
        if t.name in typed
        else _open(sources[t.name], t, engine)
        for t in present
    }
    return Extract(path, meta, tables)


def _refuse_connection(path: Path) -> None:
    """Refuse what describes a connection otherwise than read here, without repeating it."""
    if _CONNECTION.search(str(path)):
        raise ExtractError(
            "a database is given as postgresql://user@host:port/name, without a password; "
            "give that, or the folder of an extract"
        )


def tables_held(path: Path, engine: Engine) -> frozenset[str]:
    """Return the names of the tables of an extract, refusing what can be refused at once.

    Files are opened as `read_extract` does; of a database only the catalogue is read.

    Raises:
        ExtractError: The extract cannot be read, or does not follow the contract.
    """
    database = database_of(path)
    if database is None:
        return frozenset(read_extract(path, engine).tables)
    _refuse_files(path)
    return describe_database(path, database)[1]


def _refuse_files(path: Path) -> None:
    """Refuse a folder whose tables are said to be in a database and are there as well."""
    files = {t.name for t in contract.TABLES} & {entry.stem for entry in path.glob("*")}
    if files:
        raise ExtractError(
            f"{META_FILE} names a database, but its folder holds table '{min(files)}' too; "
            "keep one of the two"
        )


def _sources(path: Path, engine: Engine) -> dict[str, Path | Table]:
    """Find where each table is: a file, a folder of Parquet files, or a table of a database."""
    if path.is_file():
        return dict(_database(path, engine.local))
    found: dict[str, Path | Table] = {}
    for entry in sorted(path.iterdir()):
        if entry.suffix in (".duckdb", ".db"):
            _add(found, _database(entry, engine.local), path)
        elif entry.suffix in (".parquet", ".csv") or any(entry.glob("*.parquet")):
            _add(found, {entry.stem: entry}, path)
    return found


def _add(found: dict[str, Path | Table], new: Mapping[str, Path | Table], path: Path) -> None:
    twice = sorted(found.keys() & new.keys())
    if twice:
        raise ExtractError(f"{path} holds table '{twice[0]}' twice; keep one")
    found.update(new)


def _database(path: Path, engine: Engine) -> dict[str, Table]:
    with engine.reading(f"{path.name} {DAMAGED}"):
        return engine.attach(path, engine.fresh_name("extract"))


def _open(source: Path | Table, table: contract.Table, engine: Engine) -> Table:
    """Open one table that stays where it is, and compare its columns with the contract."""
    if isinstance(source, Path):
        label = source.name
        with engine.reading(f"{label} {DAMAGED}"):
            rows, foreign = _parquet(source, table, engine)
    else:
        rows, label, foreign = source, f"table {table.name}", True
    require_columns(label, rows.columns, table)
    require_types(label, rows.schema(), table)
    rows = with_optional(rows, table)
    if not foreign or engine.local is engine:
        return rows
    return engine.adopt(to_contract(rows, table), engine.fresh_name(f"held_{table.name}"))


def _parquet(source: Path, table: contract.Table, engine: Engine) -> tuple[Table, bool]:
    """Return a table of Parquet files, and whether DuckDB had to open it for another engine.

    Spark refuses a column of nanoseconds, or one that has no type because it is empty.
    """
    files = sorted(source.glob("*.parquet")) if source.is_dir() else [source]
    name = engine.fresh_name(f"raw_{table.name}")
    try:
        return engine.read_parquet(files, name), False
    except engine.faults:
        if engine.local is engine:
            raise
        return engine.local.read_parquet(files, name), True


_PACKAGES = {"causaldata"}
_TERM = re.compile(r"^(?P<a>\w+)(?P<op>\^|:)(?P<b>\w+)$|^zero\((?P<zero>\w+)\)$")


def read_person_table(source: str) -> pd.DataFrame:
    """Read a person-level table.

    Args:
        source: Path of a CSV or Parquet file, or `causaldata:nsw_mixtape`: a data set of a package.

    Returns:
        The table; numbers narrower than 64 bits are widened.

    Raises:
        ExtractError: There is no such file, data set or package.
    """
    package, _, name = source.partition(":")
    frame = _from_package(package, name) if package in _PACKAGES else _from_file(Path(source))
    numbers = frame.select_dtypes("number").columns
    return frame.astype(dict.fromkeys(numbers, "float64"))


def _from_package(package: str, name: str) -> pd.DataFrame:
    try:
        module = importlib.import_module(f"{package}.{name}")
    except ModuleNotFoundError:
        raise ExtractError(f"'{package}:{name}' is no data set of an installed package") from None
    frame: pd.DataFrame = module.load_pandas().data
    return frame.copy()


def _from_file(path: Path) -> pd.DataFrame:
    """Return the columns of a file: numbers where all are, categories elsewhere."""
    if not path.is_file():
        raise ExtractError(f"there is no person-level table at {path}; give a CSV or Parquet file")
    if path.suffix.lower() not in {".csv", ".parquet", ".pq"}:
        raise ExtractError(f"{path}: '{path.suffix}' is no format read here; give CSV or Parquet")
    return read_all(path)


def with_terms(frame: pd.DataFrame, terms: Sequence[str]) -> pd.DataFrame:
    """Add the columns that terms such as `age^2`, `educ:re74` or `zero(re74)` describe.

    Args:
        frame: The table; it is not changed.
        terms: Names of columns, or a power, a product, or whether a column is 0; the new column is
            named as the term is written.

    Raises:
        ColumnMissingError: A term names a column the table does not hold.
    """
    return frame.assign(**{term: _term(frame, term) for term in terms if term not in frame})


def _term(frame: pd.DataFrame, term: str) -> pd.Series[float]:
    match = _TERM.match(term)
    if match is None:
        return _column(frame, term, term)
    if match["zero"]:
        return (_column(frame, match["zero"], term) == 0.0).astype("float64")
    left = _column(frame, match["a"], term)
    if match["op"] == "^":
        return left ** float(match["b"])
    return left * _column(frame, match["b"], term)


def _column(frame: pd.DataFrame, name: str, term: str) -> pd.Series[float]:
    if name not in frame:
        raise ColumnMissingError(f"'{term}': no column '{name}'; {nearest(name, frame.columns)}")
    return frame[name].astype("float64")
