"""Differences in differences on persons: each arm against its own past, doubly robust.

The change of an outcome since the base months, of those who entered, against that of the comparison
persons weighted to look like them: Sant'Anna and Zhao (2020), doi:10.1016/j.jeconom.2020.06.003,
the traditional doubly robust estimator for panels. The event study gives the same difference by
quarter since entry; month 0, in which persons enter, lies in no quarter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.effect.estimate import groups_of, no_effect
from evalml.effect.study_effects import estimate_methods, of_rows
from evalml.errors import EstimationError
from evalml.methods.design_matrix import gram
from evalml.methods.effect import Naming, effect_of_influence
from evalml.methods.regression import ALIASED, prepare_solver
from evalml.methods.two_period import CovariateTerms, fit_odds, panel_att
from evalml.methods.variance import (
    WILD_CLUSTERS,
    ClusterScores,
    critical_value,
    sampling_of,
    wild_bootstrap,
)

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.methods.effect import Effect
    from evalml.methods.variance import Sampling
    from evalml.study import Study

METHOD = "did_persons"
BASE_MONTHS = 3
PERIOD = 3
"""Months in a period of the event study."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Which months make the base and each period of an event study.

    Attributes:
        base: Months of the base, before entry and before what may anticipate it.
        before: Months of each period before the base, the earliest first.
        after: Months of each period after entry.
    """

    base: range
    before: tuple[range, ...]
    after: tuple[range, ...]

    def period_of(self, horizon: int) -> int:
        """Return the number of the period after entry that holds a month, from 0 on."""
        return max(horizon - 1, 0) // PERIOD


def windows_of(study: Study) -> Windows:
    """Return the months that a study counts changes from and to.

    Raises:
        EstimationError: The history does not reach the base.
    """
    given, history = study.comparison, study.history_months
    length, away = given.base_months or BASE_MONTHS, given.anticipation or 0
    first = -away - length
    if -first > history:
        raise EstimationError(
            f"the base starts {-first} months before entry, and history_months is {history}; "
            "raise it, or shorten base_months or anticipation"
        )
    before = [range(s, s + PERIOD) for s in range(first - PERIOD, -history - 1, -PERIOD)]
    after = [range(s, s + PERIOD) for s in range(1, study.follow_up_months - PERIOD + 2, PERIOD)]
    return Windows(range(first, -away), tuple(reversed(before)), tuple(after))


def mean_over(measure: Measure, months: range) -> Vector:
    """Return the mean of an outcome over some months, NaN where one of them is unknown."""
    if measure.path is None:
        raise EstimationError(f"'{measure.outcome}' is not followed month by month")
    at = [m - measure.path_first for m in months]
    if at[0] < 0 or at[-1] >= measure.path.shape[1]:
        raise EstimationError(f"'{measure.outcome}' is not followed over months {months}")
    found: Vector = measure.path[:, at[0] : at[-1] + 1].astype(np.float64).mean(axis=1)
    return found


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One double difference.

    Attributes:
        estimate: Of the treated, less that of the comparison persons weighted like them.
        influence: Summed by cluster, shape (n,).
        sampling: What was sampled.
        sizes: Rows of the treated and of the comparison arm.
        mean_treated: Mean of the outcome of the treated.
        shares: Share of the treated rows in each mission locale, shape (n,); None without any.
    """

    estimate: float
    influence: Vector
    sampling: Sampling
    sizes: tuple[int, int]
    mean_treated: float
    shares: Vector | None = None


