"""Twelve runs on all cores by `evalml batch` against twelve calls of papermill, one after another.

Both execute the same notebooks with the same parameters, so that they pay the same cells; evalml
also writes the page, the record and its checks. The two ways take turns, a third of the calls of
papermill before and after each batch, so that a machine shared with others slows both alike.

python -m benchmarks.batch [--study cej_2024_hdf|nsw|light] [--people 3000] [--runs 12] [--rounds 2]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml

from evalml.run.provenance import parameters_of
from evalml.study import read_study

ROOT = Path(__file__).resolve().parents[1]
LIGHT = """\
import evalml as ev
import numpy as np, pandas as pd, seaborn as sns, statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
protocol = ev.read_parameters(globals())
settings = ev.read_settings(protocol.study)
engine = ev.open_engine(settings.engine, threads=settings.threads)
---
draw = np.random.default_rng(protocol.seed)
X = sm.add_constant(draw.normal(size=(200_000, 8)))
y = X @ np.arange(9) + draw.normal(size=200_000)
fit = sm.OLS(y, X).fit()
---
axes = sns.lineplot(x=np.arange(9), y=fit.params)
---
table = pd.DataFrame({"term": np.arange(9), "estimate": fit.params, "std_error": fit.bse})
ev.write_results({"effects": table}, settings.out / "results")
"""
"""The stack, a regression on 200 000 rows and one figure: what a short notebook pays."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way of running took.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of processor, children included.
    """

    wall: float
    cpu: float


def timed(*commands: list[str], **environment: str) -> Cost:
    """Run commands one after another and return what they took together."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for command in commands:
        done = subprocess.run(
            command, cwd=ROOT, env={**plain(), **environment}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{' '.join(command[:4])}: {done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - clock, cpu)


def plain() -> dict[str, str]:
    """Return the environment of a user who has set nothing."""
    return {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}


def studies(name: str, runs: int, folder: Path) -> list[Path]:
    """Write the params of the runs: one study, a seed for each."""
    base = "nsw" if name == "light" else name
    values = parameters_of(read_study(base))
    (folder / "params").mkdir()
    paths = []
    for seed in range(1, runs + 1):
        changed = {**values, "study": f"{name}_{seed}", "seed": seed}
        if name == "light":
            changed["notebook"] = "light"
        path = folder / "params" / f"{name}_{seed}.yaml"
        path.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
        paths.append(path)
    return paths


def notebook_of(name: str, folder: Path) -> Path:
    """Return the notebook of a study; the light one is written beside its params."""
    if name != "light":
        return ROOT / "notebooks" / f"{read_study(name).notebook}.ipynb"
    notebook = nbformat.read(ROOT / "notebooks" / "nsw.ipynb", as_version=4)
    head = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in LIGHT.split("---\n")]
    notebook.cells = [*head, *cells]
    (folder / "notebooks").mkdir()
    nbformat.write(notebook, folder / "notebooks" / "light.ipynb")
    return folder / "notebooks" / "light.ipynb"


def measure(name: str, runs: int, rounds: int, people: int, jobs: int) -> None:
    """Print what both ways take, round by round, and the ratio of their medians."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        extract = folder / "extract"
        notebook = notebook_of(name, folder)
        params = studies(name, runs, folder)
        if name not in {"nsw", "light"}:
            made = [sys.executable, "-m", "evalml", "synthetic", str(extract)]
            timed([*made, "--people", str(people), "--seed", "7"])
        third = -(-runs // 3)
        plains, batches = [], []
        for number in range(rounds):
            parts = []
            for start in range(0, runs, third):
                chosen = params[start : start + third]
                parts.append(
                    timed(
                        *(papermill(notebook, p, folder) for p in chosen),
                        EVALML_EXTRACT=str(extract), EVALML_OUT=str(folder / "plain"),
                    )
                )  # fmt: skip
                if start == third:
                    out = folder / f"batch{number}"
                    words = ["--extract", str(extract), "--out", str(out), "--jobs", str(jobs)]
                    batch = [sys.executable, "-m", "evalml", "batch", *map(str, params), *words]
                    batches.append(timed(batch))
            plains.append(Cost(sum(p.wall for p in parts), sum(p.cpu for p in parts)))
            report(name, runs, plains[-1:], batches[-1:])
        report(f"{name}, median of {rounds}", runs, plains, batches)


def papermill(notebook: Path, params: Path, folder: Path) -> list[str]:
    """Return the command line of papermill for one run."""
    output = folder / f"{params.stem}.ipynb"
    words = [str(notebook), str(output), "-f", str(params), "--cwd", str(ROOT)]
    return [sys.executable, "-m", "papermill", *words, "--no-progress-bar"]


def report(title: str, runs: int, plains: list[Cost], batches: list[Cost]) -> None:
    """Print one line: seconds on the clock and of processor, and their ratios."""
    wall = [statistics.median(c.wall for c in costs) for costs in (plains, batches)]
    cpu = [statistics.median(c.cpu for c in costs) for costs in (plains, batches)]
    print(
        f"{title}: {runs} x papermill {wall[0]:.1f} s ({cpu[0]:.1f} s of processor), "
        f"evalml batch {wall[1]:.1f} s ({cpu[1]:.1f} s): ratio {wall[1] / wall[0]:.2f} "
        f"(processor {cpu[1] / cpu[0]:.2f}), load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.batch")
    parser.add_argument("--study", default="light")
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    measure(asked.study, asked.runs, asked.rounds, asked.people, asked.jobs)


if __name__ == "__main__":
    main()
