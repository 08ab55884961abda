"""A batch: one failing run loses nothing, a killed one leaves nothing, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from runs.small import evalml, grid, params, project, results, start, stop_all, until

pytestmark = pytest.mark.slow

LIMITS = ("--jobs", 2, "--memory-limit", 900)
REASONS = {
    "s_impossible": ("refused", "horizon 99 lies beyond follow_up_months (12)"),
    "s_raises": ("failed", "cell 4 failed with ZeroDivisionError"),
    "s_hungry": ("failed", "stopped in cell 4: it took"),
}


@pytest.fixture(autouse=True)
def _no_leftovers():
    yield
    stop_all()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return project(tmp_path_factory.mktemp("batch"))


@pytest.fixture(scope="module")
def words(site, small_extract):
    """The command of a grid of 9: 6 that can run, one impossible, one that raises, one too big."""
    cases = [{"name": f"{n:02}", "set": {"seed": n, "notebook": "brief"}} for n in range(6)]
    cases.insert(3, {"name": "raises", "set": {"notebook": "raises"}})
    cases.insert(5, {"name": "hungry", "set": {"notebook": "hungry"}})
    cases.insert(7, {"name": "impossible", "set": {"horizons": [99]}})
    path = grid(site, "of9", vary={"case": cases}, study="s_{case}", title="{base} {case}")
    return ("batch", "--grid", path, "--extract", small_extract, *LIMITS, "--out")


@pytest.fixture(scope="module")
def calm(site, words):
    """The grid, undisturbed."""
    return evalml(*words, site / "calm"), site / "calm"


def summary(out):
    return pd.read_csv(out / "summary.csv", keep_default_na=False).set_index("study")


def alive(marker):
    """Return the processes of this machine that name `marker` in their environment or command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in said and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def half_made(out):
    return list(out.glob("*/.[0-9]*"))


def finished(out):
    return {p: p.stat().st_mtime_ns for p in out.glob("*/[0-9]*/manifest.json")}


def test_a_grid_of_9_gives_6_results_and_3_reasons(calm):
    done, out = calm
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "6 of 9 studies have a result" in done.stdout
    table = summary(out)
    assert len(table) == 9
    lost = table[table["state"] != "finished"]
    assert {name: row["state"] for name, row in lost.iterrows()} == {
        name: state for name, (state, _) in REASONS.items()
    }
    for name, (_, reason) in REASONS.items():
        assert reason in lost.loc[name, "reason"], name
    assert "more than the 900 MB" in lost.loc["s_hungry", "reason"]
    assert float(lost.loc["s_hungry", "peak_memory_mb"]) > 900
    assert len(results(out)) == 6
    assert json.loads((out / "summary.json").read_text())[0]["study"] == "s_00"


def test_a_failed_run_keeps_its_notebook_and_its_own_status(calm):
    _, out = calm
    [kept] = (out / "s_hungry/failed").iterdir()
    status = json.loads((kept / "status.json").read_text())
    assert (status["state"], status["cell"]) == ("failed", 4)
    notebook = nbformat.read(kept / "notebook.ipynb", as_version=4)
    assert len(notebook.cells) == 5
    assert "more than the 900 MB" in notebook.cells[3].outputs[-1].evalue
    assert not half_made(out)
    assert not alive(str(out))


def test_a_batch_killed_in_the_middle_is_resumed_and_gives_the_same_bytes(site, words, calm):
    out = site / "disturbed"
    batch = start(*words, out)
    until(lambda: len(finished(out)) >= 2 and half_made(out))
    os.kill(batch.pid, signal.SIGKILL)
    batch.wait()
    until(lambda: not alive(str(out)), 30)
    before = finished(out)
    assert 2 <= len(before) < 6
    again = evalml(*words, out)
    assert again.returncode == 1, again.stderr
    states = summary(out)["state"]
    assert sum(states == "current") == len(before)
    assert sum(states == "finished") == 6 - len(before)
    after = finished(out)
    assert all(after[path] == time for path, time in before.items())
    assert not half_made(out)
    assert results(out) == results(calm[1])