def change_of(comparison: Comparison, y: Vector, base: Vector) -> Change:
    """Return the double difference of `y` less `base`, on the rows that know both.

    `y`, `base`: shape (n,), NaN where unknown.
    """
    seen = ~np.isnan(y - base)
    treated = comparison.treated[seen].astype(np.float64)
    design = comparison.design
    columns = design.rows(seen).matrix
    kept = _independent(columns[treated == 0])
    X = np.hstack([np.ones((treated.size, 1)), columns[:, kept]])
    names = tuple(design.names[j] for j in kept)
    terms = CovariateTerms(names, tuple("" for _ in names))
    ones = np.ones(treated.size)
    score = fit_odds(X, treated, ones, terms)
    found = panel_att((y - base)[seen], treated, X, ones, "dr", score, terms)
    codes = _sampled(comparison, seen)
    sampling = sampling_of(codes, treated.size)
    sizes = int(treated.sum()), int(treated.size - treated.sum())
    mean = float(y[seen][treated == 1].mean())
    shares = None
    if comparison.cluster is not None:
        shares = sampling.collapse(treated) / treated.sum()
    return Change(found.att, sampling.collapse(found.influence), sampling, sizes, mean, shares)


def _independent(X: Matrix) -> IntVector:
    """Return the columns that vary and do not follow from those before them, shape (kept,)."""
    sd = X.std(axis=0)
    vary = np.flatnonzero(sd > ALIASED * np.maximum(np.abs(X).max(axis=0, initial=0.0), 1.0))
    Z = (X[:, vary] - X[:, vary].mean(axis=0)) / sd[vary]
    return np.asarray(vary[np.sort(prepare_solver(gram(Z)).kept)], dtype=np.int64)


def _sampled(comparison: Comparison, seen: BoolVector) -> IntVector | None:
    """Return the clusters of the rows: missions locales, or persons where one has several rows."""
    given = comparison.cluster if comparison.cluster is not None else comparison.person
    codes = np.unique(given[seen], return_inverse=True)[1].astype(np.int64)
    alone = comparison.cluster is None and codes.max(initial=0) + 1 == codes.size
    return None if alone else codes


def estimate_did_persons(comparison: Comparison, study: Study) -> list[Effect]:
    """Estimate each outcome of a study by double difference, and the primary one by subgroup."""
    naive = tuple(m for m in study.methods if m != METHOD)
    whole = replace(comparison, subgroups=comparison.subgroups[[]])
    effects = estimate_methods(whole, naive, study) if naive else []
    windows = windows_of(study)
    if METHOD in study.methods:
        effects += [_effect(whole, m, windows, study.seed) for m in whole.measures]
    primary = tuple(m for m in comparison.measures if m.outcome == study.primary.outcome)
    main = replace(comparison, measures=primary)
    for name, value, rows in groups_of(main) if study.primary.method == METHOD else ():
        part = of_rows(main, rows)
        found = [_effect(part, m, windows, study.seed) for m in part.measures]
        effects += [replace(e, subgroup=name, subgroup_value=value) for e in found]
    return effects


def _effect(comparison: Comparison, measure: Measure, windows: Windows, seed: int) -> Effect:
    known = measure.known
    sizes = (int((known & comparison.treated).sum()), int((known & ~comparison.treated).sum()))
    try:
        base = mean_over(measure, windows.base)
        found = change_of(comparison, measure.values, base)
    except EstimationError as error:
        return no_effect(measure, (METHOD, "att"), sizes, f"{measure.key}, {METHOD}: {error}")
    lost = int((known & np.isnan(base)).sum())
    details: dict[str, Any] = {
        "base_months": [windows.base[0], windows.base[-1]],
        "without_base": lost,
        "df": found.sampling.degrees_of_freedom,
        "n_clusters": None if found.sampling.cluster is None else found.sampling.n,
        "warnings": found.sampling.warnings(),
    }
    effect = effect_of_influence(
        found.estimate,
        found.influence,
        found.sampling,
        Naming(METHOD, measure.outcome, measure.unit),
        counts=found.sizes,
        mean_treated=found.mean_treated,
        details=details,
    )
    effect = replace(effect, horizon_months=measure.horizon_months, influence=found.influence)
    if found.shares is None or found.sampling.n >= WILD_CLUSTERS:
        return effect
    scores = ClusterScores(found.estimate, found.influence, found.shares)
    low, high, p = wild_bootstrap(scores, seed=seed)
    return replace(effect, ci_low=low, ci_high=high, p_value=p, details={**details, "se": "wild"})


