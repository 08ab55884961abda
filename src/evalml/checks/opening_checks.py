"""The checks of a roll-out: may its areas be compared, and does the effect stand?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.detectable_effect import check_detectable_effect
from evalml.checks.opening_robust import robust_checks
from evalml.checks.opening_trends import VARIANT, check_honest, check_trend
from evalml.errors import EstimationError
from evalml.rollout.cell_effects import demand_change, jackknife, opening_effects, study_openings
from evalml.rollout.event_study import composition_table, known_share, wanted_cells
from evalml.values import Estimate, Month, Name, Number, Share, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.arrays import Vector
    from evalml.methods.effect import Effect
    from evalml.outcomes import Outcome
    from evalml.rollout import AreaCells
    from evalml.rollout.cell_effects import Opening
    from evalml.study import Study
    from evalml.values import Values

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

    Args:
        table: What `composition_table` returned.
        study: Says the thresholds.
        key: Key of the primary outcome.
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
