"""A batch: one failing run loses nothing, a killed one leaves nothing, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pandas as pd
import pytest
from runs.small import evalml, grid, params, project, results, start, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("batch")]


@pytest.fixture
def here(tmp_path):
    return project(tmp_path / "project")


def summary(out):
    return pd.read_csv(out / "summary.csv", keep_default_na=False).set_index("study")


def alive(marker):
    """Return the processes of this machine that name `marker` in their environment or command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in words and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def half_made(out):
    return list(out.glob("*/.[0-9]*"))


def test_each_way_to_fail_is_told_with_its_reason_and_the_rest_have_results(here, small_extract):
    out = here / "out"
    kinds = ["quick", "raises", "hungry", "vanishes", "refuses", "long"]
    path = grid(here, vary={"notebook": kinds, "seed": [1]}, study="s_{notebook}")
    done = evalml(
        "batch", "--grid", path, "--extract", small_extract, "--out", out, "--jobs", 2,
        "--memory-limit", 900, "--time-limit", 12,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    table = summary(out)
    assert dict(table["state"]) == {
        "s_quick": "finished", "s_raises": "failed", "s_hungry": "failed", "s_vanishes": "failed",
        "s_refuses": "refused", "s_long": "failed",
    }  # fmt: skip
    reason = table["reason"]
    assert "cell 4 failed with ZeroDivisionError" in reason["s_raises"]
    assert "in cell 4" in reason["s_hungry"]
    assert "more than the 900 MB" in reason["s_hungry"]
    assert float(table.loc["s_hungry", "peak_memory_mb"]) > 900
    assert "the kernel died in cell 4" in reason["s_vanishes"]
    assert reason["s_refuses"] == "nobody can enter"
    assert "12 seconds" in reason["s_long"]
    assert "in cell 4" in reason["s_long"]
    assert set(results(out)) == {"s_quick/effects.csv"}
    kept = json.loads(next((out / "s_hungry/failed").glob("*/status.json")).read_text())
    assert kept["state"] == "failed"
    assert kept["cell"] == 4
    assert not half_made(out)
    assert not alive(str(out))


def test_an_impossible_study_is_refused_with_its_reason_and_the_rest_runs(here, small_extract):
    out = here / "out"
    path = grid(here, vary={"horizons": [[6], [24]]}, study="s_{horizons}")
    done = evalml("batch", "--grid", path, "--extract", small_extract, "--out", out)
    assert done.returncode == 1, done.stderr
    assert dict(summary(out)["state"]) == {"s_6": "finished", "s_24": "refused"}
    assert "horizon 24 lies beyond follow_up_months (12)" in summary(out).loc["s_24", "reason"]


def test_a_batch_without_any_possible_study_ends_with_2_and_writes_nothing(here, small_extract):
    out = here / "out"
    path = grid(here, vary={"horizons": [[24], [36]]}, study="s_{horizons}")
    done = evalml("batch", "--grid", path, "--extract", small_extract, "--out", out)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_two_studies_of_one_name_are_refused_before_anything_starts(here, small_extract):
    out = here / "out"
    path = grid(here, vary={"seed": [1, 2]}, study="same")
    done = evalml("batch", "--grid", path, "--extract", small_extract, "--out", out)
    assert done.returncode == 2
    assert "several studies are called same" in done.stderr
    assert not out.exists()


def test_a_second_batch_runs_nothing_again(here, small_extract):
    out = here / "out"
    path = grid(here, vary={"seed": [1, 2, 3]})
    words = ("batch", "--grid", path, "--extract", small_extract, "--out", out)
    assert evalml(*words).returncode == 0
    first = {p: p.stat().st_mtime_ns for p in out.glob("*/[0-9]*/manifest.json")}
    assert len(first) == 3
    again = evalml(*words)
    assert again.returncode == 0, again.stderr
    assert set(summary(out)["state"]) == {"current"}
    assert {p: p.stat().st_mtime_ns for p in out.glob("*/[0-9]*/manifest.json")} == first


def test_a_killed_batch_leaves_no_process_and_is_resumed_without_redoing_what_is_done(
    here, small_extract
):
    path = grid(here, vary={"seed": list(range(8))}, study="s_{seed}")
    params(here, "base", notebook="slow")
    words = ("batch", "--grid", path, "--extract", small_extract, "--jobs", 2, "--out")
    calm = here / "calm"
    assert evalml(*words, calm).returncode == 0
    out = here / "out"
    batch = start(*words, out)
    until(lambda: len(list(out.glob("*/[0-9]*/manifest.json"))) >= 2)
    until(lambda: half_made(out))
    os.kill(batch.pid, signal.SIGKILL)
    batch.wait()
    until(lambda: not alive(str(out)), 10)
    done = {p: p.stat().st_mtime_ns for p in out.glob("*/[0-9]*/manifest.json")}
    assert 2 <= len(done) < 8
    again = evalml(*words, out)
    assert again.returncode == 0, again.stderr
    states = summary(out)["state"]
    assert sum(states == "current") == len(done)
    assert sum(states == "finished") == 8 - len(done)
    assert all(p.stat().st_mtime_ns == t for p, t in done.items())
    assert not half_made(out)
    assert results(out) == results(calm)


@pytest.mark.parametrize("victim", ["worker", "kernel", "zygote"])
def test_a_killed_process_costs_no_more_than_its_own_runs(victim, here, small_extract):
    params(here, "base", notebook="slow")
    path = grid(here, vary={"seed": list(range(5))}, study="s_{seed}")
    words = ("batch", "--grid", path, "--extract", small_extract, "--jobs", 2, "--out")
    out = here / "out"
    batch = start(*words, out)
    until(lambda: running(out, from_cell=3))
    os.kill(find(victim, batch.pid, out), signal.SIGKILL)
    code = batch.wait(timeout=120)
    states = list(summary(out)["state"])
    lost = states.count("failed")
    assert set(states) <= {"finished", "failed"}
    assert code == (1 if lost else 0)
    assert lost <= {"worker": 0, "kernel": 1, "zygote": 2}[victim]
    until(lambda: not alive(str(out)), 10)
    assert evalml(*words, out).returncode == 0
    assert len(results(out)) == 5
    assert not half_made(out)


def running(out, from_cell):
    for path in (out / ".state").glob("*.json"):
        try:
            state = json.loads(path.read_text())
        except json.JSONDecodeError:
            continue
        if state["state"] == "running" and state["cell"] >= from_cell:
            return state
    return None


def find(victim, batch, out):
    """Return the process of a running batch to kill."""
    worker = until(lambda: running(out, from_cell=3))["process"]
    if victim == "worker":
        return worker
    zygote = next(p for p in children(batch) if b"evalml.run.zygote" in words_of(p))
    return zygote if victim == "zygote" else children(zygote)[0]


def children(pid):
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(p) for t in tasks for p in t.read_text().split()]


