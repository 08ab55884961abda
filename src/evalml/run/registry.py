"""All runs as one table, the results of many as one frame, two runs side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.engine import open_engine
from evalml.errors import DataError, nearest
from evalml.run.staleness import Difference, differences, sentences
from evalml.run.status import MANIFEST, STATUS, read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
_HASH_DIGITS = 8
_NUMBERS = frozenset({"seconds", "peak_memory_mb"})


def runs_table(out: Path) -> pd.DataFrame:
    """Return all runs under a root as one table, the latest first.

    Args:
        out: Root of the runs.

    Returns:
        One row per run, finished, failed or damaged, with the columns of `COLUMNS`.

    Raises:
        DataError: There is no such folder.
    """
    if not out.is_dir():
        raise DataError(f"no runs at {out}: give the root of the runs, such as runs")
    engine = open_engine()
    frames = []
    records = sorted(out.glob(f"*/[0-9]*/{MANIFEST}"))
    damaged = [path for path in records if not _is_json(path)]
    if done := [path for path in records if path not in damaged]:
        table = engine.read_json(done, "manifests", _RECORD)
        frames.append(engine.fetch(_finished(table)))
    if damaged := damaged + _interrupted(out):
        frames.append(_damaged(damaged))
    if lost := sorted(out.glob(f"*/failed/*/{STATUS}")):
        frames.append(engine.fetch(engine.read_json(lost, "failures", _FAILED)))
    if not frames and any(out.glob(f"[0-9]*/{MANIFEST}")):
        raise DataError(f"{out} holds the runs of one study: give the folder above it")
    if not frames:
        return pd.DataFrame({name: [] for name in COLUMNS})
    found = pd.concat([_columns(frame) for frame in frames], ignore_index=True)
    order = {"started": False, "study": True, "run": True}
    found = found.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
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


LOST = {True: "cannot be read", False: "is missing, the run did not end"}


def _interrupted(out: Path) -> list[Path]:
    """Return the records that folders of results lack: their run was stopped before its end."""
    folders = sorted({path.parent for path in out.glob("*/[0-9]*/results")})
    return [folder / MANIFEST for folder in folders if not (folder / MANIFEST).is_file()]


def _damaged(paths: Sequence[Path]) -> pd.DataFrame:
    """Return a row for each run whose record cannot be read, by its folder."""
    rows = [
        {
            "study": path.parts[-3],
            "run": f"{path.parts[-3]}/{path.parts[-2]}",
            "state": "damaged",
            "reason": f"{MANIFEST} {LOST[path.is_file()]}: run the study again",
        }
        for path in paths
    ]
    return pd.DataFrame(rows)


def _finished(table: Table) -> Any:
    """Flatten the records of finished runs to the columns of the table of runs."""
    parameters, hashes = table.parameters, table.hashes
    return table.select(
        study=table.study,
        run=table.study + "/" + table.run_id,
        state=table.status,
        started=table.started,
        programme=parameters["programme"].str,
        territory=parameters["territory"].cast("string"),
        period=parameters["entries"]["from"].str + " " + parameters["entries"]["to"].str,
        engine=table.engine,
        seconds=table.seconds,
        peak_memory_mb=table.peak_memory_mb,
        **{k: hashes[k].str.substr(0, _HASH_DIGITS) for k in ("params", "extract", "code")},
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
    if (place / MANIFEST).is_file():
        return [place]
    found = sorted(
        p.parent for p in (*place.glob(f"[0-9]*/{MANIFEST}"), *place.glob(f"*/[0-9]*/{MANIFEST}"))
    )
    if not found:
        raise DataError(f"no finished run in {place}; give a folder of runs/")
    return found


JOINED = ["outcome", "horizon_months", "subgroup", "subgroup_value", "estimand", "method"]
"""What makes an effect of two runs the same effect."""

FIGURES = ["estimate", "std_error", "ci_low", "ci_high", "n_treated", "n_comparison"]
"""Columns of `effects.csv` that are compared."""

LEVELS = ("same", "within rounding", "beyond rounding", "no value in B", "no value in A")
"""How far an effect moved, from not at all to not there."""

WORDS = frozenset({"study", "title", "labels", "language"})
"""Keys of a study that say how it is told, not what is computed."""

_ALIKE = 1e-9
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs side by side.

    Attributes:
        inputs: What differs of their inputs.
        effects: One row per effect, the primary one first: the keys, each figure of A and of B
            (`estimate_a`, `estimate_b`, …), the `difference` of the estimates and how it `moved`.
        primary: Whether the first row is the primary effect of both.
        files: Outputs whose bytes differ, or that only one of them has.
    """

    inputs: tuple[Difference, ...]
    effects: pd.DataFrame
    primary: bool
    files: tuple[str, ...]

    @property
    def causes(self) -> tuple[Difference, ...]:
        """The inputs that could make a figure move: all that differ but the words on the note."""
        words = [d for d in self.inputs if d.kind == "params" and d.name.split(".")[0] in WORDS]
        return tuple(d for d in self.inputs if d not in words)

    @property
    def moved(self) -> pd.DataFrame:
        """The effects that both runs have and that would be printed differently."""
        return self.effects[self.effects["moved"] == LEVELS[2]]

    @property
    def verdict(self) -> str:
        """One sentence: which input made how many effects move, or come and go."""
        changed = self.effects["moved"].isin(LEVELS[2:])
        return verdict_of(self.causes, int(changed.sum()), len(self.effects))


