"""The national rehearsal: five years of the whole country, every programme, in one batch a world.

python -m benchmarks.rehearsal --out DIR [--years 5] [--people 1100000] [--jobs 2] [--memory 3GB]
                               [--studies NAME ...] [--no-batch] [--keep]

Makes the worlds that are not there yet, runs `evalml batch` on the national studies of each, and
writes what everything took. Cut short, it goes on where it was: the same command is given again.
With `--keep` the tables are written to benchmarks/results, from which the page is made.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS, machine
from benchmarks.rehearsal_runs import RUN_COLUMNS, STEP_COLUMNS, outcome_of, steps_of
from evalml.run.kernel import resident_mb

ROOT = Path(__file__).resolve().parents[1]
WORLDS = {
    "france_5_years": (
        "cej_2022_france",
        "cej_2023_france",
        "cej_2024_france",
        "pacea_2023_france",
        "parrainage_2024_france",
        "iae_2024_france",
    ),
    "france_gj": ("gj_2013_2016_france", "gj_2017_france"),
}
"""The studies of the rehearsal, by the world that has their years."""
WORLD_COLUMNS = (
    "world", "people", "met_a_year", "situations", "acts", "employment_months", "extract_mb",
    "wall_s", "processor_s", "peak_mb", "batch_jobs", "batch_memory", "batch_wall_s",
    "batch_processor_s", "batch_peak_mb", "batch_spill_mb", "date", "machine",
)  # fmt: skip
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took of the machine, its children included.

    Attributes:
        wall_s: Seconds on the clock.
        processor_s: Seconds of processor.
        peak_mb: Most resident memory at one time of all its processes.
        spill_mb: Most disk at one time in its temporary folder.
        code: Its exit code.
    """

    wall_s: float
    processor_s: float
    peak_mb: float
    spill_mb: float
    code: int


def timed(words: list[str], log: Path) -> Cost:
    """Run a command, its words to `log` and its temporary files beside, and return what it took."""
    temporary = log.with_suffix(".tmp")
    temporary.mkdir(exist_ok=True)
    begun, most, over = time.perf_counter(), [0.0, 0.0], threading.Event()
    with log.open("a", encoding="utf-8") as stream:
        process = subprocess.Popen(
            words, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
        )  # fmt: skip

        def watch() -> None:
            while not over.wait(_PAUSE):
                most[0] = max(most[0], resident_mb(process.pid))
                most[1] = max(most[1], disk_mb(temporary))

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        _, state, usage = os.wait4(process.pid, 0)
    over.set()
    thread.join()
    process.returncode = os.waitstatus_to_exitcode(state)
    busy = usage.ru_utime + usage.ru_stime
    wall = time.perf_counter() - begun
    peak = max(most[0], usage.ru_maxrss / 1024)
    return Cost(round(wall, 1), round(busy, 1), round(peak), most[1], process.returncode)


def make_world(out: Path, world: str, people: int) -> dict[str, Any]:
    """Make a world, unless it is there, of whatever size; return what it holds and took."""
    folder, record = out / "worlds" / world, out / "worlds" / f"{world}.json"
    if record.is_file():
        known: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return known
    folder.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "evalml", "synthetic", str(folder), "--world", world]
    cost = timed([*words, "--people", str(people)], out / "worlds.log")
    if cost.code:
        raise SystemExit(f"{world} could not be made: see {out / 'worlds.log'}")
    taken = {k: v for k, v in asdict(cost).items() if k not in {"code", "spill_mb"}}
    found = {"world": world, "people": people, **holdings(folder), **taken}
    record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def holdings(folder: Path) -> dict[str, int]:
    """Return how much an extract holds: records, persons met in its best year, disk."""
    import duckdb
    import pyarrow.parquet as pq

    def rows(name: str) -> int:
        return int(pq.read_metadata(folder / f"{name}.parquet").num_rows)

    met = duckdb.connect().execute(
        "SELECT max(n) FROM (SELECT approx_count_distinct(id_jeune) AS n "
        f"FROM '{folder / 'actes.parquet'}' GROUP BY year(date_acte))"
    ).fetchall()[0][0]  # fmt: skip
    return {
        "met_a_year": int(met),
        "situations": rows("situations"),
        "acts": rows("actes"),
        "employment_months": rows("emploi_mensuel"),
        "extract_mb": disk_mb(folder),
    }


