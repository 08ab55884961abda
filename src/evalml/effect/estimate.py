"""All outcomes, methods and subgroups of a comparison in one pass; arms month by month.

Chernozhukov et al. (2018), Double/debiased machine learning, The Econometrics Journal 21(1),
C1-C68, doi:10.1111/ectj.12097, definition 3.3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from evalml.effect.estimators import PointEstimate
from evalml.effect.methods import (
    Shared,
    balance_rows,
    choose_inference,
    cluster_warnings,
    compute,
    fit_score,
    fit_shared,
    run_of,
    score_rows,
)
from evalml.effect.sample import EstimationSettings, Sample, take_rows, trim_rows
from evalml.errors import EstimationError
from evalml.methods.design_matrix import thin_products
from evalml.methods.effect import Effect
from evalml.methods.variance import Inference, infer, influence_se

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.comparison.arms import Trajectory
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.comparison.propensity import Estimand
    from evalml.methods.variance import StandardError


def draws_folds(method: str, settings: EstimationSettings) -> bool:
    """Tell whether another seed changes a method: its folds are drawn."""
    return method == "aipw" or (method in {"ipw", "match"} and settings.score_learner is not None)


def median_of(draws: Sequence[Effect], level: float) -> Effect:
    """Return the median estimate over draws of the folds.

    Its variance is the median over draws of the variance plus the squared distance to the median.
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


Failures: TypeAlias = Literal["raise", "record"]


def estimate_effects(  # noqa: PLR0913
    comparison: Comparison,
    methods: Sequence[str],
    *,
    estimand: Estimand = "att",
    se: StandardError | None = None,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    clip: float | None = None,
    failures: Failures = "raise",
    settings: EstimationSettings | None = None,
) -> list[Effect]:
    """Estimate the effect on every outcome, by every method, for all and by subgroup.

    The propensity score is fitted once per subgroup and set of observed rows, and serves every
    outcome and method. Rows whose outcome was not observed are left out for it, and counted.

    Args:
        comparison: The two arms.
        methods: Among diff, ols, regression_imputation, match, ipw, ebal, aipw.
        estimand: `att`, `ate` or `ato`.
        se: Standard error; None takes the clusters if there are some (else the person, when a
            person has several rows), and otherwise the method's own.
        folds: Folds of cross-fitting for aipw; 0 for none.
        seed: Draws the folds.
        level: Level of the intervals.
        clip: Propensity scores are kept between clip and 1 - clip, and counted; None for none.
        failures: `raise` stops at the first estimation that must not answer; `record` returns it
            with an estimate that is not a number and the reason in `details["error"]`.
        settings: All the options at once; those above are then ignored.

    Returns:
        One effect per subgroup, outcome and method, in that order.

    Raises:
        EstimationError: No overlap, separation, one cluster, ... (unless recorded).
    """
    options = settings or EstimationSettings(estimand, se, folds, seed, level, clip)
    for method in methods:
        run_of(method)
    if not methods or not comparison.measures:
        message = "nothing to estimate: name at least one method and one outcome"
        raise EstimationError(message)
    if not comparison.design.names and set(methods) - {"diff"}:
        adjusting = ", ".join(sorted(set(methods) - {"diff"}))
        message = (
            f"no covariate varies: {adjusting} would adjust for nothing; name some, or use diff"
        )
        raise EstimationError(message)
    if options.splits > 1:
        return _over_splits(comparison, methods, options, failures)
    effects: list[Effect] = []
    whole = ("", "", np.ones(comparison.treated.size, dtype=bool))
    for subgroup, value, rows in (whole, *groups_of(comparison)):
        with thin_products():
            found = _in_rows(comparison, methods, options, rows, failures)
        effects.extend(replace(e, subgroup=subgroup, subgroup_value=value) for e in found)
    return effects


def _over_splits(
    comparison: Comparison, methods: Sequence[str], settings: EstimationSettings, failures: Failures
) -> list[Effect]:
    """Estimate by several draws of the folds where a method has some, and keep the median."""
    once = replace(settings, splits=1)
    found: dict[tuple[str, ...], list[Effect]] = {}
    for k in range(settings.splits):
        wanted = [m for m in methods if not k or draws_folds(m, settings)]
        if not wanted:
            break
        seeded = replace(once, seed=settings.seed + k)
        for e in estimate_effects(comparison, wanted, failures=failures, settings=seeded):
            found.setdefault((e.subgroup, e.subgroup_value, e.key, e.method), []).append(e)
    return [d[0] if len(d) == 1 else median_of(d, settings.level) for d in found.values()]


def groups_of(comparison: Comparison) -> Iterator[tuple[str, str, BoolVector]]:
    """Give the name, the value and the rows of each subgroup."""
    for name in comparison.subgroups.columns:
        column = comparison.subgroups[name]
        for value in sorted(column.dropna().unique(), key=str):
            yield str(name), str(value), (column == value).to_numpy(dtype=bool, na_value=False)


