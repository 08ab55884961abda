"""How alike the arms are, before and after weighting or matching, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.codes import code_lists, territory_names
from evalml.cohort import COVARIATES, label_of
from evalml.comparison.propensity import fit_propensity
from evalml.comparison.weights import score_weights
from evalml.errors import ExtractError
from evalml.methods.design_matrix import thin_products
from evalml.outcomes import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.comparison import Comparison, DesignMatrix
    from evalml.comparison.propensity import Estimand


COLUMNS = (
    "covariate", "smd_before", "smd_after", "variance_ratio", "mean_treated_before",
    "mean_comparison_before", "mean_treated_after", "mean_comparison_after", "remark",
)  # fmt: skip


def balance_table(
    design: DesignMatrix,
    treated: BoolVector,
    weights: Vector | None = None,
    estimand: Estimand = "att",
) -> pd.DataFrame:
    """Compare the arms column by column (in cobalt's words: Diff.Un and Diff.Adj).

    The standardised mean difference divides by the unweighted standard deviation of the treated
    (att) or by the root of the mean of both arms' variances (ate, ato), the same before and after,
    so that a change shows a change of means only. All columns are standardised, 0/1 ones too.

    Args:
        design: Covariates, n rows; the levels left out of it come back in the table.
        treated: Shape (n,).
        weights: Shape (n,); None leaves the `after` columns equal to the `before` ones.
        estimand: Which arm the differences are measured against.

    Returns:
        One row per column of the design and level left out. `variance_ratio` is treated over
        comparison after weighting, empty for 0/1 columns. `remark` says in words why a figure is
        missing.
    """
    names = [*design.names, *(name for name, _ in _others(design))]
    w = np.ones(treated.size) if weights is None else weights
    arms = [design.rows(arm) for arm in (treated, ~treated)]
    (before1, spread1), (before0, spread0) = (
        _moments(arm, np.ones(arm.columns.shape[0])) for arm in arms
    )
    after1, var1 = _moments(arms[0], w[treated])
    after0, var0 = _moments(arms[1], w[~treated])
    scale = np.sqrt(spread1 if estimand == "att" else (spread1 + spread0) / 2.0)
    binary = np.append(design.columns.binary(), np.ones(len(_others(design)), dtype=bool))
    ratio = np.where(binary, np.nan, _divide(var1, var0))
    return pd.DataFrame(
        {
            "covariate": names,
            "smd_before": _smd(before1 - before0, scale),
            "smd_after": _smd(after1 - after0, scale),
            "variance_ratio": ratio,
            "mean_treated_before": before1,
            "mean_comparison_before": before0,
            "mean_treated_after": after1,
            "mean_comparison_after": after0,
            "remark": _remarks(names, spread1, spread0, treated),
        },
        columns=list(COLUMNS),
    )


def _others(design: DesignMatrix) -> list[tuple[str, tuple[int, ...]]]:
    """Return the levels left out of categories of 3 or more, with the columns of the others."""
    return [(name, columns) for name, columns in design.left_out if len(columns) > 1]


def _moments(arm: DesignMatrix, w: Vector) -> tuple[Vector, Vector]:
    """Return weighted means and variances (with n - 1 when the weights are equal).

    Those of the columns, then those of the levels left out. The variance of a level follows from
    its mean, and is 0 where everyone holds it, or nobody, whatever the rounding of the mean.
    """
    X, share = arm.columns, w / w.sum()
    without = [~X.any_of(columns) for _, columns in _others(arm)]
    mean = np.append(share @ X, [float(share @ rows) for rows in without])
    sums = np.append(np.ones(w.size) @ X, [float(rows.sum()) for rows in without])
    variance = np.where((sums == 0.0) | (sums == w.size), 0.0, mean * (1.0 - mean))
    variance[X.place] = share @ (X.dense - mean[X.place]) ** 2
    correction = 1.0 - float(share @ share)
    return mean, variance / correction if correction > 0 else np.zeros_like(mean)


def _smd(difference: Vector, scale: Vector) -> Vector:
    """Divide, giving 0 to no difference at all and NaN where the scale is 0."""
    smd = _divide(difference, scale)
    smd[(scale == 0) & (np.abs(difference) < 1e-12)] = 0.0  # noqa: PLR2004
    return smd


def _divide(top: Vector, bottom: Vector) -> Vector:
    ratio = np.full(top.size, np.nan)
    np.divide(top, bottom, out=ratio, where=bottom > 0)
    return ratio


def _remarks(names: list[str], spread1: Vector, spread0: Vector, treated: BoolVector) -> list[str]:
    n1, n0 = int(treated.sum()), int((~treated).sum())
    remarks = []
    for name, s1, s0 in zip(names, spread1, spread0, strict=True):
        arms = [f"{n1} treated" if s1 == 0 else "", f"{n0} comparison" if s0 == 0 else ""]
        constant = " and the ".join(arm for arm in arms if arm)
        remarks.append(f"'{name}' is the same for all the {constant} persons" if constant else "")
    return remarks


@dataclass(frozen=True, slots=True, repr=False)
class Adjusted:
    """Weights of the two arms, and the balance they reach.

    Attributes:
        score: Propensity score, shape (n,), before clipping.
        weights: Shape (n,), for the estimand.
        clipped: Scores moved to the clipping bound.
        balance: One row per covariate, before and after.
    """

    score: Vector
    weights: Vector
    clipped: int
    balance: pd.DataFrame


@thin_products()
def adjust(
    comparison: Comparison, estimand: Estimand = "att", clip: float | None = None
) -> Adjusted:
    """Fit the propensity score on all rows and weight by it.

    Raises:
        EstimationError: Separation, or no convergence.
    """
    fitted = fit_propensity(comparison.design, comparison.treated, estimand)
    weights = score_weights(fitted.score, comparison.treated, estimand, clip)
    balance = balance_table(comparison.design, comparison.treated, weights.values, estimand)
    return Adjusted(fitted.score, weights.values, weights.clipped, balance)


def unadjusted(comparison: Comparison) -> Adjusted:
    """Return what a draw gives: the same weight for everybody, the balance as it is."""
    ones = np.ones(comparison.treated.size)
    score = np.full(ones.size, comparison.n_treated / max(ones.size, 1))
    balance = balance_table(comparison.design, comparison.treated, ones, "ate")
    return Adjusted(score, ones, 0, balance)


_LEVELS = {
    "true": "oui",
    "false": "non",
    "INCONNU": "inconnu au temps zéro",
    "(missing)": "inconnu, sans source",
    "EMPLOI_TERMINE": "emploi terminé le mois précédent",
    "SITUATION_TERMINEE": "autre situation terminée le mois précédent",
    "AUTRES": "autres",
}
_LISTS = {"situation_t0": "categorie"}


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """Return the labels of columns of a design (`niveau_diplome=BAC`) and of every outcome.

    Args:
        names: Names of covariates, or of the columns their levels became.
    """
    labels = {name: outcome.fr for name, outcome in OUTCOMES.items()}
    labels |= {name: covariate.fr for name, covariate in COVARIATES.items()}
    return labels | {name: _label(name) for name in names}


def _label(name: str) -> str:
    variable, _, level = name.partition("=")
    title = _title(variable)
    return f"{title} : {_level(variable, level)}" if level else title


def _title(variable: str) -> str:
    try:
        return label_of(variable)
    except ExtractError:
        return variable


def _level(variable: str, level: str) -> str:
    if variable == "departement":
        return territory_names()["departements"].get(level, level)
    lists = code_lists()
    known = lists.get(_LISTS.get(variable, variable))
    if known is not None and level in known.labels:
        return known.labels[level]
    return _LEVELS.get(level, level)
