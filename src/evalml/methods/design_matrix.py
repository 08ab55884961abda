"""Columns of a design, kept as levels and numbers, and their products X'WX.

The products here are tall and thin: a BLAS that splits them spends its time waiting, badly so on a
machine shared with others. Folds are independent, so they share the cores instead.

Twenty covariates of three million persons make a hundred and fifty columns of numbers, most of them
0: four gigabytes, and as much again for each copy. As levels they take a byte a row and covariate.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evalml.arrays import AnyVector, BoolVector, IntVector, Matrix, Vector


T = TypeVar("T")


@contextmanager
def thin_products() -> Iterator[None]:
    """Keep every matrix product on the thread that asks for it.

    Sums then come in the same order whatever the number of cores: the same bits everywhere.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """Look once for the libraries that start threads: it takes milliseconds."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()


def cores() -> int:
    """Return how many threads to use: OMP_NUM_THREADS, which a batch of runs sets to 1, or all."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return int(allowed) if allowed.isdigit() and int(allowed) else os.cpu_count() or 1


def map_folds(function: Callable[[int], T], folds: int) -> list[T]:
    """Return the results of a function over the folds, in order, as many at once as cores."""
    with thin_products():
        return _map(function, folds)


def _map(function: Callable[[int], T], folds: int) -> list[T]:
    workers = min(folds, cores())
    if workers < 2:  # noqa: PLR2004
        return [function(k) for k in range(folds)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, range(folds)))


TOGETHER = 1 << 12
"""Levels that categories counted together may make: sums of that size stay in the cache."""
WIDE = 24
"""Levels from which a category is summed level by level in a product of columns with themselves."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LevelColumns:
    """The 0/1 columns of a category, or of several whose levels are counted together.

    Attributes:
        codes: Level of each row, shape (n,).
        columns: Columns that are 1 at each level, one per category, -1 for none, shape (L, m).
    """

    codes: AnyVector
    columns: IntVector

    def spread(self, values: Matrix) -> Matrix:
        """Return for each level the sum of its columns' values; shape (L,) or (L, k)."""
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]))])
        return np.asarray(padded[self.columns].sum(axis=1))

    def sums(self, v: Vector | None = None) -> Vector:
        """Return the sum of v, shape (n,), at each level: counts where None, shape (L,)."""
        return np.bincount(self.codes, v, minlength=len(self.columns)).astype(np.float64)

    def by_column(self, sums: Vector, p: int) -> Vector:
        """Return sums by level, shape (L,), as sums by column, shape (p,)."""
        flat, m = self.columns.ravel() + 1, self.columns.shape[1]
        return np.bincount(flat, np.repeat(sums, m), minlength=p + 1)[1:].astype(np.float64)

    def renumbered(self, columns: IntVector) -> LevelColumns:
        """Return the same levels for columns numbered otherwise, shape (L, m)."""
        return LevelColumns(self.codes, columns)


def smallest(codes: AnyVector, levels: int) -> AnyVector:
    """Return the levels of rows in the smallest whole numbers that hold them."""
    small = np.uint8 if levels <= 1 << 8 else np.uint16 if levels <= 1 << 16 else np.int32
    return codes.astype(small)


def merge(groups: Sequence[LevelColumns]) -> tuple[LevelColumns, ...]:
    """Count the levels of several categories together: a pass over the rows then serves them all.

    Categories follow one another into a group as long as its levels stay few (`TOGETHER`); one of
    many levels (`WIDE`) stays alone.
    """
    alone = [g for g in groups if len(g.columns) >= WIDE]
    found: list[LevelColumns] = []
    for g in groups:
        last = found[-1] if found else None
        if len(g.columns) >= WIDE:
            continue
        if last is None or len(last.columns) * len(g.columns) > TOGETHER:
            found.append(g)
            continue
        size = len(g.columns)
        codes = last.codes.astype(np.int32) * size + g.codes
        columns = np.hstack(
            [np.repeat(last.columns, size, axis=0), np.tile(g.columns, (len(last.columns), 1))]
        )
        found[-1] = LevelColumns(smallest(codes, len(columns)), columns)
    return (*found, *alone)


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
    groups: tuple[LevelColumns, ...]
    centre: Vector
    scale: Vector

    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.dense.shape[0], self.centre.size

    def __getitem__(self, rows: slice | BoolVector | IntVector) -> Packed:
        """Return some rows: a slice copies nothing."""
        groups = tuple(LevelColumns(g.codes[rows], g.columns) for g in self.groups)
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
                filled = at >= 0
                full[row[filled], at[filled]] = ((1.0 - self.centre) / self.scale)[at[filled]]
        return full

    def column(self, j: int) -> Vector:
        """Return one column, shape (n,)."""
        (places,) = np.nonzero(self.place == j)
        if places.size:
            found: Vector = self.dense[:, places[0]]
            return found
        for g in self.groups:
            at_level = (g.columns == j).any(axis=1)
            if at_level.any():
                one: Vector = at_level[g.codes].astype(np.float64)
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

    def prepend(self, first: Matrix) -> Packed:
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


PARTS = 8
"""Parts that a large table is added up in: more of them than most machines have cores to give."""
LARGE = 1 << 16
"""Rows of a part from which a table is added up in parts."""
BLOCK = 4_096
"""Rows per block: 40 columns of float64 stay in the processor's cache."""


def blocks(n: int) -> list[slice]:
    """Return n rows as slices of a block each."""
    return slices(n, BLOCK)