def disk_mb(folder: Path) -> int:
    """Return what the files under a folder take on the disk, in MB, whatever comes and goes."""
    blocks = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            blocks += path.lstat().st_blocks
    return round(blocks * 512 / 2**20)


def run_batch(out: Path, world: str, studies: list[str], jobs: int, memory: str) -> None:
    """Run the studies of a world in one batch, and add what it took to what the others took."""
    params = [str(ROOT / "params" / f"{study}.yaml") for study in studies]
    words = [sys.executable, "-m", "evalml", "batch", *params, "--jobs", str(jobs)]
    words += ["--memory", memory, "--extract", str(out / "worlds" / world)]
    cost = timed([*words, "--out", str(out / "runs" / world)], out / f"{world}.log")
    record = out / "runs" / f"{world}.json"
    before = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    total = {
        "batch_jobs": jobs,
        "batch_memory": memory,
        "batch_wall_s": round(before.get("batch_wall_s", 0) + cost.wall_s, 1),
        "batch_processor_s": round(before.get("batch_processor_s", 0) + cost.processor_s, 1),
        "batch_peak_mb": max(before.get("batch_peak_mb", 0), cost.peak_mb),
        "batch_spill_mb": max(before.get("batch_spill_mb", 0), cost.spill_mb),
    }
    record.write_text(json.dumps(total, indent=2) + "\n", encoding="utf-8")


def tables(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what is known so far: a row a world, a row a study, a row a step of a study."""
    when = {"date": f"{dt.date.today():%Y-%m-%d}", "machine": machine()}
    found: dict[str, list[dict[str, Any]]] = {"worlds": [], "runs": [], "steps": []}
    for world, studies in WORLDS.items():
        record = out / "worlds" / f"{world}.json"
        if not record.is_file():
            continue
        made = json.loads(record.read_text(encoding="utf-8"))
        batch = out / "runs" / f"{world}.json"
        took = json.loads(batch.read_text(encoding="utf-8")) if batch.is_file() else {}
        found["worlds"].append({**made, **took, **when})
        for study in studies:
            root = out / "runs" / world / study
            found["runs"] += outcome_of(root, world, made["people"])
            found["steps"] += steps_of(root)
    return found


def write(path: Path, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Write a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_tables(out: Path, folder: Path) -> None:
    """Write the three tables of the rehearsal into a folder."""
    found = tables(out)
    write(folder / "rehearsal.csv", RUN_COLUMNS, found["runs"])
    write(folder / "rehearsal_worlds.csv", WORLD_COLUMNS, found["worlds"])
    write(folder / "rehearsal_steps.csv", STEP_COLUMNS, found["steps"])


def options_of(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rehearsal", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where worlds and runs go")
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--people", type=int, default=1_100_000, help="new persons a year")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", default="3GB", help="of the engine of each run")
    parser.add_argument("--studies", nargs="+", help="all of them by default")
    parser.add_argument("--no-batch", action="store_true", help="make the worlds only")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results too")
    found = parser.parse_args(words)
    known = {study for studies in WORLDS.values() for study in studies}
    if unknown := sorted(set(found.studies or ()) - known):
        parser.error(f"no study of the rehearsal is called {', '.join(unknown)}")
    return found


def main(words: list[str]) -> int:
    """Make the worlds, run their studies, write the tables; return how many have no result."""
    options = options_of(words)
    out = options.out.resolve()
    for world, studies in WORLDS.items():
        asked = [s for s in studies if not options.studies or s in options.studies]
        if not asked:
            continue
        made = make_world(out, world, options.years * options.people)
        print(f"{world}: {made['people']} persons, {made['extract_mb']} MB", flush=True)
        if not options.no_batch:
            run_batch(out, world, asked, options.jobs, options.memory)
        write_tables(out, out)
    if options.keep:
        write_tables(out, RESULTS)
    rows = tables(out)["runs"]
    for row in rows:
        print(" ".join(f"{name}={row[name]}" for name in RUN_COLUMNS if row.get(name) != ""))
    return sum(row["state"] != "finished" for row in rows)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
