"""The checks of a study, and the sensitivity analyses of the effect its conclusion rests on."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.instrument import check_encouragement
from evalml.checks.negative_controls import estimate_controls
from evalml.checks.refit import estimator
from evalml.checks.run import run_checks
from evalml.checks.sensitivity import run_sensitivity
from evalml.comparison.comparison import Measure
from evalml.comparison.threads import thin_products

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from evalml.arrays import Vector
    from evalml.checks.check import Check
    from evalml.comparison.adjusted import Adjusted
    from evalml.comparison.comparison import Comparison
    from evalml.effect.effect import Effect
    from evalml.study import Study


@thin_products()
def check_study(
    comparison: Comparison,
    effects: Sequence[Effect],
    adjusted: Adjusted,
    study: Study,
    labels: Mapping[str, str] | None = None,  # noqa: ARG001 - until the notebooks drop it
) -> list[Check]:
    """Make the checks of the design and of each outcome of a study.

    Args:
        comparison: The two arms.
        effects: The estimates.
        adjusted: Score, weights and balance of the comparison.
        study: Says the thresholds, the estimand and the primary method.
        labels: French labels of the covariates.
    """
    if study.comparison.design == "encouragement":
        return check_encouragement(comparison, effects, study.checks)
    return run_checks(
        comparison,
        effects,
        study.checks,
        balance=adjusted.balance,
        weights=adjusted.weights,
        score=adjusted.score,
        n_clipped=adjusted.clipped,
        estimand=study.estimand,
        method=study.primary.method,
    )


@thin_products()
def check_primary(
    comparison: Comparison,
    effects: Sequence[Effect],
    study: Study,
    *,
    weights: Vector | None = None,
    labels: Mapping[str, str] | None = None,  # noqa: ARG001 - until the notebooks drop it
    controls: pd.DataFrame | None = None,
) -> list[Check]:
    """Put the primary effect of a study to every test that its data allow.

    Args:
        comparison: The two arms.
        effects: The estimates.
        study: Says which one is primary, and the thresholds (`refits`, `draws` bound the time).
        weights: Analysis weights, shape (n,).
        labels: French labels of the covariates.
        controls: Negative controls of the same rows, one column each, such as `compute_controls`
            gives.

    Returns:
        The checks; none where the primary effect could not be estimated.
    """
    wanted = (study.primary.outcome, study.primary.horizon, study.primary.method)
    found = [
        e for e in effects if (e.outcome, e.horizon_months, e.method) == wanted and not e.subgroup
    ]
    if not found or isnan(found[0].estimate) or study.comparison.design == "encouragement":
        return []
    again = estimator(study.primary.method, estimand=study.estimand, seed=study.seed)
    return run_sensitivity(
        comparison,
        found[0],
        again,
        study.checks,
        weights=weights,
        controls=estimate_controls(comparison, measures_of(controls), again),
        seed=study.seed,
    )


def measures_of(controls: pd.DataFrame | None) -> list[Measure]:
    """Return each column as an outcome, those known of nobody or the same for all left out."""
    if controls is None:
        return []
    columns = {str(name): controls[name].to_numpy(dtype=np.float64) for name in controls}
    varying = {k: v for k, v in columns.items() if np.unique(v[~np.isnan(v)]).size > 1}
    return [Measure(k, None, v, "proportion", k) for k, v in varying.items()]