@dataclass(frozen=True, slots=True, repr=False)
class PersonEvents:
    """An event study of one outcome.

    Attributes:
        before: Which periods lie before the base, shape (k,).
        months: Middle month of each period since entry, shape (k,).
        estimate: Shape (k,).
        covariance: Shape (k, k).
        df: Degrees of freedom of the covariance.
        critical: Half-width of a 95 % interval, in standard errors.
        sizes: Rows of the treated and of the comparison arm, shape (k, 2).
    """

    before: BoolVector
    months: IntVector
    estimate: Vector
    covariance: Matrix
    df: float
    critical: float
    sizes: IntVector


def person_events(comparison: Comparison, outcome: str, windows: Windows) -> PersonEvents:
    """Return the double differences of an outcome by period since entry.

    The errors of the periods are those of the same clusters, or of the same rows.

    Raises:
        EstimationError: A period cannot be estimated, or its rows are not those of the others.
    """
    measure = next(m for m in comparison.measures if m.outcome == outcome)
    base = mean_over(measure, windows.base)
    periods = (*windows.before, *windows.after)
    values = [mean_over(measure, months) for months in periods]
    seen = ~np.isnan(base)
    kept = [k for k, y in enumerate(values) if _held(comparison, ~np.isnan(y) & seen)]
    for k in kept:
        seen &= ~np.isnan(values[k])
    changes = [change_of(comparison, np.where(seen, values[k], np.nan), base) for k in kept]
    if not changes:
        raise EstimationError(f"'{outcome}' is known in no period before or after entry")
    influence = np.array([c.influence for c in changes])
    sampling = changes[0].sampling
    return PersonEvents(
        np.array([k < len(windows.before) for k in kept]),
        np.array([periods[k][PERIOD // 2] for k in kept], dtype=np.int64),
        np.array([c.estimate for c in changes]),
        influence @ influence.T * sampling.factor,
        sampling.degrees_of_freedom,
        critical_value(sampling, 0.95),
        np.array([c.sizes for c in changes], dtype=np.int64),
    )


SHARE_KNOWN = 0.5
"""Share of each arm that must know a period for it to be drawn: all periods share their rows."""


def _held(comparison: Comparison, known: BoolVector) -> bool:
    arms = (comparison.treated, ~comparison.treated)
    return all(float(known[arm].mean()) >= SHARE_KNOWN for arm in arms)


def person_events_table(comparison: Comparison, study: Study) -> pd.DataFrame:
    """Return the event study of every outcome that can be estimated, by month since entry.

    Returns:
        outcome, horizon_months (that of the primary effect), event_time (middle month of the
        period), phase, estimate, std_error, ci_low, ci_high, n_treated, n_comparison; the base is
        there, with an effect of zero and no error.
    """
    windows, parts = windows_of(study), []
    for outcome in study.outcomes:
        try:
            parts.append(_rows(person_events(comparison, outcome, windows), outcome, study))
        except EstimationError:
            continue
    columns = ["outcome", "horizon_months", "event_time", "phase", "estimate", "std_error",
               "ci_low", "ci_high", "n_treated", "n_comparison"]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _rows(events: PersonEvents, outcome: str, study: Study) -> pd.DataFrame:
    base = windows_of(study).base
    se = np.sqrt(np.diag(events.covariance))
    half = events.critical * se
    named = {"outcome": outcome, "horizon_months": study.primary.horizon}
    table = pd.DataFrame(
        {
            **named,
            "event_time": events.months,
            "phase": np.where(events.before, "before", "after"),
            "estimate": events.estimate,
            "std_error": se,
            "ci_low": events.estimate - half,
            "ci_high": events.estimate + half,
            "n_treated": events.sizes[:, 0],
            "n_comparison": events.sizes[:, 1],
        }
    )
    zero = pd.DataFrame(
        [{**named, "event_time": base[len(base) // 2], "phase": "before", "estimate": 0.0}]
    )
    return pd.concat([table, zero], ignore_index=True).sort_values("event_time", ignore_index=True)
