"""The survival methods by name: a table of durations in, flat rows out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from scipy.special import ndtr, ndtri

from evalml.errors import EstimationError, nearest
from evalml.methods.cox import cox
from evalml.methods.durations import DurationColumns, Durations, DurationTable, read_durations, snap
from evalml.methods.effect import Effect
from evalml.methods.panel import MissingRows
from evalml.methods.survival import (
    Curve,
    MeanTime,
    aalen_johansen,
    clustered_error,
    gray_test,
    hazard_interval,
    kaplan_meier,
    log_interval,
    log_log_interval,
    log_rank,
    nelson_aalen,
    plain_interval,
    restricted_mean,
)

if TYPE_CHECKING:
    import pandas as pd

    from evalml.arrays import Vector


SurvivalMethod: TypeAlias = Literal["km", "na", "aj", "logrank", "gray", "rmst", "cox"]
"""Kaplan-Meier, Nelson-Aalen, Aalen-Johansen, log-rank, Gray's test, restricted mean, Cox."""
IntervalScale: TypeAlias = Literal["log-log", "log", "plain"]
"""Scale of the intervals of a curve; of -log of the survival for a cumulative hazard."""
_MOST_TIMES = 200


@dataclass(frozen=True, slots=True)
class SurvivalRequest:
    """What is asked of durations.

    Attributes:
        columns: Which column is what.
        method: Method.
        at: Times at which curves are read (km, aj); all event times by default, 200 at most.
        horizon: End of the window of a restricted mean; by default the shortest of the longest
            follow-ups of the groups.
        start: Follow nobody before this time.
        missing: Refuse or drop rows with missing values.
        level: Coverage of the intervals.
        interval: Scale of the intervals of curves.
    """

    columns: DurationColumns
    method: SurvivalMethod = "km"
    at: tuple[float, ...] = ()
    horizon: float | None = None
    start: float | None = None
    missing: MissingRows = "refuse"
    level: float = 0.95
    interval: IntervalScale = "log-log"

    def __post_init__(self) -> None:
        """Refuse what is not an option."""
        for value, valid in (
            (self.method, get_args(SurvivalMethod)),
            (self.missing, get_args(MissingRows)),
            (self.interval, get_args(IntervalScale)),
        ):
            if value not in valid:
                raise EstimationError(f"'{value}' is not an option; {nearest(value, valid)}")
        if not 0 < self.level < 1:
            raise EstimationError("the level of the intervals lies between 0 and 1, such as 0.95")
        if self.columns.strata and self.method not in {"cox", "logrank"}:
            raise EstimationError(f"{self.method} takes no strata; use cox or logrank, or a group")
        if self.interval == "log" and self.method == "aj":
            raise EstimationError("aj has the intervals log-log and plain")


def survival(table: pd.DataFrame, request: SurvivalRequest) -> list[Effect]:
    """Return one row per time and group (km, na, aj), contrast (rmst), term (cox), or test.

    Args:
        table: One row per person.
        request: What is asked.

    Raises:
        EvalmlError: The table or the method does not allow it; the message says why.
    """
    read = read_durations(table, request.columns, missing=request.missing, start=request.start)
    return _METHODS[request.method](read, request)


def _curves(read: DurationTable, request: SurvivalRequest) -> list[Effect]:
    """Return survival, or the incidence of each cause, by group at the times asked for."""
    rows: list[Effect] = []
    causes = range(1, int(read.durations.event.max()) + 1) if request.method == "aj" else [0]
    for code, level in enumerate(read.levels):
        part = read.durations.only(read.group == code)
        when = _times(part, request)
        for cause in causes:
            if not ((part.event == cause) if cause else (part.event > 0)).any():
                curve = _nothing_happens(part, float(request.method == "km"))
            elif request.method == "na":
                curve = nelson_aalen(part)
            else:
                curve = aalen_johansen(part, cause, when) if cause else kaplan_meier(part, when)
            rows += _read_curve(curve, part, when, (level, cause), read, request)
    return rows


def _nothing_happens(part: Durations, start: float) -> Curve:
    """Return the flat curve of a group without any such event, which has no standard error."""
    return Curve(
        times=np.array([-np.inf]),
        value=np.array([start]),
        std_error=np.array([np.nan]),
        at_risk=np.array([part.time.size]),
        last_time=float(part.time.max()),
        start=start,
        warnings=("no such event in this group: a flat curve, without standard error",),
    )


