"""Is the outcome known as often in one arm as in the other?

Situations are declared to a counsellor: followed youths are observed more, and a gap between the
arms can by itself make an effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.french import french, percent, points

if TYPE_CHECKING:
    from evalml.arrays import BoolVector
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Measure

QUESTION = french("Le résultat est-il aussi souvent connu dans les deux groupes ?")


def check_observation(measure: Measure, treated: BoolVector, thresholds: Thresholds) -> Check:
    """Judge the difference between the arms in the share of persons whose outcome is known.

    Args:
        measure: Outcome; NaN where not observed.
        treated: Shape (n,).
        thresholds: `observation_gap`.
    """
    known = ~np.isnan(measure.values)
    if treated.all() or not treated.any():
        sentence = french(
            f"L'observation de « {measure.label} » ne peut être jugée : l'un des groupes est vide."
        )
        return Check("observation", QUESTION, None, None, None, sentence, measure.key)
    seen = float(known[treated].mean()), float(known[~treated].mean())
    gap = abs(seen[0] - seen[1])
    passed = gap <= thresholds.observation_gap and min(seen) > 0
    meaning = (
        "un effet ne peut guère venir de là."
        if passed
        else "une différence de résultat peut venir de là."
    )
    sentence = (
        f"« {measure.label} » est connu pour {percent(seen[0])} des bénéficiaires et "
        f"{percent(seen[1])} du groupe de comparaison, soit {points(gap)} d'écart "
        f"(seuil : {points(thresholds.observation_gap)}) : {meaning}"
    )
    return Check(
        "observation",
        QUESTION,
        passed,
        gap,
        thresholds.observation_gap,
        french(sentence),
        measure.key,
    )
