"""PostgreSQL as a place where an extract lives: read only, in one snapshot, streamed by Arrow.

A password is never part of a URL here, so that no params file, log, manifest or error can show
one: it comes from `PGPASSWORD`, `~/.pgpass` or a certificate, as PostgreSQL's own client reads it.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

from evalml.errors import EvalmlError, ExtractError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ibis.expr.datatypes import DataType

HEADER = "extract.yaml"
_DRIVER = "adbc_driver_postgresql"
_INSTALL = "pip install 'evalml-workbench[postgres]'"
_SESSION = (
    # One snapshot for all tables, and nothing this session could write. It must come first.
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL application_name = 'evalml'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL extra_float_digits = 1",
)
_CATALOG = """
SELECT n.nspname, c.relname, a.attname,
       format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
ORDER BY c.relname, a.attnum
"""
_SUM = "coalesce(sum(hashtextextended(r::text, 0)::numeric), 0)::text"
_STATE = """
SELECT txid_current_snapshot()::text || ' ' || pg_postmaster_start_time()::text,
       current_setting('server_version'),
       (SELECT count(*) FROM pg_catalog.pg_foreign_table)
"""
_REFUSED = {
    "28P01": "refused the password; set PGPASSWORD, or add a line to ~/.pgpass",
    "28000": "refused the user; check the name in the URL and the server's pg_hba.conf",
    "3D000": "has no database of that name; check the URL",
}


@dataclass(frozen=True, slots=True, repr=False)
class Database:
    """A PostgreSQL database, and the schema that holds the tables.

    Attributes:
        url: `postgresql://user@host:port/name`, without a password.
        schema: Schema of the tables; the one the connection starts in when None.
    """

    url: str
    schema: str | None = None

    def __post_init__(self) -> None:
        refuse_password(self.url)

    def __repr__(self) -> str:
        """Name the place, without the user."""
        parts = urlsplit(self.url)
        name, host = parts.path.strip("/") or "by default", parts.hostname or "this machine"
        return f"the database {name} of {host}"


def database_url(extract: Path) -> str | None:
    """Return the URL of the database that an extract is, None where it is a folder or a file.

    A path holds `postgresql://host/name` with one of its slashes only, and may have been made
    absolute.
    """
    parts = extract.parts
    for place, part in enumerate(parts):
        if part in ("postgresql:", "postgres:"):
            rest = parts[place + 1 :]
            host = len(rest) > 1 and "?" not in rest[0]
            named = host or any(sign in "".join(rest[:1]) for sign in "@:")
            return f"{part}//{'' if named else '/'}{'/'.join(rest)}"
    return None


def refuse_password(url: str) -> None:
    """Refuse a URL that cannot be shown.

    Raises:
        ExtractError: It is not of PostgreSQL, or holds a password (which is not repeated).
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ExtractError("a database is given as postgresql://user@host:port/name")
    if parts.password is not None or parse_qs(parts.query).keys() & {"password", "sslpassword"}:
        raise ExtractError(
            "the URL of the database holds a password; take it out and give it by PGPASSWORD or "
            "~/.pgpass"
        )


def postgres_lacks() -> str | None:
    """Say what is missing to read PostgreSQL, and what to install; None where nothing is."""
    if find_spec(_DRIVER) is not None:
        return None
    return f"reading PostgreSQL needs {_DRIVER.replace('_', '-')}, not installed: {_INSTALL}"


