"""Bounds of an effect that the data do not fix, and their interval.

Worst case: Manski (1990) and Horowitz and Manski (2000), doi:10.1080/01621459.2000.10473902: the
unknown outcomes of one arm are all at the top, those of the other all at the bottom. The interval
of Imbens and Manski (2004), doi:10.1111/j.1468-0262.2004.00555.x, covers the effect wherever it
lies between the bounds, and becomes the usual one when they meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize
from scipy.special import ndtr

from evalml.effect.estimate import estimate_effects, known_sizes, no_effect
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.comparison.comparison import Comparison, Measure
    from evalml.effect.sample import EstimationSettings
    from evalml.methods.effect import Effect

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class EffectBounds:
    """Bounds of an effect.

    Attributes:
        low: Lower bound.
        high: Upper bound.
        ci_low: Lower limit of the interval of the effect.
        ci_high: Upper limit.
    """

    low: float
    high: float
    ci_low: float
    ci_high: float


def imbens_manski(
    low: float, high: float, se_low: float, se_high: float, alpha: float
) -> EffectBounds:
    """Return bounds with the interval that covers the effect, wherever it lies between them."""
    widest = max(se_low, se_high)
    if not np.isfinite(widest) or widest <= 0:
        return EffectBounds(low, high, low, high)
    gap = max(high - low, 0.0) / widest
    c = float(optimize.brentq(lambda x: ndtr(x + gap) - ndtr(-x) - (1 - alpha), 0, 40))
    return EffectBounds(low, high, low - c * se_low, high + c * se_high)


def filled(measure: Measure, treated: np.ndarray, if_treated: float, if_not: float) -> Measure:
    """Return an outcome with one value for those lost of each arm.

    Persons whom the source could not know (month not covered, person not linked) stay unknown: the
    bounds are about those it should have seen.
    """
    lost = measure.within & ~measure.known
    values = np.where(lost, np.where(treated, if_treated, if_not), measure.values)
    return replace(measure, values=values)


def bounded_effects(
    comparison: Comparison, methods: Sequence[str], settings: EstimationSettings
) -> list[Effect]:
    """Estimate every outcome by every method, as bounds where an outcome was lost.

    `methods`: methods of `estimate_effects`. The result: one effect per outcome and method. Where
    nobody was lost it is the usual one; else the estimate is not a number, `ci_low` and `ci_high`
    are the interval of the bounds, and `details` holds the bounds themselves.
    """
    found: dict[tuple[int, str], Effect] = {}
    for place, measure in enumerate(comparison.measures):
        usual = _estimated(comparison, measure, methods, settings)
        for effect in _bounded(comparison, measure, usual, methods, settings):
            found[place, effect.method] = effect
    return [found[p, m] for p in range(len(comparison.measures)) for m in methods]


def _estimated(
    comparison: Comparison, measure: Measure, methods: Sequence[str], settings: EstimationSettings
) -> list[Effect]:
    one = replace(comparison, measures=(measure,), subgroups=comparison.subgroups[[]])
    return estimate_effects(one, methods, failures="record", settings=settings)


def _bounded(
    comparison: Comparison,
    measure: Measure,
    usual: list[Effect],
    methods: Sequence[str],
    settings: EstimationSettings,
) -> list[Effect]:
    if not (measure.within & ~measure.known).any():
        return usual
    if measure.unit != "proportion":
        error = EstimationError(
            f"{measure.key}: worst-case bounds need an outcome with two extremes, such as a share"
        )
        sizes = known_sizes(comparison, measure.known)
        return [no_effect(measure, (m, settings.estimand), sizes, error) for m in methods]
    ends = []
    for worst in (0.0, 1.0):
        extreme = filled(measure, comparison.treated, worst, 1.0 - worst)
        ends.append(_estimated(comparison, extreme, methods, settings))
    return [_between(one, *both) for one, *both in zip(usual, *ends, strict=True)]


def _between(usual: Effect, down: Effect, up: Effect) -> Effect:
    """Return an effect known by its bounds only."""
    nothing = float("nan")
    b = imbens_manski(down.estimate, up.estimate, down.std_error, up.std_error, ALPHA)
    errors = {k: v for one in (down, up) for k, v in one.details.items() if k == "error"}
    return replace(
        usual,
        estimate=nothing,
        std_error=nothing,
        p_value=nothing,
        mean_treated=nothing,
        mean_comparison=nothing,
        ci_low=b.ci_low,
        ci_high=b.ci_high,
        details=usual.details | {"bounds": (b.low, b.high)} | errors,
    )
