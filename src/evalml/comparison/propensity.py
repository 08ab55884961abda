"""The propensity score: the probability of being treated, given the covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from evalml.comparison.columns import Standardised, standardise
from evalml.comparison.logit import Logit, NotConvergedError, fit_logit
from evalml.comparison.support import NAMED, find_support, nearly_perfect, refuse_separated
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Matrix, Vector
    from evalml.comparison.comparison import Design
    from evalml.comparison.packed import Packed
    from evalml.comparison.support import Support

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


def fit_propensity(design: Design, treated: BoolVector, estimand: Estimand = "att") -> Propensity:
    """Fit the score by logistic regression without penalty.

    Comparison rows at a level that no treated person holds have score 0, the limit of maximum
    likelihood: they weigh nothing for the effect on the treated, and a note counts them.

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
    inside = ~(support.alone_treated | support.alone_comparison)
    chosen = design if inside.all() else design.rows(inside)
    refuse_one_arm(treated[inside])
    refuse_separated(chosen, treated[inside])
    columns = standardise(chosen.columns)
    fit = fit_named(columns, chosen.names, treated[inside])
    notes = (
        *notes_of(support),
        *_aliased(chosen, columns),
        *nearly_perfect(columns, chosen.names, treated[inside]),
    )
    return _spread(fit, columns, design, inside, support, notes)


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
    """Stop when one arm is empty.

    Raises:
        EstimationError: Nobody treated, or nobody to compare with.
    """
    if treated.all() or not treated.any():
        arm = "comparison" if treated.size and treated.all() else "treated"
        message = f"no {arm} person among {treated.size} rows: nothing can be compared here"
        raise EstimationError(message)


def refuse_alone(support: Support, estimand: Estimand) -> None:
    """Stop when persons whom the estimand speaks of have no counterpart.

    Raises:
        EstimationError: Some level is held by one arm only.
    """
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


def _aliased(design: Design, columns: Standardised) -> tuple[str, ...]:
    gone = sorted(set(range(len(design.names))) - set(columns.kept.tolist()))
    return tuple(
        f"column '{design.names[j]}' follows from the others and was left out of the score"
        for j in gone
        if np.ptp(design.columns.column(j)) > 0
    )


def _spread(
    fit: Logit,
    columns: Standardised,
    design: Design,
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
