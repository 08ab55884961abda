"""Every study of params/ runs, from its file to its note, on a small world that has its years."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from tests_root import ROOT

from evalml.study import read_study
from evalml.synthetic.make import produce

COHORTS = [
    "cej_2022_hdf", "cej_2024_nord", "gj_2013_2016_france", "gj_2013_2016_hdf", "gj_2017_hdf",
    "iae_2024_hdf", "pacea_2019_hdf", "parrainage_2024_hdf",
]  # fmt: skip
"""One study per programme, design and kind of territory; the others differ by a year or a place."""
STUDIES = {name: read_study(name) for name in COHORTS}
WORLDS = {"rollout": ("gj_areas", 20_000)}
"""World and persons by design; the others run on ten years of Hauts-de-France."""
DECADE = ("decade", 12_000)
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("params")]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Run them all, in one batch a world."""
    root = tmp_path_factory.mktemp("params")
    worlds = {}
    for name in COHORTS:
        world = WORLDS.get(STUDIES[name].comparison.design, DECADE)
        worlds.setdefault(world, []).append(name)
    for (world, people), paths in worlds.items():
        produce(root / world, world=world, people=people, seed=7)
        batch(paths, root / world, root / "runs")
    return root / "runs"


def batch(paths, extract, out):
    command = [sys.executable, "-m", "evalml", "batch", *map(str, paths)]
    command += ["--extract", str(extract), "--out", str(out), "--jobs", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def the_run(runs, name):
    [folder] = [p.parent for p in (runs / name).glob("[0-9]*/manifest.json")]
    return folder


@pytest.mark.parametrize("name", COHORTS)
def test_a_study_runs_from_its_file_to_its_note(runs, name):
    folder, study = the_run(runs, name), STUDIES[name]
    effects = pd.read_csv(folder / "results/effects.csv")
    primary = effects[
        (effects["outcome"] == study.primary.outcome)
        & (effects["method"] == study.primary.method)
        & (effects["horizon_months"] == study.primary.horizon)
        & effects["subgroup"].isna()
        & (effects["estimand"] != "att_never")
    ]
    assert len(primary) == 1
    assert {p.suffix for p in folder.glob("note.*")} >= {".html", ".pdf", ".docx"}
    assert json.loads((folder / "manifest.json").read_text())["status"] == "finished"
    assert "données synthétiques" in (folder / "note.html").read_text().lower()


@pytest.mark.parametrize("name", [n for n in COHORTS if STUDIES[n].secondary])
def test_the_secondary_analyses_declared_are_those_made(runs, name):
    secondary = pd.read_csv(the_run(runs, name) / "results/secondary.csv")
    assert set(secondary["analysis"]) == set(STUDIES[name].secondary)
