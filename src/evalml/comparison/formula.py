"""A short formula for the columns of a score: powers, products and functions of covariates.

`age + I(age**2) + educ:re74 + log1p(re75) + C(region)`: terms are added; `a:b` is a product, `a*b`
is a + b + a:b, `I(...)` and the functions below compute, `C(...)` or `factor(...)` makes categories
of numbers.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.comparison.design import is_text, levels_of
from evalml.errors import ColumnMissingError, DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARIES = ("np", "numpy")
CATEGORIES = ("C", "factor")
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}


def names_in(formula: str) -> list[str]:
    """Return the columns that a formula names, in order of appearance."""
    tree = _parse(formula)
    functions = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    libraries = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    columns = [
        n
        for n in names
        if id(n) not in functions and not (id(n) in libraries and n.id in LIBRARIES)
    ]
    return list(dict.fromkeys(n.id for n in sorted(columns, key=lambda n: n.col_offset)))


def expand_formula(frame: pd.DataFrame, formula: str) -> pd.DataFrame:
    """Return one column per term of the formula; text and C(...) stay categories.

    Numbers are computed as 64-bit floats: small integer columns would wrap around when squared.

    Raises:
        ColumnMissingError: A name is not a column.
        DataError: The formula cannot be read, or a term cannot be computed.
    """
    absent = [name for name in names_in(formula) if name not in frame.columns]
    if absent:
        message = f"formula: no column '{absent[0]}'; {nearest(absent[0], map(str, frame.columns))}"
        raise ColumnMissingError(message)
    terms: dict[str, pd.Series] = {}
    for node in _terms(_parse(formula)):
        terms.update(_columns(node, frame))
    return pd.DataFrame(terms, index=frame.index)


def _parse(formula: str) -> ast.expr:
    right = formula.rpartition("~")[2]
    text = right.replace("^", "**").replace(":", "@")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        message = f"formula '{formula}' cannot be read; write it like 'age + I(age**2) + educ:re74'"
        raise DataError(message) from None


def _terms(node: ast.expr) -> list[ast.expr]:
    """Split sums, and a*b into a + b + a:b."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_terms(node.left), *_terms(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left, right = _terms(node.left), _terms(node.right)
        products = [ast.BinOp(a, ast.MatMult(), b) for a in left for b in right]
        return [*left, *right, *products]
    if isinstance(node, ast.Constant) and node.value in (0, 1):
        return []
    return [node]


def _columns(node: ast.expr, frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns of one term."""
    name = ast.unparse(node).replace(" @ ", ":").replace(" ", "")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        left, right = (_numbers(side, frame) for side in (node.left, node.right))
        return {f"{a}:{b}": left[a] * right[b] for a in left for b in right}
    if isinstance(node, ast.Call) and _called(node) in CATEGORIES:
        return {name: _compute(node.args[0], frame).map(_level)}
    if isinstance(node, ast.Name) and is_text(frame[node.id]):
        return {node.id: frame[node.id]}
    return {name: _compute(node, frame)}


def _numbers(node: ast.expr, frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return a term as numbers, its categories as 0/1 columns."""
    found: dict[str, pd.Series] = {}
    for name, column in _columns(node, frame).items():
        if not is_text(column):
            found[name] = column
            continue
        codes, levels = levels_of(column)
        for j, level in enumerate(levels[1:], start=1):
            found[f"{name}={level}"] = pd.Series((codes == j).astype(float), index=frame.index)
    return found


def _level(value: float) -> str:
    return f"{value:g}"


def _called(node: ast.Call) -> str:
    """Return the name of a function of one argument; `np.log` is `log`."""
    if len(node.args) != 1:
        return ""
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.attr if node.func.value.id in LIBRARIES else ""
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _compute(node: ast.expr, frame: pd.DataFrame) -> pd.Series:
    """Compute a numeric term."""
    with np.errstate(all="ignore"):
        value = _value(node, frame)
    column = pd.Series(value, index=frame.index, dtype=float)
    if np.isinf(column.to_numpy()).any():
        message = f"formula: '{ast.unparse(node)}' is infinite in some rows; use another function"
        raise DataError(message)
    return column


def _value(node: ast.expr, frame: pd.DataFrame) -> Any:  # noqa: PLR0911
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name():
            return _float_column(frame[node.id])
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, frame)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            left, right = _value(node.left, frame), _value(node.right, frame)
            return _ARITHMETIC[type(node.op)](left, right)
        case ast.Compare(ops=[op]) if type(op) in _COMPARE:
            left, right = _value(node.left, frame), _value(node.comparators[0], frame)
            return np.asarray(_COMPARE[type(op)](left, right), dtype=float)
        case ast.Call() if _called(node) == "I":
            return _value(node.args[0], frame)
        case ast.Call() if _called(node) in FUNCTIONS:
            return FUNCTIONS[_called(node)](_value(node.args[0], frame))
        case _:
            known = ", ".join(["I", *CATEGORIES, *FUNCTIONS])
            message = f"formula: '{ast.unparse(node)}' is not understood; functions: {known}"
            raise DataError(message)


def _float_column(column: pd.Series) -> Any:
    if is_text(column):
        message = f"formula: '{column.name}' is text and cannot be computed with; use it as a term"
        raise DataError(message)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
