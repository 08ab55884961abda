"""Does the effect differ between the values of a subgroup variable?

Wald test that the effects are equal; with independent subgroups it is Cochran's Q (1954).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from evalml.checks.check import Check
from evalml.checks.french import effect as effect_text
from evalml.checks.french import french, p_value
from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import Matrix, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.effect.effect import Effect

QUESTION = french("L'effet diffère-t-il d'un sous-groupe à l'autre ?")
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
    first = effects[0]
    usable = [e for e in effects if np.isfinite(e.std_error) and e.std_error > 0]
    if len(usable) < FEWEST or len(usable) < len(effects):
        sentence = french(
            f"La différence entre sous-groupes de « {first.subgroup} » ne peut être jugée : un "
            "sous-groupe n'a pas d'erreur type."
        )
        return Check("interaction", QUESTION, None, None, None, sentence, first.key, gating=False)
    estimates = np.array([e.estimate for e in usable])
    errors = np.array([e.std_error for e in usable])
    V = np.diag(errors**2) if covariance is None else covariance
    _, _, p = interaction_test(estimates, V)
    low, high = usable[int(estimates.argmin())], usable[int(estimates.argmax())]
    meaning = (
        "les effets diffèrent d'un sous-groupe à l'autre"
        if p <= thresholds.alpha
        else "rien ne permet de dire que les effets diffèrent"
    )
    sentence = (
        f"Selon « {first.subgroup} », l'effet va de "
        f"{effect_text(low.estimate, first.unit, sign=True)} ({low.subgroup_value}) à "
        f"{effect_text(high.estimate, first.unit, sign=True)} ({high.subgroup_value}) : {meaning} "
        f"({p_value(p)})."
    )
    return Check(
        "interaction",
        QUESTION,
        None,
        p,
        thresholds.alpha,
        french(sentence),
        first.key,
        gating=False,
    )
