"""Is an effect found before anybody entered?

The same estimator, refitted, on an outcome observed before time zero; the covariates that hold
that outcome, or later ones, are left out. For a roll-out, the adoption dates are brought forward
and only the months before the true adoption are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from evalml.checks.check import Check
from evalml.checks.refit import with_measure, without_covariates
from evalml.errors import DataError
from evalml.values import Estimate, PValue

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.arrays import BoolVector, Vector
    from evalml.checks.refit import Estimator
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.methods.effect import Effect
    from evalml.values import Values


def placebo_in_time(
    comparison: Comparison, past: Measure, estimate: Estimator, leave_out: Collection[str] = ()
) -> Effect:
    """Estimate the effect on a past outcome, everything refitted.

    Args:
        comparison: The two arms.
        past: Outcome before time zero.
        estimate: Estimator.
        leave_out: Covariates observed at or after that date: adjusting for them would hide it.
    """
    return estimate(with_measure(without_covariates(comparison, leave_out), past), past.key)


def shift_adoption(time: Vector, first_treated: Vector, months: int) -> tuple[BoolVector, Vector]:
    """Return the rows before the true adoption, and adoption dates brought forward.

    Args:
        time: Period of each row, shape (n,).
        first_treated: Period of adoption of its area, infinite or 0 for never, shape (n,).
        months: How many periods earlier the adoption is pretended, at least one.

    Returns:
        Which rows to keep, shape (n,), and the pretended adoption of all rows, infinite for never.

    Raises:
        DataError: `months` is not positive.
    """
    if months < 1:
        raise DataError("a placebo in time comes at least one period before the adoption")
    never = ~np.isfinite(first_treated) | (first_treated <= 0)
    adoption = np.where(never, np.inf, first_treated)
    return time < adoption, adoption - months


def check_placebo_in_time(
    placebo: Effect, thresholds: Thresholds, effect: Effect | None = None, variant: str = ""
) -> Check:
    """Judge an effect found before time zero.

    Args:
        placebo: Estimate on the past outcome.
        thresholds: `alpha`.
        effect: Estimate of interest: a placebo as imprecise as it is large proves nothing.
        variant: Prefix of the findings of a design with words of its own, such as `openings.`.
    """
    name, key = "placebo_in_time", "" if effect is None else effect.key
    if not np.isfinite(placebo.std_error) or placebo.std_error <= 0:
        return Check(name, f"{variant}constant", None, None, None, {}, key, gating=False)
    p = placebo.p_value
    seen = float(ndtri(1 - thresholds.alpha / 2)) * placebo.std_error
    passed: bool | None = p > thresholds.alpha
    if passed and effect is not None and seen > abs(effect.estimate):
        passed = None
    values: Values = {
        "effect": Estimate(placebo.estimate, placebo.unit, placebo.smallest_arm),
        "p": PValue(p),
        "visible": Estimate(seen, placebo.unit, placebo.smallest_arm),
    }
    finding = variant + {True: "alike", False: "apart", None: "vague"}[passed]
    return Check(name, finding, passed, p, thresholds.alpha, values, key, gating=False)
