"""The primary effect of a roll-out put to the test: witnesses, false dates, areas left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.interaction import check_interaction
from evalml.checks.opening_trends import VARIANT
from evalml.checks.placebo_area import check_placebo_area, placebo_areas
from evalml.checks.placebo_in_time import check_placebo_in_time
from evalml.errors import EstimationError, EvalmlError
from evalml.rollout.cell_effects import jackknife, layout, opening_of
from evalml.rollout.effects import ROLLOUT, opening_effect
from evalml.values import Estimate, Interval, Number, PValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import Vector
    from evalml.methods.effect import Effect
    from evalml.rollout import AreaCells
    from evalml.rollout.cell_effects import Opening
    from evalml.study import Study
    from evalml.values import Values

FEWEST_AREAS = 2


def robust_checks(
    cells: AreaCells, opening: Opening, effect: Effect, effects: Sequence[Effect], study: Study
) -> list[Check]:
    """Put the primary effect of a roll-out to every test its areas allow.

    Args:
        cells: Counts by area and half-year.
        opening: The primary outcome and its cells.
        effect: The primary estimate.
        effects: All estimates, for the subgroups.
        study: Says the thresholds, the draws and the seed.
    """
    return [
        _witnesses(cells, opening, effect, study),
        _in_time(cells, opening, effect, study),
        _in_area(cells, opening, effect, study),
        _without_area(opening, effect, study),
        _without_wave(opening, effect, study),
        *_interactions(cells, opening, effects, study),
    ]


def _unjudged(name: str, finding: str, effect: Effect) -> Check:
    return Check(name, finding, None, None, None, {}, effect.key, gating=False)


def _witnesses(cells: AreaCells, opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge the same effect on youths whom the programme does not take."""
    try:
        other = opening_of(cells, opening.outcome, opening.horizon, level="witness")
        found = opening_effect(cells, study, other, ROLLOUT)
    except EstimationError:
        return _unjudged("witnesses", "few", effect)
    p, seen = found.p_value, found.ci_high - found.estimate
    passed: bool | None = p > study.checks.alpha
    if passed and seen > abs(effect.estimate):
        passed = None
    values: Values = {
        "effect": Estimate(found.estimate, found.unit, found.smallest_arm),
        "p": PValue(p),
        "visible": Estimate(seen, found.unit, found.smallest_arm),
    }
    finding = {True: "nothing", False: "effect", None: "vague"}[passed]
    alpha = study.checks.alpha
    return Check("witnesses", finding, passed, p, alpha, values, effect.key, gating=False)


def _in_time(cells: AreaCells, opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge an effect of opening two half-years before the true opening reaches anyone."""
    first, _, cohorts = layout(cells)
    lag = opening.effects.plan.lag
    shift = lag + 2
    try:
        early = opening_of(
            replace(cells, wanted=cells.cohorts), opening.outcome, opening.horizon,
            first=first - shift,
        )  # fmt: skip
        plan = early.effects.plan
        untouched = early.post & (cohorts[plan.time] < plan.group + shift - lag)
        if not untouched.any():
            raise EstimationError("no half-year before")  # noqa: TRY301
        placebo = opening_effect(cells, study, replace(early, post=untouched), ROLLOUT)
    except EstimationError:
        return _unjudged("placebo_in_time", f"{VARIANT}no_room", effect)
    return check_placebo_in_time(placebo, study.checks, effect, VARIANT)


def _in_area(cells: AreaCells, opening: Opening, effect: Effect, study: Study) -> Check:
    """Place the estimate among those with the dates of opening exchanged between areas."""
    if effect.details.get("inference") == "placebos":
        return _unjudged("placebo_area", "used", effect)
    first, _, _ = layout(cells)
    used = np.flatnonzero(opening.used)

    def again(exchanged: Vector) -> float:
        drawn = first.copy()
        drawn[used] = exchanged.astype(np.int64)
        other = opening_of(cells, opening.outcome, opening.horizon, first=drawn)
        return float(other.effects.average(other.post)[0])

    try:
        placebos = placebo_areas(
            first[used].astype(np.float64), again, draws=study.checks.draws, seed=study.seed
        )
    except EvalmlError:
        placebos = np.empty(0)
    return check_placebo_area(effect.estimate, placebos, study.checks, effect.key, effect.unit)


def _without_area(opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge how far the estimate moves without each area that opened."""
    rows = np.flatnonzero(opening.inside)
    values = opening.effects.average(opening.post)[1 + rows]
    made = values[np.isfinite(values)]
    if rows.size < FEWEST_AREAS or not made.size:
        return _unjudged("leave_one_out", f"{VARIANT}single", effect)
    return _moved("leave_one_out", VARIANT, made, effect, study)


def _without_wave(opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge how far the estimate moves without each wave that opened."""
    plan = opening.effects.plan
    groups = np.unique(plan.group[opening.post])
    if groups.size < FEWEST_AREAS:
        return _unjudged("leave_one_wave", "single", effect)
    made = np.array(
        [float(opening.effects.average(opening.post & (plan.group != g))[0]) for g in groups]
    )
    return _moved("leave_one_wave", "", made, effect, study)


def _moved(name: str, variant: str, made: Vector, effect: Effect, study: Study) -> Check:
    """Judge the largest move, as a share of the estimate and against its own error."""
    gap = float(np.abs(made - effect.estimate).max())
    value = gap / abs(effect.estimate) if effect.estimate else float("inf")
    limit, unit = study.checks.leave_one_out, effect.unit
    within = gap <= effect.std_error
    values: Values = {
        "range": Interval(float(made.min()), float(made.max()), unit, effect.smallest_arm),
        "whole": Estimate(effect.estimate, unit, effect.smallest_arm),
        "gap": Estimate(gap, unit, effect.smallest_arm),
        "move": Number(value, 0, "percent"),
    }
    finding = variant + ("within" if within else "moved")
    passed = value <= limit or within
    return Check(name, finding, passed, value, limit, values, effect.key, gating=False)


def _interactions(
    cells: AreaCells, opening: Opening, effects: Sequence[Effect], study: Study
) -> list[Check]:
    """Tell, for each subgroup variable, whether the effects differ."""
    checks = []
    for variable in study.subgroups:
        family = [
            e
            for e in effects
            if e.subgroup == variable
            and (e.outcome, e.horizon_months) == (opening.outcome.name, opening.horizon)
        ]
        if len(family) < FEWEST_AREAS:
            continue
        parts = [
            opening_of(cells, opening.outcome, opening.horizon, group=(variable, e.subgroup_value))
            for e in family
            if np.isfinite(e.std_error)
        ]
        V = None
        if len(parts) == len(family):
            values = np.array([p.effects.average(p.post) for p in parts])
            used = np.logical_and.reduce([np.isfinite(values).all(axis=0)[1:], opening.used])
            try:
                V = jackknife(values, used, opening.effects.plan.stratum).covariance
            except EstimationError:
                V = None
        found = check_interaction(family, study.checks, V)
        checks.append(replace(found, threshold=None))
    return checks
