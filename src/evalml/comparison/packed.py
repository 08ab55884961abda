"""Columns held as they were described: the level of each row for a category, numbers as they are.

Twenty covariates of three million persons make a hundred and fifty columns of numbers, most of them
0: four gigabytes, and as much again for each copy. As levels they take a byte a row and covariate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evalml.comparison.levels import Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, IntVector, Matrix, Vector

ROWS = 1 << 15
"""Rows treated at a time: a category's levels and the results stay in the processor's cache."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Packed:
    """A matrix of n rows and p columns: some held as numbers, the others as levels.

    A column made from a level is (1 where the row holds it, else 0, less `centre`) over `scale`.

    Attributes:
        dense: Columns held as numbers, as they are, shape (n, k).
        place: Their places, shape (k,).
        groups: The categories.
        centre: Shape (p,); 0 for columns held as numbers.
        scale: Shape (p,); 1 for columns held as numbers.
    """

    dense: Matrix
    place: IntVector
    groups: tuple[Group, ...]
    centre: Vector
    scale: Vector

    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.dense.shape[0], self.centre.size

    def __getitem__(self, rows: slice | BoolVector | IntVector) -> Packed:
        """Return some rows: a slice copies nothing."""
        groups = tuple(Group(g.codes[rows], g.columns) for g in self.groups)
        return replace(self, dense=self.dense[rows], groups=groups)

    def __matmul__(self, b: Matrix) -> Matrix:
        """Return X b, shape (n,) or (n, m), for b of shape (p,) or (p, m)."""
        share = b / (self.scale if b.ndim == 1 else self.scale[:, None])
        found: Matrix = self.dense @ b[self.place]
        found -= self.centre @ share
        tables = [(g.codes, g.spread(share)) for g in self.groups]
        for rows in slices(found.shape[0], ROWS):
            part = found[rows]
            for codes, table in tables:
                part += table.take(codes[rows], axis=0)
        return found

    def __rmatmul__(self, v: Matrix) -> Matrix:
        """Return v X, shape (p,) or (m, p), for v of shape (n,) or (m, n)."""
        if v.ndim == 2:  # noqa: PLR2004
            return np.stack([row @ self for row in v]) if len(v) else np.empty((0, self.shape[1]))
        found = self._of_levels([g.sums(v) for g in self.groups], float(v.sum()))
        found[self.place] = v @ self.dense
        return found

    def _of_levels(self, sums: Sequence[Vector], total: float) -> Vector:
        """Return the sums of the columns made from levels, shape (p,), 0 for the others."""
        found = np.zeros(self.shape[1])
        for g, own in zip(self.groups, sums, strict=True):
            found += g.by_column(own, self.shape[1])
        return np.asarray((found - self.centre * total) / self.scale)

    def sums_by(self, v: Vector, part: IntVector, parts: int) -> Matrix:
        """Return v X over the rows of each part: shape (parts, p).

        Args:
            v: Shape (n,).
            part: Part of each row, shape (n,).
            parts: How many.
        """
        found = np.empty((parts, self.shape[1]))
        totals = np.bincount(part, v, minlength=parts)
        tables = []
        for g in self.groups:
            size = len(g.columns)
            at = g.codes * np.int64(parts) + part
            sums: Vector = np.bincount(at, v, minlength=size * parts).astype(np.float64)
            tables.append(sums.reshape(size, parts))
        for k in range(parts):
            found[k] = self._of_levels([table[:, k] for table in tables], float(totals[k]))
            found[k, self.place] = np.where(part == k, v, 0.0) @ self.dense
        return found

    def times_own(self, b: Matrix, part: IntVector) -> Vector:
        """Return for each row its product with the column of b, shape (p, K), of its part."""
        share = b / self.scale[:, None]
        tables = [(g.codes, g.spread(share)) for g in self.groups]
        numbers = np.ascontiguousarray(b[self.place].T)
        found = -(self.centre @ share)[part]
        for rows in slices(found.size, ROWS):
            own, some = part[rows], found[rows]
            some += np.einsum("ij,ij->i", self.dense[rows], numbers[own])
            for codes, table in tables:
                some += table.reshape(-1).take(codes[rows] * np.int64(b.shape[1]) + own)
        return found

    def __array__(self, dtype: Any = None, copy: Any = None) -> Matrix:
        """Return all the numbers, shape (n, p)."""
        del copy
        full = np.empty(self.shape, dtype=dtype or np.float64)
        base = -self.centre / self.scale
        full[:] = base
        full[:, self.place] = self.dense
        row = np.arange(self.shape[0])
        for g in self.groups:
            for columns in g.columns.T:
                at = columns[g.codes]
                held = at >= 0
                full[row[held], at[held]] = ((1.0 - self.centre) / self.scale)[at[held]]
        return full

    def column(self, j: int) -> Vector:
        """Return one column, shape (n,)."""
        (held,) = np.nonzero(self.place == j)
        if held.size:
            found: Vector = self.dense[:, held[0]]
            return found
        for g in self.groups:
            holds = (g.columns == j).any(axis=1)
            if holds.any():
                one: Vector = holds[g.codes].astype(np.float64)
                return np.asarray((one - self.centre[j]) / self.scale[j])
        return np.full(self.shape[0], -self.centre[j] / self.scale[j])

    def take(self, kept: IntVector) -> Packed:
        """Return some columns, in the order given."""
        new = np.full(self.shape[1] + 1, -1, dtype=np.int64)
        new[kept] = np.arange(len(kept))
        dense = np.flatnonzero(new[self.place] >= 0)
        groups = tuple(g.renumbered(new[g.columns]) for g in self.groups)
        return Packed(
            self.dense if dense.size == self.place.size else self.dense[:, dense],
            new[self.place[dense]],
            tuple(g for g in groups if (g.columns >= 0).any()),
            self.centre[kept],
            self.scale[kept],
        )

    def combine(self, b: Vector) -> Vector:
        """Return X b, rows that are equal giving exactly equal numbers, shape (n,).

        A product of matrices may round two equal rows differently.
        """
        of_levels = replace(self, dense=self.dense[:, :0], place=self.place[:0])
        found = of_levels @ b
        for k, j in enumerate(self.place):
            found += self.dense[:, k] * b[j]
        return np.asarray(found)

    def any_of(self, columns: Sequence[int]) -> BoolVector:
        """Return which rows hold one of the levels that some columns stand for, shape (n,)."""
        found = np.zeros(self.shape[0], dtype=bool)
        for g in self.groups:
            among: BoolVector = np.asarray(np.isin(g.columns, columns).any(axis=1))
            if among.any():
                found |= among[g.codes]
        for k in np.flatnonzero(np.isin(self.place, columns)):
            found |= self.dense[:, k] != 0.0
        return found

    def binary(self) -> BoolVector:
        """Return which columns hold nothing but 0 and 1, before any scaling, shape (p,)."""
        found = np.ones(self.shape[1], dtype=bool)
        numbers = np.ones(self.place.size, dtype=bool)
        for rows in slices(self.shape[0], ROWS):
            block = self.dense[rows]
            numbers &= ((block == 0.0) | (block == 1.0)).all(axis=0)
        found[self.place] = numbers
        return found

    def less(self, centre: Vector) -> Packed:
        """Return the columns less a number each, shape (p,)."""
        moved = self.centre + centre * self.scale
        moved[self.place] = 0.0
        return replace(self, dense=self.dense - centre[self.place], centre=moved)

    def over(self, scale: Vector) -> Packed:
        """Return the columns divided by a number each, shape (p,)."""
        divided = self.scale * scale
        divided[self.place] = 1.0
        return replace(self, dense=self.dense / scale[self.place], scale=divided)

    def beside(self, first: Matrix) -> Packed:
        """Return columns of numbers, shape (n, m), and then these ones."""
        m = first.shape[1]
        groups = tuple(
            g.renumbered(np.where(g.columns >= 0, g.columns + m, -1)) for g in self.groups
        )
        return Packed(
            np.column_stack([first, self.dense]),
            np.concatenate([np.arange(m), self.place + m]),
            groups,
            np.concatenate([np.zeros(m), self.centre]),
            np.concatenate([np.ones(m), self.scale]),
        )

    def mean(self) -> Vector:
        """Return the mean of each column, shape (p,)."""
        n = max(self.shape[0], 1)
        found = self._of_levels([g.sums() / n for g in self.groups], 1.0)
        found[self.place] = self.dense.mean(axis=0)
        return found

    def __repr__(self) -> str:
        """Give the size only."""
        return f"Packed(n={self.shape[0]}, p={self.shape[1]})"


Columns: TypeAlias = "Matrix | Packed"
"""Columns of numbers, packed or not."""


def pack(X: Matrix) -> Packed:
    """Return columns of numbers, shape (n, p), as they are."""
    p = X.shape[1]
    return Packed(np.asarray(X, dtype=np.float64), np.arange(p), (), np.zeros(p), np.ones(p))


def slices(n: int, size: int) -> list[slice]:
    """Return n rows as slices of `size` rows."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
