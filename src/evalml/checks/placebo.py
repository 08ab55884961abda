"""What does the method find where there is nothing to find, and where we chose the effect?

A check that estimates again refits everything (score, weights, outcome models): nothing fitted on
the first sample is carried over.

Empirical calibration of Schuemie et al. (2014, https://doi.org/10.1002/sim.5925; intervals 2018,
https://doi.org/10.1073/pnas.1708282114), on the scale of differences: estimates on outcomes that
the programme cannot change follow N(mean, sd^2 + se_i^2), and the same error is taken off the
effect of interest.

An effect is injected in the outcomes of the treated, everything is estimated again, and the change
of the estimate must be the effect injected.

Randomisation inference: adoption dates are exchanged between areas, everything is estimated again,
and the share of placebo estimates at least as large as the true one is the p-value
(Abadie, Diamond and Hainmueller 2010, https://doi.org/10.1198/jasa.2009.ap08746;
Phipson and Smyth 2010 for the plus one, https://doi.org/10.2202/1544-6115.1585).

The same estimator, refitted, on an outcome observed before time zero; the covariates that hold
that outcome, or later ones, are left out. For a roll-out, the adoption dates are brought forward
and only the months before the true adoption are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy import optimize
from scipy.special import ndtr, ndtri

from evalml.arrays import Vector
from evalml.checks.check import Check
from evalml.checks.trends import box_probability
from evalml.comparison.comparison import Comparison, Measure
from evalml.effect.estimate import estimate_effects
from evalml.effect.study_effects import of_rows
from evalml.errors import DataError, EstimationError, EvalmlError
from evalml.methods.effect import Effect
from evalml.methods.variance import infer
from evalml.outcomes.controls import CONTROLS
from evalml.values import Estimate, Interval, Name, Number, PValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix
    from evalml.checks.check import Thresholds
    from evalml.values import Value, Values


EVENTS = frozenset(c.name for c in CONTROLS.values() if c.event)
"""Negative controls that are events rather than employment."""

Estimator: TypeAlias = Callable[[Comparison, str], Effect]
"""From a comparison and the key of an outcome (`emploi_m12`) to one estimate."""


Estimators: TypeAlias = Callable[[Comparison], list[Effect]]
"""From a comparison to one estimate per outcome, those known of the same rows fitted together."""


def take_rows(comparison: Comparison, rows: IntVector | BoolVector) -> Comparison:
    """Return the comparison of some rows, a row given twice counting twice.

    Args:
        comparison: The two arms.
        rows: Positions, or a mask of shape (n,).

    Raises:
        DataError: One of the arms would be empty.
    """
    index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
    treated = comparison.treated[index]
    if treated.all() or not treated.any():
        arm = "comparison" if treated.size and treated.all() else "treated"
        raise DataError(f"the {arm} arm would be empty; choose other rows")
    return replace(
        comparison,
        treated=treated,
        measures=tuple(m.take(index) for m in comparison.measures),
        covariates=comparison.covariates.iloc[index].reset_index(drop=True),
        design=comparison.design.rows(index),
        cluster=None if comparison.cluster is None else comparison.cluster[index],
        person=comparison.person[index],
        subgroups=comparison.subgroups.iloc[index].reset_index(drop=True),
        strata=_rows(comparison.strata, index),
        instrument=None if comparison.instrument is None else comparison.instrument[index],
    )


def _rows(frame: pd.DataFrame | None, index: IntVector) -> pd.DataFrame | None:
    return None if frame is None else frame.iloc[index].reset_index(drop=True)


def with_measure(comparison: Comparison, measure: Measure) -> Comparison:
    """Return the comparison with `measure` as its only outcome."""
    if measure.values.shape != comparison.treated.shape:
        message = f"{measure.values.size} outcomes for {comparison.treated.size} persons"
        raise DataError(message)
    return replace(comparison, measures=(measure,))


def with_values(comparison: Comparison, key: str, values: Vector) -> Comparison:
    """Return the comparison with the outcome `key` alone, its values replaced, shape (n,)."""
    return with_measure(comparison, replace(comparison.measure(key), values=values))


def estimator(method: str, **options: Any) -> Estimator:
    """Return the estimator of a method, to be given to the checks that estimate again.

    `method`: among those of `estimate_effects`; `options`: its options (`estimand`, `se`, `folds`,
    `seed`, `clip`, ...).
    """

    def estimate(comparison: Comparison, key: str) -> Effect:
        alone = with_measure(comparison, comparison.measure(key))
        whole = replace(alone, subgroups=alone.subgroups[[]])
        return estimate_effects(whole, [method], **options)[0]

    return estimate


def estimators(method: str, **options: Any) -> Estimators:
    """Return the estimator of a method for several outcomes, such as negative controls.

    `method`: among those of `estimate_effects`.
    """

    def estimate(comparison: Comparison) -> list[Effect]:
        whole = replace(comparison, subgroups=comparison.subgroups[[]])
        return estimate_effects(whole, [method], failures="record", **options)

    return estimate


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

    `estimates`: estimates on negative controls, shape (k,); `std_errors`: their standard errors,
    shape (k,).
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

    Those of whom a control is known are described anew: levels rare among them would separate the
    arms, and the control could not be estimated.

    `controls`: outcomes, such as the diploma obtained before the entry; `estimate`: estimator; a
    control that it cannot estimate, known of nobody or the same for all, is left out:
    `check_unjudged_control` says so.
    """
    known_of: dict[bytes, list[Measure]] = {}
    for control in controls:
        if np.unique(control.values[control.known]).size > 1:
            known_of.setdefault(control.known.tobytes(), []).append(control)
    found: dict[str, Effect] = {}
    for same in known_of.values():
        part = replace(comparison, measures=tuple(same))
        if not same[0].known.all():
            part = of_rows(part, same[0].known)
        found |= {effect.outcome: _at_least_of_persons(effect) for effect in estimate(part)}
    every = [found[control.outcome] for control in controls if control.outcome in found]
    return [effect for effect in every if np.isfinite(effect.std_error) and effect.std_error > 0]


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

    `effect`: estimate on an outcome that the programme cannot change; `thresholds`: `alpha`.
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


