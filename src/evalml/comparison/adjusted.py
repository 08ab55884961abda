"""Make the comparison arm look like the treated one: score, weights, and how well it worked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.comparison.balance import balance_table
from evalml.comparison.propensity import fit_propensity
from evalml.comparison.threads import thin_products
from evalml.comparison.weights import score_weights

if TYPE_CHECKING:
    import pandas as pd

    from evalml.arrays import Vector
    from evalml.comparison.comparison import Comparison
    from evalml.comparison.propensity import Estimand


@dataclass(frozen=True, slots=True, repr=False)
class Adjusted:
    """Weights of the two arms, and the balance they reach.

    Attributes:
        score: Propensity score, shape (n,), before clipping.
        weights: Shape (n,), for the estimand.
        clipped: Scores moved to the clipping bound.
        balance: One row per covariate, before and after.
    """

    score: Vector
    weights: Vector
    clipped: int
    balance: pd.DataFrame

    def __repr__(self) -> str:
        """Give the worst difference left, never a row."""
        return f"Adjusted(worst SMD after: {self.balance['smd_after'].abs().max():.3f})"


@thin_products()
def adjust(
    comparison: Comparison, estimand: Estimand = "att", clip: float | None = None
) -> Adjusted:
    """Fit the propensity score on all rows and weight by it.

    Raises:
        EstimationError: Separation, or no convergence.
    """
    fitted = fit_propensity(comparison.design, comparison.treated, estimand)
    weights = score_weights(fitted.score, comparison.treated, estimand, clip)
    balance = balance_table(comparison.design, comparison.treated, weights.values, estimand)
    return Adjusted(fitted.score, weights.values, weights.clipped, balance)
