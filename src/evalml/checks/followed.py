"""The checks that read the months of both arms: the past, the links, the lost, later entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.observation import check_linkage, check_past
from evalml.effect.sample import take_rows
from evalml.effect.seen import seen_of
from evalml.errors import EstimationError
from evalml.values import Count, Estimate, Interval, Name, Number, Share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.arrays import Vector
    from evalml.comparison.arms import Arms
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.effect.effect import Effect
    from evalml.study import Study, Thresholds
    from evalml.values import Value, Values


def check_followed(
    arms: Arms, effects: Sequence[Effect], weights: Vector, study: Study
) -> list[Check]:
    """Make the checks that need the months of both arms.

    Args:
        arms: The two arms and the months they were read from.
        effects: The estimates.
        weights: Analysis weights, shape (n,).
        study: Says the primary outcome, the thresholds and what is done of the unknown.
    """
    return [
        *_pasts(arms, weights, study),
        *_links(arms, study),
        *_lost(arms.comparison, study),
        *_bounded(effects, study),
        *_crossover(arms, effects, study),
    ]


def _pasts(arms: Arms, weights: Vector, study: Study) -> Iterator[Check]:
    """Judge the past of each outcome that is a share; that of the primary one bears on all."""
    for trajectory in arms.trajectories:
        outcome = trajectory.outcome
        if outcome.unit != "proportion":
            continue
        key = "" if outcome.name == study.primary.outcome else outcome.name
        yield check_past(arms.comparison, trajectory, weights, study.checks, key)


def _links(arms: Arms, study: Study) -> Iterator[Check]:
    last = {measure.outcome: measure for measure in arms.comparison.measures}
    for measure in last.values():
        found = check_linkage(arms.comparison, measure, arms.declared, study.checks)
        if found is not None:
            yield found


def _lost(comparison: Comparison, study: Study) -> Iterator[Check]:
    """Judge the weights of those whose outcome is known, where the study asks for weights."""
    if study.missing != "ipcw":
        return
    for measure in comparison.measures:
        if not measure.known.all():
            yield check_censoring_weights(comparison, measure, study.checks)


def _bounded(effects: Sequence[Effect], study: Study) -> Iterator[Check]:
    """Judge whether bounds are narrow enough to say something, where the study asks for bounds."""
    limit = study.checks.missing_bounds
    for e in effects:
        if "bounds" not in e.details or e.subgroup or e.method != study.primary.method:
            continue
        low, high = e.details["bounds"]
        values: Values = {
            "bounds": Interval(low, high, e.unit, e.smallest_arm),
            "interval": Interval(e.ci_low, e.ci_high, e.unit, e.smallest_arm),
            "outcome": Name("outcome", e.key),
            "limit": Number(limit, 0, "points"),
        }
        passed = bool(high - low <= limit)
        finding = "narrow" if passed else "wide"
        yield Check("missing_bounds", finding, passed, high - low, limit, values, e.key)


def check_censoring_weights(
    comparison: Comparison, measure: Measure, thresholds: Thresholds
) -> Check:
    """Judge whether those whose outcome is known, once weighted, are like their whole arm.

    Args:
        comparison: The two arms.
        measure: The outcome.
        thresholds: `smd`.
    """
    name, outcome = "censoring_weights", Name("outcome", measure.key)
    covered = np.ones(measure.values.size, dtype=bool)
    covered = covered if measure.covered is None else measure.covered | measure.known
    try:
        sample = take_rows(comparison, covered)
        seen = seen_of(comparison, measure, sample)
    except EstimationError:
        return Check(name, "failed", False, None, None, {"outcome": outcome}, measure.key)
    limit, after = thresholds.smd, seen.worst
    place = int(seen.balance["smd_after"].abs().fillna(0).to_numpy().argmax())
    worst = seen.balance["covariate"].iloc[place]
    known = (seen.weight > 0) & sample.treated
    values: Values = {
        "outcome": outcome,
        "before": Number(seen.worst_before, 2),
        "after": Number(after, 2),
        "limit": Number(limit, 2),
        "worst": Name("covariate", str(worst)),
        "treated": Count(int(known.sum())),
        "worth": Count(round(seen.effective_size(sample.treated))),
    }
    passed = after <= limit
    finding = "balanced" if passed else "apart"
    return Check(name, finding, passed, after, limit, values, measure.key)


def _crossover(arms: Arms, effects: Sequence[Effect], study: Study) -> Iterator[Check]:
    """Tell how many of the comparison enter later, and the effect against never entering."""
    comparison, horizon = arms.comparison, study.primary.horizon
    if arms.delay is None or horizon is None or not study.design.waits:
        return
    waiting = ~comparison.treated
    later = arms.delay[waiting] <= horizon
    values: dict[str, Value] = {
        "share": Share(int(later.sum()), later.size, float(later.mean())),
        "months": Number(horizon),
    }
    wanted = (study.primary.outcome, horizon, "att_never")
    for e in effects:
        if (e.outcome, e.horizon_months, e.estimand) == wanted and np.isfinite(e.estimate):
            values["effect"] = Estimate(e.estimate, e.unit, e.smallest_arm)
            values["interval"] = Interval(e.ci_low, e.ci_high, e.unit, e.smallest_arm)
    key = f"{study.primary.outcome}_m{horizon}"
    yield Check("crossover", "share", None, float(later.mean()), None, values, key, gating=False)
