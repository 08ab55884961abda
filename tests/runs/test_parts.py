"""The small parts of a batch, each by itself: what a file means, who holds a lock, what a grid is."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time

import pytest
import yaml
from runs.small import STUDY

from evalml.errors import StudyError
from evalml.run import provenance
from evalml.run.kernel import Limits, Watch, resident_mb
from evalml.run.provenance import (
    extract_parts,
    hash_notebook,
    hashes_of,
    meaning,
    stages,
    versions,
    versions_of,
)
from evalml.run.status import (
    RunStatus,
    is_locked,
    lock,
    lock_file,
    read_status,
    settled,
    write_status,
)
from evalml.settings import HASH, Settings, read_settings
from evalml.study import study_from
from evalml.study.grid import read_grid

CODE = b'"""Doc."""\nimport os\n\n\ndef f(x):\n    """Say."""\n    return x + 1  # one\n'


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace(b"# one", b"# another"),
        CODE.replace(b"Say.", b"Say it otherwise."),
        CODE.replace(b"\n\n\ndef", b"\n\ndef").replace(b"x + 1", b"(x + 1)"),
    ],
    ids=["comment", "docstring", "layout"],
)
def test_what_a_file_does_is_the_same_under_another(other):
    assert meaning(other) == meaning(CODE)


def test_one_digit_of_the_code_changes_what_it_does():
    assert meaning(CODE.replace(b"x + 1", b"x + 2")) != meaning(CODE)
    assert meaning(b"def broken(:\n") == b"def broken(:\n"


def test_a_stage_is_a_folder_or_a_module_and_the_command_line_is_none(tmp_path):
    for name in (
        "effect/estimators.py",
        "effect/data.yaml",
        "months.py",
        "cli/run.py",
        "synthetic/a.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    before = stages(tmp_path)
    assert set(before) == {"effect", "months"}
    (tmp_path / "effect/data.yaml").write_text("x: 2\n")
    after = stages(tmp_path)
    assert after["months"] == before["months"]
    assert after["effect"] != before["effect"]


def test_a_notebook_is_its_cells_however_it_was_saved(tmp_path):
    cell = {"cell_type": "code", "source": ["x = 1\n", "y = 2"], "metadata": {}, "outputs": []}
    one, other = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    one.write_text(json.dumps({"cells": [cell], "metadata": {}}))
    again = {**cell, "source": "x = 1\ny = 2", "execution_count": 7, "outputs": [{"text": "1"}]}
    other.write_text(json.dumps({"metadata": {"language_info": {}}, "cells": [again]}, indent=4))
    assert hash_notebook(one) == hash_notebook(other)
    other.write_text(json.dumps({"cells": [{**cell, "source": "x = 3"}], "metadata": {}}))
    assert hash_notebook(one) != hash_notebook(other)


def test_an_extract_has_a_hash_per_table_and_its_truth_does_not_count(tmp_path):
    for name in ("jeunes.parquet", "actes/part-0.parquet", "extract.yaml", "truth/effects.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    before = extract_parts(tmp_path)
    assert set(before) == {"jeunes", "actes", "extract.yaml"}
    (tmp_path / "actes/part-0.parquet").write_text("one row less")
    (tmp_path / "truth/effects.csv").write_text("another truth")
    after = extract_parts(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"actes"}


def test_a_kernel_is_told_the_hash_of_the_extract_and_does_not_read_it_again(tmp_path, monkeypatch):
    study = study_from({**STUDY, "study": "x", "notebook": "cej"})
    told = Settings(tmp_path / "nowhere", tmp_path, extract_hash="f00d").environment()
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert hashes_of(study, read_settings())["extract"] == "f00d"
    monkeypatch.delenv(HASH)
    assert hashes_of(study, read_settings())["extract"] != "f00d"


def test_the_engine_of_a_run_is_among_its_versions(tmp_path):
    study = study_from({**STUDY, "study": "x", "notebook": "cej"})
    on_duckdb = versions_of(study, Settings(tmp_path, tmp_path))
    on_spark = versions_of(study, Settings(tmp_path, tmp_path, engine="spark"))
    assert on_duckdb == versions()
    assert on_spark.keys() - on_duckdb.keys() == {"pyspark"}


def _hold(path, ready):
    with lock(path):
        ready.set()
        time.sleep(60)


def test_a_lock_is_freed_when_its_holder_is_killed(tmp_path):
    path = tmp_path / "state/a.lock"
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(path, ready))
    holder.start()
    assert ready.wait(20)
    assert is_locked(path)
    holder.kill()
    holder.join()
    assert not is_locked(path)
    with lock(path):
        assert is_locked(path)
    assert not path.exists()


def test_a_running_state_whose_process_is_gone_has_failed(tmp_path):
    status = write_status(tmp_path, RunStatus("a", "running", cell=3, cells=9))
    assert read_status(tmp_path, "a") == status
    assert settled(tmp_path, status).state == "failed"
    assert "in cell 3" in settled(tmp_path, status).reason
    with lock(lock_file(tmp_path, "a")):
        assert settled(tmp_path, status).state == "running"


def test_a_process_that_takes_too_much_is_stopped_and_its_peak_told():
    code = "x = bytearray(300_000_000); import time; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    watch = Watch(Limits(memory_mb=200))
    watch.begin(process)
    assert process.wait(timeout=30) != 0
    watch.end()
    assert watch.peak_mb > 200
    assert "more than the 200 MB" in watch.verdict
    assert resident_mb(process.pid) == 0


def grid_of(tmp_path, **values):
    study = {"study": "base", "notebook": "cej", **STUDY}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(study, allow_unicode=True))
    path = tmp_path / "grid.yaml"
    path.write_text(
        yaml.safe_dump({"base": "base.yaml", **values}, allow_unicode=True, sort_keys=False)
    )
    return read_grid(path)


def test_a_grid_is_every_combination_named_by_what_varies(tmp_path):
    cells = grid_of(
        tmp_path,
        study="cej_{years}_{territory}",
        title="CEJ {years}, {territory}",
        vary={
            "years": [2022, 2023],
            "territory": [{"name": "Île-de-France", "region": "11"}, {"region": "32"}],
        },
    )
    assert [c.name for c in cells] == [
        "cej_2022_ile_de_france", "cej_2022_region_32", "cej_2023_ile_de_france", "cej_2023_region_32",
    ]  # fmt: skip
    first = cells[0].study
    assert first.title == "CEJ 2022, Île-de-France"
    assert (str(first.entries.first), str(first.entries.last)) == ("2022-01-01", "2022-12-31")
    assert first.territory.region == "11"


def test_a_key_inside_another_and_several_keys_at_once_can_vary(tmp_path):
    cells = grid_of(
        tmp_path,
        vary={
            "eligibility.age_max": [20, 25],
            "what": [{"name": "short", "set": {"horizons": [6], "follow_up_months": 6}}],
        },
    )
    assert [c.name for c in cells] == ["base_20_short", "base_25_short"]
    assert [c.study.eligibility.age_max for c in cells] == [20, 25]
    assert {c.study.follow_up_months for c in cells} == {6}
    assert {c.study.eligibility.outside_programmes for c in cells} == {("GJ",)}


def test_an_impossible_combination_is_kept_with_its_reason(tmp_path):
    good, bad = grid_of(tmp_path, vary={"horizons": [[6], [99]]})
    assert good.study is not None
    assert bad.study is None
    assert "horizon 99" in bad.reason


def test_a_grid_of_twins_is_refused(tmp_path):
    with pytest.raises(StudyError, match="several studies are called same"):
        grid_of(tmp_path, vary={"seed": [1, 2]}, study="same")


def test_what_is_kept_of_a_parse_never_changes_a_hash(tmp_path, monkeypatch):
    (tmp_path / "effect").mkdir()
    (tmp_path / "effect/a.py").write_bytes(CODE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = []
    for kept in (None, "not json", "[1]"):
        monkeypatch.setattr(provenance, "_KNOWN", {})
        if kept is not None:
            provenance.memory_file().write_text(kept)
        found.append(stages(tmp_path / "effect"))
    assert found[0] == found[1] == found[2]
