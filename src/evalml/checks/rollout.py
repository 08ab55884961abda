"""The checks of a roll-out: may its areas be compared, and does the effect stand?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.honest_did import check_relative, check_smooth, silent, usual_interval
from evalml.checks.multiplicity import check_interaction, shown
from evalml.checks.placebo import check_placebo_area, check_placebo_in_time, placebo_areas
from evalml.checks.power import check_detectable_effect
from evalml.checks.second_opinion import opinion_on_openings
from evalml.checks.trends import EventStudy, PrePeriod, check_pre_trend
from evalml.errors import EstimationError, EvalmlError
from evalml.rollout.cell_effects import (
    demand_change,
    jackknife,
    layout,
    opening_effects,
    opening_of,
    study_openings,
)
from evalml.rollout.effects import ROLLOUT, opening_effect
from evalml.rollout.event_study import composition_table, events_of, known_share, wanted_cells
from evalml.values import Estimate, Interval, Month, Name, Number, PValue, Share, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.arrays import Vector
    from evalml.methods.effect import Effect
    from evalml.outcomes import Outcome
    from evalml.rollout import AreaCells
    from evalml.rollout.cell_effects import Opening
    from evalml.rollout.event_study import Events
    from evalml.study import Study
    from evalml.values import Values


VARIANT = "openings."
"""Where the words of these findings are, in each check."""
MOST_BEFORE, MOST_AFTER = 4, 3
"""Half-years kept on each side: bounds over longer paths say little and cost much."""


def check_trend(opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge the half-years before the opening, and what the test could see."""
    found = check_pre_trend(
        before(events_of(opening), study), study.checks, effect=effect.estimate, key=effect.key,
        unit=effect.unit, variant=VARIANT,
    )  # fmt: skip
    if found.finding == f"{VARIANT}no_period" and _few(opening, study):
        return replace(found, finding=f"{VARIANT}few")
    return found


def before(events: Events, study: Study) -> PrePeriod | None:
    """Return the last untouched half-years before the reference; None where there is none."""
    few = _few(events.opening, study)
    rows = np.flatnonzero(events.times < events.reference)[-MOST_BEFORE:]
    if events.spread is None or few or not rows.size:
        return None
    V = events.spread.covariance[np.ix_(rows, rows)]
    times = events.times[rows].astype(np.float64)
    return PrePeriod(events.values[rows, 0], V, times, float(events.reference), events.spread.df)


def _few(opening: Opening, study: Study) -> bool:
    """Return whether too few areas opened for errors clustered by area."""
    return int(opening.inside.sum()) < study.checks.areas


def honest_study(events: Events) -> tuple[EventStudy, Vector] | None:
    """Return the event study near the opening, and the weights of the effect: youths found open.

    The half-years that the opening reaches in part lie after the reference, with no weight; the
    path stops at the first half-year that is missing.
    """
    if events.spread is None:
        return None
    start, end = events.reference - MOST_BEFORE, MOST_AFTER
    available = set(events.times.tolist()) | {events.reference}
    first, last = events.reference, events.reference
    while first - 1 in available and first > start:
        first -= 1
    while last + 1 in available and last < end:
        last += 1
    if first == events.reference or last < 0:
        return None
    rows = np.flatnonzero((events.times >= first) & (events.times <= last))
    times = events.times[rows]
    V = events.spread.covariance[np.ix_(rows, rows)]
    found = EventStudy(events.values[rows, 0], V, times.astype(np.float64), float(events.reference))
    after = times > events.reference
    weights = np.where(times >= 0, events.weights[rows], 0.0)[after]
    return found, weights / weights.sum()


def check_honest(opening: Opening, effect: Effect, study: Study) -> list[Check]:
    """Tell how far trends may diverge before the effect is no longer sure."""
    few = _few(opening, study)
    built = None if few else honest_study(events_of(opening))
    if built is None:
        return silent(f"{VARIANT}no_period", effect.key)
    found, weights = built
    if np.linalg.matrix_rank(found.covariance) < found.beta.size:
        return silent(f"{VARIANT}dependent", effect.key)
    limits, key, unit = study.checks, effect.key, effect.unit
    low, high = usual_interval(found, weights, limits.alpha)
    if low <= 0 <= high:
        return silent(f"{VARIANT}nothing", key, Interval(low, high, unit))
    return [
        check_relative(found, weights, limits, key, unit, VARIANT),
        check_smooth(found, weights, limits, key, unit, VARIANT),
    ]


