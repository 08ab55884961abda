"""The person-level methods by name: shared fits, an estimate, its standard error.

A new method of two arms is a function here and its declaration below: studies, `evalml estimate`,
the chooser, the notes and the pages read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.comparison.balance import balance_table
from evalml.comparison.comparison import DesignMatrix
from evalml.comparison.matching import LINES
from evalml.comparison.propensity import (
    Propensity,
    cross_fit_propensity,
    cross_predict,
    fit_propensity,
    learned_propensity,
)
from evalml.comparison.weights import (
    EntropyBalance,
    Weights,
    balance_entropy,
    measure_overlap,
    overlap_warnings,
    score_weights,
)
from evalml.effect.estimators import (
    Balanced,
    FoldGrams,
    Freed,
    Imputer,
    aipw_ate,
    aipw_att,
    balance_arms,
    balanced_difference,
    difference,
    free_treatment,
    impute_ate,
    impute_att,
    imputer,
    predict_logit,
    predict_ols,
    prepare_folds,
    regress,
    weighted_difference,
)
from evalml.effect.match import Pairing, fit_matches, matched_difference
from evalml.effect.sample import assign_folds
from evalml.effect.stratified import (
    Strata,
    coarsen,
    stratified_difference,
    subclasses,
    weigh_strata,
)
from evalml.errors import EstimationError, nearest
from evalml.methods.design_matrix import pack
from evalml.methods.regression import least_squares_in, standardise
from evalml.methods.variance import (
    ClusterScores,
    cluster_se,
    distinct,
    infer,
    influence_se,
    wild_bootstrap,
)
from evalml.study.methods import METHODS, Learner, Method

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from evalml.arrays import IntVector, Vector
    from evalml.comparison.propensity import Estimand
    from evalml.effect.estimators import PointEstimate
    from evalml.effect.sample import EstimationSettings, Sample
    from evalml.methods.design_matrix import Columns
    from evalml.methods.variance import Inference


@dataclass(frozen=True, slots=True, repr=False)
class Shared:
    """Fits shared by the methods asked for; None where no method needs them.

    Attributes:
        Z: Standardised covariates and constant, shape (n, q).
        score: Propensity fitted on all rows.
        weights: From that score, for `ipw`.
        fold_score: Cross-fitted propensity, as fitted for `aipw`.
        fold_weights: From it.
        grams0: Least squares on the comparison arm, by fold.
        grams1: Least squares on the treated arm, by fold (effect on all only).
        freed: The treatment freed of the covariates, for `ols`.
        imputers: Regressions of the comparison and of the treated arm, for
            `regression_imputation`; the second for the effect on all only.
        entropy: Entropy balancing, for `ebal`.
        balanced: The arms it makes alike.
        pairing: For `match`.
        overlap: Sentences on the overlap of the arms, whatever the method.
        cem: Strata of binned covariates, for `cem`.
        subclass: Strata of the score, for `subclass`.
    """

    Z: Columns
    score: Propensity | None = None
    weights: Weights | None = None
    fold_score: Propensity | None = None
    fold_weights: Weights | None = None
    grams0: FoldGrams | None = None
    grams1: FoldGrams | None = None
    freed: Freed | None = None
    imputers: tuple[Imputer, ...] | None = None
    entropy: EntropyBalance | None = None
    balanced: Balanced | None = None
    pairing: Pairing | None = None
    overlap: tuple[str, ...] = ()
    cem: Strata | None = None
    subclass: Strata | None = None


def fit_shared(sample: Sample, methods: Collection[str], settings: EstimationSettings) -> Shared:
    """Fit what the methods need, each thing once.

    Raises:
        EstimationError: Separation, no overlap, folds that cannot be drawn.
    """
    wanted = {fit for method in methods for fit in METHODS[method].run.fits}
    treated, estimand = sample.treated, settings.estimand
    score = None
    if "score" in wanted:
        score = fit_score(sample, settings)
    by_cluster = "pairing" in wanted and wants_clusters(sample, settings)
    Z: Columns = np.empty((0, 0))
    if by_cluster or "columns" in wanted:
        Z = _columns(sample, score)
    shared = Shared(Z, score)
    shared = replace(shared, overlap=judge_overlap(sample, score))
    if score is not None and "weights" in wanted:
        weights = score_weights(score.score, treated, estimand, settings.clip)
        shared = replace(shared, weights=weights)
    if score is not None and "folds" in wanted:
        shared = _with_folds(shared, sample, score, settings)
    if "entropy" in wanted:
        _only(settings, "ebal", ("att",))
        entropy = balance_entropy(sample.design, treated, settings.moments)
        balanced = balance_arms(treated, entropy.weights, entropy.moments)
        shared = replace(shared, entropy=entropy, balanced=balanced)
    if "freed" in wanted:
        shared = replace(shared, freed=free_treatment(treated, Z))
    if "pairing" in wanted:
        _only(settings, "match", ("att", "ate"))
    if "cem" in wanted:
        codes = coarsen(sample.design, settings.strata)
        shared = replace(shared, cem=weigh_strata(codes, treated, estimand))
    if score is not None and "subclass" in wanted:
        codes = subclasses(score.score, treated, estimand, settings.strata.subclasses)
        shared = replace(shared, subclass=weigh_strata(codes, treated, estimand))
    return _with_arms(shared, sample, wanted, settings, by_cluster=by_cluster)


def wants_clusters(sample: Sample, settings: EstimationSettings) -> bool:
    """Return whether matching has to give influence values that are summed by cluster."""
    grouped = sample.cluster is not None or sample.repeated
    if settings.se is None:
        return grouped
    return settings.se in {"cluster", "influence"} and (grouped or settings.match.replace)


def _with_arms(
    shared: Shared,
    sample: Sample,
    wanted: set[str],
    settings: EstimationSettings,
    *,
    by_cluster: bool,
) -> Shared:
    """Add what needs a regression in each arm: imputation, and matching summed by cluster."""
    treated, estimand, on_all = sample.treated, settings.estimand, settings.estimand != "att"
    imputing = "imputers" in wanted
    arm0 = least_squares_in(shared.Z, ~treated) if imputing or by_cluster else None
    arm1 = least_squares_in(shared.Z, treated) if (imputing and on_all) or by_cluster else None
    if imputing and arm0 is not None:
        target = np.ones_like(treated) if on_all else treated
        both = (arm0, arm1) if on_all and arm1 is not None else (arm0,)
        shared = replace(shared, imputers=tuple(imputer(arm, target) for arm in both))
    if "pairing" in wanted:
        score = shared.score if estimand == "att" or settings.score_learner else None
        if score is None and settings.score_learner and settings.match.metric in LINES:
            score = fit_score(sample, settings)
        arms = None if not by_cluster or arm0 is None or arm1 is None else (arm1, arm0)
        pairing = fit_matches(sample, settings.match, estimand, score, arms)
        shared = replace(shared, pairing=pairing)
    return shared


def fit_score(sample: Sample, settings: EstimationSettings) -> Propensity:
    """Fit the propensity score by the model asked for."""
    learner = settings.score_learner
    if learner is None:
        return fit_propensity(sample.design, sample.treated, settings.estimand)
    fold, model = _folds(sample, settings), learner.estimator(settings.seed)
    return learned_propensity(sample.design, sample.treated, fold, model, settings.estimand)


def judge_overlap(sample: Sample, score: Propensity | None) -> tuple[str, ...]:
    """Say how far the arms overlap, also for methods that need no score.

    The weights judged are those for the effect on the treated, the arms every design here starts
    from.
    """
    if not sample.design.names:
        return ()
    try:
        fitted = score or fit_propensity(sample.design, sample.treated)
        weights = score_weights(fitted.score, sample.treated)
    except EstimationError as error:
        return (f"weak overlap: it cannot be judged, {error}",)
    found = measure_overlap(weights.values, sample.treated, fitted.score)
    return tuple(overlap_warnings(found, *sample.sizes()))


def _folds(sample: Sample, settings: EstimationSettings) -> IntVector:
    keys = _fold_keys(sample, settings)
    return assign_folds(keys, settings.folds, settings.seed, sample.treated)


def _with_folds(
    shared: Shared, sample: Sample, score: Propensity, settings: EstimationSettings
) -> Shared:
    fold = _folds(sample, settings)
    fold_score, fold_weights = _cross_fit(sample, fold, score, settings)
    both = settings.estimand == "ate"
    return replace(
        shared,
        fold_score=fold_score,
        fold_weights=fold_weights,
        grams0=prepare_folds(shared.Z, ~sample.treated, fold),
        grams1=prepare_folds(shared.Z, sample.treated, fold) if both else None,
    )


def _columns(sample: Sample, score: Propensity | None) -> Columns:
    """Return standardised columns of every row, those of the score if it was fitted on all."""
    if score is not None and score.Z is not None and score.inside is None:
        return score.Z
    return standardise(sample.design.columns).Z


def _only(settings: EstimationSettings, method: str, estimands: tuple[str, ...]) -> None:
    if settings.estimand not in estimands:
        message = f"{method} estimates {' or '.join(estimands)}, not {settings.estimand}"
        raise EstimationError(message)


def _cross_fit(
    sample: Sample, fold: IntVector, full: Propensity, settings: EstimationSettings
) -> tuple[Propensity, Weights]:
    fitted, notes = full.score, full.notes  # a learner's score is cross-fitted already
    if settings.score_learner is None:
        fitted, more = cross_fit_propensity(
            sample.design, sample.treated, fold, full, settings.estimand
        )
        notes = (*notes, *more)
    weights = score_weights(fitted, sample.treated, settings.estimand, settings.clip)
    return Propensity(fitted, None, None, None, notes), weights


def _fold_keys(sample: Sample, settings: EstimationSettings) -> IntVector:
    if settings.fold_by == "person":
        return sample.person.astype(np.int64)
    if sample.cluster is None:
        message = "folds by cluster need a cluster column; name it, or use folds by person"
        raise EstimationError(message)
    return sample.cluster


def compute(
    method: str, y: Vector, sample: Sample, shared: Shared, settings: EstimationSettings
) -> PointEstimate:
    """Run one method on one outcome.

    `y`: outcome of the sample's rows, all observed, shape (n,); `shared`: what the methods share.
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
        fits: Shared fits it needs, of `effect/methods.py`.
        weights: Weights it compares the arms with; None when it has none.
        score: Score it rests on; None when it rests on none.
    """

    compute: Callable[[Vector, Sample, Shared, EstimationSettings], PointEstimate]
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


def _diff(y: Vector, sample: Sample, _: Shared, __: EstimationSettings) -> PointEstimate:
    return difference(y, sample.treated)


def _ols(y: Vector, sample: Sample, shared: Shared, _: EstimationSettings) -> PointEstimate:
    estimate = regress(y, sample.treated, _given(shared.freed))
    return replace(estimate, details={"assumes": "the effect is the same for everyone"})


def _regression_imputation(
    y: Vector, sample: Sample, shared: Shared, settings: EstimationSettings
) -> PointEstimate:
    if settings.estimand == "ato":
        raise EstimationError(_no_overlap_estimand("regression_imputation"))
    without = _given(shared.imputers)[0]
    if settings.estimand == "att":
        return impute_att(y, sample.treated, without)
    return impute_ate(y, sample.treated, _given(shared.imputers)[1], without)


def _ipw(y: Vector, sample: Sample, shared: Shared, _: EstimationSettings) -> PointEstimate:
    score, weights = _given(shared.score), _given(shared.weights)
    estimate = weighted_difference(y, sample.treated, weights, score)
    return replace(estimate, details=_weight_details(sample, score, weights))


def _aipw(y: Vector, sample: Sample, shared: Shared, settings: EstimationSettings) -> PointEstimate:
    if settings.estimand == "ato":
        raise EstimationError(_no_overlap_estimand("aipw"))
    score, weights = _given(shared.fold_score), _given(shared.fold_weights)
    predicted0 = predict_arm(y, sample, _given(shared.grams0), settings)
    if settings.estimand == "att":
        estimate = aipw_att(
            y, sample.treated, weights.values, predicted0, normalise=settings.normalise
        )
    else:
        predicted1 = predict_arm(y, sample, _given(shared.grams1), settings)
        estimate = aipw_ate(
            y,
            sample.treated,
            weights.values,
            predicted1,
            predicted0,
            normalise=settings.normalise,
        )
    details = _weight_details(sample, score, weights) | _learners(settings)
    return replace(estimate, details={"folds": settings.folds, **details})


def _learners(settings: EstimationSettings) -> dict[str, str]:
    both = {"score_learner": settings.score_learner, "outcome_learner": settings.outcome_model}
    return {key: str(model) for key, model in both.items() if isinstance(model, Learner)}


def predict_arm(
    y: Vector, sample: Sample, grams: FoldGrams, settings: EstimationSettings
) -> Vector:
    """Predict every row by the regression of an arm outside the row's fold, shape (n,).

    `settings`: says the regression: least squares, logistic, or a learner.
    """
    model = settings.outcome_model
    if isinstance(model, Learner):
        fitted = model.estimator(settings.seed)
        return cross_predict(fitted, sample.design, y, grams.arm, grams.fold)
    return predict_ols(y, grams) if model == "ols" else predict_logit(y, grams)


def _weight_details(sample: Sample, score: Propensity, weights: Weights) -> dict[str, Any]:
    overlap = measure_overlap(weights.values, sample.treated, score.score)
    warnings = [*overlap_warnings(overlap, *sample.sizes()), *score.notes]
    if weights.clipped:
        bounds = f"[{weights.low:g}, {weights.high:g}]"
        warnings.append(f"{weights.clipped} propensity scores were clipped to {bounds}")
    return {**overlap.details(), "clipped": weights.clipped, "warnings": warnings}


def _ebal(y: Vector, sample: Sample, shared: Shared, settings: EstimationSettings) -> PointEstimate:
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


def _match(
    y: Vector, sample: Sample, shared: Shared, settings: EstimationSettings
) -> PointEstimate:
    pairing = _given(shared.pairing)
    by_cluster = pairing.arms is not None
    return matched_difference(y, sample, pairing, settings.match, by_cluster=by_cluster)


def _cem(y: Vector, sample: Sample, shared: Shared, settings: EstimationSettings) -> PointEstimate:
    return stratified_difference(y, sample.treated, _given(shared.cem), settings.estimand)


def _subclass(
    y: Vector, sample: Sample, shared: Shared, settings: EstimationSettings
) -> PointEstimate:
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
    alone = DesignMatrix(pack(score.score[:, None]), ("score",))
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
_REGRESSED = ("hc2", "hc0", "hc1", "classical", "influence", "cluster", "wild")
_WEIGHED = ("influence", "known_weights", "cluster", "wild")
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
        also=("areas", "did_persons"),
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
        se=("influence", "cluster", "wild"),
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
        se=("influence", "cluster", "wild"),
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
        name="did_persons",
        fr="Double différence sur des personnes",
        en="Difference in differences on persons",
        when="arms whose levels differ, but that evolved alike before entry",
        never="a dip before entry that one arm has and the other has not",
        page="did_persons.md",
        family="did_persons",
        command="evalml run PARAMS",
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
        name="wald_triple",
        fr="Wald-DiD, témoins déduits",
        en="Wald-DiD less witnesses",
        when="take-up is partial, and youths left out of the programme show the area’s shocks",
        never="witnesses who enter as much as the eligible",
        page="wald_did.md",
        estimands=("late",),
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
        name="itt",
        fr="Intention de traiter",
        en="Intention to treat",
        when="an offer drawn by lot: the effect of the offer, whoever takes it up",
        never="a draw that was not followed: who was offered what is then chosen",
        page="experiment.md",
        estimands=("itt",),
        family="experiment",
        command="evalml run PARAMS",
    ),
    Method(
        name="late",
        fr="Effet de l’entrée sur ceux que l’offre décide",
        en="Effect of entry on those whom the offer decides",
        when="an offer drawn by lot that not all take up",
        never="an offer that changes outcomes without entry, or hardly moves entries",
        page="experiment.md",
        estimands=("late",),
        family="experiment",
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


FEW_CLUSTERS = 10
FEW_TREATED_CLUSTERS = 5


def choose_inference(
    estimate: PointEstimate, method: str, sample: Sample, settings: EstimationSettings
) -> tuple[Inference, str]:
    """Return the inference and the name of the standard error used.

    Without a wish: by cluster if there are clusters, by person if a person has several rows,
    and otherwise the method's own.
    """
    wish = settings.se
    if wish is None and (sample.cluster is not None or sample.repeated):
        wish = "cluster" if estimate.psi is not None else None
    kind = wish or estimate.default
    n = sample.treated.size
    if kind in {"cluster", "wild"}:
        psi = _influence(estimate, method, kind)
        found = _clustered(psi, estimate, sample, settings.level)
        few = settings.se is None and (found.n_clusters or 0) < settings.wild_below
        few &= estimate.sets is None  # matched sets are no clusters of the draw
        if kind == "cluster" and not few:
            return found, kind
        return _wild(psi, found, estimate, sample, settings), "wild"
    if kind == "influence":
        error = influence_se(_influence(estimate, method, kind))
        return infer(estimate.value, error, settings.level), kind
    if kind not in estimate.std_errors:
        raise EstimationError(_unknown(estimate, method, kind))
    student = kind == "classical" or kind.startswith("hc")
    df = n - estimate.parameters if student and n > estimate.parameters else None
    return infer(estimate.value, estimate.std_errors[kind], settings.level, df), kind


def cluster_warnings(sample: Sample, kind: str) -> list[str]:
    """Say when there are too few clusters for their variance to be known."""
    if kind not in {"cluster", "wild"} or sample.cluster is None:
        return []
    every, treated = distinct(sample.cluster), distinct(sample.cluster[sample.treated])
    if every < FEW_CLUSTERS or treated < FEW_TREATED_CLUSTERS:
        found = f"{every}, of which {treated} hold treated persons"
        what = "the interval is probably too short" if kind == "cluster" else "read it with care"
        return [f"few clusters: {found}; {what}"]
    return []


def _clustered(psi: Vector, estimate: PointEstimate, sample: Sample, level: float) -> Inference:
    """Sum by cluster; a regression gets (n - 1) / (n - k) besides, as in Stata and R (CR1)."""
    codes = _clusters(sample, estimate)
    if estimate.sets is not None:
        used = estimate.sets >= 0
        psi, codes = psi[used] * (used.sum() / psi.size), codes[used]
    error, clusters = cluster_se(psi, codes)
    n, k = psi.size, estimate.parameters
    if k and n > k:
        error *= ((n - 1) / (n - k)) ** 0.5
    return infer(estimate.value, error, level, clusters - 1, clusters)


def _wild(
    psi: Vector,
    found: Inference,
    estimate: PointEstimate,
    sample: Sample,
    settings: EstimationSettings,
) -> Inference:
    """Return the inference with the interval and p-value of the wild cluster bootstrap."""
    if estimate.sets is not None:
        raise EstimationError("matched sets have no wild bootstrap; use cluster")
    codes = np.unique(_clusters(sample, estimate), return_inverse=True)[1]
    about = sample.treated if settings.estimand == "att" else np.ones_like(sample.treated)
    shares = np.bincount(codes[about], minlength=codes.max() + 1) / about.sum()
    scores = np.bincount(codes, psi) / psi.size
    centred = ClusterScores(estimate.value, scores - scores.sum() * shares, shares)
    low, high, p = wild_bootstrap(centred, settings.level, seed=settings.seed)
    return replace(found, ci_low=low, ci_high=high, p_value=p)


def _clusters(sample: Sample, estimate: PointEstimate) -> IntVector:
    if sample.cluster is not None:
        return sample.cluster
    if estimate.default == "cluster" and estimate.sets is not None:
        return estimate.sets
    if sample.repeated:
        return sample.person.astype("int64")
    message = "a clustered standard error needs a cluster column; name it, or choose another one"
    raise EstimationError(message)


def _influence(estimate: PointEstimate, method: str, kind: str) -> Vector:
    if estimate.psi is None:
        raise EstimationError(_unknown(estimate, method, kind))
    return estimate.psi


def _unknown(estimate: PointEstimate, method: str, kind: str) -> str:
    valid = [*estimate.std_errors, *(["influence", "cluster"] if estimate.psi is not None else [])]
    return f"method {method} has no standard error '{kind}'; {nearest(kind, valid)}"
