"""Run the studies of params/ on extracts that begin later, and say what each run does of it.

For each world and each number of months, an extract is cut as a sender would: its period begins
later, and what the tables hold of the months before is not there (spells that go on are). For each
study the script writes what happened: refused (with the sentence), warned (checks `coverage`,
`past_adjusted`), blinded, or the difference from the whole extract.

Example: python -m tools.cut_extracts --people 12000 --months 0 1 3 6 12 24 --out cut.csv
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from pathlib import Path

import pandas as pd

import evalml as ev
from evalml.errors import EvalmlError
from evalml.extract.contract import DATED
from evalml.months import first_day, month_number
from evalml.synthetic.make import produce
from evalml.synthetic.world import read_world

STUDIES: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "demo": ("2021-01", [("cej", 2022), ("cej", 2023), ("cej", 2024), ("pacea", 2023),
                         ("parrainage", 2024), ("iae", 2024)]),
    "hdf_2019": ("2016-01", [("pacea", 2019), ("gj", 2018)]),
}  # fmt: skip
"""World, its first month, and the studies (name, year of entry) run on it."""


def cut(folder: Path, world: str, start: str, months: int, people: int) -> Path:
    """Write the extract of a world that begins `months` later; return its folder."""
    since = first_day(month_number(dt.date.fromisoformat(f"{start}-01")) + months)
    begins = f"{since:%Y-%m}"
    held = read_world(world)
    own = f"{first_day(month_number(held.period.start) - held.period.linked_before):%Y-%m}"
    sources = [
        f"{table}.from={max(begins, own) if table == 'emploi_mensuel' else begins}"
        for table in DATED
        if months
    ]
    out = folder / f"{world}_{months}"
    produce(out, world=world, people=people, seed=1, sources=sources)
    return out


def run(study: str, year: int, extract: Path) -> dict[str, object]:
    """Return what one run does: status, sentence, and the primary effect."""
    changes = {"subgroups": [], "secondary": {}, "methods": ["diff", "aipw"]}
    try:
        found = ev.evaluate(study, year=year, extract=extract, changes=changes)
        frames = found.results
    except EvalmlError as fault:
        return {"happened": "refused", "says": str(fault)[:240]}
    checks, primary = frames["checks"], found.study.primary
    warned = checks[
        checks["check"].isin(["coverage", "past_adjusted"]) & ~checks["passed"].eq(True)
    ]
    effects = frames["effects"]
    row = effects[
        (effects["outcome"] == primary.outcome)
        & (effects["horizon_months"] == primary.horizon)
        & (effects["method"] == primary.method)
        & (effects["estimand"] == found.study.estimand)
    ].iloc[0]
    return {
        "happened": "warned" if len(warned) else "whole",
        "status": row["status"],
        "estimate": row["estimate"],
        "n_treated": row["n_treated"],
        "says": " | ".join(warned["sentence"])[:240],
    }


def main() -> None:
    """Run the studies and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=12_000)
    parser.add_argument("--months", type=int, nargs="*", default=[0, 1, 3, 6, 12, 24])
    parser.add_argument("--worlds", nargs="*", default=list(STUDIES))
    parser.add_argument("--out", type=Path, default=Path("cut.csv"))
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="evalml-cut-") as scratch:
        for world in given.worlds:
            start, studies = STUDIES[world]
            for months in given.months:
                extract = cut(Path(scratch), world, start, months, given.people)
                for study, year in studies:
                    rows.append(
                        {
                            "world": world,
                            "study": study,
                            "year": year,
                            "months": months,
                            **run(study, year, extract),
                        }
                    )
                    pd.DataFrame(rows).to_csv(given.out, index=False)


if __name__ == "__main__":
    main()
