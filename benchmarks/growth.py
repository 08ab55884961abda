"""How the line grows with the number of persons: seconds by stage, and the fitted exponent.

python -m benchmarks [--quick] growth

Each size runs `benchmarks.line` in a process of its own, under 4 GB for the engine. The exponent is
the slope of log(processor seconds) on log(persons), over the sizes from 100 000 persons on where
there are several: what is paid once (compiling the queries, importing) hides growth below.
"""

from __future__ import annotations

import math
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.harness import ROOT, Row, Way

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
FEWEST = 100_000
MEMORY = "4GB"
PEAK = "peak MB"
"""What a part is called that counts memory and not seconds."""


def sizes_up_to(most: int) -> list[int]:
    """Return the sizes to run, the largest being `most`."""
    return [n for n in SIZES if n < most] + [most]


def write(folder: Path, most: int) -> None:
    """Write an extract of each size."""
    for n in sizes_up_to(most):
        words = [sys.executable, "-m", "evalml", "synthetic", str(folder / str(n)), "--seed", "1"]
        subprocess.run([*words, "--people", str(n)], check=True, capture_output=True, cwd=ROOT)


def job(folder: Path) -> Callable[[], dict[str, float]]:
    """Return the job: the line at every size, in processor seconds by stage and size."""
    sizes = sorted(int(p.name) for p in folder.iterdir())

    def work() -> dict[str, float]:
        return {k: v for n in sizes for k, v in stages(n, folder / str(n)).items()}

    return work


def stages(persons: int, extract: Path) -> dict[str, float]:
    """Run the line once; return processor seconds of each stage, in order, then its peak."""
    words = [sys.executable, "-m", "benchmarks.line", str(persons), MEMORY, str(extract)]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    rows = [line.split("|") for line in said.splitlines() if line.count("|") == 3]
    found = {part(row[0].strip(), persons): float(row[2]) for row in rows}
    return found | {part(PEAK, persons): float(rows[-1][3].split()[0])}


def part(stage: str, persons: int) -> str:
    """Return what a stage at a size is called in the results."""
    return f"{stage} @ {persons}"


def exponent(seconds: dict[int, float]) -> float:
    """Return the slope of log seconds on log persons, by least squares; NaN for one size."""
    if len(seconds) < 2:
        return math.nan
    sizes = [n for n in seconds if n >= FEWEST]
    sizes = sizes if len(sizes) > 1 else list(seconds)
    x = [math.log(n) for n in sizes]
    y = [math.log(max(seconds[n], 1e-3)) for n in sizes]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    across = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return across / sum((a - middle_x) ** 2 for a in x)


def by_stage(lines: list[dict[str, str]]) -> dict[str, dict[int, float]]:
    """Return the results by stage and size, all stages together and the peak at the end."""
    found: dict[str, dict[int, float]] = {}
    for line in lines:
        stage, _, persons = line["part"].partition(" @ ")
        found.setdefault(stage, {})[int(persons)] = float(line["seconds"])
    peak = found.pop(PEAK)
    return found | {"all": {n: sum(s[n] for s in found.values()) for n in peak}, PEAK: peak}


ROW = Row(
    "growth",
    "The CEJ line from the extract to its effects and checks, as the persons grow",
    "benchmarks.growth:write",
    "persons at most",
    {"quick": 20_000, "full": SIZES[-1]},
    (Way("evalml", "benchmarks.growth:job"),),
)
