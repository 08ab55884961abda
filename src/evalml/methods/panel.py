"""A long table of units and periods: its columns checked, laid out once as matrices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from evalml.errors import DataError, refuse_unknown
from evalml.methods.two_period import CovariateTerms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from evalml.arrays import AnyVector, BoolVector, IntVector, Matrix, Vector


_FIRST_MONTH, _LAST_MONTH = 190001, 209912
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
MissingRows: TypeAlias = Literal["refuse", "drop"]
"""A row with a missing value is refused (nothing is estimated), or dropped and counted."""


@dataclass(frozen=True, slots=True)
class PanelColumns:
    """The columns of a long table, one row per unit and period.

    Attributes:
        time: Period; whole numbers or ISO days (then months are counted).
        outcome: Outcome.
        first_treated: First treated period, in the unit of `time`; 0, empty or infinite for never.
            Empty when the design does not need it.
        unit: Unit; empty for repeated cross-sections (each row another unit).
        covariates: Covariates; text becomes categories.
        weights: Sampling weights; empty for none.
        cluster: Clusters of the variance; empty for the unit itself.
        extra: Further numeric columns wanted as matrices (a treatment status, a take-up).
        zero_is_never: Whether a first treated period of 0 means never; otherwise only an empty or
            infinite one does.
    """

    time: str
    outcome: str
    first_treated: str = ""
    unit: str = ""
    covariates: tuple[str, ...] = ()
    weights: str = ""
    cluster: str = ""
    extra: tuple[str, ...] = ()
    zero_is_never: bool = True

    def used(self) -> list[str]:
        """Return the columns that are read, once each."""
        named = (self.unit, self.time, self.outcome, self.first_treated, self.weights, self.cluster)
        return list(dict.fromkeys(c for c in (*named, *self.covariates, *self.extra) if c))


def covariate_matrix(covariates: pd.DataFrame) -> tuple[Matrix, tuple[str, ...]]:
    """Return covariates as numbers, categories as 0/1 columns without their first level."""
    X, terms = covariate_terms(covariates)
    return X, terms.names


def covariate_terms(covariates: pd.DataFrame) -> tuple[Matrix, CovariateTerms]:
    """Return covariates as numbers, as `covariate_matrix`, with their names and references."""
    blocks: list[Matrix] = []
    names: list[str] = []
    references: list[str] = []
    for name in covariates.columns:
        values = covariates[name]
        if pd.api.types.is_numeric_dtype(values):
            blocks.append(values.to_numpy(dtype=np.float64)[:, None])
            names.append(str(name))
            references.append("")
            continue
        levels, codes = np.unique(values.astype(str).to_numpy(), return_inverse=True)
        blocks.append((codes[:, None] == np.arange(1, levels.size)).astype(np.float64))
        names += [f"{name}={level}" for level in levels[1:]]
        references += [f"{name}={levels[0]}"] * (levels.size - 1)
    empty = np.empty((len(covariates), 0), dtype=np.float64)
    return np.hstack(blocks) if blocks else empty, CovariateTerms(tuple(names), tuple(references))


def need_columns(table: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse a table that lacks a column, or has no row."""
    refuse_unknown(names, [str(c) for c in table.columns])
    if table.empty:
        raise DataError("the table has no row; nothing can be estimated")


def complete_rows(
    table: pd.DataFrame, columns: PanelColumns, missing: MissingRows
) -> tuple[pd.DataFrame, int]:
    """Return the complete rows and the number left out; an empty first period means never."""
    may_lack = [columns.first_treated] if columns.first_treated else []
    return drop_incomplete(table, missing, may_lack)


def drop_incomplete(
    table: pd.DataFrame, missing: MissingRows, may_lack: Sequence[str] = ()
) -> tuple[pd.DataFrame, int]:
    """Return the complete rows and the number left out, or refuse holes, `may_lack` apart."""
    holes = table.drop(columns=list(may_lack)).isna()
    if not holes.to_numpy().any():
        return table, 0
    if missing == "refuse":
        which = ", ".join(f"{name} ({int(k)})" for name, k in holes.sum().items() if k)
        raise DataError(f"missing values in {which}; complete them, or ask for them to be dropped")
    bad = holes.any(axis=1)
    if bad.all():
        raise DataError("every row holds a missing value; nothing is left to estimate")
    return table[~bad], int(bad.sum())


def numbers_of(values: pd.Series[Any]) -> Vector:
    """Return a column as finite real numbers."""
    try:
        numbers = values.to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"column '{values.name}' holds text where numbers are needed") from None
    if not np.isfinite(numbers).all():
        raise DataError(f"column '{values.name}' holds infinite values; remove or recode them")
    return numbers


def counts_months(values: pd.Series[Any]) -> bool:
    """Tell whether periods are calendar months: ISO days, or numbers such as 202403.

    Numbers such as 202312 and 202401 are one month apart, not 89: left as they are, they would
    shift every event time.
    """
    if not pd.api.types.is_numeric_dtype(values):
        return True
    known = values.dropna().to_numpy(dtype=np.float64)
    month = known % 100
    in_range = (known >= _FIRST_MONTH) & (known <= _LAST_MONTH) & (month >= 1) & (month <= 12)  # noqa: PLR2004
    return bool(known.size and in_range.all())


def periods_of(values: pd.Series[Any], *, months: bool) -> Vector:
    """Return periods as numbers; calendar months become year * 12 + month - 1.

    `values`: numbers, ISO days, or numbers such as 202403; `months`: whether they are calendar
    months (`counts_months` of the period column).
    """
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers // 100 * 12 + numbers % 100 - 1 if months else numbers
    days = pd.to_datetime(values, format="ISO8601", errors="coerce")
    if not months or days.isna().to_numpy().sum() > values.isna().to_numpy().sum():
        raise DataError(f"column '{values.name}' is neither a number nor an ISO day")
    number = days.dt.year * 12 + days.dt.month - 1
    return np.asarray(number.to_numpy(dtype=np.float64), dtype=np.float64)


