"""How the sentences of the checks are set: French numbers, spaces and apostrophes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EN DASH}"
PLURAL_FROM = 2

UNITS = {
    "proportion": ("point", "points"),
    "months": ("mois", "mois"),
    "days": ("jour", "jours"),
    "hours": ("heure", "heures"),
    "dollars": ("dollar", "dollars"),
    "euros": ("euro", "euros"),
    "ratio": ("", ""),
    "count": ("", ""),
}
"""French name of a unit, singular and plural; an unknown unit is written as it is."""

DIGITS = {"proportion": 1, "months": 1, "days": 0, "hours": 0, "dollars": 0, "euros": 0, "count": 0}


def number(value: float | None, digits: int = 0, *, sign: bool = False) -> str:
    """Return a number as a French reader writes it: `1 794,3`, `−0,5`, or a dash."""
    if value is None or not math.isfinite(value):
        return ABSENT
    rounded = round(float(value), digits) + 0.0
    text = f"{abs(rounded):,.{digits}f}".replace(",", NARROW).replace(".", ",")
    before = MINUS if rounded < 0 else "+" if sign and rounded > 0 else ""
    return before + text


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as a percentage: `12,5 %`."""
    return f"{number(None if share is None else 100 * share, digits)}{NBSP}%"


def points(gap: float, digits: int = 1) -> str:
    """Return a difference of shares in points: `3,2 points`."""
    return effect(gap, "proportion", digits)


def effect(value: float, unit: str, digits: int | None = None, *, sign: bool = False) -> str:
    """Return an effect with its unit: `4,2 points`, `1 794 dollars`, `−0,3 mois`."""
    shown = value * (100 if unit == "proportion" else 1)
    places = DIGITS.get(unit, 2) if digits is None else digits
    one, many = UNITS.get(unit, (unit, unit))
    name = one if abs(round(shown, places)) < PLURAL_FROM else many
    text = number(shown, places, sign=sign)
    return f"{text}{NBSP}{name}" if name else text


def interval(low: float, high: float, unit: str) -> str:
    """Return an interval with its unit: `de −1,2 point à 4,5 points`."""
    return f"de {effect(low, unit, sign=True)} à {effect(high, unit, sign=True)}"


def p_number(p: float) -> str:
    """Return the number of a p-value: `0,03`, or `moins de 0,001`."""
    smallest = 0.001
    if p < smallest:
        return "moins de 0,001"
    return number(p, 3 if p < 0.1 else 2)  # noqa: PLR2004


def p_value(p: float) -> str:
    """Return a p-value: `p = 0,03` or `p < 0,001`."""
    text = p_number(p)
    if text.startswith("moins"):
        return f"p{NBSP}<{NBSP}0,001"
    return f"p{NBSP}={NBSP}{text}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count and its noun: `1 jeune`, `2 490 jeunes`."""
    word = one if count < PLURAL_FROM else (many or one + "s")
    return f"{number(count)}{NBSP}{word}"


def labelled(names: Iterable[str], labels: Mapping[str, str] | None = None) -> list[str]:
    """Return the French label of each name, in quotes, or the name where it has none."""
    known = labels or {}
    return [f"«{NBSP}{known[name]}{NBSP}»" if name in known else str(name) for name in names]


def guarded(count: int, minimum: int) -> str:
    """Return a count, or `moins de 11` where so few persons would be told apart."""
    return f"moins de {number(minimum)}" if 0 < count < minimum else number(count)


def guarded_share(count: int, total: int, minimum: int) -> str:
    """Return a share, or the most it can be where its count is guarded."""
    if 0 < count < minimum:
        return f"moins de {percent(min(minimum / total, 1.0))}"
    return percent(count / total if total else None)


def french(text: str) -> str:
    """Return a sentence with typographic apostrophes and its non-breaking spaces."""
    text = re.sub(r"(?<=\w)'(?=\S)", "’", text)
    text = re.sub(r"«[ \u00a0]?", f"«{NBSP}", text)
    text = re.sub(r"[ \u00a0]?»", f"{NBSP}»", text)
    text = re.sub(r"(?<=\S)[ \u00a0](?=[;!?](?:\s|$))", NARROW, text)
    return re.sub(r"(?<=\S)[ \u00a0](?=:(?:\s|$))", NBSP, text)
