"""Effects by group (first treated period) and time, their averages, and their flat rows.

Callaway and Sant'Anna (2021), section 3.1. Groups weigh by their size; where sizes are sampled,
their uncertainty enters the standard error (theorem 4 and corollary 2). Only periods from the
treatment on enter the averages; effects before it appear by event time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.effect import Effect
from evalml.methods.variance import (
    Sampling,
    covariance,
    critical_value,
    multiplier_draws,
    p_values,
    shown_errors,
    simultaneous_critical_value,
)

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.methods.two_period import EstMethod


ControlGroup: TypeAlias = Literal["never", "not_yet"]
"""Compared with those never treated, or with all those not treated yet."""
Base: TypeAlias = Literal["varying", "universal"]
"""Before treatment, compare with the period before, or always with the last untreated one."""
Incomplete: TypeAlias = Literal["refuse", "leave_out"]
"""Refuse the whole where one effect by group and time cannot be estimated, or leave it out."""


@dataclass(frozen=True, slots=True)
class RolloutOptions:
    """Choices of a roll-out design.

    Attributes:
        control: Comparison units.
        est_method: How covariates enter.
        anticipation: Periods before treatment in which units may already react.
        base: Base period of the effects before treatment.
        incomplete: What happens where an effect by group and time cannot be estimated: the whole
            is refused with the reason, or the effect is left out and averages say so.
    """

    control: ControlGroup = "never"
    est_method: EstMethod = "dr"
    anticipation: int = 0
    base: Base = "varying"
    incomplete: Incomplete = "refuse"

    def __post_init__(self) -> None:
        """Refuse what is not an option."""
        for value, valid in (
            (self.control, {"never", "not_yet"}),
            (self.est_method, {"dr", "reg", "ipw", "dr_improved"}),
            (self.base, {"varying", "universal"}),
            (self.incomplete, {"refuse", "leave_out"}),
        ):
            if value not in valid:
                raise EstimationError(f"'{value}' is not an option; valid: {sorted(valid)}")
        if self.anticipation < 0:
            raise EstimationError("anticipation counts periods before treatment: 0 or more")


@dataclass(frozen=True, slots=True)
class GroupTimeCell:
    """One group at one time, and the period it is compared with (indices of `periods`).

    Attributes:
        group: First treated period.
        time: Index of the period.
        base: Index of the base period; equal to `time` where the effect is zero by construction.
        post: Whether the group is treated at that time.
    """

    group: float
    time: int
    base: int
    post: bool


Aggregation: TypeAlias = Literal["gt", "simple", "group", "dynamic", "calendar"]
"""No average; one average; by first treated period; by event time; by calendar time."""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Aggregate:
    """m effects of a roll-out: by group and time (`gt`), or averages with the overall one last.

    Attributes:
        method: Name of the method.
        kind: Which aggregation.
        group: Group of each row, NaN where it has none, shape (m,).
        time: Calendar time of each row, NaN where it has none, shape (m,).
        event_time: Periods since treatment, NaN where it has none, shape (m,).
        estimate: Shape (m,).
        influence: Shape (m, n): influence of each unit (or cluster), summing to the errors.
        mean_treated: Mean outcome of the treated, weighed alike, shape (m,).
        n_treated: Units of the groups averaged, shape (m,).
        n_comparison: Most units compared with in one of the cells averaged, shape (m,).
        judged: Whether a standard error can be computed (two treated units or clusters at least,
            and not zero by construction), shape (m,).
        sampling: What was sampled.
        details: Counts and warnings, ready for JSON.
    """

    method: str
    kind: Aggregation = "gt"
    group: Vector
    time: Vector
    event_time: Vector
    estimate: Vector
    influence: Matrix
    mean_treated: Vector
    n_treated: IntVector
    n_comparison: IntVector
    judged: BoolVector
    sampling: Sampling
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def std_error(self) -> Vector:
        """Standard errors, NaN where none can be computed, shape (m,)."""
        return shown_errors(self.estimate, self.influence, self.judged, self.sampling)

    @property
    def vcov(self) -> Matrix:
        """Covariance of the m effects, shape (m, m)."""
        return covariance(self.influence, self.sampling)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class GroupTime(Aggregate):
    """K effects by group and time, with what their aggregation needs.

    Attributes:
        weight: Size of the group (its share), shape (K,).
        weight_influence: Influence on the share of each distinct group (increasing), or None:
            shares taken as fixed.
    """

    weight: Vector
    weight_influence: Matrix | None = None


def plan_cells(groups: Vector, periods: Vector, options: RolloutOptions) -> list[GroupTimeCell]:
    """Return the cells to estimate, by group, then time."""
    cells: list[GroupTimeCell] = []
    for group in groups:
        last = int(np.searchsorted(periods + options.anticipation, group)) - 1
        universal = options.base == "universal"
        for time in range(0 if universal else 1, periods.size):
            post = bool(periods[time] >= group)
            base = last if universal or post else time - 1
            cells.append(GroupTimeCell(float(group), time, base, post))
    return cells


@dataclass(frozen=True, slots=True)
class RolloutUnits:
    """The groups of a roll-out.

    Attributes:
        usable: Units (rows) that can be used, shape (n,).
        groups: First treated periods whose effect is estimated, increasing.
        periods: Periods used, increasing.
        never_from: A unit is never treated when its first treated period is beyond this.
        counts: What was left out, ready for JSON.
        warnings: What the reader must know.
    """

    usable: BoolVector
    groups: Vector
    periods: Vector
    never_from: float
    counts: dict[str, Any]
    warnings: tuple[str, ...]


def sort_out(first: Vector, periods: Vector, options: RolloutOptions) -> RolloutUnits:
    """Decide which units, groups and periods a roll-out can use.

    Units treated from the first period on have no period before treatment: they are dropped and
    counted. Units first treated after the last period are never treated here. Without never
    treated units, the last group serves for comparison only, until it is treated.

    `first`: first treated period of each unit, infinite for never, shape (n,).
    """
    if periods.size < 2:  # noqa: PLR2004
        raise EstimationError("there is one period only; a roll-out needs one before treatment")
    never_from = float(periods[-1] + options.anticipation)
    early = first <= periods[0] + options.anticipation
    groups = np.unique(first[~early & (first <= periods[-1])])
    warnings = []
    if early.any():
        warnings.append(
            f"{int(early.sum())} units treated from the first period on (no period before) dropped"
        )
    if not (first > never_from).any():
        groups, periods = _without_never(groups, periods, options)
        warnings.append("no never-treated unit: the last group serves for comparison only")
    if groups.size == 0:
        raise EstimationError(
            "no group is first treated within the periods, after the first one, with units left "
            "to compare with; check the first treated periods"
        )
    return RolloutUnits(
        usable=~early,
        groups=groups,
        periods=periods,
        never_from=never_from,
        counts={
            "units_dropped_treated_from_start": int(early.sum()),
            "units_never_treated": int((first > never_from).sum()),
        },
        warnings=tuple(warnings),
    )


def _without_never(
    groups: Vector, periods: Vector, options: RolloutOptions
) -> tuple[Vector, Vector]:
    """Keep the last group for comparison, and the periods before its treatment."""
    if options.control == "never":
        raise EstimationError(
            "no unit is never treated; compare with those not yet treated (control not_yet)"
        )
    if groups.size < 2:  # noqa: PLR2004
        raise EstimationError(
            "all units are treated at the same time: nobody is left who is not yet treated"
        )
    return groups[:-1], periods[periods < groups[-1] - options.anticipation]


@dataclass(frozen=True, slots=True, repr=False)
class _Average:
    """Rows of weights over the K cells, and what sampled shares add to their influence."""

    weights: Matrix
    share_slopes: Matrix


def aggregate(effects: GroupTime, kind: Aggregation) -> Aggregate:
    """Average effects by group and time.

    Args:
        effects: Effects by group and time.
        kind: `gt` (none), `simple`, `group`, `dynamic` (by event time) or `calendar`.

    Raises:
        EstimationError: There is no effect after treatment to average.
    """
    if kind not in get_args(Aggregation):
        raise EstimationError(f"'{kind}' is not an aggregation; valid: {get_args(Aggregation)}")
    if kind == "gt":
        return effects
    post = effects.time >= effects.group
    if not post.any():
        raise EstimationError("no effect after treatment can be estimated, so none can be averaged")
    keys, rows = _rows(effects, kind, post)
    parts = [_average(effects, row, by_size=kind != "group") for row in rows]
    weights, slopes = np.array([w for w, _ in parts]), np.array([s for _, s in parts])
    overall = _overall(effects, kind, weights, slopes, keys)
    return _build(effects, kind, keys, _Average(*overall))


def _rows(effects: GroupTime, kind: Aggregation, post: BoolVector) -> tuple[Vector, BoolVector]:
    """Return the keys, and which cells each key averages, shape (m, K)."""
    if kind == "simple":
        return np.empty(0), post[None, :]
    values = {
        "group": effects.group,
        "dynamic": effects.time - effects.group,
        "calendar": effects.time,
    }[kind]
    used = np.ones(post.size, dtype=bool) if kind == "dynamic" else post
    keys = np.unique(values[used])
    return keys, (values == keys[:, None]) & used


def _average(effects: GroupTime, row: BoolVector, *, by_size: bool) -> tuple[Vector, Vector]:
    """Return the weights of one average, and the slope of the average in the share of each cell."""
    size = np.where(row, effects.weight if by_size else 1.0, 0.0)
    weights = size / size.sum()
    mean = float(weights @ effects.estimate)
    slopes = np.where(row, (effects.estimate - mean) / size.sum(), 0.0)
    return weights, slopes if by_size else np.zeros(row.size)


def _overall(
    effects: GroupTime, kind: Aggregation, weights: Matrix, slopes: Matrix, keys: Vector
) -> tuple[Matrix, Matrix]:
    """Append the overall average as the last row (alone for `simple`)."""
    if kind == "simple":
        return weights, slopes
    mix = np.ones(keys.size) if kind == "calendar" else (keys >= 0).astype(np.float64)
    extra = np.zeros(effects.group.size)
    if kind == "group":
        mix = np.array([effects.weight[effects.group == g][0] for g in keys])
        gaps = weights @ effects.estimate
        gaps = (gaps - mix @ gaps / mix.sum()) / mix.sum()
        first = np.unique(effects.group, return_index=True)
        place = dict(zip(first[0], first[1], strict=True))
        extra[[place[g] for g in keys]] = gaps
    mix = mix / mix.sum()
    return np.vstack([weights, mix @ weights]), np.vstack([slopes, mix @ slopes + extra])


def _build(effects: GroupTime, kind: Aggregation, keys: Vector, average: _Average) -> Aggregate:
    """Apply the weights to everything the cells hold."""
    influence = average.weights @ effects.influence
    if effects.weight_influence is not None:
        group = np.unique(effects.group, return_inverse=True)[1]
        slopes = np.zeros((average.weights.shape[0], effects.weight_influence.shape[0]))
        np.add.at(slopes.T, group, average.share_slopes.T)
        influence += slopes @ effects.weight_influence
    key = np.append(keys, np.nan)
    none = np.full(key.size, np.nan)
    used = average.weights > 0
    return Aggregate(
        method=effects.method,
        kind=kind,
        group=key if kind == "group" else none,
        time=key if kind == "calendar" else none,
        event_time=key if kind == "dynamic" else none,
        estimate=average.weights @ effects.estimate,
        influence=influence,
        mean_treated=average.weights @ effects.mean_treated,
        n_treated=np.array([_units(effects, row) for row in used], dtype=np.int64),
        n_comparison=np.array([effects.n_comparison[row].max() for row in used], dtype=np.int64),
        judged=np.array([effects.judged[row].any() for row in used]),
        sampling=effects.sampling,
        details=effects.details,
    )


def _units(effects: GroupTime, row: BoolVector) -> int:
    """Count the units of the groups of a row, each group once."""
    groups, first = np.unique(effects.group[row], return_index=True)
    del groups
    return int(effects.n_treated[row][first].sum())


@dataclass(frozen=True, slots=True)
class AverageOptions:
    """How averages are read out.

    Attributes:
        outcome: Name of the outcome.
        unit: Unit of the estimate.
        level: Coverage of the intervals.
        bootstrap: Draws of the multiplier bootstrap; 0 for no simultaneous band.
        seed: Seed of the bootstrap.
    """

    outcome: str
    unit: str = ""
    level: float = 0.95
    bootstrap: int = 0
    seed: int = 1


def rollout_effects(averages: Aggregate, reading: AverageOptions) -> list[Effect]:
    """Return one row per average: the overall one first, then by key.

    The estimand is `att`, or `att_incomplete` for an average that lacks some effects by group and
    time. The keys are in the details: `group`, `time`, `event_time` (None where they do not apply),
    and with a bootstrap `band_low` and `band_high`, which hold for all rows at once.
    """
    size = averages.estimate.size
    se = averages.std_error
    half = critical_value(averages.sampling, reading.level) * se
    p = p_values(averages.estimate, se, averages.sampling)
    band = _band(averages, reading)
    order = range(size) if averages.kind == "gt" else [size - 1, *range(size - 1)]
    rows = []
    for k in order:
        estimate = float(averages.estimate[k])
        rows.append(
            Effect(
                outcome=reading.outcome,
                horizon_months=None,
                estimand="att_incomplete" if _incomplete(averages, k) else "att",
                method=averages.method,
                estimate=estimate,
                std_error=float(se[k]),
                ci_low=float(estimate - half[k]),
                ci_high=float(estimate + half[k]),
                p_value=float(p[k]),
                n_treated=int(averages.n_treated[k]),
                n_comparison=int(averages.n_comparison[k]),
                mean_treated=float(averages.mean_treated[k]),
                mean_comparison=float(averages.mean_treated[k]) - estimate,
                unit=reading.unit,
                details=_keys(averages, k) | _bounds(band, averages, k) | _shared(averages, k),
            )
        )
    return rows


def _incomplete(averages: Aggregate, row: int) -> bool:
    """Tell whether an average lacks effects by group and time that could not be estimated."""
    skipped = averages.details.get("skipped") or []
    if not skipped or averages.kind == "gt":
        return False
    group, time = (np.array([s[name] for s in skipped]) for name in ("group", "time"))
    after = time >= group
    own = {
        "group": (group == averages.group[row]) & after,
        "calendar": (time == averages.time[row]) & after,
        "dynamic": time - group == averages.event_time[row],
    }
    overall = averages.kind == "simple" or row == averages.estimate.size - 1
    return bool((after if overall else own[averages.kind]).any())


def _shared(averages: Aggregate, row: int) -> dict[str, Any]:
    """Return counts and warnings; the overall row carries all, the rows by key the warnings."""
    if averages.kind != "gt" and row == averages.estimate.size - 1:
        return averages.details
    clusters = averages.details.get("clusters")
    return {"clusters": clusters, "warnings": averages.details.get("warnings", [])}


def _keys(averages: Aggregate, row: int) -> dict[str, Any]:
    """Return group, time and event time of a row, None where they do not apply.

    The reference period, which is 0 by definition and has no error, is said to be one.
    """
    named = {"group": averages.group, "time": averages.time, "event_time": averages.event_time}
    values = {name: float(column[row]) for name, column in named.items()}
    before = bool(averages.event_time[row] < 0)
    reference = before and averages.estimate[row] == 0 and bool(np.isnan(averages.std_error[row]))
    return {"aggregation": averages.kind, **({"reference": True} if reference else {})} | {
        name: None if np.isnan(value) else int(value) if value.is_integer() else value
        for name, value in values.items()
    }


def _band(averages: Aggregate, reading: AverageOptions) -> tuple[float, float] | None:
    """Return the simultaneous critical value of the rows by key, and that of the overall row."""
    if not reading.bootstrap:
        return None
    deviations = multiplier_draws(averages.influence, reading.bootstrap, reading.seed)
    last = slice(-1, None) if averages.kind != "gt" else slice(0, 0)
    by_key = slice(None, -1) if averages.kind not in {"gt", "simple"} else slice(None)
    se = averages.std_error
    first = simultaneous_critical_value(deviations[:, by_key], se[by_key], reading.level)
    alone = first
    if se[last].size:
        alone = simultaneous_critical_value(deviations[:, last], se[last], reading.level)
    return first, alone


def _bounds(
    band: tuple[float, float] | None, averages: Aggregate, row: int
) -> dict[str, float | None]:
    """Return the simultaneous band of a row."""
    if band is None:
        return {}
    overall = averages.kind != "gt" and row == averages.estimate.size - 1
    critical = band[1] if overall else band[0]
    half = critical * float(averages.std_error[row])
    estimate = float(averages.estimate[row])
    return {"critical_value": critical, "band_low": estimate - half, "band_high": estimate + half}
