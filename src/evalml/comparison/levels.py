"""Categories as the level of each row, a code of a byte or two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import AnyVector, IntVector, Matrix, Vector

TOGETHER = 1 << 12
"""Levels that categories counted together may make: sums of that size stay in the cache."""
WIDE = 24
"""Levels from which a category is summed level by level in a product of columns with themselves."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Group:
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

    def renumbered(self, columns: IntVector) -> Group:
        """Return the same levels for columns numbered otherwise, shape (L, m)."""
        return Group(self.codes, columns)


def smallest(codes: AnyVector, levels: int) -> AnyVector:
    """Return the levels of rows in the smallest whole numbers that hold them."""
    small = np.uint8 if levels <= 1 << 8 else np.uint16 if levels <= 1 << 16 else np.int32
    return codes.astype(small)


def merge(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Count the levels of several categories together: a pass over the rows then serves them all.

    Categories follow one another into a group as long as its levels stay few (`TOGETHER`); one of
    many levels (`WIDE`) stays alone.
    """
    alone = [g for g in groups if len(g.columns) >= WIDE]
    found: list[Group] = []
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
        found[-1] = Group(smallest(codes, len(columns)), columns)
    return (*found, *alone)
