"""An identity between printed figures, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.published.expression import evaluate, names, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.published.figure import Figure
    from evalml.published.interval import Interval

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
class Outcome:
    """An identity and what the printed figures make of it.

    Attributes:
        identity: The identity.
        left: Every value the left side can take.
        right: Every value the right side can take.
        gap: How far the two sides stay apart, 0 when the identity holds.
    """

    identity: Identity
    left: Interval
    right: Interval
    gap: float

    @property
    def holds(self) -> bool:
        """Whether rounding can explain whatever difference there is."""
        return self.gap == 0


def check(identity: Identity, values: Mapping[str, Interval]) -> Outcome:
    """Return the outcome of an identity, given the interval of each figure."""
    left, right = evaluate(identity.left, values), evaluate(identity.right, values)
    gap = left.gap(right) if identity.relation == "=" else left.excess(right)
    return Outcome(identity, left, right, gap)


FRENCH = {"hull": "entre", "attainable": "part possible", "to": "à", "off": "écart :"}
ENGLISH = {"hull": "between", "attainable": "share that exists", "to": "to", "off": "off by"}


def arithmetic(
    outcome: Outcome, figures: Mapping[str, Figure], words: Mapping[str, str] = FRENCH
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
    expression: str, value: Interval, labels: Mapping[str, str], words: Mapping[str, str]
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
