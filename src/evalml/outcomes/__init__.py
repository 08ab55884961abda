"""What happened, as named and sourced outcomes."""

from evalml.outcomes.compute import (
    Outcomes,
    as_observed,
    check_effect,
    choose_outcomes,
    compute_outcomes,
    outcomes_table,
    refuse_silent,
)
from evalml.outcomes.controls import CONTROLS, check_controls, compute_controls
from evalml.outcomes.exits import exit_situations
from evalml.outcomes.intensity import compute_allowances, compute_intensity
from evalml.outcomes.outcome import OUTCOMES, Outcome, durable

__all__ = [
    "CONTROLS",
    "OUTCOMES",
    "Outcome",
    "Outcomes",
    "as_observed",
    "check_controls",
    "check_effect",
    "choose_outcomes",
    "compute_allowances",
    "compute_controls",
    "compute_intensity",
    "compute_outcomes",
    "durable",
    "exit_situations",
    "outcomes_table",
    "refuse_silent",
]
