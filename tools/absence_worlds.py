"""Worlds in which something is absent: what an evaluation finds there, and whether it is shown.

Each world starts from one whose truth is known (`params/worlds/judge.yaml`) and takes something
away. For every seed the whole line is walked; one row per effect is appended as soon as it is
known, so that an interrupted run goes on where it stopped.

python -m tools.absence_worlds lines.csv --seeds 1-20 [--worlds all_clean,linked_25] [--people 8000]
python -m tools.absence_worlds lines.csv --summary docs/methods/absence.csv
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from benchmarks.side_by_side import MARK, together

import evalml as ev
from evalml.checks import check_study, checks_table
from evalml.checks.confounding import check_confounder_strength
from evalml.checks.hidden_bias import check_e_value
from evalml.checks.placebo import (
    check_calibration,
    check_negative_control,
)
from evalml.checks.primary import judge_controls, judge_together
from evalml.effect import estimate_study, never_effects
from evalml.effect.study_effects import of_rows
from evalml.errors import EvalmlError
from evalml.evaluation.over_time import PersonEvaluation
from evalml.outcomes import compute_controls
from evalml.report.blinding import blind
from evalml.study import Study, study_from
from evalml.synthetic.make import Synthetic, make_world, write_extract
from evalml.synthetic.world import parse_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.arrays import BoolVector
    from evalml.checks import Check
    from evalml.comparison.arms import Trajectory

ROOT = Path(__file__).resolve().parents[1]
HORIZONS = (3, 6, 12)
TOGETHER = 10
"""Seeds walked side by side."""
LINKED = ("emploi_mensuel", "evenements_externes")

# contacts every month and nothing told wrong: what I-Milo would hold if nothing were lost
_WHOLE = """
contacts: {free: 1.0, free_halving_months: 100000, floor: 1.0, employed_times: 1.0, refresh: 1.0,
  in_programme: {CEJ: 1.0, PACEA: 1.0, PARRAINAGE: 1.0}}
declaration: {retrospective: 1.0, wrong_category: 0.0, type_missing: 0.0, date_shifted: 0.0,
  end_known_ahead: 1.0}
