"""The event study of a roll-out, the two curves of an outcome, who the cells are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr

from evalml.errors import EstimationError
from evalml.rollout.cell_effects import Spread, jackknife, opening_effects, opening_of
from evalml.values import Message, Name, Number, messages_text
from evalml.words import render

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.outcomes import Outcome
    from evalml.rollout import AreaCells
    from evalml.rollout.cell_effects import Opening
    from evalml.study import Study
    from evalml.values import Values


PHASES = ("before", "touched", "after")
"""Cohorts the opening does not reach, those it reaches in part, those it found open."""
COMPOSITION = (
    "covariate", "smd_before", "smd_after", "variance_ratio", "mean_treated_before",
    "mean_comparison_before", "mean_comparison_after", "std_error", "p_value",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Events:
    """Effects by half-year since the opening, measured from the last untouched half-year.

    Attributes:
        opening: The outcome and its cells.
        times: Half-years since the opening, shape (m,), increasing, the reference left out.
        values: Shape (m, 1 + areas): whole, then without each area.
        weights: Youths of the treated cells, shape (m,).
        n_control: Youths compared with, shape (m,).
        spread: Covariance and degrees of freedom; None where too few areas opened.
    """

    opening: Opening
    times: IntVector
    values: Matrix
    weights: Vector
    n_control: Vector
    spread: Spread | None

    @property
    def reference(self) -> int:
        """Event time whose effect is zero by construction."""
        return -1 - self.opening.effects.plan.lag


def events_of(opening: Opening) -> Events:
    """Return the event study of an outcome at a horizon.

    After the opening, the cells are those of the study; before, all those of the same waves.
    """
    effects, plan = opening.effects, opening.effects.plan
    reference = -1 - plan.lag
    same = np.isin(plan.group, plan.group[opening.post])
    usable = opening.post | (same & (plan.event_time < 0))
    times = np.unique(plan.event_time[usable & (plan.event_time != reference)])
    rows = [usable & (plan.event_time == e) for e in times]
    values = np.array([effects.average(r) for r in rows])
    both = plan.treated[usable] | plan.control[usable]
    used = np.asarray(both.any(axis=0), dtype=np.bool_)
    try:
        spread = jackknife(values, used, plan.stratum)
    except EstimationError:
        spread = None
    weights = np.array([effects.weight[r, 0].sum() for r in rows])
    control = np.array([effects.n_control[r].sum() for r in rows])
    return Events(opening, times, values, weights, control, spread)


def event_study_table(cells: AreaCells, study: Study) -> pd.DataFrame:
    """Return the event study of every outcome and horizon that can be estimated.

    Returns:
        outcome, horizon_months, event_time (half-years since the opening), phase, estimate,
        std_error, ci_low, ci_high, n_treated, n_comparison; the reference half-year is there,
        with an effect of zero and no error.
    """
    parts = []
    for outcome in cells.outcomes:
        for horizon in study.horizons:
            try:
                events = events_of(opening_of(cells, outcome, horizon))
            except EstimationError:
                continue
            parts.append(_rows(events, outcome, horizon, study))
    columns = ["outcome", "horizon_months", "event_time", "phase", "estimate", "std_error",
               "ci_low", "ci_high", "n_treated", "n_comparison"]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _rows(events: Events, outcome: Outcome, horizon: int, study: Study) -> pd.DataFrame:
    estimate = events.values[:, 0]
    few = int(events.opening.inside.sum()) < study.checks.areas
    se = np.full(estimate.size, np.nan)
    if events.spread is not None and not few:
        se = np.sqrt(np.diag(events.spread.covariance))
    half = ndtri(0.975) * se
    table = pd.DataFrame(
        {
            "outcome": outcome.name,
            "horizon_months": horizon,
            "event_time": events.times,
            "estimate": estimate,
            "std_error": se,
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "n_treated": events.weights.astype(np.int64),
            "n_comparison": events.n_control.astype(np.int64),
        }
    )
    zero: dict[str, Any] = {"outcome": outcome.name, "horizon_months": horizon}
    zero |= {"event_time": events.reference, "estimate": 0.0}
    table = pd.concat([table, pd.DataFrame([zero])], ignore_index=True)
    table.insert(3, "phase", [_phase(int(e), events.reference) for e in table["event_time"]])
    return table.sort_values("event_time", ignore_index=True)


def _phase(event_time: int, reference: int) -> str:
    if event_time <= reference:
        return PHASES[0]
    return PHASES[2] if event_time >= 0 else PHASES[1]


def opening_trajectories(cells: AreaCells, study: Study) -> pd.DataFrame:
    """Return each outcome by month since the first demand, with the opening and without it.

    Without it is what the youths of the open areas would have had: their rate less the effect. The
    cohorts are those that can be compared at each month, fewer and fewer as months pass.

    Returns:
        The columns of `trajectories.csv`; arm `treated` (open) and `comparison` (not open).
    """
    rows: list[tuple[Any, ...]] = []
    for outcome in cells.outcomes:
        for month in cells.months:
            try:
                opening = opening_of(cells, outcome, month)
            except EstimationError:
                continue
            rows += _arms(cells, opening, outcome, month, study)
    columns = ["arm", "month", "outcome", "rate", "std_error", "n_at_risk", "share_unobserved"]
    return pd.DataFrame(rows, columns=columns)


def _arms(
    cells: AreaCells, opening: Opening, outcome: Outcome, month: int, study: Study
) -> list[tuple[Any, ...]]:
    """Return the two arms at one month; the error of the effect lies on the one not observed."""
    rows, effects = opening.post, opening.effects
    few = int(opening.inside.sum()) < study.checks.areas
    values = np.array([effects.average(rows), _rates(effects.rate[rows], effects.weight[rows])])
    se = [float("nan")] * 2
    if not few:
        try:
            spread = jackknife(values, opening.used, effects.plan.stratum)
            se = [float(x) for x in np.sqrt(np.diag(spread.covariance))]
        except EstimationError:
            pass
    known = [known_share(cells, opening, arm) for arm in ("treated", "control")]
    rate = float(values[1, 0])
    n = (int(effects.weight[rows, 0].sum()), int(_control_size(cells, opening)))
    return [
        ("treated", month, outcome.name, rate, se[1], n[0], 1 - known[0]),
        ("comparison", month, outcome.name, rate - float(values[0, 0]), se[0], n[1], 1 - known[1]),
    ]


def _rates(rate: Matrix, weight: Matrix) -> Vector:
    weights = np.where(np.isfinite(rate), weight, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * np.nan_to_num(rate)).sum(axis=0) / weights.sum(axis=0))


def wanted_cells(opening: Opening, arm: str, shape: tuple[int, int]) -> BoolVector:
    """Return the areas and half-years of an arm of the wanted cells, each once.

    Args:
        opening: The outcome and its cells.
        arm: `treated` or `control`.
        shape: Areas and half-years.
    """
    plan = opening.effects.plan
    areas = plan.treated if arm == "treated" else plan.control
    found = np.zeros(shape, dtype=bool)
    for k in np.flatnonzero(opening.post):
        found[areas[k], plan.time[k]] = True
    return found


def known_share(cells: AreaCells, opening: Opening, arm: str) -> float:
    """Return the share of an arm's youths whose outcome is observed."""
    every, _ = cells.matrices("n", opening.horizon)
    known, _ = cells.matrices(opening.outcome.name, opening.horizon)
    at = wanted_cells(opening, arm, every.shape)
    total = float(every[at].sum())
    return float(known[at].sum()) / total if total else float("nan")


