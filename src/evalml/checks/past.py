"""Did both arms have the same past, once weighted, month by month before time zero?

Adjusted arms whose past differs would have differed after too. All the months before time zero are
tested together (a Wald test, clusters few enough to count as degrees of freedom), for each outcome
the extract saw then; the months seen of few persons say little and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from evalml.checks.check import Check
from evalml.checks.pre_trend import wald_test
from evalml.values import Estimate, Name, Number, PValue

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.arms import Trajectory
    from evalml.comparison.comparison import Comparison
    from evalml.values import Values

FEWEST_KNOWN = 0.3
"""Share of each arm, among those linked, whose past must be known in a month to be tested."""
FEWEST_ROWS = 30
"""Rows of each arm that must be known then."""


@dataclass(frozen=True, slots=True, repr=False)
class Past:
    """Weighted gaps between the arms before time zero.

    Attributes:
        months: Months tested, shape (k,), negative.
        treated: Rate of the treated in each, shape (k,).
        comparison: Weighted rate of the comparison arm, shape (k,).
        covariance: Covariance of the gaps, shape (k, k).
        df: Degrees of freedom: clusters less one, infinite without clusters.
    """

    months: IntVector
    treated: Vector
    comparison: Vector
    covariance: Matrix
    df: float

    @property
    def gaps(self) -> Vector:
        """Treated less comparison, shape (k,)."""
        return self.treated - self.comparison

    @property
    def worst(self) -> int:
        """Place of the month with the largest gap."""
        return int(np.abs(self.gaps).argmax())

    @property
    def p_value(self) -> float:
        """P-value of no gap in any month."""
        return wald_test(self.gaps, self.covariance, self.df)[2]

    def detectable(self, alpha: float, power: float) -> float:
        """Return the gap of one month that would be seen with a probability of `power`."""
        df = min(self.df, 1e6)
        reach = float(stdtrit(df, 1 - alpha / 2) + stdtrit(df, power))
        return reach * float(np.sqrt(np.diag(self.covariance)).max())


def check_past(
    comparison: Comparison,
    trajectory: Trajectory,
    weights: Vector,
    thresholds: Thresholds,
    key: str,
) -> Check:
    """Judge the weighted gaps between the arms before time zero.

    It fails where the months together differ from zero and one gap passes the threshold: a gap that
    only a large study sees does no harm. It is not judged where a gap of twice the threshold would
    not have been seen.

    Args:
        comparison: The two arms.
        trajectory: The outcome month by month.
        weights: Shape (n,): 1 for the treated, e / (1 - e) for the others.
        thresholds: `past_gap`, `gate_alpha`, `power`.
        key: Outcome the check bears on; empty for all of them.
    """
    name, outcome = "past", Name("outcome", trajectory.outcome.name)
    past = past_gaps(comparison, trajectory, weights)
    if past is None:
        return Check(name, "none", None, None, None, {"outcome": outcome}, key)
    limit, worst = thresholds.past_gap, past.worst
    gap, p = float(past.gaps[worst]), past.p_value
    seen = past.detectable(thresholds.gate_alpha, thresholds.power)
    n = min(comparison.n_treated, comparison.n_comparison)
    values: Values = {
        "outcome": outcome,
        "n": Number(past.months.size),
        "p": PValue(p),
        "gap": Estimate(gap, trajectory.outcome.unit, n),
        "month": Number(float(-past.months[worst])),
        "limit": Number(limit, 1, "points"),
        "detectable": Estimate(seen, trajectory.outcome.unit, n),
    }
    apart = p < thresholds.gate_alpha and abs(gap) > limit
    vague = not apart and seen > 2 * limit
    finding = "apart" if apart else "vague" if vague else "alike"
    passed = None if vague else not apart
    return Check(name, finding, passed, abs(gap), limit, values, key)


def past_gaps(comparison: Comparison, trajectory: Trajectory, weights: Vector) -> Past | None:
    """Return the weighted gaps of one outcome before time zero.

    Args:
        comparison: The two arms.
        trajectory: The outcome month by month, rows in the order of the comparison.
        weights: Shape (n,): 1 for the treated, e / (1 - e) for the others.

    Returns:
        None where no month before time zero is known of enough rows, or the outcome never varies.
    """
    before = np.flatnonzero(trajectory.months < 0)
    held: BoolVector = (~np.isnan(trajectory.values)).sum(axis=1) > 0
    kept, rates, influence = [], [], []
    for place in before:
        y = trajectory.values[:, place].astype(np.float64)
        known = ~np.isnan(y)
        if not _enough(known, held, comparison.treated) or np.ptp(y[known]) == 0:
            continue
        means, psi = _gap(np.where(known, y, 0.0), known, comparison.treated, weights)
        kept.append(int(trajectory.months[place]))
        rates.append(means)
        influence.append(psi)
    if not kept:
        return None
    covariance, df = _covariance(np.array(influence), comparison)
    treated, others = np.array(rates).T
    return Past(np.array(kept), treated, others, covariance, df)


def _enough(known: BoolVector, held: BoolVector, treated: BoolVector) -> bool:
    arms = (known[held & treated], known[held & ~treated])
    return all(a.sum() >= FEWEST_ROWS and float(a.mean()) >= FEWEST_KNOWN for a in arms)


def _gap(
    y: Vector, known: BoolVector, treated: BoolVector, weights: Vector
) -> tuple[tuple[float, float], Vector]:
    """Return the rate of each arm and the influence of each row on their difference."""
    means, psi = [], np.zeros(y.size)
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        w = np.where(arm & known, weights, 0.0)
        total = float(w.sum())
        mean = float(w @ y) / total if total > 0 else float("nan")
        psi += sign * w * (y - mean) / total
        means.append(mean)
    return (means[0], means[1]), psi


def _covariance(influence: Matrix, comparison: Comparison) -> tuple[Matrix, float]:
    """Sum influence by cluster, else by person."""
    codes, df = comparison.cluster, float("inf")
    if codes is None:
        codes = np.unique(comparison.person, return_inverse=True)[1]
    sums = np.array([np.bincount(codes, row) for row in influence])
    groups = max(int(np.unique(codes).size), 2)
    if comparison.cluster is not None:
        df = float(groups - 1)
    return sums @ sums.T * (groups / (groups - 1)), df
