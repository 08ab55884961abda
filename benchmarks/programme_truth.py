r"""Each programme's whole line on worlds whose truth is known, many times over.

For every seed: a world is made, each programme is evaluated as a study is, and what the primary
and the naive analyses say is set beside the truth. One line per seed, programme, outcome, horizon
and method is appended as soon as it is known, so that an interrupted run goes on where it stopped.

python -m benchmarks.programme_truth lines.csv --world judge --seeds 1-20 [--programmes CEJ,PACEA]
python -m benchmarks.programme_truth lines.csv --summary docs/methods/programmes.csv \
    --page docs/methods/programmes.md
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import evalml as ev
from benchmarks.programme_page import write_page
from benchmarks.side_by_side import MARK, make_side_by_side, part_of
from evalml.checks.confounding import check_confounder_strength
from evalml.checks.hidden_bias import check_e_value
from evalml.checks.placebo import (
    check_controls_together,
    check_negative_control,
    estimate_controls,
    estimators,
)
from evalml.checks.primary import measures_of
from evalml.study import Study, study_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evalml.checks.check import Check
    from evalml.engine import Engine
    from evalml.tables import Tables

ROOT = Path(__file__).resolve().parents[1]
HORIZONS = (6, 12, 24)
CONTROLS = ("emploi_13_24_mois_avant", "permis_avant")
COLUMNS = (
    "world", "seed", "programme", "outcome", "horizon", "method", "estimate", "std_error",
    "ci_low", "ci_high", "p_value", "n_treated", "n_comparison", "truth", "passed",
)  # fmt: skip
UNCHECKED = ("judge_null",)
"""Worlds in which only what the analyses find is counted."""
TRUE_NAME = {"emploi_hors_iae_lie": "emploi_hors_iae"}
"""Name in truth/effects.csv of an outcome that several sources observe."""
STUDIES = {
    "CEJ": "cej_2023_hdf",
    "PACEA": "pacea_2023_hdf",
    "PARRAINAGE": "parrainage_2024_hdf",
    "IAE": "iae_2024_hdf",
}
"""The study of params/ whose eligibility, comparison and covariates are judged."""


@dataclass(frozen=True, slots=True)
class Line:
    """One study made: its effects and the checks of its primary effect."""

    effects: list[ev.Effect]
    checks: list[Check]


def study_of(programme: str) -> Study:
    """Return the study of a programme as params/ has it, for the entries the worlds are about."""
    path = ROOT / "params" / f"{STUDIES[programme]}.yaml"
    base = ev.read_study(path).model_dump(mode="json", by_alias=True, exclude_none=True)
    first = "emploi_hors_iae_lie" if programme == "IAE" else "emploi"
    chosen = {
        "study": f"judge_{programme.lower()}",
        "entries": {"from": "2023-01-01", "to": "2023-12-31"},
        "follow_up_months": max(HORIZONS),
        "horizons": list(HORIZONS),
        "outcomes": list(dict.fromkeys([first, "emploi"])),
        "methods": ["diff", "aipw"],
        "primary": {"outcome": first, "horizon": 12, "method": "aipw"},
        "negative_controls": list(CONTROLS),
        "subgroups": [],
        "secondary": {},
    }
    return study_from(base | chosen)


def lines(study: Study, tables: Tables, engine: Engine, *, checked: bool) -> dict[int, Line]:
    """Go from the tables of several worlds to the effects and checks of each, by seed."""
    cohort = ev.build_cohort(tables, ev.target_trial(study), study.covariates, engine)
    outcomes = ev.compute_outcomes(ev.build_panel(tables, cohort, engine), study.outcomes)
    arms = ev.assemble(outcomes, study.horizons, [], engine)
    controls = ev.compute_controls(tables, cohort, study.negative_controls, engine)
    where = engine.fetch(cohort.entries.select("entry", "id_structure").order_by("entry"))
    structures = where["id_structure"].astype("str")
    seeds = structures.str[:MARK].astype("int64").to_numpy()
    found = {}
    for seed in np.unique(seeds):
        rows = np.flatnonzero(seeds == seed)
        part = part_of(arms.comparison, rows, structures)
        found[int(seed)] = estimated(part, study, controls.iloc[rows], checked=checked)
    return found


def estimated(
    comparison: ev.Comparison, study: Study, controls: pd.DataFrame, *, checked: bool
) -> Line:
    """Return the effects of one world and the checks that may betray a hidden confounder."""
    effects = ev.estimate_effects(comparison, study.methods, seed=study.seed, failures="record")
    return Line(effects, _checks(comparison, effects, study, controls) if checked else [])


def _checks(
    comparison: ev.Comparison, effects: Sequence[ev.Effect], study: Study, controls: pd.DataFrame
) -> list[Check]:
    primary = next(
        e
        for e in effects
        if (e.outcome, e.horizon_months, e.method)
        == (study.primary.outcome, study.primary.horizon, study.primary.method)
    )
    again = estimators(study.primary.method, seed=study.seed)
    found = estimate_controls(comparison, measures_of(controls), again)
    return [
        *(check_negative_control(c, study.checks) for c in found),
        check_controls_together(found, study.checks),
        check_e_value(primary, study.checks),
        check_confounder_strength(comparison, primary.key, study.checks),
    ]


def true_effects(table: pd.DataFrame, programme: str) -> dict[tuple[str, int], float]:
    """Return the true effects on those a study can see: followed before they entered."""
    mine = table[
        (table["programme"] == programme)
        & (table["subgroup"] == "suivi_avant")
        & (table["subgroup_value"] == "true")
    ]
    keys = zip(mine["outcome"], mine["horizon_months"].astype(int), strict=True)
    return dict(zip(keys, mine["true_att"].astype(float), strict=True))


def rows_of(
    world: str, seed: int, programme: str, done: Line, truth: dict[tuple[str, int], float]
) -> list[dict[str, Any]]:
    """Return the lines to append: one per effect, then one per check."""
    same = {"world": world, "seed": seed, "programme": programme}
    rows: list[dict[str, Any]] = []
    for e in done.effects:
        horizon = int(e.horizon_months or 0)
        real = truth[TRUE_NAME.get(e.outcome, e.outcome), horizon]
        rows.append(
            same
            | {
                "outcome": e.outcome, "horizon": horizon, "method": e.method,
                "estimate": e.estimate, "std_error": e.std_error, "ci_low": e.ci_low,
                "ci_high": e.ci_high, "p_value": e.p_value, "n_treated": e.n_treated,
                "n_comparison": e.n_comparison, "truth": real,
                "passed": e.ci_low <= real <= e.ci_high,
            }
        )  # fmt: skip
    seen: dict[str, int] = {}
    for check in done.checks:
        seen[check.name] = seen.get(check.name, 0) + 1
        name = (
            f"{check.name}_{seen[check.name]}" if check.name == "negative_control" else check.name
        )
        rows.append(
            same
            | {"outcome": "check", "method": name, "estimate": check.value, "passed": check.passed}
        )
    return rows


def append(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Append lines, with the header if the file is new."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def done_already(path: Path) -> set[tuple[str, int, str]]:
    """Return the (world, seed, programme) that a file of lines holds."""
    if not path.exists():
        return set()
    table = pd.read_csv(path, usecols=["world", "seed", "programme"]).drop_duplicates()
    return {(str(w), int(s), str(p)) for w, s, p in table.itertuples(index=False)}


def run(
    path: Path,
    world: str,
    seeds: Sequence[int],
    programmes: Sequence[str],
    together: int,
    people: int | None = None,
) -> None:
    """Make every seed of a world, some side by side, and append what each line finds."""
    there = done_already(path)
    waiting = [s for s in seeds if any((world, s, p) not in there for p in programmes)]
    for start in range(0, len(waiting), together):
        some = waiting[start : start + together]
        with tempfile.TemporaryDirectory() as folder:
            extract = Path(folder) / "extract"
            truth = make_side_by_side(extract, world, some, people)
            engine = ev.open_engine(threads=1)
            tables = ev.accept_tables(ev.read_extract(extract, engine), engine)
            for programme in programmes:
                found = lines(study_of(programme), tables, engine, checked=world not in UNCHECKED)
                for seed, done in found.items():
                    if (world, seed, programme) not in there:
                        real = true_effects(truth[seed], programme)
                        append(path, rows_of(world, seed, programme, done, real))
                print(world, programme, *some, flush=True)


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Return, by world, programme, outcome, horizon and method, what the seeds say.

    Returns:
        `seeds`, `n_treated` (mean), `truth` (mean), `bias`, `error_sd` (sd over seeds of estimate
        minus truth), `std_error` (mean), `covers` (seeds whose interval covers), `rejects` (seeds
        whose interval leaves out 0); for a check, `fails` (seeds in which it fails).
    """
    keys = ["world", "programme", "outcome", "horizon", "method"]
    rows = []
    for key, group in lines.groupby(keys, dropna=False, sort=False):
        passed = group["passed"].astype("str")
        known = dict(zip(keys, key, strict=True)) | {"seeds": len(group)}
        if key[2] == "check":
            rows.append(known | {"fails": int((passed == "False").sum())})
            continue
        error = group["estimate"] - group["truth"]
        rejects = (group["ci_low"] > 0) | (group["ci_high"] < 0)
        rows.append(
            known
            | {
                "n_treated": round(float(group["n_treated"].mean())),
                "truth": group["truth"].mean(), "bias": error.mean(),
                "error_sd": error.std(ddof=1) if len(group) > 1 else np.nan,
                "std_error": group["std_error"].mean(),
                "covers": int((passed == "True").sum()), "rejects": int(rejects.sum()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> None:
    """Append lines, or sum them up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lines", type=Path)
    parser.add_argument("--world", default="judge")
    parser.add_argument("--seeds", type=_seeds, default=range(1, 21))
    parser.add_argument("--programmes", default=",".join(STUDIES))
    parser.add_argument("--together", type=int, default=5)
    parser.add_argument("--summary", type=Path)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    if given.summary is None:
        programmes = given.programmes.split(",")
        run(given.lines, given.world, given.seeds, programmes, given.together)
        return
    table = summary(pd.read_csv(given.lines))
    given.summary.write_text(
        table.to_csv(index=False, float_format="%.4f", lineterminator="\n"), encoding="utf-8"
    )
    if given.page is not None:
        write_page(given.page, pd.read_csv(given.summary))


if __name__ == "__main__":
    main()
