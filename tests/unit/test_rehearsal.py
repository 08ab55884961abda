"""The rehearsal says what the runs took, what failed and why, and what a server can hold."""

from __future__ import annotations

import json

import pytest
from benchmarks.rehearsal import WORLDS, options_of, tables
from benchmarks.rehearsal_page import jobs_that_fit, span
from benchmarks.rehearsal_runs import outcome_of, steps_of
from tests_root import ROOT

from evalml.months import month_number
from evalml.study import read_study
from evalml.synthetic.world import read_world

HEAD = "outcome,horizon_months,method,subgroup,n_treated,n_comparison\n"


def finished_run(root):
    run = root / "20260101T000000-aaaa"
    (run / "results").mkdir(parents=True)
    (run / "results" / "effects.csv").write_text(
        f"{HEAD}emploi,12,diff,,999,999\nemploi,12,aipw,,1200,34000\nemploi,12,aipw,sexe,1,1\n"
    )
    primary = {"outcome": "emploi", "horizon": 12, "method": "aipw"}
    record = {
        "parameters": {"programme": "CEJ", "primary": primary},
        "seconds": 60.5,
        "processor_seconds": 50.25,
        "peak_memory_mb": 812.4,
        "outputs": [{"bytes": 1 << 20}, {"bytes": 1 << 20}],
    }
    (run / "manifest.json").write_text(json.dumps(record))
    cells = [("ev.build_cohort()", 2.0), ("ev.build_panel()", 1.0), ("ev.build_cohort()", 3.0)]
    notebook = [
        {"cell_type": "code", "source": [text], "metadata": {"papermill": {"duration": seconds}}}
        for text, seconds in cells
    ]
    (run / "notebook.ipynb").write_text(json.dumps({"cells": notebook}))


def test_a_finished_study_is_told_with_its_arms_and_what_it_took(tmp_path):
    finished_run(tmp_path / "cej_2024_france")
    [row] = outcome_of(tmp_path / "cej_2024_france", "france_5_years", 100)
    assert (row["treated"], row["comparison"], row["effects"]) == ("1200", "34000", 3)
    assert (row["wall_s"], row["processor_s"], row["peak_mb"], row["run_mb"]) == (
        60.5, 50.25, 812, 2.0,
    )  # fmt: skip
    steps = {line["step"]: line["seconds"] for line in steps_of(tmp_path / "cej_2024_france")}
    assert steps == {"cohort": 5.0, "panel and outcomes": 1.0}


def test_a_failed_study_is_told_with_its_reason_and_one_not_run_is_not_told(tmp_path):
    failed = tmp_path / "gj_2017_france" / "failed" / "20260101T000000-aaaa"
    failed.mkdir(parents=True)
    said = {"seconds": 5.0, "peak_memory_mb": 900.0, "reason": "stopped in cell 4"}
    (failed / "status.json").write_text(json.dumps(said))
    [row] = outcome_of(failed.parents[1], "france_gj", 100)
    assert (row["state"], row["reason"], row["programme"]) == ("failed", "stopped in cell 4", "GJ")
    assert outcome_of(tmp_path / "cej_2024_france", "france_5_years", 100) == []
    assert steps_of(failed.parents[1]) == []


def test_the_rehearsal_has_every_programme_and_each_study_fits_its_world():
    programmes = set()
    for name, studies in WORLDS.items():
        world = read_world(name)
        for study in studies:
            asked = read_study(ROOT / "params" / f"{study}.yaml")
            programmes.add(asked.programme)
            assert asked.territory.national, study
            assert asked.programme in world.programmes, study
            assert world.period.start <= asked.entries.first, study
            last = month_number(asked.entries.last)
            if asked.comparison.design != "rollout":  # later, no area is closed any more
                last += asked.follow_up_months
            assert last <= month_number(world.period.end), study
    assert programmes == {"CEJ", "GJ", "PACEA", "PARRAINAGE", "IAE"}


def test_a_study_of_another_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        options_of(["--out", "x", "--studies", "cej_2031_france"])
    assert "cej_2031_france" in capsys.readouterr().err


def test_nothing_made_gives_no_rows(tmp_path):
    assert tables(tmp_path) == {"worlds": [], "runs": [], "steps": []}


def test_studies_at_once_are_those_whose_largest_fit_together():
    assert jobs_that_fit([4, 2, 3], 9, 16) == 3
    assert jobs_that_fit([4, 2, 3], 8, 16) == 2
    assert jobs_that_fit([4, 2, 3], 3, 16) == 0
    assert jobs_that_fit([1] * 40, 1000, 16) == 16


def test_the_batch_ends_with_the_last_of_the_places():
    assert span([5, 4, 3], 1) == 12
    assert span([5, 4, 3], 2) == 7
    assert span([5, 4, 3], 8) == 5
