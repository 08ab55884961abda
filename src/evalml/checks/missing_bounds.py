"""What could the effect be, whatever the outcomes that are not known?

Worst case: Manski (1990) and Horowitz and Manski (2000),
https://doi.org/10.1080/01621459.2000.10473902: the unknown outcomes of one arm are all at the top,
those of the other all at the bottom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.bounds import Bounds, between, imbens_manski
from evalml.checks.check import Check
from evalml.checks.french import french, interval, percent
from evalml.checks.refit import with_values
from evalml.errors import DataError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.refit import Estimator
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison

QUESTION = french(
    "Entre quelles bornes l'effet tombe-t-il, quels que soient les résultats inconnus ?"
)


def fill(values: Vector, treated: BoolVector, if_treated: float, if_not: float) -> Vector:
    """Return the outcomes with one value for the unknown of each arm, shape (n,)."""
    return np.where(np.isnan(values), np.where(treated, if_treated, if_not), values)


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
    values = comparison.measure(key).values
    known = values[~np.isnan(values)]
    if known.size and (known.min() < lowest or known.max() > highest):
        raise DataError(
            f"outcomes of {key} lie outside [{lowest:g}, {highest:g}]; widen the bounds"
        )
    t = comparison.treated
    down = estimate(with_values(comparison, key, fill(values, t, lowest, highest)), key)
    up = estimate(with_values(comparison, key, fill(values, t, highest, lowest)), key)
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
    name = "missing_bounds"
    unknown = float(np.isnan(measure.values).mean())
    if measure.unit != "proportion":
        sentence = french(
            "Les bornes au pire des cas ne se calculent que pour un résultat borné, comme une part."
        )
        return Check(name, QUESTION, None, None, None, sentence, key, gating=False)
    if unknown == 0:
        sentence = french(
            f"« {measure.label} » est connu pour tous : les bornes sont l'effet même."
        )
        return Check(
            name, QUESTION, True, 0.0, thresholds.missing_bounds, sentence, key, gating=False
        )
    b = worst_case(comparison, key, estimate, alpha=thresholds.alpha)
    width = b.high - b.low
    sign = (
        "le signe de l'effet en est sûr" if b.low > 0 or b.high < 0 else "son signe n'est pas sûr"
    )
    sentence = (
        f"Sans rien supposer des {percent(unknown)} de résultats inconnus, l'effet est compris "
        f"{between(b.low, b.high)} (intervalle : {interval(b.ci_low, b.ci_high, 'proportion')}) : "
        f"{sign}."
    )
    passed = width <= thresholds.missing_bounds
    return Check(
        name,
        QUESTION,
        passed,
        width,
        thresholds.missing_bounds,
        french(sentence),
        key,
        gating=False,
    )
