"""An extract that stays in PostgreSQL: what is selected there, and how it arrives.

The server does the selection: the contract's columns, with its types, and only the rows of the
territory and period that `extract.yaml` asks for. Rows arrive as a stream and are stored by the
engine, which spills to disk; nothing is written to the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from evalml.engine.postgres import Database, database_url, identifier, reading_database, text
from evalml.errors import ExtractError, TableMissingError
from evalml.extract import contract
from evalml.extract.meta import META_FILE, ExtractMeta, meta_from, read_meta, require_linkage
from evalml.extract.schema import require_columns, require_types

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evalml.engine import Engine, Table
    from evalml.engine.postgres import Session

META_TABLE = "extract"
"""Table (`key`, `value`) that may hold what `extract.yaml` says, one line per key, in YAML."""

SINCE_START = {
    "actes": ("date_acte", "date_acte"),
    "allocations": ("mois", "mois"),
    "emploi_mensuel": ("mois", "mois"),
    "evenements_externes": ("date", "date"),
    "situations": ("date_debut", "date_fin"),
}
"""First and last day of the rows that the start of the period may leave out."""

UNTIL_END = {
    "dossiers": "date_ouverture",
    "accompagnements": "date_debut",
    "iae_candidatures": "date_candidature",
    "iae_pass": "date_debut",
    "iae_contrats": "date_debut",
}
"""Day of the rows that only the end of the period leaves out: a first entry needs all the past."""

_SQL = {"string": "{0}::text", "boolean": "{0}", "integer": "{0}", "number": "{0}::float8"}
_NULL = {
    "string": "text",
    "boolean": "boolean",
    "integer": "int8",
    "number": "float8",
    "date": "date",
}
_DAY = (
    "(CASE WHEN {0} > '9999-12-31' THEN '9999-12-31' WHEN {0} < '0001-01-01' "
    "THEN '0001-01-01' ELSE {0} END)::date"
)
"""`infinity` is a date in PostgreSQL: as a far day it is put aside like any impossible one."""


def describe_database(path: Path, database: Database) -> tuple[ExtractMeta, frozenset[str]]:
    """Return the header and the tables of a database, without reading a person's row."""
    with reading_database(database) as session:
        columns = session.columns()
        meta = _meta(path, database, session, columns)
        present = frozenset(_held(columns, database))
    require_linkage(meta, present)
    return meta, present


def read_database(
    path: Path, database: Database, engine: Engine
) -> tuple[ExtractMeta, dict[str, Table]]:
    """Store the tables of a database in the engine, all as they were at one moment."""
    tables = {}
    with reading_database(database) as session:
        columns = session.columns()
        meta = _meta(path, database, session, columns)
        present = _held(columns, database)
        require_linkage(meta, present)
        for name in present:
            query = selection(contract.table(name), columns[name], meta, session)
            unread = f"table {name} of {database!r} cannot be read to its end"
            with session.batches(query) as rows, engine.local.reading(unread):
                stored = engine.local.take(rows, engine.fresh_name(f"pg_{name}"))
            tables[name] = engine.adopt(stored, stored.get_name())
    return meta, tables


def _held(columns: Mapping[str, Mapping[str, Any]], database: Database) -> list[str]:
    """Return the tables of the contract that are there, each with its columns and types."""
    present = [t for t in contract.TABLES if t.name in columns]
    require_tables(repr(database), columns)
    for table in present:
        label = f"table {table.name} of {database!r}"
        require_columns(label, columns[table.name], table)
        require_types(label, columns[table.name], table)
    return [t.name for t in present]


def _meta(
    path: Path, database: Database, session: Session, columns: Mapping[str, object]
) -> ExtractMeta:
    if database_url(path) is None:
        return read_meta(path)
    if META_TABLE not in columns:
        raise ExtractError(
            f"{database!r} has no table '{META_TABLE}' that says what the extract is; write a "
            f"folder with {META_FILE} that names the database, and give that folder "
            "(see docs/how-to/read-from-postgresql.md)"
        )
    query = f"SELECT key::text, value::text FROM {session.table(META_TABLE)}"  # noqa: S608
    with session.batches(query) as batches:
        rows = batches.read_all().to_pylist()
    try:
        raw = {row["key"]: yaml.load(row["value"] or "", yaml.CSafeLoader) for row in rows}
    except yaml.YAMLError:
        raise ExtractError(f"table {META_TABLE} holds a value that is not YAML") from None
    return meta_from(raw, f"table {META_TABLE}")


def selection(
    table: contract.Table, columns: Mapping[str, Any], meta: ExtractMeta, session: Session
) -> str:
    """Return the query that selects the rows and columns of a table, to be run by the server."""
    chosen = ", ".join(
        f"{_typed(c, columns.get(c.name))} AS {identifier(c.name)}" for c in table.columns
    )
    restrictions = meta.database.restrict if meta.database is not None else ()
    tests = [_period(table.name, meta)] if "period" in restrictions else []
    tests += [_territory(table, meta, session)] if "territory" in restrictions else []
    where = " AND ".join(test for test in tests if test)
    return f"SELECT {chosen} FROM {session.table(table.name)} AS r" + (  # noqa: S608 - quoted names
        f" WHERE {where}" if where else ""
    )


def _typed(column: contract.Column, found: Any) -> str:
    name = f"r.{identifier(column.name)}"
    if found is None:  # a column that a source may do without
        return f"NULL::{_NULL[column.type]}"
    if column.type == "date":
        return _DAY.format(name)
    if column.type == "integer" and not found.is_integer():
        return f"{name}::float8"
    return _SQL[column.type].format(name)


def _period(table: str, meta: ExtractMeta) -> str:
    start, end = text(str(meta.period_start)), text(str(meta.period_end))
    if table in SINCE_START:
        first, last = (f"r.{identifier(c)}" for c in SINCE_START[table])
        return f"({first} IS NULL OR {first} <= {end}) AND ({last} IS NULL OR {last} >= {start})"
    if table in UNTIL_END:
        first = f"r.{identifier(UNTIL_END[table])}"
        return f"({first} IS NULL OR {first} <= {end})"
    return ""


def _territory(table: contract.Table, meta: ExtractMeta, session: Session) -> str:
    """Select the persons with a file in the territory, and everything about them."""
    area = meta.territory
    places: tuple[tuple[str, Any], ...] = (
        ("code_region", [area.region] if area.region is not None else None),
        ("code_departement", area.departement),
        ("id_structure", area.structure),
    )
    chosen = [(column, codes) for column, codes in places if codes]
    if not chosen or "id_jeune" not in {c.name for c in table.columns}:
        return ""
    column, codes = chosen[0]
    listed = ", ".join(text(str(code)) for code in codes)
    return (
        f"r.id_jeune IN (SELECT d.id_jeune FROM {session.table('dossiers')} AS d "  # noqa: S608
        f"JOIN {session.table('structures')} AS s ON s.id_structure = d.id_structure "
        f"WHERE s.{column} IN ({listed}))"
    )


def require_tables(place: str, found: Mapping[str, object]) -> None:
    """Refuse an extract without a table that the contract asks for.

    Raises:
        TableMissingError: Names what is missing and what is there.
    """
    needed = [t.name for t in contract.TABLES if not t.optional and t.name not in contract.MAY_LACK]
    missing = [name for name in needed if name not in found]
    if missing:
        present = ", ".join(sorted(found)) or "no table"
        raise TableMissingError(
            f"{place} has no table '{missing[0]}'"
            f"{' (nor ' + ', '.join(missing[1:]) + ')' if missing[1:] else ''}; it holds: {present}"
        )
