"""Covariates as described, or by a formula, into the columns of a design matrix.

`age + I(age**2) + educ:re74 + log1p(re75) + C(region)`: terms are added; `a:b` is a product, `a*b`
is a + b + a:b, `I(...)` and the functions below compute, `C(...)` or `factor(...)` makes categories
of numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from evalml.comparison.comparison import DesignMatrix
from evalml.errors import ColumnMissingError, DataError, nearest
from evalml.methods.design_matrix import LevelColumns, Packed, merge, smallest

if TYPE_CHECKING:
    from evalml.arrays import AnyVector, Vector


Missing: TypeAlias = Literal["refuse", "category", "drop"]
"""What to do with a missing covariate: stop, make it a category, or drop the row."""
MISSING_LEVEL = "(missing)"
MAX_LEVELS = 1_000


def is_text(column: pd.Series) -> bool:
    """Tell whether a covariate is a list of categories rather than numbers."""
    return not pd.api.types.is_numeric_dtype(column) and not _holds_booleans(column)


def build_design(covariates: pd.DataFrame) -> tuple[DesignMatrix, tuple[str, ...]]:
    """Return the design matrix and a note for each column left out.

    Text becomes one 0/1 column per level but the first in alphabetical order; missing text is a
    level of its own; a missing number takes the mean and a 0/1 column says so.

    Raises:
        DataError: A covariate is a date, is infinite, or has as many levels as an identifier.
    """
    found = _Found(len(covariates))
    coded: dict[str, list[str]] = {}
    for given in covariates:
        name, column = str(given), covariates[given]
        if pd.api.types.is_datetime64_any_dtype(column):
            message = f"covariate '{name}' is a date; turn it into an age or months first"
            raise DataError(message)
        if is_text(column):
            codes, coded[name] = levels_of(column)
            found.add_levels(name, codes, coded[name])
        else:
            for own, values in _numbers(name, column):
                found.add_numbers(own, values)
    names, twins = tuple(found.names), found.twins
    left_out = _levels_left_out(coded, names, twins)
    return DesignMatrix(found.packed(), names, left_out), tuple(found.notes)


def _levels_left_out(
    coded: dict[str, list[str]], names: tuple[str, ...], twins: dict[str, str]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    found = []
    for name, levels in coded.items():
        others = [twins.get(f"{name}={level}", f"{name}={level}") for level in levels[1:]]
        found.append((f"{name}={levels[0]}", tuple(names.index(other) for other in others)))
    return tuple((level, columns) for level, columns in found if columns)


def levels_of(column: pd.Series) -> tuple[AnyVector, list[str]]:
    """Return the code of each row and the sorted names of the levels of a text column."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = column.cat.remove_unused_categories().cat
        return _sorted_levels(categories.codes.to_numpy(), categories.categories)
    if isinstance(column.dtype, pd.StringDtype):
        return _sorted_levels(*pd.factorize(column))
    text = column.astype(object).where(column.notna(), MISSING_LEVEL).map(str)
    codes, sorted_levels = pd.factorize(text, sort=True)
    return codes, [str(level) for level in sorted_levels]


def _sorted_levels(raw: AnyVector, found: pd.Index) -> tuple[AnyVector, list[str]]:
    """Number levels in the order of their names; a code of -1 is a missing value."""
    named = [*(str(level) for level in found), MISSING_LEVEL]
    levels = sorted(set(named if (raw < 0).any() else named[:-1]))
    place = np.array([levels.index(name) if name in levels else -1 for name in named])
    return place[raw], levels


def count_missing(covariates: pd.DataFrame) -> dict[str, int]:
    """Return the number of missing rows of each covariate that has some."""
    missing = covariates.isna().sum()
    return {str(name): int(count) for name, count in missing.items() if count}


def refuse_missing(covariates: pd.DataFrame) -> None:
    """Stop if a covariate has missing values, with each column's count."""
    counts = count_missing(covariates)
    if counts:
        found = ", ".join(
            f"'{name}' ({count} of {len(covariates)})" for name, count in counts.items()
        )
        message = (
            f"missing covariates: {found}; complete them, or choose missing='category' "
            "(a level of its own) or missing='drop' (without these rows)"
        )
        raise DataError(message)


def _refuse_identifier(name: str, codes: AnyVector, levels: list[str]) -> None:
    if len(levels) > MAX_LEVELS or (len(levels) > 50 and len(levels) > codes.size / 2):  # noqa: PLR2004
        message = (
            f"covariate '{name}' has {len(levels)} levels over {codes.size} rows, like an "
            "identifier; leave it out, group its levels, or give numbers as numbers"
        )
        raise DataError(message)


