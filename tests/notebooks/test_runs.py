"""The main job: params in, a run out; and nothing at all when the input is wrong."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import papermill
import pytest
import yaml
from papermill import cli as papermill_command
from runs.small import evalml, project
from runs.small import params as small_params
from tests_root import ROOT, study_values

from evalml.cli import main
from evalml.settings import EXTRACT, OUT
from evalml.study import read_yaml

from .conftest import the_run

EFFECTS = [
    "study",
    "programme",
    "territory",
    "period",
    "outcome",
    "horizon_months",
    "subgroup",
    "subgroup_value",
    "estimand",
    "method",
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "p_value",
    "n_treated",
    "n_comparison",
    "mean_treated",
    "mean_comparison",
    "unit",
    "status",
    "reason",
]


def params(tmp_path, name="cej_2024_hdf", **changes):
    values = study_values(name) | changes
    path = tmp_path / "study.yaml"
    path.write_text(
        yaml.safe_dump({k: v for k, v in values.items() if v is not ...}, allow_unicode=True)
    )
    return path


@pytest.fixture(scope="module")
def cej(runs):
    """The run of a study whose persons are compared, from the batch of all of them."""
    return the_run(runs, "cej_2022_hdf")


@pytest.fixture(scope="module")
def nsw(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    done = evalml("run", ROOT / "params/nsw.yaml", "--out", out)
    assert done.returncode == 0, done.stderr
    [folder] = (out / "nsw").iterdir()
    return folder


@pytest.mark.slow
def test_a_run_leaves_everything_the_design_promises(cej):
    names = {p.relative_to(cej).as_posix() for p in cej.rglob("*") if p.is_file()}
    assert names >= {
        "manifest.json",
        "notebook.ipynb",
        "notebook.html",
        "note.html",
        "note.pdf",
        "note.docx",
    }
    assert names >= {
        f"results/{n}.csv"
        for n in ("effects", "flow", "balance", "trajectories", "checks", "observation")
    }
    assert {
        "figures/flow.svg",
        "figures/balance.png",
        "figures/trajectories_emploi.svg",
        "figures/effects.png",
    } <= names
    assert "-- person_months" in (cej / "queries.sql").read_text()
    effects = pd.read_csv(cej / "results/effects.csv")
    assert list(effects.columns)[: len(EFFECTS)] == EFFECTS
    assert set(effects["method"]) == {"diff", "ipw", "aipw"}
    assert set(effects["status"]) <= {"shown", "blinded", "exploratory"}
    assert (effects.loc[effects["status"] == "blinded", "reason"] != "").all()


@pytest.mark.slow
def test_the_manifest_accounts_for_every_file(cej):
    import hashlib

    manifest = json.loads((cej / "manifest.json").read_text())
    listed = {o["path"]: o for o in manifest["outputs"]}
    there = {p.relative_to(cej).as_posix() for p in cej.rglob("*") if p.is_file()} - {
        "manifest.json"
    }
    assert set(listed) == there
    for path, entry in listed.items():
        assert hashlib.sha256((cej / path).read_bytes()).hexdigest() == entry["sha256"]
    assert manifest["status"] == "finished"
    assert all(re.fullmatch(r"[0-9a-f]{64}", h) for h in manifest["hashes"].values())
    assert manifest["seconds"] > 0
    assert manifest["peak_memory_mb"] > 50


@pytest.mark.slow
def test_no_person_is_in_any_output(cej, decade):
    identifiers = set()
    for table, column in (
        ("jeunes", "id_jeune"),
        ("dossiers", "id_dossier"),
        ("situations", "id_situation"),
    ):
        identifiers |= set(pd.read_parquet(decade / f"{table}.parquet")[column].head(1000))
    assert len(identifiers) > 2000
    pattern = re.compile("|".join(re.escape(i) for i in sorted(identifiers)))
    for path in cej.rglob("*"):
        if path.suffix in {".csv", ".ipynb", ".html", ".md", ".json", ".svg"}:
            assert not pattern.search(path.read_text(encoding="utf-8")), path.name


@pytest.mark.slow
def test_no_count_below_the_threshold_is_in_the_results(cej):
    for name, columns in {
        "flow": ["kept", "lost", "kept_treated", "kept_comparison", "kept_persons"],
        "effects": ["n_treated", "n_comparison"],
        "trajectories": ["n_at_risk"],
    }.items():
        table = pd.read_csv(cej / f"results/{name}.csv")
        for column in columns:
            counts = table[column].dropna()
            assert not ((counts > 0) & (counts < 11)).any(), (name, column)


@pytest.mark.slow
def test_the_executed_notebook_names_no_path_of_the_machine(cej, decade):
    text = (cej / "notebook.ipynb").read_text()
    assert str(ROOT) not in text
    assert str(decade.parent) not in text
    notebook = nbformat.reads(text, as_version=4)
    assert not [o for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "error"]


@pytest.mark.slow
def test_nsw_gives_the_published_answer_and_every_method_beside_it(nsw):
    # Dehejia and Wahba (1999): 1 794 dollars; 1794.3424 with the 185 + 260 persons of nsw_mixtape.
    table = pd.read_csv(nsw / "results/benchmark.csv").set_index("method")
    assert table.loc["experiment", "estimate"] == pytest.approx(1794.3424, abs=1e-3)
    assert table.loc["diff", "estimate"] == pytest.approx(-8497.516, abs=1e-2)
    assert list(table.index) == ["experiment", *read_yaml(ROOT / "params/nsw.yaml")["methods"]]
    assert not table.loc["diff", "covers"]
    assert table.loc["aipw", "covers"]
    assert table["gap"].drop("experiment").equals(
        table["estimate"].drop("experiment") - table.loc["experiment", "estimate"]
    ) or (
        (table["gap"] - (table["estimate"] - table.loc["experiment", "estimate"])).abs().max()
        < 1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_command_that_a_note_prints_gives_the_same_bytes_when_run_as_it_stands(
    nsw, tmp_path, lang
):
    """In another copy of the project, by a shell, nothing added: results, figures, documents."""
    run = nsw
    if lang == "en":
        done = evalml("run", ROOT / "params/nsw.yaml", "-p", "language=en", "--out", tmp_path / "a")
        assert done.returncode == 0, done.stderr
        [run] = (tmp_path / "a").glob("nsw*/2*")
    annex = (run / "note_annexe.md").read_text(encoding="utf-8")
    [command] = re.findall(r"```\n(evalml run .*?)\n```", annex, re.DOTALL)
    for name in ("params", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    found = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=found, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [again] = (tmp_path / "runs").glob("nsw*/2*")
    told = [json.loads((each / "manifest.json").read_text("utf-8")) for each in (run, again)]
    for path in ("results", "figures"):
        for one in sorted((run / path).iterdir()):
            assert one.read_bytes() == (again / path / one.name).read_bytes(), one.name
    for name in ("note.html", "note.pdf", "note_annexe.docx", "resultats.ods"):
        assert (run / name).read_bytes() == (again / name).read_bytes(), name
    assert told[0]["hashes"] == told[1]["hashes"]


@pytest.mark.slow
def test_papermill_with_parameters_gives_the_bytes_of_the_command(
    tmp_path, small_extract, monkeypatch
):
    done = evalml("run", "cej", "--year", "2023", "--departement", "59", "--extract",
                  small_extract, "--out", tmp_path / "runs")  # fmt: skip
    assert done.returncode == 0, done.stderr
    [run] = (tmp_path / "runs").glob("*/[0-9]*")
    assert run.parent.name == "cej_2023_nord"
    for name, value in ((OUT, tmp_path / "out"), (EXTRACT, small_extract), ("OMP_NUM_THREADS", 1)):
        monkeypatch.setenv(name, str(value))
    words = ["-p", "year", "2023", "-p", "territory", "59", "--cwd", str(ROOT)]
    papermill_command.papermill.main(
        [str(ROOT / "notebooks/cej.ipynb"), str(tmp_path / "out.ipynb"), *words],
        standalone_mode=False,
    )
    results = sorted((run / "results").iterdir())
    assert len(results) > 10
    for path in results:
        assert path.read_bytes() == (tmp_path / "out/results" / path.name).read_bytes(), path.name
    assert (tmp_path / "out/note.html").is_file()


@pytest.mark.slow
def test_the_first_notebook_runs_on_the_demonstration_extract(tmp_path, small_extract, monkeypatch):
    monkeypatch.setenv(EXTRACT, str(small_extract))
    papermill.execute_notebook(
        str(ROOT / "notebooks/00_start_here.ipynb"), str(tmp_path / "out.ipynb"),
        progress_bar=False, cwd=str(ROOT),
    )  # fmt: skip


REFUSALS = {
    "an unknown key": ({"horizonz": [6]}, "did you mean 'horizons'?"),
    "a date that is no date": (
        {"entries": {"from": "le mois dernier", "to": "2024-12-31"}},
        "entries.from",
    ),
    "a missing programme": ({"programme": ...}, "missing key 'programme'"),
    "an unknown outcome": (
        {"outcomes": ["emploi", "emplois_durables"]},
        "did you mean 'emploi_durable'?",
    ),
    "an unknown covariate": ({"covariates": ["sexxe"]}, "did you mean 'sexe'?"),
    "an unknown notebook": ({"notebook": "cje"}, "did you mean 'cej'?"),
    "a covariate of the future": (
        {"covariates": ["dossiers.date_cloture"]},
        "dossiers.date_cloture",
    ),
}


def typed(*words):
    """Type a command in this process: what it refuses needs no other."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv, os.umask(0o077)
    sys.argv = ["evalml", *map(str, words)]
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before[0]
        os.umask(before[1])
    return SimpleNamespace(
        returncode=ended.value.code, stdout=out.getvalue(), stderr=err.getvalue()
    )


