"""The effects a study declares: its methods on everybody, its subgroups, its instrument.

Two-stage least squares with the covariates and the month of the trial held fixed, clustered by
mission locale; beside it the reduced form, which needs no assumption on how the instrument works.

The effect on the treated of a group is the doubly robust one with the cross-fitted score and
regression of the whole sample, its terms averaged within the group (Chernozhukov, Fernández-Val and
Luo, 2018, doi:10.3982/ECTA14415, sort effects the same way). Fitting both anew on each group would
leave the small ones without a score, and the others with noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.comparison.arms import UNKNOWN, group_rare, settle_unknown
from evalml.comparison.comparison import Comparison
from evalml.comparison.design import build_design
from evalml.effect.bounds import bounded_effects
from evalml.effect.censored import seen_effects
from evalml.effect.estimate import effect_from, estimate_effects, groups_of, no_effect
from evalml.effect.estimators import aipw_att
from evalml.effect.methods import Shared, choose_inference, fit_shared, predict_arm
from evalml.effect.sample import EstimationSettings, Sample, settings_of, take_rows
from evalml.errors import DataError, EstimationError
from evalml.methods.design_matrix import gram, thin_products
from evalml.methods.effect import Effect, Naming
from evalml.methods.instruments import (
    WEAK_F,
    IvData,
    IvFit,
    anderson_rubin,
    late_effect,
    two_stage_least_squares,
    weak_warning,
)
from evalml.methods.regression import solve_kept, standardise

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.comparison import Measure
    from evalml.effect.estimators import PointEstimate
    from evalml.methods.design_matrix import Packed
    from evalml.study import Study


IV, REDUCED_FORM = "iv", "reduced_form"


@thin_products()
def estimate_encouragement(comparison: Comparison, *, level: float = 0.95) -> list[Effect]:
    """Estimate each outcome by two-stage least squares, with its reduced form.

    The reduced form is the change of the outcome for one standard deviation of the instrument.
    A weak instrument is said in `details`, with the Anderson-Rubin set, which stays right.

    `comparison`: the two arms, with `instrument`. The result: two effects per outcome, methods `iv`
    (estimand `late`) and `reduced_form` (`itt`).
    """
    if comparison.instrument is None:
        raise EstimationError("no instrument: only an encouragement study has one")
    effects: list[Effect] = []
    prepared: dict[bytes, tuple[IvData, Packed]] = {}
    for measure in comparison.measures:
        seen = ~np.isnan(measure.values)
        key = seen.tobytes()
        if key not in prepared:
            prepared[key] = _prepared(comparison, seen)
        effects += _of_measure(measure, seen, *prepared[key], level)
    return effects


def _prepared(comparison: Comparison, seen: BoolVector) -> tuple[IvData, Packed]:
    """Return take-up and instrument, the controls partialled out, and the columns held fixed."""
    assert comparison.instrument is not None  # noqa: S101 - its caller checked
    Z = standardise(fixed_columns(comparison)[seen]).Z
    d = comparison.treated[seen].astype(np.float64)
    cluster = None
    if comparison.cluster is not None:
        cluster = np.unique(comparison.cluster[seen], return_inverse=True)[1].astype(np.int64)
    instrument = _residual(comparison.instrument[seen], Z)[:, None]
    nothing = np.empty((d.size, 0))
    return IvData(d, _residual(d, Z), instrument, nothing, cluster=cluster), Z


def fixed_columns(comparison: Comparison) -> Packed:
    """Return the covariates, and a column per month of the trial."""
    columns = comparison.design.columns
    if comparison.strata is None or "month" not in comparison.strata:
        return columns
    months = comparison.strata["month"].to_numpy()
    later = np.unique(months)[1:]
    return columns.prepend((months[:, None] == later[None, :]).astype(np.float64))


def _residual(v: Vector, Z: Packed) -> Vector:
    """Return what the columns of Z, constant included, do not explain of v, shape (n,)."""
    rest: Vector = v - Z @ solve_kept(gram(Z), v @ Z)
    return rest


def _of_measure(
    measure: Measure, seen: BoolVector, data: IvData, Z: Packed, level: float
) -> list[Effect]:
    y, taken = measure.values[seen], data.outcome
    given = IvData(
        _residual(y, Z), data.treatment, data.instruments, data.controls, cluster=data.cluster
    )
    fit = two_stage_least_squares(given)
    assert fit.reduced_form is not None  # noqa: S101 - there is one instrument
    naming = Naming(IV, measure.outcome, measure.unit, level)
    both = (taken, y)
    effect = late_effect(fit.late, fit.influence, fit.sampling, naming, both, _details(fit, level))
    rho, rho_influence, _, _ = fit.reduced_form
    sd = float(data.instruments.std())
    naming = Naming(REDUCED_FORM, measure.outcome, measure.unit, level)
    details = {"instrument_sd": sd, "df": fit.sampling.degrees_of_freedom}
    reduced = late_effect(rho * sd, rho_influence * sd, fit.sampling, naming, both, details)
    return [_placed(effect, measure, "late"), _placed(reduced, measure, "itt")]


def _details(fit: IvFit, level: float) -> dict[str, Any]:
    assert fit.reduced_form is not None  # noqa: S101 - there is one instrument
    return {
        "first_stage_f": fit.first_stage_f,
        "weak_instrument": fit.first_stage_f < WEAK_F,
        "df": fit.sampling.degrees_of_freedom,
        "warnings": [*weak_warning(fit.first_stage_f), *fit.sampling.warnings()],
        **anderson_rubin(*fit.reduced_form, fit.sampling, level),
    }


def _placed(effect: Effect, measure: Measure, estimand: str) -> Effect:
    return replace(effect, horizon_months=measure.horizon_months, estimand=estimand)


METHOD = "aipw"
NO_GROUP = "those of whom it is not known make no group"

FEWEST = 20
"""Rows of an arm below which a group is not told: its error would be learnt from too few."""


@thin_products()
def group_effects(comparison: Comparison, settings: EstimationSettings) -> list[Effect]:
    """Return the effect on the treated of each subgroup, on each outcome.

    `comparison`: the two arms; `subgroups` says the groups; `settings`: the options; the estimand
    is the effect on the treated. The result: one effect per subgroup value and outcome, in that
    order; one that cannot be estimated is not a number, with the reason in `details`. Those of whom
    the value is not known keep their row, so that the others' counts are protected with theirs, but
    have no effect.
    """
    found: dict[tuple[str, str, int], Effect] = {}
    fits: dict[bytes, GroupFit] = {}
    for position, measure in enumerate(comparison.measures):
        observed = ~np.isnan(measure.values)
        key = observed.tobytes()
        if key not in fits:
            fits[key] = _fitted(comparison, observed, settings)
        terms = _terms(measure, fits[key], settings)
        for name, value, rows in groups_of(comparison):
            effect = _within(measure, terms, rows, settings)
            if value == UNKNOWN:
                effect = _none(measure, effect.n_treated, effect.n_comparison, NO_GROUP)
            named = replace(effect, subgroup=name, subgroup_value=value)
            found[name, value, position] = named
    order = [(name, value) for name, value, _ in groups_of(comparison)]
    places = range(len(comparison.measures))
    return [found[name, value, place] for name, value in order for place in places]


GroupFit = tuple[Sample, Shared] | EstimationError
"""What is learnt once on the rows an outcome is observed on; or why it cannot be."""

GroupTerms = tuple[Sample, "Vector", "Vector", "Vector"] | EstimationError
"""Sample, outcome, weights and predictions of everybody; or why there are none."""


def _fitted(comparison: Comparison, observed: BoolVector, settings: EstimationSettings) -> GroupFit:
    try:
        sample = take_rows(comparison, observed)
        return sample, fit_shared(sample, [METHOD], settings)
    except EstimationError as error:
        return error


def _terms(measure: Measure, fit: GroupFit, settings: EstimationSettings) -> GroupTerms:
    if isinstance(fit, EstimationError):
        return fit
    sample, shared = fit
    assert shared.grams0 is not None  # noqa: S101 - fit_shared fits what the method needs
    assert shared.fold_weights is not None  # noqa: S101
    y = measure.values[sample.rows]
    predicted = predict_arm(y, sample, shared.grams0, settings)
    return sample, y, shared.fold_weights.values, predicted


def _within(
    measure: Measure, terms: GroupTerms, rows: BoolVector, settings: EstimationSettings
) -> Effect:
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
    details: dict[str, Any] = {"se": kind, "df": inference.df, "warnings": []}
    names = (METHOD, settings.estimand)
    effect = effect_from(measure, names, estimate, inference, (n_treated, n_comparison), details)
    return replace(effect, influence=_by_cluster(estimate, part))


def _by_cluster(estimate: PointEstimate, part: Sample) -> Vector | None:
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
    return no_effect(measure, (METHOD, "att"), (n_treated, n_comparison), error)


def estimate_study(comparison: Comparison, study: Study) -> list[Effect]:
    """Estimate what a study declares, by the methods of its design.

    Everybody: all outcomes, horizons and methods. Subgroups: the primary outcome by the primary
    method at all horizons, since more would only make a winner of chance. The doubly robust ones
    rest on the score and regression of everybody; other methods are fitted on each group, the
    levels too rare there grouped as they were in the whole.

    Args:
        comparison: The two arms.
        study: The study.

    Returns:
        The effects; one that could not be estimated is not a number, with the reason in `details`.

    Raises:
        EstimationError: Nothing can be estimated at all.
    """
    return ESTIMATORS[study.design.estimator](comparison, study)


def _adjusted(comparison: Comparison, study: Study) -> list[Effect]:
    whole = replace(comparison, subgroups=comparison.subgroups[[]])
    effects = _estimated(whole, study.methods, study)
    primary = tuple(m for m in comparison.measures if m.outcome == study.primary.outcome)
    if not primary:
        return effects
    main, settings = replace(comparison, measures=primary), settings_of(study, study.primary.method)
    once = settings.trim is None and settings.splits == 1
    usual = study.estimand == "att" and study.missing == "complete"
    if study.primary.method == METHOD and usual and once:
        return [*effects, *group_effects(main, settings)]
    for name, value, rows in groups_of(main):
        found = _estimated(of_rows(main, rows), (study.primary.method,), study)
        effects += [replace(e, subgroup=name, subgroup_value=value) for e in found]
    return effects


def _instrumented(comparison: Comparison, study: Study) -> list[Effect]:  # noqa: ARG001
    return estimate_encouragement(comparison)


def _by_trends(comparison: Comparison, study: Study) -> list[Effect]:
    from evalml.effect.did_persons import estimate_did_persons  # it uses this module

    return estimate_did_persons(comparison, study)


def _drawn(comparison: Comparison, study: Study) -> list[Effect]:
    from evalml.effect.experiment import estimate_experiment  # it uses this module

    return estimate_experiment(comparison, study)


ESTIMATORS: dict[str, Callable[[Comparison, Study], list[Effect]]] = {
    "adjusted": _adjusted,
    "instrument": _instrumented,
    "did_persons": _by_trends,
    "experiment": _drawn,
}
"""What estimates two arms, by the `estimator` of a design; areas are in `opening_estimates`."""


def _estimated(comparison: Comparison, methods: tuple[str, ...], study: Study) -> list[Effect]:
    """Estimate the outcomes of all, and those of a source linked to some among these alone.

    Weights (`missing: ipcw`) make those linked stand for the others, who then count too.
    """
    if study.missing == "ipcw":
        return estimate_methods(comparison, methods, study, seen_effects)
    whose: dict[bytes, list[Measure]] = {}
    for measure in comparison.measures:
        whose.setdefault(_mark(measure), []).append(measure)
    found: dict[tuple[str, str], Effect] = {}
    for mark, measures in whose.items():
        part = replace(comparison, measures=tuple(measures))
        linked = measures[0].linked
        if mark and linked is not None and linked.any():
            part = of_rows(part, linked)
        way = bounded_effects if study.missing == "bounds" else _recorded
        found |= {(e.key, e.method): e for e in estimate_methods(part, methods, study, way)}
    return [found[m.key, method] for m in comparison.measures for method in methods]


def _mark(measure: Measure) -> bytes:
    """Return what tells the persons linked apart, empty where all are."""
    linked = measure.linked
    return b"" if linked is None or linked.all() else linked.tobytes()


Way = Callable[[Comparison, Sequence[str], EstimationSettings], list[Effect]]
"""From two arms, methods and their options to an effect per outcome and method."""


def _recorded(
    comparison: Comparison, methods: Sequence[str], settings: EstimationSettings
) -> list[Effect]:
    return estimate_effects(comparison, methods, failures="record", settings=settings)


def estimate_methods(
    comparison: Comparison, methods: Sequence[str], study: Study, way: Way = _recorded
) -> list[Effect]:
    """Estimate every outcome by every method, those of the same options fitted together.

    Args:
        comparison: The two arms, without subgroups.
        methods: Methods of the study.
        study: Says the options of each (`method_settings`).
        way: How; the usual one records what cannot be estimated.

    Returns:
        One effect per outcome and method, in that order.
    """
    alike: dict[EstimationSettings, list[str]] = {}
    for method in methods:
        alike.setdefault(settings_of(study, method), []).append(method)
    found = {
        (e.key, e.method): e
        for settings, named in alike.items()
        for e in way(comparison, named, settings)
    }
    return [found[m.key, method] for m in comparison.measures for method in methods]


def of_rows(comparison: Comparison, rows: BoolVector) -> Comparison:
    """Return some rows, their covariates described anew, as if there were no others.

    Levels too rare among them are grouped, covariates unknown of too few of them settled.

    Args:
        comparison: The two arms.
        rows: Which rows, shape (n,).
    """
    treated = comparison.treated[rows]
    frame = comparison.covariates.loc[rows].reset_index(drop=True)
    frame, _ = group_rare(frame, [str(name) for name in frame], treated)
    with suppress(DataError):  # one arm alone knows a covariate: the estimate says so
        settled, kept, _ = settle_unknown(frame, [str(name) for name in frame], treated)
        frame = settled[list(kept)]
    design, _ = build_design(frame)
    strata = comparison.strata
    cluster = comparison.cluster
    return replace(
        comparison,
        treated=treated,
        measures=tuple(m.take(rows) for m in comparison.measures),
        covariates=frame,
        design=design,
        cluster=None if cluster is None else np.unique(cluster[rows], return_inverse=True)[1],
        person=comparison.person[rows],
        subgroups=comparison.subgroups.loc[rows, []].reset_index(drop=True),
        strata=None if strata is None else strata.loc[rows].reset_index(drop=True),
        instrument=None if comparison.instrument is None else comparison.instrument[rows],
        delay=None if comparison.delay is None else comparison.delay[rows],
    )
