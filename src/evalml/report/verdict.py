"""What the results amount to: the primary effect, how many checks hold, how sure that leaves us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.blinding import BLINDED, bears_on

if TYPE_CHECKING:
    from collections.abc import Mapping

FEW = 2
"""Failed or unjudged checks that still leave a middle certainty."""

NEVER = "att_never"
"""Estimand against never entering, in effects.csv."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Checks that bear on the primary outcome, by answer.

    Attributes:
        passed: How many passed.
        failed: How many failed.
        unjudged: How many asked a question that found no answer.
        gate_failed: Whether one that blinds is among those that failed.
        robust: Whether a sensitivity analysis is among those that passed.
    """

    passed: int
    failed: int
    unjudged: int
    gate_failed: bool
    robust: bool

    @property
    def certainty(self) -> str:
        """`none`, `low`, `middle` or `high`."""
        if self.gate_failed:
            return "none"
        open_questions = self.failed + self.unjudged
        if open_questions == 0 and self.passed:
            return "high" if self.robust else "middle"
        return "middle" if self.passed and open_questions <= FEW else "low"


def primary_effect(effects: pd.DataFrame, primary: Mapping[str, Any]) -> pd.Series | None:
    """Return the row of the primary outcome, horizon and method in the whole population.

    Two questions may be answered there: the one of the study comes first in its table, and that
    against never entering (`att_never`) is never the headline.
    """
    rows = effects[(effects["subgroup"] == "") & (effects["outcome"] == primary.get("outcome"))]
    rows = rows[rows["estimand"] != NEVER]
    horizon = primary.get("horizon_months")
    months = pd.to_numeric(rows["horizon_months"], errors="coerce")
    rows = rows[months.isna() if horizon is None else months == float(horizon)]
    chosen = rows[rows["method"] == primary.get("method")]
    return chosen.iloc[0] if len(chosen) else None


def is_blinded(effect: pd.Series) -> bool:
    """Return whether the number of an effect must not be shown."""
    return bool(effect["status"] == BLINDED or pd.isna(effect["estimate"]))


def is_bounded(effect: pd.Series) -> bool:
    """Return whether an effect is known by its bounds only, and they may be shown."""
    shown = effect["status"] != BLINDED
    return bool(shown and pd.isna(effect["estimate"]) and pd.notna(effect["ci_low"]))


def answer_of(passed: bool | None, value: Any, threshold: Any) -> str:
    """Return `passed`, `failed`, `unjudged`, or `information` where there is nothing to judge."""
    if passed is not None:
        return "passed" if passed else "failed"
    judged = pd.notna(threshold) or pd.isna(value)
    return "unjudged" if judged else "information"


def answers(checks: pd.DataFrame) -> list[str]:
    """Return the answer of every check."""
    columns = (checks["passed"], checks["value"], checks["threshold"])
    return [answer_of(*row) for row in zip(*columns, strict=True)]


def on_primary(checks: pd.DataFrame, primary: Mapping[str, Any]) -> pd.Series:
    """Return which checks bear on the outcome, and the horizon, declared beforehand."""
    outcome, horizon = str(primary.get("outcome", "")), primary.get("horizon_months")
    bearing = [bears_on(key, outcome, horizon) for key in checks["outcome"]]
    return pd.Series(bearing, index=checks.index, dtype="bool")


def tally(checks: pd.DataFrame, primary: Mapping[str, Any]) -> Tally:
    """Count the answers of the checks that bear on the primary outcome."""
    rows = checks[on_primary(checks, primary)]
    found = answers(rows)
    gate = any(
        answer == "failed" and gating for answer, gating in zip(found, rows["gating"], strict=True)
    )
    if gate:  # A sensitivity analysis speaks of the effect, which is not shown.
        found = [one for one, gating in zip(found, rows["gating"], strict=True) if gating]
        return Tally(
            found.count("passed"), found.count("failed"), found.count("unjudged"), gate, False
        )
    robust = any(
        answer == "passed" and not gating
        for answer, gating in zip(found, rows["gating"], strict=True)
    )
    return Tally(
        found.count("passed"), found.count("failed"), found.count("unjudged"), gate, robust
    )


def hides(check: Any, effects: pd.DataFrame) -> bool:
    """Return whether the sentence of a check could give away a blinded effect.

    A sensitivity analysis speaks of the effect on everybody: it is silent while that effect is,
    whatever small subgroups are masked. One that bears on no outcome in particular (negative
    controls, the spread of an instrument) speaks of none of the study's effects.
    """
    if check.gating or not check.outcome:
        return False
    whole = effects["subgroup"].fillna("") == ""
    blinded = effects[whole & (effects["status"] == BLINDED)]
    return any(
        bears_on(check.outcome, outcome, horizon)
        for outcome, horizon in zip(blinded["outcome"], blinded["horizon_months"], strict=True)
    )
