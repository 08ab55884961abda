"""Arithmetic on printed figures, read from text such as `100 * a / b`."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

from evalml.published.interval import Interval, attainable, hull
from evalml.published.read import PublishedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FUNCTIONS: dict[str, Callable[..., Interval]] = {"hull": hull, "attainable": attainable}
_SIGNS = {ast.Add: "+", ast.Sub: "\N{MINUS SIGN}", ast.Mult: "×", ast.Div: "/"}
_WEAK = (ast.Add, ast.Sub)


@lru_cache(maxsize=50_000)
def parse(text: str) -> ast.expr:
    """Return the tree of an expression: ids, numbers, + - * /, parentheses, hull, attainable.

    Raises:
        PublishedError: Anything else.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise PublishedError(f"'{text}' is not an expression: {error.msg}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not (
            isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords
        ):
            raise PublishedError(f"'{text}': only {', '.join(_FUNCTIONS)} can be called")
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float):
            raise PublishedError(f"'{text}': {node.value!r} is not a number")
        if not isinstance(node, _ALLOWED):
            raise PublishedError(f"'{text}': {type(node).__name__} is not allowed here")
    return tree


_ALLOWED = (
    ast.BinOp,
    ast.UnaryOp,
    ast.USub,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Call,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
)


@lru_cache(maxsize=50_000)
def names(text: str) -> tuple[str, ...]:
    """Return the ids an expression uses, in the order they appear."""
    found = [n for n in ast.walk(parse(text)) if isinstance(n, ast.Name)]
    found.sort(key=lambda n: (n.lineno, n.col_offset))
    return tuple(dict.fromkeys(n.id for n in found if n.id not in _FUNCTIONS))


def evaluate(text: str, values: Mapping[str, Interval]) -> Interval:
    """Return the interval an expression can take when each id is anywhere in its own."""
    return _value(parse(text), values)


def _value(node: ast.expr, values: Mapping[str, Interval]) -> Interval:  # noqa: PLR0911
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return Interval.point(float(node.value))  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        return Interval.point(0.0) - _value(node.operand, values)
    if isinstance(node, ast.Call):
        arguments = [_value(a, values) for a in node.args]
        return _FUNCTIONS[node.func.id](*arguments)  # type: ignore[attr-defined]
    assert isinstance(node, ast.BinOp)  # noqa: S101 -- parse() lets nothing else through
    left, right = _value(node.left, values), _value(node.right, values)
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.Sub):
        return left - right
    return left * right if isinstance(node.op, ast.Mult) else left / right


def render(text: str, labels: Mapping[str, str], words: Mapping[str, str]) -> str:
    """Return the expression with each id replaced by what is printed, for a reader.

    Args:
        text: The expression.
        labels: What each id prints.
        words: Names of `hull` and `attainable` in the language of the reader.
    """
    return _text(parse(text), {**labels, **words})


def _text(node: ast.expr, labels: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name):
        return labels[node.id]
    if isinstance(node, ast.Constant):
        return str(node.value).replace(".", ",")
    if isinstance(node, ast.UnaryOp):
        return f"\N{MINUS SIGN}{_text(node.operand, labels)}"
    if isinstance(node, ast.Call):
        word = labels[node.func.id]  # type: ignore[attr-defined]
        return f"{word} ({' ; '.join(_text(a, labels) for a in node.args)})"
    assert isinstance(node, ast.BinOp)  # noqa: S101 -- parse() lets nothing else through
    left, right = _text(node.left, labels), _text(node.right, labels)
    if not isinstance(node.op, _WEAK):
        left = _wrap(node.left, left)
    if not isinstance(node.op, ast.Add):
        right = _wrap(node.right, right, tight=isinstance(node.op, ast.Div))
    return f"{left} {_SIGNS[type(node.op)]} {right}"


def _wrap(node: ast.expr, text: str, *, tight: bool = False) -> str:
    weak = isinstance(node, ast.BinOp) and (tight or isinstance(node.op, _WEAK))
    return f"({text})" if weak else text
