"""The checks of a study, and the sensitivity analyses of the effect its conclusion rests on."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.followed import check_followed
from evalml.checks.instrument import check_encouragement
from evalml.checks.negative_controls import (
    check_controls_together,
    check_unjudged_control,
    correlation_of,
    estimate_controls,
    too_rare,
)
from evalml.checks.refit import estimator, with_measure
from evalml.checks.run import run_checks
from evalml.checks.sensitivity import run_sensitivity
from evalml.comparison.comparison import Measure
from evalml.comparison.threads import thin_products
from evalml.effect.seen import seen_effects
from evalml.effect.settings import Settings
from evalml.errors import EstimationError
from evalml.study import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.arrays import Matrix, Vector
    from evalml.checks.check import Check
    from evalml.checks.refit import Estimator
    from evalml.comparison.adjusted import Adjusted
    from evalml.comparison.arms import Arms
    from evalml.comparison.comparison import Comparison
    from evalml.effect.effect import Effect
    from evalml.study import Study


@thin_products()
def check_study(
    comparison: Comparison,
    effects: Sequence[Effect],
    adjusted: Adjusted,
    study: Study,
    arms: Arms | None = None,
) -> list[Check]:
    """Make the checks of the design and of each outcome of a study.

    Args:
        comparison: The two arms.
        effects: The estimates.
        adjusted: Score, weights and balance of the comparison.
        study: Says the thresholds, the estimand and the primary method.
        arms: The months the two arms were read from, for the checks of the past, of the links, of
            the lost and of later entries.
    """
    return DESIGN_CHECKS[study.design.estimator](comparison, effects, adjusted, study, arms)


def _adjusted(
    comparison: Comparison,
    effects: Sequence[Effect],
    adjusted: Adjusted,
    study: Study,
    arms: Arms | None,
) -> list[Check]:
    checks = run_checks(
        comparison,
        effects,
        study.checks,
        balance=adjusted.balance,
        weights=adjusted.weights,
        score=adjusted.score,
        n_clipped=adjusted.clipped,
        estimand=study.estimand,
        method=study.primary.method,
        missing=study.missing,
    )
    followed = [] if arms is None else check_followed(arms, effects, adjusted.weights, study)
    return checks + followed


def _instrumented(
    comparison: Comparison,
    effects: Sequence[Effect],
    adjusted: Adjusted,  # noqa: ARG001
    study: Study,
    arms: Arms | None,  # noqa: ARG001
) -> list[Check]:
    return check_encouragement(comparison, effects, study.checks)


DESIGN_CHECKS = {"adjusted": _adjusted, "instrument": _instrumented}
"""The checks of two arms, by the `estimator` of a design; areas are in `opening_checks`."""


@thin_products()
def check_primary(
    comparison: Comparison,
    effects: Sequence[Effect],
    study: Study,
    *,
    weights: Vector | None = None,
    controls: pd.DataFrame | None = None,
) -> list[Check]:
    """Put the primary effect of a study to every test that its data allow.

    Args:
        comparison: The two arms.
        effects: The estimates.
        study: Says which one is primary, and the thresholds (`refits`, `draws` bound the time).
        weights: Analysis weights, shape (n,).
        controls: Negative controls of the same rows, one column each, such as `compute_controls`
            gives.

    Returns:
        The checks; none where the primary effect could not be estimated.
    """
    wanted = (study.primary.outcome, study.primary.horizon, study.primary.method)
    found = [
        e
        for e in effects
        if (e.outcome, e.horizon_months, e.method) == wanted
        and not e.subgroup
        and e.estimand != "att_never"
    ]
    if not found or METHODS[study.primary.method].run is None:
        return []
    unjudged, estimated, correlation = judge_controls(comparison, study, controls)
    if isnan(found[0].estimate):
        together = check_controls_together(estimated, study.checks, correlation)
        return [*unjudged, *([together] if estimated else [])]
    return unjudged + run_sensitivity(
        comparison,
        found[0],
        estimator_of(study),
        study.checks,
        weights=weights,
        controls=estimated,
        correlation=correlation,
        seed=study.seed,
    )


def judge_controls(
    comparison: Comparison, study: Study, controls: pd.DataFrame | None
) -> tuple[list[Check], list[Effect], Matrix]:
    """Estimate the negative controls, and name those that cannot be judged.

    Args:
        comparison: The two arms.
        study: Says the primary method.
        controls: One column each.

    Returns:
        A check per control that cannot be judged; the estimates on the others; their correlation.
    """
    every = measures_of(controls)
    fewest, treated = study.checks.minimum_count, comparison.treated
    usable = [m for m in every if not too_rare(m, treated, fewest)]
    estimated = estimate_controls(comparison, usable, estimator_of(study))
    judged = {effect.outcome for effect in estimated}
    unjudged = [check_unjudged_control(m.key) for m in every if m.key not in judged]
    return unjudged, estimated, correlation_of([m for m in usable if m.key in judged])


def measures_of(controls: pd.DataFrame | None) -> list[Measure]:
    """Return each column as an outcome."""
    if controls is None:
        return []
    columns = {str(name): controls[name].to_numpy(dtype=np.float64) for name in controls}
    return [Measure(k, None, v, "proportion", k) for k, v in columns.items()]


def estimator_of(study: Study) -> Estimator:
    """Return the estimator of the primary method, as the study treats what is lost."""
    method, seed = study.primary.method, study.seed
    if study.missing != "ipcw":
        return estimator(method, estimand=study.estimand, seed=seed)

    def estimate(comparison: Comparison, key: str) -> Effect:
        alone = with_measure(comparison, comparison.measure(key))
        effect = seen_effects(alone, [method], Settings(seed=seed))[0]
        if "error" in effect.details:
            raise EstimationError(effect.details["error"])
        return effect

    return estimate
