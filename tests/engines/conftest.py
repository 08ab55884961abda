"""Spark and PostgreSQL for the tests, started here and ended here; absent, the tests skip."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest
from tests.engines.places import ROOT_ONLY, lacking, server_programs, started

QUICK_JAVA = "-XX:TieredStopAtLevel=1"
"""Short queries: the first of Java's two compilers is enough, and the tests take half the time."""


@pytest.fixture(scope="session")
def extract(tmp_path_factory):
    """An extract of 2 000 persons."""
    from evalml.synthetic.make import produce

    folder = tmp_path_factory.mktemp("engines") / "extract"
    produce(folder, people=2000, seed=11)
    return folder


@pytest.fixture(scope="session")
def spark_environment():
    """What a process needs to start Spark here; skips where it cannot."""
    from evalml.engine.spark import Site, spark_lacks

    missing = spark_lacks(Site("local[2]"))
    if missing is not None:
        lacking(missing)
    return {"EVALML_SPARK": "local[2]", "JAVA_TOOL_OPTIONS": QUICK_JAVA}


@pytest.fixture(scope="session")
def spark(spark_environment):
    """One Spark session for the tests of this process."""
    import evalml as ev

    before = dict(os.environ)
    os.environ.update(spark_environment)
    engine = ev.open_engine("spark", memory_limit="2GB")
    yield engine
    engine.session.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def server():
    """A server of this session: random port, temporary folder, gone with the session."""
    if find_spec("adbc_driver_postgresql") is None:
        lacking("adbc-driver-postgresql is not installed: make engines")
    if server_programs() is None:
        lacking("no PostgreSQL server here: make system")
    if ROOT_ONLY and shutil.which("runuser") is None:
        lacking("PostgreSQL does not run as the administrator, and runuser is missing")
    before = os.environ.get("PGPASSWORD")
    with started() as held:
        yield held
    os.environ.pop("PGPASSWORD", None)
    if before is not None:
        os.environ["PGPASSWORD"] = before


@pytest.fixture(scope="session")
def in_postgres(server, extract, tmp_path_factory):
    """The extract in the server: a folder that holds `extract.yaml` only."""
    server.load(extract, "imilo")
    folder = tmp_path_factory.mktemp("engines") / "in_postgres"
    folder.mkdir()
    header = (extract / "extract.yaml").read_text(encoding="utf-8")
    place = f"database: {{url: '{server.url(server.reader)}', schema: imilo}}\n"
    (folder / "extract.yaml").write_text(header + place, encoding="utf-8")
    return folder
