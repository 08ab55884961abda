"""A row filter: `re74 > 0 and region in ['32', '28']`, read by Python's parser and nothing else.

A column compared with a number is read as numbers, with text as text. Names that are no Python
words stand between backticks. A row whose answer is unknown, since a value is missing, is neither
kept nor left out in silence.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.arrays import BoolVector
    from evalml.reading.table import RawTable

_BACKTICKS = re.compile(r"`([^`]+)`")
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SIGNS = {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal}
_LONGEST = 1000
EXAMPLE = "write it like \"re74 > 0 and region in ['32', '28']\""


def names_in(expression: str) -> list[str]:
    """Return the columns that a filter names, in order of appearance."""
    tree, quoted = _parse(expression)
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    return list(dict.fromkeys(quoted.get(n.id, n.id) for n in found))


def keep_where(table: RawTable, expression: str, *, drop_unknown: bool) -> RawTable:
    """Return the rows for which the filter is true.

    Args:
        table: The table, with the columns of the filter.
        expression: The filter.
        drop_unknown: Leave out (and count) rows where a missing value leaves the answer open;
            otherwise they are refused.

    Raises:
        DataError: The filter cannot be read, keeps nobody, or its answer is unknown.
    """
    tree, quoted = _parse(expression)
    known, true = _Filter(table, quoted).answer(tree)
    unknown = int((~known).sum())
    if unknown and not drop_unknown:
        raise DataError(
            f"--where is unknown in {unknown} of {table.size} rows, since a value is missing; "
            "complete them, or add --missing drop"
        )
    rows = known & true
    if not rows.any():
        raise DataError(f"--where keeps none of the {table.size} rows; choose another filter")
    table.decided["where"] = {
        "filter": expression,
        "rows_kept": int(rows.sum()),
        "rows_left_out": int((known & ~true).sum()),
        "rows_unknown": unknown,
    }
    return table.only(rows)


def _parse(expression: str) -> tuple[ast.expr, dict[str, str]]:
    quoted: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        quoted[f"column_{len(quoted)}__"] = match[1]
        return f"column_{len(quoted) - 1}__"

    text = _BACKTICKS.sub(stand_in, expression).strip()
    if len(text) > _LONGEST:
        raise DataError(f"--where is longer than {_LONGEST} characters; shorten it")
    try:
        return ast.parse(text, mode="eval").body, quoted
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise DataError(f"--where '{expression[:80]}' cannot be read; {EXAMPLE}") from None


class _Filter:
    """Three-valued answers: (whether it is known, whether it is true), each of shape (n,)."""

    def __init__(self, table: RawTable, quoted: dict[str, str]) -> None:
        self.table, self.quoted = table, quoted

    def answer(self, node: ast.expr) -> tuple[BoolVector, BoolVector]:
        match node:
            case ast.BoolOp(op=op, values=values):
                return _combine([self.answer(v) for v in values], every=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                known, true = self.answer(operand)
                return known, ~true
            case ast.Compare(left=left, ops=ops, comparators=rights):
                sides = [left, *rights]
                pairs = zip(sides, ops, sides[1:], strict=False)
                return _combine([self._compare(a, op, b) for a, op, b in pairs], every=True)
            case _:
                raise DataError(f"--where: '{ast.unparse(node)}' is no comparison; {EXAMPLE}")

    def _compare(
        self, left: ast.expr, op: ast.cmpop, right: ast.expr
    ) -> tuple[BoolVector, BoolVector]:
        constants = list(_constants(left)) + list(_constants(right))
        words = [isinstance(c, str) for c in constants]
        if any(words) and not all(words):
            raise DataError("--where compares a column with numbers and with text; choose one")
        a, b = (self._values(side, text=any(words)) for side in (left, right))
        if isinstance(op, ast.In | ast.NotIn):
            known, true = self._among(a, right)
            return known, true != isinstance(op, ast.NotIn)
        if any(words) and isinstance(op, _ORDERED):
            raise DataError(
                "--where: text is equal or not, neither smaller nor larger; see == and in"
            )
        known = _is_known(a) & _is_known(b) & np.ones(self.table.size, dtype=bool)
        if isinstance(op, ast.Eq | ast.NotEq):
            return known, known & (np.asarray(a == b) != isinstance(op, ast.NotEq))
        return known, known & np.asarray(_SIGNS[type(op)](a, b))

    def _among(self, values: Any, right: ast.expr) -> tuple[BoolVector, BoolVector]:
        listed = list(_constants(right))
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or len(listed) != len(right.elts):
            raise DataError(f"--where: 'in' needs a list of values; {EXAMPLE}")
        known = _is_known(values)
        return known, known & np.isin(values, np.array(listed, dtype=values.dtype))

    def _values(self, node: ast.expr, *, text: bool) -> Any:
        match node:
            case ast.Name(id=name):
                column = self.table.column(
                    self.quoted.get(name, name), "text" if text else "number"
                )
                return (
                    column.astype(object).where(column.notna(), None).to_numpy()
                    if text
                    else column.to_numpy()
                )
            case ast.Constant(value=str() | int() | float() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.List() | ast.Tuple() | ast.Set():
                return 0.0
            case _:
                raise DataError(f"--where: '{ast.unparse(node)}' is no column nor value; {EXAMPLE}")


def _constants(node: ast.expr) -> Iterator[Any]:
    match node:
        case ast.Constant(value=str() | int() | float() as value):
            yield value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            yield -value
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            for element in elts:
                yield from _constants(element)


def _is_known(values: Any) -> BoolVector:
    return np.asarray(pd.notna(values), dtype=bool)


def _combine(
    parts: list[tuple[BoolVector, BoolVector]], *, every: bool
) -> tuple[BoolVector, BoolVector]:
    """Return and (or) of answers: one false (true) decides whatever is unknown beside it."""
    known, true = (np.array([p[k] for p in parts]) for k in (0, 1))
    decides = (known & ~true if every else known & true).any(axis=0)
    value = (true | ~known).all(axis=0) & ~decides if every else decides
    return known.all(axis=0) | decides, value
