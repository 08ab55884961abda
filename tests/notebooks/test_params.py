"""Every study of params/ runs, from its file to its note, on a small world that has its years."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from evalml.study import read_study

from .conftest import COHORTS, OPENING, the_run

STUDIES = {name: read_study(name) for name in (*COHORTS, OPENING)}
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", COHORTS)
def test_a_study_runs_from_its_file_to_its_note(runs, name):
    finished(the_run(runs, name), STUDIES[name])


@pytest.mark.parametrize("name", [n for n in COHORTS if STUDIES[n].secondary])
def test_the_secondary_analyses_declared_are_those_made(runs, name):
    secondary = pd.read_csv(the_run(runs, name) / "results/secondary.csv")
    assert set(secondary["analysis"]) == set(STUDIES[name].secondary)


def test_a_study_of_areas_runs_from_its_file_to_its_note(openings):
    finished(the_run(openings, OPENING), STUDIES[OPENING])


def finished(folder, study):
    """Hold a run to what each must leave: one primary effect, a note, a record, the stamp."""
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
