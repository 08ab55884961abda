"""The checks of a study, and the sensitivity analyses of its primary effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from evalml.checks.bounds import check_lee_bounds, check_missing_bounds
from evalml.checks.check import (
    CHECKS,
    Check,
    CheckKind,
    ComparedArms,
    PrimaryEffect,
    as_thresholds,
)
from evalml.checks.comparability import (
    check_balance,
    check_clipped_weights,
    check_effective_sample_size,
    check_overlap,
    check_separation,
    check_trimmed,
)
from evalml.checks.confounding import check_confounder_strength, check_oster
from evalml.checks.experiment import check_experiment
from evalml.checks.hidden_bias import check_e_value
from evalml.checks.observation import (
    bounded_checks,
    check_observation,
    crossover_checks,
    linkage_checks,
    lost_checks,
    past_checks,
)
from evalml.checks.person_trends import check_trends
from evalml.checks.placebo import (
    check_calibration,
    check_controls_together,
    check_negative_control,
    check_positive_control,
    check_unjudged_control,
    correlation_of,
    estimate_controls,
    estimator,
    estimators,
    take_rows,
    too_rare,
    with_measure,
)
from evalml.checks.power import check_detectable_effect
from evalml.comparison.arms import LINKED_PAST
from evalml.comparison.balance import balance_table
from evalml.comparison.comparison import Measure
from evalml.effect.censored import seen_effects
from evalml.effect.sample import settings_of
from evalml.effect.study_effects import IV
from evalml.errors import EstimationError, EvalmlError
from evalml.methods.design_matrix import thin_products
from evalml.methods.instruments import WEAK_F
from evalml.results import RESULT_TABLES
from evalml.study import METHODS
from evalml.values import Estimate, Interval, Message, Name, Number, values_text
from evalml.words import check_sentence, question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.checks.placebo import Estimator
    from evalml.comparison.arms import Arms
    from evalml.comparison.balance import Adjusted
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect
    from evalml.study import Study
    from evalml.values import Value, Values


def check_strength(effect: Effect) -> Check:
    """Judge the effective F of the first stage; a weak instrument blinds the effect."""
    F = float(effect.details["first_stage_f"])
    passed = bool(F >= WEAK_F)
    values = {"f": Number(F, 1), "limit": Number(WEAK_F)}
    finding = "strong" if passed else "weak"
    return Check("instrument_strength", finding, passed, F, WEAK_F, values, effect.key)


def check_spread(comparison: Comparison, thresholds: Thresholds) -> Check:
    """Compare youths of areas with much and with little capacity; for information.

    The covariates are held fixed in the estimate: a difference here is no bias yet, but says that
    others, not observed, may differ too.
    """
    assert comparison.instrument is not None  # noqa: S101 - an encouragement has one
    high = comparison.instrument > np.median(comparison.instrument)
    if high.all() or not high.any():
        return Check("instrument_spread", "constant", None, None, None, {}, gating=False)
    table = balance_table(comparison.design, high)
    smd = table["smd_before"].abs()
    value, worst = float(smd.max()), table["covariate"].iloc[int(smd.to_numpy().argmax())]
    limit = thresholds.smd
    values: Values = {
        "gap": Number(value, 2),
        "worst": Name("covariate", str(worst)),
        "limit": Number(limit, 2),
    }
    return Check("instrument_spread", "gap", value <= limit, value, limit, values, gating=False)


def check_anderson_rubin(effect: Effect) -> Check:
    """Tell the Anderson-Rubin set, right however weak the instrument; for information."""
    bounds = effect.details.get("anderson_rubin")
    name, key = "anderson_rubin", effect.key
    if bounds is None:
        return Check(name, "unbounded", None, None, None, {}, key, gating=False)
    low, high = map(float, bounds)
    values = {"interval": Interval(low, high, effect.unit, effect.smallest_arm)}
    return Check(name, "interval", None, None, None, values, key, gating=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Estimates without one cluster.

    Attributes:
        clusters: Codes of the clusters left out, shape (m,).
        estimates: Estimate without each, shape (m,); NaN where it could not be made.
        n_clusters: Clusters in all.
    """

    clusters: IntVector
    estimates: Vector
    n_clusters: int


def leave_one_out(comparison: Comparison, key: str, estimate: Estimator, most: int) -> LeftOut:
    """Estimate again without each of the clusters, the largest treated ones first.

    Args:
        comparison: The two arms, with clusters.
        key: Key of the outcome.
        estimate: Estimator, which refits everything.
        most: Most refits; beyond, the smaller clusters are kept in all of them.
    """
    codes = comparison.cluster
    if codes is None:
        return LeftOut(np.empty(0, dtype=np.int64), np.empty(0), 0)
    clusters, position = np.unique(codes, return_inverse=True)
    size = np.bincount(position, weights=comparison.treated, minlength=clusters.size)
    chosen = clusters[np.lexsort((clusters, -size))][:most]
    estimates = np.full(chosen.size, np.nan)
    for i, code in enumerate(chosen):
        try:
            estimates[i] = estimate(take_rows(comparison, codes != code), key).estimate
        except EvalmlError:
            continue
    return LeftOut(chosen.astype(np.int64), estimates, int(clusters.size))


