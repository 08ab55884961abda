"""Cohort, panel and outcomes of a study: through the stages, and by hand in SQL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.harness import Row, Way

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

STAGES = ("study", "engine", "extract", "tables", "cohort", "panel", "outcomes")


def write(folder: Path, persons: int) -> None:
    """Write the synthetic extract."""
    from evalml.synthetic.make import produce

    produce(folder / "extract", people=persons, seed=1)


def numbers(counts: pd.DataFrame) -> list[float]:
    """Return the counts by arm and month as one list."""
    from benchmarks.cohort_sql import NAMES

    return list(counts[["k", *NAMES]].to_numpy(dtype=float).ravel())


def ours(folder: Path) -> Callable[[], list[float]]:
    """Return the job through the stages, their modules loaded."""
    from benchmarks import cohort_sql

    for stage in STAGES:
        import_module(f"evalml.{stage}")
    return lambda: numbers(cohort_sql.ours(folder / "extract"))


def by_hand(folder: Path) -> Callable[[], list[float]]:
    """Return the job in DuckDB SQL."""
    from benchmarks import cohort_sql

    return lambda: numbers(cohort_sql.by_hand(folder / "extract"))


ROW = Row(
    "cohort",
    "Cohort, 25-month panel and six outcomes of a CEJ study, from Parquet",
    "benchmarks.cohort:write",
    "persons",
    {"quick": 20_000, "full": 100_000},
    (
        Way("evalml", "benchmarks.cohort:ours"),
        Way("DuckDB SQL by hand", "benchmarks.cohort:by_hand", "duckdb"),
        Way("pandas by hand", "benchmarks.cohort_pandas:panel", "pandas"),
        Way("polars by hand", "benchmarks.cohort_polars:panel", "polars"),
    ),
    about="counts by arm, month and outcome",
)
