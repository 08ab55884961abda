"""The effect by matching, with the variance of Abadie and Imbens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.comparison.columns import gram, solve_kept, standardise
from evalml.comparison.matching import MatchOptions, match
from evalml.comparison.metric import place_rows
from evalml.comparison.neighbours import nearest_in_space, nearest_on_line
from evalml.comparison.overlap import measure_overlap, overlap_warnings
from evalml.effect.diff import hc_errors
from evalml.effect.estimates import Estimate
from evalml.effect.match_score import score_correction

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector
    from evalml.comparison.matching import Matches
    from evalml.comparison.neighbours import Segments
    from evalml.effect.sample import Sample


def fit_matches(sample: Sample, options: MatchOptions, estimand: str) -> Matches:
    """Match the rows of a sample for the effect on the treated (att) or on all (ate)."""
    return match(
        sample.design,
        sample.treated,
        sample.person,
        options,
        sample.strata,
        both=estimand == "ate",
    )


def matched_difference(
    y: Vector, sample: Sample, matches: Matches, options: MatchOptions, *, by_cluster: bool = False
) -> Estimate:
    """Return the mean difference between each person and the mean of its partners.

    Abadie and Imbens (2006), theorem 7: with K the share of matches a row serves in and K' the sum
    of their squares, the variance of the effect on the treated is the sum over the treated of
    (y - partners - theta)^2 plus the sum over the others of (K^2 - K') s^2, over n1^2; s^2 comes
    from the nearest neighbours in the same arm. Without replacement the matched sets are clusters.

    Args:
        y: Outcome, shape (n,).
        sample: The rows.
        matches: Who was matched with whom.
        options: How; they say which variance.
        by_cluster: Whether influence values for sums by cluster are wanted; matched sets have
            their own.
    """
    treated = sample.treated
    other = matches.partner_mean(y)
    sign = np.where(treated, 1.0, -1.0)
    gain = np.where(matches.matched, sign * (y - other), 0.0)
    n = int(matches.matched.sum())
    theta = float(gain.sum()) / n
    weights = matches.matched + matches.load()
    mean1 = float(np.average(y[treated], weights=weights[treated]))
    errors, notes = _errors(y, sample, matches, options, gain, theta)
    psi = _martingale(y, sample, matches) if by_cluster else _influence(y, treated, weights)
    details = {**match_details(sample, matches, options, weights), **notes}
    return Estimate(
        value=theta,
        psi=psi,
        mean_treated=mean1,
        mean_comparison=mean1 - theta,
        std_errors=errors,
        default="abadie_imbens" if options.replace else "cluster",
        parameters=2,
        sets=matched_sets(matches, weights),
        used=weights > 0,
        details=details,
    )


def match_weights(matches: Matches) -> Vector:
    """Return the weight of each row in the matched sample, shape (n,)."""
    return np.asarray(matches.matched + matches.load())


def matched_sets(matches: Matches, weights: Vector) -> IntVector:
    """Give each row used the row it was matched to (itself when treated), -1 to the others."""
    sets = np.where(weights > 0, np.arange(weights.size), -1)
    sets[matches.partners[matches.start]] = matches.target
    return sets


def _martingale(y: Vector, sample: Sample, matches: Matches) -> Vector:
    """Return influence values that may be summed by cluster, shape (n,).

    Abadie and Imbens (2012) write the matching estimator as a sum over persons: what the effect at
    their covariates has above the mean, plus their residual times 1 + K. Means given the covariates
    come from a linear regression in each arm.
    """
    treated, K, matched = sample.treated, matches.load(), matches.matched
    Z = standardise(sample.design.matrix).Z
    predicted = {}
    for name, arm in (("1", treated), ("0", ~treated)):
        inside = arm.astype(float)
        predicted[name] = Z @ solve_kept(gram(Z, inside), Z.T @ (inside * y))
    gap = np.where(matched, predicted["1"] - predicted["0"], 0.0)
    centred = np.where(matched, gap - gap.sum() / matched.sum(), 0.0)
    residual = np.where(treated, y - predicted["1"], predicted["0"] - y)
    return np.asarray((centred + (matched + K) * residual) * (y.size / matched.sum()))


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
    matches: Matches,
    options: MatchOptions,
    gain: Vector,
    theta: float,
) -> tuple[dict[str, float], dict[str, Any]]:
    if not options.replace:
        weights = match_weights(matches)
        used = weights > 0
        psi = _influence(y, sample.treated, weights)[used] * (used.sum() / y.size)
        share, arms = weights[used], sample.treated[used]
        total = np.where(arms, share[arms].sum(), share[~arms].sum())
        return hc_errors(psi, share / total, 2), {}
    variance = abadie_imbens(y, sample, matches, options, gain, theta)
    if not options.score_correction:
        return {"abadie_imbens": variance**0.5}, {}
    change = score_correction(y, sample, matches, options, theta)
    corrected = max(variance + change, 0.0)
    return {"abadie_imbens": corrected**0.5}, {"score_correction": change}


def abadie_imbens(
    y: Vector,
    sample: Sample,
    matches: Matches,
    options: MatchOptions,
    gain: Vector,
    theta: float,
) -> float:
    """Return the variance of Abadie and Imbens (2006), the score taken as known.

    Args:
        y: Outcome, shape (n,).
        sample: The rows.
        matches: With replacement.
        options: Metric and neighbours of the conditional variance.
        gain: Difference of each matched row from its partners, 0 elsewhere, shape (n,).
        theta: The effect.
    """
    K, K_prime = matches.load(), matches.load(2)
    serving = K**2 - K_prime + 2.0 * K * matches.matched
    spread = conditional_variance(y, sample, options, serving > 0)
    n = int(matches.matched.sum())
    between = np.where(matches.matched, gain - theta, 0.0)
    return float(between @ between + serving @ spread) / n**2


def conditional_variance(
    y: Vector, sample: Sample, options: MatchOptions, wanted: BoolVector
) -> Vector:
    """Return s^2 of the rows wanted, 0 for the others, shape (n,).

    It is the variance of y over the row and its J nearest neighbours in its own arm; ties at the
    J-th distance all count (as in R's Matching).
    """
    points, _ = place_rows(sample.design, sample.treated, options.metric)
    found = np.zeros(y.size)
    for arm in (sample.treated, ~sample.treated):
        rows = np.flatnonzero(arm & np.isfinite(points).all(axis=1))
        if rows.size > 1 and wanted[rows].any():
            near = wanted[rows]
            found[rows[near]] = _own_arm(y[rows], points[rows], sample.person[rows], near, options)
    return found


def _own_arm(
    y: Vector, points: Matrix, ties: HashVector, wanted: BoolVector, options: MatchOptions
) -> Vector:
    J = min(options.variance_neighbours, y.size - 1)
    target = points[wanted]
    if points.shape[1] == 1:
        near = nearest_on_line(target[:, 0], points[:, 0], ties, J + 1, average=True)
    else:
        near = nearest_in_space(target, points, ties, J + 1, average=True)
    own = y - y.mean()
    length = (near.stop - near.start).astype(np.float64)
    count: Vector = np.bincount(near.target, length, target.shape[0]).astype(np.float64)
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
    n_treated, asked = int((matches.matched & treated).sum()), int((matches.asked & treated).sum())
    overlap = measure_overlap(weights, treated, None)
    served = int((matches.load() > 0)[~treated].sum())
    warnings = overlap_warnings(overlap, n_treated, served)
    if matches.score is not None:
        warnings += matches.score.notes
    if n_treated < asked:
        warnings.append(
            f"{asked - n_treated} of {asked} treated found no partner and were dropped: the effect "
            f"is that on the {n_treated} matched treated, no longer on all the treated"
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
        "dropped_treated": asked - n_treated,
        "matched_comparison": served,
        "metric": options.metric,
        "k": options.k,
        "replace": options.replace,
        "caliper": options.caliper,
        "ties": "hash" if options.ties == "average" and not options.replace else options.ties,
        **{k: v for k, v in overlap.details().items() if v is not None},
        "warnings": warnings,
    }
