"""A batch on a cluster, and the benchmark of the peer that is installed here only."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import pytest
from benchmarks.harness import difference
from runs.small import evalml, grid, project, results
from tests.engines.places import lacking


def test_a_cluster_gives_the_same_bytes(tmp_path, small_extract):
    if find_spec("distributed") is None:
        lacking("dask is not installed: make engines")
    site = project(tmp_path / "site")
    path = grid(site, "cluster", vary={"seed": [1, 2, 3]}, study="d_{seed}")
    line = ("batch", "--grid", path, "--extract", small_extract, "--jobs", 2, "--out")
    assert evalml(*line, site / "here").returncode == 0
    done = evalml(*line, site / "cluster", "--backend", "dask")
    assert done.returncode == 0, done.stderr
    assert results(site / "cluster") == results(site / "here")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("benchmarks.cohort:ours", "benchmarks.cohort_polars:panel"),
        ("benchmarks.indicators:ours", "benchmarks.cohort_polars:indicators"),
    ],
)
def test_polars_by_hand_gives_every_figure_of_the_stages(tmp_path, small_extract, ours, theirs):
    if find_spec("polars") is None:
        lacking("polars is not installed: make engines")
    (tmp_path / "extract").symlink_to(small_extract)
    answers = []
    for job in (ours, theirs):
        module, name = job.split(":")
        answers.append([float(x) for x in getattr(import_module(module), name)(tmp_path)()])
    assert sum(answers[0]) > 1000
    assert difference(answers[1], answers[0]) < 1e-9
