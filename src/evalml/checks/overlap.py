"""Is there, for each treated person, somebody comparable in the other arm?

Common support of the propensity score e(x) = P(treated | x), and near-perfect prediction
(Crump et al. 2009, https://doi.org/10.1093/biomet/asn055).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.french import french, guarded, guarded_share, number, percent
from evalml.errors import DataError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.thresholds import Thresholds

QUESTION = french("Trouve-t-on, face à chaque bénéficiaire, des jeunes comparables ?")
WHOLE = ("ate",)
"""Estimands that speak of both arms; the others speak of the treated."""


def off_support(
    e: Vector, treated: BoolVector, extreme: float, estimand: str = "att"
) -> BoolVector:
    """Return who stands where the other arm has nobody comparable.

    Args:
        e: Propensity score, shape (n,), in [0, 1].
        treated: Shape (n,).
        extreme: Score beyond which membership is almost certain.
        estimand: `att` judges the treated rows only; `ate` all rows.

    Returns:
        Shape (n,); False for the rows that the estimand does not speak of.
    """
    off = treated & (_outside(e, e[~treated]) | (e > extreme))
    if estimand in WHOLE:
        off |= ~treated & (_outside(e, e[treated]) | (e < 1 - extreme))
    return off


def _outside(e: Vector, other: Vector) -> BoolVector:
    return np.asarray((e < other.min()) | (e > other.max()), dtype=np.bool_)


def check_overlap(
    score: Vector | None, treated: BoolVector, thresholds: Thresholds, estimand: str = "att"
) -> Check:
    """Judge the share of persons the estimand speaks of who have nobody comparable.

    Args:
        score: Propensity score, shape (n,), before any clipping or trimming.
        treated: Shape (n,).
        thresholds: `overlap`, `score_extreme`, `minimum_count` (smaller counts are not told).
        estimand: `att`, `ate`, ...

    Raises:
        DataError: The score and the arms have different lengths.
    """
    if score is None:
        return _unjudged("Le recouvrement ne peut être jugé : aucun score n'a été estimé.")
    if score.shape != treated.shape:
        raise DataError(f"{score.size} scores for {treated.size} persons; give one each")
    if treated.all() or not treated.any():
        return _unjudged("Le recouvrement ne peut être jugé : l'un des deux groupes est vide.")
    if not np.isfinite(score).all():
        return _unjudged("Le recouvrement ne peut être jugé : le score n'est pas défini partout.")
    off = off_support(score, treated, thresholds.score_extreme, estimand)
    judged = np.ones_like(treated) if estimand in WHOLE else treated
    n_off, n_judged, minimum = int(off.sum()), int(judged.sum()), thresholds.minimum_count
    share = n_off / n_judged
    passed = share <= thresholds.overlap
    who = "personnes" if estimand in WHOLE else "bénéficiaires"
    meaning = (
        "la comparaison porte sur des jeunes que l'on trouve dans les deux groupes."
        if passed
        else "pour eux, l'effet est extrapolé et non observé."
    )
    sentence = (
        f"{guarded(n_off, minimum).capitalize()} {who} sur {number(n_judged)} "
        f"({guarded_share(n_off, n_judged, minimum)}) sont sans équivalent dans l'autre groupe "
        "(hors du support commun ou score au-delà de "
        f"{number(thresholds.score_extreme, 2)}) ; seuil : {percent(thresholds.overlap)}. "
        f"Autrement dit, {meaning}"
    )
    return Check("overlap", QUESTION, passed, share, thresholds.overlap, french(sentence))


def _unjudged(sentence: str) -> Check:
    return Check("overlap", QUESTION, None, None, None, french(sentence))
