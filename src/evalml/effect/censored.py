"""Effects where some rows are not seen to the horizon, or enter the programme themselves.

Each row seen weighs one over its probability of being seen, given what is known of it (Robins,
Rotnitzky and Zhao, 1994, doi:10.1080/01621459.1994.10476818). With `aipw` the outcome regressions
fill the rest, so that the estimate holds if either they or the weights are right.

Against *not entering this month*, the comparison is that of the sequential trials: some of its rows
enter later, and what that brings them is part of what entering now is compared with. Against *never
entering*, a row is censored at its own entry; those not yet entered stand for it, weighted by one
over the probability of not having entered, whose monthly hazards follow the work of the months
since (Robins and Finkelstein, 2000, doi:10.1111/j.0006-341X.2000.00779.x; Danaei et al., 2013,
doi:10.1177/0962280211403603).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from evalml.comparison.arms import FEWEST, NEVER, group_rare
from evalml.comparison.balance import balance_table
from evalml.comparison.comparison import mix
from evalml.comparison.design import build_design
from evalml.comparison.propensity import fit_propensity
from evalml.effect.estimate import effect_from, known_sizes, no_effect
from evalml.effect.estimators import PointEstimate, prepare_folds
from evalml.effect.methods import choose_inference, fit_shared, predict_arm
from evalml.effect.sample import settings_of, take_rows
from evalml.errors import EstimationError
from evalml.methods.design_matrix import gram, thin_products
from evalml.methods.regression import fit_logit, prepare_solver, standardise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.arms import Arms, Trajectory
    from evalml.comparison.comparison import Comparison, DesignMatrix, Measure
    from evalml.effect.methods import Shared
    from evalml.effect.sample import EstimationSettings, Sample
    from evalml.methods.effect import Effect
    from evalml.study import Study


BALANCE = ("arm", "covariate", "smd_before", "smd_after")
METHODS = ("diff", "ipw", "aipw")
"""Methods that take weights of those seen."""


@dataclass(frozen=True, slots=True, repr=False)
class SeenRows:
    """Weights of the rows seen.

    Attributes:
        weight: 1 / P(seen), 0 for a row not seen, shape (n,).
        balance: By arm, how far those seen are from the whole arm: `arm`, `covariate`,
            `smd_before`, `smd_after`.
    """

    weight: Vector
    balance: pd.DataFrame

    @property
    def worst(self) -> float:
        """Largest standardised difference left between those seen, weighted, and their arm."""
        after = self.balance["smd_after"].abs()
        return float(after.max()) if len(after) else 0.0

    @property
    def worst_before(self) -> float:
        """The same without weights."""
        before = self.balance["smd_before"].abs()
        return float(before.max()) if len(before) else 0.0

    def effective_size(self, rows: BoolVector) -> float:
        """Return how many rows the weights of some rows are worth (Kish)."""
        w = self.weight[rows]
        return float(w.sum() ** 2 / (w @ w)) if w.any() else 0.0


def fit_seen(described: pd.DataFrame, treated: BoolVector, seen: BoolVector) -> SeenRows:
    """Fit the probability of being seen in each arm, and the weights that follow.

    `described`: what is known of every row, seen or not, n rows; `seen`: whether the outcome is
    known, shape (n,).
    """
    weight, parts = np.zeros(seen.size), []
    for arm, name in ((treated, "treated"), (~treated, "comparison")):
        if not seen[arm].any():
            raise EstimationError(f"no outcome of the {name} arm is known: nothing stands for it")
        frame = described.loc[arm].reset_index(drop=True)
        weight[arm] = _weights(frame, seen[arm])
        design = _grouped(frame, seen[arm])
        parts.append(_balance(design, seen[arm], weight[arm]).assign(arm=name))
    return SeenRows(weight, pd.concat(parts, ignore_index=True)[[*BALANCE]])


def described_of(comparison: Comparison, seen: BoolVector) -> pd.DataFrame:
    """Return the covariates known of those not seen too: the others say nothing of who is seen."""
    lost = comparison.covariates.loc[~seen]
    known = [name for name in lost if not lost[name].isna().all()]
    return comparison.covariates[known] if len(lost) else comparison.covariates


def _weights(frame: pd.DataFrame, seen: BoolVector) -> Vector:
    """Return 1 / P(seen), from what is known of an arm; 0 for the rows not seen."""
    score = np.ones(seen.size)
    open_ = ~sure_to_be_seen(frame, seen)
    rest, chosen = seen[open_], frame.loc[open_].reset_index(drop=True)
    if (~rest).sum() < FEWEST:  # too few are lost to learn who is
        score[open_] = rest.mean() if rest.size else 1.0
    else:
        score[open_] = _chance(_grouped(chosen, rest), rest)
    return np.where(seen, 1.0 / np.where(seen, score, 1.0), 0.0)


def _chance(design: DesignMatrix, seen: BoolVector) -> Vector:
    """Return P(seen): by maximum likelihood, with a ridge where that has no finite solution.

    Few are lost of a small arm, so that some sum of the covariates often tells them all apart by
    luck. A ridge of one on standardised columns, the usual one, keeps the weights finite; the
    check of the balance judges them as it does the others.
    """
    try:
        return fit_propensity(design, seen, "ato").score
    except EstimationError:
        from sklearn.linear_model import LogisticRegression

        columns = np.asarray(standardise(design.columns).Z)[:, 1:]
        fit = LogisticRegression(C=1.0, max_iter=1000).fit(columns, seen)
        chance: Vector = fit.predict_proba(columns)[:, 1]
        return chance


def sure_to_be_seen(frame: pd.DataFrame, seen: BoolVector) -> BoolVector:
    """Return the rows at a level of which nobody is lost, such as the first months of entry.

    Their chance of being seen is one, the limit of maximum likelihood, whatever the rest; the
    levels of fewer than `FEWEST` rows prove nothing. Without those rows others may be at such a
    level, hence the loop.

    `seen`: whether the outcome is known, shape (n,).
    """
    sure = np.zeros(seen.size, dtype=bool)
    text = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    while True:
        left = ~sure
        for name in text:
            levels = frame[name][left]
            lost = set(frame[name][left & ~seen])
            whole = {level for level, n in levels.value_counts().items() if n >= FEWEST} - lost
            sure |= left & frame[name].isin(whole).to_numpy()
        if not (left & sure).any():
            return sure


def _grouped(frame: pd.DataFrame, seen: BoolVector) -> DesignMatrix:
    """Return the columns of some rows, their rare levels grouped where anybody is lost."""
    if not seen.all():
        frame, _ = group_rare(frame, [str(column) for column in frame], seen)
    return build_design(frame)[0]


def _balance(design: DesignMatrix, seen: BoolVector, weight: Vector) -> pd.DataFrame:
    """Compare those seen, before and after weighting, with the whole arm."""
    n = seen.size
    rows = np.concatenate([np.arange(n), np.flatnonzero(seen)])
    whole = np.arange(rows.size) < n
    given = np.where(whole, 1.0, np.concatenate([np.ones(n), weight[seen]]))
    table = balance_table(design.rows(rows), whole, given, "att")
    return table[["covariate", "smd_before", "smd_after"]]


def seen_att(
    y: Vector,
    treated: BoolVector,
    weight: Vector,
    odds: Vector,
    predicted: tuple[Vector, Vector] | None = None,
) -> PointEstimate:
    """Return the effect on the treated from the rows seen.

    `y`: outcome, shape (n,); anything (NaN) where `weight` is 0; `weight`: 1 / P(seen), 0 for the
    rows not seen, shape (n,); `odds`: e / (1 - e), shape (n,); ones for a plain difference;
    `predicted`: outcome predicted with and without treatment, each of shape (n,); None for weights
    alone.
    """
    seen = weight > 0
    filled = np.where(seen, y, 0.0)
    m1, m0 = predicted if predicted is not None else (np.zeros(y.size), np.zeros(y.size))
    target = treated.astype(float)
    gap, psi_gap = _mean(m1 - m0, target)
    rest1, psi1 = _mean(filled - m1, np.where(treated, weight, 0.0))
    rest0, psi0 = _mean(filled - m0, np.where(treated, 0.0, weight * odds))
    level = rest1 + (float(m1[treated].mean()) if predicted is not None else 0.0)
    value = gap + rest1 - rest0
    used = seen & (treated | (odds > 0))
    return PointEstimate(value, psi_gap + psi1 - psi0, level, level - value, used=used)


def _mean(values: Vector, weights: Vector) -> tuple[float, Vector]:
    """Return a weighted mean and its influence values."""
    total = weights.sum()
    if not total > 0:
        raise EstimationError("no row of an arm is seen to the horizon")
    mean = float(weights @ values / total)
    return mean, weights * (values - mean) * (values.size / total)


def effect_of(
    measure: Measure,
    method: str,
    sample: Sample,
    shared: Shared,
    weight: Vector,
    settings: EstimationSettings,
) -> Effect:  # fmt: skip
    """Return one effect on the treated from the rows seen.

    `measure`: the outcome, of all the rows of the comparison; `method`: `diff`, `ipw` or `aipw`;
    `sample`: the rows the effect is about, seen or not; `weight`: 1 / P(seen) of these rows, 0 for
    those not seen, shape (n,).
    """
    y, treated = measure.values[sample.rows], sample.treated
    if np.unique(y[weight > 0]).size < 2:  # noqa: PLR2004
        raise EstimationError(f"{measure.key}: the outcome is constant: no effect can be estimated")
    estimate = _estimate(y, method, sample, shared, weight, settings)
    inference, kind = choose_inference(estimate, method, sample, settings)
    used = weight > 0
    details: dict[str, Any] = {
        "se": kind,
        "df": inference.df,
        "n_clusters": inference.n_clusters,
        "unobserved": int((~used).sum()),
        "unobserved_treated": int((~used & treated).sum()),
        "largest_weight": float(weight.max()),
        "warnings": [],
    }
    sizes = int((used & treated).sum()), int((used & ~treated).sum())
    return effect_from(measure, (method, "att"), estimate, inference, sizes, details)


def _estimate(
    y: Vector,
    method: str,
    sample: Sample,
    shared: Shared,
    weight: Vector,
    settings: EstimationSettings,
) -> PointEstimate:
    treated = sample.treated
    if method == "diff":
        return seen_att(y, treated, weight, np.ones(y.size))
    if method == "ipw" and shared.weights is not None:
        return seen_att(y, treated, weight, shared.weights.values)
    if method == "aipw" and shared.grams0 is not None and shared.fold_weights is not None:
        odds = shared.fold_weights.values
        return seen_att(y, treated, weight, odds, _predicted(y, sample, shared, weight, settings))
    raise EstimationError(f"method {method} takes no weights of those seen; use one of {METHODS}")


def _predicted(
    y: Vector, sample: Sample, shared: Shared, weight: Vector, settings: EstimationSettings
) -> tuple[Vector, Vector]:
    """Return the outcome of every row, with treatment and without, by fits that did not see it."""
    assert shared.grams0 is not None  # noqa: S101 - its caller looked
    fold, seen = shared.grams0.fold, weight > 0
    filled = np.where(seen, y, 0.0)
    grams = prepare_folds(shared.Z, ~sample.treated & seen, fold)
    without = predict_arm(filled, sample, grams, settings)
    if (seen | ~sample.treated).all():
        # every treated row is seen: its own outcome is what the mean needs
        return np.where(sample.treated, filled, without), without
    few = int((sample.treated & seen).sum())
    if few <= 2 * shared.Z.shape[1]:
        return np.full(y.size, float(filled[sample.treated & seen].mean())), without
    grams = prepare_folds(shared.Z, sample.treated & seen, fold)
    return predict_arm(filled, sample, grams, settings), without


def shared_of(sample: Sample, methods: Sequence[str], settings: EstimationSettings) -> Shared:
    """Fit the score and the folds of the methods that take weights of those seen."""
    chosen = [m for m in methods if m in METHODS]
    return fit_shared(sample, chosen, replace(settings, estimand="att"))


def seen_effects(
    comparison: Comparison, methods: Sequence[str], settings: EstimationSettings
) -> list[Effect]:
    """Estimate every outcome by every method, those seen standing for those who are not.

    The effect is that on the treated of the months that the source covers; persons not linked, or
    lost from sight, are stood for by those like them.

    Args:
        comparison: The two arms.
        methods: Among `diff`, `ipw`, `aipw`.
        settings: The options; the estimand is the effect on the treated.

    Returns:
        One effect per outcome and method, in that order; one that cannot be estimated is not a
        number, with the reason in `details`.
    """
    fits: dict[bytes, SeenFit] = {}
    found = []
    for measure in comparison.measures:
        key = measure.known.tobytes() + (
            b"" if measure.covered is None else measure.covered.tobytes()
        )
        if key not in fits:
            fits[key] = _seen_fit(comparison, measure, methods, settings)
        found += [_one(comparison, measure, method, fits[key], settings) for method in methods]
    return found


SeenFit = tuple["Sample", "Shared", SeenRows] | EstimationError
"""The rows an effect is about, what was fitted on them, and the weights of those seen."""


def _seen_fit(
    comparison: Comparison, measure: Measure, methods: Sequence[str], settings: EstimationSettings
) -> SeenFit:
    covered = np.ones(measure.values.size, dtype=bool)
    covered = covered if measure.covered is None else measure.covered | measure.known
    try:
        sample = take_rows(comparison, covered)
        seen = seen_of(comparison, measure, sample)
        return sample, shared_of(sample, methods, settings), seen
    except EstimationError as error:
        return error


def seen_of(comparison: Comparison, measure: Measure, sample: Sample) -> SeenRows:
    """Return the weights of the rows of a sample whose outcome is known."""
    known = measure.known[sample.rows]
    described = described_of(comparison, measure.known | ~sample.rows).loc[sample.rows]
    return fit_seen(described.reset_index(drop=True), sample.treated, known)


def _one(
    comparison: Comparison,
    measure: Measure,
    method: str,
    fit: SeenFit,
    settings: EstimationSettings,
) -> Effect:
    try:
        if isinstance(fit, EstimationError):
            raise fit
        sample, shared, seen = fit
        return effect_of(measure, method, sample, shared, seen.weight, settings)
    except EstimationError as error:
        return no_effect(measure, (method, "att"), known_sizes(comparison, measure.known), error)


ESTIMAND = "att_never"
FITTED = 10_000
"""Comparison rows the hazards are fitted on, drawn by hash of the person, where there are more."""
RECENT = (1, 3, 6)
"""Months of recent work that the hazard of entering follows."""


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """How long each row waits before its own entry.

    Attributes:
        delay: Months from time zero to the row's own entry, 0 for the treated, a large number for
            a row that never enters, shape (n,).
        state: The outcome month by month since time zero, shape (n, K); NaN where unknown.
        months: Months of the columns of `state`, shape (K,).
    """

    delay: IntVector
    state: Matrix
    months: IntVector

    def recent(self, rows: IntVector, month: int) -> Matrix:
        """Return what the rows did in the months before `month`: shape (m, 2 per length).

        For each length, the mean of the known months and whether none is known.
        """
        found = []
        for length in RECENT:
            inside = np.flatnonzero((self.months >= month - length) & (self.months < month))
            values = self.state[np.ix_(rows, inside)].astype(np.float64)
            known = ~np.isnan(values)
            count = known.sum(axis=1)
            total = np.where(known, values, 0.0).sum(axis=1)
            found += [np.where(count > 0, total / np.maximum(count, 1), 0.0), (count == 0) * 1.0]
        return np.column_stack(found)


def never_effects(arms: Arms, study: Study) -> list[Effect]:
    """Estimate the primary outcome against never entering, at every horizon.

    Args:
        arms: The two arms and the months they were read from.
        study: Says the primary outcome and method.

    Returns:
        One effect per horizon, `estimand` `att_never`; none where nobody of the comparison enters
        later, or the design or the primary method does not lend itself to it.
    """
    comparison, delay = arms.comparison, arms.delay
    method = study.primary.method
    if not study.design.waits or study.estimand != "att":
        return []
    if delay is None or method not in METHODS or not (delay[~comparison.treated] < NEVER).any():
        return []
    first = comparison.measures[0].outcome
    measures = [m for m in comparison.measures if m.outcome == first]
    named = [m for m in comparison.measures if m.outcome == study.primary.outcome]
    chosen = named or measures
    waiting = Waiting(delay, *_state(arms.trajectories, chosen[0].outcome))
    settings = settings_of(study, method)
    if settings.trim is not None or settings.splits > 1:  # its rows are not those of the other
        return []
    alone = replace(comparison, measures=tuple(chosen), subgroups=comparison.subgroups[[]])
    with thin_products():
        return _effects(alone, waiting, method, settings)


def _state(trajectories: Sequence[Trajectory], name: str) -> tuple[Matrix, IntVector]:
    found = next(t for t in trajectories if t.outcome.name == name)
    return found.values, found.months


def _effects(
    comparison: Comparison, waiting: Waiting, method: str, settings: EstimationSettings
) -> list[Effect]:
    horizons = [int(m.horizon_months or 0) for m in comparison.measures]
    try:
        kept = stay_probability(comparison, waiting, max(horizons), settings.seed)
    except EstimationError as error:
        names = (method, ESTIMAND)
        return [
            no_effect(m, names, known_sizes(comparison, m.known), error)
            for m in comparison.measures
        ]
    fits: dict[bytes, tuple[Sample, Shared]] = {}
    found = []
    for place, horizon in enumerate(horizons):
        measure = comparison.measures[place]
        try:
            sample, shared = _fit(comparison, ~np.isnan(measure.values), method, settings, fits)
            weight = _weight(comparison, waiting, kept[horizon], sample, horizon)
            effect = effect_of(measure, method, sample, shared, weight, settings)
        except EstimationError as error:
            sizes = known_sizes(comparison, measure.known)
            found.append(no_effect(measure, (method, ESTIMAND), sizes, error))
            continue
        found.append(replace(effect, estimand=ESTIMAND))
    return found


def _fit(
    comparison: Comparison,
    known: BoolVector,
    method: str,
    settings: EstimationSettings,
    fits: dict[bytes, tuple[Sample, Shared]],
) -> tuple[Sample, Shared]:
    """Fit score and folds once for all the horizons known of the same rows."""
    key = known.tobytes()
    if key not in fits:
        sample = take_rows(comparison, known)
        fits[key] = sample, shared_of(sample, [method], settings)
    return fits[key]


def _weight(
    comparison: Comparison, waiting: Waiting, stay: Vector, sample: Sample, horizon: int
) -> Vector:
    """Return 1 / P(not entered by the horizon) of the rows of a sample, 0 for those that have."""
    entered = ~comparison.treated & (waiting.delay <= horizon)
    weight = np.where(comparison.treated, 1.0, np.where(entered, 0.0, 1.0 / stay))
    return np.asarray(weight[sample.rows])


def stay_probability(
    comparison: Comparison, waiting: Waiting, last: int, seed: int
) -> dict[int, Vector]:
    """Return the probability that each row has not entered by each month, given its path.

    `waiting`: when each row enters, and what it did until then. The result: by month, shape (n,); 1
    for the treated, and in months in which nobody enters.
    """
    rows = np.flatnonzero(~comparison.treated)
    fitted = rows if rows.size <= FITTED else _drawn(comparison, rows, seed)
    scale = standardise(comparison.design.rows(fitted).columns)
    standardised = np.asarray(scale.Z)
    parts, events = [], []
    for month in range(1, last + 1):
        risk = waiting.delay[fitted] >= month
        parts.append(_paths(standardised[risk], waiting, fitted[risk], month))
        events.append(waiting.delay[fitted][risk] == month)
    happened = np.concatenate(events).astype(np.float64)
    stay = np.ones(comparison.treated.size)
    if not happened.any():
        return dict.fromkeys(range(1, last + 1), stay)
    X = np.vstack(parts)
    kept = prepare_solver(gram(X)).kept
    beta = np.zeros(X.shape[1])
    beta[kept] = fit_logit(X[:, kept], happened).coefficients
    every = np.asarray(scale.apply(comparison.design.rows(rows).columns))
    found = {}
    for month in range(1, last + 1):
        eta = _paths(every, waiting, rows, month) @ beta
        stay = stay.copy()
        stay[rows] *= expit(-eta)
        found[month] = stay
    return found


def _paths(covariates: Matrix, waiting: Waiting, rows: IntVector, month: int) -> Matrix:
    """Return what the hazard of a month follows: constant, covariates, recent work, the month."""
    when = np.full((rows.size, 1), month / 12.0)
    return np.hstack([covariates, waiting.recent(rows, month), when, when**2])


def _drawn(comparison: Comparison, rows: IntVector, seed: int) -> IntVector:
    order = np.argsort(mix(comparison.person[rows].astype(np.uint64), seed), kind="stable")
    return np.sort(rows[order[:FITTED]])
