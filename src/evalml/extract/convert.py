"""Write the predecessor's export (Parcours 3) in the form of the contract."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from evalml.engine import cases, ifelse, literal, null, row_number, window
from evalml.errors import (
    ColumnMissingError,
    ExtractError,
    StudyError,
    TableMissingError,
    nearest,
)
from evalml.extract import contract
from evalml.extract.csv_tables import SEPARATOR_KEY, as_text
from evalml.extract.meta import ExtractMeta, write_meta
from evalml.reading.text import open_text
from evalml.reading.yaml_text import StrictModel, read_yaml_file, read_yaml_text

if TYPE_CHECKING:
    from evalml.engine import Engine, Table

REPORT = "conversion.json"
SMALLEST_SHOWN = 11
"""A code seen fewer times than this is counted but not quoted."""


class From(StrictModel):
    """Where a column of the contract comes from."""

    column: str | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    keep: bool = False
    compute: str | None = Field(default=None, pattern="^(state|rank)$")
    constant: str | None = None


class TableMapping(StrictModel):
    """Where a table of the contract comes from."""

    source: str = Field(alias="from")
    columns: dict[str, str | From]


class Mapping(StrictModel):
    """A whole mapping file."""

    tables: dict[str, TableMapping]
    without_counterpart: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """What was converted and what was not.

    Attributes:
        rows: Rows written by table.
        unused: Source columns without counterpart, by source file.
        unmapped: Cells whose code has no counterpart, by `table.column` and code.
        lost: What the mapping says is lost.
    """

    rows: dict[str, int] = field(default_factory=dict)
    unused: dict[str, list[str]] = field(default_factory=dict)
    unmapped: dict[str, dict[str, int]] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


def read_mapping(path: Path | None) -> Mapping:
    """Read a mapping file, the one shipped by default.

    Raises:
        ExtractError: The mapping names an unknown key, table or column.
    """
    shipped = resources.files("evalml.extract").joinpath("parcours3.yaml")
    try:
        raw = (
            read_yaml_text(shipped.read_text(encoding="utf-8"), shipped.name)
            if path is None
            else read_yaml_file(path, "mapping")
        )
        mapping = Mapping.model_validate(raw)
    except StudyError as error:
        raise ExtractError(f"{path} is not a readable mapping: {error}") from None
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(p) for p in fault["loc"])
        raise ExtractError(f"mapping, {place}: {fault['msg'].lower()}") from None
    for name, table in mapping.tables.items():
        for column in table.columns:
            contract.table(name).column(column)
    return mapping


def convert(source: Path, out: Path, meta: ExtractMeta, mapping: Mapping, engine: Engine) -> Report:
    """Write a Parcours 3 export as an extract: CSV tables, `extract.yaml`, a report.

    Cells keep the way dates and decimals are written: the reader of the extract judges them.

    Args:
        source: Folder of CSV files, read only.
        out: New folder.
        meta: Header of the extract to write.
        mapping: Where each column comes from.
        engine: Where queries run.

    Raises:
        ExtractError: A file or a column of the mapping is missing, or `out` is in use.
    """
    inside = out.resolve() == source.resolve() or source.resolve() in out.resolve().parents
    if inside or (out.exists() and any(out.iterdir())):
        raise ExtractError(f"{out} is not a new folder outside the export; give another")
    report = Report(lost=mapping.without_counterpart)
    with tempfile.TemporaryDirectory(prefix=f"evalml-{os.getpid()}-") as scratch:
        sources = {
            name: _open(source, table, meta, Path(scratch), engine)
            for name, table in mapping.tables.items()
        }
        out.mkdir(parents=True, exist_ok=True)
        for table in contract.TABLES:
            if table.name in sources:
                rows = sources[table.name]
                _write(table, rows, mapping.tables[table.name], meta, out, report, engine)
            elif not table.optional:
                _write_empty(table, out)
                report.rows[table.name] = 0
    write_meta(meta, out)
    (out / REPORT).write_text(_as_json(report), encoding="utf-8")
    return report


def _open(
    source: Path, table: TableMapping, meta: ExtractMeta, scratch: Path, engine: Engine
) -> Table:
    path = source / f"{table.source}.csv"
    if not path.is_file():
        found = [p.stem for p in sorted(source.glob("*.csv"))]
        hint = nearest(table.source, found) if found else "the folder holds no CSV file"
        raise TableMissingError(f"{source} has no file '{path.name}'; {hint}")
    file = open_text(
        path, encoding=meta.csv.encoding, separator=meta.csv.delimiter, remedy=SEPARATOR_KEY
    )
    wanted = [w for w in map(_column, table.columns.values()) if w is not None]
    for column in wanted:
        if column not in file.names:
            raise ColumnMissingError(f"{path.name} has no column '{column}'; see the mapping")
    text = as_text(file, scratch, engine.fresh_name(f"p3_{table.source}"), engine)
    with engine.reading(f"{path.name} cannot be read as CSV; save it again as UTF-8"):
        return engine.keep(text, engine.fresh_name(f"p3_kept_{table.source}"))


def _column(wanted: str | From) -> str | None:
    return wanted if isinstance(wanted, str) else wanted.column


def _write(
    table: contract.Table,
    rows: Table,
    mapping: TableMapping,
    meta: ExtractMeta,
    out: Path,
    report: Report,
    engine: Engine,
) -> None:
    used = {c for c in map(_column, mapping.columns.values()) if c is not None}
    report.unused[mapping.source] = [c for c in rows.columns if c not in used]
    columns: dict[str, Any] = {}
    for column in table.columns:
        wanted = mapping.columns.get(column.name)
        if isinstance(wanted, From) and wanted.codes and not wanted.keep:
            _count_unmapped(f"{table.name}.{column.name}", rows, wanted, report, engine)
        columns[column.name] = _value(rows, wanted, mapping, meta)
    engine.write_csv(rows.select(**columns), out / f"{table.name}.csv")
    report.rows[table.name] = int(engine.fetch(rows.aggregate(n=rows.count()))["n"][0])


def _value(rows: Table, wanted: str | From | None, mapping: TableMapping, meta: ExtractMeta) -> Any:
    if wanted is None:
        return null("string")
    if isinstance(wanted, str):
        return rows[wanted]
    if wanted.constant is not None:
        return literal(wanted.constant)
    if wanted.compute == "state":
        return _state(rows, mapping, meta)
    if wanted.compute == "rank":
        return _rank(rows, mapping, meta)
    cell = rows[wanted.column]
    known = [(cell.upper() == code, value) for code, value in wanted.codes.items()]
    other = cell if wanted.keep else null("string")
    return cases(*known, else_=other) if known else other


def _day(rows: Table, name: str, mapping: TableMapping) -> Any:
    """Return a source date as text that sorts, whichever of the two ways it is written."""
    cell = rows[str(_column(mapping.columns[name]))]
    french = cell.substr(6, 4).concat("-", cell.substr(3, 2), "-", cell.substr(0, 2))
    return ifelse(cell.contains("/"), french, cell.substr(0, 10))


def _state(rows: Table, mapping: TableMapping, meta: ExtractMeta) -> Any:
    today = meta.extraction_date.isoformat()
    start, end = (_day(rows, n, mapping) for n in ("date_debut", "date_fin"))
    return cases(
        ((end <= today).fill_null(False), "TERMINE"),
        ((start > today).fill_null(False), "PREVU"),
        else_="EN_COURS",
    )


def _rank(rows: Table, mapping: TableMapping, meta: ExtractMeta) -> Any:
    programme = _value(rows, mapping.columns["dispositif"], mapping, meta)
    person = rows[str(_column(mapping.columns["id_jeune"]))]
    key = rows[str(_column(mapping.columns["id_accompagnement"]))]
    order = [_day(rows, "date_debut", mapping), key]
    return (row_number().over(window(group_by=[person, programme], order_by=order)) + 1).cast(
        "string"
    )


def _count_unmapped(place: str, rows: Table, wanted: From, report: Report, engine: Engine) -> None:
    cell = rows[wanted.column].upper()
    other = rows.filter(cell.notnull() & cell.notin(list(wanted.codes))).select(code=wanted.column)
    frame = engine.fetch(other.group_by("code").aggregate(n=lambda t: t.count()))
    if frame.empty:
        return
    shown = frame[frame["n"] >= SMALLEST_SHOWN].sort_values("code")
    counts = {str(c): int(n) for c, n in zip(shown["code"], shown["n"], strict=True)}
    rare = int(frame.loc[frame["n"] < SMALLEST_SHOWN, "n"].sum())
    report.unmapped[place] = counts | ({"(rare codes)": rare} if rare else {})


def _write_empty(table: contract.Table, out: Path) -> None:
    with (out / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow([c.name for c in table.columns])


def _as_json(report: Report) -> str:
    whole = {
        "rows": report.rows,
        "source_columns_without_counterpart": report.unused,
        "cells_emptied_by_code": report.unmapped,
        "lost": list(report.lost),
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
