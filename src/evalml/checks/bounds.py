"""What could the effect be, whatever the outcomes that are not known?

Worst case: Manski (1990) and Horowitz and Manski (2000),
https://doi.org/10.1080/01621459.2000.10473902: the unknown outcomes of one arm are all at the top,
those of the other all at the bottom.

Trimming of Lee (2009), https://doi.org/10.1111/j.1467-937X.2009.00536.x: if the treatment acts in
one direction only on being observed, the arm known more often is trimmed by the excess, from the
top and then from the bottom. The effect is that on those whose outcome is always known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.observation import known_share
from evalml.checks.placebo import with_values
from evalml.effect.bounds import EffectBounds, filled, imbens_manski
from evalml.errors import DataError, EstimationError
from evalml.values import Interval, Name, Share

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.checks.placebo import Estimator
    from evalml.comparison.comparison import Comparison
    from evalml.values import Values


def worst_case(
    comparison: Comparison,
    key: str,
    estimate: Estimator,
    *,
    lowest: float = 0.0,
    highest: float = 1.0,
    alpha: float = 0.05,
) -> EffectBounds:
    """Estimate twice, with the unknown outcomes at their two extremes."""
    measure, t = comparison.measure(key), comparison.treated
    known = measure.values[measure.known]
    if known.size and (known.min() < lowest or known.max() > highest):
        raise DataError(
            f"outcomes of {key} lie outside [{lowest:g}, {highest:g}]; widen the bounds"
        )
    ends = [filled(measure, t, *pair).values for pair in ((lowest, highest), (highest, lowest))]
    down, up = (estimate(with_values(comparison, key, values), key) for values in ends)
    return imbens_manski(down.estimate, up.estimate, down.std_error, up.std_error, alpha)


def check_missing_bounds(
    comparison: Comparison, key: str, estimate: Estimator, thresholds: Thresholds
) -> Check:
    """Tell the worst-case bounds of an effect on a proportion.

    `thresholds`: `missing_bounds`, `alpha`.
    """
    measure = comparison.measure(key)
    name, limit = "missing_bounds", thresholds.missing_bounds
    unknown = ~measure.known[measure.within]
    outcome = Name("outcome", key)
    if measure.unit != "proportion":
        return Check(name, "not_a_share", None, None, None, {}, key, gating=False)
    if not unknown.any():
        values: Values = {"outcome": outcome, "known": known_share(~unknown)}
        return Check(name, "all_known", True, 0.0, limit, values, key, gating=False)
    b = worst_case(comparison, key, estimate, alpha=thresholds.alpha)
    width = b.high - b.low
    n = min(comparison.n_treated, comparison.n_comparison)
    values = {
        "unknown": Share(int(unknown.sum()), unknown.size, float(unknown.mean())),
        "bounds": Interval(b.low, b.high, measure.unit, n),
        "interval": Interval(b.ci_low, b.ci_high, measure.unit, n),
    }
    finding = "sure" if b.low > 0 or b.high < 0 else "unsure"
    return Check(name, finding, width <= limit, width, limit, values, key, gating=False)


MOST_DRAWS = 199


def trimmed_means(y: Vector, w: Vector, share: float) -> tuple[float, float]:
    """Return the weighted means of the lowest and of the highest share `share` of y.

    A tie at the cut is split: what is kept is exactly the share `share` of the weight.

    `y`: values in increasing order, shape (m,); `w`: weights, shape (m,); `share`: share of the
    weight kept, in (0, 1].
    """
    weight, total = np.cumsum(w), np.cumsum(w * y)
    kept = share * weight[-1]
    low = _sum_below(y, weight, total, kept)
    high = total[-1] - _sum_below(y, weight, total, weight[-1] - kept)
    return float(low / kept), float(high / kept)


def _sum_below(y: Vector, weight: Vector, total: Vector, mass: float) -> float:
    """Return the sum of y over the first `mass` of the weight."""
    i = min(int(np.searchsorted(weight, mass)), y.size - 1)
    before = (weight[i - 1], total[i - 1]) if i else (0.0, 0.0)
    return float(before[1] + (mass - before[0]) * y[i])


@dataclass(frozen=True, slots=True, repr=False)
class _Trimming:
    """Rows sorted once, and the sums that the shares known and the other arm need.

    Attributes:
        y: Known outcomes of the arm known more often, increasing, shape (m,).
        w: Their weights, shape (m,).
        unit: Their unit of drawing (cluster or person), shape (m,).
        sums: By unit: weight of the trimmed arm and of the other, their known weight, and the
            other's weighted outcomes, shape (units, 5).
        sign: 1 where the treated arm is the one trimmed, -1 otherwise.
    """

    y: Vector
    w: Vector
    unit: IntVector
    sums: Matrix
    sign: int

    def bounds(self, times: Vector) -> tuple[float, float]:
        """Return Lee's bounds when each unit counts `times` times, shape (units,)."""
        more, other, more_known, other_known, other_y = times @ self.sums
        share_kept = min((other_known / other) / (more_known / more), 1.0)
        lowest, highest = trimmed_means(self.y, self.w * times[self.unit], share_kept)
        mean = other_y / other_known
        ends = (lowest - mean, highest - mean)
        return ends if self.sign > 0 else (-ends[1], -ends[0])


