"""Opening an engine by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.engine.duck import Engine, open_duckdb
from evalml.errors import EvalmlError, nearest

if TYPE_CHECKING:
    from evalml.engine.duck import Engine

ENGINES = ("duckdb", "spark")


def open_engine(
    name: str = "duckdb", *, memory_limit: str | None = None, threads: int | None = None
) -> Engine:
    """Open an engine.

    Spark runs where the environment variable `EVALML_SPARK` says: `local[2]` (two threads of this
    machine, the default is all), `spark://…` or `yarn` (a cluster), `sc://…` (Spark Connect).

    Args:
        name: `duckdb` or `spark`.
        memory_limit: Memory the engine may take, such as `4GB`; past it DuckDB spills to disk.
        threads: Number of threads, all by default.

    Raises:
        EvalmlError: No engine has that name, or what it needs is not installed.
    """
    refuse_missing_engine(name)
    if name == "spark":
        from evalml.engine.spark import open_spark

        return open_spark(memory_limit, threads)
    return open_duckdb(memory_limit, threads)


def refuse_missing_engine(name: str) -> None:
    """Refuse an engine that is unknown, or that this machine cannot start.

    Raises:
        EvalmlError: Says what to install.
    """
    if name not in ENGINES:
        raise EvalmlError(f"no engine is called '{name}'; {nearest(name, ENGINES)}")
    if name == "spark":
        from evalml.engine.sites import require_spark

        require_spark()
