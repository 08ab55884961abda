"""Run the notebooks of studies; knows notebooks, no statistics."""

from evalml.run.currency import current_run, finished_runs, inputs_of
from evalml.run.differences import differences
from evalml.run.execute import How, execute
from evalml.run.parameters import read_parameters
from evalml.run.plan import Plan, plan_run
from evalml.run.provenance import hashes_of, versions

__all__ = [
    "How",
    "Plan",
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
