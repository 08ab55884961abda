"""Runs stay their owner's, and one damaged record hides no other run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

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