def _in_rows(
    comparison: Comparison,
    methods: Sequence[str],
    settings: EstimationSettings,
    rows: BoolVector,
    failures: str,
) -> list[Effect]:
    """Estimate within some rows, the measures observed on the same ones together."""
    found: dict[tuple[int, str], Effect] = {}
    for observed, positions in _observed_sets(comparison.measures, rows):
        fits = _fit_each(comparison, observed, methods, settings)
        unobserved = _count_unobserved(comparison, rows & ~observed)
        for position in positions:
            measure = comparison.measures[position]
            for method in methods:
                try:
                    effect = _one(measure, method, fits[method], settings, unobserved)
                except EstimationError as error:
                    if failures == "raise":
                        raise
                    names, sizes = (method, settings.estimand), known_sizes(comparison, observed)
                    effect = no_effect(measure, names, sizes, error)
                found[position, method] = effect
    return [found[p, m] for p in range(len(comparison.measures)) for m in methods]


Fit: TypeAlias = tuple[Sample, Shared] | EstimationError


def _fit_each(
    comparison: Comparison,
    observed: BoolVector,
    methods: Sequence[str],
    settings: EstimationSettings,
) -> dict[str, Fit]:
    """Fit once for all methods; if that fails, for each, so that one does not lose the others."""
    try:
        sample = take_rows(comparison, observed, settings.match.exact)
    except EstimationError as error:
        return dict.fromkeys(methods, error)
    try:
        if settings.trim is not None:
            sample = trim_rows(sample, fit_score(sample, settings).score, settings.trim)
    except EstimationError as error:
        return dict.fromkeys(methods, error)
    try:
        return dict.fromkeys(methods, (sample, fit_shared(sample, methods, settings)))
    except EstimationError:
        return {method: _fit_alone(sample, method, settings) for method in methods}


def _fit_alone(sample: Sample, method: str, settings: EstimationSettings) -> Fit:
    try:
        return sample, fit_shared(sample, [method], settings)
    except EstimationError as error:
        return error


def _observed_sets(
    measures: Sequence[Measure], rows: BoolVector
) -> Iterator[tuple[BoolVector, list[int]]]:
    """Group the measures by the rows on which they were observed."""
    groups: dict[bytes, tuple[BoolVector, list[int]]] = {}
    for position, measure in enumerate(measures):
        observed = rows & ~np.isnan(measure.values)
        groups.setdefault(observed.tobytes(), (observed, []))[1].append(position)
    yield from groups.values()


def _count_unobserved(comparison: Comparison, lost: BoolVector) -> dict[str, int]:
    n_treated = int((lost & comparison.treated).sum())
    return {"unobserved": int(lost.sum()), "unobserved_treated": n_treated}


def _one(
    measure: Measure,
    method: str,
    fit: Fit,
    settings: EstimationSettings,
    unobserved: dict[str, int],
) -> Effect:
    if isinstance(fit, EstimationError):
        raise fit
    sample, shared = fit
    y = measure.values[sample.rows]
    try:
        estimate = compute(method, y, sample, shared, settings)
        inference, kind = choose_inference(estimate, method, sample, settings)
    except EstimationError as error:
        message = f"{measure.key}, {method}: {error}"
        raise EstimationError(message) from error
    used = np.ones_like(sample.treated) if estimate.used is None else estimate.used
    details: dict[str, Any] = {
        "se": kind,
        "df": inference.df,
        "n_clusters": inference.n_clusters,
        **unobserved,
        **estimate.details,
    }
    own = estimate.details.get("warnings", [])
    general = [] if any(w.startswith("weak overlap") for w in own) else shared.overlap
    details["warnings"] = [*own, *general, *cluster_warnings(sample, kind), *sample.notes]
    if sample.trimmed is not None:
        details["dropped_treated"] = details.get("dropped_treated", 0) + sample.trimmed
    if estimate.psi is not None:
        details["influence_se"] = influence_se(estimate.psi)
    if settings.balance:
        details["balance"] = balance_rows(method, sample, shared, settings.estimand)
        about_score = score_rows(method, sample, shared, settings.estimand)
        details |= {} if about_score is None else {"score": about_score}
    sizes = int((used & sample.treated).sum()), int((used & ~sample.treated).sum())
    return effect_from(measure, (method, settings.estimand), estimate, inference, sizes, details)


def effect_from(
    measure: Measure,
    names: tuple[str, str],
    estimate: PointEstimate,
    inference: Inference,
    sizes: tuple[int, int],
    details: dict[str, Any],
) -> Effect:  # fmt: skip
    """Return an estimate on an outcome as one row.

    `sizes`: rows used of the treated and of the comparison arm.
    """
    return Effect(
        outcome=measure.outcome,
        horizon_months=measure.horizon_months,
        estimand=names[1],
        method=names[0],
        estimate=estimate.value,
        std_error=inference.std_error,
        ci_low=inference.ci_low,
        ci_high=inference.ci_high,
        p_value=inference.p_value,
        n_treated=sizes[0],
        n_comparison=sizes[1],
        mean_treated=estimate.mean_treated,
        mean_comparison=estimate.mean_comparison,
        unit=measure.unit,
        details=details,
    )


