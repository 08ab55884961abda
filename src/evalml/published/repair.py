"""Mend printed figures one slip of a typist at a time, the least accidental first.

A figure is suspected when one slip of the typist away lies a number that mends some of the failing
identities it belongs to and breaks none. Such a slip can exist by accident: its *chance* is the
number of slips tried, times the share of numbers of that length that would do as well, times the
figures one could blame; divided by ten for each further identity mended, multiplied by ten for
each one still failing. Mending goes on from the figures already mended, so that two misprints in
one table are told apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.published.figure import malformed, read_number
from evalml.published.identity import WEAK, CheckedIdentity, Identity, check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from evalml.published.figure import PrintedFigure, RoundingInterval


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


def slips(figure: PrintedFigure) -> Iterator[Slip]:
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


def completed(figure: PrintedFigure) -> Slip | None:
    """Return the number a badly grouped one stands for when its last group lost a zero."""
    if not malformed(figure.printed):
        return None
    value = figure.value * 10
    return Slip("lost", _group(str(int(value)), figure.printed), value)


_TEN = 10.0
_FAR = 2**20
_COMPARABLE = 10.0
_WEAK_CHANCE = 0.1


@dataclass(frozen=True, slots=True)
class Suspect:
    """A figure that one slip would explain.

    Attributes:
        figure: The figure.
        slips: The corrections that mend the same identities.
        mends: Positions of the identities mended.
        chance: How many slips would be expected to do as well if the figure were right.
    """

    figure: PrintedFigure
    slips: tuple[Slip, ...]
    mends: frozenset[int]
    chance: float


class Bench:
    """The figures as mended so far, and which identities they satisfy.

    Attributes:
        figures: The figures, those mended with their new value.
        identities: Every identity.
        failing: Positions of those that fail and are not yet explained.
        mended: Ids of the figures already mended.
    """

    def __init__(
        self, figures: Mapping[str, PrintedFigure], outcomes: Iterable[CheckedIdentity]
    ) -> None:
        self.figures = dict(figures)
        results = list(outcomes)
        self.identities = [o.identity for o in results]
        self.failing = {i for i, o in enumerate(results) if not o.holds}
        self.mended: set[str] = set()
        self._values = {name: f.interval() for name, f in figures.items()}
        self._touching: dict[str, list[int]] = defaultdict(list)
        for position, identity in enumerate(self.identities):
            for name in identity.members:
                self._touching[name].append(position)
        self._known: dict[str, Suspect | None] = {}

    def touching(self, name: str) -> list[int]:
        """Return the positions of the identities a figure belongs to."""
        return self._touching[name]

    def outcome(self, position: int) -> CheckedIdentity:
        """Return an identity's result with the figures as mended so far."""
        return check(self.identities[position], self._values)

    def suspects(self) -> list[Suspect]:
        """Return every figure of a failing identity that one slip helps."""
        names = {n for i in self.failing for n in self.identities[i].members} - self.mended
        for name in names - self._known.keys():
            self._known[name] = self._suspect(name)
        return [s for n in sorted(names) if (s := self._known[n]) is not None]

    def mend(self, suspect: Suspect) -> None:
        """Give a figure its likeliest correction, and set aside what then holds."""
        name = suspect.figure.id
        self.figures[name] = suspect.figure.corrected(suspect.slips[0].value)
        self._values[name] = self.figures[name].interval()
        self.mended.add(name)
        self.explain(suspect.mends)

    def explain(self, positions: Iterable[int]) -> None:
        """Set identities aside: a finding holds them."""
        self.failing -= set(positions)
        for position in positions:
            for name in self.identities[position].members:
                self._forget(name)

    def _forget(self, name: str) -> None:
        for position in self._touching[name]:
            for other in self.identities[position].members:
                self._known.pop(other, None)

    def _suspect(self, name: str) -> Suspect | None:
        figure = self.figures[name]
        failing = [i for i in self._touching[name] if i in self.failing]
        sound = [i for i in self._touching[name] if i not in self.failing and self._sound(i)]
        trial = _Trial(figure, self._values)
        tried = list(slips(figure))
        mended: dict[frozenset[int], list[Slip]] = defaultdict(list)
        for slip in tried:
            trial.move(slip.value)
            gained = frozenset(i for i in failing if trial.holds(self.identities[i]))
            if gained and all(trial.holds(self.identities[i]) for i in sound):
                mended[gained].append(slip)
        if not mended:
            return None
        best = max(mended, key=lambda g: (self._strong(g), len(g)))
        required = [self.identities[i] for i in (*best, *sound)]
        reach = trial.reach(mended[best][0], required)
        chance = len(tried) * reach * min(len(self.identities[i].members) for i in best)
        left = self._strong(set(failing) - best)
        chance *= _TEN ** (left - max(self._strong(best) - 1, 0))
        wanted = [self.identities[i] for i in sorted(best)]
        ranked = sorted(mended[best], key=lambda s: trial.misfit(s.value, wanted))
        return Suspect(figure, tuple(ranked), best, chance)

    def _sound(self, position: int) -> bool:
        return check(self.identities[position], self._values).holds

    def _strong(self, positions: Iterable[int]) -> int:
        return sum(self.identities[i].kind not in WEAK for i in positions)


def rivals(best: Suspect, others: Iterable[Suspect]) -> list[Suspect]:
    """Return the suspects that explain the same failures: about as well, unless `best` is weak."""
    limit = best.chance * _COMPARABLE if best.chance < _WEAK_CHANCE else float("inf")
    return [
        s
        for s in others
        if s.figure.id != best.figure.id and s.mends == best.mends and s.chance <= limit
    ]


class _Trial:
    """Other values of one figure, against identities."""

    def __init__(self, figure: PrintedFigure, values: Mapping[str, RoundingInterval]) -> None:
        self.figure = figure
        self.values = dict(values)

    def move(self, value: float) -> None:
        self.values[self.figure.id] = self.figure.corrected(value).interval()

    def holds(self, identity: Identity) -> bool:
        return check(identity, self.values).holds

    def misfit(self, value: float, wanted: list[Identity]) -> float:
        """Return how far from exact a value leaves identities, rounding set aside."""
        self.move(value)
        outcomes = [check(i, self.values) for i in wanted if i.relation == "="]
        return sum(
            abs(o.left.middle - o.right.middle) / max(abs(o.right.middle), 1.0) for o in outcomes
        )

    def reach(self, slip: Slip, required: list[Identity]) -> float:
        """Return the share of numbers of the same length that mend as well."""
        digits = re.sub(r"\D", "", slip.printed) or "1"
        unit = abs(slip.value) / max(int(digits), 1) or 1.0
        near = sum(self._steps(slip.value, unit * side, required) for side in (-1, 1))
        return (1 + near) / float(10 ** len(digits))

    def _steps(self, value: float, unit: float, required: list[Identity]) -> int:
        high = 1
        while high < _FAR and self._all(value + high * unit, required):
            high *= 2
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (
                (middle, high) if self._all(value + middle * unit, required) else (low, middle)
            )
        return low

    def _all(self, value: float, required: list[Identity]) -> bool:
        self.move(value)
        return all(self.holds(i) for i in required)
