"""The checks that every study makes, and their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

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
from evalml.values import Message, values_text
from evalml.words import check_sentence, question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from evalml.arrays import Vector
    from evalml.checks.check import Check
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect

COLUMNS = (
    "check",
    "question",
    "passed",
    "value",
    "threshold",
    "sentence",
    "outcome",
    "gating",
    "finding",
    "values",
)
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
    missing: Literal["complete", "ipcw", "bounds"] = "complete",
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
        missing: What the study does of unknown outcomes.

    Returns:
        The checks of the design first, then those of each outcome in their order.
    """
    limits = as_thresholds(thresholds)
    treated = comparison.treated
    checks = [
        check_balance(balance, limits),
        check_overlap(score, treated, limits, estimand),
        check_separation(comparison, limits),
        check_effective_sample_size(weights, treated, limits, estimand),
        check_clipped_weights(weights, treated, limits, n_clipped),
    ]
    if n_dropped is not None:
        checks.append(check_trimmed(n_dropped, comparison.n_treated, limits))
    checks += [check_observation(m, treated, limits, missing) for m in comparison.measures]
    checks += [check_detectable_effect(e, limits) for e in one_per_outcome(effects, method)]
    return checks


def one_per_outcome(effects: Iterable[Effect], method: str | None = None) -> list[Effect]:
    """Return, for each outcome, the effect on everybody by `method` (the last one where None)."""
    whole = [e for e in effects if not e.subgroup and method in {None, e.method}]
    return list({e.key: e for e in whole}.values())


def checks_table(
    checks: Iterable[Check], labels: Mapping[str, str] | None = None, lang: str = "fr"
) -> pd.DataFrame:
    """Return one row per check, in the columns of `checks.csv`.

    Args:
        checks: The checks.
        labels: Labels of the study: outcomes, covariates.
        lang: Language of the questions and the sentences.
    """
    rows = [_row(check, dict(labels or {}), lang) for check in checks]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"passed": "object", "value": "float64", "threshold": "float64"})


def _row(check: Check, labels: Mapping[str, str], lang: str) -> dict[str, Any]:
    judged = {name: getattr(check, name) for name in ("passed", "value", "threshold")}
    rest = {"check": check.name, "outcome": check.outcome, "gating": check.gating}
    asked = question(check.name, check.finding, lang)
    found = check_sentence(check.name, check.finding, check.values, lang, labels)
    values = {"finding": check.finding, "values": values_text(check.values)}
    return {**rest, **judged, "question": asked, "sentence": found, **values}


def blinded_outcomes(checks: Iterable[Check]) -> dict[str, list[Message]]:
    """Return what failed gating checks found, by outcome key; '' bears on all outcomes."""
    failed: dict[str, list[Message]] = {}
    for check in checks:
        if check.gating and check.passed is False:
            failed.setdefault(check.outcome, []).append(message_of(check))
    return failed


def message_of(check: Check) -> Message:
    """Return what a check found as a message."""
    return Message(f"{check.name}.{check.finding}", check.values)