def no_effect(
    measure: Measure, names: tuple[str, str], sizes: tuple[int, int], error: Exception | str
) -> Effect:
    """Return an estimate that could not be made: no number, and the reason.

    Args:
        measure: The outcome.
        names: Method and estimand.
        sizes: Rows known of the treated and of the comparison arm.
        error: The reason.
    """
    nothing = float("nan")
    point = PointEstimate(nothing, None, nothing, nothing)
    unknown = Inference(nothing, nothing, nothing, nothing, None, None)
    details: dict[str, Any] = {"warnings": [], "error": str(error)}
    return effect_from(measure, names, point, unknown, sizes, details)


def known_sizes(comparison: Comparison, known: BoolVector) -> tuple[int, int]:
    """Return the treated and the comparison rows among those known, shape (n,)."""
    treated = comparison.treated
    return int((known & treated).sum()), int((known & ~treated).sum())


@thin_products()
def trajectories_table(
    comparison: Comparison, trajectories: Sequence[Trajectory], weights: Vector
) -> pd.DataFrame:
    """Return the rate of each outcome by arm and month since time zero.

    Args:
        comparison: The two arms.
        trajectories: One per outcome, rows in the order of the comparison.
        weights: Shape (n,), such as ATT weights: 1 for the treated, e / (1 - e) for the others.

    Returns:
        One row per arm, month and outcome: arm, month, outcome, rate, std_error, n_at_risk (rows
        observed), share_unobserved. The standard error is clustered where
        the comparison has clusters.
    """
    parts = []
    for arm, mask in (("treated", comparison.treated), ("comparison", ~comparison.treated)):
        cluster = None if comparison.cluster is None else comparison.cluster[mask]
        for trajectory in trajectories:
            rates = _rates(trajectory.values, mask, weights[mask], cluster)
            rates.insert(0, "arm", arm)
            rates.insert(1, "month", trajectory.months)
            rates.insert(2, "outcome", trajectory.outcome.name)
            parts.append(rates)
    return pd.concat(parts, ignore_index=True)


def _rates(
    values: np.ndarray, arm: BoolVector, weights: Vector, cluster: IntVector | None
) -> pd.DataFrame:
    """Return the rates of an arm, month by month: one month of the arm is in memory at a time."""
    groups = None if cluster is None else max(int(np.unique(cluster).size), 2)
    months = [
        _rate(values[arm, k].astype(np.float64), weights, cluster, groups)
        for k in range(values.shape[1])
    ]
    names = ["rate", "std_error", "n_at_risk", "share_unobserved"]
    return pd.DataFrame(months, columns=names).astype({"n_at_risk": np.int64})


def _rate(
    y: Vector, weights: Vector, cluster: IntVector | None, groups: int | None
) -> tuple[float, float, int, float]:
    """Return rate, standard error (clustered with G / (G - 1)), rows observed, share unobserved."""
    observed = ~np.isnan(y)
    n = int(observed.sum())
    unobserved = 1 - n / max(y.size, 1)
    w = np.where(observed, weights, 0.0)
    total = float(w.sum())
    if not total > 0:
        return float("nan"), float("nan"), n, unobserved
    filled = np.where(observed, y, 0.0)
    rate = float(w @ filled) / total
    score = w * (filled - rate) / total
    sums = score if cluster is None else np.bincount(cluster, score)
    size = max(y.size, 2) if groups is None else groups
    return rate, float(np.sqrt(sums @ sums * size / (size - 1))), n, unobserved


def as_experiment(answer: Effect) -> Effect:
    """Return the experimental estimate, marked as such among the others."""
    return replace(answer, subgroup="comparison_group", subgroup_value="experiment")


def gaps(effects: Sequence[Effect], answer: Effect) -> pd.DataFrame:
    """Return one row per method: its estimate, its distance from the answer, and who covers it.

    Args:
        effects: Estimates with another comparison group.
        answer: Difference in means of the experiment.

    Returns:
        Columns method, estimate, ci_low, ci_high, gap (estimate less answer) and covers (whether
        the interval holds the answer).
    """
    first = ("experiment", answer.estimate, answer.ci_low, answer.ci_high, 0.0, True)
    rows = [
        (e.method, e.estimate, e.ci_low, e.ci_high, e.estimate - answer.estimate,
         bool(e.ci_low <= answer.estimate <= e.ci_high))
        for e in effects
    ]  # fmt: skip
    return pd.DataFrame(
        [first, *rows], columns=["method", "estimate", "ci_low", "ci_high", "gap", "covers"]
    )
