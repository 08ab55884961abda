"""Averages of effects by group and time: one number, by group, by event time, by calendar time.

Callaway and Sant'Anna (2021), section 3.1. Groups weigh by their size; where sizes are sampled,
their uncertainty enters the standard error (theorem 4 and corollary 2). Only periods from the
treatment on enter the averages; effects before it appear by event time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from evalml.effect.panel_variance import covariance, shown_errors
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.effect.group_time import GroupTime
    from evalml.effect.panel_variance import Sampling

Aggregation: TypeAlias = Literal["gt", "simple", "group", "dynamic", "calendar"]
"""No average; one average; by first treated period; by event time; by calendar time."""


@dataclass(frozen=True, slots=True, repr=False)
class Aggregate:
    """m averages, and their overall average last.

    Attributes:
        method: Name of the method.
        kind: Which aggregation.
        key: Group, event time or calendar time of each average, shape (m,); NaN for the overall.
        group: Group of each row, NaN where it has none, shape (m,).
        time: Calendar time of each row, NaN where it has none, shape (m,).
        event_time: Periods since treatment, NaN where it has none, shape (m,).
        estimate: Shape (m,).
        influence: Shape (m, n), summing to the errors.
        mean_treated: Mean outcome of the treated, weighed alike, shape (m,).
        n_treated: Units of the groups averaged, shape (m,).
        n_comparison: Most units compared with in one of the cells averaged, shape (m,).
        judged: Whether a standard error can be computed, shape (m,).
        sampling: What was sampled.
        details: Counts and warnings, ready for JSON.
    """

    method: str
    kind: Aggregation
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
        """Covariance of the m averages, shape (m, m)."""
        return covariance(self.influence, self.sampling)

    def __repr__(self) -> str:
        """Give the size only."""
        return f"Aggregate({self.method}, {self.kind}, {self.estimate.size} estimates)"


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
        return _as_it_is(effects)
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


def _as_it_is(effects: GroupTime) -> Aggregate:
    """Keep every effect by group and time."""
    return Aggregate(
        method=effects.method,
        kind="gt",
        group=effects.group,
        time=effects.time,
        event_time=effects.time - effects.group,
        estimate=effects.estimate,
        influence=effects.influence,
        mean_treated=effects.mean_treated,
        n_treated=effects.n_treated,
        n_comparison=effects.n_comparison,
        judged=effects.judged,
        sampling=effects.sampling,
        details=effects.details,
    )
