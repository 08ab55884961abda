"""Where a source is linked to some persons only: do those linked tell how the others fared?

What both have in common is what they declared: if, characteristics being equal, the declared
employment of the linked differs from that of the others after time zero, being linked goes with
working, and the effect on the linked is no effect on all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr

from evalml.checks.check import Check
from evalml.checks.observation import known_share
from evalml.comparison.balance import balance_table
from evalml.comparison.design import build_design
from evalml.methods.regression import prepare_solver, standardise
from evalml.values import Estimate, Name, Number, PValue

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.arms import Trajectory
    from evalml.comparison.comparison import Comparison, DesignMatrix, Measure
    from evalml.values import Value

SMALLEST = 0.02
"""Gap in declared employment below which being linked is not said to go with working."""


def check_linkage(
    comparison: Comparison,
    measure: Measure,
    declared: Trajectory | None,
    thresholds: Thresholds,
) -> Check | None:
    """Judge whether those linked may stand for all; None where everybody is linked.

    Args:
        comparison: The two arms.
        measure: Outcome of the linked source, at its last horizon.
        declared: Declared employment month by month, rows in the order of the comparison.
        thresholds: `observation_gap`, `gate_alpha`.
    """
    if measure.linked is None or measure.linked.all():
        return None
    linked, treated = measure.linked, comparison.treated
    shares = [known_share(linked[arm]) for arm in (treated, ~treated)]
    apart, limit = abs(shares[0].value - shares[1].value), thresholds.observation_gap
    n = min(comparison.n_treated, comparison.n_comparison)
    values: dict[str, Value] = {
        "outcome": Name("outcome", measure.outcome),
        "treated": shares[0],
        "comparison": shares[1],
        "apart": Estimate(apart, "proportion", n),
        "limit": Number(limit, 1, "points"),
    }
    name, key = "linkage", measure.outcome
    if apart > limit or not linked.any():
        return Check(name, "arms", False, apart, limit, values, key)
    design = _of_both(comparison, linked)
    table = balance_table(design, linked, None, "ate")
    size = table["smd_before"].abs().fillna(0).to_numpy()
    worst = str(table["covariate"].iloc[int(size.argmax())])
    values |= {"smd": Number(float(size.max()), 2), "worst": Name("covariate", worst)}
    found = None if declared is None else declared_gap(comparison, linked, declared, design)
    if found is None:
        return Check(name, "unverified", None, apart, limit, values, key)
    gap, p = found
    values |= {"gap": Estimate(gap, "proportion", n), "p": PValue(p)}
    selected = p < thresholds.gate_alpha and abs(gap) > SMALLEST
    finding = "selected" if selected else "alike"
    return Check(name, finding, not selected, abs(gap), SMALLEST, values, key)


def _of_both(comparison: Comparison, linked: BoolVector) -> DesignMatrix:
    """Return the covariates known of the linked and of the others."""
    frame = comparison.covariates
    told = [name for name in frame if not frame[name][~linked].isna().all()]
    return build_design(frame[told])[0] if len(told) < frame.shape[1] else comparison.design


def declared_gap(
    comparison: Comparison, linked: BoolVector, declared: Trajectory, design: DesignMatrix
) -> tuple[float, float] | None:
    """Return how the declared employment of the linked differs after time zero, and its p-value.

    The mean over the months declared after time zero, on being linked, the arm and the covariates
    by least squares; errors clustered like those of the effects.
    """
    after = declared.values[:, declared.months > 0].astype(np.float64)
    months = (~np.isnan(after)).sum(axis=1)
    known = months > 0
    if min(int((known & part).sum()) for part in (linked, ~linked)) < 30:  # noqa: PLR2004
        return None
    y = np.nansum(after[known], axis=1) / months[known]
    X = np.asarray(standardise(design.rows(known).columns).Z)
    treated = comparison.treated[known]
    return _coefficient(
        y,
        np.column_stack([linked[known].astype(float), treated.astype(float), X]),
        comparison.cluster[known] if comparison.cluster is not None else None,
        comparison.person[known],
    )


def _coefficient(
    y: Vector, X: Matrix, cluster: IntVector | None, person: HashVector
) -> tuple[float, float]:
    """Return the first coefficient of least squares and its clustered p-value."""
    solver = prepare_solver(X.T @ X)
    beta = solver.solve(X.T @ y)
    first = solver.solve(np.eye(X.shape[1])[:, 0])
    scores = (X @ first) * (y - X @ beta)
    codes = np.unique(person if cluster is None else cluster, return_inverse=True)[1]
    sums = np.bincount(codes, weights=scores)
    groups = sums.size
    error = float(np.sqrt(sums @ sums * groups / max(groups - 1, 1)))
    if not error > 0:
        return float(beta[0]), 1.0
    return float(beta[0]), 2 * float(stdtr(max(groups - 1, 1), -abs(beta[0]) / error))