def _times(part: Durations, request: SurvivalRequest) -> Vector:
    """Return the times asked for, or the event times (200 at most, evenly spread)."""
    if request.at:
        return np.array(request.at, dtype=np.float64)
    times = np.unique(part.time[part.event > 0])
    if times.size == 0:
        return np.array([part.time.max()])
    if times.size > _MOST_TIMES:
        times = times[np.linspace(0, times.size - 1, _MOST_TIMES).astype(int)]
    return times


def _read_curve(
    curve: Curve,
    part: Durations,
    when: Vector,
    key: tuple[str, int],
    read: DurationTable,
    request: SurvivalRequest,
) -> list[Effect]:
    level, cause = key
    when = snap(when, part.time)
    value, se = curve.at(when)
    low, high = _interval(value, se, request)
    at_risk = [int(np.sum((part.entry < t) & (part.time >= t))) for t in when]
    warnings = list(curve.warnings)
    if (when > curve.last_time).any():
        warnings.append("times beyond the end of the longest follow-up have no value")
    rows = []
    for k, t in enumerate(when):
        details: dict[str, Any] = {
            "time": float(t),
            "group": level or None,
            "at_risk": at_risk[k],
            "events": int(((part.event > 0) & (part.time <= t)).sum()),
            **({"cause": cause} if cause else {}),
            **(read.counts if not k else {}),
            "warnings": warnings,
        }
        estimand = _ESTIMANDS[request.method]
        bounds = (float(low[k]), float(high[k]))
        counts = (part.time.size, 0)
        rows.append(
            _effect(request, estimand, float(value[k]), float(se[k]), bounds, counts, details)
        )
    return rows


def _interval(value: Vector, se: Vector, request: SurvivalRequest) -> tuple[Vector, Vector]:
    """Return the interval of a curve on the scale asked for."""
    if request.method == "na":
        return hazard_interval(value, se, request.level, log=request.interval == "log-log")
    if request.interval == "plain":
        return plain_interval(value, se, request.level)
    if request.interval == "log":
        return log_interval(value, se, request.level)
    if request.method == "km":
        return log_log_interval(value, se, request.level)
    low, high = log_log_interval(1 - value, se, request.level)
    return 1 - high, 1 - low


def _gray(read: DurationTable, request: SurvivalRequest) -> list[Effect]:
    """Return Gray's test of each cause: the statistic as estimate, and its p-value."""
    nan = float("nan")
    sizes = (int((read.group > 0).sum()), int((read.group == 0).sum()))
    rows = []
    for cause in range(1, int(read.durations.event.max(initial=1)) + 1):
        test = gray_test(read.durations, read.group, cause)
        details = {"cause": cause, "df": test.df, **read.counts, "warnings": []}
        row = _effect(
            request, "equal_cumulative_incidence", test.chi2, nan, (nan, nan), sizes, details
        )
        rows.append(replace(row, p_value=test.p_value))
    return rows


def _log_rank(read: DurationTable, request: SurvivalRequest) -> list[Effect]:
    """Return the log-rank test: the statistic as estimate, its p-value, and no interval."""
    test = log_rank(read.durations, read.group)
    nan = float("nan")
    details = {
        "df": test.df,
        "observed": dict(zip(read.levels, test.observed, strict=True)),
        "expected": dict(zip(read.levels, test.expected, strict=True)),
        **read.counts,
        "warnings": [],
    }
    sizes = (int((read.group > 0).sum()), int((read.group == 0).sum()))
    row = _effect(request, "equal_hazards", test.chi2, nan, (nan, nan), sizes, details)
    return [replace(row, p_value=test.p_value)]


