"""Which effect could the study have detected?

Minimum detectable effect (t_{1-alpha/2} + t_{power}) x standard error, with the degrees of freedom
of the estimate's interval (Bloom 1995, https://doi.org/10.1177/0193841X9501900504).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from evalml.checks.check import Check
from evalml.checks.french import effect as effect_text
from evalml.checks.french import french, percent

if TYPE_CHECKING:
    from evalml.checks.thresholds import Thresholds
    from evalml.effect.effect import Effect

QUESTION = french("Quel effet l'étude pouvait-elle détecter ?")


def minimum_detectable_effect(
    std_error: float, alpha: float = 0.05, power: float = 0.8, df: float | None = None
) -> float:
    """Return the true effect that a two-sided test of level `alpha` finds with `power`.

    Args:
        std_error: Standard error of the estimate.
        alpha: Level of the test.
        power: Its power.
        df: Degrees of freedom (clusters less one); None for many.
    """
    levels = np.array([1 - alpha / 2, power])
    if df is not None and np.isfinite(df) and df > 0:
        return float(stdtrit(df, levels).sum() * std_error)
    return float(ndtri(levels).sum() * std_error)


def check_detectable_effect(effect: Effect, thresholds: Thresholds) -> Check:
    """Tell the minimum detectable effect; for information.

    Args:
        effect: Estimate whose standard error says what could be seen.
        thresholds: `alpha`, `power`.
    """
    if not np.isfinite(effect.std_error) or effect.std_error <= 0:
        sentence = french(
            "L'effet détectable ne peut être calculé : l'erreur type n'est pas définie "
            "(résultat constant, ou une seule grappe)."
        )
        return Check(
            "detectable_effect", QUESTION, None, None, None, sentence, effect.key, gating=False
        )
    value = minimum_detectable_effect(
        effect.std_error, thresholds.alpha, thresholds.power, effect.details.get("df")
    )
    seen = "atteint" if abs(effect.estimate) >= value else "n'atteint pas"
    sentence = (
        f"L'étude pouvait détecter un effet d'au moins {effect_text(value, effect.unit)} "
        f"(puissance de {percent(thresholds.power, 0)}, test à {percent(thresholds.alpha, 0)}) ; "
        f"l'effet estimé {seen} cette taille."
    )
    return Check(
        "detectable_effect",
        QUESTION,
        None,
        value,
        None,
        french(sentence),
        effect.key,
        gating=False,
    )
