"""Weights for those lost: pooled hazards, inverse probability of censoring, grace periods.

D'Agostino et al. (1990), doi:10.1002/sim.4780091214. One intercept per month, the same covariates
in each month: Newton steps sum over months, so that n rows are held and never n times M.

Robins and Finkelstein (2000), doi:10.1111/j.0006-341X.2000.00779.x. The probability of being seen
up to a horizon comes from discrete-time hazards of being lost, given covariates at time zero.

Hernan et al. (2016), doi:10.1016/j.jclinepi.2016.04.014; Cain et al. (2010),
doi:10.2202/1557-4679.1212. Two strategies: start within the first `grace` months; start in none.
A person who has neither started nor deviated belongs to both arms, so that nobody is placed in an
arm by what happens later (no immortal time).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, ndtr, ndtri

from evalml.errors import DataError, EstimationError
from evalml.methods.effect import Effect
from evalml.methods.regression import NotConvergedError, maximise, whole_solver
from evalml.methods.variance import critical_value, p_values, sampling_of

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.methods.regression import NewtonState


@dataclass(frozen=True, slots=True, repr=False)
class HazardData:
    """Who is at risk in which months, and whose follow-up ends by the event.

    Attributes:
        last: Last month at risk, 1 … M, 0 for never at risk, shape (n,).
        event: Whether the event happens in that month, shape (n,).
        X: Covariates without constant, shape (n, p).
        weights: Shape (n,).
        months: Number M of months.
    """

    last: IntVector
    event: BoolVector
    X: Matrix
    weights: Vector
    months: int


@dataclass(frozen=True, slots=True, repr=False)
class HazardFit:
    """Fitted hazards.

    Attributes:
        alpha: Intercept of each month, shape (M,); minus infinity where nothing happens.
        beta: Coefficients of the covariates, shape (p,).
        influence: Influence of each row on (alpha of the months where something happens, beta),
            shape (n, m + p).
        active: Indices of those months, shape (m,).
    """

    alpha: Vector
    beta: Vector
    influence: Matrix
    active: IntVector

    def hazard(self, X: Matrix, month: int) -> Vector:
        """Return the hazard of each row in a month (1 … M)."""
        hazard: Vector = expit(self.alpha[month - 1] + X @ self.beta)
        return hazard


def fit_hazard(data: HazardData) -> HazardFit:
    """Fit the hazards by maximum likelihood, without penalty.

    Months in which nothing happens have a hazard of zero.

    Raises:
        EstimationError: Everybody at risk has the event in some month, or a covariate separates.
    """
    active = np.flatnonzero(np.bincount(data.last[data.event], minlength=data.months + 1)[1:])
    alpha, beta = np.full(data.months, -np.inf), np.zeros(data.X.shape[1])
    if active.size == 0:
        return HazardFit(alpha, beta, np.zeros(data.X.shape), active)
    mean, sd = data.X.mean(axis=0), data.X.std(axis=0)
    scaled = replace(data, X=(data.X - mean) / np.where(sd > 0, sd, 1.0))
    likelihood = _HazardLikelihood(scaled, active)
    start = np.concatenate([_start(scaled, active), beta])
    try:
        (theta,) = maximise(likelihood, (start,)).state
    except NotConvergedError:
        raise EstimationError(
            "a hazard model does not converge: a covariate separates those with the event from the "
            "others, or everybody at risk has it in some month; leave the covariate out"
        ) from None
    _, information, scores = _derivatives(scaled, active, theta, scores=True)
    rows = np.vstack([theta, np.linalg.solve(information, scores.T).T])
    rows[:, active.size :] /= np.where(sd > 0, sd, 1.0)
    rows[:, : active.size] -= rows[:, active.size :] @ mean[:, None]
    alpha[active] = rows[0, : active.size]
    return HazardFit(alpha, rows[0, active.size :], rows[1:], active)


@dataclass(frozen=True, slots=True, repr=False)
class _HazardLikelihood:
    """The likelihood of the hazards; its state is (intercepts and coefficients,)."""

    data: HazardData
    active: IntVector

    def step(self, state: NewtonState) -> tuple[NewtonState, Matrix]:
        gradient, information, _ = _derivatives(self.data, self.active, state[0], scores=False)
        message = "the covariates of a hazard model are collinear; leave one out"
        solver = whole_solver(information, message)
        return (solver.solve(gradient),), information

    def value(self, state: NewtonState) -> float:
        data, theta, total = self.data, state[0], 0.0
        index = data.X @ theta[self.active.size :]
        for place, month in enumerate(self.active + 1):
            rows = data.last >= month
            eta = theta[place] + index[rows]
            happened = (data.last[rows] == month) & data.event[rows]
            total += float(data.weights[rows] @ (happened * eta - np.logaddexp(0.0, eta)))
        return total


def _start(data: HazardData, active: IntVector) -> Vector:
    """Return the log odds of each month without covariates."""
    out = np.empty(active.size)
    for place, month in enumerate(active + 1):
        at_risk = data.last >= month
        total = float(data.weights[at_risk].sum())
        happened = float(data.weights[(data.last == month) & data.event].sum())
        if happened >= total:
            raise EstimationError(f"everybody at risk in month {month} has the event")
        out[place] = np.log(max(happened, 1e-12) / (total - happened))
    return out


def _derivatives(
    data: HazardData, active: IntVector, theta: Vector, *, scores: bool
) -> tuple[Vector, Matrix, Matrix]:
    """Return gradient and information over all months, and the scores of rows if asked."""
    m, p = active.size, data.X.shape[1]
    gradient, hessian = np.zeros(m + p), np.zeros((m + p, m + p))
    by_row = np.zeros((data.weights.size if scores else 0, m + p))
    index = data.X @ theta[m:]
    for place, month in enumerate(active + 1):
        rows = np.flatnonzero(data.last >= month)
        X, w = data.X[rows], data.weights[rows]
        h = expit(theta[place] + index[rows])
        residual = w * (((data.last[rows] == month) & data.event[rows]) - h)
        v = w * h * (1 - h)
        gradient[place] += residual.sum()
        gradient[m:] += residual @ X
        hessian[place, place] += v.sum()
        hessian[place, m:] += v @ X
        hessian[m:, m:] += (X * v[:, None]).T @ X
        if scores:
            by_row[rows, place] += residual
            by_row[rows, m:] += X * residual[:, None]
    hessian[m:, :m] = hessian[:m, m:].T
    return gradient, hessian, by_row


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
