"""How the line grows with the number of persons: seconds by stage, and the fitted exponent.

python -m benchmarks.growth [PERSONS ...]

Each size runs `benchmarks.line` in a process of its own, under 4 GB for the engine. The exponent is
the slope of log(processor seconds) on log(persons), over the sizes from 100 000 persons on where
there are several: what is paid once (compiling the queries, importing) hides growth below.
"""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZES = (10_000, 100_000, 1_000_000)
FEWEST = 100_000


def stages(persons: int) -> dict[str, float]:
    """Run the line once and return the processor seconds of each stage, in order."""
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.line", str(persons), "4GB"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    print(said, flush=True)
    rows = [line.split("|") for line in said.splitlines() if line.count("|") >= 3]
    return {row[0].strip(): float(row[2]) for row in rows}


def exponent(seconds: dict[int, float]) -> float:
    """Return the slope of log seconds on log persons, by least squares."""
    sizes = [n for n in seconds if n >= FEWEST]
    sizes = sizes if len(sizes) > 1 else list(seconds)
    x = [math.log(n) for n in sizes]
    y = [math.log(max(seconds[n], 1e-3)) for n in sizes]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    across = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return across / sum((a - middle_x) ** 2 for a in x)


def main(sizes: list[int]) -> None:
    """Time every size, then print a row per stage."""
    found = {n: stages(n) for n in sizes}
    names = list(found[sizes[0]])
    print(f"{'stage':28}" + "".join(f"{n:>12}" for n in sizes) + f"{'exponent':>10}")
    for by in found.values():
        by["all"] = sum(by[name] for name in names)
    for name in [*names, "all"]:
        seconds = {n: found[n][name] for n in sizes}
        values = "".join(f"{seconds[n]:12.2f}" for n in sizes)
        print(f"{name:28}{values}{exponent(seconds):10.2f}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(SIZES))
