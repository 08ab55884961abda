"""The effects a study declares: its methods on everybody, its subgroups on what is primary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from evalml.effect.encouragement import estimate_encouragement
from evalml.effect.estimate import estimate_effects

if TYPE_CHECKING:
    from evalml.comparison.comparison import Comparison
    from evalml.comparison.propensity import Estimand
    from evalml.effect.effect import Effect
    from evalml.study import Study


def estimate_study(comparison: Comparison, study: Study) -> list[Effect]:
    """Estimate what a study declares, by the methods of its design.

    Everybody: all outcomes, horizons and methods. Subgroups: the primary outcome by the primary
    method at all horizons, since more would only make a winner of chance.

    Args:
        comparison: The two arms.
        study: The study.

    Returns:
        The effects; one that could not be estimated is not a number, with the reason in `details`.

    Raises:
        EstimationError: Nothing can be estimated at all.
    """
    if study.comparison.design == "encouragement":
        return estimate_encouragement(comparison)
    estimand: Estimand = "ate" if study.estimand == "ate" else "att"
    whole = replace(comparison, subgroups=comparison.subgroups[[]])
    effects = estimate_effects(
        whole, study.methods, estimand=estimand, seed=study.seed, failures="record"
    )
    primary = tuple(m for m in comparison.measures if m.outcome == study.primary.outcome)
    if not primary or comparison.subgroups.empty:
        return effects
    within = estimate_effects(
        replace(comparison, measures=primary),
        [study.primary.method],
        estimand=estimand,
        seed=study.seed,
        failures="record",
    )
    return [*effects, *(e for e in within if e.subgroup)]
