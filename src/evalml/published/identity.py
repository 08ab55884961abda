"""Identities between printed figures: arithmetic, whether they hold, those written by hand."""

from __future__ import annotations

import ast
import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from evalml.errors import nearest
from evalml.published.figure import RoundingInterval, attainable, hull
from evalml.published.read import PublishedError
from evalml.rules import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from evalml.published.figure import PrintedFigure


_FUNCTIONS: dict[str, Callable[..., RoundingInterval]] = {"hull": hull, "attainable": attainable}
_SIGNS = {ast.Add: "+", ast.Sub: "\N{MINUS SIGN}", ast.Mult: "×", ast.Div: "/"}
_WEAK = (ast.Add, ast.Sub)


@lru_cache(maxsize=50_000)
def parse(text: str) -> ast.expr:
    """Return the tree of an expression: ids, numbers, + - * /, parentheses, hull, attainable."""
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


def evaluate(text: str, values: Mapping[str, RoundingInterval]) -> RoundingInterval:
    """Return the interval an expression can take when each id is anywhere in its own."""
    return _value(parse(text), values)


def _value(node: ast.expr, values: Mapping[str, RoundingInterval]) -> RoundingInterval:  # noqa: PLR0911
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return RoundingInterval.point(float(node.value))  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        return RoundingInterval.point(0.0) - _value(node.operand, values)
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


KINDS = {
    "territory_sum": "Somme des territoires",
    "parts_sum": "Somme des parties",
    "share_of_base": "Part rapportée à son effectif",
    "printed_twice": "Même grandeur imprimée plusieurs fois",
    "shares_total": "Parts qui font 100 %",
    "growth": "Évolution et niveaux",
    "growth_of_parts": "Évolution de l’ensemble et des territoires",
    "part_of_whole": "Partie dans le tout",
    "weighted_mean": "Moyenne pondérée",
    "between_parts": "Moyenne comprise entre ses termes",
    "attainable_share": "Part d’un petit effectif",
    "ratio": "Rapport de deux grandeurs",
    "bounds": "Borne basse et borne haute",
    "legal": "Règle légale",
    "reference": "Référence et date",
    "order": "Pages dans l’ordre",
    "format": "Écriture du nombre",
}
WEAK = frozenset({"part_of_whole", "between_parts", "bounds", "order", "attainable_share"})