"""
_PAST = """
programmes: {CEJ: {employed_last_month: -1.0, employed_of_last_3: -0.4, employed_of_last_6: -0.3}}
"""
BASES = {
    "judge": "based_on: judge",
    "past": "based_on: judge" + _PAST,
    "whole_past": "based_on: judge" + _WHOLE + _PAST,
    "judge_null": "based_on: judge_null",
    "judge_hidden": "based_on: judge_hidden",
    "whole": "based_on: judge" + _WHOLE,
    "whole_hidden": "based_on: judge_hidden" + _WHOLE,
}

Change = "Callable[[Synthetic, np.random.Generator], Synthetic]"


@dataclass(frozen=True, slots=True)
class Absence:
    """One world of the table.

    Attributes:
        name: Name in the table.
        base: World it starts from.
        takes: What it takes away.
        solvable: Whether some analysis of what is left finds the truth.
        study: Keys of the study it changes.
        times: Persons, as a multiple of those of the other worlds.
    """

    name: str
    base: str
    takes: Any
    solvable: bool
    study: dict[str, Any] = field(default_factory=dict)
    times: int = 1


def keep(made: Synthetic, rng: np.random.Generator) -> Synthetic:
    """Take nothing away."""
    del rng
    return made


def _hash_uniform(made: Synthetic, rng: np.random.Generator) -> pd.Series:
    ids = made.tables["jeunes"].column("id_jeune").to_pandas()
    return pd.Series(rng.random(len(ids)), index=ids)


def _link(made: Synthetic, linked: pd.Series) -> Synthetic:
    """Keep the linked rows of some persons, and say whose."""
    ids = pa.array(linked.index[linked.to_numpy()])
    tables = dict(made.tables)
    for name in LINKED:
        t = tables[name]
        tables[name] = t.filter(pc.is_in(t.column("id_jeune"), ids))
    n = len(linked)
    tables["appariements"] = pa.table(
        {
            "id_jeune": pa.array(np.tile(linked.index.to_numpy(), len(LINKED))),
            "source": pa.array(np.repeat(LINKED, n)),
            "apparie": pa.array(np.tile(linked.to_numpy(), len(LINKED))),
        }
    )
    extract = made.extract | {"linkage": dict.fromkeys(LINKED, "persons")}
    return replace(made, tables=tables, extract=extract)


def links_at_random(share: float) -> Any:
    """Keep the links of a share of the persons, whoever they are."""
    return lambda made, rng: _link(made, _hash_uniform(made, rng) < share)


def links_by_structure(share: float) -> Any:
    """Keep the links of a share of the missions locales."""

    def change(made: Synthetic, rng: np.random.Generator) -> Synthetic:
        files = made.tables["dossiers"].to_pandas().drop_duplicates("id_jeune")
        places = np.sort(files["id_structure"].unique())
        kept = set(places[rng.random(places.size) < share])
        linked = files.set_index("id_jeune")["id_structure"].isin(kept)
        ids = made.tables["jeunes"].column("id_jeune").to_pandas()
        return _link(made, linked.reindex(ids, fill_value=False))

    return change


def links_on_outcome(made: Synthetic, rng: np.random.Generator) -> Synthetic:
    """Link more often those who work more: 25 % of those who never do, 85 % of those always in."""
    work = made.tables["emploi_mensuel"].column("id_jeune").to_pandas().value_counts()
    u = _hash_uniform(made, rng)
    rate = (work.reindex(u.index, fill_value=0) / 36).clip(0, 1)
    return _link(made, u < 0.25 + 0.6 * rate)


def covered(first: str | None = None, last: str | None = None, *, declare: bool = True) -> Any:
    """Keep the months of the linked employment from `first` to `last`, and declare them."""

    def change(made: Synthetic, rng: np.random.Generator) -> Synthetic:
        del rng
        tables = dict(made.tables)
        t = tables["emploi_mensuel"]
        begin, end = pd.Timestamp(first or "2021-01-01"), pd.Timestamp(last or "2025-12-01")
        inside = pc.and_(
            pc.greater_equal(t.column("mois"), pa.scalar(begin.date())),
            pc.less_equal(t.column("mois"), pa.scalar(end.date())),
        )
        tables["emploi_mensuel"] = t.filter(inside)
        span = {"emploi_mensuel": {"from": f"{begin:%Y-%m}", "to": f"{end:%Y-%m}"}}
        extract = made.extract | ({"coverage": span} if declare else {})
        return replace(made, tables=tables, extract=extract)

    return change


def imilo_alone(made: Synthetic, rng: np.random.Generator) -> Synthetic:
    """Take every linked source away."""
    del rng
    tables = {k: v for k, v in made.tables.items() if k not in LINKED}
    extract = {k: v for k, v in made.extract.items() if k not in {"coverage", "linkage"}}
    return replace(made, tables=tables, extract=extract)


def two_thirds_lost(made: Synthetic, rng: np.random.Generator) -> Synthetic:
    """Take away what two thirds declare after the entries, more often of those out of work."""
    made = imilo_alone(made, rng)
    s = made.tables["situations"].to_pandas()
    work = s[s["categorie"].isin(["Emploi", "Contrat en Alternance"])]["id_jeune"].value_counts()
    u = _hash_uniform(made, rng)
    chance = 0.95 - 0.13 * work.reindex(u.index, fill_value=0).clip(0, 3)
    gone = set(u.index[u < chance])
    cut = rng.integers(0, 6, len(u))
    start = pd.Series(
        pd.to_datetime("2023-03-01") + pd.to_timedelta(cut * 30, unit="D"), index=u.index
    )
    late = s["id_jeune"].isin(gone) & (
        pd.to_datetime(s["date_debut"]) >= start.reindex(s["id_jeune"]).to_numpy()
    )
    tables = dict(made.tables)
    tables["situations"] = tables["situations"].filter(pa.array(~late.to_numpy()))
    tables["situations"] = _ended(tables["situations"], gone, start)
    return replace(made, tables=tables)


def lost_by_traits(made: Synthetic, rng: np.random.Generator) -> Synthetic:
    """Take away all that is declared from 2024 on of some, by their diploma and their place."""
    made = imilo_alone(made, rng)
    u = _hash_uniform(made, rng)
    files = made.tables["dossiers"].to_pandas().sort_values("date_ouverture")
    known = files.drop_duplicates("id_jeune", keep="last").set_index("id_jeune").reindex(u.index)
    chance = 0.15 + 0.25 * known["niveau_diplome"].isin(["SANS_DIPLOME", "BREVET"])
    gone = set(u.index[u < chance + 0.15 * known["qpv"].eq(other=True)])
    start = pd.Series(pd.Timestamp("2024-01-01"), index=u.index)
    spells = made.tables["situations"].to_pandas()
    late = spells["id_jeune"].isin(gone) & (pd.to_datetime(spells["date_debut"]) >= start.iloc[0])
    kept = made.tables["situations"].filter(pa.array(~late.to_numpy()))
    return replace(made, tables=made.tables | {"situations": _ended(kept, gone, start)})


def _ended(t: pa.Table, gone: set[str], start: pd.Series) -> pa.Table:
    """End at `start` what was going on then for those who are lost."""
    ids = t.column("id_jeune").to_pandas()
    end = pd.to_datetime(t.column("date_fin").to_pandas())
    limit = start.reindex(ids).to_numpy()
    over = ids.isin(gone).to_numpy() & (end.isna().to_numpy() | (end.to_numpy() >= limit))
    values = np.where(over, limit, end.to_numpy()).astype("datetime64[D]")
    place = t.schema.get_field_index("date_fin")
    return t.set_column(place, "date_fin", pa.array(values).cast(t.schema.field(place).type))


def lower_case(made: Synthetic, rng: np.random.Generator) -> Synthetic:
    """Write the contracts of the declared situations in lower case."""
    made = imilo_alone(made, rng)
    tables = dict(made.tables)
    t = tables["situations"]
    place = t.schema.get_field_index("type_contrat")
    low = pc.utf8_lower(t.column("type_contrat").cast(pa.string()))
    tables["situations"] = t.set_column(place, "type_contrat", low)
    return replace(made, tables=tables)


DECLARED = {
    "covariates": [
        "sexe", "age", "nationalite", "rqth", "niveau_diplome", "qpv", "frr", "situation_familiale",
        "enfants", "logement", "permis_b", "departement", "mois_entree", "anciennete", "actes_3m",
        "pacea", "situation_t0",
    ],
    "negative_controls": [
        "emploi_declare_13_24_mois_avant", "emploi_declare_15_mois_avant",
        "emploi_declare_18_mois_avant", "emploi_declare_21_mois_avant",
        "emploi_declare_24_mois_avant",
    ],
}  # fmt: skip
STANDARD = DECLARED | {"covariates": ["standard"]}
WEIGHTED, BOUNDED = (STANDARD | {"missing": missing} for missing in ("ipcw", "bounds"))
ABSENCES = (
    Absence("all_clean", "judge", keep, True),
    Absence("no_effect", "judge_null", keep, True),
    Absence("hidden", "judge_hidden", keep, False, times=2),
    Absence("past_adjusted", "past", keep, True),
    Absence("past_left_out", "past", keep, False, {"covariates": DECLARED["covariates"]}),
    Absence("imilo_whole", "whole", imilo_alone, True, STANDARD),
    Absence("imilo_past", "whole_past", imilo_alone, True, STANDARD),
    Absence("imilo_past_left_out", "whole_past", imilo_alone, False, DECLARED),
    Absence("imilo_whole_hidden", "whole_hidden", imilo_alone, False, STANDARD),
    Absence("imilo_as_it_is", "judge", imilo_alone, False, STANDARD),
    Absence("imilo_as_it_is_weighted", "judge", imilo_alone, False, WEIGHTED),
    Absence("two_thirds_lost", "whole", two_thirds_lost, False, STANDARD),
    Absence("two_thirds_weighted", "whole", two_thirds_lost, False, WEIGHTED),
    Absence("two_thirds_bounded", "whole", two_thirds_lost, False, BOUNDED),
    Absence("lost_by_traits", "whole", lost_by_traits, False, STANDARD),
    Absence("lost_weighted", "whole", lost_by_traits, True, WEIGHTED),
    Absence("lost_bounded", "whole", lost_by_traits, False, BOUNDED),
    Absence("linked_25", "judge", links_at_random(0.25), True),
    Absence("linked_by_structure", "judge", links_by_structure(0.5), True),
    Absence("linked_on_outcome", "judge", links_on_outcome, False),
    Absence("history_1", "judge", covered("2022-12-01"), True),
    Absence("history_3", "judge", covered("2022-10-01"), True),
    Absence("history_6", "judge", covered("2022-07-01"), True),
    Absence("history_12", "judge", covered("2022-01-01"), True),
    Absence("history_0_undeclared", "judge", covered("2023-04-01", declare=False), True),
    Absence("source_stops", "judge", covered(last="2024-06-01"), True),
    Absence("code_case", "whole", lower_case, True, STANDARD | {
        "outcomes": ["emploi_durable"],
        "primary": {"outcome": "emploi_durable", "horizon": 12, "method": "aipw"},
    }),
)  # fmt: skip
NEVER = ("all_clean", "no_effect", "hidden")
"""Worlds in which the effect against never entering is estimated too."""
SHOWN, MASKED = 0.90, 0.95
"""Share of solvable effects to show and of intervals to hold the truth; of the others to mask."""
VERDICTS = ("right_shown", "right_masked", "wrong_shown", "wrong_masked", "bounds")
TRUE_NAME = {"emploi_declare": "emploi"}
COLUMNS = (
    "world", "seed", "solvable", "estimand", "horizon", "estimate", "std_error", "ci_low",
    "ci_high",
    "n_treated", "truth", "status", "reason", "seconds",
)  # fmt: skip


def study_of(absence: Absence) -> Study:
    """Return the study of the CEJ as `params/` has it, for the entries of the worlds."""
    base = ev.read_study(ROOT / "params/cej.yaml", year=2023)
    plain = base.model_dump(mode="json", by_alias=True, exclude_none=True)
    chosen = {
        "study": f"absence_{absence.name}",
        "entries": {"from": "2023-01-01", "to": "2023-12-31"},
        "follow_up_months": max(HORIZONS),
        "horizons": list(HORIZONS),
        "outcomes": ["emploi"],
        "methods": ["diff", "aipw"],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
        "subgroups": [],
        "secondary": {},
        "negative_controls": [
            "emploi_13_24_mois_avant", "emploi_15_mois_avant", "emploi_18_mois_avant",
            "emploi_21_mois_avant", "emploi_24_mois_avant", "permis_avant", "bafa_avant",
        ],
    }  # fmt: skip
    return study_from(plain | chosen | absence.study)


@dataclass(frozen=True, slots=True)
class Held:
    """One world of one seed with what it lacks, and the rows of the table that judge it.

    Attributes:
        world: What is left of it.
        truth: What is true in it.
        seed: Its seed.
        absences: Its names: the same world may be judged under several ways to treat the lost.
    """

    world: Synthetic
    truth: pd.DataFrame
    seed: int
    absences: tuple[Absence, ...]

    @property
    def alike(self) -> str:
        """What must be the same for worlds to stand side by side in one extract."""
        held = {k: self.world.extract.get(k) for k in ("coverage", "linkage")}
        return json.dumps([held, sorted(self.world.tables), _plain(self.absences[0])], default=str)


def _plain(absence: Absence) -> dict[str, Any]:
    """Return what a world changes in the study, but for how the lost are treated."""
    return {k: v for k, v in absence.study.items() if k != "missing"}


def walk(
    study: Study, extract: Path, engine: Any, held: dict[int, Held]
) -> Iterator[tuple[Absence, Held, pd.DataFrame, pd.DataFrame]]:
    """Give the effects of a study on each world of an extract, with their status, and the checks.

    The line of `evaluate`, without the analyses that refit and gate nothing.

    Args:
        study: The study.
        extract: Folder of an extract that holds worlds side by side.
        engine: Where queries run.
        held: The worlds, by their mark in the extract.
    """
    found = ev.evaluate(study, extract=extract, engine=engine)
    assert isinstance(found, PersonEvaluation)  # noqa: S101 - every study here follows persons
    controls = compute_controls(found.tables, found.cohort, study.negative_controls, engine)
    places = engine.fetch(found.cohort.entries.select("entry", "id_structure").order_by("entry"))
    marks = places["id_structure"].astype("str").str[:MARK].astype("int64").to_numpy()
    for mark in np.unique(marks):
        rows, one = np.flatnonzero(marks == mark), held[int(mark)]
        arms = _part(found.arms, marks == mark)
        for absence in one.absences:
            missing = absence.study.get("missing", "complete")
            of = found.study.model_copy(update={"missing": missing})
            never = absence.name in NEVER
            yield absence, one, *judged(arms, controls.iloc[rows], of, never=never)


def _part(arms: ev.Arms, rows: BoolVector) -> ev.Arms:
    """Return the arms of one world, described anew as if it had been alone."""

    def of(trajectory: Trajectory) -> Trajectory:
        return replace(trajectory, values=trajectory.values[rows])

    return replace(
        arms,
        comparison=of_rows(arms.comparison, rows),
        trajectories=tuple(of(t) for t in arms.trajectories),
        delay=None if arms.delay is None else arms.delay[rows],
        declared=None if arms.declared is None else of(arms.declared),
    )


def judged(
    arms: ev.Arms, known: pd.DataFrame, study: Study, *, never: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the effects of one world with their status, and the checks."""
    comparison = arms.comparison
    adjusted = ev.adjust(comparison)
    estimates = estimate_study(comparison, study)
    estimates += never_effects(arms, study) if never else []
    unjudged, controls, correlation = judge_controls(comparison, study, known)
    checks = [
        *check_study(comparison, estimates, adjusted, study, arms=arms),
        *unjudged,
        judge_together(comparison, controls, study.checks, correlation),
        *(check_negative_control(control, study.checks) for control in controls),
        *_sensitivity(comparison, estimates, controls, study),
    ]
    table = ev.effects_table(estimates)
    table = table.assign(study="", programme="", territory="", period="")
    frame = checks_table(checks)
    return blind(table, frame, {"outcome": study.primary.outcome}), frame


