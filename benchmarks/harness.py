"""Rows of the benchmark: ours and the peers in turn, on the same data, each in its own process."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from benchmarks.worker import MARK

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
LATEST = 7200  # seconds a process may take
Size = Literal["quick", "full"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing the job of a row.

    Attributes:
        name: Who does it.
        job: `module:function`, or `peers.R:name`.
        package: Distribution whose version is shown; empty for evalml.
        limit: Largest size it is asked to do, None for any.
        why: What happens beyond.
        agrees: Whether its answer has to be ours; a sentence says why not.
    """

    name: str
    job: str
    package: str = ""
    limit: int | None = None
    why: str = ""
    agrees: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One job: ours first, then the peers.

    Attributes:
        name: On the command line and in the results.
        title: What is done.
        data: `module:function` that writes the data, given a folder and a size.
        unit: What the size counts.
        sizes: Size by name.
        ways: Ours first.
        tolerance: Largest relative difference between two answers that agree.
        about: What an answer is, for the page.
        adds: Whether the parts of the job add up to it.
    """

    name: str
    title: str
    data: str
    unit: str
    sizes: dict[str, int]
    ways: tuple[Way, ...]
    tolerance: float = 0.0
    about: str = ""
    adds: bool = True


@dataclass(slots=True)
class Taken:
    """What the runs of one way took.

    Attributes:
        seconds: One per run.
        cpu: Seconds of processor, one per run.
        peaks: Peak memory in MB, one per run.
        answer: Of the last run.
        parts: Seconds by part, one per run, where the job is made of parts.
        version: Of the package.
        missing: Why there is nothing.
    """

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)
    parts: list[dict[str, float]] = field(default_factory=list)
    version: str = ""
    missing: str = ""


def write_data(row: Row, size: int, root: Path) -> Path:
    """Write the data of a row under `root`, once for all the rows that share them."""
    folder = root / f"{row.data.replace(':', '.')}-{size}"
    if not folder.is_dir():
        folder.mkdir()
        _start([sys.executable, "-m", "benchmarks.worker", row.data, str(folder), str(size)])
    return folder


def run_row(
    row: Row, size: int, folder: Path, peers: Path, *, most: int, budget: float
) -> dict[str, Taken]:
    """Run the ways of a row in turn, round after round.

    Args:
        row: The job.
        size: On how much.
        folder: Its data.
        peers: Interpreter of the environment that holds the peers.
        most: Rounds, at most.
        budget: Seconds after which no round more is begun.
    """
    taken = {way.name: Taken() for way in row.ways}
    start = time.perf_counter()
    for done in range(most):
        if done and time.perf_counter() - start > budget:
            break
        for way in row.ways:
            if not taken[way.name].missing:
                _once(way, size, folder, peers, taken[way.name])
    return taken


def _once(way: Way, size: int, folder: Path, peers: Path, taken: Taken) -> None:
    """Run a way once and add what it took."""
    if way.limit is not None and size > way.limit:
        taken.missing = way.why or f"not run above {way.limit:,}".replace(",", " ")
        return
    python, missing = _interpreter(way, peers)
    if missing:
        taken.missing = missing
        return
    module, name = way.job.split(":")
    inside = [str(ROOT / "benchmarks" / module), name]
    words = inside if module.endswith(".R") else ["-m", "benchmarks.worker", way.job]
    done = _start([python, *words, str(folder)], check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        taken.missing = f"it failed: {said[:100]}"
        return
    found = json.loads(lines[-1].removeprefix(MARK))
    taken.missing = found.get("missing", "")
    if not taken.missing:
        taken.seconds.append(found["seconds"])
        taken.cpu.append(found["cpu"])
        taken.peaks.append(found["peak_mb"])
        taken.answer = found.get("answer", [])
        taken.version = found.get("version") or _version(way.package, python)
        if "parts" in found:
            taken.parts.append(found["parts"])


def _interpreter(way: Way, peers: Path) -> tuple[str, str]:
    """Return what runs a way, and why nothing can."""
    if ".R:" in way.job:
        found = shutil.which("Rscript")
        return found or "", "" if found else "R is not installed"
    if not way.package or _version(way.package, sys.executable):
        return sys.executable, ""
    if not peers.is_file():
        return "", f"{way.package} is not installed (`make bench-peers`)"
    found = _version(way.package, str(peers))
    return str(peers), "" if found else f"{way.package} is not installed (`make bench-peers`)"


def _version(package: str, python: str) -> str:
    """Return the version of a package in the environment of an interpreter, empty without it."""
    if not package:
        return ""
    site = Path(python).parent.parent / "lib"
    paths = None if python == sys.executable else [str(p) for p in site.glob("*/site-packages")]
    try:
        found = importlib.metadata.distributions(
            name=package, **({"path": paths} if paths is not None else {})
        )
        return next(iter(found)).version
    except StopIteration:
        return ""


def _start(words: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    return subprocess.run(
        words,
        cwd=ROOT,
        env=os.environ | one,
        capture_output=True,
        text=True,
        check=check,
        timeout=LATEST,
    )


def difference(answer: list[float], reference: list[float]) -> float:
    """Return the largest difference of two answers, relative where the numbers exceed one."""
    if len(answer) != len(reference):
        return math.inf
    pairs = zip(answer, reference, strict=True)
    return max((abs(a - b) / max(1.0, abs(b)) for a, b in pairs if a != b), default=0.0)


def lines_of(row: Row, size: int, taken: dict[str, Taken]) -> list[dict[str, Any]]:
    """Return one flat line per way, or per part of ours, ready for the results."""
    ours = taken[row.ways[0].name]
    lines = []
    for way in row.ways:
        mine = taken[way.name]
        head = {"row": row.name, "size": size, "unit": row.unit, "way": way.name}
        if mine.missing:
            lines.append({**head, "note": mine.missing})
            continue
        own = way.name == row.ways[0].name
        line = {
            **head,
            "version": mine.version,
            "seconds": round(median(mine.seconds), 3),
            "cpu": round(median(mine.cpu), 3),
            "peak_mb": round(max(mine.peaks)),
            "runs": len(mine.seconds),
            "note": way.agrees,
        }
        if not own and ours.seconds:
            gap = difference(mine.answer, ours.answer)
            agree = "" if way.agrees else "yes" if gap <= row.tolerance else "NO"
            line |= {
                "ratio": round(median(ours.seconds) / median(mine.seconds), 3),
                "gap": f"{gap:.1e}",
                "tolerance": row.tolerance,
                "agrees": agree,
            }
        lines.append(line)
        lines += [
            {**head, "part": part, "seconds": round(median(p[part] for p in mine.parts), 3)}
            for part in (mine.parts[0] if mine.parts else ())
        ]
    return lines
