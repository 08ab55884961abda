"""Weights that make one arm stand for the persons an estimand speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.propensity import Estimand


@dataclass(frozen=True, slots=True, repr=False)
class Weights:
    """One weight per row, for its own arm.

    Attributes:
        values: Shape (n,), not normalised.
        slope: Derivative of the weight with respect to the linear predictor, shape (n,).
        clipped: Rows whose score was moved to the clipping bound.
        low: Lowest score allowed, 0 without clipping.
        high: Highest score allowed, 1 without clipping.
    """

    values: Vector
    slope: Vector
    clipped: int = 0
    low: float = 0.0
    high: float = 1.0


def score_weights(
    score: Vector, treated: BoolVector, estimand: Estimand = "att", clip: float | None = None
) -> Weights:
    """Weight each row by its propensity score e.

    Effect on the treated (att): 1 for the treated, e / (1 - e) for the others. On all (ate):
    1 / e and 1 / (1 - e). On the overlap (ato): 1 - e and e (Li, Morgan and Zaslavsky, 2018).

    Args:
        score: Propensity score, shape (n,).
        treated: Shape (n,).
        estimand: `att`, `ate` or `ato`.
        clip: Scores are kept between clip and 1 - clip; None leaves them alone. For the effect on
            the treated only the upper bound matters, and for the overlap neither.

    Raises:
        EstimationError: A weight is infinite.
    """
    low, high = _bounds(estimand, clip)
    e = np.clip(score, low, high)
    moved = e != score
    with np.errstate(divide="ignore"):
        values, slope = _WEIGHTS[estimand](e, treated)
    concerned = moved & ~treated if estimand == "att" else moved
    if not np.isfinite(values).all():
        message = (
            f"no overlap: {int((~np.isfinite(values)).sum())} rows have a propensity score of "
            "exactly 0 or 1 and an infinite weight; change the pool, or clip the score"
        )
        raise EstimationError(message)
    return Weights(values, np.where(moved, 0.0, slope), int(concerned.sum()), low, high)


def effective_size(weights: Vector) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2."""
    total = float((weights**2).sum())
    return float(weights.sum()) ** 2 / total if total > 0 else 0.0


def _bounds(estimand: Estimand, clip: float | None) -> tuple[float, float]:
    if clip is None or estimand == "ato":
        return 0.0, 1.0
    if not 0.0 < clip < 0.5:  # noqa: PLR2004
        message = f"clip is {clip}; it must lie between 0 and 0.5"
        raise EstimationError(message)
    return (0.0 if estimand == "att" else clip), 1.0 - clip


def _att(e: Vector, treated: BoolVector) -> tuple[Vector, Vector]:
    odds = np.where(treated, 0.0, e / np.where(treated, 1.0, 1.0 - e))
    return np.where(treated, 1.0, odds), odds


def _ate(e: Vector, treated: BoolVector) -> tuple[Vector, Vector]:
    own = np.where(treated, e, 1.0 - e)
    weight = 1.0 / own
    return weight, np.where(treated, -(1.0 - e), e) * weight


def _ato(e: Vector, treated: BoolVector) -> tuple[Vector, Vector]:
    variance = e * (1.0 - e)
    return np.where(treated, 1.0 - e, e), np.where(treated, -variance, variance)


_WEIGHTS = {"att": _att, "ate": _ate, "ato": _ato}
