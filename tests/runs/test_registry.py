"""All runs as one table, their results as one frame, and two of them side by side."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from runs.small import evalml, grid, project

import evalml as ev
from evalml.errors import DataError
from evalml.run.registry import LEVELS, compare_effects, moved_by, verdict_of
from evalml.run.staleness import Difference, sentences

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("registry")]


@pytest.fixture(scope="module")
def site(tmp_path_factory, small_extract):
    """Three runs: two that differ by their seed alone, and one that failed."""
    site = project(tmp_path_factory.mktemp("registry"))
    cases = [{"name": str(n), "set": {"seed": n}} for n in (1, 2)]
    cases.append({"name": "bad", "set": {"notebook": "raises"}})
    path = grid(site, vary={"case": cases}, study="s_{case}", title="{base}")
    words = ("--extract", small_extract, "--out", site / "runs")
    assert evalml("batch", "--grid", path, *words).returncode == 1
    return site


def test_runs_lists_what_finished_and_what_failed(site):
    done = evalml("runs", "--out", site / "runs", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["study"]: row for row in json.loads(done.stdout)}
    assert {name: row["state"] for name, row in rows.items()} == {
        "s_1": "finished", "s_2": "finished", "s_bad": "failed",
    }  # fmt: skip
    assert rows["s_1"]["programme"] == "CEJ"
    assert rows["s_1"]["extract"] == rows["s_2"]["extract"] != rows["s_1"]["params"]
    assert "ZeroDivisionError" in rows["s_bad"]["reason"]


def test_results_of_many_runs_are_one_frame(site):
    frame = ev.results_of(site / "runs")
    assert list(frame.columns[:2]) == ["study", "run"]
    assert frame.groupby("study").size().to_dict() == {"s_1": 6, "s_2": 6}
    one = ev.results_of(*(site / "runs/s_2").glob("[0-9]*"))
    assert set(one["study"]) == {"s_2"}
    with pytest.raises(DataError, match="effects"):
        ev.results_of(site / "runs", table="efects")


def test_compare_names_the_one_input_that_made_the_figures_move(site):
    [a], [b] = ((site / "runs" / name).glob("[0-9]*") for name in ("s_1", "s_2"))
    done = evalml("compare", a, b, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["verdict"].startswith("only one input differs (params key seed: 1 → 2): it made")
    assert found["verdict"].endswith("it made 6 of 6 effects move, come or go")
    same = json.loads(evalml("compare", a, a, "--json").stdout)
    assert same["verdict"] == "no input differs and no effect moved: the run is reproduced"


def test_a_figure_has_moved_when_it_would_print_otherwise():
    assert moved_by(0.12341, 0.12341, proportion=True) == "same"
    assert moved_by(0.12341, 0.12344, proportion=True) == "within rounding"
    assert moved_by(0.1234, 0.1240, proportion=True) == "beyond rounding"
    assert moved_by(1794.3, 1794.4, proportion=False) == "within rounding"
    assert moved_by(1794.3, 1804.4, proportion=False) == "beyond rounding"
    assert moved_by(1.0, float("nan"), proportion=False) == LEVELS[3]


def test_one_figure_that_moves_among_many_is_found():
    base = pd.DataFrame(
        {"outcome": ["emploi", "emploi"], "horizon_months": [6, 12], "subgroup": "",
         "subgroup_value": "", "estimand": "att", "method": "aipw", "unit": "proportion",
         "estimate": [0.1, 0.2], "std_error": [0.01, 0.02], "n_treated": [300, 300]}
    )  # fmt: skip
    other = base.assign(estimate=[0.1, 0.25])
    effects = compare_effects(base, other, {"outcome": "emploi", "horizon": 12, "method": "aipw"})
    assert list(effects["horizon_months"]) == [12, 6]
    assert list(effects["moved"]) == ["beyond rounding", "same"]
    assert effects["difference"].iloc[0] == pytest.approx(0.05)


def test_a_list_that_changed_is_told_by_what_came_and_went():
    before = Difference("params", "methods", '["diff", "ipw"]', '["diff", "aipw"]')
    assert sentences([before]) == ["params key methods: -ipw, +aipw"]
    stages = [Difference("source", name, "a", "b") for name in ("checks", "effect")]
    assert sentences(stages) == ["source of evalml changed in checks, effect"]


def test_the_verdict_never_blames_one_input_of_several():
    two = (Difference("extract", "jeunes", "a", "b"), Difference("notebook", "", "a", "b"))
    assert "change one at a time" in verdict_of(two, 3, 10)
    assert "not reproducible" in verdict_of((), 3, 10)
