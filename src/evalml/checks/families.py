"""The effects looked at together: several outcomes, several subgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.checks.interaction import check_interaction
from evalml.checks.multiplicity import (
    check_multiplicity,
    influence_functions,
    multiplier_statistics,
    sum_by,
)
from evalml.checks.refit import take_rows
from evalml.checks.thresholds import as_thresholds
from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from evalml.arrays import HashVector, IntVector, Matrix
    from evalml.checks.check import Check
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.effect.sample import EstimationSettings
    from evalml.methods.effect import Effect


def run_families(
    comparison: Comparison,
    effects: Sequence[Effect],
    method: str,
    thresholds: BaseModel | Mapping[str, Any] | None = None,
    *,
    settings: EstimationSettings | None = None,
    seed: int = 0,
) -> list[Check]:
    """Judge the effects of one method as the families they were looked at in.

    All outcomes together on everybody (Romano-Wolf, or Holm for a method without influence
    functions); for each outcome, the subgroups together (Holm) and, for each subgroup variable,
    whether the effects differ.

    Args:
        comparison: The two arms.
        effects: The estimates; those by other methods, or without a number, are left aside.
        method: Name of the method.
        thresholds: `Thresholds`, the `checks` part of a study, or a mapping.
        settings: Options the effects were estimated with.
        seed: Seed of the bootstrap.
    """
    limits = as_thresholds(thresholds)
    usable = [e for e in effects if e.method == method and e.std_error > 0]
    whole = [e for e in usable if not e.subgroup]
    t_star = _statistics(comparison, whole, method, settings, limits, seed)
    checks = check_multiplicity(whole, limits, t_star)
    parts = [e for e in usable if e.subgroup]
    for key in dict.fromkeys(e.key for e in parts):
        of_outcome = [e for e in parts if e.key == key]
        checks += check_multiplicity(of_outcome, limits)
        for variable in dict.fromkeys(e.subgroup for e in of_outcome):
            family = [e for e in of_outcome if e.subgroup == variable]
            V = subgroup_covariance(comparison, family, method, settings)
            checks.append(check_interaction(family, limits, V))
    return checks


def _statistics(
    comparison: Comparison,
    effects: Sequence[Effect],
    method: str,
    settings: EstimationSettings | None,
    thresholds: Thresholds,
    seed: int,
) -> Matrix | None:
    if len(effects) < 2:  # noqa: PLR2004
        return None
    try:
        psi = influence_functions(comparison, [e.key for e in effects], method, settings)
        return multiplier_statistics(psi, _unit(comparison), draws=thresholds.draws, seed=seed)
    except EvalmlError:
        return None


def subgroup_covariance(
    comparison: Comparison,
    effects: Sequence[Effect],
    method: str,
    settings: EstimationSettings | None = None,
) -> Matrix | None:
    """Return the covariance of effects by subgroup: two that share clusters are not independent.

    Args:
        comparison: The two arms.
        effects: Effects on one outcome, one per value of one subgroup variable.
        method: Name of the method.
        settings: Its options.

    Returns:
        Shape (k, k), its diagonal being the variances of the effects; None where the method has no
        influence function.
    """
    psi = np.zeros((comparison.treated.size, len(effects)))
    try:
        for j, effect in enumerate(effects):
            column = comparison.subgroups[effect.subgroup].astype("str")
            rows = np.flatnonzero((column == effect.subgroup_value).to_numpy())
            part = take_rows(comparison, rows)
            psi[rows, j] = influence_functions(part, [effect.key], method, settings)[:, 0]
    except EvalmlError:
        return None
    sums = sum_by(psi, _unit(comparison))
    V = sums.T @ sums
    scale = np.array([e.std_error for e in effects]) / np.sqrt(np.diag(V))
    return np.asarray(V * np.outer(scale, scale))


def _unit(comparison: Comparison) -> IntVector | HashVector:
    return comparison.person if comparison.cluster is None else comparison.cluster
