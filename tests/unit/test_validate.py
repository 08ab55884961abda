"""`evalml validate`: the same figures whoever computes them, resumed after a kill, judged rightly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import typer
from statsmodels.stats.proportion import proportion_confint
from typer.testing import CliRunner

from evalml.cli.validate import validate
from evalml.errors import EstimationError, EvalmlError
from evalml.validation import SCENARIOS, replicate, summarise
from evalml.validation.harness import Arm, judge, wilson
from evalml.validation.persons import STEPPED_TRUTH, gain, mean_gain, score

app = typer.Typer()
app.command()(validate)
FAST = ["--designs", "two_periods,instrument", "--replications", "60"]


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def table(folder: Path) -> bytes:
    return (folder / "validation.csv").read_bytes()


def chunks(folder: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*.npy")}


def test_the_figures_do_not_depend_on_the_number_of_processes(tmp_path):
    run(*FAST, "--jobs", "1", "--out", str(tmp_path / "one"))
    run(*FAST, "--jobs", "2", "--out", str(tmp_path / "two"))
    assert table(tmp_path / "one") == table(tmp_path / "two")


def test_the_figures_of_a_method_do_not_depend_on_the_others():
    scenario = SCENARIOS["heterogeneous"]
    everything = replicate(scenario, scenario.methods, range(3), 5)
    alone = replicate(scenario, ("aipw",), range(2, 3), 5)
    assert (alone["aipw"] == everything["aipw"][2:]).all()


def test_another_seed_draws_other_samples():
    scenario = SCENARIOS["two_periods"]
    one, two = (replicate(scenario, ("dr",), range(3), seed)["dr"] for seed in (1, 2))
    assert (one[:, 0] != two[:, 0]).all()


def test_a_rerun_computes_only_what_is_missing_and_gives_the_same_bytes(tmp_path):
    run(*FAST, "--jobs", "1", "--out", str(tmp_path))
    before, first = chunks(tmp_path), table(tmp_path)
    lost, damaged = sorted(before)[:2]
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:50])
    run(*FAST, "--jobs", "1", "--out", str(tmp_path))
    after = chunks(tmp_path)
    assert after.keys() == before.keys()
    assert {p for p in after if after[p] != before[p]} == {lost, damaged}
    assert table(tmp_path) == first


def test_more_replications_keep_those_already_drawn(tmp_path):
    words = ["--designs", "instrument", "--jobs", "1", "--out", str(tmp_path), "--replications"]
    run(*words, "25")
    before = chunks(tmp_path)
    run(*words, "50")
    assert all(chunks(tmp_path)[p] == before[p] for p in before)
    fresh = tmp_path / "fresh"
    run("--designs", "instrument", "--jobs", "1", "--out", str(fresh), "--replications", "50")
    assert table(tmp_path) == table(fresh)


def test_a_kill_loses_at_most_the_chunk_in_progress(tmp_path):
    words = ["--designs", "rollout", "--replications", "100", "--jobs", "1"]
    code = (
        "import sys, typer\nfrom evalml.cli.validate import validate\n"
        "app = typer.Typer()\napp.command()(validate)\napp(sys.argv[1:])"
    )
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words, "--out", str(killed)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        until = time.monotonic() + 60
        while not chunks(killed) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = chunks(killed)
    assert kept
    assert not (killed / "validation.csv").exists()
    run(*words, "--out", str(killed))
    assert all(chunks(killed)[p] == kept[p] for p in kept)
    run(*words, "--out", str(tmp_path / "whole"))
    assert table(killed) == table(tmp_path / "whole")


def test_json_holds_a_row_for_each_method_and_no_nan():
    rows = json.loads(
        run("--designs", "censored_null", "--replications", "4", "--jobs", "1", "--json"),
        parse_constant=pytest.fail,
    )
    assert [row["method"] for row in rows] == ["rmst", "cox", "logrank"]
    assert rows[2]["bias"] is None
    assert {row["verdict"] for row in rows} == {"too few samples"}


def test_the_list_names_what_must_fail():
    said = run("--designs", "rollout", "--list")
    assert "twfe  [must fail: " in said


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["--designs", "rolout"], EstimationError, "rollout"),
        (["--methods", "aipv"], EstimationError, "aipw"),
        (["--designs", "instrument", "--methods", "ebal"], EstimationError, "ebal"),
        (["--replications", "1"], EvalmlError, "--replications"),
        (["--jobs", "0"], EvalmlError, "--jobs"),
    ],
)
def test_what_is_asked_wrongly_is_refused(words, error, hint):
    with pytest.raises(error, match=hint):
        CliRunner().invoke(app, words, catch_exceptions=False)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_method_answers_in_its_world(name):
    scenario = SCENARIOS[name]
    rows = replicate(scenario, scenario.methods, range(3), 11)
    for arm in scenario.arms:
        assert not np.isnan(rows[arm.method][:, 4]).any(), arm.method


def test_the_truth_is_what_a_million_persons_give():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((1_000_000, 2))
    treated = rng.random(1_000_000) < score(X)
    assert gain(X)[treated].mean() == pytest.approx(mean_gain("att"), abs=0.003)
    assert gain(X).mean() == pytest.approx(mean_gain("ate"), abs=0.003)
    e = score(X)
    assert np.average(gain(X), weights=e * (1 - e)) == pytest.approx(mean_gain("ato"), abs=0.003)
    stepped = 0.15 + 0.5 * (X[:, 0] > 0) + 0.15 * (X[:, 1] > 0)
    assert np.average(gain(X), weights=stepped) == pytest.approx(STEPPED_TRUTH, abs=0.003)


@pytest.mark.parametrize(("hits", "n"), [(95, 100), (0, 40), (480, 500)])
def test_the_interval_of_a_share_is_that_of_wilson(hits, n):
    found = wilson((np.arange(n) < hits).astype(float))
    assert found == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-12)


def rows_of(error: np.ndarray, se: float, truth: float = 1.0) -> np.ndarray:
    estimate = truth + error
    low, high = estimate - 1.96 * se, estimate + 1.96 * se
    rejected = (low > 0) | (high < 0)
    columns = (estimate, np.full(error.size, se), low, high, rejected, np.full(error.size, truth))
    return np.column_stack(columns).astype(float)


def test_bias_and_intervals_too_short_or_too_long_do_not_hold():
    scenario, arm = SCENARIOS["independent"], Arm("ols")
    noise = np.random.default_rng(1).standard_normal(2000)
    noise -= noise.mean()
    verdicts = [
        summarise(scenario, arm, rows_of(shift + noise, se)).verdict
        for shift, se in ((0.0, 1.0), (0.06, 1.0), (0.0, 0.8), (0.0, 1.3))
    ]
    assert verdicts == ["holds", "does not hold", "does not hold", "does not hold"]
    assert summarise(scenario, Arm("ols", "flaw"), rows_of(1 + noise, 1)).verdict == "flaw shows"
    assert (
        summarise(scenario, Arm("ols", "flaw"), rows_of(noise, 1)).verdict == "flaw does not show"
    )


def test_refusals_are_counted_and_left_out():
    rows = rows_of(np.random.default_rng(2).standard_normal(400), 1.0)
    rows[:30] = np.nan
    found = summarise(SCENARIOS["independent"], Arm("ols"), rows)
    assert (found.replications, found.failed) == (400, 30)
    assert found.bias == pytest.approx(np.nanmean(rows[:, 0]) - 1.0)


def test_a_test_without_estimate_is_judged_by_its_size():
    nothing = dict.fromkeys(("bias", "bias_error", "coverage"), float("nan"))
    assert judge(nothing | {"truth": 0.0, "rejection": 0.05}, "") == "holds"
    assert judge(nothing | {"truth": 0.0, "rejection": 0.12}, "") == "does not hold"
