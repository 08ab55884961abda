"""Runs stay their owner's, and one damaged record hides no other run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner
from unit.report.conftest import META, sample_frames

from evalml.cli import app
from evalml.report.results import write_meta, write_results
from evalml.run.execute import _sweep
from evalml.run.registry import runs_table


def record(root, name, text):
    folder = root / name / "20260401T101500-1a2b3c4d"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(text)


def test_a_damaged_record_is_listed_as_such_and_the_others_stand(tmp_path):
    told = {"run_id": "20260401T101500-1a2b3c4d", "study": "a", "status": "finished",
            "started": "2026-04-01T10:15:00+00:00", "seconds": 1.0, "peak_memory_mb": 1.0,
            "engine": "duckdb", "parameters": {"programme": "CEJ"}, "hashes": {}}  # fmt: skip
    record(tmp_path, "a", json.dumps(told))
    record(tmp_path, "b", json.dumps(told)[:60])
    found = runs_table(tmp_path).set_index("study")
    assert found.loc["a", "state"] == "finished"
    assert found.loc["b", "state"] == "damaged"
    assert "run the study again" in found.loc["b", "reason"]


def test_what_a_killed_process_left_is_swept_and_what_lives_stays(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = Path(tempfile.mkdtemp(prefix=f"evalml-{dead.pid}-"))
    alive = Path(tempfile.mkdtemp(prefix=f"evalml-{subprocess.os.getpid()}-"))
    _sweep(tmp_path)
    assert not gone.exists()
    assert alive.exists()
    alive.rmdir()


@pytest.fixture
def root(tmp_path):
    """Runs of every kind: an effect, a masked one, none, a failure, one that was stopped."""
    told = {"run_id": "20260401T101500-1a2b3c4d", "status": "finished", "seconds": 61.0,
            "peak_memory_mb": 1.0, "engine": "duckdb", "parameters": {}, "hashes": {}}  # fmt: skip
    for day, (name, kind) in enumerate([("a", "strong"), ("b", "blinded"), ("c", "")]):
        started = f"2026-04-0{1 + day % 2}T10:15:00+00:00"
        record(tmp_path, name, json.dumps({**told, "study": name, "started": started}))
        results = tmp_path / name / told["run_id"] / "results"
        write_results(sample_frames(kind) if kind else {}, results)
        write_meta({**META, "study": name}, results)
    (tmp_path / "d" / told["run_id"] / "results").mkdir(parents=True)
    failed = {"study": "e", "state": "failed", "reason": "cell 3 failed with ZeroDivisionError",
              "seconds": 2.0, "peak_memory_mb": 1.0, "run": "e/failed/x",
              "updated": "2026-04-03T08:00:00+00:00"}  # fmt: skip
    (tmp_path / "e/failed/x").mkdir(parents=True)
    (tmp_path / "e/failed/x/status.json").write_text(json.dumps(failed))
    return tmp_path


def test_the_list_of_runs_says_what_each_found_in_eighty_columns(root, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = CliRunner().invoke(app, ["runs", str(root)])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[:2] for line in lines if not line.startswith(" ")] == [
        ["failed", "e/failed/x"],
        *[["finished", f"{name}/20260401T101500-1a2b3c4d"] for name in "bac"],
        ["damaged", "d/20260401T101500-1a2b3c4d"],
        ["5", "runs:"],
    ]
    text = " ".join(" ".join(lines).split())
    assert (
        "In employment at 12 months: +7.2 points (from +4.7 to +9.8 points), n 4,213 and 14,829."
        in text
    )
    assert "Certainty low: " in text
    assert "In employment at 12 months: masked." in text
    assert "void: it holds no effect" in text
    assert "ZeroDivisionError" in text
    assert "did not end" in text
    assert lines[-1] == "5 runs: 1 damaged, 1 failed, 3 finished"


def test_the_list_of_runs_is_the_same_by_option_and_as_json(root):
    by_option = CliRunner().invoke(app, ["runs", "--out", str(root), "--json"])
    by_place = CliRunner().invoke(app, ["runs", str(root), "--json"])
    assert by_option.stdout == by_place.stdout
    found = {row["study"]: row["answer"] for row in json.loads(by_place.stdout)}
    assert found["a"].startswith("In employment at 12 months: +7.2")
    one = CliRunner().invoke(app, ["runs", str(root / "a")])
    assert "give the folder above it" in str(one.exception)
    two = CliRunner().invoke(app, ["runs", str(root), "--out", str(root / "a")])
    assert "two roots" in str(two.exception)
