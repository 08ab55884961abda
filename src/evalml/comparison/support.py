"""Who has a counterpart at all: levels held by one arm only, columns that separate the arms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.columns import Standardised
    from evalml.comparison.comparison import Design
    from evalml.comparison.packed import Packed

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


def find_support(design: Design, treated: BoolVector, among: BoolVector | None = None) -> Support:
    """Look for levels of 0/1 columns (and levels left out) that only one arm holds.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        among: Rows to look among; the rows reported are all those at the levels found.
    """
    counted = np.ones(treated.size, dtype=bool) if among is None else among
    n_total, n_total_treated = int(counted.sum()), int((counted & treated).sum())
    alone_treated = np.zeros(treated.size, dtype=bool)
    alone_comparison = np.zeros(treated.size, dtype=bool)
    treated_levels: list[str] = []
    comparison_levels: list[str] = []
    for level, n_all, n_treated, holds in _levels(design, counted, counted & treated):
        whole_arm = n_treated == n_total_treated == n_all or (
            n_treated == 0 and n_all == n_total - n_total_treated
        )
        if n_all == n_total or whole_arm:
            continue  # constant, or the treatment itself: `refuse_separated` speaks of that
        if n_all and n_treated == n_all:
            alone_treated |= holds()
            treated_levels.append(f"{level} ({_persons(n_treated)} treated)")
        elif n_all and n_treated == 0:
            alone_comparison |= holds()
            comparison_levels.append(f"{level} ({_persons(n_all)} comparison)")
    return Support(alone_treated, alone_comparison, tuple(treated_levels), tuple(comparison_levels))


def _persons(n: int) -> str:
    """Return a number of persons as an error may say it: a small one is a bound."""
    return str(n) if n >= FEW else f"fewer than {FEW}"


FEW = 11
"""Smallest count of persons that an error says."""


def refuse_separated(design: Design, treated: BoolVector) -> None:
    """Stop if the values of one column lie apart in the two arms.

    Raises:
        EstimationError: All treated lie above (or below) all the others, on the columns named.
    """
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
    held = np.ones(size) @ inside
    low, high = (held == size).astype(float), (held > 0).astype(float)
    low[X.place] = inside.dense.min(axis=0, initial=np.inf)
    high[X.place] = inside.dense.max(axis=0, initial=-np.inf)
    return low, high


def _levels(
    design: Design, counted: BoolVector, treated: BoolVector
) -> Iterator[tuple[str, int, int, Callable[[], BoolVector]]]:
    """Yield each level of each 0/1 column and each level left out.

    Args:
        design: Covariates, n rows.
        counted: Rows that count, shape (n,).
        treated: Those of them that are treated, shape (n,).

    Yields:
        The level, how many rows hold it, how many treated, and what says which rows do.
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