def _rmst(read: DurationTable, request: SurvivalRequest) -> list[Effect]:
    """Return the differences of restricted means from the first group, then each group's."""
    parts = [read.durations.only(read.group == code) for code in range(len(read.levels))]
    horizon = request.horizon
    if horizon is None:
        horizon = min(float(part.time.max()) for part in parts)
    origin = max(0.0, request.start or 0.0)
    means = [restricted_mean(part, horizon, origin) for part in parts]
    z = float(ndtri(0.5 + request.level / 2))
    common = {"horizon": horizon, "origin": origin}
    rows = []
    for code in range(1, len(means)):
        se = _difference_se(means, read, code)
        value = means[code].value - means[0].value
        details = common | {
            "group": f"{read.levels[code]} - {read.levels[0]}",
            **read.counts,
            "warnings": [],
        }
        sizes = (parts[code].time.size, parts[0].time.size)
        bounds = (value - z * se, value + z * se)
        rows.append(_effect(request, "rmst_difference", value, se, bounds, sizes, details))
    for code, mean in enumerate(means):
        value, se = mean.value, _own_se(mean, parts[code])
        details = common | {"group": read.levels[code] or None, "warnings": []}
        bounds = (value - z * se, value + z * se)
        rows.append(
            _effect(request, "rmst", value, se, bounds, (parts[code].time.size, 0), details)
        )
    return rows


def _own_se(mean: MeanTime, part: Durations) -> float:
    """Return the standard error of a restricted mean, clustered where there are clusters."""
    if part.cluster is None:
        return float(np.sqrt(mean.variance))
    return clustered_error(mean.influence, part.cluster)


def _difference_se(means: list[MeanTime], read: DurationTable, code: int) -> float:
    """Return the standard error of a difference; clusters may hold persons of both groups."""
    first, other = means[0], means[code]
    cluster = read.durations.cluster
    if cluster is None:
        return float(np.sqrt(first.variance + other.variance))
    both = np.concatenate([-first.influence, other.influence])
    codes = np.concatenate([cluster[read.group == 0], cluster[read.group == code]])
    return clustered_error(both, codes)


def _cox(read: DurationTable, request: SurvivalRequest) -> list[Effect]:
    """Return one row per coefficient: the log hazard ratio, the ratio in the details."""
    levels = np.arange(1, len(read.levels))
    dummies = (read.group[:, None] == levels).astype(np.float64)
    X = np.hstack([dummies, read.covariates])
    names = [f"{request.columns.group}={read.levels[k]}" for k in levels]
    names += read.covariate_names
    fit = cox(read.durations, X)
    z = float(ndtri(0.5 + request.level / 2))
    rows = []
    for k, (beta, se) in enumerate(zip(fit.beta, fit.std_error, strict=True)):
        bounds = (float(beta - z * se), float(beta + z * se))
        sizes = (read.group.size, 0)
        if k < levels.size:
            sizes = (int((read.group == k + 1).sum()), int((read.group == 0).sum()))
        details = {
            "term": names[k],
            "hazard_ratio": float(np.exp(beta)),
            "hazard_ratio_low": float(np.exp(bounds[0])),
            "hazard_ratio_high": float(np.exp(bounds[1])),
            "events": fit.events,
            "robust": fit.robust,
            "clusters": fit.clusters,
            "loglik": fit.loglik,
            **(read.counts if not k else {}),
            "warnings": [],
        }
        rows.append(
            _effect(request, "log_hazard_ratio", float(beta), float(se), bounds, sizes, details)
        )
    return rows


def _effect(
    request: SurvivalRequest,
    estimand: str,
    value: float,
    se: float,
    bounds: tuple[float, float],
    sizes: tuple[int, int],
    details: dict[str, Any],
) -> Effect:
    contrast = estimand in {"rmst_difference", "log_hazard_ratio"} and se > 0
    p_value = float(2 * ndtr(-abs(value) / se)) if contrast else float("nan")
    return Effect(
        outcome=request.columns.event,
        horizon_months=None,
        estimand=estimand,
        method=request.method,
        estimate=value,
        std_error=se,
        ci_low=bounds[0],
        ci_high=bounds[1],
        p_value=p_value,
        n_treated=sizes[0],
        n_comparison=sizes[1],
        mean_treated=float("nan"),
        mean_comparison=float("nan"),
        unit="",
        details=details,
    )


_ESTIMANDS = {"km": "survival", "na": "cumulative_hazard", "aj": "cumulative_incidence"}
_METHODS = {
    "km": _curves,
    "na": _curves,
    "aj": _curves,
    "logrank": _log_rank,
    "gray": _gray,
    "rmst": _rmst,
    "cox": _cox,
}
