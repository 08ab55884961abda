"""What an estimator returns: one flat row of plain numbers per estimate, and their table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.methods.variance import critical_value, p_values
from evalml.results import ESTIMATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.arrays import Vector
    from evalml.methods.variance import Sampling


@dataclass(frozen=True, slots=True)
class Effect:
    """One estimate.

    Attributes:
        outcome: Name of the outcome.
        horizon_months: Months since time zero, None for a table without time.
        estimand: `att`, `ate`, `ato` (overlap), `late`, ...
        method: `diff`, `ols`, `regression_imputation`, `match`, `ipw`, `ebal`, `aipw`, ...
        estimate: Effect, in `unit`.
        std_error: Standard error.
        ci_low: Lower bound of the 95 % interval.
        ci_high: Upper bound of the 95 % interval.
        p_value: Two-sided, of no effect.
        n_treated: Rows of the treated arm used.
        n_comparison: Rows of the comparison arm used.
        mean_treated: Mean outcome of the treated arm used.
        mean_comparison: Mean outcome without treatment, as estimated for the estimand.
        unit: Unit of the estimate.
        subgroup: Name of the subgroup variable, empty for all.
        subgroup_value: Its value, empty for all.
        details: What else the method has to say (matched, dropped, effective sample size,
            warnings, ...), ready for JSON; never a person's value.
        influence: Influence values summed by cluster, shape (clusters,), where they were kept: two
            estimates that share clusters are not independent.
    """

    outcome: str
    horizon_months: int | None
    estimand: str
    method: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    n_treated: int
    n_comparison: int
    mean_treated: float
    mean_comparison: float
    unit: str
    subgroup: str = ""
    subgroup_value: str = ""
    details: dict[str, Any] = field(default_factory=dict, compare=False)
    influence: Vector | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        """Name of the outcome with the horizon as a suffix, such as `emploi_m12`."""
        at = self.horizon_months
        return self.outcome if at is None else f"{self.outcome}_m{at}"

    @property
    def smallest_arm(self) -> int:
        """Rows of the smaller of the two arms."""
        return min(self.n_treated, self.n_comparison)


@dataclass(frozen=True, slots=True)
class Naming:
    """Method, outcome, unit and coverage of an estimate."""

    method: str
    outcome: str
    unit: str = ""
    level: float = 0.95


def effect_of_influence(
    estimate: float,
    influence: Vector,
    sampling: Sampling,
    naming: Naming,
    *,
    counts: tuple[int, int],
    mean_treated: float,
    details: dict[str, Any],
    estimand: str = "att",
) -> Effect:
    """Return an estimate as a flat row, its error from its influence by sampled unit.

    Args:
        estimate: The effect.
        influence: Shape (n,), summing to the error of the estimate.
        sampling: What was sampled.
        naming: Its names, and the coverage of its interval.
        counts: Rows of the treated and of the comparison arm.
        mean_treated: Mean outcome of the treated.
        details: What else there is to say, ready for JSON.
        estimand: `att` or `late`.
    """
    se = float(np.sqrt(influence @ influence * sampling.factor))
    half = critical_value(sampling, naming.level) * se
    return Effect(
        outcome=naming.outcome,
        horizon_months=None,
        estimand=estimand,
        method=naming.method,
        estimate=estimate,
        std_error=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        p_value=float(p_values(np.array([estimate]), np.array([se]), sampling)[0]),
        n_treated=counts[0],
        n_comparison=counts[1],
        mean_treated=mean_treated,
        mean_comparison=mean_treated - estimate,
        unit=naming.unit,
        details=details,
    )


def effects_table(effects: Iterable[Effect]) -> pd.DataFrame:
    """Return one row per effect, the columns in the order of effects.csv."""
    rows = [{name: getattr(effect, name) for name in ESTIMATE} for effect in effects]
    table = pd.DataFrame(rows, columns=ESTIMATE)
    table["horizon_months"] = table["horizon_months"].astype("Int64")
    return table