def check_leave_one_out(
    comparison: Comparison, key: str, estimate: Estimator, thresholds: Thresholds
) -> Check:
    """Judge how far the estimate moves when one mission locale is left out.

    `thresholds`: `leave_one_out`, `refits`.
    """
    if comparison.cluster is None or np.unique(comparison.cluster).size < 2:  # noqa: PLR2004
        return _unjudged("single", key)
    first = estimate(comparison, key)
    whole, n = first.estimate, first.smallest_arm
    left = leave_one_out(comparison, key, estimate, thresholds.refits)
    made = left.estimates[np.isfinite(left.estimates)]
    if not made.size or whole == 0:
        return _unjudged("impossible", key)
    unit = comparison.measure(key).unit
    value = float(np.abs(made - whole).max() / abs(whole))
    same_sign = bool((np.sign(made) == np.sign(whole)).all())
    passed = same_sign and value <= thresholds.leave_one_out and made.size == left.estimates.size
    values: dict[str, Value] = {
        "tried": Number(left.estimates.size),
        "clusters": Number(left.n_clusters),
        "range": Interval(float(made.min()), float(made.max()), unit, n),
        "whole": Estimate(whole, unit, n),
        "move": Number(value, 1, "percent"),
    }
    if made.size < left.estimates.size:
        values["failed"] = Number(left.estimates.size - made.size)
    name, finding = "leave_one_out", "same_sign" if same_sign else "other_sign"
    limit = thresholds.leave_one_out
    return Check(name, finding, passed, value, limit, values, key, gating=False)


def _unjudged(finding: str, key: str) -> Check:
    return Check("leave_one_out", finding, None, None, None, {}, key, gating=False)


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
    arms = ComparedArms(
        comparison=comparison,
        effects=effects,
        thresholds=as_thresholds(thresholds),
        balance=balance,
        weights=weights,
        score=score,
        n_clipped=n_clipped,
        n_dropped=n_dropped,
        estimand=estimand,
        method=method,
        missing=missing,
    )
    return check_arms(arms, "adjusted")


def check_arms(arms: ComparedArms, estimator: str) -> list[Check]:
    """Make the checks of the designs that an estimator serves, in the order of the registry."""
    return [
        check
        for kind in CHECKS.values()
        if kind.design is not None and estimator in kind.estimators
        for check in kind.design(arms)
    ]


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
    table = pd.DataFrame(rows, columns=RESULT_TABLES["checks"].needed)
    return table.astype({"passed": "object", "value": "float64", "threshold": "float64"})


def _row(check: Check, labels: Mapping[str, str], lang: str) -> dict[str, Any]:
    judged = {name: getattr(check, name) for name in ("passed", "value", "threshold")}
    rest = {"check": check.name, "outcome": check.outcome, "gating": check.gating}
    question_text = question(check.name, check.finding, lang)
    found = check_sentence(check.name, check.finding, check.values, lang, labels)
    values = {"finding": check.finding, "values": values_text(check.values)}
    return {**rest, **judged, "question": question_text, "sentence": found, **values}


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


def run_sensitivity(subject: PrimaryEffect) -> list[Check]:
    """Put one effect to every test that its data allow.

    Returns:
        The checks; one whose estimation fails is not judged, and says so.
    """
    return judged(subject, "sensitivity")


def _e_value(subject: PrimaryEffect) -> list[Check]:
    """Read a proportion as a risk ratio, anything else in standard deviations."""
    effect, limits = subject.effect, subject.study.checks
    if effect.unit == "proportion":
        return [check_e_value(effect, limits)]
    values = subject.comparison.measure(effect.key).values
    return [check_e_value(effect, limits, float(np.nanstd(values)))]


