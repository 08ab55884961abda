"""Nearest-neighbour matching: whom each person is compared with, and what near means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
from scipy.special import expit

from evalml.comparison.neighbours import (
    NOBODY,
    Segments,
    nearest_in_space,
    nearest_on_line,
    take_in_space,
    take_on_line,
)
from evalml.comparison.propensity import fit_propensity
from evalml.errors import EstimationError, nearest
from evalml.methods.design_matrix import gram
from evalml.methods.regression import standardise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector
    from evalml.comparison.comparison import DesignMatrix
    from evalml.comparison.propensity import Propensity


Metric: TypeAlias = Literal["propensity", "logit", "mahalanobis", "inverse_variance"]
"""Distance: of scores, of their logits, or of covariates."""
LINES = ("propensity", "logit")


def place_rows(
    design: DesignMatrix, treated: BoolVector, metric: Metric, score: Propensity | None = None
) -> tuple[Matrix, Propensity | None]:
    """Return coordinates whose Euclidean distance is the metric, and the score if one was fitted.

    A score is in units of its standard deviation over all rows, so that a caliper is in those
    units (as in MatchIt and Matching). Mahalanobis divides by the covariance over all rows (as in
    Matching), inverse_variance by each column's own variance.

    Rows with equal covariates get exactly equal coordinates: they are combined column by column,
    as a matrix product may round two equal rows differently.

    `score`: the score of these rows, where it was fitted already for the effect on the treated. The
    result: coordinates, shape (n, q), q = 1 for a score; infinite where a score is 0 or 1.
    """
    if metric in LINES:
        score = score or fit_propensity(design, treated, "att")
        return _score_line(score, metric)[:, None], score
    Z = np.asarray(standardise(design.columns).Z)[:, 1:]
    if Z.shape[1] == 0:
        message = "no covariate varies: there is nothing to match on"
        raise EstimationError(message)
    if metric == "inverse_variance":
        return Z * np.sqrt((Z.shape[0] - 1) / Z.shape[0]), None
    return _whiten(Z), None


def combine(Z: Matrix, coefficients: Vector) -> Vector:
    """Return Z b, every row by the same sequence of operations, shape (n,)."""
    total = np.zeros(Z.shape[0])
    for j in range(Z.shape[1]):
        total += Z[:, j] * coefficients[j]
    return total


def _score_line(score: Propensity, metric: Metric) -> Vector:
    if score.Z is None or score.coefficients is None:
        e = score.score
        line = e if metric == "propensity" else np.log(e) - np.log1p(-e)
    else:
        eta = score.Z.combine(score.coefficients)
        line = expit(eta) if metric == "propensity" else eta
        line = line if score.inside is None else np.where(score.inside, line, np.inf)
    finite = np.isfinite(line)
    spread = float(line[finite].std(ddof=1))
    if not spread > 0:
        message = "the propensity score is the same for everyone: there is nothing to match on"
        raise EstimationError(message)
    return line / spread


def _whiten(Z: Matrix) -> Matrix:
    """Divide standardised columns by the Cholesky factor of their covariance."""
    covariance = gram(Z) / (Z.shape[0] - 1)
    inverse = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return np.column_stack([combine(Z, inverse[:, j]) for j in range(Z.shape[1])])


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """How to match.

    Attributes:
        metric: `propensity`, `logit`, `mahalanobis` or `inverse_variance`.
        k: Partners per person.
        replace: Whether a partner may serve several times.
        caliper: Largest distance, in standard deviations of the score (for the other metrics, in
            their own units, which are standard deviations too); None for none.
        ties: `average` takes all the partners as near as the k-th; `hash` the first by the hash of
            the person; `row` the first in the table, as MatchIt does, which makes the answer
            depend on the order of the rows. Without replacement `average` stands for `hash`.
        exact: Covariates or subgroups on which partners must be equal.
        variance_neighbours: Neighbours of the same arm that estimate the conditional variance; 0
            supposes the same variance for all, half that of the differences between partners.
        score_correction: Whether the variance counts the estimation of the score (Abadie and
            Imbens, 2016).
        tie_tolerance: Squared distances that differ by less are ties (R's Matching: 1e-5); 0 for
            those that only rounding tells apart.
        bias_adjust: Whether partners are corrected for their covariates, by a regression in their
            arm weighted by their matches (Abadie and Imbens, 2011).
    """

    metric: Metric = "propensity"
    k: int = 1
    replace: bool = True
    caliper: float | None = None
    ties: Literal["average", "hash", "row"] = "average"
    exact: tuple[str, ...] = ()
    variance_neighbours: int = 1
    score_correction: bool = False
    tie_tolerance: float = 0.0
    bias_adjust: bool = False

    def __post_init__(self) -> None:
        if self.metric not in get_args(Metric):
            message = f"metric '{self.metric}' is unknown; {nearest(self.metric, get_args(Metric))}"
            raise EstimationError(message)
        if self.ties not in {"average", "hash", "row"}:
            message = f"ties '{self.ties}' is unknown; valid: average, hash, row"
            raise EstimationError(message)
        if self.k < 1:
            message = f"k is {self.k}; a person needs one partner or more"
            raise EstimationError(message)
        if self.variance_neighbours < 0 or not 0 <= self.tie_tolerance < np.inf:
            message = "variance_neighbours and tie_tolerance are 0 or more"
            raise EstimationError(message)
        if self.bias_adjust and not self.replace:
            message = "bias adjustment needs matching with replacement"
            raise EstimationError(message)
        if self.caliper is not None and not self.caliper > 0:
            message = f"caliper is {self.caliper}; give a positive number of standard deviations"
            raise EstimationError(message)


@dataclass(frozen=True, slots=True, repr=False)
class Matches:
    """Who serves as a partner of whom: rows of the sample.

    Attributes:
        partners: Rows, in an order of our own, shape (m,).
        target: Row of the person matched, per segment of partners, shape (s,).
        start: First place of the segment, shape (s,).
        stop: Place after its last one, shape (s,).
        matched: Rows that found a partner, shape (n,).
        requested: Rows that looked for one, shape (n,).
        short: How many found fewer than k.
        score: The propensity score fitted, if the metric needs one.
        points: Coordinates of the rows, shape (n, q).
    """

    partners: IntVector
    target: IntVector
    start: IntVector
    stop: IntVector
    matched: BoolVector
    requested: BoolVector
    short: int
    score: Propensity | None
    points: Matrix

    def count(self) -> Vector:
        """Return the number of partners of each row, shape (n,)."""
        length = (self.stop - self.start).astype(np.float64)
        return np.bincount(self.target, length, self.requested.size).astype(np.float64)

    def partner_mean(self, values: Vector) -> Vector:
        """Return the mean of `values` over the partners of each matched row; NaN for the others."""
        centre = values[self.partners].mean() if self.partners.size else 0.0
        listed = (values[self.partners] - centre).astype(np.longdouble)
        running = np.concatenate(([np.longdouble(0.0)], np.cumsum(listed)))
        sums = (running[self.stop] - running[self.start]).astype(np.float64)
        mean = np.full(self.requested.size, np.nan)
        total = np.bincount(self.target, sums, self.requested.size)
        mean[self.matched] = centre + total[self.matched] / self.count()[self.matched]
        return mean

    def load(self, power: int = 1) -> Vector:
        """Return, for each row, the sum of its shares (to a power) in the matches it serves."""
        share = (1.0 / self.count()[self.target]) ** power
        m = self.partners.size
        opened, closed = (np.bincount(at, share, m + 1) for at in (self.start, self.stop))
        serving = np.bincount(self.start, minlength=m + 1) - np.bincount(self.stop, minlength=m + 1)
        listed = np.where(np.cumsum(serving)[:m] > 0, np.cumsum(opened - closed)[:m], 0.0)
        return np.bincount(self.partners, listed, self.requested.size).astype(np.float64)


def match(
    design: DesignMatrix,
    treated: BoolVector,
    person: HashVector,
    options: MatchOptions,
    strata: IntVector | None = None,
    *,
    both: bool = False,
    score: Propensity | None = None,
) -> Matches:
    """Match the treated with comparison rows; with `both`, also the other way round.

    Without replacement the treated choose one after another, those with the highest score first
    (the order of the hash for metrics without a score).

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        person: Hash of each row's person, shape (n,): it breaks ties.
        options: How.
        strata: Partners must share this code, shape (n,).
        both: Match the comparison rows too (effect on all).
        score: The score of these rows, where it was fitted already for the effect on the treated.

    Raises:
        EstimationError: Nobody found a partner, or `both` without replacement.
    """
    if both and not options.replace:
        message = "matching without replacement gives the effect on the treated only (att)"
        raise EstimationError(message)
    points, score = place_rows(design, treated, options.metric, score)
    codes = np.zeros(treated.size, dtype=np.int64) if strata is None else strata
    if options.ties == "row":
        person = np.arange(treated.size, dtype=np.uint64)
    pieces = list(_pieces(points, treated, person, options, codes))
    if both:
        pieces += list(_pieces(points, ~treated, person, options, codes))
    targets = np.ones_like(treated) if both else treated
    return _collect(pieces, targets, options.k, score, points)


def _pieces(
    points: Matrix, queries: BoolVector, person: HashVector, options: MatchOptions, codes: IntVector
) -> Iterator[Segments]:
    """Yield the segments of each stratum, as rows of the sample."""
    usable: BoolVector = np.asarray(np.isfinite(points).all(axis=1))
    order = np.argsort(codes, kind="stable")
    edges = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, edges):
        targets, candidates = rows[queries[rows]], rows[~queries[rows] & usable[rows]]
        if not targets.size or not candidates.size:
            continue
        found = _search(points, targets, candidates, person, options)
        yield Segments(
            candidates[found.partners], targets[found.target], found.start, found.stop, found.radius
        )


def _search(
    points: Matrix,
    targets: IntVector,
    candidates: IntVector,
    person: HashVector,
    options: MatchOptions,
) -> Segments:
    ties, average = person[candidates], options.ties == "average"
    if not options.replace:
        return _greedy(points, targets, candidates, person, options)
    if points.shape[1] == 1:
        line = points[:, 0]
        found = nearest_on_line(
            line[targets],
            line[candidates],
            ties,
            options.k,
            average=average,
            tolerance=options.tie_tolerance,
        )
    else:
        found = nearest_in_space(
            points[targets],
            points[candidates],
            ties,
            options.k,
            average=average,
            tolerance=options.tie_tolerance,
        )
    return (
        found if options.caliper is None else _within(found, points, targets, candidates, options)
    )


def _within(
    found: Segments,
    points: Matrix,
    targets: IntVector,
    candidates: IntVector,
    options: MatchOptions,
) -> Segments:
    """Cut the segments at the caliper."""
    caliper = float(options.caliper or np.inf)
    if points.shape[1] > 1:
        near = found.radius <= caliper
        return Segments(
            found.partners,
            found.target[near],
            found.start[near],
            found.stop[near],
            found.radius[near],
        )
    line = points[candidates[found.partners], 0]
    centre = points[targets[found.target], 0]
    start = np.maximum(found.start, np.searchsorted(line, centre - caliper, "left"))
    stop = np.minimum(found.stop, np.searchsorted(line, centre + caliper, "right"))
    near = stop > start
    return Segments(found.partners, found.target[near], start[near], stop[near], found.radius[near])


def _greedy(
    points: Matrix,
    targets: IntVector,
    candidates: IntVector,
    person: HashVector,
    options: MatchOptions,
) -> Segments:
    reach = np.inf if options.caliper is None else options.caliper
    ties = person[candidates]
    if points.shape[1] == 1:
        turn = np.lexsort((person[targets], -points[targets, 0]))
        line = points[:, 0]
        taken = take_on_line(line[targets[turn]], line[candidates], ties, options.k, reach)
    else:
        turn = np.argsort(person[targets], kind="stable")
        taken = take_in_space(points[targets[turn]], points[candidates], ties, options.k, reach)
    row, column = np.nonzero(taken != NOBODY)
    place = np.arange(row.size)
    return Segments(taken[row, column], turn[row], place, place + 1, np.zeros(row.size))


def _collect(
    pieces: list[Segments], targets: BoolVector, k: int, score: Propensity | None, points: Matrix
) -> Matches:
    """Put the strata together and count who found partners."""
    if not any(piece.target.size for piece in pieces):
        message = (
            f"none of the {int(targets.sum())} persons to match found a partner; "
            "widen the caliper, or ask for fewer exact covariates"
        )
        raise EstimationError(message)
    offsets = np.cumsum([0, *(piece.partners.size for piece in pieces)])
    partners = np.concatenate([p.partners for p in pieces])
    target = np.concatenate([p.target for p in pieces])
    start = np.concatenate([p.start + o for p, o in zip(pieces, offsets, strict=False)])
    stop = np.concatenate([p.stop + o for p, o in zip(pieces, offsets, strict=False)])
    count = np.bincount(target, stop - start, targets.size)
    matched = count > 0
    short = int((matched & (count < k)).sum())
    return Matches(partners, target, start, stop, matched, targets, short, score, points)
