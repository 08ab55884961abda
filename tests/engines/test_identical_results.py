"""One study, three places: DuckDB, Spark and PostgreSQL give the same bytes."""

from __future__ import annotations

import json

import pytest
import yaml
from tests.engines.places import evalml
from tests_root import study_values

TABLES = ("effects", "flow", "balance", "trajectories", "observation", "checks", "protocol")


@pytest.fixture(scope="module")
def study(tmp_path_factory, root):
    """The CEJ study with fewer draws."""
    values = study_values("cej_2024_hdf")
    values |= {
        "study": "engines", "methods": ["diff", "ipw"], "subgroups": ["sexe"],
        "outcomes": ["emploi", "emploi_durable", "salaire_cumule"], "horizons": [6, 12],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "ipw"},
    }  # fmt: skip
    values["checks"] |= {"refits": 2, "draws": 99}
    values.pop("secondary", None)
    path = tmp_path_factory.mktemp("engines") / "engines.yaml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(study, extract, tmp_path_factory):
    """Run the study somewhere; returns the folder of the run."""

    def run(name, *options, place=extract, environment=None):
        out = tmp_path_factory.mktemp("engines") / name
        done = evalml(
            "run", study, "--extract", place, "--out", out, *options, environment=environment
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return next(p.parent for p in out.glob("engines/*/manifest.json"))

    return run


@pytest.fixture(scope="module")
def by_duckdb(finished):
    return finished("duckdb")


def results(run):
    return {p.name: p.read_bytes() for p in sorted((run / "results").glob("*.csv"))}


def engine_of(run):
    return json.loads((run / "manifest.json").read_text(encoding="utf-8"))["engine"]


def assert_same(run, other):
    wanted, found = results(run), results(other)
    assert {f"{name}.csv" for name in TABLES} <= wanted.keys()
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name]] == []


@pytest.mark.spark
def test_spark_gives_the_bytes_of_duckdb(finished, by_duckdb, spark_environment):
    run = finished("spark", "--engine", "spark", environment=spark_environment)
    assert engine_of(run) == "spark"
    assert_same(by_duckdb, run)


@pytest.mark.postgres
def test_postgresql_gives_the_bytes_of_the_files(finished, by_duckdb, in_postgres, server):
    run = finished("postgres", place=in_postgres)
    assert_same(by_duckdb, run)
    for path in run.rglob("*"):  # the password is nowhere, whatever is kept
        if path.is_file() and path.suffix not in {".png", ".pdf", ".docx"}:
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert server.reader_password not in text, path.name