@thin_products()
def check_study(
    comparison: Comparison,
    effects: Sequence[Effect],
    adjusted: Adjusted | None,
    study: Study,
    arms: Arms | None = None,
) -> list[Check]:
    """Make the checks of the design and of each outcome of a study.

    Args:
        comparison: The two arms.
        effects: The estimates.
        adjusted: Score, weights and balance of the comparison; None where nothing is adjusted.
        study: Says the thresholds, the estimand and the primary method.
        arms: The months the two arms were read from, for the checks of the past, of the links, of
            the lost and of later entries.
    """
    compared = ComparedArms(
        comparison=comparison,
        effects=effects,
        thresholds=study.checks,
        n_dropped=_dropped(effects, study),
        estimand=study.estimand,
        method=study.primary.method,
        missing=study.missing,
        arms=arms,
        study=study,
    )
    if adjusted is not None:
        compared = replace(
            compared,
            balance=adjusted.balance,
            weights=adjusted.weights,
            score=adjusted.score,
            n_clipped=adjusted.clipped,
        )
    return check_arms(compared, study.design.estimator)


def _dropped(effects: Sequence[Effect], study: Study) -> int | None:
    """Return how many of the treated the primary method left without a partner, where it may."""
    wanted = (study.primary.outcome, study.primary.horizon, study.primary.method)
    found = [
        e.details["dropped_treated"]
        for e in effects
        if (e.outcome, e.horizon_months, e.method) == wanted and "dropped_treated" in e.details
    ]
    return int(found[0]) if found else None


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
    if not estimated or isnan(found[0].estimate):
        unjudged.append(judge_together(comparison, estimated, study.checks, correlation))
    if isnan(found[0].estimate):
        return unjudged
    subject = PrimaryEffect(
        comparison,
        found[0],
        effects,
        estimator_of(study),
        study,
        weights=weights,
        controls=estimated,
        correlation=correlation,
    )
    return unjudged + run_sensitivity(subject) + declared(subject)


def declared(subject: PrimaryEffect) -> list[Check]:
    """Make the checks of any primary effect; one whose estimation fails says so."""
    return judged(subject, "primary")


def judged(subject: PrimaryEffect, stage: Literal["sensitivity", "primary"]) -> list[Check]:
    """Make the checks of a stage, in the order of the registry."""
    found: list[Check] = []
    for kind in CHECKS.values():
        if kind.judge is None or kind.stage != stage:
            continue
        try:
            found += kind.judge(subject)
        except EvalmlError:
            found.append(_undone(kind.name, subject.effect.key))
    return found


def _undone(name: str, key: str) -> Check:
    return Check(name, "undone", None, None, None, {}, key, gating=False)


def judge_controls(
    comparison: Comparison, study: Study, controls: pd.DataFrame | None
) -> tuple[list[Check], list[Effect], Matrix]:
    """Estimate the negative controls, and name those that cannot be judged.

    Each is compared among those of whom it is known, whatever the study does of lost outcomes: who
    was not followed yet so long before was not lost, and nobody stands for them.
    """
    every = measures_of(controls)
    fewest, treated = study.checks.minimum_count, comparison.treated
    usable = [m for m in every if not too_rare(m, treated, fewest)]
    method = study.primary.method
    estimate = estimators(method, settings=settings_of(study, method))
    estimated = estimate_controls(comparison, usable, estimate)
    judged = {effect.outcome for effect in estimated}
    unjudged = [check_unjudged_control(m.key) for m in every if m.key not in judged]
    return unjudged, estimated, correlation_of([m for m in usable if m.key in judged])


def judge_together(
    comparison: Comparison,
    controls: Sequence[Effect],
    thresholds: Thresholds,
    correlation: Matrix | None,
) -> Check:
    """Judge the negative controls of a comparison together, whatever past it is adjusted for."""
    linked = any(str(name).startswith(LINKED_PAST) for name in comparison.covariates)
    return check_controls_together(controls, thresholds, correlation, linked_past=linked)


def measures_of(controls: pd.DataFrame | None) -> list[Measure]:
    """Return each column as an outcome."""
    if controls is None:
        return []
    columns = {str(name): controls[name].to_numpy(dtype=np.float64) for name in controls}
    return [Measure(k, None, v, "proportion", k) for k, v in columns.items()]


def estimator_of(study: Study) -> Estimator:
    """Return the estimator of the primary method, as the study treats what is lost."""
    method, settings = study.primary.method, settings_of(study, study.primary.method)
    if study.missing != "ipcw":
        return estimator(method, settings=settings)

    def estimate(comparison: Comparison, key: str) -> Effect:
        alone = with_measure(comparison, comparison.measure(key))
        effect = seen_effects(alone, [method], settings)[0]
        if "error" in effect.details:
            raise EstimationError(effect.details["error"])
        return effect

    return estimate


def _detectable(arms: ComparedArms) -> list[Check]:
    effects = one_per_outcome(arms.effects, arms.method)
    return [check_detectable_effect(effect, arms.thresholds) for effect in effects]


def _by_instrument(arms: ComparedArms, check: Callable[[Effect], Check]) -> list[Check]:
    return [check(effect) for effect in arms.effects if effect.method == IV]