def sharpest(controls: Sequence[Effect]) -> Effect | None:
    """Return the control of employment with the smallest standard error, None without any.

    Events (a licence) do not count: who would have found work anyway is no likelier to have one.
    """
    worked = [c for c in controls if c.outcome not in EVENTS]
    return min(worked, key=lambda c: c.std_error, default=None)


def critical_value(level: float, k: int, correlation: Matrix | None) -> float:
    """Return how many standard errors the largest of k controls must reach to fail at `level`."""
    if correlation is None or k == 1:
        return float(-ndtri(level / (2 * k)))

    def excess(z: float) -> float:
        return smallest_p(np.full(k, 2 * float(ndtr(-z))), correlation) - level

    return float(optimize.brentq(excess, 0.1, 10.0, xtol=1e-4))


def detectable_gap(
    controls: Sequence[Effect], level: float, power: float, correlation: Matrix | None
) -> float:
    """Return the gap in past employment that the controls together would see with `power`."""
    best = sharpest(controls)
    if best is None:
        return float("inf")
    critical = critical_value(level, len(controls), correlation)
    return (critical + float(ndtri(power))) * best.std_error


def check_controls_together(
    controls: Sequence[Effect],
    thresholds: Thresholds,
    correlation: Matrix | None = None,
    *,
    linked_past: bool = True,
) -> Check:
    """Judge the negative controls together: of several, one may fail by luck.

    A failure blinds every effect: what makes the arms differ where nothing can shapes them all.
    Where they are known of so few that a gap of `past_gap` would go unseen at the level of the
    gate, they are judged at the level of any other test. Where it would go unseen even so, `blunt`;
    where they fail at the level of any other test but not at that of the gate, `near`; where no
    employment known from another administration is adjusted for, `declared`: then the effects say
    so, and their intervals hold the bias that is not excluded (`report.blinding.widen`).

    `controls`: estimates on outcomes that the programme cannot change; `thresholds`: `gate_alpha`,
    which the p-value of the smallest p-value must exceed: the chance to mask a study whose controls
    are all right; `alpha`, `past_gap`, `power`, `bias_times`; `correlation`: correlation of the
    usable controls, shape (k, k); Bonferroni's correction without it; `linked_past`: whether the
    comparison is adjusted for a past that another administration tells.
    """
    name = "negative_controls"
    usable = [c for c in controls if np.isfinite(c.std_error) and c.std_error > 0]
    if not usable:
        return Check(name, "none", None, None, None, {})
    p = smallest_p(np.array([c.p_value for c in usable]), correlation)
    limit, power = thresholds.gate_alpha, thresholds.power
    gap = detectable_gap(usable, limit, power, correlation)
    if gap > thresholds.past_gap:
        limit = max(thresholds.alpha, limit)
        gap = detectable_gap(usable, limit, power, correlation)
    values: dict[str, Value] = {
        "n": Number(len(usable)),
        "p": PValue(p),
        "level": Number(limit, 0, "percent"),
    }
    if np.isfinite(gap):
        values["detectable"] = Estimate(gap, "proportion", min(c.smallest_arm for c in usable))
    if p <= limit:
        return Check(name, "effect", False, p, limit, values)
    if gap > thresholds.past_gap:
        return Check(name, "blunt", None, p, limit, values | not_excluded(usable, thresholds))
    if p <= thresholds.alpha:
        return Check(name, "near", True, p, limit, values | not_excluded(usable, thresholds))
    if not linked_past:
        return Check(name, "declared", True, p, limit, values | not_excluded(usable, thresholds))
    return Check(name, "nothing", True, p, limit, values)