def refused(done, *words):
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip()
    assert len(sentence.splitlines()) == 1, sentence
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("case", REFUSALS, ids=list(REFUSALS))
def test_a_wrong_params_file_ends_with_2_one_sentence_and_nothing_written(
    case, tmp_path, small_extract
):
    changes, words = REFUSALS[case]
    out = tmp_path / "out"
    done = typed("run", params(tmp_path, **changes), "--extract", small_extract, "--out", out)
    refused(done, words)
    assert not out.exists()


def copy_of(extract, tmp_path):
    copy = tmp_path / "extract"
    shutil.copytree(extract, copy, ignore=shutil.ignore_patterns("truth"))
    return copy


def test_an_empty_extract_folder_is_refused(tmp_path):
    (tmp_path / "extract").mkdir()
    done = typed(
        "run",
        ROOT / "params/cej_2024_hdf.yaml",
        "--extract",
        tmp_path / "extract",
        "--out",
        tmp_path / "out",
    )
    refused(done, "empty")
    assert not (tmp_path / "out").exists()


def test_a_missing_table_is_refused_by_its_name(tmp_path, small_extract):
    copy = copy_of(small_extract, tmp_path)
    (copy / "situations.parquet").unlink()
    done = typed(
        "run", ROOT / "params/cej_2024_hdf.yaml", "--extract", copy, "--out", tmp_path / "out"
    )
    refused(done, "situations")
    assert not (tmp_path / "out").exists()


