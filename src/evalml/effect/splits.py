"""Cross-fitting over several draws of the folds: the median, and what the draw adds to its error.

Chernozhukov et al. (2018), Double/debiased machine learning, The Econometrics Journal 21(1),
C1-C68, doi:10.1111/ectj.12097, definition 3.3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.variance import infer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.effect.effect import Effect
    from evalml.effect.settings import Settings


def draws_folds(method: str, settings: Settings) -> bool:
    """Tell whether another seed changes a method: its folds are drawn."""
    return method == "aipw" or (method == "ipw" and settings.score == "boosting")


def median_of(draws: Sequence[Effect], level: float) -> Effect:
    """Return the median estimate over draws of the folds.

    Its variance is the median over draws of the variance plus the squared distance to the median.

    Args:
        draws: The same effect, one draw after another.
        level: Level of the interval.
    """
    estimates = np.array([draw.estimate for draw in draws])
    failed = np.flatnonzero(~np.isfinite(estimates))
    if failed.size:
        return draws[int(failed[0])]
    middle = float(np.median(estimates))
    squares = np.array([draw.std_error for draw in draws]) ** 2 + (estimates - middle) ** 2
    first = draws[0]
    df, clusters = first.details.get("df"), first.details.get("n_clusters")
    found = infer(middle, float(np.sqrt(np.median(squares))), level, df, clusters)
    spread = [float(estimates.min()), float(estimates.max())]
    return replace(
        first,
        estimate=middle,
        std_error=found.std_error,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        mean_comparison=first.mean_treated - middle
        if first.estimand == "att"
        else float(np.median([draw.mean_comparison for draw in draws])),
        details={**first.details, "splits": len(draws), "split_estimates": spread},
    )
