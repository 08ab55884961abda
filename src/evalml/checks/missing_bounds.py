"""What could the effect be, whatever the outcomes that are not known?

Worst case: Manski (1990) and Horowitz and Manski (2000),
https://doi.org/10.1080/01621459.2000.10473902: the unknown outcomes of one arm are all at the top,
those of the other all at the bottom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.checks.check import Check
from evalml.checks.placebo import with_values
from evalml.effect.bounds import Bounds, filled, imbens_manski
from evalml.errors import DataError
from evalml.values import Interval, Name, Share

if TYPE_CHECKING:
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
) -> Bounds:
    """Estimate twice, with the unknown outcomes at their two extremes.

    Args:
        comparison: The two arms.
        key: Key of the outcome.
        estimate: Estimator, which refits everything.
        lowest: Smallest possible outcome.
        highest: Largest possible outcome.
        alpha: One minus the level of the interval.

    Raises:
        DataError: An outcome lies outside the two extremes.
    """
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

    Args:
        comparison: The two arms.
        key: Key of the outcome.
        estimate: Estimator, which refits everything.
        thresholds: `missing_bounds`, `alpha`.
    """
    measure = comparison.measure(key)
    name, limit = "missing_bounds", thresholds.missing_bounds
    unknown = ~measure.known[measure.within]
    outcome = Name("outcome", key)
    if measure.unit != "proportion":
        return Check(name, "not_a_share", None, None, None, {}, key, gating=False)
    if not unknown.any():
        nobody = Share(0, unknown.size, 0.0)
        values: Values = {"outcome": outcome, "unknown": nobody}
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
