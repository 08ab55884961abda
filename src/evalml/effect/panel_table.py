"""A long table of units and periods, checked once and laid out as matrices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from evalml.effect.panel_columns import (
    Missing,
    PanelColumns,
    codes_of,
    complete_rows,
    counts_months,
    covariate_terms,
    first_treated_of,
    need_columns,
    numbers_of,
    periods_of,
    weights_of,
)
from evalml.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evalml.arrays import AnyVector, BoolVector, IntVector, Matrix, Vector
    from evalml.effect.nuisance import Terms

    BoolMatrix: TypeAlias = NDArray[np.bool_]

Unbalanced: TypeAlias = Literal["refuse", "drop", "keep"]
"""What happens to a unit that is not seen in every period (`keep`: for regressions only)."""


@dataclass(frozen=True, slots=True, repr=False)
class PanelTable:
    """A balanced panel of n units and T periods; units sorted by first treated period.

    Attributes:
        outcome: Shape (T, n).
        periods: Shape (T,), increasing.
        first_treated: Shape (n,), increasing, infinite for never.
        covariates: Shape (T, n, p), without the constant; T is 1 when none moves in time.
        terms: Names of the p covariates.
        weights: Shape (n,), of mean one.
        cluster: Codes of the clusters, shape (n,), or None: each unit its own.
        extra: Further matrices by name, each of shape (T, n).
        seen: Which units are seen when, shape (T, n), or None: all always. What is not seen is 0.
        counts: What was read and what was dropped, ready for JSON.
    """

    outcome: Matrix
    periods: Vector
    first_treated: Vector
    covariates: NDArray[np.float64]
    terms: Terms
    weights: Vector
    cluster: IntVector | None
    extra: dict[str, Matrix] = field(default_factory=dict)
    seen: BoolMatrix | None = None
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.first_treated.size)

    def __repr__(self) -> str:
        """Give the size only."""
        return f"PanelTable({self.n_units} units x {self.periods.size} periods)"


@dataclass(frozen=True, slots=True, repr=False)
class CrossSections:
    """Repeated cross-sections: N rows, each seen once.

    Attributes:
        outcome: Shape (N,).
        time: Period of each row, shape (N,).
        first_treated: Shape (N,), infinite for never.
        covariates: Shape (N, p), without the constant.
        terms: Names of the p covariates.
        weights: Shape (N,), of mean one.
        cluster: Codes of the clusters, shape (N,), or None.
        extra: Further columns by name, each of shape (N,).
        counts: What was read and what was dropped, ready for JSON.
    """

    outcome: Vector
    time: Vector
    first_treated: Vector
    covariates: Matrix
    terms: Terms
    weights: Vector
    cluster: IntVector | None
    extra: dict[str, Vector] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Give the size only."""
        return f"CrossSections({self.outcome.size} rows x {np.unique(self.time).size} periods)"


def read_sections(
    table: pd.DataFrame, columns: PanelColumns, *, missing: Missing = "refuse"
) -> CrossSections:
    """Return the rows of `table` as arrays, checked.

    Args:
        table: Long table.
        columns: Which column is what.
        missing: Refuse missing values, or drop (and count) the rows that hold one.

    Raises:
        ColumnMissingError: A column is not in the table.
        DataError: Missing values while `missing` is `refuse`, text where numbers are needed,
            weights that are not positive.
    """
    need_columns(table, columns.used())
    kept, dropped = complete_rows(table[columns.used()], columns, missing)
    covariates, terms = covariate_terms(kept[list(columns.covariates)])
    months = counts_months(kept[columns.time])
    outcome, rows = numbers_of(kept[columns.outcome]), len(kept)
    if (outcome == outcome[0]).all():
        raise DataError(
            f"the outcome '{columns.outcome}' is the same in all rows: no effect to find"
        )
    return CrossSections(
        outcome=outcome,
        time=periods_of(kept[columns.time], months=months),
        first_treated=first_treated_of(kept, columns, months=months),
        covariates=covariates,
        terms=terms,
        weights=weights_of(kept, columns),
        cluster=codes_of(kept[columns.cluster]) if columns.cluster else None,
        extra={name: numbers_of(kept[name]) for name in columns.extra},
        counts={
            "rows_read": len(table),
            "rows_dropped_missing": dropped,
            "rows_used": rows,
            "time_unit": "months (year * 12 + month - 1)" if months else "as given",
        },
    )