def _numbers(name: str, column: pd.Series) -> list[tuple[str, Vector]]:
    values = column.astype("boolean") if _holds_booleans(column) else column
    numbers: Vector = np.asarray(
        values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64
    )
    if np.isinf(numbers).any():
        message = (
            f"covariate '{name}' has {int(np.isinf(numbers).sum())} infinite values; correct them"
        )
        raise DataError(message)
    missing = np.isnan(numbers)
    if not missing.any():
        return [(name, numbers)]
    if missing.all():
        message = f"covariate '{name}' is missing in every row; leave it out"
        raise DataError(message)
    filled: Vector = np.where(missing, np.nanmean(numbers), numbers)
    return [(name, filled), (f"{name}={MISSING_LEVEL}", missing.astype(float))]


def _holds_booleans(column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column):
        return True
    if column.dtype != object:
        return False
    return pd.api.types.infer_dtype(column, skipna=True) == "boolean"


@dataclass(slots=True, repr=False)
class _Found:
    """Columns taken one at a time, but for constants and exact copies.

    Attributes:
        rows: Rows of the matrix.
        names: Names of the columns kept.
        twins: For each copy, the column that it repeats.
        notes: A sentence per column left out.
        numbers: The columns held as numbers.
        groups: The categories.
        sums: For each sum of a column, the columns that have it, by name with what gives their
            values: copies are looked for there.
    """

    rows: int
    names: list[str] = field(default_factory=list)
    twins: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    numbers: list[tuple[int, Vector]] = field(default_factory=list)
    groups: list[LevelColumns] = field(default_factory=list)
    sums: dict[float, dict[str, Callable[[], Vector]]] = field(default_factory=dict)

    def add_numbers(self, name: str, values: Vector) -> None:
        """Add a column of numbers."""
        constant = bool(values.size and (values == values[0]).all())
        if self._place(name, float(values.sum()), lambda: values, constant=constant) is not None:
            self.numbers.append((len(self.names) - 1, values))

    def add_levels(self, name: str, codes: AnyVector, levels: list[str]) -> None:
        """Add a column per level of a category but the first."""
        _refuse_identifier(name, codes, levels)
        small = smallest(codes, len(levels))
        counts = np.bincount(small, minlength=len(levels))
        columns = np.full(len(levels), -1, dtype=np.int64)
        for j, level in enumerate(levels[1:], start=1):
            place = self._place(
                f"{name}={level}",
                float(counts[j]),
                partial(_holds, small, j),
                constant=counts[j] in (0, self.rows),
            )
            columns[j] = -1 if place is None else place
        if (columns >= 0).any():
            self.groups.append(LevelColumns(small, columns[:, None]))

    def _place(
        self, name: str, total: float, values: Callable[[], Vector], *, constant: bool
    ) -> int | None:
        """Return the place of a column, or note why it has none."""
        if constant:
            self.notes.append(f"column '{name}' is constant and was left out")
            return None
        alike = self.sums.setdefault(total, {})
        mine = values() if alike else None
        for other, known in alike.items():
            if mine is not None and np.array_equal(known(), mine):
                self.twins[name] = other
                self.notes.append(f"column '{name}' repeats '{other}' and was left out")
                return None
        alike[name] = values
        self.names.append(name)
        return len(self.names) - 1

    def packed(self) -> Packed:
        """Return the columns."""
        p = len(self.names)
        dense = np.empty((self.rows, len(self.numbers)))
        for k, (_, values) in enumerate(self.numbers):
            dense[:, k] = values
        place = np.array([j for j, _ in self.numbers], dtype=np.int64)
        return Packed(dense, place, merge(self.groups), np.zeros(p), np.ones(p))


def _holds(codes: AnyVector, level: int) -> Vector:
    return np.asarray(codes == level, dtype=np.float64)


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
        left, right = (_numeric_terms(side, frame) for side in (node.left, node.right))
        return {f"{a}:{b}": left[a] * right[b] for a in left for b in right}
    if isinstance(node, ast.Call) and _called(node) in CATEGORIES:
        return {name: _compute(node.args[0], frame).map(_level)}
    if isinstance(node, ast.Name) and is_text(frame[node.id]):
        return {node.id: frame[node.id]}
    return {name: _compute(node, frame)}


def _numeric_terms(node: ast.expr, frame: pd.DataFrame) -> dict[str, pd.Series]:
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
