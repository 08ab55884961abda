"""The effect by matching, with the variance of Abadie and Imbens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.comparison.matching import LINES, MatchOptions, match
from evalml.comparison.neighbours import nearest_in_space, nearest_on_line
from evalml.comparison.weights import measure_overlap, overlap_warnings
from evalml.effect.estimators import PointEstimate, hc_errors
from evalml.errors import EstimationError
from evalml.methods.regression import least_squares, standardise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.matching import Matches
    from evalml.comparison.neighbours import Segments
    from evalml.comparison.propensity import Propensity
    from evalml.effect.sample import Sample
    from evalml.methods.design_matrix import Columns, Packed
    from evalml.methods.regression import LeastSquares


def score_correction(
    y: Vector, sample: Sample, matches: Matches, options: MatchOptions, theta: float
) -> float:
    """Return what to add to the variance because the score is estimated.

    Abadie and Imbens (2016): - c' I^-1 c for the effect on all; for that on the treated,
    - c' I^-1 c + d' I^-1 d, where I is the information of the logistic regression, c a mean of
    local covariances of covariates and outcome, and d the derivative of the effect with respect to
    the coefficients.

    `y`: outcome, shape (n,); `options`: metric and neighbours of the local covariances.
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
    if matches.requested.all():
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


@dataclass(frozen=True, slots=True, repr=False)
class Pairing:
    """Who was matched with whom, and all that follows whatever the outcome.

    Attributes:
        matches: The partners.
        weights: Weight of each row in the matched sample, shape (n,).
        serving: What a row's own variance counts for, shape (n,); None without replacement.
        near: Neighbours, in their own arm, of the rows that serve.
        arms: Regressions of the treated and of the comparison arm, for sums by cluster.
        details: What there is to say.
        served: Regressions of the arms that serve, for the bias adjustment; none without it.
    """

    matches: Matches
    weights: Vector
    serving: Vector | None
    near: tuple[OwnArm, ...]
    arms: tuple[LeastSquares, LeastSquares] | None
    details: dict[str, Any]
    served: tuple[LeastSquares, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class OwnArm:
    """Neighbours of some rows of an arm within it.

    Attributes:
        rows: Rows of the arm, shape (m,).
        wanted: Those of them whose neighbours were looked for, shape (m,).
        near: The neighbours, positions in `rows`.
    """

    rows: IntVector
    wanted: BoolVector
    near: Segments


def fit_matches(
    sample: Sample,
    options: MatchOptions,
    estimand: str,
    score: Propensity | None = None,
    arms: tuple[LeastSquares, LeastSquares] | None = None,
) -> Pairing:
    """Match the rows of a sample for the effect on the treated (att) or on all (ate).

    `estimand`: `att` or `ate`; `score`: their propensity score, where it was fitted already for the
    effect on the treated; `arms`: regressions of the treated and of the comparison arm, for sums by
    cluster.
    """
    matches = match(
        sample.design,
        sample.treated,
        sample.person,
        options,
        sample.strata,
        both=estimand == "ate",
        score=score,
    )
    weights = match_weights(matches)
    details = match_details(sample, matches, options, weights)
    serving: Vector | None = None
    near: tuple[OwnArm, ...] = ()
    if options.replace:
        K, K_prime = matches.load(), matches.load(2)
        serving = K**2 - K_prime + 2.0 * K * matches.matched
        if options.variance_neighbours:
            near = tuple(own_neighbours(sample, matches.points, options, serving > 0))
    served = _served(sample, matches) if options.bias_adjust else ()
    return Pairing(matches, weights, serving, near, arms, details, served)


def _served(sample: Sample, matches: Matches) -> tuple[LeastSquares, ...]:
    """Return the regressions, weighted by their matches, of the comparison arm and of the treated.

    Only the first for the effect on the treated.
    """
    Z, load = standardise(sample.design.columns).Z, matches.load()
    arms = (~sample.treated, sample.treated) if matches.requested.all() else (~sample.treated,)
    return tuple(least_squares(Z, np.where(arm, load, 0.0)) for arm in arms)


def matched_difference(
    y: Vector, sample: Sample, pairing: Pairing, options: MatchOptions, *, by_cluster: bool = False
) -> PointEstimate:
    """Return the mean difference between each person and the mean of its partners.

    Abadie and Imbens (2006), theorem 7: with K the share of matches a row serves in and K' the sum
    of their squares, the variance of the effect on the treated is the sum over the treated of
    (y - partners - theta)^2 plus the sum over the others of (K^2 - K') s^2, over n1^2; s^2 comes
    from the nearest neighbours in the same arm. Without replacement the matched sets are clusters.

    `y`: outcome, shape (n,); `by_cluster`: whether influence values for sums by cluster are wanted;
    matched sets have their own.
    """
    treated, matches, weights = sample.treated, pairing.matches, pairing.weights
    moved, foreseen = _foreseen(y, treated, pairing)
    other = matches.partner_mean(moved) + foreseen
    sign = np.where(treated, 1.0, -1.0)
    gain = np.where(matches.matched, sign * (y - other), 0.0)
    n = int(matches.matched.sum())
    theta = float(gain.sum()) / n
    mean1 = float(np.average(y[treated], weights=weights[treated]))
    errors, notes = _errors(y, sample, pairing, options, gain, theta)
    psi = _martingale(y, sample, pairing) if by_cluster else _influence(y, treated, weights)
    return PointEstimate(
        value=theta,
        psi=psi,
        mean_treated=mean1,
        mean_comparison=mean1 - theta,
        std_errors=errors,
        default="abadie_imbens" if options.replace else "cluster",
        parameters=2,
        sets=matched_sets(matches, weights),
        used=weights > 0,
        details={**pairing.details, **notes},
    )


def _foreseen(y: Vector, treated: BoolVector, pairing: Pairing) -> tuple[Vector, Vector]:
    """Return outcomes less what their arm's regression foresees, and that for the other arm's rows.

    Abadie and Imbens (2011), doi:10.1198/jbes.2009.07333. Without adjustment nothing is foreseen.
    """
    if not pairing.served:
        return y, np.zeros(y.size)
    predicted = [fit.predict(y) for fit in pairing.served]
    if len(predicted) == 1:
        return np.where(treated, y, y - predicted[0]), np.where(treated, predicted[0], 0.0)
    other, own = predicted
    return y - np.where(treated, own, other), np.where(treated, other, own)


def match_weights(matches: Matches) -> Vector:
    """Return the weight of each row in the matched sample, shape (n,)."""
    return np.asarray(matches.matched + matches.load())


def matched_sets(matches: Matches, weights: Vector) -> IntVector:
    """Give each row used the row it was matched to (itself when treated), -1 to the others."""
    sets = np.where(weights > 0, np.arange(weights.size), -1)
    sets[matches.partners[matches.start]] = matches.target
    return sets


def _martingale(y: Vector, sample: Sample, pairing: Pairing) -> Vector:
    """Return influence values that may be summed by cluster, shape (n,).

    Abadie and Imbens (2012) write the matching estimator as a sum over persons: what the effect at
    their covariates has above the mean, plus their residual times 1 + K. Means given the covariates
    come from a linear regression in each arm.
    """
    assert pairing.arms is not None  # noqa: S101  fit_shared prepares them where they are wanted
    treated, matched = sample.treated, pairing.matches.matched
    predicted1, predicted0 = (arm.predict(y) for arm in pairing.arms)
    gap = np.where(matched, predicted1 - predicted0, 0.0)
    centred = np.where(matched, gap - gap.sum() / matched.sum(), 0.0)
    residual = np.where(treated, y - predicted1, predicted0 - y)
    return np.asarray((centred + pairing.weights * residual) * (y.size / matched.sum()))


def _influence(y: Vector, treated: BoolVector, weights: Vector) -> Vector:
    """Return influence values of the weighted difference of means, the weights as given."""
    psi = np.zeros(y.size)
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        w = np.where(arm, weights, 0.0)
        mean = float(w @ y / w.sum())
        psi += sign * w * (y - mean) * (y.size / w.sum())
    return psi


def _errors(
    y: Vector,
    sample: Sample,
    pairing: Pairing,
    options: MatchOptions,
    gain: Vector,
    theta: float,
) -> tuple[dict[str, float], dict[str, Any]]:
    if not options.replace:
        weights = pairing.weights
        used = weights > 0
        psi = _influence(y, sample.treated, weights)[used] * (used.sum() / y.size)
        share, arms = weights[used], sample.treated[used]
        total = np.where(arms, share[arms].sum(), share[~arms].sum())
        return hc_errors(psi, share / total, 2), {}
    same = None if options.variance_neighbours else _same_variance(y, sample, pairing, theta)
    variance = abadie_imbens(y, pairing, gain, theta, same)
    if not options.score_correction:
        return {"abadie_imbens": variance**0.5}, {}
    change = score_correction(y, sample, pairing.matches, options, theta)
    corrected = max(variance + change, 0.0)
    return {"abadie_imbens": corrected**0.5}, {"score_correction": change}


def _same_variance(y: Vector, sample: Sample, pairing: Pairing, theta: float) -> float:
    """Return half the variance of the differences between partners, one by one."""
    matches, treated = pairing.matches, sample.treated
    centred = y - y.mean()
    moved, foreseen = _foreseen(centred, treated, pairing)
    own = centred - foreseen - np.where(treated, theta, -theta)
    first, second = matches.partner_mean(moved), matches.partner_mean(moved**2)
    squares = own**2 - 2 * own * first + second
    return float(squares[matches.matched].mean()) / 2


def abadie_imbens(
    y: Vector, pairing: Pairing, gain: Vector, theta: float, same: float | None = None
) -> float:
    """Return the variance of Abadie and Imbens (2006), the score taken as known.

    `y`: outcome, shape (n,); `gain`: difference of each matched row from its partners, 0 elsewhere,
    shape (n,); `same`: variance of every row; None for that of its neighbours.
    """
    assert pairing.serving is not None  # noqa: S101  with replacement
    matched = pairing.matches.matched
    near = pairing.near
    spread = conditional_variance(y, near) if same is None else np.full(y.size, same)
    between = np.where(matched, gain - theta, 0.0)
    return float(between @ between + pairing.serving @ spread) / int(matched.sum()) ** 2


def own_neighbours(
    sample: Sample, points: Matrix, options: MatchOptions, wanted: BoolVector
) -> Iterator[OwnArm]:
    """Yield, arm by arm, the J nearest neighbours of the rows wanted in their own arm.

    Ties at the J-th distance all count (as in R's Matching).
    """
    for arm in (sample.treated, ~sample.treated):
        rows = np.flatnonzero(arm & np.isfinite(points).all(axis=1))
        if rows.size < 2 or not wanted[rows].any():  # noqa: PLR2004 - two make a variance
            continue
        near, own, ties = wanted[rows], points[rows], sample.person[rows]
        J, tolerance = min(options.variance_neighbours, rows.size - 1), options.tie_tolerance
        if own.shape[1] == 1:
            line = own[:, 0]
            found = nearest_on_line(
                line[near], line, ties, J + 1, average=True, tolerance=tolerance
            )
        else:
            found = nearest_in_space(own[near], own, ties, J + 1, average=True, tolerance=tolerance)
        yield OwnArm(rows, near, found)


def conditional_variance(y: Vector, arms: Iterable[OwnArm]) -> Vector:
    """Return s^2 of the rows whose neighbours are given, 0 for the others, shape (n,).

    It is the variance of y over the row and its nearest neighbours in its own arm.
    """
    found = np.zeros(y.size)
    for arm in arms:
        found[arm.rows[arm.wanted]] = _own_arm(y[arm.rows], arm.near, int(arm.wanted.sum()))
    return found


def _own_arm(y: Vector, near: Segments, wanted: int) -> Vector:
    own = y - y.mean()
    length = (near.stop - near.start).astype(np.float64)
    count: Vector = np.bincount(near.target, length, wanted).astype(np.float64)
    mean, square = (_window_mean(v[near.partners], near, count) for v in (own, own**2))
    return np.asarray(np.maximum(square - mean**2, 0.0) * count / np.maximum(count - 1, 1))


def _window_mean(listed: Vector, near: Segments, count: Vector) -> Vector:
    running = np.concatenate(([0.0], np.cumsum(listed.astype(np.longdouble))))
    sums = (running[near.stop] - running[near.start]).astype(np.float64)
    return np.asarray(np.bincount(near.target, sums, count.size) / count)


def match_details(
    sample: Sample, matches: Matches, options: MatchOptions, weights: Vector
) -> dict[str, Any]:
    """Say who was matched, who was dropped, and what that changes."""
    treated = sample.treated
    n_treated, wanted = (
        int((matches.matched & treated).sum()),
        int((matches.requested & treated).sum()),
    )
    overlap = measure_overlap(weights, treated, None)
    served = int((matches.load() > 0)[~treated].sum())
    warnings = overlap_warnings(overlap, n_treated, served)
    if matches.score is not None:
        warnings += matches.score.notes
    if n_treated < wanted:
        warnings.append(
            f"{wanted - n_treated} of {wanted} treated found no partner and were dropped: the "
            f"effect is that on the {n_treated} matched treated, no longer on all the treated"
        )
    if sample.repeated and sample.strata is None:
        warnings.append(
            "some persons have several rows and could be their own partner: match exactly on what "
            "tells the rows apart, such as the month of the trial"
        )
    if matches.short:
        warnings.append(f"{matches.short} persons found fewer than {options.k} partners")
    return {
        "matched_treated": n_treated,
        "dropped_treated": wanted - n_treated,
        "matched_comparison": served,
        "metric": options.metric,
        "k": options.k,
        "replace": options.replace,
        "caliper": options.caliper,
        "tie_tolerance": options.tie_tolerance,
        "bias_adjust": options.bias_adjust,
        "ties": "hash" if options.ties == "average" and not options.replace else options.ties,
        **{k: v for k, v in overlap.details().items() if v is not None},
        "warnings": warnings,
    }
