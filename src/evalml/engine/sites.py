"""Where Spark runs, and whether this machine can reach it. Nothing here starts anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec

from evalml.engine.java import java_home
from evalml.errors import EvalmlError

SPARK = "EVALML_SPARK"
SCRATCH = "EVALML_SPARK_SCRATCH"

_PYSPARK = "pip install 'evalml-workbench[spark]'"
_CLIENT = "pip install 'evalml-workbench[spark-connect]'"


@dataclass(frozen=True, slots=True)
class Site:
    """A place where Spark runs.

    Attributes:
        url: `local`, `local[2]`, `spark://host:7077`, `yarn`, `k8s://…` or `sc://host:15002`.
        scratch: Folder (or URL) that every part of the cluster writes to and reads from.
    """

    url: str
    scratch: str | None = None

    @property
    def local(self) -> bool:
        """Whether Spark runs inside this machine."""
        return self.url.startswith("local")

    @property
    def connect(self) -> bool:
        """Whether it is reached through Spark Connect, which needs no Java here."""
        return self.url.startswith("sc://")


def spark_site(threads: int | None = None) -> Site:
    """Read from the environment where Spark runs; all threads of this machine by default."""
    default = f"local[{threads}]" if threads is not None else "local[*]"
    return Site(os.environ.get(SPARK) or default, os.environ.get(SCRATCH) or None)


def require_spark() -> None:
    """Refuse what cannot start.

    Raises:
        EvalmlError: One sentence that says what to install.
    """
    missing = spark_lacks(spark_site())
    if missing is not None:
        raise EvalmlError(missing)


def spark_lacks(site: Site) -> str | None:
    """Say what is missing to run Spark there, and what to install; None where nothing is."""
    if find_spec("pyspark") is None:
        install = _CLIENT if site.connect else _PYSPARK
        return f"the Spark engine needs pyspark, which is not installed: {install}"
    if site.connect:
        if find_spec("grpc") is None:
            return f"Spark Connect needs grpcio, which is not installed: {_CLIENT}"
        return None
    if java_home() is None:
        return (
            "the Spark engine needs Java 17 or 21, and none was found in JAVA_HOME or on the "
            f"PATH: {_PYSPARK} brings one"
        )
    return None
