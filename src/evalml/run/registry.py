"""All runs as one table, and the results of many runs as one frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.engine import open_engine
from evalml.errors import DataError, nearest
from evalml.run.manifest import NAME
from evalml.run.status import NAME as STATUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.engine import Table

COLUMNS = (
    "study", "run", "state", "started", "programme", "territory", "period", "engine", "seconds",
    "peak_memory_mb", "params", "extract", "code", "reason",
    "headline",
)  # fmt: skip
"""The columns of the table of runs; hashes are cut to eight digits."""

_RECORD = {
    "run_id": "VARCHAR",
    "study": "VARCHAR",
    "status": "VARCHAR",
    "started": "VARCHAR",
    "seconds": "DOUBLE",
    "peak_memory_mb": "DOUBLE",
    "engine": "VARCHAR",
    "parameters": "JSON",
    "hashes": "JSON",
}
_FAILED = {
    "study": "VARCHAR",
    "state": "VARCHAR",
    "reason": "VARCHAR",
    "seconds": "DOUBLE",
    "peak_memory_mb": "DOUBLE",
    "run": "VARCHAR",
    "updated": "VARCHAR",
}
_DIGITS = 8
_NUMBERS = frozenset({"seconds", "peak_memory_mb"})


def runs_table(out: Path) -> pd.DataFrame:
    """Return all runs under a root as one table, the latest first.

    Args:
        out: Root of the runs.

    Returns:
        One row per run, finished or failed, with the columns of `COLUMNS`.

    Raises:
        DataError: There is no such folder.
    """
    if not out.is_dir():
        raise DataError(f"no runs at {out}; give the root of the runs with --out")
    engine = open_engine()
    frames = []
    records = sorted(out.glob(f"*/[0-9]*/{NAME}"))
    damaged = [path for path in records if not _is_json(path)]
    if done := [path for path in records if path not in damaged]:
        table = engine.read_json(done, "manifests", _RECORD)
        frames.append(engine.fetch(_finished(table)))
    if damaged:
        frames.append(_damaged(damaged))
    if lost := sorted(out.glob(f"*/failed/*/{STATUS}")):
        frames.append(engine.fetch(engine.read_json(lost, "failures", _FAILED)))
    if not frames:
        return pd.DataFrame({name: [] for name in COLUMNS})
    found = pd.concat([_columns(frame) for frame in frames], ignore_index=True)
    found = found.sort_values(["started", "study"], ascending=[False, True], ignore_index=True)
    found["headline"] = [_headline(out / str(run)) for run in found["run"]]
    words = [name for name in COLUMNS if name not in _NUMBERS]
    return found.assign(**{name: found[name].fillna("").astype("str") for name in words})


def _headline(run: Path) -> str:
    """Return what a run found: the title of its note, empty where it has none."""
    note = run / "note.md"
    if not note.is_file():
        return ""
    lines = note.read_text(encoding="utf-8").splitlines()[:3]
    title = next((line for line in lines if line.startswith(TITLE)), "")
    return title.removeprefix(TITLE).strip("'").replace("''", "'").replace("\\", "")


TITLE = "title: "
"""How the line of a note that holds its title begins."""


def _is_json(path: Path) -> bool:
    """Return whether a record can be read: a disk that filled up leaves half of one."""
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        return False


def _damaged(paths: Sequence[Path]) -> pd.DataFrame:
    """Return a row for each run whose record cannot be read, by its folder."""
    rows = [
        {
            "study": path.parts[-3],
            "run": f"{path.parts[-3]}/{path.parts[-2]}",
            "state": "damaged",
            "reason": f"{NAME} cannot be read: run the study again",
        }
        for path in paths
    ]
    return pd.DataFrame(rows)


def _finished(table: Table) -> Any:
    """Flatten the records of finished runs to the columns of the table of runs."""
    asked, hashes = table.parameters, table.hashes
    return table.select(
        study=table.study,
        run=table.study + "/" + table.run_id,
        state=table.status,
        started=table.started,
        programme=asked["programme"].str,
        territory=asked["territory"].cast("string"),
        period=asked["entries"]["from"].str + " " + asked["entries"]["to"].str,
        engine=table.engine,
        seconds=table.seconds,
        peak_memory_mb=table.peak_memory_mb,
        **{k: hashes[k].str.substr(0, _DIGITS) for k in ("params", "extract", "code")},
    )


def _columns(frame: pd.DataFrame) -> pd.DataFrame:
    if "updated" in frame:
        frame = frame.rename(columns={"updated": "started"})
    return frame.reindex(columns=list(COLUMNS)).astype(
        {name: "float64" if name in _NUMBERS else "object" for name in COLUMNS}
    )


KEYS = {
    "study", "programme", "territory", "period", "outcome", "subgroup", "subgroup_value",
    "estimand", "method", "unit", "status", "reason", "arm", "covariate", "rule", "label",
    "check", "sentence", "measure", "indicator", "group", "group_value", "analysis",
}  # fmt: skip
"""Columns of results that are words, whatever they look like: a region is '01', not 1."""


def run_folder(place: Path) -> Path:
    """Return the run that a path names: itself, or the latest finished one of a study's folder.

    Raises:
        DataError: Neither it nor what it holds is a run.
    """
    if (place / "results").is_dir():
        return place
    found = sorted(p.parent for p in place.glob("[0-9]*/results") if p.is_dir())
    if not found:
        raise DataError(
            f"no run at {place}: give runs/STUDY (its latest run) or runs/STUDY/RUN_ID; "
            "`evalml runs` lists them"
        )
    return found[-1]


def results_of(*runs: Path | str, table: str = "effects") -> pd.DataFrame:
    """Return one table of results of many runs as one frame.

    Args:
        runs: Folders of runs, or of studies, or roots of runs; those take all they hold.
        table: Name of the table: `effects` reads every `results/effects.csv`.

    Returns:
        The rows of all, with the columns `study` and `run` first.

    Raises:
        DataError: There is no run, or none that has the table.
    """
    folders = [run for place in runs for run in _runs_in(Path(place))]
    frames = [
        read_result(folder, table).assign(study=folder.parent.name, run=folder.name)
        for folder in folders
        if (folder / "results" / f"{table}.csv").is_file()
    ]
    if not frames:
        there = {p.stem for f in folders for p in (f / "results").glob("*.csv")}
        hint = nearest(table, there) if there else "there is no finished run"
        raise DataError(f"no run has results/{table}.csv; {hint}")
    whole = pd.concat(frames, ignore_index=True)
    return whole[["study", "run", *(c for c in whole.columns if c not in {"study", "run"})]]


def read_result(run: Path, table: str) -> pd.DataFrame:
    """Read one table of results of one run, its words as words."""
    path = run / "results" / f"{table}.csv"
    header = pd.read_csv(path, nrows=0).columns
    frame = pd.read_csv(path, dtype={column: "str" for column in header if column in KEYS})
    return frame.assign(**{c: frame[c].fillna("") for c in header if c in KEYS})


def _runs_in(place: Path) -> Sequence[Path]:
    if (place / NAME).is_file():
        return [place]
    found = sorted(
        p.parent for p in (*place.glob(f"[0-9]*/{NAME}"), *place.glob(f"*/[0-9]*/{NAME}"))
    )
    if not found:
        raise DataError(f"no finished run in {place}; give a folder of runs/")
    return found