def _control_size(cells: AreaCells, opening: Opening) -> float:
    known, _ = cells.matrices(opening.outcome.name, opening.horizon)
    return float(known[wanted_cells(opening, "control", known.shape)].sum())


def composition_table(cells: AreaCells, study: Study, horizon: int) -> pd.DataFrame:
    """Return who came for the first time, where it was open and where it was not.

    `smd_before` compares the shares in the same half-years; `smd_after` is their double
    difference: whether the opening changed who comes. Both in standard deviations.

    Returns:
        The columns of a balance table, with `std_error` of the double difference and `p_value`; no
        row where nothing can be compared.
    """
    outcome = cells.outcomes[study.outcomes.index(study.primary.outcome)]
    rows: list[dict[str, Any]] = []
    try:
        opening = opening_of(cells, outcome, horizon)
    except EstimationError:
        return pd.DataFrame(rows, columns=list(COMPOSITION))
    for trait in study.covariates:
        for value in cells.values(trait):
            rows.append(_composition(cells, opening, f"{trait}={value}"))  # noqa: PERF401
    return pd.DataFrame(rows, columns=list(COMPOSITION))


def _composition(cells: AreaCells, opening: Opening, name: str) -> dict[str, Any]:
    n, y = cells.matrices(name, opening.horizon)
    plan, rows = opening.effects.plan, opening.post
    effects = opening_effects(n, y, plan)
    change = effects.average(rows)
    at = {arm: wanted_cells(opening, arm, n.shape) for arm in ("treated", "control")}
    share = {arm: float(y[a].sum() / n[a].sum()) for arm, a in at.items()}
    var = {arm: p * (1 - p) for arm, p in share.items()}
    sd = float(np.sqrt((var["treated"] + var["control"]) / 2)) or float("nan")
    try:
        spread = jackknife(change[None, :], opening.used, plan.stratum)
        se = float(np.sqrt(spread.covariance[0, 0]))
        p = float(2 * stdtr(spread.df, -abs(change[0]) / se)) if se > 0 else float("nan")
    except EstimationError:
        se = p = float("nan")
    return {
        "covariate": name,
        "smd_before": (share["treated"] - share["control"]) / sd,
        "smd_after": float(change[0]) / sd,
        "variance_ratio": var["treated"] / var["control"] if var["control"] else float("nan"),
        "mean_treated_before": share["treated"],
        "mean_comparison_before": share["control"],
        "mean_comparison_after": share["treated"] - float(change[0]),
        "std_error": se / sd,
        "p_value": p,
    }