def _sensitivity(
    comparison: ev.Comparison, estimates: list[ev.Effect], controls: list[ev.Effect], study: Study
) -> Iterator[Check]:
    """Give the analyses of the primary effect that take no refit: they say how sure it is."""
    primary, limits = study.primary, study.checks
    for effect in estimates:
        of_primary = (effect.outcome, effect.horizon_months, effect.method, effect.estimand)
        wanted = (primary.outcome, primary.horizon, primary.method, study.estimand)
        if of_primary == wanted and np.isfinite(effect.estimate):
            yield check_e_value(effect, limits)
            yield check_confounder_strength(comparison, effect.key, limits)
            yield check_calibration(effect, controls, limits)


def truths(table: pd.DataFrame) -> dict[tuple[str, str, int], float]:
    """Return the true effects on those a study can see, by estimand, outcome and month."""
    mine = table[
        (table["programme"] == "CEJ")
        & (table["subgroup"] == "suivi_avant")
        & (table["subgroup_value"] == "true")
    ]
    return {
        (estimand, row.outcome, int(row.horizon_months)): float(getattr(row, column))
        for row in mine.itertuples()
        for estimand, column in (("att", "true_att"), ("att_never", "true_att_never"))
    }


def lines(held: Sequence[Held], keep: Path | None = None) -> Iterator[dict[str, Any]]:
    """Walk worlds that are alike; one line per effect, or one that says why all were refused.

    Args:
        held: The worlds.
        keep: Folder to write what each gave in: `effects.csv`, `checks.csv`, `truth.csv`.
    """
    start, marked = time.time(), dict(enumerate(held))
    study = study_of(replace(held[0].absences[0], study=_plain(held[0].absences[0])))
    with tempfile.TemporaryDirectory() as folder:
        extract = Path(folder) / "extract"
        write_extract(extract, together({mark: one.world for mark, one in marked.items()}))
        engine = ev.open_engine(threads=1)
        try:
            found = list(walk(study, extract, engine, marked))
        except EvalmlError as error:
            told = {"status": "refused", "reason": str(error), "seconds": time.time() - start}
            yield from (_line(a, one) | told for one in held for a in one.absences)
            return
    for absence, one, effects, checks in found:
        if keep is not None:
            _keep(keep / absence.name / str(one.seed), effects, checks, one.truth)
        truth = truths(one.truth)
        for row in effects[effects["method"] == study.primary.method].itertuples():
            name = TRUE_NAME.get(row.outcome, row.outcome)
            yield _line(absence, one) | {
                "estimand": row.estimand, "horizon": int(row.horizon_months),
                "estimate": row.estimate, "std_error": row.std_error, "ci_low": row.ci_low,
                "ci_high": row.ci_high, "n_treated": row.n_treated,
                "truth": truth.get((row.estimand, name, int(row.horizon_months))),
                "status": row.status, "reason": row.reason, "seconds": time.time() - start,
            }  # fmt: skip


