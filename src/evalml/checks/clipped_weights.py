"""Were weights clipped, and does one person carry too much of the total?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.french import french, guarded, guarded_share, number, percent

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.thresholds import Thresholds

QUESTION = french("Des poids ont-ils été écrêtés, ou pèsent-ils trop ?")


def check_clipped_weights(
    weights: Vector | None, treated: BoolVector, thresholds: Thresholds, n_clipped: int = 0
) -> Check:
    """Judge the share of clipped weights and the largest weight of the comparison arm.

    Args:
        weights: Analysis weights, shape (n,); None for an unweighted comparison.
        treated: Shape (n,).
        thresholds: `clipped` and `weight_share`.
        n_clipped: How many weights, or scores, were clipped.
    """
    if weights is None or not treated.size:
        sentence = french("Sans objet : la comparaison n'est pas pondérée.")
        return Check("clipped_weights", QUESTION, None, None, None, sentence)
    arm = np.asarray(weights, dtype=np.float64)[~treated]
    total = float(arm.sum())
    if not np.isfinite(total) or total <= 0:
        sentence = french("Les poids ne peuvent être jugés : leur somme n'est pas positive.")
        return Check("clipped_weights", QUESTION, None, None, None, sentence)
    share, minimum = n_clipped / treated.size, thresholds.minimum_count
    heaviest = float(arm.max()) / total
    passed = share <= thresholds.clipped and heaviest <= thresholds.weight_share
    told = guarded(n_clipped, minimum).capitalize()
    sentence = (
        f"{told} poids sur {number(treated.size)} ont été écrêtés "
        f"({guarded_share(n_clipped, treated.size, minimum)} ; "
        f"seuil : {percent(thresholds.clipped)}) et la personne la plus lourde porte "
        f"{percent(heaviest)} du poids du groupe de comparaison "
        f"(seuil : {percent(thresholds.weight_share)})."
    )
    judged = (share, thresholds.clipped)
    if share <= thresholds.clipped and not passed:
        judged = (heaviest, thresholds.weight_share)
    return Check("clipped_weights", QUESTION, passed, *judged, french(sentence))
