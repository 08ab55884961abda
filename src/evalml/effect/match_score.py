"""What estimating the propensity score changes in the variance of matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.metric import LINES
from evalml.comparison.neighbours import nearest_on_line
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.matching import Matches, MatchOptions
    from evalml.comparison.packed import Columns, Packed
    from evalml.effect.sample import Sample


def score_correction(
    y: Vector, sample: Sample, matches: Matches, options: MatchOptions, theta: float
) -> float:
    """Return what to add to the variance because the score is estimated.

    Abadie and Imbens (2016): - c' I^-1 c for the effect on all; for that on the treated,
    - c' I^-1 c + d' I^-1 d, where I is the information of the logistic regression, c a mean of
    local covariances of covariates and outcome, and d the derivative of the effect with respect to
    the coefficients.

    Args:
        y: Outcome, shape (n,).
        sample: The rows.
        matches: From a propensity score.
        options: Metric and neighbours of the local covariances.
        theta: The effect.

    Raises:
        EstimationError: The metric has no estimated score.
    """
    score = matches.score
    if options.metric not in LINES or score is None or score.Z is None or score.information is None:
        message = f"metric {options.metric} has no estimated score: leave the correction out"
        raise EstimationError(message)
    treated, e = sample.treated, score.score
    line = matches.points[:, 0]
    density = e * (1.0 - e)
    cov1 = _local_covariance(y, score.Z, line, treated, sample, options)
    cov0 = _local_covariance(y, score.Z, line, ~treated, sample, options)
    usable = np.isfinite(line)
    if matches.asked.all():
        c = _sum(usable, density / e, cov1) + _sum(usable, density / (1 - e), cov0)
        c /= y.size
        return -_quadratic(c, score.information)
    n1 = int(treated.sum())
    c = (_sum(usable, density, cov1) + _sum(usable, e**2, cov0)) / n1
    effect = _local_mean(y, line, treated, sample, options) - _local_mean(
        y, line, ~treated, sample, options
    )
    d = _sum(usable, density * (effect - theta), score.Z) / n1
    return _quadratic(d, score.information) - _quadratic(c, score.information)


def _sum(usable: BoolVector, weights: Vector, values: Columns) -> Vector:
    return np.asarray(weights[usable] @ values[usable])


def _quadratic(v: Vector, information: Matrix) -> float:
    return float(v @ np.linalg.solve(information, v))


def _windows(
    line: Vector, arm: BoolVector, sample: Sample, options: MatchOptions
) -> tuple[IntVector, IntVector, IntVector]:
    """Return the arm's rows in order, and the window of each row's neighbours in that arm."""
    rows = np.flatnonzero(arm & np.isfinite(line))
    k = min(max(2, options.variance_neighbours), rows.size)
    where = np.where(np.isfinite(line), line, 0.0)
    found = nearest_on_line(where, line[rows], sample.person[rows], k, average=True)
    return rows[found.partners], found.start, found.stop


def _local_mean(
    y: Vector, line: Vector, arm: BoolVector, sample: Sample, options: MatchOptions
) -> Vector:
    rows, start, stop = _windows(line, arm, sample, options)
    return _mean(y[rows], start, stop)


def _mean(values: Vector, start: IntVector, stop: IntVector) -> Vector:
    running = np.concatenate(([0.0], np.cumsum(values.astype(np.longdouble))))
    return np.asarray((running[stop] - running[start]) / (stop - start), dtype=np.float64)


def _local_covariance(
    y: Vector, Z: Packed, line: Vector, arm: BoolVector, sample: Sample, options: MatchOptions
) -> Matrix:
    """Return cov(Z, y | score) in one arm around each row, shape (n, q)."""
    rows, start, stop = _windows(line, arm, sample, options)
    own = y[rows] - y[rows].mean()
    count = stop - start
    mean_y = _mean(own, start, stop)
    columns = [
        _mean(z * own, start, stop) - _mean(z, start, stop) * mean_y
        for z in (Z.column(j)[rows] for j in range(Z.shape[1]))
    ]
    scaled: Matrix = np.column_stack(columns) * (count / np.maximum(count - 1, 1))[:, None]
    return scaled