def _line(absence: Absence, one: Held) -> dict[str, Any]:
    return {"world": absence.name, "solvable": absence.solvable, "seed": one.seed}


def _keep(folder: Path, effects: pd.DataFrame, checks: pd.DataFrame, truth: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    effects.to_csv(folder / "effects.csv", index=False)
    checks.to_csv(folder / "checks.csv", index=False)
    truth.to_csv(folder / "truth.csv", index=False)


def run(
    path: Path,
    seeds: Sequence[int],
    absences: Sequence[Absence],
    people: int,
    keep: Path | None = None,
) -> None:
    """Walk every world for all the seeds that the file does not hold yet, those alike together."""
    done = set()
    if path.exists():
        found = pd.read_csv(path, usecols=["world", "seed"])
        done = set(found.itertuples(index=False, name=None))
    for start in range(0, len(seeds), TOGETHER):
        some = seeds[start : start + TOGETHER]
        asked = [a for a in absences if not all((a.name, seed) in done for seed in some)]
        alike: dict[str, list[Held]] = {}
        for one in _held(asked, some, people):
            alike.setdefault(one.alike, []).append(one)
        for worlds in alike.values():
            rows = list(lines(worlds, keep))
            _append(path, rows)
            shown = sum(x["status"] == "shown" for x in rows)
            names = dict.fromkeys(a.name for one in worlds for a in one.absences)
            print(*names, *some, f"{shown} of {len(rows)} shown", flush=True)


def _held(absences: Sequence[Absence], seeds: Sequence[int], people: int) -> Iterator[Held]:
    """Give each world of each seed once, with the absences that name it."""
    made: dict[str, dict[int, Synthetic]] = {}
    same: dict[tuple[str, Any, str], list[Absence]] = {}
    for a in absences:
        same.setdefault((a.base, a.takes, json.dumps(_plain(a))), []).append(a)
    for names in same.values():
        first = names[0]
        if first.base not in made:
            world, n = parse_world(BASES[first.base]), people * first.times
            made[first.base] = {seed: make_world(world, n, seed) for seed in seeds}
        for seed, whole in made[first.base].items():
            rng = np.random.default_rng([seed, *first.name.encode()])
            truth = whole.truth["effects"].to_pandas()
            yield Held(first.takes(whole, rng), truth, seed, tuple(names))


def _append(path: Path, rows: list[dict[str, Any]]) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return, by world, estimand and month: bias, coverage, and the four verdicts."""
    rows = []
    keys = ["world", "solvable", "estimand", "horizon"]
    for key, group in table.groupby(keys, dropna=False, sort=False):
        shown = ~group["status"].isin(["blinded", "refused"])
        right = (group["ci_low"] <= group["truth"]) & (group["truth"] <= group["ci_high"])
        error = group["estimate"] - group["truth"]
        rows.append(
            dict(zip(keys, key, strict=True))
            | {
                "seeds": len(group), "truth": group["truth"].mean(), "bias": error.mean(),
                "std_error": group["std_error"].mean(),
                "allowed": 0.005 + 2.5 * group["std_error"].mean() / np.sqrt(max(len(group), 1)),
                "covers": right.mean(),
                "right_shown": int((right & shown).sum()),
                "right_masked": int((right & ~shown).sum()),
                "wrong_shown": int((~right & shown).sum()),
                "wrong_masked": int((~right & ~shown).sum()),
                "bounds": int((shown & group["estimate"].isna()).sum()),
            }
        )  # fmt: skip
    found = pd.DataFrame(rows)
    return found.assign(misses=[missed(row) for _, row in found.iterrows()])


def missed(row: pd.Series) -> str:
    """Return which targets a world, estimand and month misses, empty where none.

    Solvable: bias within what is allowed, 90 % of the intervals hold the truth, 90 % of the effects
    are shown. Not solvable: 95 % are masked, or given as bounds.
    """
    shown = (row["right_shown"] + row["wrong_shown"]) / row["seeds"]
    if not row["solvable"]:
        return "" if shown - row["bounds"] / row["seeds"] <= 1 - MASKED else "masked"
    found = {
        "bias": np.isfinite(row["bias"]) and abs(row["bias"]) > row["allowed"],
        "covers": row["covers"] < SHOWN,
        "shown": shown < SHOWN,
    }
    return " ".join(name for name, is_missed in found.items() if is_missed)


def by_world(found: pd.DataFrame) -> str:
    """Return the table of the page: one line per world and estimand, all months together."""
    head = (
        "| world | question | seeds | bias at 3, 6, 12 months | intervals that hold the truth "
        "| right, shown | right, masked | wrong, shown | wrong, masked | as bounds | misses |"
    )
    lines_of = [head, "|---" * 11 + "|"]
    for (world, estimand), group in found.groupby(["world", "estimand"], sort=False, dropna=False):
        biases = ", ".join(f"{b:+.3f}" if np.isfinite(b) else "–" for b in group["bias"])
        counts = " | ".join(str(int(group[name].sum())) for name in VERDICTS)
        missing = " ".join(dict.fromkeys(" ".join(group["misses"]).split()))
        question = estimand if isinstance(estimand, str) else "refused"
        lines_of.append(
            f"| `{world}` | {question} | {group['seeds'].max()} | {biases} "
            f"| {group['covers'].mean():.0%} | {counts} | {missing or 'none'} |"
        )
    return "\n".join(lines_of) + "\n"


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> None:
    """Append lines, or sum them up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", type=Path)
    parser.add_argument("--seeds", type=_seeds, default=range(1, 21))
    parser.add_argument("--worlds", default=",".join(a.name for a in ABSENCES))
    parser.add_argument("--people", type=int, default=8000)
    parser.add_argument("--summary", type=Path)
    parser.add_argument("--keep", type=Path, help="folder for what each seed gave")
    given = parser.parse_args()
    if given.summary is not None:
        table = summary(pd.read_csv(given.lines))
        given.summary.write_text(
            table.to_csv(index=False, float_format="%.4f", lineterminator="\n")
        )
        sys.stdout.write(by_world(table))
        return
    by_name = {absence.name: absence for absence in ABSENCES}
    chosen = [by_name[name] for name in given.worlds.split(",")]
    run(given.lines, given.seeds, chosen, given.people, given.keep)


if __name__ == "__main__":
    main()
