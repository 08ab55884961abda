"""Grace periods: clone each person into both strategies, censor at deviation, weight.

Hernan et al. (2016), doi:10.1016/j.jclinepi.2016.04.014; Cain et al. (2010),
doi:10.2202/1557-4679.1212. Two strategies: start within the first `grace` months; start in none.
A person who has neither started nor deviated belongs to both arms, so that nobody is placed in an
arm by what happens later (no immortal time).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from evalml.effect.discrete_hazard import HazardData, fit_hazard
from evalml.effect.effect import Effect
from evalml.effect.panel_variance import sampling_of
from evalml.errors import DataError, EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Matrix, Vector


@dataclass(frozen=True, slots=True, repr=False)
class GraceData:
    """Persons eligible at time zero, in months from there.

    In a month, a start comes before the event, and the event before the end of follow-up.

    Attributes:
        start: Month 1, 2, … in which treatment starts; 0 for not during follow-up, shape (n,).
        months: Last month followed, 1 or more, shape (n,).
        event: Whether the event happens in that month, 0 or 1, shape (n,).
        X: Covariates at time zero, without constant, shape (n, p).
        grace: Months within which treatment may start.
        horizon: Month at which the risk is wanted.
        cluster: Codes of the clusters, shape (n,), or None.
    """

    start: IntVector
    months: IntVector
    event: IntVector
    X: Matrix
    grace: int
    horizon: int
    cluster: IntVector | None = None

    def __post_init__(self) -> None:
        """Refuse impossible months."""
        if not 1 <= self.grace <= self.horizon:
            raise DataError("the grace period counts months, from 1 to the horizon")
        if (self.months < 1).any():
            raise DataError(f"{int((self.months < 1).sum())} persons are followed for no month")


@dataclass(frozen=True, slots=True)
class GraceRisk:
    """Risk of the event at the horizon under each strategy.

    Attributes:
        start: Risk if all start within the grace period.
        no_start: Risk if nobody starts within it.
        mean_start: Mean months without the event up to the horizon, first strategy.
        mean_no_start: The same, second strategy.
        largest_weight: Largest weight in either arm.
        deviated: Clones censored in the two arms.
    """

    start: float
    no_start: float
    mean_start: float
    mean_no_start: float
    largest_weight: float
    deviated: tuple[int, int]


def grace_risk(data: GraceData, sample: Vector | None = None) -> GraceRisk:
    """Return the risks under both strategies.

    The hazard of starting, given covariates, gives both weights: those who follow "start" after
    the grace period were not censored at its end (they started in its last month: 1 / hazard, or
    before: 1); those who follow "no start" did not start in any of its months.

    Args:
        data: Persons.
        sample: Weights of persons (bootstrap multiplicities), shape (n,).

    Raises:
        EstimationError: Nobody follows one of the strategies, separation.
    """
    w = np.ones(data.start.size) if sample is None else sample
    g = data.grace
    starts = (data.start >= 1) & (data.start <= np.minimum(g, data.months))
    last = np.minimum(np.where(starts, data.start, data.months), g).astype(np.int64)
    fit = fit_hazard(HazardData(last, starts, data.X, w, g))
    final = fit.hazard(data.X, g)
    stay = [w * 1.0]
    for month in range(1, g + 1):
        stay.append(stay[-1] / (1 - fit.hazard(data.X, month)))
    late = starts & (data.start == g)
    after = np.where(late, w / np.where(late, final, 1.0), w)
    deviates = ~starts & (data.months >= g)
    event = data.event == 1
    survival = {True: [1.0], False: [1.0]}
    largest = 0.0
    for month in range(1, data.horizon + 1):
        here = data.months >= month
        arm1 = here & ~(deviates & (month >= g))
        arm0 = here & ~(starts & (data.start <= month))
        for arm, rows, weight in (
            (True, arm1, after if month >= g else w),
            (False, arm0, stay[min(month, g)]),
        ):
            v = weight[rows]
            total = float(v.sum())
            if total <= 0:
                raise EstimationError(
                    f"nobody follows the strategy '{'start' if arm else 'no start'}' up to month "
                    f"{month}; shorten the horizon or change the grace period"
                )
            hazard = float(v[event[rows] & (data.months[rows] == month)].sum()) / total
            survival[arm].append(survival[arm][-1] * (1 - hazard))
            largest = max(largest, float((v / np.maximum(w[rows], 1e-300)).max()))
    return GraceRisk(
        start=1 - survival[True][-1],
        no_start=1 - survival[False][-1],
        mean_start=float(sum(survival[True][:-1])),
        mean_no_start=float(sum(survival[False][:-1])),
        largest_weight=largest,
        deviated=(int(deviates.sum()), int(starts.sum())),
    )


def grace_effect(
    data: GraceData,
    *,
    outcome: str = "",
    draws: int = 200,
    seed: int = 1,
    level: float = 0.95,
) -> Effect:
    """Return the difference of risks at the horizon, with a bootstrap by person weights.

    Each draw gives a weight to each person (or cluster), Exponential(1), and estimates all again;
    no cohort is rebuilt.

    Args:
        data: Persons.
        outcome: Name of the event.
        draws: Bootstrap draws.
        seed: Seed of the draws.
        level: Coverage of the interval, which is normal with the bootstrap's standard error.

    Raises:
        EstimationError: Nobody follows one of the strategies, separation, one cluster.
    """
    sampling = sampling_of(data.cluster, data.start.size)
    risk = grace_risk(data)
    rng = np.random.Generator(np.random.PCG64(seed))
    values = np.empty((draws, 2))
    for k in range(draws):
        weights = rng.exponential(size=sampling.n)
        sample = weights if data.cluster is None else weights[data.cluster]
        again = grace_risk(data, sample)
        values[k] = again.start - again.no_start, again.mean_start - again.mean_no_start
    se = values.std(axis=0, ddof=1) * np.sqrt(sampling.factor)
    estimate = risk.start - risk.no_start
    # From the bootstrap's error: percentiles of a few hundred draws are a point short.
    half = float(ndtri((1 + level) / 2)) * float(se[0])
    within = (data.start >= 1) & (data.start <= np.minimum(data.grace, data.months))
    return Effect(
        outcome=outcome,
        horizon_months=data.horizon,
        estimand="ate",
        method="clone_censor_weight",
        estimate=estimate,
        std_error=float(se[0]),
        ci_low=estimate - half,
        ci_high=estimate + half,
        p_value=float(2 * ndtr(-abs(estimate) / se[0])) if se[0] > 0 else float("nan"),
        n_treated=int(within.sum()),
        n_comparison=int((~within).sum()),
        mean_treated=risk.start,
        mean_comparison=risk.no_start,
        unit="proportion",
        details={
            "grace_months": data.grace,
            "mean_months_difference": risk.mean_start - risk.mean_no_start,
            "mean_months_std_error": float(se[1]),
            "clones_censored": {"start": risk.deviated[0], "no_start": risk.deviated[1]},
            "largest_weight": risk.largest_weight,
            "draws": draws,
            "seed": seed,
            "warnings": sampling.warnings(),
        },
    )