def words_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_two_batches_at_once_run_each_study_once(here, small_extract):
    params(here, "base", notebook="slow")
    path = grid(here, vary={"seed": list(range(4))}, study="s_{seed}")
    out = here / "out"
    words = ("batch", "--grid", path, "--extract", small_extract, "--jobs", 2, "--out", out)
    batches = [start(*words), start(*words)]
    assert [b.wait(timeout=200) for b in batches] == [0, 0]
    assert len(list(out.glob("*/[0-9]*/manifest.json"))) == 4


def test_a_kernel_takes_its_children_with_it(here, small_extract):
    params(here, "base", notebook="children")
    out = here / "out"
    done = evalml(
        "batch", here / "params/base.yaml", "--extract", small_extract, "--out", out,
        "--time-limit", 3,
    )  # fmt: skip
    assert done.returncode == 1
    assert not alive(str(out))


def test_dask_that_is_not_installed_is_said_in_one_sentence(here):
    pytest.importorskip  # noqa: B018
    from importlib.util import find_spec

    if find_spec("distributed"):
        pytest.skip("dask is installed here")
    done = evalml("batch", here / "params/base.yaml", "--backend", "dask", "--out", here / "out")
    assert done.returncode == 2
    assert "evalml-workbench[dask]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (here / "out").exists()
