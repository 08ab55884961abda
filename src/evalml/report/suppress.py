"""Which cells of a table of counts must be hidden so that its margins do not give them away.

Primary: counts from one to below the threshold. Secondary: more cells, the smallest first, until
whoever knows every margin can place no primary cell in an interval narrower than the threshold
(the audit of Fischetti and Salazar-Gonzalez, Management Science 47, 2001, by linear programming).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import PrivacyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from evalml.arrays import BoolVector, Vector

Cells = "NDArray[np.float64]"
Mask = "NDArray[np.bool_]"
Place = tuple[int, ...]


def add_margins(inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a table with its sums in the last place of each axis.

    Args:
        inner: Counts, shape (d_1, ..., d_k).

    Returns:
        Shape (d_1 + 1, ..., d_k + 1).
    """
    table = inner
    for axis in range(inner.ndim):
        table = np.concatenate([table, table.sum(axis=axis, keepdims=True)], axis=axis)
    return table


def hide_cells(
    inner: NDArray[np.float64],
    threshold: int,
    also: NDArray[np.bool_] | None = None,
    fixed: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Return which cells of the table with margins must be hidden.

    Args:
        inner: Counts without margins, shape (d_1, ..., d_k), none missing.
        threshold: Smallest count that may be shown.
        also: Cells of the table with margins to hide for another reason (dominance).
        fixed: Cells of the table with margins that are shown whatever happens: they were judged
            before.

    Returns:
        Mask of the table with margins, shape (d_1 + 1, ..., d_k + 1).

    Raises:
        PrivacyError: The table cannot be protected: nothing of it may be shown.
    """
    table = add_margins(inner)
    primary = (table > 0) & (table < threshold)
    if also is not None:
        primary |= also
    stay = np.zeros(table.shape, dtype=bool) if fixed is None else fixed
    primary &= ~stay
    hidden = close_lines(table, primary.copy(), stay)
    for _ in range(table.size):
        open_cell = narrow_cell(table, hidden, primary, threshold)
        if open_cell is None:
            return hidden
        more = cheapest_near(table, hidden | stay, open_cell)
        if more is None:
            message = "this table cannot be protected: show fewer categories, or none of it"
            raise PrivacyError(message)
        hidden[more] = True
        hidden = close_lines(table, hidden, stay)
    return hidden


def lines(shape: Place) -> Iterator[tuple[Place, ...]]:
    """Return each line of a table with margins: the places along one axis, the sum last."""
    for axis in range(len(shape)):
        others = [range(size) for place, size in enumerate(shape) if place != axis]
        for rest in product(*others):
            yield tuple((*rest[:axis], at, *rest[axis:]) for at in range(shape[axis]))


def close_lines(
    table: NDArray[np.float64], hidden: NDArray[np.bool_], stay: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Hide a second cell on every line with a single hidden one, those that stay apart."""
    hidden = hidden.copy()
    changed = True
    while changed:
        changed = False
        for line in lines(table.shape):
            if sum(bool(hidden[cell]) for cell in line) == 1:
                choice = cheapest(table, [c for c in line if not hidden[c] and not stay[c]])
                if choice is not None:
                    hidden[choice] = changed = True
    return hidden


def cheapest(table: NDArray[np.float64], cells: list[Place]) -> Place | None:
    """Return the smallest cell that counts anybody, inner cells before margins, then by place."""
    counted = [cell for cell in cells if table[cell] > 0]
    edge = [size - 1 for size in table.shape]
    if not counted:
        return None
    return min(
        counted,
        key=lambda cell: (
            sum(at == last for at, last in zip(cell, edge, strict=True)),
            table[cell],
            cell,
        ),
    )


def cheapest_near(
    table: NDArray[np.float64], hidden: NDArray[np.bool_], cell: Place
) -> Place | None:
    """Return the cheapest cell to hide on a line of `cell`, or anywhere if there is none."""
    near = [other for line in lines(table.shape) if cell in line for other in line]
    shown = [other for other in near if not hidden[other]]
    found = cheapest(table, shown)
    if found is not None:
        return found
    return cheapest(table, [place for place in np.ndindex(table.shape) if not hidden[place]])


def narrow_cell(
    table: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    primary: NDArray[np.bool_],
    threshold: int,
) -> Place | None:
    """Return the first primary cell whose interval is narrower than the threshold, if any."""
    matrix, right, places = equations(table, hidden)
    for at, cell in enumerate(places):
        if primary[cell]:
            low, high = interval(matrix, right, at)
            if high - low < threshold - 1:
                return cell
    return None


def equations(
    table: NDArray[np.float64], hidden: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], Vector, list[Place]]:
    """Return what the shown cells say of the hidden ones: one sum per line.

    Returns:
        Matrix (lines x hidden cells), right-hand side, and the place of each hidden cell.
    """
    places = [cell for cell in np.ndindex(table.shape) if hidden[cell]]
    column = {cell: at for at, cell in enumerate(places)}
    rows, right = [], []
    for line in lines(table.shape):
        unknown = [cell for cell in line if cell in column]
        if unknown:
            row = np.zeros(len(places))
            shown = 0.0
            for cell in line:
                sign = -1.0 if cell == line[-1] else 1.0
                if cell in column:
                    row[column[cell]] = sign
                else:
                    shown += sign * table[cell]
            rows.append(row)
            right.append(-shown)
    return np.array(rows).reshape(len(rows), len(places)), np.array(right), places


def interval(matrix: NDArray[np.float64], right: Vector, at: int) -> tuple[float, float]:
    """Return the least and the greatest value of one hidden cell that fit the shown ones.

    Args:
        matrix: Sums, as `equations` gives them.
        right: Their values.
        at: Which hidden cell.
    """
    from scipy.optimize import linprog

    aim: Vector = np.zeros(matrix.shape[1])
    aim[at] = 1.0
    least = linprog(aim, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
    most = linprog(-aim, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
    low = float(least.fun or 0.0) if least.success else 0.0
    if most.status == UNBOUNDED:
        return low, np.inf
    return low, -float(most.fun or 0.0) if most.success else low


UNBOUNDED = 3
"""The status linprog gives to a search without end."""


def recompute_margins(inner: NDArray[np.float64], hidden: BoolVector) -> NDArray[np.float64]:
    """Return the table with margins summed from the shown inner cells only.

    Args:
        inner: Counts, shape (d_1, ..., d_k).
        hidden: Mask of the table with margins.

    Returns:
        Table with margins, NaN where hidden or where nothing is left to sum.
    """
    core = tuple(slice(0, size) for size in inner.shape)
    shown = ~hidden[core]
    table = add_margins(np.where(shown, inner, 0.0))
    counted = add_margins(shown.astype("float64"))
    return np.where((counted == 0) | keep_inner(hidden), np.nan, table)


def keep_inner(hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without its margins: a recomputed margin hides nothing."""
    mask = np.zeros_like(hidden)
    core = tuple(slice(0, size - 1) for size in hidden.shape)
    mask[core] = hidden[core]
    return mask