def verdict_of(causes: Sequence[Difference], moved: int, total: int) -> str:
    """Return which input made effects move, as far as two runs can say it."""
    share = f"{moved} of {total} effects"
    if not causes:
        same = "no input differs and no effect moved: the run is reproduced"
        return (
            f"no input differs, yet {share} moved, came or went: not reproducible"
            if moved
            else same
        )
    lines = sentences(causes)  # the tables of one extract are one line, as are the stages of evalml
    if len(lines) == 1:
        made = f"it made {share} move, come or go" if moved else "no effect moved by it"
        return f"only one input differs ({lines[0]}): {made}"
    several = f"{len(lines)} inputs differ and {share} moved, came or went"
    return f"{several}; change one at a time to know which did it" if moved else several


def compare_runs(a: Path, b: Path) -> RunComparison:
    """Compare two finished runs.

    Args:
        a: Folder of a run.
        b: Folder of another; the differences are B minus A.

    Raises:
        DataError: One of them is no finished run.
    """
    before, after = _record(a), _record(b)
    primary = before["parameters"].get("primary", {})
    effects = compare_effects(read_result(a, "effects"), read_result(b, "effects"), primary)
    return RunComparison(
        tuple(differences(before, after)),
        effects,
        len(effects) > 0 and bool(_is_primary(effects, primary).iloc[0]),
        tuple(_files(before, after)),
    )


def _record(run: Path) -> dict[str, Any]:
    if not (run / MANIFEST).is_file() or not (run / "results" / "effects.csv").is_file():
        raise DataError(f"{run} is no finished run with effects; give a folder runs/STUDY/RUN_ID")
    return read_manifest(run)


def _files(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = ({o["path"]: o["sha256"] for o in record["outputs"]} for record in (before, after))
    return sorted(path for path in {*old, *new} if old.get(path) != new.get(path))


def compare_effects(
    a: pd.DataFrame, b: pd.DataFrame, primary: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Join two tables of effects on what makes effects the same, and say which moved.

    `a`: rows of an `effects.csv`; `primary`: outcome, horizon and method of the primary effect: its
    row comes first.
    """
    left, right = (
        f.reindex(columns=[*JOINED, "unit", *FIGURES]).drop_duplicates(JOINED) for f in (a, b)
    )
    both = left.merge(right, on=JOINED, how="outer", suffixes=("_a", "_b"))
    both["unit"] = both.pop("unit_a").fillna(both.pop("unit_b"))
    rows = both.to_dict("records")
    both["difference"] = both["estimate_b"] - both["estimate_a"]
    both["moved"] = [LEVELS[max(_level(row, figure) for figure in FIGURES)] for row in rows]
    both["first"] = ~_is_primary(both, primary or {})
    both["group"] = both["subgroup"] != ""
    order = ["first", "group", "subgroup", "subgroup_value", "outcome", "horizon_months", "method"]
    return both.sort_values(order, ignore_index=True).drop(columns=["first", "group"])


def _is_primary(effects: pd.DataFrame, primary: Mapping[str, Any]) -> pd.Series:
    """Say which rows are the primary effect on the whole population."""
    found = effects["subgroup"] == ""
    for key, column in {"outcome": "outcome", "method": "method"}.items():
        found &= effects[column] == primary.get(key)
    if "estimand" in effects:
        found &= effects["estimand"] != "att_never"
    if primary.get("horizon") is not None:
        found &= effects["horizon_months"] == primary["horizon"]
    return found


def _level(row: Mapping[Any, Any], figure: str) -> int:
    proportion = row["unit"] == "proportion" and not figure.startswith("n_")
    a, b = (float(row[f"{figure}_{side}"]) for side in "ab")
    absent = all(np.isnan(float(row[f"estimate_{side}"])) for side in "ab")
    if absent or (np.isnan(a) and np.isnan(b)):
        return 0  # an effect that neither run shows has not moved
    return LEVELS.index(moved_by(a, b, proportion=proportion))


def moved_by(a: float, b: float, *, proportion: bool) -> str:
    """Say whether a figure is the same, would print the same, or has moved.

    Printed means to a tenth of a point for a proportion, to three digits for the rest.
    """
    if np.isnan(a) or np.isnan(b):
        return LEVELS[4] if np.isnan(a) else LEVELS[3]
    if abs(a - b) <= _ALIKE * max(abs(a), abs(b)):
        return LEVELS[0]
    printed = [_printed(x, proportion=proportion) for x in (a, b)]
    return LEVELS[1] if printed[0] == printed[1] else LEVELS[2]


def _printed(value: float, *, proportion: bool) -> str:
    return f"{value:.{_DIGITS}f}" if proportion else f"{value:.{_DIGITS}g}"
