"""Does the effect differ between the values of a subgroup variable?

Wald test that the effects are equal; with independent subgroups it is Cochran's Q (1954).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from evalml.checks.check import Check
from evalml.errors import DataError
from evalml.values import Estimate, Name, PValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import Matrix, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.methods.effect import Effect
    from evalml.values import Values

FEWEST = 2


def interaction_test(estimates: Vector, covariance: Matrix) -> tuple[float, int, float]:
    """Return statistic, degrees of freedom and p-value of equal effects.

    Args:
        estimates: Effects by subgroup, shape (k,).
        covariance: Their covariance, shape (k, k); diagonal for separate persons and clusters.

    Raises:
        DataError: Fewer than two subgroups, or shapes that differ.
    """
    k = estimates.size
    if k < FEWEST or covariance.shape != (k, k):
        raise DataError("an interaction test needs two subgroups or more, and their covariance")
    contrast = np.column_stack([-np.ones(k - 1), np.eye(k - 1)])
    gaps = contrast @ estimates
    statistic = float(gaps @ np.linalg.solve(contrast @ covariance @ contrast.T, gaps))
    return statistic, k - 1, float(chdtrc(k - 1, statistic))


def check_interaction(
    effects: Sequence[Effect], thresholds: Thresholds, covariance: Matrix | None = None
) -> Check:
    """Tell whether the effects of one subgroup variable differ; for information.

    Args:
        effects: Effects on one outcome, one per value of the variable.
        thresholds: `alpha`.
        covariance: Covariance of the estimates; independent subgroups where None.

    Raises:
        DataError: The effects are not of one outcome, one method and one variable.
    """
    if len({(e.key, e.method, e.subgroup) for e in effects}) != 1:
        raise DataError("give the effects of one outcome, one method and one subgroup variable")
    first, name = effects[0], "interaction"
    variable = Name("covariate", first.subgroup)
    usable = [e for e in effects if np.isfinite(e.std_error) and e.std_error > 0]
    if len(usable) < FEWEST or len(usable) < len(effects):
        unjudged: Values = {"variable": variable}
        return Check(name, "no_error", None, None, None, unjudged, first.key, gating=False)
    estimates = np.array([e.estimate for e in usable])
    errors = np.array([e.std_error for e in usable])
    V = np.diag(errors**2) if covariance is None else covariance
    _, _, p = interaction_test(estimates, V)
    low, high = usable[int(estimates.argmin())], usable[int(estimates.argmax())]
    values: Values = {
        "variable": variable,
        "low": Estimate(low.estimate, low.unit, low.smallest_arm),
        "low_level": _level(low),
        "high": Estimate(high.estimate, high.unit, high.smallest_arm),
        "high_level": _level(high),
        "p": PValue(p),
    }
    finding = "differ" if p <= thresholds.alpha else "same"
    return Check(name, finding, None, p, thresholds.alpha, values, first.key, gating=False)


def _level(effect: Effect) -> Name:
    return Name("level", f"{effect.subgroup}={effect.subgroup_value}")