def opening_observation(cells: AreaCells, study: Study) -> pd.DataFrame:
    """Return, per arm, how often each declared outcome is known, and who entered.

    Returns:
        The columns of `observation.csv`: arm, measure, label, value, unit, n, words.
    """
    horizon = study.primary.horizon or 0
    at_horizon: Values = {"months": Number(horizon, 0, "months")}
    rows: list[tuple[Any, ...]] = []
    for outcome in cells.outcomes:
        try:
            opening = opening_of(cells, outcome, horizon)
        except EstimationError:
            continue
        every, entered = cells.matrices("entered", horizon)
        for arm, name in (("treated", "treated"), ("comparison", "control")):
            at = wanted_cells(opening, name, every.shape)
            n = int(every[at].sum())
            known = known_share(cells, opening, name)
            if outcome.channel == "declared":
                known_of: Values = {"outcome": Name("outcome", outcome.name), **at_horizon}
                words = Message("observation.known", known_of)
                rows.append((arm, f"known_{outcome.name}", words, known, "proportion", n))
            if outcome is cells.outcomes[0]:
                share = float(entered[at].sum() / n)
                words = Message("observation.take_up", at_horizon)
                rows.append((arm, "take_up", words, share, "proportion", n))
    columns = ["arm", "measure", "label", "value", "unit", "n"]
    seen = pd.DataFrame(rows, columns=columns).sort_values(["measure", "arm"], ignore_index=True)
    texts = [messages_text([each]) for each in seen["label"]]
    return seen.assign(label=[render(each, "fr") for each in seen["label"]], words=texts)
