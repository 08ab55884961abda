"""Ours and the peers on the same data in one run: seconds, memory, ratio, and the same answer.

python -m benchmarks [--quick | --size N] [--peers PYTHON] [ROW ...]
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import PEERS, lines_of, run_row, write_data
from benchmarks.rows import BY_NAME

if TYPE_CHECKING:
    from benchmarks.harness import Row

RESULTS = Path(__file__).resolve().parent / "results"
COLUMNS = (
    "row", "size", "unit", "way", "version", "part", "seconds", "cpu", "peak_mb", "runs", "ratio",
    "gap", "tolerance", "agrees", "note", "date", "machine",
)  # fmt: skip
ROUNDS = {"quick": (3, 2.0), "full": (5, 60.0)}
"""Rounds at most, and seconds after which none more is begun."""


def machine() -> str:
    """Describe the machine without naming it."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {pages / 2**30:.0f} GB, {system}, Python {sys.version[:4]}"


def options_of(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"among {', '.join(BY_NAME)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, under two minutes")
    parser.add_argument("--size", type=int, help="one size for every row")
    default = Path(os.environ.get("EVALML_BENCH_PEERS", PEERS))
    parser.add_argument("--peers", type=Path, default=default, help="Python that has the peers")
    found = parser.parse_args(words)
    unknown = sorted(set(found.rows) - set(BY_NAME))
    if unknown:
        parser.error(f"no row is called {', '.join(unknown)}; they are {', '.join(BY_NAME)}")
    return found


def main(words: list[str]) -> int:
    """Measure the rows asked for, write them down; return how many answers differ."""
    options = options_of(words)
    name = "quick" if options.quick else "full" if options.size is None else str(options.size)
    most, budget = ROUNDS.get(name, ROUNDS["full"])
    when = {"date": f"{dt.date.today():%Y-%m-%d}", "machine": machine()}
    differing = 0
    with tempfile.TemporaryDirectory(prefix="evalml-bench-") as root:
        for row in (BY_NAME[n] for n in options.rows or BY_NAME):
            size = options.size or row.sizes[name]
            folder = write_data(row, size, Path(root))
            peers = options.peers.absolute()
            taken = run_row(row, size, folder, peers, most=most, budget=budget)
            lines = [{**line, **when} for line in lines_of(row, size, taken)]
            differing += sum(line.get("agrees") == "NO" for line in lines)
            show(row, size, lines)
            keep(RESULTS / f"{name}.csv", row, lines)
    return differing


def show(row: Row, size: int, lines: list[dict[str, Any]]) -> None:
    """Print a row as it is found."""
    print(f"\n{row.title}: {size} {row.unit}")
    for line in lines:
        if "part" in line:
            unit = "" if line["part"].startswith("peak") else " s"
            print(f"    {line['part']:34}{line['seconds']:9.2f}{unit}")
        elif "seconds" not in line:
            print(f"  {line['way']:20}{'':9}   {line['note']}")
        else:
            head = f"  {line['way']:20}{line['seconds']:9.2f} s {line['peak_mb']:7.0f} MB"
            same = {"yes": "same answer", "NO": "ANOTHER ANSWER"}.get(line.get("agrees", ""), "")
            ratio = f"  ours is {line['ratio']:.2f} of it, {same}" if "ratio" in line else ""
            print(f"{head}{ratio} {line['note']}", flush=True)


def keep(path: Path, row: Row, lines: list[dict[str, Any]]) -> None:
    """Put the lines of a row in the place of those it had, all in the order of the page."""
    before: list[dict[str, Any]] = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as stream:
            before = [line for line in csv.DictReader(stream) if line["row"] in BY_NAME]
    order = list(BY_NAME)
    kept = [line for line in before if line["row"] != row.name] + lines
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(kept, key=lambda line: order.index(line["row"])))


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