def test_a_csv_with_a_missing_column_is_refused_by_file_and_column(tmp_path, small_extract):
    copy = copy_of(small_extract, tmp_path)
    frame = pd.read_parquet(copy / "dossiers.parquet")
    (copy / "dossiers.parquet").unlink()
    frame.drop(columns="date_ouverture").to_csv(copy / "dossiers.csv", index=False)
    done = typed(
        "run", ROOT / "params/cej_2024_hdf.yaml", "--extract", copy, "--out", tmp_path / "out"
    )
    refused(done, "dossiers.csv", "date_ouverture")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_input_refused_inside_the_notebook_leaves_nothing_either(tmp_path, small_extract):
    path = params(tmp_path, entries={"from": "2025-06-01", "to": "2025-12-31"})
    done = evalml("run", path, "--extract", small_extract, "--out", tmp_path / "out")
    refused(done, "the extract ends in 2025-12")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_notebook_that_fails_ends_with_1_and_is_kept_for_inspection(tmp_path, small_extract):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "params").mkdir()
    notebook = nbformat.read(ROOT / "notebooks/cej.ipynb", as_version=4)
    notebook.cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(notebook, tmp_path / "notebooks/broken.ipynb")
    path = params(tmp_path / "params", notebook="broken")
    done = evalml("run", path, "--extract", small_extract, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    [kept] = (tmp_path / "out/cej_2024_hdf").iterdir()
    assert kept.name == "failed"
    assert len(list(kept.rglob("notebook.ipynb"))) == 1


@pytest.mark.slow
def test_a_study_is_not_run_again_until_something_changes(tmp_path, small_extract):
    site = project(tmp_path)
    words = ("--extract", small_extract, "--out", site / "out")
    runs = [evalml("run", site / "params/base.yaml", *words) for _ in range(2)]
    assert [done.returncode for done in runs] == [0, 0], runs[0].stderr
    assert ["nothing changed" in done.stdout for done in runs] == [False, True]
    assert len(list((site / "out/base").glob("[0-9]*"))) == 1
    changed = evalml("run", small_params(site, "base", notebook="quick", seed=2), *words)
    assert changed.returncode == 0, changed.stderr
    assert "nothing changed" not in changed.stdout
    assert len(list((site / "out/base").glob("[0-9]*"))) == 2
