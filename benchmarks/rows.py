"""Every row of the benchmark, in the order of the page."""

from __future__ import annotations

from benchmarks import (
    cohort,
    durations,
    extract_check,
    growth,
    indicators,
    persons,
    rollout,
    run_parts,
)

ROWS = (
    cohort.ROW,
    indicators.ROW,
    *persons.ROWS,
    *rollout.ROWS,
    *durations.ROWS,
    extract_check.ROW,
    *run_parts.ROWS,
    growth.ROW,
)
BY_NAME = {row.name: row for row in ROWS}
