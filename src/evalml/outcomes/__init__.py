"""What happened, as named and sourced outcomes."""

from evalml.outcomes.compute import Outcomes, choose_outcomes, compute_outcomes, outcomes_table
from evalml.outcomes.outcome import OUTCOMES, Outcome

__all__ = [
    "OUTCOMES",
    "Outcome",
    "Outcomes",
    "choose_outcomes",
    "compute_outcomes",
    "outcomes_table",
]