def _trimming(y: Vector, treated: BoolVector, w: Vector, unit: IntVector) -> _Trimming:
    known = ~np.isnan(y)
    share = [float(w[a & known].sum() / w[a].sum()) for a in (~treated, treated)]
    if not min(share) > 0:
        raise EstimationError("no outcome is known in one arm; bounds need some in each")
    sign = 1 if share[1] >= share[0] else -1
    more = treated if sign > 0 else ~treated
    rows = np.flatnonzero(more & known)
    rows = rows[np.lexsort((unit[rows], y[rows]))]
    parts = [w * more, w * ~more, w * (more & known), w * (~more & known)]
    parts.append(np.where(~more & known, w * np.nan_to_num(y), 0.0))
    sums: Matrix = np.empty((int(unit.max()) + 1, len(parts)))
    for j, part in enumerate(parts):
        sums[:, j] = np.bincount(unit, weights=part)
    return _Trimming(y[rows], w[rows], unit[rows], sums, sign)


def lee_bounds(
    y: Vector,
    treated: BoolVector,
    w: Vector | None = None,
    cluster: IntVector | HashVector | None = None,
    *,
    draws: int = 199,
    seed: int = 0,
    alpha: float = 0.05,
) -> EffectBounds:
    """Return Lee's bounds of the effect on those whose outcome is always known.

    Their interval comes from a bootstrap of multiplicity weights; the arm trimmed stays the same.

    `y`: outcomes, NaN where unknown, shape (n,); `w`: analysis weights, shape (n,); ones where
    None; `cluster`: codes of the clusters, or hashes of the persons, shape (n,); rows where None;
    `draws`: bootstrap draws; 0 for the bounds alone.
    """
    unit = np.arange(y.size) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    weights = np.ones(y.size) if w is None else np.asarray(w, dtype=np.float64)
    trimming = _trimming(y, treated, weights, unit)
    size = trimming.sums.shape[0]
    low, high = trimming.bounds(np.ones(size))
    if not draws:
        return EffectBounds(low, high, float("nan"), float("nan"))
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = np.array([trimming.bounds(rng.standard_exponential((size,))) for _ in range(draws)])
    se = drawn.std(axis=0, ddof=1)
    return imbens_manski(low, high, float(se[0]), float(se[1]), alpha)


def check_lee_bounds(
    comparison: Comparison,
    key: str,
    thresholds: Thresholds,
    weights: Vector | None = None,
    seed: int = 0,
) -> Check:
    """Tell Lee's bounds of an effect.

    `thresholds`: `draws`, `alpha`; `weights`: analysis weights, shape (n,).
    """
    measure = comparison.measure(key)
    name = "lee_bounds"
    rows = measure.within
    if measure.known[rows].all():
        outcome: Values = {
            "outcome": Name("outcome", key),
            "known": known_share(measure.known[rows]),
        }
        return Check(name, "all_known", None, 0.0, None, outcome, key, gating=False)
    try:
        b = lee_bounds(
            measure.values[rows],
            comparison.treated[rows],
            None if weights is None else weights[rows],
            (comparison.person if comparison.cluster is None else comparison.cluster)[rows],
            draws=min(thresholds.draws, MOST_DRAWS),
            seed=seed,
            alpha=thresholds.alpha,
        )
    except EstimationError:
        return Check(name, "unobserved", None, None, None, {}, key, gating=False)
    n = min(comparison.n_treated, comparison.n_comparison)
    values = {
        "bounds": Interval(b.low, b.high, measure.unit, n),
        "interval": Interval(b.ci_low, b.ci_high, measure.unit, n),
    }
    finding = "excluded" if b.ci_low > 0 or b.ci_high < 0 else "contained"
    return Check(name, finding, None, b.high - b.low, None, values, key, gating=False)
