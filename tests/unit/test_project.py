"""A project of one's own: made, brought up to date, a study written and checked, a page opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

import evalml.cli.project as module
from evalml.cli.main import app
from evalml.errors import EvalmlError, StudyError


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    assert run("init", folder).exit_code == 0
    monkeypatch.chdir(folder)
    return folder


def test_a_project_holds_what_its_commands_read(project):
    for name in (
        "README.md",
        "Makefile",
        "params/cej.yaml",
        "notebooks/cej.ipynb",
        "params/worlds/demo.yaml",
    ):
        assert (project / name).is_file()
    with pytest.raises(EvalmlError, match="is a project already"):
        run("init", project)


def test_a_folder_that_holds_files_of_ours_is_not_written_over(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(EvalmlError, match=r"already holds README\.md"):
        run("init", tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md"]


def test_an_update_changes_what_is_untouched_and_shows_the_rest(project, monkeypatch):
    cej, gj, iae = (project / "params" / f"{name}.yaml" for name in ("cej", "gj", "iae"))
    old = dict(module._files())
    cej.write_text(cej.read_text("utf-8").replace("seed: 20240101", "seed: 11"), "utf-8")
    iae.unlink()
    newer = {name: text.replace(b"study: ", b"study:  ") for name, text in old.items()}
    monkeypatch.setattr(module, "_files", newer.items)
    said = run("init", project, "--update").stdout
    assert "-seed: 11" in said
    assert "params/cej.yaml (yours)" in said
    assert "1 files differ" in said
    assert "seed: 11" in cej.read_text("utf-8")
    assert gj.read_bytes() == newer["params/gj.yaml"]
    assert not iae.exists()
    again = run("init", project, "--update").stdout
    assert again.startswith("--- params/cej.yaml (yours)")
    assert "0 files written" in again


def test_a_damaged_record_is_refused(project):
    (project / module.RECORD).write_text("{", "utf-8")
    with pytest.raises(EvalmlError, match="cannot be read"):
        run("init", project, "--update")


def test_a_new_study_is_that_of_its_programme_elsewhere(project):
    assert (
        run("new", "mine", "--programme", "cej", "--year", "2022", "--territory", "59").exit_code
        == 0
    )
    from evalml.study import read_study

    ours, theirs = read_study("mine"), read_study("cej_2022_nord")
    assert ours.model_copy(update={"study": theirs.study}) == theirs
    for words, fault in (
        (("mine", "--programme", "cej"), "exists"),
        (("../x", "--programme", "cej"), "no name of a study"),
        (("other", "--programme", "cje"), "CEJ"),
        (("other", "--programme", "cej", "-p", "seeed=3"), "seeed"),
    ):
        with pytest.raises(StudyError, match=fault):
            run("new", *words)
    assert not (project / "params" / "other.yaml").exists()


def test_check_refuses_what_a_run_would(project, small_extract):
    assert "nothing to refuse" in run("check", "cej", "--extract", small_extract).stdout
    with pytest.raises(EvalmlError, match="territory"):
        run("check", "cej", "--territory", "france", "--extract", small_extract)
    with pytest.raises(EvalmlError, match="2030"):
        run("check", "cej", "--year", "2030", "--extract", small_extract)


def test_open_says_where_the_last_page_is(project):
    for words, what in (
        (("open",), "run a study first"),
        (("open", "review"), "evalml release RUN"),
        (("open", "explorer"), "evalml explorer RUNS"),
    ):
        with pytest.raises(EvalmlError, match=what):
            run(*words)
    for age, study in ((100, "a"), (0, "b")):
        note = project / "runs" / study / "1" / "note.html"
        note.parent.mkdir(parents=True)
        note.write_text("")
        os.utime(note, (1e9 - age, 1e9 - age))
    assert run("open", "--path").stdout.strip().endswith("b/1/note.html")
    assert run("open", "--study", "a").stdout.strip().endswith("a/1/note.html")
    with pytest.raises(EvalmlError, match="no page 'nte'"):
        run("open", "nte")


@pytest.mark.slow
def test_the_wheel_holds_the_project(root, tmp_path):
    how = (
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        tmp_path,
        root,
    )
    subprocess.run([str(word) for word in how], check=True)
    [wheel] = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {f"evalml/project/{name}" for name, _ in module._files() if "/" in name} <= held
    assert json.loads(zipfile.ZipFile(wheel).read("evalml/project/notebooks/cej.ipynb"))
