"""Inverse-probability-of-censoring weights: those still seen stand for those lost.

Robins and Finkelstein (2000), doi:10.1111/j.0006-341X.2000.00779.x. The probability of being seen
up to a horizon comes from discrete-time hazards of being lost, given covariates at time zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.effect.discrete_hazard import HazardData, HazardFit, fit_hazard
from evalml.effect.effect import Effect
from evalml.effect.panel_variance import critical_value, p_values, sampling_of
from evalml.errors import DataError, EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector


@dataclass(frozen=True, slots=True, repr=False)
class FollowUp:
    """How long each person is followed.

    Attributes:
        months: Months followed from time zero, shape (n,); the horizon or more when seen to it.
        lost: Whether follow-up ended because the person was lost (not by the end of the study, nor
            by an event that settles the outcome), shape (n,).
        X: Covariates at time zero, without constant, shape (n, p); p = 0 for none.
        horizon: Month at which the outcome is wanted.
    """

    months: IntVector
    lost: BoolVector
    X: Matrix
    horizon: int

    def __post_init__(self) -> None:
        """Refuse a horizon that is not a number of months."""
        if self.horizon < 1:
            raise DataError("the horizon counts months after time zero: 1 or more")


@dataclass(frozen=True, slots=True, repr=False)
class CensoringWeights:
    """Weights of those who are seen.

    Attributes:
        weight: 1 / P(seen to the horizon), 0 for the lost, shape (n,).
        slope: Derivative of the log weight in the parameters of the hazards, shape (n, m).
        hazard: The fitted hazards of being lost.
        largest: Largest weight.
        lost: Number of persons lost before the horizon.
    """

    weight: Vector
    slope: Matrix
    hazard: HazardFit
    largest: float
    lost: int


def censoring_weights(follow: FollowUp, sample: Vector | None = None) -> CensoringWeights:
    """Return the weights that undo losses before the horizon.

    A person lost in month k is seen up to month k - 1 and at risk of being lost in month k.

    Args:
        follow: Follow-up of each person.
        sample: Sampling or bootstrap weights, shape (n,).

    Raises:
        EstimationError: Everybody is lost, or a covariate decides who is.
    """
    n, H = follow.months.size, follow.horizon
    gone = follow.lost & (follow.months < H)
    if gone.all():
        raise EstimationError("everybody is lost before the horizon; nothing is observed there")
    last = np.minimum(follow.months + gone, H).astype(np.int64)
    w = np.ones(n) if sample is None else sample
    fit = fit_hazard(HazardData(last, gone, follow.X, w, H))
    log_seen = np.zeros(n)
    slope = np.zeros((n, fit.influence.shape[1]))
    for place, month in enumerate(fit.active + 1):
        rows = np.flatnonzero(last >= month)
        h = fit.hazard(follow.X[rows], int(month))
        log_seen[rows] += np.log1p(-h)
        slope[rows, place] += h
        slope[rows, fit.active.size :] += h[:, None] * follow.X[rows]
    weight = np.where(gone, 0.0, np.exp(-log_seen))
    return CensoringWeights(weight, slope, fit, float(weight.max()), int(gone.sum()))


def weighted_mean(
    y: Vector, weights: CensoringWeights, sample: Vector | None = None
) -> tuple[float, Vector]:
    """Return the mean outcome undone of losses, and the influence of each person on it.

    Args:
        y: Outcome at the horizon, shape (n,); anything (NaN) for the lost.
        weights: Weights of the seen.
        sample: Sampling weights, shape (n,).
    """
    w = weights.weight if sample is None else weights.weight * sample
    known = np.where(w > 0, y, 0.0)
    if np.isnan(known).any():
        raise DataError(
            f"{int(np.isnan(known).sum())} persons are seen to the horizon without an outcome; "
            "count them as lost"
        )
    total = w.sum()
    mean = float(w @ known / total)
    direct = w * (known - mean) / total
    influence: Vector = direct + weights.hazard.influence @ (direct @ weights.slope)
    return mean, influence


def ipcw_effect(
    y: Vector,
    treated: BoolVector,
    follow: FollowUp,
    cluster: IntVector | None = None,
    *,
    outcome: str = "",
    unit: str = "",
    level: float = 0.95,
) -> Effect:
    """Return the difference of mean outcomes at the horizon, losses undone arm by arm.

    Each arm has its own model of losses; the variance counts that it is estimated.

    Args:
        y: Outcome at the horizon, shape (n,); NaN for the lost.
        treated: True in the treated arm, shape (n,).
        follow: Follow-up of each person.
        cluster: Codes of the clusters, shape (n,), or None.
        outcome: Name of the outcome.
        unit: Unit of the estimate.
        level: Coverage.

    Raises:
        EstimationError: An arm is empty or wholly lost, separation, one cluster.
    """
    sampling = sampling_of(cluster, y.size)
    influence, means, details = np.zeros(y.size), {}, {}
    for arm, sign in ((True, 1.0), (False, -1.0)):
        rows = treated == arm
        name = "treated" if arm else "comparison"
        if not rows.any():
            raise EstimationError(f"the {name} arm is empty")
        part = FollowUp(follow.months[rows], follow.lost[rows], follow.X[rows], follow.horizon)
        weights = censoring_weights(part)
        means[arm], psi = weighted_mean(y[rows], weights)
        influence[rows] = sign * psi
        details[name] = _describe(weights)
    estimate = means[True] - means[False]
    psi = sampling.collapse(influence)
    se = float(np.sqrt(psi @ psi * sampling.factor))
    half = critical_value(sampling, level) * se
    return Effect(
        outcome=outcome,
        horizon_months=follow.horizon,
        estimand="ate",
        method="ipcw",
        estimate=estimate,
        std_error=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        p_value=float(p_values(np.array([estimate]), np.array([se]), sampling)[0]),
        n_treated=int(treated.sum()),
        n_comparison=int((~treated).sum()),
        mean_treated=means[True],
        mean_comparison=means[False],
        unit=unit,
        details=details | {"warnings": sampling.warnings()},
    )


def _describe(weights: CensoringWeights) -> dict[str, Any]:
    w = weights.weight
    return {
        "lost": weights.lost,
        "largest_weight": weights.largest,
        "effective_sample_size": float(w.sum() ** 2 / (w @ w)),
    }
