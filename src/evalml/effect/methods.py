"""Every method, declared once: its words, what it estimates, and how it is computed on two arms.

A new method of two arms is a function here and its declaration below: studies, `evalml estimate`,
the chooser, the notes and the pages read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from evalml.comparison.balance import balance_table
from evalml.comparison.comparison import Design
from evalml.comparison.overlap import measure_overlap, overlap_warnings
from evalml.comparison.packed import pack
from evalml.effect.aipw import aipw_ate, aipw_att
from evalml.effect.diff import difference
from evalml.effect.ebal import balanced_difference
from evalml.effect.ipw import weighted_difference
from evalml.effect.match import matched_difference
from evalml.effect.ols import regress
from evalml.effect.regression import predict_logit, predict_ols
from evalml.effect.regression_imputation import impute_ate, impute_att
from evalml.effect.stratified import stratified_difference
from evalml.errors import EstimationError, nearest
from evalml.study.methods import METHODS, Method

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import Vector
    from evalml.comparison.propensity import Estimand, Propensity
    from evalml.comparison.weights import Weights
    from evalml.effect.estimates import Estimate
    from evalml.effect.sample import Sample
    from evalml.effect.settings import Settings
    from evalml.effect.shared import Shared


def compute(method: str, y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    """Run one method on one outcome.

    Args:
        method: Name of the method.
        y: Outcome of the sample's rows, all observed, shape (n,).
        sample: The rows.
        shared: What the methods share.
        settings: The options.

    Raises:
        EstimationError: The outcome is constant, or the method does not answer the estimand.
    """
    if (y == y[0]).all():
        message = f"the outcome is constant over the {y.size} rows: no effect can be estimated"
        raise EstimationError(message)
    return run_of(method).compute(y, sample, shared, settings)


@dataclass(frozen=True, slots=True)
class Run:
    """How a method is computed on two arms.

    Attributes:
        compute: From an outcome, the rows, the shared fits and the options to an estimate.
        fits: Shared fits it needs, of `effect/shared.py`.
        weights: Weights it compares the arms with; None when it has none.
        score: Score it rests on; None when it rests on none.
    """

    compute: Callable[[Vector, Sample, Shared, Settings], Estimate]
    fits: tuple[str, ...] = ()
    weights: Callable[[Shared], Vector | None] = lambda _: None
    score: Callable[[Shared], Propensity | None] = lambda _: None


def run_of(method: str) -> Run:
    """Return how a method is computed on two arms.

    Raises:
        EstimationError: No method of two arms has this name.
    """
    if method not in COMPUTED:
        raise EstimationError(f"method '{method}' is unknown; {nearest(method, COMPUTED)}")
    run: Run = METHODS[method].run
    return run


def _diff(y: Vector, sample: Sample, _: Shared, __: Settings) -> Estimate:
    return difference(y, sample.treated)


def _ols(y: Vector, sample: Sample, shared: Shared, _: Settings) -> Estimate:
    estimate = regress(y, sample.treated, _given(shared.freed))
    return replace(estimate, details={"assumes": "the effect is the same for everyone"})


def _regression_imputation(
    y: Vector, sample: Sample, shared: Shared, settings: Settings
) -> Estimate:
    if settings.estimand == "ato":
        raise EstimationError(_no_overlap_estimand("regression_imputation"))
    without = _given(shared.imputers)[0]
    if settings.estimand == "att":
        return impute_att(y, sample.treated, without)
    return impute_ate(y, sample.treated, _given(shared.imputers)[1], without)


def _ipw(y: Vector, sample: Sample, shared: Shared, _: Settings) -> Estimate:
    score, weights = _given(shared.score), _given(shared.weights)
    estimate = weighted_difference(y, sample.treated, weights, score)
    return replace(estimate, details=_weight_details(sample, score, weights))


def _aipw(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    if settings.estimand == "ato":
        raise EstimationError(_no_overlap_estimand("aipw"))
    predict = predict_ols if settings.outcome_model == "ols" else predict_logit
    score, weights = _given(shared.fold_score), _given(shared.fold_weights)
    predicted0 = predict(y, _given(shared.grams0))
    if settings.estimand == "att":
        estimate = aipw_att(
            y, sample.treated, weights.values, predicted0, normalise=settings.normalise
        )
    else:
        predicted1 = predict(y, _given(shared.grams1))
        estimate = aipw_ate(
            y,
            sample.treated,
            weights.values,
            predicted1,
            predicted0,
            normalise=settings.normalise,
        )
    details = _weight_details(sample, score, weights)
    return replace(estimate, details={"folds": settings.folds, **details})


def _weight_details(sample: Sample, score: Propensity, weights: Weights) -> dict[str, Any]:
    overlap = measure_overlap(weights.values, sample.treated, score.score)
    warnings = [*overlap_warnings(overlap, *sample.sizes()), *score.notes]
    if weights.clipped:
        bounds = f"[{weights.low:g}, {weights.high:g}]"
        warnings.append(f"{weights.clipped} propensity scores were clipped to {bounds}")
    return {**overlap.details(), "clipped": weights.clipped, "warnings": warnings}


def _ebal(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    entropy = _given(shared.entropy)
    estimate = balanced_difference(y, _given(shared.balanced))
    overlap = measure_overlap(entropy.weights, sample.treated)
    details = {
        **{k: v for k, v in overlap.details().items() if v is not None},
        "moments": settings.moments,
        "iterations": entropy.iterations,
        "moment_gap": entropy.gap,
        "warnings": [*overlap_warnings(overlap, *sample.sizes()), *entropy.notes],
    }
    return replace(estimate, details=details)


def _match(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    pairing = _given(shared.pairing)
    by_cluster = pairing.arms is not None
    return matched_difference(y, sample, pairing, settings.match, by_cluster=by_cluster)


def _cem(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    return stratified_difference(y, sample.treated, _given(shared.cem), settings.estimand)


def _subclass(y: Vector, sample: Sample, shared: Shared, settings: Settings) -> Estimate:
    estimate = stratified_difference(y, sample.treated, _given(shared.subclass), settings.estimand)
    warnings = [*estimate.details["warnings"], *_given(shared.score).notes]
    return replace(estimate, details={**estimate.details, "warnings": warnings})


def balance_rows(
    method: str, sample: Sample, shared: Shared, estimand: Estimand
) -> list[dict[str, Any]]:
    """Return the balance table of a method, one object per covariate."""
    weights = run_of(method).weights(shared)
    table = balance_table(sample.design, sample.treated, weights, estimand)
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def score_rows(
    method: str, sample: Sample, shared: Shared, estimand: Estimand
) -> dict[str, Any] | None:
    """Return the coefficients of the score behind a method, and how far apart the arms' scores are.

    None where the method rests on no score; a boosted one has no coefficients.
    """
    score = run_of(method).score(shared)
    if score is None:
        return None
    weights = run_of(method).weights(shared)
    alone = Design(pack(score.score[:, None]), ("score",))
    (row,) = balance_table(alone, sample.treated, weights, estimand).to_dict("records")
    return {"coefficients": score.terms(), "balance": {str(k): v for k, v in row.items()}}


def _no_overlap_estimand(method: str) -> str:
    return f"{method} does not estimate the effect on the overlap (ato); use ipw, or att or ate"


def _given(value: Any) -> Any:
    assert value is not None  # noqa: S101  fit_shared fits what the method needs
    return value


_FORMULA = ("covariates", "formula")
_SCORE = (*_FORMULA, "clip", "trim", "score")
_MATCH = (
    "metric", "k", "caliper", "exact", "replace", "ties", "variance_neighbours",
    "score_correction", "tie_tolerance", "bias_adjust",
)  # fmt: skip
_FOLDS = ("folds", "fold_by", "seed", "outcome_model", "normalise", "splits")
_REGRESSED = ("hc2", "hc0", "hc1", "classical", "influence", "cluster")
_WEIGHED = ("influence", "known_weights", "cluster")
_STRATA = ("influence", "known_weights", "hc0", "hc1", "hc2", "cluster")
_BOTH, _ALL = ("att", "ate"), ("att", "ate", "ato")
_ROLLOUT = "evalml rollout DATA"

METHODS.add(
    Method(
        name="diff",
        fr="Différence de moyennes",
        en="Difference in means",
        when="entries drawn by lot; elsewhere only to show what adjusting changes",
        never="as an answer where entry was chosen",
        page="difference.md",
        estimands=_ALL,
        family="adjusted",
        also=("areas",),
        does="difference in means",
        se=_REGRESSED,
        seen=True,
        run=Run(_diff),
    ),
    Method(
        name="ols",
        fr="Régression linéaire",
        en="Linear regression",
        when="one effect for all, outcomes linear in the covariates",
        never="effects that differ: it weighs persons otherwise than the estimand",
        page="ols.md",
        estimands=_ALL,
        family="adjusted",
        does="one least squares, one effect for all",
        se=_REGRESSED,
        options=_FORMULA,
        run=Run(_ols, ("columns", "freed")),
    ),
    Method(
        name="regression_imputation",
        fr="Imputation par régression",
        en="Regression imputation",
        when="outcomes linear in the covariates, effects that differ",
        never="arms far apart: the line is drawn where nobody is",
        page="regression_imputation.md",
        estimands=_BOTH,
        family="adjusted",
        does="a regression per arm",
        se=("influence", "cluster"),
        options=_FORMULA,
        run=Run(_regression_imputation, ("columns", "imputers")),
    ),
    Method(
        name="match",
        fr="Appariement",
        en="Matching",
        when="a comparison that can be told person by person; exact strata",
        never="many continuous covariates and one partner",
        page="matching.md",
        estimands=_BOTH,
        family="adjusted",
        does="nearest neighbours",
        se=("abadie_imbens", "cluster"),
        options=(*_SCORE, *_MATCH),
        run=Run(
            _match,
            ("pairing",),
            lambda s: None if s.pairing is None else s.pairing.weights,
            lambda s: None if s.pairing is None else s.pairing.matches.score,
        ),
    ),
    Method(
        name="cem",
        fr="Appariement exact par classes",
        en="Coarsened exact matching",
        when="few covariates, cut where a reader would cut them",
        never="many covariates: most strata hold one arm only",
        page="strata.md",
        estimands=_BOTH,
        does="strata of binned covariates (coarsened exact matching)",
        se=_STRATA,
        options=(*_FORMULA, "bins", "cutpoints"),
        run=Run(_cem, ("cem",), lambda s: None if s.cem is None else s.cem.weights),
    ),
    Method(
        name="subclass",
        fr="Classes du score",
        en="Subclasses of the score",
        when="a table of a few classes of the score is wanted",
        never="a gap is left within the classes: weights do better",
        page="strata.md",
        estimands=_BOTH,
        does="subclasses of the score",
        se=_STRATA,
        options=(*_SCORE, "subclasses"),
        run=Run(
            _subclass,
            ("score", "subclass"),
            lambda s: None if s.subclass is None else s.subclass.weights,
            lambda s: s.score,
        ),
    ),
    Method(
        name="ipw",
        fr="Pondération (ATT)",
        en="ATT weighting",
        when="the score can be modelled, the outcome cannot",
        never="few comparison persons carry the weight",
        page="ipw.md",
        estimands=_ALL,
        family="adjusted",
        does="weights of the score",
        se=_WEIGHED,
        options=_SCORE,
        seen=True,
        run=Run(
            _ipw,
            ("score", "weights"),
            lambda s: None if s.weights is None else s.weights.values,
            lambda s: s.score,
        ),
    ),
    Method(
        name="ebal",
        fr="Pondération par équilibrage",
        en="Entropy balancing",
        when="equal means by construction, effect on the treated",
        never="effect on all; treated outside the range of the others",
        page="entropy_balancing.md",
        family="adjusted",
        does="entropy balancing",
        se=_WEIGHED,
        options=(*_FORMULA, "moments"),
        run=Run(_ebal, ("entropy",), lambda s: None if s.entropy is None else s.entropy.weights),
    ),
    Method(
        name="aipw",
        fr="Doublement robuste (AIPW)",
        en="Doubly robust (AIPW)",
        when="the usual choice: right if the score or the outcome model is",
        never="no overlap: two wrong models do not make a right one",
        page="aipw.md",
        estimands=_BOTH,
        family="adjusted",
        does="score and regression, cross-fitted",
        se=("influence", "cluster"),
        options=(*_SCORE, *_FOLDS),
        seen=True,
        run=Run(
            _aipw,
            ("columns", "score", "folds"),
            lambda s: None if s.fold_weights is None else s.fold_weights.values,
            lambda s: s.score,
        ),
    ),
    Method(
        name="callaway_santanna",
        fr="Callaway-Sant’Anna",
        en="Callaway-Sant’Anna",
        when="areas that open one after another, effects that differ and grow",
        never="no area left that is not open",
        page="callaway_santanna.md",
        estimands=("itt",),
        family="areas",
        command=_ROLLOUT,
    ),
    Method(
        name="sun_abraham",
        fr="Sun-Abraham",
        en="Sun-Abraham",
        when="the same, as a regression by event time",
        never="trends that depend on covariates",
        page="sun_abraham.md",
        estimands=("itt",),
        command=_ROLLOUT,
    ),
    Method(
        name="imputation",
        fr="Imputation (double différence)",
        en="Imputation (difference in differences)",
        when="the same, more precise where no trend differs",
        never="anticipation that is not declared",
        page="imputation.md",
        estimands=("itt",),
        command=_ROLLOUT,
    ),
    Method(
        name="twfe",
        fr="Effets fixes",
        en="Two-way fixed effects",
        when="two periods, or no effect: a benchmark",
        never="areas that open one after another with effects that differ",
        page="twfe.md",
        estimands=("itt",),
        command="evalml did DATA",
    ),
    Method(
        name="wald_did",
        fr="Wald-DiD",
        en="Wald-DiD",
        when="take-up is partial, and the comparison takes up too",
        never="take-up that barely moves",
        page="wald_did.md",
        estimands=("late",),
        family="areas",
        command="evalml did DATA",
    ),
    Method(
        name="triple_difference",
        fr="Triple différence",
        en="Triple difference",
        when="youths of the same areas whom the programme leaves out: they show the area’s shocks",
        never="witnesses who enter, or whose job market moves otherwise",
        page="triple_difference.md",
        estimands=("itt",),
        family="areas",
        command="evalml run PARAMS",
    ),
    Method(
        name="iv",
        fr="Variable instrumentale",
        en="Instrumental variable",
        when="something moves entry and nothing else",
        never="a first stage with F below 10",
        page="iv.md",
        estimands=("late",),
        family="instrument",
        command="evalml run PARAMS",
    ),
    Method(
        name="ipcw",
        fr="Pondération de la censure",
        en="Censoring weights",
        when="persons are lost before the horizon, for reasons that are seen",
        never="losses that follow the outcome itself",
        page="ipcw.md",
        command="missing: ipcw",
    ),
)

COMPUTED = tuple(m.name for m in METHODS.values() if m.run is not None)
"""Methods of two arms, which `evalml estimate` computes."""
