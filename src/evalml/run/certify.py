"""A reviewer's rerun: the same study on the same inputs, compared cell by cell, and signed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from evalml.errors import DataError
from evalml.run.execute import PARAMS
from evalml.run.provenance import hash_values
from evalml.run.staleness import LATER, differences, plan_run, sentences
from evalml.run.status import MANIFEST, list_again, replace_json
from evalml.settings import Settings, project_root
from evalml.study import StudyRequest
from evalml.words import plain_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evalml.run.staleness import RunPlan

CERTIFICATE = "certificate"
"""Name of its files, without the suffix."""
COMPARED = ("results/*.csv", "figures/*", "note*.md", "annexe*.md")
"""Outputs that are compared; pages and documents are made from these."""
SHOWN = 50
"""Cells that differ and are shown; all are counted."""


@dataclass(frozen=True, slots=True)
class TableCells:
    """One table of results, in both runs.

    Attributes:
        table: Its name.
        cells: How many it has, in the larger of both.
        different: How many are not the same text.
        largest: Largest gap between two numbers, relative to the larger; None where none differ.
    """

    table: str
    cells: int
    different: int
    largest: float | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a reviewer's rerun found.

    Attributes:
        run: Study and run that were certified.
        signer: Who made the rerun and answers for it.
        day: ISO day of the rerun.
        verdict: `reproduced`, `reproduced_elsewhere` (equal cells, other inputs) or `different`.
        commits: Commit of the source, then and now.
        hashes: Input -> its hash then and now.
        inputs: Inputs that differ, in words.
        tables: Cells of each table.
        differences: The first cells that differ: table, row, column, then, now.
        files: Figures and texts whose bytes differ.
    """

    run: str
    signer: str
    day: str
    verdict: str
    commits: tuple[str, str]
    hashes: dict[str, tuple[str, str]]
    inputs: tuple[str, ...]
    tables: tuple[TableCells, ...]
    differences: tuple[dict[str, Any], ...]
    files: tuple[str, ...]

    @property
    def equal(self) -> int:
        """How many cells are the same."""
        return sum(each.cells - each.different for each in self.tables)

    @property
    def different(self) -> int:
        """How many cells are not the same."""
        return sum(each.different for each in self.tables)


def read_record(run: Path) -> dict[str, Any]:
    """Return the record of a finished run whose outputs are those it wrote.

    Raises:
        DataError: It is no finished run, or a file of it was changed since.
    """
    path = run / MANIFEST
    if not path.is_file():
        raise DataError(f"{run} is no finished run; give a folder runs/STUDY/RUN_ID")
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for each in record["outputs"]:
        file = run / each["path"]
        kept = file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == each["sha256"]
        if not kept and each["privacy"] not in LATER:
            raise DataError(
                f"{each['path']} of {run.name} is not the file that the run wrote (its sha256 "
                "differs): there is nothing to certify; run the study again"
            )
    return record


def plan_again(run: Path, record: Mapping[str, Any], settings: Settings) -> RunPlan:
    """Return the plan of the same study: as it was asked for, or as the run kept it.

    Args:
        run: The run to certify.
        record: Its record.
        settings: Where the rerun goes.
    """
    request = record.get("asked") or {}
    if "study" in request and request.keys() <= {each.name for each in fields(StudyRequest)}:
        plan = plan_run(StudyRequest(**request), settings)
        if hash_values(plan.parameters) == record["hashes"]["params"]:
            return plan
    return plan_run(StudyRequest(str(run / PARAMS)), settings)


def settings_again(record: Mapping[str, Any], extract: Path | None, out: Path) -> Settings:
    """Return where a study runs again: the extract of the run, or the one given.

    Raises:
        DataError: The extract of the run is not where it was.
    """
    name = str(record.get("extract", ""))
    places = [extract] if extract is not None else [project_root() / name, Path.cwd() / name]
    place = next((each for each in places if each.exists()), places[0])
    if record["hashes"].get("extract") and not place.exists():
        raise DataError(f"the extract of the run is not at {place}; give it with --extract")
    accepted = record.get("accept_refused")
    return Settings(place, out, engine=record["engine"], accept_refused=accepted)


def certify(run: Path, again: Path, signer: str) -> Certificate:
    """Compare a run with its rerun.

    Args:
        run: The run.
        again: The rerun.
        signer: Who made the rerun.
    """
    before, after = (
        json.loads((each / MANIFEST).read_text(encoding="utf-8")) for each in (run, again)
    )
    tables, cells = [], []
    for name in _names(run, again, "results/*.csv"):
        counted, different = compare_table(name, *(_cells(each / name) for each in (run, again)))
        tables.append(counted)
        cells += different
    files = [
        name
        for pattern in COMPARED[1:]
        for name in _names(run, again, pattern)
        if _bytes(run / name) != _bytes(again / name)
    ]
    inputs = tuple(sentences(differences(before, after)))
    verdict = "different" if cells else "reproduced_elsewhere" if inputs else "reproduced"
    return Certificate(
        run=f"{before['study']}/{before['run_id']}",
        signer=signer,
        day=f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}",
        verdict=verdict,
        commits=(before.get("commit", ""), after.get("commit", "")),
        hashes={
            name: (value or "", after["hashes"].get(name) or "")
            for name, value in before["hashes"].items()
        },
        inputs=inputs,
        tables=tuple(tables),
        differences=tuple(cells[:SHOWN]),
        files=tuple(files),
    )