FEWEST_AREAS = 2


def robust_checks(
    cells: AreaCells, opening: Opening, effect: Effect, effects: Sequence[Effect], study: Study
) -> list[Check]:
    """Put the primary effect of a roll-out to every test its areas allow."""
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
        family = shown(family, study.checks.minimum_count)
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


STRONG = 10.0
MANY = 0.1
TWO_SIDED = 1.96
ALL_OPEN = "2017-01"
"""Month since which the Garantie jeunes is open everywhere."""


def check_openings(cells: AreaCells, effects: Sequence[Effect], study: Study) -> list[Check]:
    """Make every check of a roll-out.

    Args:
        cells: Counts by area and half-year.
        effects: The estimates.
        study: Says what is primary, and the thresholds.

    Returns:
        Those of each outcome and horizon, then those of the primary effect.
    """
    openings = study_openings(cells, study)
    whole = {
        (e.outcome, e.horizon_months): e
        for e in effects
        if e.method == study.primary.method and not e.subgroup
    }
    checks = []
    for outcome in cells.outcomes:
        for horizon in study.horizons:
            effect = whole.get((outcome.name, horizon))
            if effect is not None:
                opening = openings.get((outcome.name, horizon))
                checks += _of_one(cells, opening, effect, outcome, study)
        checks += _break(outcome, study, cells)
    name = cells.outcomes[study.outcomes.index(study.primary.outcome)].name
    main = whole.get((name, study.primary.horizon))
    opening = openings.get((name, study.primary.horizon or 0))
    if main is None or opening is None or not np.isfinite(main.estimate):
        return checks
    return checks + _of_primary(cells, opening, main, effects, study)


def _of_one(
    cells: AreaCells, opening: Opening | None, effect: Effect, outcome: Outcome, study: Study
) -> list[Check]:
    checks = [_areas(opening, effect, study)]
    if opening is None or not np.isfinite(effect.estimate):
        return checks
    if outcome.channel == "declared":
        checks.append(_observation(cells, opening, outcome, study))
    return [
        *checks,
        check_trend(opening, effect, study),
        check_detectable_effect(effect, study.checks),
    ]


def _of_primary(
    cells: AreaCells, opening: Opening, effect: Effect, effects: Sequence[Effect], study: Study
) -> list[Check]:
    key = effect.key
    table = composition_table(cells, study, opening.horizon)
    return [
        check_composition(table, study, key),
        _demands(cells, opening, key),
        _contamination(cells, opening, study, key),
        _first_stage(opening, key),
        *check_honest(opening, effect, study),
        *robust_checks(cells, opening, effect, effects, study),
        *opinion_on_openings(cells, opening, effect),
    ]


def _areas(opening: Opening | None, effect: Effect, study: Study) -> Check:
    """Judge how many areas there are on each side: a count of areas names nobody."""
    limit, key = study.checks.areas, effect.key
    if opening is None:
        none: Values = {
            "horizon": Number(effect.horizon_months or 0, 0, "months"),
            "all_open": Month(ALL_OPEN),
        }
        return Check("areas", "none", False, 0.0, limit, none, key)
    treated = int(opening.inside.sum())
    others = int((opening.used & ~opening.inside).sum())
    passed: bool | None = True
    finding = "enough"
    if not np.isfinite(effect.estimate):
        passed, finding = False, "too_few"
    elif effect.details.get("inference") == "placebos":
        passed, finding = None, "placebos"
    values: Values = {
        "opened": Number(treated),
        "waiting": Number(others),
        "limit": Number(limit),
    }
    return Check("areas", finding, passed, float(min(treated, others)), limit, values, key)


def _observation(cells: AreaCells, opening: Opening, outcome: Outcome, study: Study) -> Check:
    """Judge whether opening changed how often a declared outcome is known."""
    every, _ = cells.matrices("n", opening.horizon)
    known, _ = cells.matrices(outcome.name, opening.horizon)
    gap = float(opening_effects(every, known, opening.effects.plan).average(opening.post)[0])
    limit = study.checks.observation_gap
    passed = abs(gap) <= limit
    shares = [known_share(cells, opening, arm) for arm in ("treated", "control")]
    key = f"{outcome.name}_m{opening.horizon}"
    values: Values = {
        "outcome": Name("outcome", key),
        "treated": Share(None, None, shares[0]),
        "comparison": Share(None, None, shares[1]),
        "gap": Estimate(abs(gap), "proportion"),
        "limit": Number(limit, 1, "points"),
    }
    finding = VARIANT + ("alike" if passed else "apart")
    return Check("observation", finding, passed, abs(gap), limit, values, key)


