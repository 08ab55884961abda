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
from evalml.checks.french import effect as effect_text
from evalml.checks.french import french, p_value, points
from evalml.checks.refit import with_measure, without_covariates
from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalml.arrays import BoolVector, Vector
    from evalml.checks.refit import Estimator
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.effect.effect import Effect

QUESTION = french("Trouve-t-on un effet avant même l'entrée dans le programme ?")


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
    placebo: Effect, thresholds: Thresholds, effect: Effect | None = None
) -> Check:
    """Judge an effect found before time zero.

    Args:
        placebo: Estimate on the past outcome.
        thresholds: `alpha`.
        effect: Estimate of interest: a placebo as imprecise as it is large proves nothing.
    """
    key = "" if effect is None else effect.key
    if not np.isfinite(placebo.std_error) or placebo.std_error <= 0:
        sentence = french(
            "L'effet avant l'entrée ne peut être jugé : le résultat passé est constant."
        )
        return Check("placebo_in_time", QUESTION, None, None, None, sentence, key, gating=False)
    p = placebo.p_value
    z = float(ndtri(1 - thresholds.alpha / 2))
    seen = z * placebo.std_error
    passed: bool | None = p > thresholds.alpha
    if passed and effect is not None and seen > abs(effect.estimate):
        passed = None
    found = effect_text(placebo.estimate, placebo.unit, sign=True)
    meaning = {
        True: "les groupes évoluaient de même.",
        False: "les groupes différaient déjà avant l'entrée.",
        None: f"mais l'essai n'aurait vu qu'un écart d'au moins {_size(seen, placebo.unit)}, plus "
        "que l'effet estimé : il ne prouve rien.",
    }[passed]
    sentence = f"Avant l'entrée, l'« effet » estimé est de {found} ({p_value(p)}) : {meaning}"
    return Check(
        "placebo_in_time",
        QUESTION,
        passed,
        p,
        thresholds.alpha,
        french(sentence),
        key,
        gating=False,
    )


def _size(value: float, unit: str) -> str:
    return points(value) if unit == "proportion" else effect_text(value, unit)
