"""Products of columns with themselves, X'WX: what every score and regression is solved from."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from evalml.comparison.levels import WIDE
from evalml.comparison.packed import Packed, slices
from evalml.comparison.threads import map_folds, thin_products

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.comparison.levels import Group
    from evalml.comparison.packed import Columns

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
    narrow, wide = [g for g in X.groups if not _wide(g)], [g for g in X.groups if _wide(g)]
    own = [np.unique(g.columns[g.columns >= 0]) for g in narrow]
    at = np.concatenate([[0], 1 + X.place, *(1 + columns for columns in own)]).astype(np.int64)
    q, k = at.size, X.place.size
    targets = _targets(narrow, at, p)
    root = np.ones(n) if weights is None else np.sqrt(weights)
    buffer = np.empty((min(BLOCK, n), q + 1))
    total, cross = np.zeros((q, q)), [np.zeros((len(g.columns), q)) for g in wide]
    for rows in blocks(n):
        block = buffer[: rows.stop - rows.start]
        block[:, 0], block[:, 1 : 1 + k], block[:, 1 + k :] = 1.0, X.dense[rows], 0.0
        flat, first = block.reshape(-1), np.arange(block.shape[0]) * (q + 1)
        for g, own_targets in zip(narrow, targets, strict=True):
            codes = g.codes[rows]
            for target in own_targets:
                flat[first + target[codes]] = 1.0
        if weights is not None:
            block *= root[rows, None]
        used = block[:, :q]
        total += used.T @ used
        for i, g in enumerate(wide):
            cross[i] += _by_level(g, rows, root[rows]).T @ used
    found = np.zeros((1 + p, 1 + p))
    found[np.ix_(at, at)] = total
    for i, g in enumerate(wide):
        held, place = _of_wide(g)
        found[np.ix_(place, at)] = cross[i][held]
        found[np.ix_(at, place)] = cross[i][held].T
        for other in wide[: i + 1]:
            _fill_wide(found, g, other, weights)
    return found


def _wide(g: Group) -> bool:
    return g.columns.shape[1] == 1 and len(g.columns) >= WIDE


def _of_wide(g: Group) -> tuple[IntVector, IntVector]:
    """Return the levels that have a column, and the place of each in [1, X]."""
    held = np.flatnonzero(g.columns[:, 0] >= 0)
    return held, 1 + g.columns[held, 0]


def _targets(narrow: list[Group], at: IntVector, p: int) -> list[list[IntVector]]:
    """Return the place in a block of each level, by category; a spare one where it has none."""
    place = np.full(p + 1, at.size, dtype=np.int64)
    place[at[1:] - 1] = np.arange(1, at.size)
    return [[place[columns] for columns in g.columns.T] for g in narrow]


def _by_level(g: Group, rows: slice, values: Vector) -> csr_matrix:
    """Return values, shape (m,), as a sparse matrix of one column per level, shape (m, L)."""
    ends = np.arange(values.size + 1)
    return csr_matrix((values, g.codes[rows], ends), shape=(values.size, len(g.columns)))


def _fill_wide(found: Matrix, g: Group, other: Group, weights: Vector | None) -> None:
    """Add the products of two categories of many levels, or of one with itself."""
    (held, place), (held2, place2) = _of_wide(g), _of_wide(other)
    if g is other:
        found[place, place] = g.sums(weights)[held]
        return
    shape = (len(g.columns), len(other.columns))
    pairs = g.codes.astype(np.int64) * shape[1] + other.codes
    sums = np.bincount(pairs, weights, minlength=shape[0] * shape[1]).reshape(shape)
    found[np.ix_(place, place2)] = sums[np.ix_(held, held2)]
    found[np.ix_(place2, place)] = sums[np.ix_(held, held2)].T
