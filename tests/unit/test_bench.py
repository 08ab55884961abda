"""The benchmark is honest: everyone does the same job, and a difference or an absence is said."""

from __future__ import annotations

import ast
from dataclasses import replace
from importlib import import_module

import pytest
from benchmarks.growth import exponent, sizes_up_to
from benchmarks.harness import Row, Taken, Way, difference, lines_of, run_row
from benchmarks.page import bench_page, read, section
from benchmarks.rows import ROWS
from tests_root import ROOT

BY_HAND = [
    ("benchmarks.cohort:ours", "benchmarks.cohort:by_hand"),
    ("benchmarks.cohort:ours", "benchmarks.cohort_pandas:panel"),
    ("benchmarks.indicators:ours", "benchmarks.indicators:by_hand"),
    ("benchmarks.indicators:ours", "benchmarks.cohort_pandas:indicators"),
]
IN_CORE = [
    ("benchmarks.persons", "ipw", "ipw_statsmodels", 1e-4),
    ("benchmarks.persons", "entropy", "entropy_scipy", 1e-5),
    ("benchmarks.persons", "match_space", "match_space_sklearn", 1e-9),
    ("benchmarks.durations", "cox", "cox_statsmodels", 1e-6),
]


def answer(job: str, folder):
    module, name = job.split(":")
    return getattr(import_module(module), name)(folder)()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small_extract):
    made = tmp_path_factory.mktemp("bench")
    (made / "extract").symlink_to(small_extract)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("ours", "theirs"), BY_HAND, ids=[b for _, b in BY_HAND])
def test_the_job_by_hand_gives_every_figure_of_the_stages(folder, ours, theirs):
    expected = answer(ours, folder)
    assert sum(expected) > 1000, "an empty cohort agrees with anything"
    assert difference([float(x) for x in answer(theirs, folder)], expected) < 1e-9


@pytest.mark.parametrize(("module", "ours", "theirs", "tolerance"), IN_CORE)
def test_a_peer_of_the_core_gives_the_same_answer(tmp_path, module, ours, theirs, tolerance):
    import_module(module).write(tmp_path, 1500)
    expected = answer(f"{module}:{ours}", tmp_path)
    assert difference(answer(f"{module}:{theirs}", tmp_path), expected) < tolerance


def test_every_row_puts_evalml_first_and_names_jobs_that_are_there():
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.ways[0].name == "evalml"
        for job in [row.data, *(way.job for way in row.ways)]:
            module, name = job.split(":")
            if module.endswith(".R"):
                assert f"  {name} = function()" in (ROOT / "benchmarks" / module).read_text()
                continue
            tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
            assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, job


def tiny(*ways: Way) -> Row:
    return Row("tiny", "Tiny", "benchmarks.run_parts:nothing", "things", {"quick": 1}, ways)


def test_a_peer_that_is_not_there_or_fails_gives_its_reason_and_no_crash(tmp_path):
    absent = Way("absent", "benchmarks.persons:ipw", "no-such-package")
    failing = Way("failing", "benchmarks.persons:ipw")  # its data were never written
    heavy = Way("heavy", "benchmarks.persons:ipw", limit=0, why="too slow beyond 0")
    row = tiny(absent, failing, heavy)
    taken = run_row(row, 1, tmp_path, tmp_path / "python", most=1, budget=0)
    assert "no-such-package is not installed" in taken["absent"].missing
    assert taken["failing"].missing.startswith("it failed: FileNotFoundError")
    assert taken["heavy"].missing == "too slow beyond 0"


def test_another_answer_is_said_in_the_results_and_on_the_page():
    row = replace(tiny(Way("evalml", "x:y"), Way("peer", "x:z")), tolerance=1e-6)
    taken = {
        "evalml": Taken([2.0], [2.0], [100.0], [1.0, 5.0]),
        "peer": Taken([4.0], [4.0], [50.0], [1.0, 5.1]),
    }
    ours, peer = lines_of(row, 1, taken)
    assert "ratio" not in ours
    assert (peer["ratio"], peer["agrees"]) == (0.5, "NO")
    columns = ("version", "part", "ratio", "gap", "agrees", "note")
    lines = [{k: str(v) for k, v in (dict.fromkeys(columns, "") | x).items()} for x in (ours, peer)]
    assert "no: they differ by 2e-02" in section(row, lines)


def test_answers_of_different_lengths_never_agree():
    assert difference([1.0], [1.0, 2.0]) == float("inf")


def test_the_committed_results_agree_and_the_page_shows_them():
    lines = [
        line
        for name in ("quick", "full")
        for line in read(ROOT / "benchmarks" / "results" / f"{name}.csv")
    ]
    assert lines
    assert not [line["way"] for line in lines if line["agrees"] == "NO"]
    page = bench_page()
    assert all(row.title in page for row in ROWS if row.name in {line["row"] for line in lines})


def test_growth_of_a_power_of_n_is_its_exponent_and_small_sizes_do_not_count():
    sizes = [10_000, 100_000, 1_000_000, 5_000_000]
    seconds = {n: 3.0 * (n / 1e5) ** 1.1 for n in sizes} | {10_000: 2.9}
    assert exponent(seconds) == pytest.approx(1.1)
    assert sizes_up_to(5_000_000) == sizes
    assert sizes_up_to(20_000) == [10_000, 20_000]


def test_the_growth_section_adds_the_stages_and_keeps_the_peak_apart():
    row = next(row for row in ROWS if row.name == "growth")
    stages = {"cohort": 2.0, "effects": 3.0, "peak MB": 812.0}
    lines = [
        {"part": f"{stage} @ {n}", "seconds": str(value * n / 1e5), "size": "1000000"}
        for n in (100_000, 1_000_000)
        for stage, value in stages.items()
    ]
    said = section(row, lines)
    assert "| all | 5.00 | 50.00 | 1.00 |" in said
    assert "| peak MB | 812 | 8120 |  |" in said
