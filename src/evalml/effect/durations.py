"""How long each arm waits for the first month of an outcome, with the exits that compete.

Cumulative incidence by Aalen and Johansen (1978), each arm weighted as the study weighs it, so that
the comparison arm is made like the treated; mean months without the outcome up to a horizon, those
who leave otherwise staying without it: the area above the incidence (Andersen, 2013,
doi:10.1002/sim.5903). Errors by the infinitesimal jackknife, summed by mission locale over both
arms; the weights are taken as known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.errors import EstimationError
from evalml.methods.durations import ORIGIN, Durations
from evalml.methods.survival import clustered_error, incidence_path
from evalml.methods.variance import infer
from evalml.results import RESULT_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.arms import Arms
    from evalml.study import Study

CENSORED, EVENT, COMPETING = 0, 1, 2
INCIDENCE, MEAN_TIME = "incidence", "mean_time"
DIFFERENCE = "difference"


def first_times(
    event: Matrix, competing: Sequence[Matrix], months: IntVector
) -> tuple[IntVector, IntVector]:
    """Return when each row first reached an outcome, and what ended its wait.

    Months count from time zero; that of time zero itself, in which the programme starts, is left
    out. Whoever reaches neither outcome is censored in the last month known without a gap: what
    comes after a gap is not known to be the first time. In one month the outcome wins.

    `event`: the outcome waited for, month by month, shape (n, K); NaN where unknown; `months`:
    months since time zero of the columns, shape (K,). The result: months (0 where the first month
    is not known) and 0 censored, 1 the outcome, 2 another, shape (n,) each.
    """
    after = months >= 1
    reached = event[:, after] == 1
    ended, known = np.zeros_like(reached), ~np.isnan(event[:, after])
    for other in competing:
        ended |= other[:, after] == 1
        known &= ~np.isnan(other[:, after])
    sight = np.where(known.all(axis=1), known.shape[1], (~known).argmax(axis=1))
    first, other_first = _first(reached), _first(ended)
    time = np.minimum(np.minimum(first, other_first), sight)
    how = np.where(other_first <= sight, COMPETING, CENSORED)
    how = np.where((first <= sight) & (first <= other_first), EVENT, how)
    return time.astype(np.int64), how.astype(np.int64)


def _first(happened: Matrix) -> IntVector:
    """Return the first month in which it happened, a month beyond all where never."""
    never = happened.shape[1] + 1
    first = np.where(happened.any(axis=1), happened.argmax(axis=1) + 1, never)
    return np.asarray(first, dtype=np.int64)


def durations_table(arms: Arms, weights: Vector, study: Study) -> pd.DataFrame:
    """Return the waits of both arms and their difference: the table `durations`.

    Args:
        arms: The two arms, with the trajectories of the outcomes the study waits for.
        weights: Weights that make the comparison arm like the treated, shape (n,).
        study: Says the outcome, what competes with it, the horizons and the smallest count shown.

    Raises:
        EstimationError: Nobody of an arm is seen in the first month.
    """
    declared = study.durations
    assert declared is not None  # noqa: S101 - its caller looked
    paths = {t.outcome.name: t for t in arms.trajectories}
    months = paths[declared.event].months
    others = [paths[name].values for name in declared.competing]
    time, how = first_times(paths[declared.event].values, others, months)
    comparison, horizons = arms.comparison, sorted(study.horizons)
    rows: list[dict[str, Any]] = []
    moves: dict[str, tuple[Vector, Matrix, Durations, BoolVector]] = {}
    for arm, inside in (("treated", comparison.treated), ("comparison", ~comparison.treated)):
        followed = inside & (time > 0)
        if not followed.any():
            raise EstimationError(f"nobody of the {arm} arm is seen in the month after time zero")
        part = Durations(
            np.full(int(followed.sum()), ORIGIN),
            time[followed].astype(np.float64),
            how[followed],
            weights[followed],
            None if comparison.cluster is None else comparison.cluster[followed],
        )
        found = incidence_path(part, EVENT, horizons[-1])
        moves[arm] = (*found, part, followed)
        rows += _of_arm(arm, part, found, horizons, study)
    rows += _differences(moves, comparison.cluster, horizons)
    for row in rows:
        row["outcome"] = declared.event
    return pd.DataFrame(rows, columns=RESULT_TABLES["durations"].written)


def _of_arm(
    arm: str, part: Durations, found: tuple[Vector, Matrix], horizons: Sequence[int], study: Study
) -> Iterator[dict[str, Any]]:
    """Give the steps of the curve, each of enough events, the horizons, and the mean times."""
    path, influence = found
    since = 0
    for month in range(1, horizons[-1] + 1):
        happened = int(((part.time == month) & (part.event == EVENT)).sum())
        since += happened
        enough = since >= study.checks.minimum_count
        if month not in horizons and not enough:
            continue
        error = _error(influence[:, month - 1], part.cluster)
        counts = {"n_at_risk": int((part.time >= month).sum()), "events": since if enough else None}
        yield _row(INCIDENCE, arm, month, float(path[month - 1]), error, part.cluster) | counts
        since = 0 if enough else since
    for month in horizons:
        value, moved = _mean_time(path, influence, month)
        counts = {"n_at_risk": part.time.size, "events": reached_by(part, month)}
        row = _row(MEAN_TIME, arm, month, value, _error(moved, part.cluster), part.cluster)
        yield row | counts


def reached_by(part: Durations, month: int) -> int:
    """Return how many have reached the outcome by a month."""
    return int(((part.time <= month) & (part.event == EVENT)).sum())


def _differences(
    moves: dict[str, tuple[Vector, Matrix, Durations, BoolVector]],
    cluster: IntVector | None,
    horizons: Sequence[int],
) -> Iterator[dict[str, Any]]:
    """Give the treated less the comparison at each horizon, clusters summed over both arms."""
    arms = [moves["treated"], moves["comparison"]]
    both = None if cluster is None else np.r_[*(cluster[rows] for *_, rows in arms)]
    smallest = min(int(rows.sum()) for *_, rows in arms)
    for measure, read in ((INCIDENCE, _reached), (MEAN_TIME, _mean_time)):
        for month in horizons:
            (one, moved1), (other, moved0) = (read(path, moved, month) for path, moved, *_ in arms)
            error = _error(np.r_[moved1, -moved0], both)
            row = _row(measure, DIFFERENCE, month, one - other, error, both)
            events = min(reached_by(part, month) for _, _, part, _ in arms)
            yield row | {"n_at_risk": smallest, "events": events}


def _reached(path: Vector, influence: Matrix, horizon: int) -> tuple[float, Vector]:
    """Return the share that has reached the outcome by a horizon, and its influence."""
    return float(path[horizon - 1]), influence[:, horizon - 1]


def _mean_time(path: Vector, influence: Matrix, horizon: int) -> tuple[float, Vector]:
    """Return the mean months without the outcome up to a horizon, and its influence."""
    return horizon - float(path[: horizon - 1].sum()), -influence[:, : horizon - 1].sum(axis=1)


def _error(influence: Vector, cluster: IntVector | None) -> float:
    if cluster is None:
        return float(np.sqrt(influence @ influence))
    return clustered_error(influence, cluster)


def _row(
    measure: str, arm: str, month: int, value: float, error: float, cluster: IntVector | None
) -> dict[str, Any]:  # fmt: skip
    df = None if cluster is None else np.unique(cluster).size - 1
    found = infer(value, error, df=df)
    return {
        "measure": measure,
        "arm": arm,
        "horizon_months": month,
        "estimate": value,
        "std_error": error,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "unit": "proportion" if measure == INCIDENCE else "months",
    }
