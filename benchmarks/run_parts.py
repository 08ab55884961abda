"""A whole `evalml run`, from the command to the note, and where the time goes."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.harness import ROOT, Row, Way

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STUDY = ROOT / "params" / "cej_2024_hdf.yaml"
PARTS = {
    "write_note": "note",
    "figures": "figures",
    "plot_cohort": "figures",
    "pictures[": "figures",
    "estimate_": "effects, their checks",
    "check_": "checks of the primary effect",
    "secondary_analyses": "secondary analyses",
    "assemble": "comparison",
    "gather": "comparison",
    "build_panel": "panel and outcomes",
    "build_cohort": "cohort",
    "accept_tables": "read",
    "import evalml": "imports",
    "protocol_table": "imports",
}
"""What a cell does, by the first of these words that it holds."""


def part_of(source: str) -> str:
    """Return the part of the run that a cell belongs to."""
    return next((part for word, part in PARTS.items() if word in source), "other tables")


def split(folder: Path, wall: float, called: dt.datetime) -> dict[str, float]:
    """Return the seconds of each part of the run that `folder` holds; they add up to `wall`."""
    notebook = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    taken: dict[str, float] = {"start": (_begun(cells[0]) - called).total_seconds()}
    for cell in cells:
        part = part_of("".join(cell["source"]))
        taken[part] = taken.get(part, 0.0) + cell["metadata"]["papermill"]["duration"]
    taken["pages and record"] = wall - sum(taken.values())
    return taken


def _begun(cell: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(cell["metadata"]["papermill"]["start_time"])


def whole(folder: Path) -> Callable[[], dict[str, float]]:
    """Return the job: the command, as one types it."""
    words = [sys.executable, "-m", "evalml", "run", str(STUDY), "--force"]
    words += ["--extract", str(folder / "extract"), "--out", str(folder / "runs")]

    def work() -> dict[str, float]:
        called, start = dt.datetime.now(tz=dt.UTC), time.perf_counter()
        subprocess.run(words, check=True, capture_output=True, cwd=ROOT)
        wall = time.perf_counter() - start
        latest = max((folder / "runs").glob("*/[0-9]*"))
        return split(latest, wall, called)

    return work


def start(folder: Path) -> Callable[[], dict[str, float]]:  # noqa: ARG001 - nothing to read
    """Return the job: what a user waits for before anything happens."""
    cases = {
        "python that does nothing": ["-c", ""],
        "import evalml": ["-c", "import evalml"],
        "evalml --help": ["-m", "evalml", "--help"],
        "evalml run --help": ["-m", "evalml", "run", "--help"],
        "all that a study imports": ["-c", ALL],
    }

    def work() -> dict[str, float]:
        return {name: _fastest([sys.executable, *words]) for name, words in cases.items()}

    return work


ALL = "import evalml\nfor name in evalml.__all__: getattr(evalml, name)"


def _fastest(words: list[str], times: int = 2) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True, cwd=ROOT)
        found.append(time.perf_counter() - begun)
    return min(found)


def nothing(folder: Path, size: int) -> None:
    """Write nothing: `start` reads nothing."""


ROWS = (
    Row(
        "start",
        "Before anything happens: each the faster of two starts",
        "benchmarks.run_parts:nothing",
        "starts each",
        {"quick": 2, "full": 2},
        (Way("evalml", "benchmarks.run_parts:start"),),
        adds=False,
    ),
    Row(
        "run",
        "`evalml run` of a CEJ study, from the command to the note",
        "benchmarks.cohort:write",
        "persons",
        {"quick": 20_000, "full": 100_000},
        (Way("evalml", "benchmarks.run_parts:whole"),),
    ),
)