def not_excluded(controls: Sequence[Effect], thresholds: Thresholds) -> dict[str, Value]:
    """Return the bias of an effect that the sharpest control of employment does not exclude.

    `seen`: `bias_times` its estimate; `bias`: the same at the end of its interval. A hidden factor
    shows less in a past that the covariates partly hold than in what follows.
    """
    best = sharpest(controls)
    if best is None:
        return {}
    times, n = thresholds.bias_times, best.smallest_arm
    seen = times * abs(best.estimate)
    reach = float(ndtri(1 - thresholds.alpha / 2)) * times * best.std_error
    return {
        "seen": Estimate(seen, best.unit, n),
        "bias": Estimate(seen + reach, best.unit, n),
    }


def check_calibration(effect: Effect, controls: Sequence[Effect], thresholds: Thresholds) -> Check:
    """Tell the effect calibrated on the negative controls beside the uncalibrated one.

    `controls`: estimates on negative controls, by the same method and in the same unit;
    `thresholds`: `negative_controls` (fewest controls), `alpha`.
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


TOLERANCE = 0.2
"""Share of the injected effect by which the one found may differ."""


def inject(
    measure: Measure, treated: BoolVector, person: HashVector, size: float
) -> tuple[Measure, float]:
    """Return the outcome with an effect injected in the treated, and the size injected exactly.

    A 0/1 outcome is turned into its opposite for as many treated persons as it takes, chosen by
    the hash of the person; any other outcome is shifted.

    `measure`: outcome; what is not known stays unknown; `person`: hash of the person, shape (n,);
    `size`: effect to inject, in the unit of the outcome; negative to take away.
    """
    y = measure.values.copy()
    known = treated & ~np.isnan(y)
    if not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        y[known] += size
        return replace(measure, values=y), size
    start = 0.0 if size > 0 else 1.0
    movable = np.flatnonzero(known & (y == start))
    number = round(abs(size) * int(known.sum()))
    if number == 0 or number > movable.size:
        message = (
            f"an effect of {size:g} would change {number} outcomes of the treated, "
            f"{movable.size} can change; inject another size"
        )
        raise EstimationError(message)
    chosen = movable[np.argsort(_mix(person[movable]), kind="stable")[:number]]
    y[chosen] = 1 - start
    return replace(measure, values=y), float(np.sign(size)) * number / int(known.sum())


def _mix(person: HashVector) -> HashVector:
    """Return another hash of the person, so that the choice does not follow the folds."""
    mixed = person ^ (person >> np.uint64(31))
    return np.asarray(mixed * np.uint64(0x9E3779B97F4A7C15), dtype=np.uint64)


def check_positive_control(
    comparison: Comparison,
    key: str,
    estimate: Estimator,
    thresholds: Thresholds,
    size: float | None = None,
) -> Check:
    """Judge whether an injected effect is found again.

    `key`: key of the outcome (best, a negative control); `thresholds`: `positive_effect`: a share
    for a 0/1 outcome, standard deviations otherwise; `size`: effect to inject instead, in the unit
    of the outcome.
    """
    measure = comparison.measure(key)
    known = measure.values[~np.isnan(measure.values)]
    spread = 1.0 if np.isin(known, (0.0, 1.0)).all() else float(known.std())
    wanted = thresholds.positive_effect * spread if size is None else size
    if spread <= 0:
        return _unjudged("constant", key)
    try:
        injected, exact = inject(measure, comparison.treated, comparison.person, wanted)
    except EstimationError:
        return _unjudged("immovable", key)
    before = estimate(with_measure(comparison, measure), key)
    after = estimate(with_measure(comparison, injected), key)
    found = after.estimate - before.estimate
    miss = abs(found - exact) / abs(exact)
    values: Values = {
        "injected": Estimate(exact, measure.unit, after.smallest_arm),
        "found": Estimate(found, measure.unit, after.smallest_arm),
        "miss": Number(miss, 1, "percent"),
    }
    name, passed = "positive_control", miss <= TOLERANCE
    return Check(name, "found", passed, miss, TOLERANCE, values, key, gating=False)


def _unjudged(finding: str, key: str) -> Check:
    return Check("positive_control", finding, None, None, None, {}, key, gating=False)


AreaEstimator: TypeAlias = Callable[[Vector], float]
"""From the date of adoption of each area, shape (areas,), to one estimate."""


def placebo_areas(
    first_treated: Vector, estimate: AreaEstimator, *, draws: int, seed: int
) -> Vector:
    """Return estimates with the adoption dates exchanged between areas.

    `first_treated`: date of adoption of each area, shape (areas,), infinite or 0 for never; sort
    the areas by their code: the exchanges follow their order; `estimate`: estimator, which refits
    everything; an EvalmlError leaves the draw out.
    """
    if np.unique(first_treated).size < 2:  # noqa: PLR2004
        raise DataError("all areas adopt at the same date; a placebo area needs others")
    rng = np.random.Generator(np.random.PCG64(seed))
    found: list[float] = []
    for _ in range(draws):
        exchanged = first_treated[rng.permutation(first_treated.size)]
        try:
            found.append(float(estimate(exchanged)))
        except EvalmlError:
            continue
    return np.array(found)


def placebo_p_value(actual: float, placebos: Vector) -> float:
    """Return the two-sided p-value, the true assignment counted as one of the draws."""
    size = abs(actual) * (1 - 1e-12)
    return float((1 + (np.abs(placebos) >= size).sum()) / (1 + placebos.size))


def check_placebo_area(
    actual: float,
    placebos: Vector,
    thresholds: Thresholds,
    key: str = "",
    unit: str = "proportion",
) -> Check:
    """Judge the place of the true estimate among the placebo estimates.

    `placebos`: estimates with exchanged dates, shape (draws,); `thresholds`: `alpha`.
    """
    made = placebos[np.isfinite(placebos)]
    name, draws = "placebo_area", Number(made.size)
    if made.size + 1 < 1 / thresholds.alpha or not np.isfinite(actual):
        few: Values = {"draws": draws}
        return Check(name, "few", None, None, None, few, key, gating=False)
    p = placebo_p_value(actual, made)
    passed = p <= thresholds.alpha
    values: Values = {"draws": draws, "effect": Estimate(actual, unit), "p": PValue(p)}
    finding = "stands_out" if passed else "ordinary"
    return Check(name, finding, passed, p, thresholds.alpha, values, key, gating=False)


def check_placebo_in_time(
    placebo: Effect, thresholds: Thresholds, effect: Effect | None = None, variant: str = ""
) -> Check:
    """Judge an effect found before time zero.

    `thresholds`: `alpha`; `effect`: estimate of interest: a placebo as imprecise as it is large
    proves nothing; `variant`: prefix of the findings of a design with words of its own, such as
    `openings.`.
    """
    name, key = "placebo_in_time", "" if effect is None else effect.key
    if not np.isfinite(placebo.std_error) or placebo.std_error <= 0:
        return Check(name, f"{variant}constant", None, None, None, {}, key, gating=False)
    p = placebo.p_value
    seen = float(ndtri(1 - thresholds.alpha / 2)) * placebo.std_error
    passed: bool | None = p > thresholds.alpha
    if passed and effect is not None and seen > abs(effect.estimate):
        passed = None
    values: Values = {
        "effect": Estimate(placebo.estimate, placebo.unit, placebo.smallest_arm),
        "p": PValue(p),
        "visible": Estimate(seen, placebo.unit, placebo.smallest_arm),
    }
    finding = variant + {True: "alike", False: "apart", None: "vague"}[passed]
    return Check(name, finding, passed, p, thresholds.alpha, values, key, gating=False)
