"""The propensity score, by logistic regression or any learner, cross-fitted; its support."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from scipy.special import expit

from evalml.errors import EstimationError
from evalml.methods.design_matrix import gram, map_folds
from evalml.methods.regression import (
    SEPARATED,
    Logit,
    NotConvergedError,
    Standardised,
    fit_logit,
    refit_logit,
    standardise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.comparison import DesignMatrix
    from evalml.methods.design_matrix import Packed


NEARLY_PERFECT = 0.9
"""Correlation of a column with the treatment above which it is said to nearly decide it."""
NAMED = 5


@dataclass(frozen=True, slots=True, repr=False)
class Support:
    """Rows whose level of every category is held by both arms.

    Attributes:
        alone_treated: Shape (n,), treated rows at a level without any comparison person.
        alone_comparison: Shape (n,), comparison rows at a level without any treated person.
        treated_levels: What the first are, such as `diplome=BAC (12 treated)`.
        comparison_levels: What the second are.
    """

    alone_treated: BoolVector
    alone_comparison: BoolVector
    treated_levels: tuple[str, ...]
    comparison_levels: tuple[str, ...]


def find_support(
    design: DesignMatrix, treated: BoolVector, among: BoolVector | None = None
) -> Support:
    """Look for levels of 0/1 columns (and levels left out) that only one arm holds.

    `among`: rows to look among; the rows reported are all those at the levels found.
    """
    counted = np.ones(treated.size, dtype=bool) if among is None else among
    n_total, n_total_treated = int(counted.sum()), int((counted & treated).sum())
    alone_treated = np.zeros(treated.size, dtype=bool)
    alone_comparison = np.zeros(treated.size, dtype=bool)
    treated_levels: list[str] = []
    comparison_levels: list[str] = []
    for level, n_all, n_treated, rows_at in _levels(design, counted, counted & treated):
        whole_arm = n_treated == n_total_treated == n_all or (
            n_treated == 0 and n_all == n_total - n_total_treated
        )
        if n_all == n_total or whole_arm:
            continue  # constant, or the treatment itself: `refuse_separated` speaks of that
        if n_all and n_treated == n_all:
            alone_treated |= rows_at()
            treated_levels.append(f"{level} ({_persons(n_treated)} treated)")
        elif n_all and n_treated == 0:
            alone_comparison |= rows_at()
            comparison_levels.append(f"{level} ({_persons(n_all)} comparison)")
    return Support(alone_treated, alone_comparison, tuple(treated_levels), tuple(comparison_levels))


def _persons(n: int) -> str:
    """Return a number of persons as an error may say it: a small one is a bound."""
    return str(n) if n >= FEW else f"fewer than {FEW}"


FEW = 11
"""Smallest count of persons that an error says."""


def refuse_separated(design: DesignMatrix, treated: BoolVector) -> None:
    """Stop if the values of one column lie apart in the two arms."""
    (low, high), (low0, high0) = _ranges(design.columns, treated), _ranges(design.columns, ~treated)
    apart = (low >= high0) | (high <= low0)
    varies = (low != high) | (low0 != high0) | (low != low0)
    separating = [design.names[j] for j in np.flatnonzero(apart & varies)]
    if separating:
        names = ", ".join(f"'{name}'" for name in separating[:NAMED])
        message = (
            f"separation: {names} tells the {int(treated.sum())} treated from the "
            f"{int((~treated).sum())} others without error, so nobody is comparable; "
            "leave the column out if it is a consequence of the treatment, or change the pool"
        )
        raise EstimationError(message)


def nearly_perfect(
    columns: Standardised, names: tuple[str, ...], treated: BoolVector
) -> tuple[str, ...]:
    """Return a sentence for each column that nearly decides the treatment."""
    d = treated - treated.mean()
    correlation = (d @ columns.Z)[1:] / (d.size * d.std())
    return tuple(
        f"column '{names[columns.kept[j]]}' nearly decides the treatment (r = {correlation[j]:.3f})"
        for j in np.flatnonzero(np.abs(correlation) > NEARLY_PERFECT)
    )


def _ranges(X: Packed, arm: BoolVector) -> tuple[Vector, Vector]:
    """Return the lowest and highest value of each column in one arm."""
    inside, size = X[arm], int(arm.sum())
    sums = np.ones(size) @ inside
    low, high = (sums == size).astype(float), (sums > 0).astype(float)
    low[X.place] = inside.dense.min(axis=0, initial=np.inf)
    high[X.place] = inside.dense.max(axis=0, initial=-np.inf)
    return low, high


def _levels(
    design: DesignMatrix, counted: BoolVector, treated: BoolVector
) -> Iterator[tuple[str, int, int, Callable[[], BoolVector]]]:
    """Yield each level of each 0/1 column and each level left out.

    `counted`: rows that count, shape (n,); `treated`: those of them that are treated, shape (n,).
    """
    X = design.columns
    sums = np.column_stack([rows.astype(float) @ X for rows in (counted, treated)])
    totals = np.array([counted.sum(), treated.sum()])
    of_category = {j for _, columns in design.left_out for j in columns}
    for j in np.flatnonzero(X.binary()).tolist():
        name, (n, n1), (m, m1) = design.names[j], sums[j], totals - sums[j]
        yield (name if "=" in name else f"{name}=1"), int(n), int(n1), partial(_equal, X, j, 1.0)
        if j not in of_category:
            other = f"{name}=0" if "=" not in name else f"not {name}"
            yield other, int(m), int(m1), partial(_equal, X, j, 0.0)
    for level, columns in design.left_out:
        none = ~X.any_of(columns)
        n, n1 = (none & counted).sum(), (none & treated).sum()
        yield level, int(n), int(n1), partial(np.asarray, none)


def _equal(X: Packed, j: int, value: float) -> BoolVector:
    return np.asarray(X.column(j) == value)


Estimand: TypeAlias = Literal["att", "ate", "ato"]
"""Effect on the treated, on all, or on the overlap of both arms."""


@dataclass(frozen=True, slots=True, repr=False)
class Propensity:
    """Fitted probabilities and what the variance needs.

    Attributes:
        score: Shape (n,); exactly 0 (or 1) at a level that only the other arm holds.
        Z: Standardised columns and constant, shape (n, q); None for a fit without likelihood.
        information: Z'WZ over the rows fitted, shape (q, q); None as above.
        coefficients: On the columns of Z, shape (q,); None as above.
        notes: Columns left out, rows at levels without counterpart, near-perfect predictors.
        inside: Rows fitted, shape (n,); None for all of them.
        columns: Names, means and standard deviations of the columns of Z but the constant; None as
            for the information.
    """

    score: Vector
    Z: Packed | None
    information: Matrix | None
    coefficients: Vector | None = None
    notes: tuple[str, ...] = ()
    inside: BoolVector | None = None
    columns: tuple[tuple[str, ...], Vector, Vector] | None = None

    def terms(self) -> list[dict[str, float | str]]:
        """Return the coefficients on the covariates as given, and their standard errors."""
        if self.columns is None or self.coefficients is None or self.information is None:
            return []
        names, mean, sd = self.columns
        back = np.diag(np.concatenate([[1.0], 1.0 / sd]))
        back[0, 1:] = -mean / sd
        V = back @ np.linalg.inv(self.information) @ back.T
        found = zip(("constant", *names), back @ self.coefficients, np.diag(V), strict=True)
        return [
            {"term": term, "coefficient": float(b), "std_error": float(v**0.5)}
            for term, b, v in found
        ]


def fit_propensity(
    design: DesignMatrix, treated: BoolVector, estimand: Estimand = "att"
) -> Propensity:
    """Fit the score by logistic regression without penalty.

    Comparison rows at a level that no treated person holds, or set apart by a sum of covariates,
    have score 0, the limit of maximum likelihood: they weigh nothing for the effect on the
    treated, and a note counts them.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        estimand: `att`, `ate` or `ato`; tells which rows need a counterpart.

    Raises:
        EstimationError: Separation, or a level without counterpart, with names and counts.
    """
    refuse_one_arm(treated)
    support = find_support(design, treated)
    refuse_alone(support, estimand)
    inside, notes = ~(support.alone_treated | support.alone_comparison), notes_of(support)
    while True:
        chosen = design if inside.all() else design.rows(inside)
        refuse_one_arm(treated[inside])
        refuse_separated(chosen, treated[inside])
        columns = standardise(chosen.columns)
        try:
            fit = fit_named(columns, chosen.names, treated[inside])
            break
        except EstimationError as error:
            apart = _set_apart(error.__cause__, treated[inside]) if estimand == "att" else None
            if apart is None:
                raise
            inside[np.flatnonzero(inside)[apart]] = False
            notes = (*notes, _apart_note(apart))
    notes = (
        *notes,
        *_aliased(chosen, columns),
        *nearly_perfect(columns, chosen.names, treated[inside]),
    )
    return _spread(fit, columns, design, inside, support, notes)


def _set_apart(cause: BaseException | None, treated: BoolVector) -> BoolVector | None:
    """Return the comparison rows that a sum of covariates tells from all the treated, shape (n,).

    None where there are none, or where some treated persons are set apart too: these would have
    no counterpart.
    """
    if not isinstance(cause, NotConvergedError):
        return None
    apart: BoolVector = np.abs(cause.moves) > SEPARATED
    return apart if apart.any() and not (apart & treated).any() else None


def _apart_note(apart: BoolVector) -> str:
    rows = _persons(int(apart.sum()))
    return f"{rows} comparison rows weigh nothing: covariates together tell them from all treated"


def fit_named(columns: Standardised, names: tuple[str, ...], treated: BoolVector) -> Logit:
    """Fit the logistic regression; an error names the columns that separate the arms."""
    try:
        return fit_logit(columns.Z, treated.astype(float))
    except NotConvergedError as error:
        raise EstimationError(separation_message(error, columns.kept, names)) from error


def separation_message(error: NotConvergedError, kept: IntVector, names: tuple[str, ...]) -> str:
    """Say which columns together separate the arms, and how many persons are concerned."""
    weight = np.abs(error.direction[1:])
    largest = np.argsort(-weight, kind="stable")[:NAMED]
    guilty = [names[kept[j]] for j in largest if weight[j] > 0.1 * weight.max()]
    found = ", ".join(f"'{name}'" for name in guilty)
    return (
        f"separation: the propensity score has no finite solution; {found} together decide the "
        f"treatment of {error.moving} rows; leave a column out, group its levels or change the pool"
    )


def refuse_one_arm(treated: BoolVector) -> None:
    """Stop when one arm is empty."""
    if treated.all() or not treated.any():
        arm = "comparison" if treated.size and treated.all() else "treated"
        message = f"no {arm} person among {treated.size} rows: nothing can be compared here"
        raise EstimationError(message)


def refuse_alone(support: Support, estimand: Estimand) -> None:
    """Stop when persons whom the estimand speaks of have no counterpart."""
    alone = {
        "att": support.treated_levels,
        "ate": (*support.treated_levels, *support.comparison_levels),
        "ato": (),
    }[estimand]
    if alone:
        message = (
            f"no overlap: only one arm holds {', '.join(alone[:NAMED])}; group the levels, leave "
            "the covariate out, or exclude these persons by an eligibility rule"
        )
        raise EstimationError(message)


def notes_of(support: Support) -> tuple[str, ...]:
    """Say which rows weigh nothing, and why."""
    levels = (*support.comparison_levels, *support.treated_levels)
    if not levels:
        return ()
    rows = int((support.alone_comparison | support.alone_treated).sum())
    return (f"{rows} rows weigh nothing: only one arm holds {', '.join(levels[:NAMED])}",)


def _aliased(design: DesignMatrix, columns: Standardised) -> tuple[str, ...]:
    gone = sorted(set(range(len(design.names))) - set(columns.kept.tolist()))
    return tuple(
        f"column '{design.names[j]}' follows from the others and was left out of the score"
        for j in gone
        if np.ptp(design.columns.column(j)) > 0
    )


def _spread(
    fit: Logit,
    columns: Standardised,
    design: DesignMatrix,
    inside: BoolVector,
    support: Support,
    notes: tuple[str, ...],
) -> Propensity:
    """Put the fitted rows back among those without counterpart."""
    scales = (tuple(design.names[j] for j in columns.kept), columns.mean, columns.sd)
    if inside.all():
        return Propensity(
            fit.score, columns.Z, fit.information, fit.coefficients, notes, columns=scales
        )
    score = support.alone_treated.astype(float)
    score[inside] = fit.score
    Z = columns.apply(design.columns)
    return Propensity(score, Z, fit.information, fit.coefficients, notes, inside, scales)


def cross_fit_propensity(
    design: DesignMatrix, treated: BoolVector, fold: IntVector, full: Propensity, estimand: Estimand
) -> tuple[Vector, tuple[str, ...]]:
    """Score each row by the logistic regression fitted outside its fold, shape (n,).

    Few rows hold some level, so that a fold without them may separate the arms though the whole
    does not: the rows of that fold keep the score of the whole, and a note says so.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        fold: Fold of each row, shape (n,); one fold only returns the full fit.
        full: The fit on all rows: each fold starts from it.
        estimand: Tells which rows need a counterpart.

    Returns:
        The scores, and a note where a fold kept those of the whole.

    Raises:
        EstimationError: A level has no counterpart without one of the folds.
    """
    K = int(fold.max()) + 1
    if K == 1:
        return full.score, ()
    whole: list[int] = []

    def fit_fold(k: int) -> Vector:
        outside: BoolVector = fold != k
        try:
            scored = _outside(design, treated, outside, full, estimand)
        except EstimationError as error:
            if isinstance(error.__cause__, NotConvergedError):
                whole.append(k)
                return full.score[~outside]
            message = f"without fold {k + 1} of {K}: {error}; or use fewer folds (0 for none)"
            raise EstimationError(message) from error
        return scored[~outside]

    score = np.empty(treated.size)
    for k, fitted in enumerate(map_folds(fit_fold, K)):
        score[fold == k] = fitted
    note = f"{len(whole)} of {K} folds separate the arms: their rows keep the score of the whole"
    return score, (note,) if whole else ()


def _outside(
    design: DesignMatrix,
    treated: BoolVector,
    outside: BoolVector,
    full: Propensity,
    estimand: Estimand,
) -> Vector:
    """Fit on the rows outside; fast from the full fit, with care where that separates."""
    if full.Z is not None and full.coefficients is not None and full.information is not None:
        score = _without(full, treated, outside)
        if score is not None:
            return score if full.inside is None else np.where(full.inside, score, full.score)
    return _with_care(design, treated, outside, estimand)


def _without(full: Propensity, treated: BoolVector, outside: BoolVector) -> Vector | None:
    """Score all rows by the fit outside the fold, from the full one; None where that separates."""
    Z, coefficients, information = full.Z, full.coefficients, full.information
    assert Z is not None  # noqa: S101 - its caller looked
    assert coefficients is not None  # noqa: S101
    assert information is not None  # noqa: S101
    fitted = np.ones_like(outside) if full.inside is None else full.inside
    d, rows = treated.astype(float), (outside & fitted).astype(float)
    fitted_rows = Z[~outside & fitted]
    score = expit(fitted_rows @ coefficients)
    kept = information - gram(fitted_rows, score * (1.0 - score))
    beta = refit_logit(Z, d, coefficients, kept, rows)
    if beta is not None:
        return np.asarray(expit(Z @ beta))
    try:
        return fit_logit(Z, d, coefficients, rows).score
    except NotConvergedError:
        return None


def _with_care(
    design: DesignMatrix, treated: BoolVector, outside: BoolVector, estimand: Estimand
) -> Vector:
    """Fit where both arms hold every level; the rest score 0 or 1."""
    support = find_support(design, treated, outside)
    refuse_alone(support, estimand)
    inside = outside & ~(support.alone_treated | support.alone_comparison)
    refuse_one_arm(treated[inside])
    columns = standardise(design.columns[inside])
    fit = fit_named(columns, design.names, treated[inside])
    eta = columns.apply(design.columns) @ fit.coefficients
    score: Vector = 1.0 / (1.0 + np.exp(-eta))
    score[support.alone_treated] = 1.0
    score[support.alone_comparison] = 0.0
    return score


def learned_propensity(
    design: DesignMatrix,
    treated: BoolVector,
    fold: IntVector,
    model: Any,
    estimand: Estimand = "att",
) -> Propensity:
    """Score each row by a classifier fitted outside its fold.

    The score has no likelihood: standard errors take it as known.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        fold: Fold of each row, two folds or more, shape (n,).
        model: Classifier of scikit-learn, with `predict_proba`; fitted anew for each fold.
        estimand: Tells which rows need a counterpart.

    Raises:
        EstimationError: The refusals of the logistic score, but for columns that separate the
            arms together: a learner that shrinks has a solution there.
    """
    refuse_one_arm(treated)
    support = find_support(design, treated)
    refuse_alone(support, estimand)
    refuse_separated(design, treated)
    score = cross_predict(model, design, treated.astype(np.int64), np.ones_like(treated), fold)
    score[support.alone_treated] = 1.0
    score[support.alone_comparison] = 0.0
    notes = (
        *notes_of(support),
        *nearly_perfect(standardise(design.columns), design.names, treated),
    )
    return Propensity(score, None, None, None, notes)


def cross_predict(
    model: Any, design: DesignMatrix, y: Vector | IntVector, arm: BoolVector, fold: IntVector
) -> Vector:
    """Predict every row by a learner fitted on the rows of an arm outside its fold, shape (n,).

    The columns are standardised on the rows fitted, as a learner that shrinks needs.

    Args:
        model: Learner of scikit-learn; a classifier gives the probability of 1.
        design: Covariates, n rows.
        y: What is predicted, shape (n,).
        arm: Rows to fit on, shape (n,).
        fold: Fold of each row, shape (n,).

    Raises:
        EstimationError: A classifier is given an outcome that is not 0/1, or one value of it only;
            the learner does not converge, or refuses its settings.
    """
    from sklearn.base import clone, is_classifier

    classifies = is_classifier(model)
    if classifies and not np.isin(y[arm], (0, 1)).all():
        raise EstimationError("a classifier needs an outcome of 0 and 1: take a regressor")
    found, X = np.empty(y.size), design.matrix
    for k in range(int(fold.max()) + 1):
        fitted, inside = arm & (fold != k), fold == k
        if classifies and np.unique(y[fitted]).size < 2:  # noqa: PLR2004
            raise EstimationError("a classifier needs both values of the outcome in each fold")
        mean, sd = X[fitted].mean(axis=0), X[fitted].std(axis=0)
        sd = np.where(sd > 0, sd, 1.0)
        learnt = _fitted(clone(model), (X[fitted] - mean) / sd, y[fitted])
        rows = (X[inside] - mean) / sd
        found[inside] = learnt.predict_proba(rows)[:, 1] if classifies else learnt.predict(rows)
    return found


def _fitted(model: Any, X: Matrix, y: Vector | IntVector) -> Any:
    from sklearn.exceptions import ConvergenceWarning

    name = type(model).__name__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return model.fit(X, y)
        except ConvergenceWarning as fault:
            raise EstimationError(f"learner {name} does not converge; raise max_iter") from fault
        except (TypeError, ValueError) as fault:
            reason = str(fault).strip().split("\n")[0]
            raise EstimationError(f"learner {name} cannot be fitted: {reason}") from fault