def check_composition(table: pd.DataFrame, study: Study, key: str) -> Check:
    """Judge the double difference of each trait: larger than the threshold, and not by chance.

    `table`: what `composition_table` returned.
    """
    size = table["smd_after"].abs()
    worst = table.iloc[int(size.to_numpy().argmax())]
    tested = max(int(table["p_value"].notna().sum()), 1)
    beyond = (size > study.checks.smd) & (table["p_value"] * tested <= study.checks.alpha)
    noise = float(table["std_error"].max())
    passed: bool | None = not bool(beyond.any())
    blind = 1.96 * noise > 2 * study.checks.smd or not np.isfinite(noise)
    if passed and blind:
        passed = None
    values: Values = {
        "n": Number(len(table)),
        "gap": Number(float(abs(worst["smd_after"])), 2),
        "worst": Name("covariate", str(worst["covariate"])),
        "limit": Number(study.checks.smd, 1),
    }
    finding = VARIANT + {True: "alike", False: "changed", None: "vague"}[passed]
    return Check("balance", finding, passed, float(size.max()), study.checks.smd, values, key)


def _demands(cells: AreaCells, opening: Opening, key: str) -> Check:
    """Judge how the number of first demands moved in the areas that opened."""
    n, _ = cells.matrices("n", opening.horizon)
    plan = opening.effects.plan
    change = demand_change(n, plan.take(opening.post))
    error = _error(change, opening)
    beyond = abs(float(change[0])) > MANY
    passed: bool | None = not beyond
    if beyond and not abs(float(change[0])) > TWO_SIDED * error:
        passed = None
    values: Values = {
        "change": Share(None, None, float(change[0])),
        "limit": Number(MANY, 0, "percent"),
    }
    finding = {True: "stable", False: "changed", None: "vague"}[passed]
    value = abs(float(change[0]))
    return Check("first_demands", finding, passed, value, MANY, values, key, gating=False)


def _error(values: Vector, opening: Opening) -> float:
    """Return the error of a number from its values without each area, infinite where unknown."""
    try:
        spread = jackknife(values[None, :], opening.used, opening.effects.plan.stratum)
    except EstimationError:
        return float("inf")
    return float(np.sqrt(spread.covariance[0, 0]))


def _contamination(cells: AreaCells, opening: Opening, study: Study, key: str) -> Check:
    """Judge the share of the youths compared with who entered by the month of the outcome."""
    n, entered = cells.matrices("entered", opening.horizon)
    at = wanted_cells(opening, "control", n.shape)
    part, whole = int(entered[at].sum()), int(n[at].sum())
    share, limit = part / whole, study.checks.contamination
    passed = share <= limit
    values: Values = {
        "share": Share(part, whole, share),
        "horizon": Number(opening.horizon, 0, "months"),
        "limit": Number(limit, 0, "percent"),
    }
    finding = "little" if passed else "much"
    return Check("contamination", finding, passed, share, limit, values, key, gating=False)


def _first_stage(opening: Opening, key: str) -> Check:
    """Judge the strength of the first stage, and say what the opening moved."""
    take_up = opening.take_up.average(opening.post)
    rise, error = float(take_up[0]), _error(take_up, opening)
    F = (rise / error) ** 2 if np.isfinite(error) else float("nan")
    passed = bool(F >= STRONG) if np.isfinite(F) else None
    values: Values = {
        "rise": Share(None, None, rise),
        "horizon": Number(opening.horizon, 0, "months"),
        "f": Number(F),
        "limit": Number(STRONG),
    }
    value = F if np.isfinite(F) else None
    return Check("first_stage", "rise", passed, value, STRONG, values, key, gating=False)


def _break(outcome: Outcome, study: Study, cells: AreaCells) -> list[Check]:
    """Say that a change of information system falls among the half-years compared."""
    if outcome.channel != "declared" or not study.breaks:
        return []
    first, last = cells.cohorts[0] // 2, cells.cohorts[-1] // 2
    inside = sorted({day.year for day in study.breaks if first <= day.year <= last})
    if not inside:
        return []
    values: Values = {"years": names("year", inside)}
    return [Check("system_break", "inside", None, None, None, values, outcome.name, gating=False)]