def _trimmed(arms: ComparedArms) -> list[Check]:
    n = arms.n_dropped
    return [] if n is None else [check_trimmed(n, arms.comparison.n_treated, arms.thresholds)]


WEIGHTED = ("adjusted", "did_persons")
EVERY = (*WEIGHTED, "instrument")
CHECKS.add(
    CheckKind(
        name="instrument_strength",
        design=lambda s: _by_instrument(s, check_strength),
        estimators=("instrument",),
    ),
    CheckKind(
        name="instrument_spread",
        design=lambda s: [check_spread(s.comparison, s.thresholds)],
        estimators=("instrument",),
    ),
    CheckKind(
        name="balance",
        design=lambda s: [check_balance(s.balance, s.thresholds)],
        estimators=WEIGHTED,
    ),
    CheckKind(
        name="overlap",
        design=lambda s: [check_overlap(s.score, s.comparison.treated, s.thresholds, s.estimand)],
        estimators=WEIGHTED,
    ),
    CheckKind(
        name="separation",
        design=lambda s: [check_separation(s.comparison, s.thresholds)],
        estimators=WEIGHTED,
    ),
    CheckKind(
        name="effective_sample_size",
        design=lambda s: [
            check_effective_sample_size(s.weights, s.comparison.treated, s.thresholds, s.estimand)
        ],
        estimators=WEIGHTED,
    ),
    CheckKind(
        name="clipped_weights",
        design=lambda s: [
            check_clipped_weights(s.weights, s.comparison.treated, s.thresholds, s.n_clipped)
        ],
        estimators=WEIGHTED,
    ),
    CheckKind(name="trimmed", design=_trimmed),
    CheckKind(
        name="observation",
        design=lambda s: [
            check_observation(m, s.comparison.treated, s.thresholds, s.missing)
            for m in s.comparison.measures
        ],
        estimators=EVERY,
    ),
    CheckKind(
        name="anderson_rubin",
        design=lambda s: _by_instrument(s, check_anderson_rubin),
        estimators=("instrument",),
    ),
    CheckKind(name="detectable_effect", design=_detectable, estimators=EVERY),
    CheckKind(
        name="pre_trend",
        design=lambda s: check_trends(s.comparison, s.effects, s.study) if s.study else [],
        estimators=("did_persons",),
    ),
    CheckKind(
        name="draw",
        design=lambda s: check_experiment(s.comparison, s.effects, s.study) if s.study else [],
        estimators=("experiment",),
    ),
    CheckKind(name="past", design=past_checks),
    CheckKind(name="linkage", design=linkage_checks),
    CheckKind(name="censoring_weights", design=lost_checks),
    CheckKind(
        name="e_value",
        judge=_e_value,
        stage="sensitivity",
    ),
    CheckKind(
        name="confounder_strength",
        judge=lambda s: [check_confounder_strength(s.comparison, s.effect.key, s.study.checks)],
        stage="sensitivity",
    ),
    CheckKind(
        name="oster",
        judge=lambda s: [check_oster(s.comparison, s.effect.key, s.study.checks)],
        stage="sensitivity",
    ),
    CheckKind(
        name="missing_bounds",
        design=bounded_checks,
        judge=lambda s: [
            check_missing_bounds(s.comparison, s.effect.key, s.estimate, s.study.checks)
        ],
        stage="sensitivity",
    ),
    CheckKind(name="crossover", design=crossover_checks),
    CheckKind(
        name="lee_bounds",
        judge=lambda s: [
            check_lee_bounds(s.comparison, s.effect.key, s.study.checks, s.weights, s.study.seed)
        ],
        stage="sensitivity",
    ),
    CheckKind(
        name="leave_one_out",
        judge=lambda s: [
            check_leave_one_out(s.comparison, s.effect.key, s.estimate, s.study.checks)
        ],
        stage="sensitivity",
    ),
    CheckKind(
        name="positive_control",
        judge=lambda s: [
            check_positive_control(s.comparison, s.effect.key, s.estimate, s.study.checks)
        ],
        stage="sensitivity",
    ),
    CheckKind(
        name="negative_control",
        judge=lambda s: [check_negative_control(one, s.study.checks) for one in s.controls],
        stage="sensitivity",
    ),
    CheckKind(
        name="negative_controls",
        judge=lambda s: (
            [judge_together(s.comparison, s.controls, s.study.checks, s.correlation)]
            if s.controls
            else []
        ),
        stage="sensitivity",
    ),
    CheckKind(
        name="calibration",
        judge=lambda s: (
            [check_calibration(s.effect, s.controls, s.study.checks)] if s.controls else []
        ),
        stage="sensitivity",
    ),
)
"""The checks whose words are in `words/checks.yaml`, in the order in which a study makes them."""