def read_panel(
    table: pd.DataFrame,
    columns: PanelColumns,
    *,
    missing: Missing = "refuse",
    unbalanced: Unbalanced = "refuse",
) -> PanelTable:
    """Return the panel in `table` as matrices, checked.

    Args:
        table: Long table, rows in any order.
        columns: Which column is what; `unit` must be named.
        missing: Refuse missing values, or drop the rows that hold one.
        unbalanced: Refuse units that are not seen in every period, drop them, or keep them (for
            two-way fixed effects, which need no balance).

    Raises:
        ColumnMissingError: A column is not in the table.
        DataError: A unit appears twice in a period, is not seen in every period, or changes its
            first treated period, weight or cluster over time.
    """
    rows = read_sections(table, columns, missing=missing)
    kept = (
        table
        if not rows.counts["rows_dropped_missing"]
        else complete_rows(table[columns.used()], columns, missing)[0]
    )
    unit = codes_of(kept[columns.unit])
    periods, period = np.unique(rows.time, return_inverse=True)
    present = np.bincount(unit * periods.size + period, minlength=(unit.max() + 1) * periods.size)
    _refuse_duplicates(present)
    whole = present.reshape(-1, periods.size).min(axis=1) > 0
    if unbalanced == "keep":
        seen = None if whole.all() else present.reshape(-1, periods.size).T > 0
        return _lay_out(rows, unit, period.astype(np.int64), periods, np.ones_like(whole), seen)
    _refuse_unbalanced(whole, periods.size, unbalanced)
    return _lay_out(rows, unit, period.astype(np.int64), periods, whole)


def _lay_out(
    rows: CrossSections,
    unit: IntVector,
    period: IntVector,
    periods: Vector,
    whole: BoolVector,
    seen: BoolMatrix | None = None,
) -> PanelTable:
    """Scatter rows into (period, unit) matrices; units by first treated period, then by name."""
    n, length = int(whole.sum()), periods.size
    keep = whole[unit]
    everyone = bool(keep.all())
    rank = np.cumsum(whole) - 1
    place = period * n + rank[unit]
    place = place if everyone else place[keep]

    def scatter(values: AnyVector) -> AnyVector:
        new = np.empty if seen is None else np.zeros
        out = new((length * n, *values.shape[1:]), dtype=values.dtype)
        out[place] = values if everyone else values[keep]
        return out.reshape(length, n, *values.shape[1:])

    first = _constant(rows.first_treated, unit, "first treated period")[whole]
    order = np.argsort(first, kind="stable")
    weights = _constant(rows.weights, unit, "weight")[whole][order]
    groups = (
        None if rows.cluster is None else _constant(rows.cluster, unit, "cluster")[whole][order]
    )
    counts = rows.counts | {
        "units": n,
        "periods": length,
        "units_dropped_unbalanced": int(whole.size - n),
    }
    return PanelTable(
        outcome=np.ascontiguousarray(scatter(rows.outcome)[:, order]),
        periods=periods,
        first_treated=first[order],
        covariates=_squeeze(scatter(rows.covariates)[:, order]),
        terms=rows.terms,
        weights=weights / weights.mean(),
        cluster=None if groups is None else np.unique(groups, return_inverse=True)[1],
        extra={k: np.ascontiguousarray(scatter(v)[:, order]) for k, v in rows.extra.items()},
        seen=None if seen is None else np.ascontiguousarray(seen[:, order]),
        counts=counts,
    )


def _constant(values: AnyVector, unit: IntVector, what: str) -> AnyVector:
    """Return the value that all rows of a unit share, by unit."""
    out = np.empty(int(unit.max()) + 1, dtype=values.dtype)
    out[unit] = values
    moving = np.unique(unit[out[unit] != values]).size
    if moving:
        raise DataError(f"{moving} units change their {what} over time; it must be one per unit")
    return out


def _squeeze(covariates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep one period when no covariate moves."""
    constant = bool((covariates == covariates[:1]).all())
    return np.ascontiguousarray(covariates[:1] if constant else covariates)


def _refuse_duplicates(present: IntVector) -> None:
    twice = int((present > 1).sum())
    if twice:
        raise DataError(
            f"{twice} pairs of unit and period appear more than once; keep one row each"
        )


def _refuse_unbalanced(whole: BoolVector, periods: int, unbalanced: Unbalanced) -> None:
    gaps = int((~whole).sum())
    if gaps and (unbalanced == "refuse" or gaps == whole.size):
        raise DataError(
            f"{gaps} of {whole.size} units are not seen in all {periods} periods; "
            "complete the panel, drop these units, or treat the rows as repeated cross-sections"
        )
