"""Checks of a randomised trial: was the draw followed, who was lost, could chance alone do it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.observation import check_observation, known_share
from evalml.checks.power import check_detectable_effect
from evalml.effect.experiment import ITT, blocks_of, draw_p, randomisation_p, strata_of
from evalml.errors import EstimationError
from evalml.methods.variance import infer
from evalml.values import Name, Number, PValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.checks.check import Thresholds
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.methods.effect import Effect
    from evalml.study import Study
    from evalml.values import Values


def check_experiment(
    comparison: Comparison, effects: Sequence[Effect], study: Study
) -> list[Check]:
    """Make the checks of a randomised study.

    A draw that what was known before partly foretells masks every effect.
    """
    limits = study.checks
    checks = [check_draw(comparison, limits)]
    for measure in comparison.measures:
        checks.append(check_observation(measure, comparison.treated, limits))
        checks += check_attrition(comparison, measure, limits)
    primary = (study.primary.outcome, study.primary.horizon, ITT)
    for effect in effects:
        if (
            effect.outcome,
            effect.horizon_months,
            effect.method,
        ) == primary and not effect.subgroup:
            checks += check_randomisation(comparison, effect, study)
    whole = [e for e in effects if not e.subgroup and e.method == study.primary.method]
    return [*checks, *(check_detectable_effect(e, limits) for e in whole)]


def check_draw(comparison: Comparison, thresholds: Thresholds) -> Check:
    """Judge whether what was known before tells who was given the offer."""
    p = draw_p(comparison)
    if np.isnan(p):
        return Check("draw", "none", None, None, None, {})
    passed = p > thresholds.gate_alpha
    finding = "alike" if passed else "apart"
    return Check("draw", finding, passed, p, thresholds.gate_alpha, {"p": PValue(p)})


def check_attrition(
    comparison: Comparison, measure: Measure, thresholds: Thresholds
) -> list[Check]:
    """Judge whether the draw changes whose outcome is known; for information."""
    within, offered = measure.within, comparison.treated
    known = measure.known[within].astype(np.float64)
    values: Values = {"outcome": Name("outcome", measure.key)}
    if known.all():
        return [Check("attrition", "known", True, None, None, values, measure.key, gating=False)]
    try:
        blocks = blocks_of(known, offered[within], strata_of(comparison)[within])
    except EstimationError:
        return []
    se = float(np.sqrt(blocks.share**2 @ blocks.variance))
    p = infer(blocks.estimate, se).p_value if se > 0 else float("nan")
    if np.isnan(p):
        return []
    arms = [known_share(measure.known[within & arm]) for arm in (offered, ~offered)]
    values = {**values, "treated": arms[0], "comparison": arms[1], "p": PValue(p)}
    passed, limit = p > thresholds.alpha, thresholds.alpha
    finding = "alike" if passed else "apart"
    return [Check("attrition", finding, passed, p, limit, values, measure.key, gating=False)]


def check_randomisation(comparison: Comparison, effect: Effect, study: Study) -> list[Check]:
    """Draw again as the list was drawn; for information."""
    measure, limits = comparison.measure(effect.key), study.checks
    known = measure.known
    try:
        p = randomisation_p(
            measure.values[known], comparison.treated[known], strata_of(comparison)[known],
            limits.draws, study.seed,
        )  # fmt: skip
    except EstimationError:
        return []
    finding = "beyond" if p <= limits.alpha else "within"
    values: Values = {"draws": Number(limits.draws), "p": PValue(p)}
    return [
        Check("randomisation", finding, None, p, limits.alpha, values, effect.key, gating=False)
    ]
