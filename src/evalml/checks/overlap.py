"""Is there, for each treated person, somebody comparable in the other arm?

Common support of the propensity score e(x) = P(treated | x), and near-perfect prediction
(Crump et al. 2009, https://doi.org/10.1093/biomet/asn055).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.errors import DataError
from evalml.values import Count, Number, Share

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.values import Values

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
        thresholds: `overlap`, `score_extreme`.
        estimand: `att`, `ate`, ...

    Raises:
        DataError: The score and the arms have different lengths.
    """
    if score is None:
        return _unjudged("no_score")
    if score.shape != treated.shape:
        raise DataError(f"{score.size} scores for {treated.size} persons; give one each")
    if treated.all() or not treated.any():
        return _unjudged("empty")
    if not np.isfinite(score).all():
        return _unjudged("undefined")
    off = off_support(score, treated, thresholds.score_extreme, estimand)
    whole = int(treated.size if estimand in WHOLE else treated.sum())
    n_off, limit = int(off.sum()), thresholds.overlap
    share = n_off / whole
    values: Values = {
        "off": Count(n_off, whole),
        "whole": Count(whole),
        "share": Share(n_off, whole, share),
        "extreme": Number(thresholds.score_extreme, 2),
        "limit": Number(limit, 1, "percent"),
    }
    found = "over" if share > limit else "some" if n_off else "none"
    finding = found + ("_all" if estimand in WHOLE else "_treated")
    return Check("overlap", finding, share <= limit, share, limit, values)


def _unjudged(finding: str) -> Check:
    return Check("overlap", finding, None, None, None, {})
