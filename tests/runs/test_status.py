"""Status says exactly what changed, and nothing else."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import yaml
from runs.small import ROOT, evalml, params, project

from evalml.study.protocol import seed_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory, small_extract):
    """A copy of the project with one study, run once."""
    site = project(tmp_path_factory.mktemp("site"))
    shutil.copytree(ROOT / "src", site / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(small_extract, site / "extract", ignore=shutil.ignore_patterns("truth"))
    for name in ("README.md", "requirements.lock"):
        shutil.copy(ROOT / name, site / name)
    params(site, "bad", notebook="raises")
    words = ("batch", "params/base.yaml", "params/bad.yaml", *PLACES)
    done = evalml(*words, cwd=site, PYTHONPATH=str(site / "src"))
    assert "1 of 2 studies have a result" in done.stdout, done.stderr
    return site


PLACES = ("--extract", "extract", "--out", "runs")


@pytest.fixture
def standing(site):
    """Give the standing of the study after a change, and undo the change."""
    before = {}

    def change(path, edit):
        before[path] = path.read_bytes()
        edit(path)

    def look(study="base"):
        words = ("status", f"params/{study}.yaml", *PLACES, "--json")
        done = evalml(*words, cwd=site, PYTHONPATH=str(site / "src"))
        assert done.returncode == 0, done.stderr
        [found] = json.loads(done.stdout)
        return found["state"], found["why"]

    yield change, look
    for path, content in before.items():
        path.write_bytes(content)


def one_of_effect(site):
    """Return a module of the stage that estimates."""
    return min((site / "src/evalml/effect").glob("[a-z]*.py"))


def append(text):
    return lambda path: path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_a_study_that_was_just_run_is_current(standing):
    _, look = standing
    assert look() == ("current", [])


def test_a_comment_in_the_readme_or_in_the_source_changes_nothing(standing, site):
    change, look = standing
    change(site / "README.md", append("\n<!-- a comment -->\n"))
    change(one_of_effect(site), append("\n# a comment\n"))
    assert look() == ("current", [])


def test_one_digit_in_the_params_is_said_with_its_key(standing, site):
    change, look = standing
    path = site / "params/base.yaml"
    name = yaml.safe_load(path.read_text())["study"]
    change(
        path, lambda p: p.write_text(yaml.safe_dump(yaml.safe_load(p.read_text()) | {"seed": 7}))
    )
    assert look() == ("stale", [f"params key seed: {seed_of({'study': name})} → 7"])


def test_one_row_of_the_extract_is_said_with_its_table(standing, site):
    change, look = standing
    change(site / "extract/situations.parquet", lambda p: pd.read_parquet(p).iloc[1:].to_parquet(p))
    assert look() == ("stale", ["extract changed in situations"])


def test_one_line_of_effect_is_said_with_its_stage(standing, site):
    change, look = standing
    change(one_of_effect(site), append("\nONE_MORE_LINE = 1\n"))
    assert look() == ("stale", ["source of evalml changed in effect"])


def test_a_line_of_the_command_line_changes_nothing(standing, site):
    change, look = standing
    change(site / "src/evalml/cli/explain.py", append("\nONE_MORE_LINE = 1\n"))
    assert look() == ("current", [])


def test_the_notebook_and_the_lock_file_are_said(standing, site):
    change, look = standing
    notebook = site / "notebooks/quick.ipynb"
    change(notebook, lambda p: p.write_text(p.read_text().replace("x = 1", "x = 2")))
    change(site / "requirements.lock", append("\n# moved\n"))
    assert look() == ("stale", ["notebook changed", "lock file changed"])


def test_a_study_that_was_never_run_and_one_that_is_none_are_said(standing, site):
    _, look = standing
    params(site, "new", notebook="quick")
    params(site, "wrong", notebook="quick", horizons=[99])
    assert look("new") == ("never run", [])
    state, [why] = look("wrong")
    assert state == "refused"
    assert "horizon 99" in why


def test_a_run_that_failed_is_said_with_its_reason(standing):
    _, look = standing
    state, [why] = look("bad")
    assert state == "failed"
    assert "ZeroDivisionError" in why


def test_a_record_of_an_older_version_is_read(standing, site):
    change, look = standing
    [manifest] = (site / "runs/base").glob("[0-9]*/manifest.json")

    def age(path):
        record = json.loads(path.read_text())
        del record["parts"]
        record["hashes"]["code"] = "0" * 64
        path.write_text(json.dumps(record))

    change(manifest, age)
    state, [why] = look()
    assert state == "stale"
    assert "too old to say where" in why