def test_every_other_way_to_fail_is_told_and_leaves_no_process(site, small_extract):
    kinds = ["vanishes", "refuses", "children"]
    path = grid(site, "ways", vary={"notebook": kinds}, study="w_{notebook}")
    out = site / "ways"
    done = evalml(
        "batch", "--grid", path, "--extract", small_extract, "--out", out, "--time-limit", 9
    )
    assert done.returncode == 1, done.stderr
    table = summary(out)
    reason = table["reason"]
    assert "the kernel died in cell 4" in reason["w_vanishes"]
    assert reason["w_refuses"] == "nobody can enter"
    assert table.loc["w_refuses", "state"] == "refused"
    assert "in cell 4: it was not done after the 9 seconds" in reason["w_children"]
    assert not alive(str(out))


def test_killed_processes_cost_no_more_than_their_own_runs(site, small_extract):
    path = grid(site, "kills", vary={"seed": list(range(5))}, study="k_{seed}")
    params(site, "base", notebook="slow")
    out = site / "kills"
    line = ("batch", "--grid", path, "--extract", small_extract, "--jobs", 2, "--out", out)
    batch = start(*line)
    until(lambda: finished(out))
    for victim in ("kernel", "worker", "pool"):
        count = len(finished(out))
        os.kill(find(victim, batch.pid, out), signal.SIGKILL)
        if victim != "pool":
            until(lambda count=count: len(finished(out)) > count)
    code = batch.wait(timeout=150)
    states = list(summary(out)["state"])
    lost = states.count("failed")
    assert set(states) <= {"finished", "failed"}
    assert lost <= 3  # one with its kernel, two with the pool, none with its worker
    assert code == (1 if lost else 0)
    until(lambda: not alive(str(out)), 30)
    assert evalml(*line).returncode == 0
    assert len(results(out)) == 5
    assert not half_made(out)


def running(out, from_cell=3):
    for path in (out / ".state").glob("*.json"):
        state = json.loads(path.read_text())
        if state["state"] == "running" and state["cell"] >= from_cell and half_made(out):
            return state
    return None


def find(victim, batch, out):
    """Return the process of a running batch to kill."""
    if victim == "worker":
        return until(lambda: running(out))["process"]
    pool = next(p for p in children(batch) if b"evalml.run.kernel_pool" in line_of(p))
    return pool if victim == "pool" else until(lambda: children(pool))[0]


def children(pid):
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(p) for t in tasks for p in t.read_text().split()]


def line_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_two_batches_at_once_run_each_study_once(site, small_extract):
    path = grid(site, "twice", vary={"seed": [1, 2]}, study="t_{seed}")
    params(site, "base", notebook="slow")
    out = site / "twice"
    line = ("batch", "--grid", path, "--extract", small_extract, "--jobs", 2, "--out", out)
    batches = [start(*line), start(*line)]
    assert [b.wait(timeout=200) for b in batches] == [0, 0]
    assert len(finished(out)) == 2


REFUSED = {
    "no possible study": ({"vary": {"horizons": [[24], [36]]}}, "horizon 24 lies beyond"),
    "two of one name": ({"vary": {"seed": [1, 2]}, "study": "same"}, "several studies are called"),
    "an unknown word": ({"varry": {"seed": [1]}}, "did you mean 'vary'?"),
    "a name of what does not vary": ({"vary": {"seed": [1]}, "study": "{sed}"}, "'seed'"),
    "no list": ({"vary": {"seed": 1}}, "lists of values"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_grid_that_cannot_start_ends_with_2_and_writes_nothing(case, site, small_extract):
    values, sentence = REFUSED[case]
    out = site / "refused"
    path = grid(site, "refused", **values)
    done = evalml("batch", "--grid", path, "--extract", small_extract, "--out", out)
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


@pytest.mark.skipif(find_spec("distributed") is not None, reason="dask is installed here")
def test_dask_that_is_not_installed_is_said_in_one_sentence(site):
    out = site / "dask"
    done = evalml("batch", site / "params/base.yaml", "--backend", "dask", "--out", out)
    assert done.returncode == 2
    assert "evalml-workbench[dask]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not out.exists()
