"""From any table with one row per person to a Comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.comparison.comparison import (
    Comparison,
    DesignMatrix,
    Measure,
    hash_identifier,
    hash_rows,
)
from evalml.comparison.design import Missing, build_design, count_missing, refuse_missing
from evalml.errors import ColumnMissingError, DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, HashVector, IntVector, Vector


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """Where an outcome stands in the table and what it is.

    Attributes:
        column: Column of the table.
        outcome: Name of the outcome; the column's when empty.
        horizon_months: Months since time zero; None for a table without time.
        unit: Unit of the estimate.
        label: French label; the outcome's name when empty.
        channel: Who observes it: `declared`, `linked` or `table`.
    """

    column: str
    outcome: str = ""
    horizon_months: int | None = None
    unit: str = ""
    label: str = ""
    channel: str = "table"


def build_comparison(  # noqa: PLR0913
    frame: pd.DataFrame,
    *,
    treatment: str,
    measures: Sequence[MeasureSpec],
    covariates: Sequence[str],
    cluster: str | None = None,
    person: str | None = None,
    subgroups: Sequence[str] = (),
    strata: Sequence[str] = (),
    missing: Missing = "refuse",
) -> Comparison:
    """Read two arms from a person-level table.

    Args:
        frame: One row per person (or per person and trial); it is not changed.
        treatment: Column of 0 and 1, or of booleans; both arms must be there.
        measures: The outcomes; a missing value means that it was not observed.
        covariates: Columns known at time zero: numbers, booleans or text.
        cluster: Column of the clusters for the variance (the mission locale).
        person: Column of the person's identifier; without it, rows are told apart by content.
        subgroups: Columns whose values define subgroups.
        strata: Columns on which matched persons may have to be equal, such as the trial's month.
        missing: What to do with missing covariates: `refuse`, `category` or `drop`.

    Returns:
        The comparison, with a note on each column or row left out.

    Raises:
        ColumnMissingError: A column named is not in the table.
        DataError: Missing covariates, treatment not 0/1, one arm empty, outcome not a number.
    """
    wanted = [treatment, *(m.column for m in measures), *covariates, *subgroups, *strata]
    _require(frame, [*wanted, *(c for c in (cluster, person) if c is not None)])
    distinct_roles(treatment, [m.column for m in measures], covariates)
    rows, notes = _without_missing(frame, list(dict.fromkeys(covariates)), missing)
    described = rows[list(dict.fromkeys(covariates))].reset_index(drop=True)
    design, left_out = build_design(described)
    treated = _arms(rows[treatment])
    built = tuple(_measure(rows, spec) for spec in measures)
    return Comparison(
        treated=treated,
        measures=built,
        covariates=described,
        design=design,
        cluster=None if cluster is None else _codes(rows[cluster]),
        person=_hashes(rows, person, design, treated, built),
        subgroups=rows[list(subgroups)].reset_index(drop=True),
        notes=(*notes, *left_out),
        strata=rows[list(dict.fromkeys(strata))].reset_index(drop=True) if strata else None,
    )


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    present = [str(c) for c in frame.columns]
    repeated = next((name for name in names if present.count(name) > 1), None)
    if repeated is not None:
        message = f"the table has two columns called '{repeated}'; rename one of them"
        raise DataError(message)
    absent = [name for name in names if name not in present]
    if absent:
        message = f"the table has no column '{absent[0]}'; {nearest(absent[0], present)}"
        raise ColumnMissingError(message)


def distinct_roles(treatment: str, outcomes: Sequence[str], covariates: Sequence[str]) -> None:
    """Refuse a column that is the treatment, an outcome or a covariate at once.

    Raises:
        DataError: Names the column and its two roles.
    """
    for name in covariates:
        if name == treatment or name in outcomes:
            role = "treatment" if name == treatment else "outcome"
            message = (
                f"column '{name}' is both a covariate and the {role}; take it off the covariates"
            )
            raise DataError(message)
    if treatment in outcomes:
        message = f"column '{treatment}' is both the treatment and an outcome; name another outcome"
        raise DataError(message)


def _without_missing(
    frame: pd.DataFrame, covariates: list[str], missing: Missing
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    described = frame[covariates]
    if missing == "refuse":
        refuse_missing(described)
        return frame, ()
    counts = count_missing(described)
    if missing == "category":
        return frame, tuple(
            f"covariate '{name}': {count} missing rows made a category of their own"
            for name, count in counts.items()
        )
    complete = described.notna().all(axis=1).to_numpy()
    lost = int((~complete).sum())
    note = (f"{lost} rows of {len(frame)} dropped: a covariate is missing",) if lost else ()
    return frame.loc[complete], note


def _arms(column: pd.Series) -> BoolVector:
    name = column.name
    if column.isna().any():
        raise DataError(_absent("treatment", column))
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        message = f"treatment '{name}' is text; recode it as 1 (treated) and 0 (comparison)"
        raise DataError(message)
    values = column.to_numpy(dtype=np.float64)
    other = int((~np.isin(values, (0.0, 1.0))).sum())
    if other:
        message = f"treatment '{name}' is neither 0 nor 1 in {other} rows; recode it as 1 and 0"
        raise DataError(message)
    treated: BoolVector = np.asarray(values == 1.0)
    if treated.all() or not treated.any():
        found = f"{int(treated.sum())} treated of {treated.size} rows"
        message = f"treatment '{name}': {found}; both arms are needed"
        raise DataError(message)
    return treated


def _measure(rows: pd.DataFrame, spec: MeasureSpec) -> Measure:
    column = rows[spec.column]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        message = f"outcome '{spec.column}' is not a number; recode it"
        raise DataError(message)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        found = int(np.isinf(values).sum())
        message = f"outcome '{spec.column}' has {found} infinite values; correct them"
        raise DataError(message)
    outcome = spec.outcome or spec.column
    return Measure(
        outcome, spec.horizon_months, values, spec.unit, spec.label or outcome, spec.channel
    )


def _codes(column: pd.Series) -> IntVector:
    if column.isna().any():
        raise DataError(_absent("cluster", column))
    codes, _ = pd.factorize(column, sort=True)
    return np.asarray(codes, dtype=np.int64)


def _absent(role: str, column: pd.Series) -> str:
    count = int(column.isna().sum())
    return f"{role} '{column.name}' is missing in {count} rows; complete or exclude them"


def _hashes(
    rows: pd.DataFrame,
    person: str | None,
    design: DesignMatrix,
    treated: BoolVector,
    measures: Sequence[Measure],
) -> HashVector:
    if person is None:
        outcomes: list[Vector] = [m.values for m in measures]
        stacked = np.column_stack(outcomes) if outcomes else np.empty((treated.size, 0))
        return hash_rows(design.matrix, treated.astype(float), stacked)
    if rows[person].isna().any():
        raise DataError(_absent("identifier", rows[person]))
    return hash_identifier(rows[person])


@dataclass(frozen=True, slots=True, repr=False)
class CrossSection:
    """One treated group, two comparison groups.

    Attributes:
        experiment: Treated against those the draw left out; its difference in means is the answer.
        observational: The same treated against persons of another source.
    """

    experiment: Comparison
    observational: Comparison

    def __repr__(self) -> str:
        """Give counts only."""
        return f"CrossSection(experiment={self.experiment!r}, observational={self.observational!r})"


def cross_section(
    experiment: pd.DataFrame,
    pool: pd.DataFrame,
    *,
    treatment: str,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    unit: str,
) -> CrossSection:
    """Compare the treated of `experiment` with its own controls, then with those of `pool`.

    Args:
        experiment: Both arms of the experiment.
        pool: Persons of another source; those untreated are used.
        treatment: Column of 0 and 1, in both tables.
        outcomes: Outcome columns.
        covariates: Covariate columns.
        unit: Unit of the outcomes.

    Raises:
        ColumnMissingError: A column is missing.
        DataError: A covariate is missing, or an arm is empty.
    """
    specs = [MeasureSpec(column=name, unit=unit) for name in outcomes]
    treated = experiment[experiment[treatment] == 1]
    others = pool[pool[treatment] == 0]
    columns = [treatment, *outcomes, *covariates]
    stacked = pd.concat([treated[columns], others[columns]], ignore_index=True)
    return CrossSection(
        *(
            build_comparison(frame, treatment=treatment, measures=specs, covariates=covariates)
            for frame in (experiment, stacked)
        )
    )
