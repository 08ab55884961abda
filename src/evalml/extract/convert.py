"""Make an extract of the files of a source by an import recipe, and count what is lost."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from evalml.engine import (
    literal,
    null,
)
from evalml.errors import ExtractError
from evalml.extract import contract
from evalml.extract.meta import require_linkage, write_meta
from evalml.extract.read import read_extract
from evalml.extract.recipe import Recipe
from evalml.extract.rows import Conversion, Report
from evalml.extract.schema import to_contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.engine import Engine, Table
    from evalml.extract.meta import ExtractMeta

REPORT = "conversion.json"


def convert(
    source: Path,
    out: Path,
    meta: ExtractMeta | None,
    recipe: Recipe,
    engine: Engine,
    *,
    onto: Path | None = None,
    links: Path | None = None,
) -> Report:
    """Write the files of a source as an extract: Parquet tables, `extract.yaml`, a report.

    Args:
        source: Folder of the files, read only.
        out: New folder; nothing is written where anything is refused.
        meta: Header of the extract to write; that of `onto` where None.
        recipe: Where each column comes from.
        engine: Where queries run.
        onto: Extract that the source completes.
        links: CSV of `id_jeune` and the key that the source has for a person.

    Raises:
        ExtractError: A file or a column is missing, or cannot be read as the recipe says.
    """
    _refuse_place(source, out)
    if recipe.completes != (onto is not None):
        how = (
            "it completes an extract: give it with --onto"
            if recipe.completes
            else ("it makes an extract by itself; leave --onto out")
        )
        raise ExtractError(f"{recipe.title or 'the recipe'}: {how}")
    base = read_extract(onto, engine) if onto is not None else None
    meta = meta or (base.meta if base else None)
    if meta is None:
        raise ExtractError("give --header, the folder of the extract.yaml of the new extract")
    with tempfile.TemporaryDirectory(prefix=f"evalml-{os.getpid()}-") as scratch:
        work = Conversion(source, recipe, meta, engine, Path(scratch), base, links)
        with engine.reading(f"the files of {source} cannot be read to their end"):
            tables = work.tables()
            meta = _declare(tables, meta, work)
            _write(tables, meta, out, work)
    return work.report


def headers_left(source: Path, recipe: Recipe, engine: Engine) -> dict[str, list[str]]:
    """Return the columns of each file that the recipe does not use."""
    with tempfile.TemporaryDirectory(prefix=f"evalml-{os.getpid()}-") as scratch:
        work = Conversion(source, recipe, None, engine, Path(scratch), None, None)
        for name in recipe.files():
            work.open(name)
    return work.report.unused


def _refuse_place(source: Path, out: Path) -> None:
    if not source.is_dir():
        raise ExtractError(f"there is no folder {source}; give the folder of the files")
    inside = out.resolve() == source.resolve() or source.resolve() in out.resolve().parents
    if inside or (out.exists() and any(out.iterdir())):
        raise ExtractError(f"{out} is not a new folder outside the export; give another")


def _declare(tables: Mapping[str, Table], meta: ExtractMeta, work: Conversion) -> ExtractMeta:
    """Return the header, with whose rows the new tables hold."""
    if work.base is None:
        return meta.model_copy(update={"breaks": meta.all_breaks})
    sources = set(_linkable()) & set(tables)
    declared_tables = work.base.tables["jeunes"].select("id_jeune")
    if work.known is None or not sources:
        require_linkage(meta, {*tables, *work.base.tables})
        return meta
    lost = work.count(declared_tables.anti_join(work.known, "id_jeune"))
    whose = "persons" if lost else "all"
    linkage = {**meta.linkage, **{n: whose for n in sources if lost or n not in meta.linkage}}
    return meta.model_copy(update={"linkage": linkage})


def _linkable() -> tuple[str, ...]:
    from evalml.codes import code_list

    return code_list("source_liee").values


def _appariements(tables: Mapping[str, Table], work: Conversion) -> Table | None:
    """Return who was looked for in the new tables, beside what the extract says of others."""
    if work.base is None:
        return None
    old = work.base.tables.get("appariements")
    new = [n for n in _linkable() if n in tables]
    if work.known is None or not new:
        return old
    declared = contract.table("appariements")
    linked = work.base.tables["jeunes"].select("id_jeune")
    known = work.known.mutate(apparie=literal(value=True))
    found = linked.left_join(known, "id_jeune").drop("id_jeune_right")
    found = found.mutate(apparie=found.apparie.fill_null(False), qualite=null("string"))
    parts = [to_contract(found.mutate(source=literal(n)), declared) for n in new]
    if old is not None:
        parts.insert(0, to_contract(old.filter(old.source.notin(new)), declared))
    return reduce(lambda one, other: one.union(other), parts)


def _write(tables: dict[str, Table], meta: ExtractMeta, out: Path, work: Conversion) -> None:
    engine, base = work.engine, work.base
    for name in tables:
        if base is not None and name in base.tables and (n := work.count(base.tables[name])):
            raise ExtractError(
                f"the extract already holds {n:,} rows of {name}; take them out of it first"
            )
    out.mkdir(parents=True, exist_ok=True)
    links = _appariements(tables, work)
    for table in contract.TABLES:
        target = out / f"{table.name}.parquet"
        if table.name in tables:
            engine.write_parquet(tables[table.name].order_by(list(table.key)), target)
        elif table.name == "appariements" and links is not None:
            engine.write_parquet(links.order_by(list(table.key)), target)
        elif base is not None and table.name in base.tables:
            file = base.path / target.name
            if file.is_file():
                shutil.copyfile(file, target)
            else:
                engine.write_parquet(to_contract(base.tables[table.name], table), target)
        elif not table.optional:
            _write_empty(table, out)
            work.report.rows[table.name] = 0
    write_meta(meta, out)
    (out / REPORT).write_text(work.report.as_json(), encoding="utf-8")


def _write_empty(table: contract.Table, out: Path) -> None:
    with (out / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow([c.name for c in table.columns])
