"""How unequal could two matched persons' chances of entering be before the effect is in doubt?

Bounds of Rosenbaum (2002), Observational Studies, 2nd ed., section 4.3: within a pair the odds of
treatment differ at most by a factor Gamma, so the treated person has the larger response with
probability at most Gamma / (1 + Gamma).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize
from scipy.special import ndtr

from evalml.checks.check import Check
from evalml.errors import DataError
from evalml.values import Count, Number

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.values import Values

LARGEST_GAMMA = 100.0


def mcnemar_bound(n_discordant: int, n_favourable: int, gamma: float) -> float:
    """Return the largest one-sided p-value of McNemar's test at `gamma`.

    Args:
        n_discordant: Pairs whose two outcomes differ.
        n_favourable: Those in which the treated person has the event.
        gamma: Bound on the odds ratio of treatment within a pair, at least 1.
    """
    from scipy.stats import binom  # half a second to import: only where there are pairs

    return float(binom.sf(n_favourable - 1, n_discordant, gamma / (1 + gamma)))


def sign_bound(differences: Vector, gamma: float) -> float:
    """Return the largest one-sided p-value of the sign test at `gamma`; zeros are left out."""
    kept = differences[differences != 0]
    return mcnemar_bound(kept.size, int((kept > 0).sum()), gamma)


def signed_rank_bound(differences: Vector, gamma: float) -> float:
    """Return the largest one-sided p-value of Wilcoxon's signed-rank test at `gamma`.

    Pairs without a difference are ranked and then count for neither side, ties share their average
    rank, normal approximation without continuity correction.

    Args:
        differences: Treated minus comparison, by pair, shape (pairs,).
        gamma: Bound on the odds ratio of treatment within a pair.
    """
    from scipy.stats import rankdata

    differ = differences != 0
    if not differ.any():
        return 1.0
    ranks = rankdata(np.abs(differences))[differ]
    kept = differences[differ]
    p = gamma / (1 + gamma)
    deviate = (ranks[kept > 0].sum() - p * ranks.sum()) / np.sqrt(p * (1 - p) * (ranks @ ranks))
    return float(ndtr(-deviate))


def critical_gamma(bound: Callable[[float], float], alpha: float = 0.05) -> float:
    """Return the largest Gamma at which the p-value stays at or under `alpha` (1 if none).

    Args:
        bound: From Gamma to the largest p-value.
        alpha: Level of the one-sided test.
    """
    if bound(1.0) > alpha:
        return 1.0
    if bound(LARGEST_GAMMA) <= alpha:
        return LARGEST_GAMMA
    return float(optimize.brentq(lambda g: bound(g) - alpha, 1.0, LARGEST_GAMMA, xtol=1e-10))


def check_rosenbaum(
    treated_outcome: Vector, comparison_outcome: Vector, thresholds: Thresholds, key: str = ""
) -> Check:
    """Tell the Gamma at which a matched effect stops being significant.

    Binary outcomes are judged by McNemar's test, others by the signed-rank test, in the direction
    of the mean difference and at level alpha / 2 on that side.

    Args:
        treated_outcome: Outcome of the treated person of each pair, shape (pairs,).
        comparison_outcome: Outcome of the matched person, shape (pairs,).
        thresholds: `rosenbaum_gamma`, `alpha`.
        key: Key of the outcome.

    Raises:
        DataError: The two have different lengths.
    """
    if treated_outcome.shape != comparison_outcome.shape:
        raise DataError("a pair has two outcomes; give vectors of the same length")
    differences = treated_outcome - comparison_outcome
    differences = differences[~np.isnan(differences)]
    if not np.any(differences):
        return Check("rosenbaum", "no_difference", None, None, None, {}, key, gating=False)
    side = differences if differences.mean() >= 0 else -differences
    binary = np.isin(np.abs(side), (0.0, 1.0)).all()
    test = sign_bound if binary else signed_rank_bound
    gamma = critical_gamma(lambda g: test(side, g), thresholds.alpha / 2)
    return _judged(gamma, side.size, thresholds.rosenbaum_gamma, key)


def _judged(gamma: float, n_pairs: int, minimum: float, key: str) -> Check:
    nothing = gamma <= 1
    passed = None if nothing else gamma >= minimum
    values: Values = {"pairs": Count(n_pairs), "gamma": Number(gamma, 2)}
    finding = "nothing" if nothing else "strength"
    return Check("rosenbaum", finding, passed, gamma, minimum, values, key, gating=False)
