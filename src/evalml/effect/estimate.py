"""All outcomes, methods and subgroups of a comparison in one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from evalml.comparison.threads import thin_products
from evalml.effect.choose_se import choose_inference, cluster_warnings
from evalml.effect.effect import Effect
from evalml.effect.methods import balance_rows, compute, run_of, score_rows
from evalml.effect.sample import Sample, take_rows, trim_rows
from evalml.effect.settings import Settings
from evalml.effect.shared import Shared, fit_score, fit_shared
from evalml.effect.splits import draws_folds, median_of
from evalml.effect.variance import influence_se
from evalml.errors import EstimationError

Failures: TypeAlias = Literal["raise", "record"]

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.arrays import BoolVector
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.comparison.propensity import Estimand
    from evalml.effect.variance import StandardError


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
    settings: Settings | None = None,
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
    options = settings or Settings(estimand, se, folds, seed, level, clip)
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
    for subgroup, value, rows in _subgroups(comparison):
        with thin_products():
            found = _in_rows(comparison, methods, options, rows, failures)
        effects.extend(replace(e, subgroup=subgroup, subgroup_value=value) for e in found)
    return effects


def _over_splits(
    comparison: Comparison, methods: Sequence[str], settings: Settings, failures: Failures
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


def _subgroups(comparison: Comparison) -> Iterator[tuple[str, str, BoolVector]]:
    yield "", "", np.ones(comparison.treated.size, dtype=bool)
    for name in comparison.subgroups.columns:
        column = comparison.subgroups[name]
        for value in sorted(column.dropna().unique(), key=str):
            yield str(name), str(value), (column == value).to_numpy(dtype=bool, na_value=False)


def _in_rows(
    comparison: Comparison,
    methods: Sequence[str],
    settings: Settings,
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
                    effect = _failed(measure, method, settings, comparison, observed, error)
                found[position, method] = effect
    return [found[p, m] for p in range(len(comparison.measures)) for m in methods]


Fit: TypeAlias = tuple[Sample, Shared] | EstimationError


def _fit_each(
    comparison: Comparison, observed: BoolVector, methods: Sequence[str], settings: Settings
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


def _fit_alone(sample: Sample, method: str, settings: Settings) -> Fit:
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
    measure: Measure, method: str, fit: Fit, settings: Settings, unobserved: dict[str, int]
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
    if estimate.psi is not None:
        details["influence_se"] = influence_se(estimate.psi)
    if settings.balance:
        details["balance"] = balance_rows(method, sample, shared, settings.estimand)
        about_score = score_rows(method, sample, shared, settings.estimand)
        details |= {} if about_score is None else {"score": about_score}
    return Effect(
        outcome=measure.outcome,
        horizon_months=measure.horizon_months,
        estimand=settings.estimand,
        method=method,
        estimate=estimate.value,
        std_error=inference.std_error,
        ci_low=inference.ci_low,
        ci_high=inference.ci_high,
        p_value=inference.p_value,
        n_treated=int((used & sample.treated).sum()),
        n_comparison=int((used & ~sample.treated).sum()),
        mean_treated=estimate.mean_treated,
        mean_comparison=estimate.mean_comparison,
        unit=measure.unit,
        details=details,
    )


def _failed(
    measure: Measure,
    method: str,
    settings: Settings,
    comparison: Comparison,
    observed: BoolVector,
    error: EstimationError,
) -> Effect:
    """Record an estimation that must not answer: no number, and the reason."""
    nothing = float("nan")
    return Effect(
        outcome=measure.outcome,
        horizon_months=measure.horizon_months,
        estimand=settings.estimand,
        method=method,
        estimate=nothing,
        std_error=nothing,
        ci_low=nothing,
        ci_high=nothing,
        p_value=nothing,
        n_treated=int((observed & comparison.treated).sum()),
        n_comparison=int((observed & ~comparison.treated).sum()),
        mean_treated=nothing,
        mean_comparison=nothing,
        unit=measure.unit,
        details={"warnings": [], "error": str(error)},
    )