@dataclass(frozen=True, slots=True)
class Identity:
    """One arithmetic relation that printed figures must satisfy.

    Attributes:
        kind: A key of `KINDS`.
        left: Expression over figure ids.
        right: Expression over figure ids.
        relation: `=` (the two sides can be equal) or `<=` (left can be at most right).
        statement: What is tested, in French.
        rule: `generated`, or the reference of the declaration.
    """

    kind: str
    left: str
    right: str
    relation: str = "="
    statement: str = ""
    rule: str = "generated"

    @property
    def members(self) -> tuple[str, ...]:
        """Ids of the figures it bears on."""
        return tuple(dict.fromkeys(names(self.left) + names(self.right)))

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two identities the same test."""
        return self.left, self.relation, self.right


@dataclass(frozen=True, slots=True)
class CheckedIdentity:
    """An identity and what the printed figures make of it.

    Attributes:
        identity: The identity.
        left: Every value the left side can take.
        right: Every value the right side can take.
        gap: How far the two sides stay apart, 0 when the identity holds.
    """

    identity: Identity
    left: RoundingInterval
    right: RoundingInterval
    gap: float

    @property
    def holds(self) -> bool:
        """Whether rounding can explain whatever difference there is."""
        return self.gap == 0


def check(identity: Identity, values: Mapping[str, RoundingInterval]) -> CheckedIdentity:
    """Return the outcome of an identity, given the interval of each figure."""
    left, right = evaluate(identity.left, values), evaluate(identity.right, values)
    gap = left.gap(right) if identity.relation == "=" else left.excess(right)
    return CheckedIdentity(identity, left, right, gap)


FRENCH = {"hull": "entre", "attainable": "part possible", "to": "à", "off": "écart :"}
ENGLISH = {"hull": "between", "attainable": "share that exists", "to": "to", "off": "off by"}


def arithmetic(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    words: Mapping[str, str] = FRENCH,
) -> str:
    """Return the sum as a reader would write it, with what it gives and how far it is off.

    Args:
        outcome: An identity and its result.
        figures: The printed figures, by id.
        words: `FRENCH` or `ENGLISH`.
    """
    identity = outcome.identity
    labels = {name: figures[name].printed for name in identity.members}
    sign = identity.relation.replace("<=", "\N{LESS-THAN OR EQUAL TO}")
    if outcome.gap:
        sign = "\N{NOT EQUAL TO}" if identity.relation == "=" else ">"
    left, right = (
        _side(expression, side, labels, words)
        for expression, side in ((identity.left, outcome.left), (identity.right, outcome.right))
    )
    tail = f" ({words['off']} {number(outcome.gap)})" if outcome.gap else ""
    return f"{left} {sign} {right}{tail}"


def _side(
    expression: str, value: RoundingInterval, labels: Mapping[str, str], words: Mapping[str, str]
) -> str:
    text = render(expression, labels, words)
    if len(names(expression)) < 2 and not any(c in expression for c in "+*/"):  # noqa: PLR2004
        return text
    if expression.startswith("hull("):
        return text
    low, high = number(value.low), number(value.high)
    return f"{text} = {low}" if low == high else f"{text} = {low} {words['to']} {high}"


def number(value: float) -> str:
    """Return a number as French prints it: narrow no-break spaces, decimal comma."""
    size = abs(value)
    decimals = 0 if float(value).is_integer() else 1 if size >= 1000 else 2 if size >= 1 else 3  # noqa: PLR2004
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return (
        text.replace(",", "\N{NARROW NO-BREAK SPACE}")
        .replace(".", ",")
        .replace("-", "\N{MINUS SIGN}")
    )


FILE = "identities.yaml"
_KEYS = frozenset({"kind", "left", "right", "rule", "relation", "statement", "source"})
_RULE = re.compile(r"^([A-Za-z_]+)\.([a-z0-9_]+)@(\d{4}-\d{2}-\d{2})$")


def read_declared(
    path: Path, figures: Mapping[str, PrintedFigure]
) -> tuple[list[Identity], tuple[tuple[str, ...], ...]]:
    """Return the identities and the partitions declared beside the figures (none: two empties).

    `path`: the folder, or the CSV file whose folder may hold `identities.yaml`.
    """
    file = (path if path.is_dir() else path.parent) / FILE
    if not file.is_file():
        return [], ()
    try:
        raw: Any = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise PublishedError(f"{file.name} is not YAML: {error}") from error
    if not isinstance(raw, dict) or not set(raw) <= {"identities", "partitions"}:
        raise PublishedError(f"{file.name}: the two keys are 'identities' and 'partitions'")
    rows = [_identity(item, n) for n, item in enumerate(raw.get("identities") or [], 1)]
    partitions = tuple(tuple(p) for p in raw.get("partitions") or [])
    return [r for n, r in enumerate(rows, 1) if _known(r, n, figures, path)], partitions


def _known(identity: Identity, n: int, figures: Mapping[str, PrintedFigure], path: Path) -> bool:
    """Tell whether every figure is there; an absent one is an error when the folder is read."""
    absent = [name for name in identity.members if name not in figures]
    if absent and path.is_dir():
        hint = nearest(absent[0], figures)
        raise PublishedError(f"{FILE}, identity {n}: no figure '{absent[0]}'; {hint}")
    return not absent


def _identity(item: dict[str, str], n: int) -> Identity:
    where = f"{FILE}, identity {n}"
    for key in item:
        if key not in _KEYS:
            raise PublishedError(f"{where}: unknown key '{key}'; {nearest(key, _KEYS)}")
    if "rule" in item:
        item = {**item, **_legal(str(item["rule"]), where)}
    for key in ("kind", "left", "right"):
        if key not in item:
            raise PublishedError(f"{where}: no '{key}'")
    if item["kind"] not in KINDS:
        raise PublishedError(f"{where}: kind '{item['kind']}'; {nearest(item['kind'], KINDS)}")
    relation = item.get("relation", "=")
    if relation not in {"=", "<="}:
        raise PublishedError(f"{where}: relation '{relation}' is neither '=' nor '<='")
    left, right = str(item["left"]), str(item["right"])
    parse(left)
    parse(right)
    source = item.get("source", FILE)
    return Identity(item["kind"], left, right, relation, item.get("statement", ""), source)


def _legal(text: str, where: str) -> dict[str, str]:
    """Return the value a dated rule has on a day, and its legal reference."""
    match = _RULE.match(text)
    if match is None:
        raise PublishedError(f"{where}: rule '{text}' is not PROGRAMME.name@YYYY-MM-DD")
    values = rules(match[1]).at(dt.date.fromisoformat(match[3]))
    if match[2] not in values:
        raise PublishedError(f"{where}: no rule '{match[2]}'; {nearest(match[2], values)}")
    value = values[match[2]]
    if not isinstance(value.value, int | float):
        raise PublishedError(f"{where}: rule '{match[2]}' is not a number")
    return {"right": str(value.value), "source": value.reference}
