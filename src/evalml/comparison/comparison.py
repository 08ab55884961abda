"""Who is compared with whom: the person-level table that every estimator reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.methods.design_matrix import Packed, pack

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def hash_identifier(column: pd.Series) -> HashVector:
    """Return a 64-bit hash of each identifier, the same on every machine."""
    values = column.to_numpy(dtype=object)
    return np.asarray(pd.util.hash_array(values, categorize=True), dtype=np.uint64)


def hash_rows(X: Matrix, treated: Vector, outcomes: Matrix) -> HashVector:
    """Return a hash of what a row holds, for a table without identifiers.

    It rests on treatment and covariates; rows alike in both are numbered by their outcomes, so
    that neither the order of rows nor a constant added to an outcome changes anything.

    `X`: covariates, shape (n, p); `treated`: 0 or 1, shape (n,); `outcomes`: shape (n, k), NaN
    allowed.
    """
    combined = mix(pd.util.hash_array(np.ascontiguousarray(treated, dtype=np.float64)), 0)
    combined = mix(combined ^ hash_columns(X), 1)
    return mix(combined + _occurrence(combined, outcomes).astype(np.uint64), 0)


def mix(hashes: HashVector, seed: int) -> HashVector:
    """Scramble the hashes by a seed (the finaliser of SplitMix64), shape kept."""
    z = hashes + _GOLDEN * np.asarray([seed + 1], dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def _occurrence(hashes: HashVector, outcomes: Matrix) -> IntVector:
    """Number the rows that share a hash from 0, in the order of their outcomes."""
    order = np.lexsort((*outcomes.T[::-1], hashes))
    ordered = hashes[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1])) if ordered.size else ordered > 0
    position = np.arange(ordered.size)
    start = np.maximum.accumulate(np.where(first, position, 0))
    number = np.empty(ordered.size, dtype=np.int64)
    number[order] = position - start
    return number


def hash_columns(X: Matrix) -> HashVector:
    """Return a hash of each row of numbers: equal rows, equal hashes, shape (n,)."""
    combined = np.zeros(X.shape[0], dtype=np.uint64)
    for j in range(X.shape[1]):
        column = pd.util.hash_array(np.ascontiguousarray(X[:, j] + 0.0))
        combined = mix(combined ^ column, j + 1)
    return combined


@dataclass(frozen=True, slots=True, repr=False)
class Measure:
    """One outcome at one horizon.

    Attributes:
        outcome: Name in the catalogue (`emploi`) or of the column (`re78`).
        horizon_months: Months since time zero; None for a table without time.
        values: Shape (n,); NaN where the outcome was not observed. Never a zero for unknown.
        unit: Unit of the estimate, e.g. `proportion`, `months`, `dollars`.
        label: French label.
        channel: Who observes it: `declared`, `linked` or `table`.
        covered: Rows whose month the source covers, shape (n,); None for all of them.
        linked: Rows of persons whom the source is linked to, shape (n,); None for all of them.
        path: The outcome month by month, shape (n, K), NaN where unknown; None where the design
            does not look at the past.
        path_first: Months since time zero of its first column.
    """

    outcome: str
    horizon_months: int | None
    values: Vector
    unit: str
    label: str
    channel: str = "table"
    covered: BoolVector | None = None
    linked: BoolVector | None = None
    path: Matrix | None = None
    path_first: int = 0

    @property
    def key(self) -> str:
        """Name with the horizon as a suffix, such as `emploi_m12`."""
        return (
            self.outcome
            if self.horizon_months is None
            else f"{self.outcome}_m{self.horizon_months}"
        )

    @property
    def known(self) -> BoolVector:
        """Rows whose outcome is known, shape (n,)."""
        return ~np.isnan(self.values)

    @property
    def within(self) -> BoolVector:
        """Rows whose outcome the source could know: month covered, person linked, shape (n,)."""
        every = np.ones(self.values.size, dtype=bool)
        for mask in (self.covered, self.linked):
            every = every if mask is None else every & mask
        return every

    def take(self, rows: BoolVector | IntVector) -> Measure:
        """Return the same outcome of some rows."""
        covered = None if self.covered is None else self.covered[rows]
        linked = None if self.linked is None else self.linked[rows]
        path = None if self.path is None else self.path[rows]
        return replace(self, values=self.values[rows], covered=covered, linked=linked, path=path)

    def __repr__(self) -> str:
        """Say what is measured, and of how many, never the values."""
        return f"Measure({self.key}, n={self.values.size})"


@dataclass(frozen=True, slots=True, repr=False)
class DesignMatrix:
    """The design matrix of the covariates, without the constant.

    Attributes:
        columns: Shape (n, p), finite, categories as 0/1 columns (first level left out); a plain
            matrix may be given.
        names: The p column names, such as `age` or `diplome=BAC`.
        left_out: For each category, the name of its level left out and the columns of the others.
    """

    columns: Packed
    names: tuple[str, ...]
    left_out: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __post_init__(self) -> None:
        """Take a plain matrix as columns of numbers."""
        if not isinstance(self.columns, Packed):
            object.__setattr__(self, "columns", pack(self.columns))

    @property
    def matrix(self) -> Matrix:
        """All the numbers, shape (n, p): made anew at each call, large where the study is."""
        return np.asarray(self.columns)

    def rows(self, chosen: BoolVector | IntVector | slice) -> DesignMatrix:
        """Return the same columns for the chosen rows."""
        return DesignMatrix(self.columns[chosen], self.names, self.left_out)

    def __repr__(self) -> str:
        """Give the size only."""
        return f"Design(n={self.columns.shape[0]}, p={self.columns.shape[1]})"


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two arms, in memory.

    Attributes:
        treated: Shape (n,), True in the treated arm.
        measures: The outcomes to compare.
        covariates: n rows, as described (text stays text): for balance tables and exact strata.
        design: The same covariates as numbers.
        cluster: Codes of the clusters (missions locales), shape (n,), or None.
        person: Hash of the person, shape (n,): folds, ties and bootstrap weights follow it.
        subgroups: n rows, one column per declared subgroup variable.
        notes: What was left out on the way (constant or repeated columns, rows), with counts.
        strata: n rows, further columns on which matched persons may have to be equal (the month
            of the trial), or None.
        instrument: What moves entry and nothing else, shape (n,), or None.
        delay: Months from time zero to the entry, where the treatment is an offer that may not be
            taken up, shape (n,), or None.
    """

    treated: BoolVector
    measures: tuple[Measure, ...]
    covariates: pd.DataFrame
    design: DesignMatrix
    cluster: IntVector | None
    person: HashVector
    subgroups: pd.DataFrame
    notes: tuple[str, ...] = ()
    strata: pd.DataFrame | None = None
    instrument: Vector | None = None
    delay: IntVector | None = None

    @property
    def n_treated(self) -> int:
        """Rows of the treated arm."""
        return int(self.treated.sum())

    @property
    def n_comparison(self) -> int:
        """Rows of the comparison arm."""
        return int((~self.treated).sum())

    def measure(self, key: str) -> Measure:
        """Return the measure called `key` (such as `emploi_m12`)."""
        return next(m for m in self.measures if m.key == key)

    def __repr__(self) -> str:
        """Give counts only: a comparison holds persons."""
        keys = ", ".join(m.key for m in self.measures)
        return (
            f"Comparison({self.n_treated} treated, {self.n_comparison} comparison, "
            f"{self.design.columns.shape[1]} columns, outcomes: {keys})"
        )
