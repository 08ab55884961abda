"""Effects within subgroups from what was learnt on everybody: one score, one outcome model.

The effect on the treated of a group is the doubly robust one with the cross-fitted score and
regression of the whole sample, its terms averaged within the group (Chernozhukov, Fernández-Val and
Luo, 2018, doi:10.3982/ECTA14415, sort effects the same way). Fitting both anew on each group would
leave the small ones without a score, and the others with noise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.rare import UNKNOWN
from evalml.comparison.threads import thin_products
from evalml.effect.aipw import aipw_att
from evalml.effect.choose_se import choose_inference
from evalml.effect.effect import Effect
from evalml.effect.regression import predict_ols
from evalml.effect.sample import Sample, take_rows
from evalml.effect.settings import Settings
from evalml.effect.shared import Shared, fit_shared
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.effect.estimates import Estimate

METHOD = "aipw"
NO_GROUP = "those of whom it is not known make no group"

FEWEST = 20
"""Rows of an arm below which a group is not told: its error would be learnt from too few."""


@thin_products()
def group_effects(comparison: Comparison, settings: Settings) -> list[Effect]:
    """Return the effect on the treated of each subgroup, on each outcome.

    Args:
        comparison: The two arms; `subgroups` says the groups.
        settings: The options; the estimand is the effect on the treated.

    Returns:
        One effect per subgroup value and outcome, in that order; one that cannot be estimated is
        not a number, with the reason in `details`. Those of whom the value is not known keep their
        row, so that the others' counts are protected with theirs, but have no effect.
    """
    found: dict[tuple[str, str, int], Effect] = {}
    fits: dict[bytes, Fit] = {}
    for position, measure in enumerate(comparison.measures):
        observed = ~np.isnan(measure.values)
        key = observed.tobytes()
        if key not in fits:
            fits[key] = _fitted(comparison, observed, settings)
        terms = _terms(measure, fits[key])
        for name, value, rows in groups_of(comparison):
            effect = _within(measure, terms, rows, settings)
            if value == UNKNOWN:
                effect = _none(measure, effect.n_treated, effect.n_comparison, NO_GROUP)
            named = replace(effect, subgroup=name, subgroup_value=value)
            found[name, value, position] = named
    order = [(name, value) for name, value, _ in groups_of(comparison)]
    places = range(len(comparison.measures))
    return [found[name, value, place] for name, value in order for place in places]


def groups_of(comparison: Comparison) -> Iterator[tuple[str, str, BoolVector]]:
    """Give the name, the value and the rows of each subgroup."""
    for name in comparison.subgroups.columns:
        column = comparison.subgroups[name]
        for value in sorted(column.dropna().unique(), key=str):
            yield str(name), str(value), (column == value).to_numpy(dtype=bool, na_value=False)


Fit = tuple[Sample, Shared] | EstimationError
"""What is learnt once on the rows an outcome is observed on; or why it cannot be."""

Terms = tuple[Sample, "Vector", "Vector", "Vector"] | EstimationError
"""Sample, outcome, weights and predictions of everybody; or why there are none."""


def _fitted(comparison: Comparison, observed: BoolVector, settings: Settings) -> Fit:
    try:
        sample = take_rows(comparison, observed)
        return sample, fit_shared(sample, [METHOD], settings)
    except EstimationError as error:
        return error


def _terms(measure: Measure, fit: Fit) -> Terms:
    if isinstance(fit, EstimationError):
        return fit
    sample, shared = fit
    assert shared.grams0 is not None  # noqa: S101 - fit_shared fits what the method needs
    assert shared.fold_weights is not None  # noqa: S101
    y = measure.values[sample.rows]
    return sample, y, shared.fold_weights.values, predict_ols(y, shared.grams0)


def _within(measure: Measure, terms: Terms, rows: BoolVector, settings: Settings) -> Effect:
    if isinstance(terms, EstimationError):
        return _none(measure, 0, 0, str(terms))
    sample, y, weights, predicted = terms
    inside = rows[sample.rows]
    part = _rows(sample, inside)
    n_treated, n_comparison = part.sizes()
    if min(n_treated, n_comparison) < FEWEST:
        return _none(measure, n_treated, n_comparison, f"fewer than {FEWEST} rows in an arm")
    estimate = aipw_att(y[inside], part.treated, weights[inside], predicted[inside])
    try:
        inference, kind = choose_inference(estimate, METHOD, part, settings)
    except EstimationError as error:
        return _none(measure, n_treated, n_comparison, str(error))
    return Effect(
        outcome=measure.outcome,
        horizon_months=measure.horizon_months,
        estimand=settings.estimand,
        method=METHOD,
        estimate=estimate.value,
        std_error=inference.std_error,
        ci_low=inference.ci_low,
        ci_high=inference.ci_high,
        p_value=inference.p_value,
        n_treated=n_treated,
        n_comparison=n_comparison,
        mean_treated=estimate.mean_treated,
        mean_comparison=estimate.mean_comparison,
        unit=measure.unit,
        details={"se": kind, "df": inference.df, "warnings": []},
        influence=_by_cluster(estimate, part),
    )


def _by_cluster(estimate: Estimate, part: Sample) -> Vector | None:
    """Return the influence values summed by cluster."""
    if part.cluster is None or estimate.psi is None:
        return None
    sums = np.bincount(part.cluster, weights=estimate.psi / estimate.psi.size)
    return np.asarray(sums, dtype=np.float64)


def _rows(sample: Sample, inside: BoolVector) -> Sample:
    rows = sample.rows.copy()
    rows[rows] = inside
    return replace(
        sample,
        rows=rows,
        treated=sample.treated[inside],
        design=sample.design.rows(slice(0, 0)),  # nothing is fitted within a group
        cluster=None if sample.cluster is None else sample.cluster[inside],
        person=sample.person[inside],
        strata=None if sample.strata is None else sample.strata[inside],
    )


def _none(measure: Measure, n_treated: int, n_comparison: int, error: str) -> Effect:
    nothing = float("nan")
    return Effect(
        outcome=measure.outcome,
        horizon_months=measure.horizon_months,
        estimand="att",
        method=METHOD,
        estimate=nothing,
        std_error=nothing,
        ci_low=nothing,
        ci_high=nothing,
        p_value=nothing,
        n_treated=n_treated,
        n_comparison=n_comparison,
        mean_treated=nothing,
        mean_comparison=nothing,
        unit=measure.unit,
        details={"warnings": [], "error": error},
    )
