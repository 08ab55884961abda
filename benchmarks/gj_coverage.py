"""How often the intervals of the roll-out of the Garantie jeunes hold the truth.

On world `gj_areas`, one extract per seed: the study of `params/gj_2013_2016_france.yaml` is run on
the extract, and the truth is read off the simulation made again as if no area ever opened, for the
same youths in the same cells. With `--null` the programme changes nothing.

    python benchmarks/gj_coverage.py OUT.csv --seeds 20 [--null] [--people 60000] [--first 1]
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.checks.rollout import before
from evalml.checks.trends import wald_test
from evalml.engine import open_engine
from evalml.errors import EstimationError
from evalml.extract import read_extract
from evalml.rollout import area_cells, first_demands
from evalml.rollout.cell_effects import opening_of
from evalml.rollout.effects import ROLLOUT, TRIPLE, WALD, estimate_opening
from evalml.rollout.event_study import events_of
from evalml.study import read_study
from evalml.synthetic.make import BLOCK, produce
from evalml.synthetic.people import areas, calendar, people
from evalml.synthetic.simulate import Block, simulate
from evalml.synthetic.truth import outcome
from evalml.synthetic.world import Draws, TrueEffect, dump_world, read_world
from evalml.tables import accept_tables

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.rollout.cell_effects import Opening
    from evalml.study import Study
    from evalml.synthetic.world import World

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "params" / "gj_2013_2016_france.yaml"
WORLD = ROOT / "params" / "worlds" / "gj_areas.yaml"
METHODS = ("diff", ROLLOUT, WALD, TRIPLE)


@dataclass(frozen=True, slots=True, repr=False)
class Histories:
    """True employment of everyone, month by month, with and without the opening.

    Attributes:
        with_opening: Shape (months, n).
        without: Shape (months, n).
        first: Month number of month 0.
    """

    with_opening: AnyVector
    without: AnyVector
    first: int


def histories(world: World, n: int, seed: int) -> Histories:
    """Simulate everyone twice: as it was, and as if no area ever opened."""
    cal = calendar(world)
    a = areas(world, seed, cal)
    both: tuple[list[Any], list[Any]] = ([], [])
    for block, base in enumerate(range(0, n, BLOCK)):
        draws = Draws(seed, block, min(BLOCK, n - base))
        p = people(world, a, cal, draws)
        never = Block("GJ", np.zeros(len(p.women), dtype=np.int16), never=True)
        for place, closed in zip(both, (None, never), strict=True):
            place.append(outcome(simulate(world, p, a, cal, draws, closed).situation, "emploi"))
    return Histories(np.hstack(both[0]), np.hstack(both[1]), cal.first)


def one(seed: int, n: int, *, null: bool, study: Study) -> list[dict[str, Any]]:
    """Return one row per horizon and method of one extract."""
    world = read_world(WORLD)
    if null:
        world = world.model_copy(update={"effects": dict.fromkeys(world.effects, TrueEffect())})
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "world.yaml"
        spec.write_text(dump_world(world), encoding="utf-8")
        produce(Path(folder) / "extract", world=spec, people=n, seed=seed)
        true = None if null else histories(world, n, seed)
        return list(_read(Path(folder) / "extract", true, study, seed))


def _read(extract: Path, true: Histories | None, study: Study, seed: int) -> Any:
    engine = open_engine(threads=1)
    tables = accept_tables(read_extract(extract, engine), engine)
    youths = first_demands(tables, study, engine)
    cells = area_cells(tables, youths, ["emploi"], study.horizons, engine)
    rows = engine.fetch(youths.rows.filter(youths.rows.level == "eligible"))
    who = rows["id_jeune"].str[1:].astype("int64").to_numpy()
    for horizon in study.horizons:
        opening = opening_of(cells, cells.outcomes[0], horizon)
        plan = opening.effects.plan
        post = np.zeros((len(cells.areas), len(cells.cohorts)), dtype=bool)
        for k in np.flatnonzero(opening.post):
            post[plan.treated[k], plan.time[k]] = True
        area = np.searchsorted(
            cells.areas["area"].to_numpy(dtype=str), rows["area"].to_numpy(dtype=str)
        )
        mine = post[area, rows["cohort"].to_numpy() - cells.cohorts[0]]
        gain = np.zeros(int(mine.sum()))
        if true is not None:
            at = rows["month"].to_numpy()[mine] - true.first + horizon
            gain = true.with_opening[at, who[mine]].astype(float) - true.without[at, who[mine]]
        entered = (rows["entered"].to_numpy(dtype=float, na_value=np.inf) <= horizon)[mine]
        truth = {ROLLOUT: gain.mean(), TRIPLE: gain.mean()}
        truth |= dict.fromkeys((WALD, "diff"), gain.sum() / entered.sum())
        trend = _trend(opening, study)
        for method in METHODS:
            try:
                e = estimate_opening(cells, study, (cells.outcomes[0], horizon, method))
            except EstimationError as error:
                yield {"seed": seed, "horizon": horizon, "method": method, "error": str(error)}
                continue
            yield {
                "seed": seed, "horizon": horizon, "method": method, "truth": truth[method],
                "estimate": e.estimate, "std_error": e.std_error, "ci_low": e.ci_low,
                "ci_high": e.ci_high, "n": e.n_treated, "take_up": entered.mean(),
                "covers": int(e.ci_low <= truth[method] <= e.ci_high),
                "found": int(e.ci_low > 0),
                "df": e.details.get("df"), "pre_trend": trend, "error": "",
            }  # fmt: skip


def _trend(opening: Opening, study: Study) -> float:
    """Return the p-value of the half-years before the opening, NaN where there is none."""
    pre = before(events_of(opening), study)
    return float("nan") if pre is None else wald_test(pre.beta, pre.covariance, pre.df)[2]


def main() -> None:
    """Write one row per seed, horizon and method as they come."""
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("out", type=Path)
    told.add_argument("--seeds", type=int, default=20)
    told.add_argument("--first", type=int, default=1)
    told.add_argument("--people", type=int, default=60_000)
    told.add_argument("--null", action="store_true")
    given = told.parse_args()
    names = ["seed", "horizon", "method", "truth", "estimate", "std_error", "ci_low", "ci_high",
             "n", "take_up", "covers", "found", "df", "pre_trend", "error"]  # fmt: skip
    with given.out.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, names)
        table.writeheader()
        for seed in range(given.first, given.first + given.seeds):
            clock = time.perf_counter()
            table.writerows(one(seed, given.people, null=given.null, study=read_study(STUDY)))
            stream.flush()
            print(f"seed {seed}: {time.perf_counter() - clock:.1f} s", flush=True)


if __name__ == "__main__":
    main()
