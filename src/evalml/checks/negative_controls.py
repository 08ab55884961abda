"""What does the method find where there is nothing to find?

Empirical calibration of Schuemie et al. (2014, https://doi.org/10.1002/sim.5925; intervals 2018,
https://doi.org/10.1073/pnas.1708282114), on the scale of differences: estimates on outcomes that
the programme cannot change follow N(mean, sd^2 + se_i^2), and the same error is taken off the
effect of interest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize
from scipy.special import ndtr, ndtri

from evalml.checks.check import Check
from evalml.checks.gaussian import box_probability
from evalml.effect.variance import infer
from evalml.errors import DataError
from evalml.values import Estimate, Interval, Name, Number, PValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.checks.refit import Estimators
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.effect.effect import Effect
    from evalml.values import Values


@dataclass(frozen=True, slots=True)
class SystematicError:
    """Distribution of the error that sampling does not explain.

    Attributes:
        mean: Mean error, in the unit of the effect.
        sd: Its standard deviation.
        n_controls: Negative controls it was learned from.
    """

    mean: float
    sd: float
    n_controls: int


@dataclass(frozen=True, slots=True)
class Calibrated:
    """An estimate with systematic error taken off.

    Attributes:
        estimate: Calibrated estimate.
        ci_low: Lower limit.
        ci_high: Upper limit.
        p_value: Two-sided p-value of no effect.
    """

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float


def fit_systematic_error(estimates: Vector, std_errors: Vector) -> SystematicError:
    """Return the maximum-likelihood mean and sd of the systematic error.

    Args:
        estimates: Estimates on negative controls, shape (k,).
        std_errors: Their standard errors, shape (k,).

    Raises:
        DataError: Not two finite controls, or shapes that differ.
    """
    if estimates.shape != std_errors.shape:
        raise DataError("each negative control has an estimate and a standard error")
    known = np.isfinite(estimates) & np.isfinite(std_errors) & (std_errors > 0)
    x, se = estimates[known], std_errors[known]
    if x.size < 2:  # noqa: PLR2004
        raise DataError(f"{x.size} usable negative controls; calibration needs at least two")
    # the mean is a closed form given the variance, so the likelihood has one unknown
    ceiling = float(np.ptp(x) + se.max()) + np.finfo(float).tiny
    found = optimize.minimize_scalar(
        lambda s: _deviance(s, x, se), bounds=(0.0, ceiling), method="bounded",
        options={"xatol": 1e-12 * max(ceiling, 1.0)},
    )  # fmt: skip
    sd = float(found.x) if _deviance(float(found.x), x, se) < _deviance(0.0, x, se) else 0.0
    return SystematicError(_mean(sd, x, se), sd, int(x.size))


def _mean(sd: float, x: Vector, se: Vector) -> float:
    w = 1 / (sd**2 + se**2)
    return float(w @ x / w.sum())


def _deviance(sd: float, x: Vector, se: Vector) -> float:
    v = sd**2 + se**2
    return float(np.sum(np.log(v) + (x - _mean(sd, x, se)) ** 2 / v))


def calibrate(
    estimate: float, std_error: float, error: SystematicError, alpha: float = 0.05
) -> Calibrated:
    """Return an estimate with the systematic error taken off and its interval widened by it."""
    total = float(np.hypot(std_error, error.sd))
    center = estimate - error.mean
    z = float(ndtri(1 - alpha / 2))
    p = 2 * float(ndtr(-abs(center) / total))
    return Calibrated(center, center - z * total, center + z * total, p)


def estimate_controls(
    comparison: Comparison, controls: Sequence[Measure], estimate: Estimators
) -> list[Effect]:
    """Return the estimates on outcomes that the programme cannot change, everything refitted.

    Args:
        comparison: The two arms.
        controls: Outcomes, such as the diploma obtained before the entry.
        estimate: Estimator; a control that it cannot estimate, known of nobody or the same for
            all, is left out: `check_unjudged_control` says so.
    """
    varied = tuple(c for c in controls if np.unique(c.values[c.known]).size > 1)
    if not varied:
        return []
    return [
        _at_least_of_persons(effect)
        for effect in estimate(replace(comparison, measures=varied))
        if np.isfinite(effect.std_error) and effect.std_error > 0
    ]


def _at_least_of_persons(effect: Effect) -> Effect:
    """Return an estimate whose error is no smaller than if persons were independent.

    Of several controls the smallest p-value counts: with a few dozen clusters, it is often one
    whose error the clusters happen to make too small.
    """
    error = float(effect.details.get("influence_se", 0.0))
    if error <= effect.std_error:
        return effect
    wider = infer(effect.estimate, error)
    return replace(
        effect,
        std_error=error,
        ci_low=wider.ci_low,
        ci_high=wider.ci_high,
        p_value=wider.p_value,
    )


def check_negative_control(effect: Effect, thresholds: Thresholds) -> Check:
    """Judge one negative control: its interval must hold no effect.

    Args:
        effect: Estimate on an outcome that the programme cannot change.
        thresholds: `alpha`.
    """
    name, control = "negative_control", Name("controls", effect.outcome)
    if not np.isfinite(effect.std_error) or effect.std_error <= 0:
        constant: Values = {"control": control}
        return Check(name, "constant", None, None, None, constant, gating=False)
    p = effect.p_value
    passed = p > thresholds.alpha
    values: Values = {
        "control": control,
        "effect": Estimate(effect.estimate, effect.unit, effect.smallest_arm),
        "p": PValue(p),
    }
    finding = "nothing" if passed else "effect"
    return Check(name, finding, passed, p, thresholds.alpha, values, gating=False)


def check_unjudged_control(name: str) -> Check:
    """Say that a declared negative control cannot be judged: its source does not say."""
    values: Values = {"control": Name("controls", name)}
    return Check("negative_control", "unknown", None, None, None, values, gating=False)


def correlation_of(controls: Sequence[Measure]) -> Matrix:
    """Return the correlation of the negative controls over the rows known of both, shape (k, k).

    It stands for that of their estimates. A twentieth of the identity keeps it regular where one
    control is the mean of others.
    """
    k = len(controls)
    found: Matrix = np.eye(k)
    for i in range(k):
        for j in range(i):
            found[i, j] = found[j, i] = _correlation(controls[i].values, controls[j].values)
    return 0.95 * found + 0.05 * np.eye(k)


def _correlation(x: Vector, y: Vector) -> float:
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:  # noqa: PLR2004
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def smallest_p(p_values: Vector, correlation: Matrix | None) -> float:
    """Return the p-value of the smallest of several p-values.

    Without correlation, that of Bonferroni; else the chance that the largest of as many normal
    statistics so correlated is as large.
    """
    least = float(np.clip(p_values.min(), 1e-300, 1.0))
    if correlation is None or p_values.size == 1:
        return min(1.0, least * p_values.size)
    z = float(-ndtri(least / 2))
    side = np.full(p_values.size, z)
    inside = box_probability(np.zeros(p_values.size), correlation, -side, side)
    return float(np.clip(1 - inside, least, min(1.0, least * p_values.size)))


def too_rare(control: Measure, treated: BoolVector, fewest: int) -> bool:
    """Return whether an arm holds too few persons with, or without, a control to be compared."""
    y, known = control.values, control.known
    counts = [
        int((known & arm & with_it).sum())
        for arm in (treated, ~treated)
        for with_it in (y > 0, y < 1)
    ]
    return min(counts) < fewest


def check_controls_together(
    controls: Sequence[Effect], thresholds: Thresholds, correlation: Matrix | None = None
) -> Check:
    """Judge the negative controls together: of several, one may fail by luck.

    A failure blinds every effect: what makes the arms differ where nothing can shapes them all.

    Args:
        controls: Estimates on outcomes that the programme cannot change.
        thresholds: `gate_alpha`, which the p-value of the smallest p-value must exceed: the chance
            to mask a study whose controls are all right.
        correlation: Correlation of the usable controls, shape (k, k); Bonferroni's correction
            without it.
    """
    name = "negative_controls"
    usable = [c for c in controls if np.isfinite(c.std_error) and c.std_error > 0]
    if not usable:
        return Check(name, "none", None, None, None, {})
    p = smallest_p(np.array([c.p_value for c in usable]), correlation)
    limit = thresholds.gate_alpha
    passed = p > limit
    values: Values = {
        "n": Number(len(usable)),
        "p": PValue(p),
        "level": Number(limit, 0, "percent"),
    }
    finding = "nothing" if passed else "effect"
    return Check(name, finding, passed, p, limit, values)


def check_calibration(effect: Effect, controls: Sequence[Effect], thresholds: Thresholds) -> Check:
    """Tell the effect calibrated on the negative controls beside the uncalibrated one.

    Args:
        effect: Estimate of interest.
        controls: Estimates on negative controls, by the same method and in the same unit.
        thresholds: `negative_controls` (fewest controls), `alpha`.

    Raises:
        DataError: Controls were estimated by another method or in another unit.
    """
    if any((c.method, c.unit) != (effect.method, effect.unit) for c in controls):
        raise DataError("calibrate an effect on controls of the same method and the same unit")
    name, key = "calibration", effect.key
    usable = [c for c in controls if np.isfinite(c.std_error) and c.std_error > 0]
    n, least = len(usable), thresholds.negative_controls
    if n < least:
        few: Values = {"n": Number(n), "least": Number(least)}
        return Check(name, "few", None, float(n), float(least), few, key, gating=False)
    error = fit_systematic_error(
        np.array([c.estimate for c in usable]), np.array([c.std_error for c in usable])
    )
    c = calibrate(effect.estimate, effect.std_error, error, thresholds.alpha)
    unit, smallest = effect.unit, effect.smallest_arm
    values: Values = {
        "n": Number(error.n_controls),
        "mean": Estimate(error.mean, unit, smallest),
        "sd": Estimate(error.sd, unit, smallest),
        "before": Estimate(effect.estimate, unit, smallest),
        "before_interval": Interval(effect.ci_low, effect.ci_high, unit, smallest),
        "after": Estimate(c.estimate, unit, smallest),
        "after_interval": Interval(c.ci_low, c.ci_high, unit, smallest),
        "p": PValue(c.p_value),
    }
    was = effect.p_value <= thresholds.alpha
    passed = None if not was else c.p_value <= thresholds.alpha
    return Check(name, "corrected", passed, c.p_value, thresholds.alpha, values, key, gating=False)
