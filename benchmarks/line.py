"""The CEJ line, stage by stage, on a synthetic extract of N persons: seconds and peak memory.

python -m benchmarks.line [PERSONS] [MEMORY] [EXTRACT]

MEMORY is what the engine may take before it spills to disk, such as 4GB; EXTRACT an extract made
before. Each line gives the stage, seconds, processor seconds and the peak memory so far.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import evalml as ev

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PERSONS = 20_000


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Print how long a stage took and the memory reached so far."""
    start, processor = time.perf_counter(), time.process_time()
    yield
    seconds, busy = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{stage:28}|{seconds:9.2f} |{busy:9.2f} |{peak:9.0f} MB", flush=True)


def make(folder: Path, persons: int) -> None:
    """Write the extract in a process of its own, so that its memory is not counted here."""
    command = [sys.executable, "-m", "evalml", "synthetic", str(folder), "--seed", "1"]
    subprocess.run([*command, "--people", str(persons)], check=True, capture_output=True)


def main(persons: int, memory: str | None, extract: Path | None) -> None:
    """Run every stage once."""
    study = ev.read_study(ROOT / "params" / "cej_2024_hdf.yaml")
    with tempfile.TemporaryDirectory() as folder:
        if extract is None:
            extract = Path(folder) / "extract"
            make(extract, persons)
        engine = ev.open_engine(memory_limit=memory)
        with timed("extract and tables"):
            tables = ev.accept_tables(ev.read_extract(extract, engine), engine)
        with timed("cohort"):
            cohort = ev.build_cohort(tables, ev.target_trial(study), study.covariates, engine)
        with timed("panel and outcomes"):
            panel = ev.build_panel(tables, cohort, engine)
            outcomes = ev.compute_outcomes(panel, study.outcomes)
            ev.observe(tables, panel, engine)
        with timed("two arms in memory"):
            arms = ev.assemble(outcomes, study.horizons, study.subgroups, engine)
        with timed("weights and balance"):
            adjusted = ev.adjust(arms.comparison, study.estimand)
        with timed("effects, all at once"):
            effects = ev.estimate_study(arms.comparison, study)
        with timed("checks and trajectories"):
            ev.run_checks(
                arms.comparison,
                effects,
                study.checks,
                balance=adjusted.balance,
                weights=adjusted.weights,
                score=adjusted.score,
            )
            ev.trajectories_table(arms.comparison, arms.trajectories, adjusted.weights)


if __name__ == "__main__":
    words = sys.argv[1:]
    main(
        int(words[0]) if words else PERSONS,
        words[1] if words[1:] else None,
        Path(words[2]) if words[2:] else None,
    )
