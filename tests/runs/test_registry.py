"""All runs as one table, their results as one frame, and two of them side by side."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from runs.small import evalml, grid, project

import evalml as ev
from evalml.errors import DataError, StudyError
from evalml.run.certify import certify, compare_table, read_record
from evalml.run.provenance import refuse_unexpected, rerun_command
from evalml.run.registry import LEVELS, compare_effects, moved_by, verdict_of
from evalml.run.staleness import Difference, sentences
from evalml.settings import Settings

pytestmark = pytest.mark.slow


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


def test_a_reviewer_makes_a_run_again_and_signs(site, small_extract):
    [run] = (site / "runs/s_1").glob("[0-9]*")
    done = evalml("certify", run, "--signer", "A. Martin", "--extract", small_extract)
    assert done.returncode == 0, done.stderr
    found = json.loads((run / "certificate.json").read_text("utf-8"))
    assert (found["verdict"], found["signer"]) == ("reproduced", "A. Martin")
    assert found["cells_different"] == 0 < found["cells_equal"]
    assert all(then == now for then, now in found["hashes"].values())
    page = (run / "certificate.md").read_text("utf-8")
    assert page.startswith("# Certificat de reproduction")
    assert f"{found['cells_equal']} cases sur {found['cells_equal']} identiques" in page
    record = json.loads((run / "manifest.json").read_text("utf-8"))
    assert {"commit", "user", "asked"} <= record.keys()
    assert {o["privacy"] for o in record["outputs"] if "certificate" in o["path"]} == {"signed"}


def test_a_certificate_counts_the_cells_that_differ(site):
    [a], [b] = ((site / "runs" / name).glob("[0-9]*") for name in ("s_1", "s_2"))
    found = certify(a, b, "A. Martin")
    assert found.verdict == "different"
    assert found.different == len(found.differences) == 6 * 3  # the study, two numbers a row
    assert {(each["table"], each["column"]) for each in found.differences} == {
        ("effects", "study"), ("effects", "estimate"), ("effects", "std_error"),
    }  # fmt: skip
    assert any("seed" in line for line in found.inputs)


def test_a_table_with_a_row_more_differs_by_its_cells():
    short, long = pd.DataFrame({"a": ["1"], "b": ["x"]}), pd.DataFrame({"a": ["1.5", "2"]})
    counted, found = compare_table("results/t.csv", short, long)
    assert (counted.cells, counted.different) == (4, 3)
    assert counted.largest == pytest.approx(1 / 3)
    assert [each["now"] for each in found] == ["1.5", None, "2"]


def test_a_run_whose_file_was_changed_is_not_certified(site, tmp_path):
    [run] = (site / "runs/s_2").glob("[0-9]*")
    copy = shutil.copytree(run, tmp_path / run.name)
    read_record(copy)
    (copy / "results/effects.csv").write_text("a\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"results/effects\.csv of .* is not the file"):
        read_record(copy)


def test_the_command_of_a_note_refuses_other_inputs(site, small_extract):
    [run] = (site / "runs/s_1").glob("[0-9]*")
    hashes = json.loads((run / "manifest.json").read_text("utf-8"))["hashes"]
    settings = Settings(small_extract, site / "runs")
    command = rerun_command("evalml run s_1", settings, hashes)
    expected = command.partition("--expect ")[2]
    refuse_unexpected(hashes, expected)
    with pytest.raises(StudyError, match="give with --extract the extract the note names"):
        refuse_unexpected({**hashes, "extract": "0" * 64}, expected)
    with pytest.raises(StudyError, match="write NAME=HASH"):
        refuse_unexpected(hashes, "colour=blue")
    done = evalml("run", run / "params.yaml", "--extract", small_extract, "--out", site / "o",
                  "--expect", "params=000000000000")  # fmt: skip
    assert done.returncode == 2
    assert "the inputs are not those expected: a key of the study differs" in done.stderr
    assert not (site / "o").exists()


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
    hidden = [
        frame.assign(estimate=float("nan"), n_treated=n) for frame, n in ((base, 300), (base, 90))
    ]
    assert list(compare_effects(*hidden)["moved"]) == ["same", "same"]


def test_a_list_that_changed_is_told_by_what_came_and_went():
    before = Difference("params", "methods", '["diff", "ipw"]', '["diff", "aipw"]')
    assert sentences([before]) == ["params key methods: -ipw, +aipw"]
    stages = [Difference("source", name, "a", "b") for name in ("checks", "effect")]
    assert sentences(stages) == ["source of evalml changed in checks, effect"]


def test_the_verdict_never_blames_one_input_of_several():
    two = (Difference("extract", "jeunes", "a", "b"), Difference("notebook", "", "a", "b"))
    assert "change one at a time" in verdict_of(two, 3, 10)
    tables = tuple(Difference("extract", name, "a", "b") for name in ("jeunes", "situations"))
    assert verdict_of(tables, 3, 10).startswith(
        "only one input differs (extract changed in jeunes, s"
    )
    assert "not reproducible" in verdict_of((), 3, 10)
