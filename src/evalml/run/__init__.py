"""Run the notebooks of studies; knows notebooks, no statistics."""

from typing import TYPE_CHECKING

from evalml.deprecated import renamed
from evalml.run.execute import How, execute
from evalml.run.notebook import read_parameters
from evalml.run.provenance import hashes_of, versions
from evalml.run.staleness import (
    RunPlan,
    current_run,
    differences,
    finished_runs,
    inputs_of,
    plan_run,
)

__all__ = [
    "How",
    "RunPlan",
    "current_run",
    "differences",
    "execute",
    "finished_runs",
    "hashes_of",
    "inputs_of",
    "plan_run",
    "read_parameters",
    "versions",
]

if not TYPE_CHECKING:
    __getattr__ = renamed(__name__, {"Plan": "RunPlan"})