def _names(run: Path, again: Path, pattern: str) -> list[str]:
    found = {
        path.relative_to(place).as_posix() for place in (run, again) for path in place.glob(pattern)
    }
    return sorted(found)


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _cells(path: Path) -> pd.DataFrame:
    """Return a table of results as the text it holds; without a row where it is not there."""
    if not path.is_file():
        return pd.DataFrame()
    return pd.read_csv(path, dtype="str", keep_default_na=False, na_filter=False)


def compare_table(
    name: str, before: pd.DataFrame, after: pd.DataFrame
) -> tuple[TableCells, list[dict[str, Any]]]:
    """Compare two tables cell by cell, row by row in their order.

    Returns:
        How many cells differ, and each of them: table, row (from 1), column, then, now. A cell
        that only one of the tables has differs.
    """
    table = name.removeprefix("results/").removesuffix(".csv")
    rows = range(max(len(before), len(after)))
    columns = list(dict.fromkeys([*before.columns, *after.columns]))
    both = [frame.reindex(index=rows, columns=columns) for frame in (before, after)]
    apart = (both[0] != both[1]) & ~(both[0].isna() & both[1].isna())
    old, new = (frame.to_numpy() for frame in both)
    found = [
        {
            "table": table, "row": row + 1,
            "column": columns[place], "then": _said(old[row, place]),
            "now": _said(new[row, place]),
        }
        for row, place in np.argwhere(apart.to_numpy()).tolist()
    ]  # fmt: skip
    gaps = [gap for each in found if (gap := _gap(each["then"], each["now"])) is not None]
    return TableCells(table, len(rows) * len(columns), len(found), max(gaps, default=None)), found


def _said(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _gap(then: str | None, now: str | None) -> float | None:
    """Return how far two numbers lie apart, relative to the larger; None where one is no number."""
    try:
        a, b = float(then or ""), float(now or "")
    except ValueError:
        return None
    return abs(a - b) / max(abs(a), abs(b), 1e-300)


def write_certificate(found: Certificate, folder: Path) -> list[Path]:
    """Write `certificate.json` and `certificate.md`; a run lists them among its outputs.

    Args:
        found: The certificate.
        folder: Where to; the folder of the run lists them in its record.

    Returns:
        Both files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record, page = (folder / f"{CERTIFICATE}.{kind}" for kind in ("json", "md"))
    counted = {"cells_equal": found.equal, "cells_different": found.different}
    replace_json(record, {**asdict(found), **counted})
    lang = "fr"
    if (folder / PARAMS).is_file():
        lang = yaml.load((folder / PARAMS).read_text("utf-8"), yaml.CSafeLoader).get(
            "language", lang
        )
    page.write_text("\n".join(_page(found, lang)) + "\n", encoding="utf-8")
    list_again(folder)
    return [record, page]


def _page(found: Certificate, lang: str) -> Iterator[str]:
    """Give the lines of the certificate, in Markdown."""

    def say(key: str, **values: Any) -> str:
        return plain_phrase("certificate", key, lang).format(**values)

    yield f"# {say('title')}\n"
    counts = {"equal": found.equal, "cells": found.equal + found.different}
    yield f"**{say(found.verdict, **counts)}**\n"
    yield f"- {say('run', run=found.run)}"
    yield f"- {say('signed', signer=found.signer, day=found.day)}"
    yield f"- {say('commit', then=found.commits[0] or '–', now=found.commits[1] or '–')}\n"
    yield f"| {say('input')} | {say('then')} | {say('now')} |\n|---|---|---|"
    for name, (then, now) in found.hashes.items():
        yield f"| {name} | `{then or '–'}` | `{now or '–'}` |"
    yield from (f"\n- {line}" for line in found.inputs)
    yield f"\n| {say('table')} | {say('cells')} | {say('apart')} | {say('largest')} |"
    yield "|---|--:|--:|--:|"
    for each in found.tables:
        largest = "–" if each.largest is None else f"{each.largest:.2g}"
        yield f"| {each.table} | {each.cells} | {each.different} | {largest} |"
    if found.differences:
        yield f"\n{say('first', n=len(found.differences), all=found.different)}\n"
        yield f"| {say('table')} | {say('row')} | {say('column')} | {say('then')} | {say('now')} |"
        yield "|---|--:|---|---|---|"
    for cell in found.differences:
        then, now = (str(cell[key] or "–").replace("|", "/")[:60] for key in ("then", "now"))
        yield f"| {cell['table']} | {cell['row']} | {cell['column']} | {then} | {now} |"
    if found.files:
        yield f"\n{say('files', files=', '.join(found.files))}"
