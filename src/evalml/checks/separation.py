"""Does a covariate by itself decide who is treated?

A level found among the treated only (or a range of values) leaves those persons without anyone to
be compared with, whatever the method; it is named, with its number of persons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.values import Count, Counts, Name, Number, Share

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison, DesignMatrix
    from evalml.values import Values

NAMED = 3


def alone_by_column(design: DesignMatrix, treated: BoolVector) -> dict[str, int]:
    """Return, for each column that sets some treated persons apart, how many.

    A 0/1 column sets apart the treated of a level found in their arm only; any other column those
    whose value lies outside the range of the other arm, where the two ranges do not meet at all.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
    """
    X, binary = design.columns, design.columns.binary()
    ours, theirs = (arm.astype(float) @ X for arm in (treated, ~treated))
    n_ours, n_theirs = int(treated.sum()), int((~treated).sum())
    found = {}
    for j, name in enumerate(design.names):
        if binary[j]:
            found[name] = _alone(ours[j], theirs[j]) + _alone(
                n_ours - ours[j], n_theirs - theirs[j]
            )
        else:
            found[name] = int(set_apart(X.column(j), treated).sum())
    for name, columns in design.left_out:
        holds = ~X.any_of(columns)
        found[name] = _alone((holds & treated).sum(), (holds & ~treated).sum())
    return {name: apart for name, apart in found.items() if apart}


def _alone(ours: float, theirs: float) -> int:
    """Return how many treated hold a level that no comparison person does."""
    return int(ours) if theirs == 0 else 0


def set_apart(x: Vector, treated: BoolVector) -> BoolVector:
    """Return which treated persons nobody resembles on `x`, shape (n,)."""
    ours, theirs = x[treated], x[~treated]
    binary = np.isin(x, (0.0, 1.0)).all()
    if binary:
        levels = [v for v in (0.0, 1.0) if (ours == v).any() and not (theirs == v).any()]
        return np.asarray(treated & np.isin(x, levels), dtype=np.bool_)
    apart = ours.min() > theirs.max() or ours.max() < theirs.min()
    return treated.copy() if apart else np.zeros_like(treated)


def check_separation(comparison: Comparison, thresholds: Thresholds) -> Check:
    """Judge the largest share of the treated that one covariate sets apart.

    Args:
        comparison: The two arms.
        thresholds: `overlap`.
    """
    treated = comparison.treated
    if treated.all() or not treated.any() or not comparison.design.names:
        finding = "no_covariate" if treated.any() else "empty"
        return Check("separation", finding, None, None, None, {})
    alone = alone_by_column(comparison.design, treated)
    most, whole = max(alone.values(), default=0), comparison.n_treated
    value, limit = most / whole, thresholds.overlap
    worst = sorted(alone, key=lambda name: (-alone[name], name))[:NAMED]
    values: Values = {
        "apart": Counts(tuple((Name("covariate", n), Count(alone[n], whole)) for n in worst)),
        "share": Share(most, whole, value),
        "limit": Number(limit, 1, "percent"),
    }
    finding = "apart" if alone else "none"
    return Check("separation", finding, value <= limit, value, limit, values)
