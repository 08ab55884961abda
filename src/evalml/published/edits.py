"""The slips of a typist: which numbers one slip away could have been meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.published.figure import malformed, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.published.figure import Figure

KINDS = {
    "swap": "deux chiffres voisins échangés",
    "glued": "un chiffre en trop (chiffre collé)",
    "lost": "un chiffre perdu",
    "replaced": "un chiffre pour un autre",
    "comma": "virgule déplacée",
    "sign": "signe perdu",
}
_DIGITS = "0123456789"
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class Slip:
    """One possible correction.

    Attributes:
        kind: A key of `KINDS`.
        printed: What should have been printed, thousands regrouped.
        value: Its value.
    """

    kind: str
    printed: str
    value: float


def slips(figure: Figure) -> Iterator[Slip]:
    """Yield what was meant if one slip was made, each value once, likeliest kind first."""
    match = re.search(r"\d(?:[\d\s.]*\d)?(?:,\d+)?", figure.printed)
    read = read_number(match[0]) if match else None
    if match is None or not read:
        return
    whole, comma, decimals = match[0].partition(",")
    digits = re.sub(r"\D", "", whole) + decimals
    factor = figure.value / read
    seen = {abs(figure.value)}
    for kind, edited, places in _edits(digits, len(decimals)):
        if edited.startswith("0") and len(edited) - places > 1:
            continue
        number = int(edited) / 10**places
        value = number * abs(factor)
        if value in seen or (figure.statistic == "share" and value > _WHOLE):
            continue
        seen.add(value)
        text = _group(edited[: len(edited) - places], whole) + (comma and f",{edited[-places:]}")
        printed = figure.printed[: match.start()] + text + figure.printed[match.end() :]
        yield Slip(kind, printed, value if figure.value >= 0 else -value)
    if figure.statistic == "growth":
        yield Slip("sign", f"\N{MINUS SIGN}{figure.printed.lstrip('+-')}", -figure.value)


def _edits(digits: str, places: int) -> Iterator[tuple[str, str, int]]:
    size = len(digits)
    for i in range(size - 1):
        if digits[i] != digits[i + 1]:
            yield "swap", digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :], places
    for i in range(size if size - places > 1 else 0):
        if i < size - places:
            yield "glued", digits[:i] + digits[i + 1 :], places
    for i in range(size - places + 1):
        for d in _DIGITS:
            yield "lost", digits[:i] + d + digits[i:], places
    for i in range(size):
        for d in _DIGITS.replace(digits[i], ""):
            yield "replaced", digits[:i] + d + digits[i + 1 :], places
    if places and size > places + 1:
        yield "comma", digits[: size - places] + digits[size - places :], places + 1


_SHORT = 3


def _group(whole: str, as_printed: str) -> str:
    """Group thousands unless the long number it replaces was printed without groups."""
    number = str(int(whole or "0"))
    plain = as_printed.isdigit() and len(as_printed) > _SHORT
    return number if plain else f"{int(number):,}".replace(",", " ")


def completed(figure: Figure) -> Slip | None:
    """Return the number a badly grouped one stands for when its last group lost a zero."""
    if not malformed(figure.printed):
        return None
    value = figure.value * 10
    return Slip("lost", _group(str(int(value)), figure.printed), value)
