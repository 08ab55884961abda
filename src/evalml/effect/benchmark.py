"""How far an estimate falls from the answer of an experiment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.effect.effect import Effect


def as_experiment(answer: Effect) -> Effect:
    """Return the experimental estimate, marked as such among the others."""
    return replace(answer, subgroup="comparison_group", subgroup_value="experiment")


def gaps(effects: Sequence[Effect], answer: Effect) -> pd.DataFrame:
    """Return one row per method: its estimate, its distance from the answer, and who covers it.

    Args:
        effects: Estimates with another comparison group.
        answer: Difference in means of the experiment.

    Returns:
        Columns method, estimate, ci_low, ci_high, gap (estimate less answer) and covers (whether
        the interval holds the answer).
    """
    first = ("experiment", answer.estimate, answer.ci_low, answer.ci_high, 0.0, True)
    rows = [
        (e.method, e.estimate, e.ci_low, e.ci_high, e.estimate - answer.estimate,
         bool(e.ci_low <= answer.estimate <= e.ci_high))
        for e in effects
    ]  # fmt: skip
    return pd.DataFrame(
        [first, *rows], columns=["method", "estimate", "ci_low", "ci_high", "gap", "covers"]
    )
