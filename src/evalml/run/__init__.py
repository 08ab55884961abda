"""Run the notebooks of studies; knows notebooks, no statistics."""

from evalml.run.execute import Plan, execute, plan_run
from evalml.run.parameters import read_parameters
from evalml.run.provenance import hashes_of, versions

__all__ = [
    "Plan",
    "execute",
    "hashes_of",
    "plan_run",
    "read_parameters",
    "versions",
]
