"""The checks that every study makes, and their table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.checks.balance import check_balance
from evalml.checks.clipped_weights import check_clipped_weights
from evalml.checks.detectable_effect import check_detectable_effect
from evalml.checks.effective_sample import check_effective_sample_size
from evalml.checks.observation import check_observation
from evalml.checks.overlap import check_overlap
from evalml.checks.separation import check_separation
from evalml.checks.thresholds import as_thresholds
from evalml.checks.trimmed import check_trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from evalml.arrays import Vector
    from evalml.checks.check import Check
    from evalml.comparison.comparison import Comparison
    from evalml.effect.effect import Effect

COLUMNS = ("check", "question", "passed", "value", "threshold", "sentence", "outcome", "gating")
"""Columns of `checks.csv`."""


def run_checks(  # noqa: PLR0913
    comparison: Comparison,
    effects: Sequence[Effect],
    thresholds: BaseModel | Mapping[str, Any] | None = None,
    *,
    balance: pd.DataFrame | None = None,
    weights: Vector | None = None,
    score: Vector | None = None,
    n_clipped: int = 0,
    n_dropped: int | None = None,
    estimand: str = "att",
    method: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[Check]:
    """Make the checks of the design and of each outcome.

    Args:
        comparison: The two arms.
        effects: The estimates, for the minimum detectable effect.
        thresholds: `Thresholds`, the `checks` part of a study, or a mapping; None for defaults.
        balance: Balance table, with `covariate`, `smd_before`, `smd_after`.
        weights: Weights of the primary method, shape (n,); None where it has none.
        score: Propensity score before clipping, shape (n,); None where there is none.
        n_clipped: How many scores or weights were clipped.
        n_dropped: How many treated persons trimming or matching dropped; None where neither is
            used.
        estimand: `att`, `ate`, ...
        method: Method whose standard error tells what could be detected; the last one if None.
        labels: French labels of the columns of the design, such as `labels_of` gives.

    Returns:
        The checks of the design first, then those of each outcome in their order.
    """
    limits = as_thresholds(thresholds)
    treated = comparison.treated
    checks = [
        check_balance(balance, limits, labels),
        check_overlap(score, treated, limits, estimand),
        check_separation(comparison, limits, labels),
        check_effective_sample_size(weights, treated, limits, estimand),
        check_clipped_weights(weights, treated, limits, n_clipped),
    ]
    if n_dropped is not None:
        checks.append(check_trimmed(n_dropped, comparison.n_treated, limits))
    checks += [check_observation(m, treated, limits) for m in comparison.measures]
    checks += [check_detectable_effect(e, limits) for e in one_per_outcome(effects, method)]
    return checks


def one_per_outcome(effects: Iterable[Effect], method: str | None = None) -> list[Effect]:
    """Return, for each outcome, the effect on everybody by `method` (the last one where None)."""
    whole = [e for e in effects if not e.subgroup and method in {None, e.method}]
    return list({e.key: e for e in whole}.values())


def checks_table(checks: Iterable[Check]) -> pd.DataFrame:
    """Return one row per check, in the columns of `checks.csv`."""
    rows = [{**asdict(check), "check": check.name} for check in checks]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"passed": "object", "value": "float64", "threshold": "float64"})


def blinded_outcomes(checks: Iterable[Check]) -> dict[str, list[str]]:
    """Return the sentences of failed gating checks by outcome key; '' bears on all outcomes."""
    failed: dict[str, list[str]] = {}
    for check in checks:
        if check.gating and check.passed is False:
            failed.setdefault(check.outcome, []).append(check.sentence)
    return failed
