"""Run the notebooks of studies; knows notebooks, no statistics."""

from evalml.run.currency import current_run, inputs_of
from evalml.run.execute import Plan, execute, plan_run
from evalml.run.parameters import read_parameters
from evalml.run.provenance import hashes_of, versions

__all__ = [
    "Plan",
    "current_run",
    "execute",
    "hashes_of",
    "inputs_of",
    "plan_run",
    "read_parameters",
    "versions",
]