def gram(X: Columns, weights: Vector | None = None) -> Matrix:
    """Return X'WX, block by block, shape (p, p); no weight is negative.

    A matrix times its own transpose is half the work of a product of two: the square root of the
    weights goes on both sides.
    """
    with thin_products() if X.shape[0] > BLOCK else nullcontext():
        return _packed_gram(X, weights) if isinstance(X, Packed) else _plain_gram(X, weights)


def _plain_gram(X: Matrix, weights: Vector | None) -> Matrix:
    total = np.zeros((X.shape[1], X.shape[1]))
    root = None if weights is None else np.sqrt(weights)
    scaled = np.empty((min(BLOCK, X.shape[0]), X.shape[1]))
    for rows in blocks(X.shape[0]):
        block = X[rows]
        if root is not None:
            block = np.multiply(block, root[rows, None], out=scaled[: block.shape[0]])
        total += block.T @ block
    return total


def _packed_gram(X: Packed, weights: Vector | None) -> Matrix:
    """Return X'WX of packed columns: products of 0 and 1 first, then centred and scaled.

    Large tables are added up in parts, as many at once as there are cores; the parts are the same
    on every machine, and so are the sums.
    """
    n = X.shape[0]
    parts = slices(n, -(-n // PARTS)) if n >= PARTS * LARGE else []

    def product(k: int) -> Matrix:
        return _products(X[parts[k]], None if weights is None else weights[parts[k]])

    raw = np.sum(map_folds(product, PARTS), axis=0) if parts else _products(X, weights)
    total, sums, among = raw[0, 0], raw[0, 1:], raw[1:, 1:]
    c = X.centre
    pulled = np.outer(c, sums)
    centred = among - pulled - pulled.T + np.outer(c, c) * total
    return np.asarray(centred / np.outer(X.scale, X.scale))


def _products(X: Packed, weights: Vector | None) -> Matrix:
    """Return [1, X]'W[1, X] of the columns before centring and scaling, shape (1 + p, 1 + p).

    Categories of few levels stand in a block as columns of 0 and 1; one of many is summed level by
    level, which saves the products of its zeros.
    """
    n, p = X.shape
    small, large = [g for g in X.groups if not _is_large(g)], [g for g in X.groups if _is_large(g)]
    own = [np.unique(g.columns[g.columns >= 0]) for g in small]
    at = np.concatenate([[0], 1 + X.place, *(1 + columns for columns in own)]).astype(np.int64)
    q, k = at.size, X.place.size
    targets = _targets(small, at, p)
    root = np.ones(n) if weights is None else np.sqrt(weights)
    buffer = np.empty((min(BLOCK, n), q + 1))
    total, cross = np.zeros((q, q)), [np.zeros((len(g.columns), q)) for g in large]
    for rows in blocks(n):
        block = buffer[: rows.stop - rows.start]
        block[:, 0], block[:, 1 : 1 + k], block[:, 1 + k :] = 1.0, X.dense[rows], 0.0
        flat, first = block.reshape(-1), np.arange(block.shape[0]) * (q + 1)
        for g, own_targets in zip(small, targets, strict=True):
            codes = g.codes[rows]
            for target in own_targets:
                flat[first + target[codes]] = 1.0
        if weights is not None:
            block *= root[rows, None]
        used = block[:, :q]
        total += used.T @ used
        for i, g in enumerate(large):
            cross[i] += _by_level(g, rows, root[rows]).T @ used
    found = np.zeros((1 + p, 1 + p))
    found[np.ix_(at, at)] = total
    for i, g in enumerate(large):
        levels, place = _levels_with_column(g)
        found[np.ix_(place, at)] = cross[i][levels]
        found[np.ix_(at, place)] = cross[i][levels].T
        for other in large[: i + 1]:
            _fill_large(found, g, other, weights)
    return found


def _is_large(g: LevelColumns) -> bool:
    return g.columns.shape[1] == 1 and len(g.columns) >= WIDE


def _levels_with_column(g: LevelColumns) -> tuple[IntVector, IntVector]:
    """Return the levels that have a column, and the place of each in [1, X]."""
    levels = np.flatnonzero(g.columns[:, 0] >= 0)
    return levels, 1 + g.columns[levels, 0]


def _targets(narrow: list[LevelColumns], at: IntVector, p: int) -> list[list[IntVector]]:
    """Return the place in a block of each level, by category; a spare one where it has none."""
    place = np.full(p + 1, at.size, dtype=np.int64)
    place[at[1:] - 1] = np.arange(1, at.size)
    return [[place[columns] for columns in g.columns.T] for g in narrow]


def _by_level(g: LevelColumns, rows: slice, values: Vector) -> csr_matrix:
    """Return values, shape (m,), as a sparse matrix of one column per level, shape (m, L)."""
    ends = np.arange(values.size + 1)
    return csr_matrix((values, g.codes[rows], ends), shape=(values.size, len(g.columns)))


def _fill_large(
    found: Matrix, g: LevelColumns, other: LevelColumns, weights: Vector | None
) -> None:
    """Add the products of two categories of many levels, or of one with itself."""
    (levels, place), (levels2, place2) = _levels_with_column(g), _levels_with_column(other)
    if g is other:
        found[place, place] = g.sums(weights)[levels]
        return
    shape = (len(g.columns), len(other.columns))
    pairs = g.codes.astype(np.int64) * shape[1] + other.codes
    sums = np.bincount(pairs, weights, minlength=shape[0] * shape[1]).reshape(shape)
    found[np.ix_(place, place2)] = sums[np.ix_(levels, levels2)]
    found[np.ix_(place2, place)] = sums[np.ix_(levels, levels2)].T