class Session:
    """One read-only transaction: every query sees the database as it was at the first one."""

    def __init__(self, database: Database, connection: Any) -> None:
        self.database = database
        self._connection = connection
        schema = self._rows("SELECT current_schema()")[0][0]
        self.schema = str(database.schema or schema)

    def columns(self) -> dict[str, dict[str, DataType]]:
        """Return the columns this user may read, by table, with their ibis types."""
        from ibis.backends.sql.datatypes import PostgresType

        found: dict[str, dict[str, DataType]] = {}
        for _, table, column, kind in self._rows(_CATALOG.format(schema=text(self.schema))):
            found.setdefault(table, {})[column] = PostgresType.from_string(kind)
        return found

    @contextmanager
    def batches(self, query: str) -> Iterator[Any]:
        """Give the rows of a query as a stream of Arrow batches, open until the block ends."""
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            yield cursor.fetch_record_batch()

    def table(self, name: str) -> str:
        """Return the name of a table as SQL."""
        return f"{identifier(self.schema)}.{identifier(name)}"

    def checksum(self) -> dict[str, tuple[int, str]]:
        """Return the number of rows of each table and a sum of their hashes, by the server.

        The sum depends on every value and on no order, and nothing but it leaves the server.
        """
        found = {}
        for name in self.columns():
            rows = f"SELECT count(*), {_SUM} FROM {self.table(name)} AS r"  # noqa: S608 - quoted
            count, total = self._rows(rows)[0]
            found[name] = (int(count), str(total))
        return found

    def state(self) -> tuple[str, str]:
        """Return what is the same as long as nothing was written, and the version of the server.

        The first is empty where tables lie on other servers, which this one does not watch.
        """
        snapshot, version, foreign = self._rows(_STATE)[0]
        return "" if foreign else str(snapshot), str(version)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())


@contextmanager
def reading_database(database: Database) -> Iterator[Session]:
    """Open a database for reading, and close it.

    Raises:
        EvalmlError: The driver is not installed.
        ExtractError: The server cannot be reached, or fails half way; no value is repeated.
    """
    lacking = postgres_lacks()
    if lacking is not None:
        raise EvalmlError(lacking)
    import adbc_driver_manager
    from adbc_driver_postgresql import dbapi

    try:
        with dbapi.connect(_with_timeout(database.url)) as connection:
            with connection.cursor() as cursor:
                for statement in _SESSION:
                    cursor.execute(statement)
            yield Session(database, connection)
    except adbc_driver_manager.Error as error:
        raise ExtractError(f"{database!r} {_reason(error)}") from None


def _reason(error: Any) -> str:
    """Say why the server refused, by its code: its own message may quote a value."""
    code = str(getattr(error, "sqlstate", None) or "").strip("\0")
    if not code and "passw" in str(error).lower():  # a refused connection carries no code
        code = "28P01"
    if code in _REFUSED:
        return _REFUSED[code]
    if not code or code.startswith("08"):
        return "cannot be reached; check host and port, and that this machine may connect"
    return f"stopped a query (SQLSTATE {code}); ask who runs it what the code means"


def _with_timeout(url: str) -> str:
    if "connect_timeout" in url:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}connect_timeout=10"


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a value as an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def database_of(extract: Path) -> Database | None:
    """Return the database that an extract is, or that its `extract.yaml` names; else None."""
    url = database_url(extract)
    if url is not None:
        return Database(url)
    header = extract / HEADER
    if not header.is_file():
        return None
    try:
        values = yaml.load(header.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None  # whoever reads the header says what is wrong with it
    named = values.get("database") if isinstance(values, dict) else None
    if isinstance(named, dict) and isinstance(named.get("url"), str):
        return Database(named["url"], named.get("schema"))
    return Database(named) if isinstance(named, str) else None


_SUMMED: dict[tuple[Database, str], dict[str, str]] = {}
"""The hashes of the database summed up last: a run asks several times, and each is a full scan."""


def database_parts(database: Database) -> dict[str, str]:
    """Return a hash of each table of the schema: it changes when a row does, wherever it lies.

    The server reads its tables again only if something was written since the last time.
    """
    with reading_database(database) as session:
        state, _ = session.state()
        known = _SUMMED.get((database, state)) if state else None
        if known is None:
            known = {name: _hash(rows, total) for name, (rows, total) in session.checksum().items()}
            _SUMMED.clear()
            _SUMMED[database, state] = known
    return dict(known)


def _hash(rows: int, total: str) -> str:
    return hashlib.sha256(f"{rows} {total}".encode()).hexdigest()


def server_version(database: Database) -> str:
    """Return the version of the server, such as `15.14 (Debian 15.14-0+deb12u1)`."""
    with reading_database(database) as session:
        return session.state()[1]
