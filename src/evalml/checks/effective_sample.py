"""How many persons does the weighted comparison arm amount to?

Kish's effective sample size, (sum w)^2 / sum w^2 (Kish 1965, Survey Sampling, section 8.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.french import french, number

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.thresholds import Thresholds

QUESTION = french("Combien de personnes le groupe de comparaison représente-t-il vraiment ?")


def effective_sample_size(w: Vector) -> float:
    """Return the number of equally weighted persons worth as much as weights `w`, shape (n,).

    Zero where no weight is positive.
    """
    total = float(w.sum())
    squares = float(w @ w)
    return total**2 / squares if squares > 0 else 0.0


def check_effective_sample_size(
    weights: Vector | None, treated: BoolVector, thresholds: Thresholds, estimand: str = "att"
) -> Check:
    """Judge the effective size of the weighted comparison arm.

    For an effect on everybody both arms are weighted, and the smaller effective size is judged.

    Args:
        weights: Analysis weights, shape (n,); None for an unweighted comparison.
        treated: Shape (n,).
        thresholds: `effective_sample_size`.
        estimand: `att` judges the comparison arm; `ate` and `ato` the weaker of the two.
    """
    w = np.ones(treated.size) if weights is None else np.asarray(weights, dtype=np.float64)
    arms = [w[~treated]] if estimand == "att" else [w[~treated], w[treated]]
    arm = min(arms, key=effective_sample_size)
    name = "de comparaison" if arm is arms[0] else "des bénéficiaires"
    if arm.size == 0 or not np.isfinite(arm).all():
        why = f"le groupe {name} est vide" if arm.size == 0 else "des poids sont indéfinis"
        sentence = french(f"L'effectif efficace ne peut être jugé : {why}.")
        return Check("effective_sample_size", QUESTION, None, None, None, sentence)
    value = effective_sample_size(arm)
    passed = value >= thresholds.effective_sample_size
    meaning = (
        "l'effet ne repose pas sur quelques personnes."
        if passed
        else "l'effet repose sur trop peu de personnes pour être lu."
    )
    sentence = (
        f"Une fois pondéré, le groupe {name} de {number(arm.size)} personnes en vaut "
        f"{number(value)} (minimum : {number(thresholds.effective_sample_size)}) : {meaning}"
    )
    return Check(
        "effective_sample_size",
        QUESTION,
        passed,
        value,
        thresholds.effective_sample_size,
        french(sentence),
    )