def first_treated_of(table: pd.DataFrame, columns: PanelColumns, *, months: bool) -> Vector:
    """Return the first treated period, infinite for never (0, empty or already infinite)."""
    if not columns.first_treated:
        return np.full(len(table), np.inf)
    column = table[columns.first_treated]
    if pd.api.types.is_numeric_dtype(column):
        column = column.astype(np.float64).replace(np.inf, np.nan)
    else:
        column = column.mask(column.isin(["", "0"]))
    _refuse_units(table[columns.time], column, columns)
    if pd.api.types.is_numeric_dtype(column):
        column = _without_zeros(table[columns.time], column, columns)
    first = periods_of(column, months=months).copy()
    first[np.isnan(first)] = np.inf
    return first


def _without_zeros(
    time: pd.Series[Any], first: pd.Series[Any], columns: PanelColumns
) -> pd.Series[Any]:
    """Return first treated periods in which 0 is missing, where it means never."""
    begins = float(time.min()) if pd.api.types.is_numeric_dtype(time) else 1.0
    name = columns.first_treated
    if begins > 0 and (first < 0).any():
        raise DataError(f"column '{name}' holds negative periods; write 0 for never")
    if not columns.zero_is_never:
        return first
    if begins <= 0 and (first == 0).any():
        raise DataError(
            f"column '{name}' holds 0 on a clock that starts at {begins:g}: 0 is a period or means "
            "never; add --never 0, or --never empty if only empty cells do"
        )
    return first.replace(0.0, np.nan)


def _refuse_units(time: pd.Series[Any], first: pd.Series[Any], columns: PanelColumns) -> None:
    """Refuse periods and first treated periods that are not in one unit.

    A first treated period after the last one (9999) means never here, in any unit.
    """
    first, later = first[first != 0], False
    if pd.api.types.is_numeric_dtype(time) and pd.api.types.is_numeric_dtype(first):
        within = first[first <= time.max()]
        later = not len(within)
        first = first if later else within
    mine, other = unit_of(time), unit_of(first)
    one_clock = not other or mine == other or (mine, other, later) == ("numbers", "years", False)
    if one_clock or (later and other == "numbers"):
        return
    raise DataError(
        f"'{columns.time}' is in {_UNITS[mine]} and '{columns.first_treated}' in {_UNITS[other]}; "
        "write both in one unit"
    )


_UNITS = {
    "days": "days (2024-03-01)",
    "months": "months (202403)",
    "years": "years (2024)",
    "numbers": "numbers",
}


def unit_of(values: pd.Series[Any]) -> str:
    """Return what periods are written as: days, months, years or numbers; empty without values."""
    known = values.dropna()
    if not len(known):
        return ""
    if not pd.api.types.is_numeric_dtype(values):
        return "days"
    if counts_months(values):
        return "months"
    numbers = known.to_numpy(dtype=np.float64)
    years = (numbers >= _FIRST_YEAR) & (numbers <= _LAST_YEAR) & (numbers == np.rint(numbers))
    return "years" if years.all() else "numbers"


def weights_of(table: pd.DataFrame, columns: PanelColumns) -> Vector:
    """Return weights of mean one."""
    if not columns.weights:
        return np.ones(len(table))
    weights = positive_weights(table[columns.weights])
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def positive_weights(values: pd.Series[Any]) -> Vector:
    """Return weights as they are."""
    weights = numbers_of(values)
    wrong = int((weights <= 0).sum())
    if wrong:
        raise DataError(
            f"{wrong} weights of column '{values.name}' are zero or negative; leave those rows out"
        )
    return weights


def codes_of(values: pd.Series[Any]) -> IntVector:
    """Return 0, 1, … in the order of the sorted values, so that row order does not matter."""
    codes, _ = pd.factorize(values, sort=True)
    return codes.astype(np.int64)


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
    terms: CovariateTerms
    weights: Vector
    cluster: IntVector | None
    extra: dict[str, Matrix] = field(default_factory=dict)
    seen: BoolVector | None = None
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.first_treated.size)


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
    terms: CovariateTerms
    weights: Vector
    cluster: IntVector | None
    extra: dict[str, Vector] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)


def read_sections(
    table: pd.DataFrame, columns: PanelColumns, *, missing: MissingRows = "refuse"
) -> CrossSections:
    """Return the rows of `table` as arrays, checked.

    `missing`: refuse missing values, or drop (and count) the rows that hold one.
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
    missing: MissingRows = "refuse",
    unbalanced: Unbalanced = "refuse",
) -> PanelTable:
    """Return the panel in `table` as matrices, checked.

    `columns`: which column is what; `unit` must be named; `missing`: refuse missing values, or drop
    the rows that hold one; `unbalanced`: refuse units that are not seen in every period, drop them,
    or keep them (for two-way fixed effects, which need no balance).
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
    seen: BoolVector | None = None,
) -> PanelTable:
    """Scatter rows into (period, unit) matrices; units by first treated period, then by name."""
    n, length = int(whole.sum()), periods.size
    in_sample = whole[unit]
    everyone = bool(in_sample.all())
    rank = np.cumsum(whole) - 1
    place = period * n + rank[unit]
    place = place if everyone else place[in_sample]

    def scatter(values: AnyVector) -> AnyVector:
        new = np.empty if seen is None else np.zeros
        out = new((length * n, *values.shape[1:]), dtype=values.dtype)
        out[place] = values if everyone else values[in_sample]
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
