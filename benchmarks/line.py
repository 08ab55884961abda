"""The CEJ line, stage by stage, on a synthetic extract of N persons: seconds and peak memory.

python -m benchmarks.line [PERSONS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import evalml as ev
from evalml.synthetic.make import produce

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PERSONS = 20_000


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Print how long a stage took and the memory reached so far."""
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{stage:28}{seconds:9.2f} s {peak:9.0f} MB")


def main(persons: int) -> None:
    """Run every stage once."""
    study = ev.read_study(ROOT / "params" / "cej_2024_hdf.yaml")
    with tempfile.TemporaryDirectory() as folder:
        with timed(f"synthetic ({persons} persons)"):
            produce(Path(folder) / "extract", people=persons, seed=1)
        engine = ev.open_engine()
        with timed("extract and tables"):
            tables = ev.accept_tables(ev.read_extract(Path(folder) / "extract", engine), engine)
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
            effects = ev.estimate_effects(
                arms.comparison, study.methods, seed=study.seed, failures="record"
            )
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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PERSONS)
