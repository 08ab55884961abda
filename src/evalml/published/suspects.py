"""Which printed figures one slip would mend, and how likely that is by accident."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.published.edits import Slip, slips
from evalml.published.identity import WEAK, Identity, Outcome, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.published.figure import Figure
    from evalml.published.interval import Interval

_FURTHER = 0.1


@dataclass(frozen=True, slots=True)
class Suspect:
    """A figure that one slip would explain.

    Attributes:
        figure: The figure.
        slips: The corrections under which everything that bears on it holds.
        mends: Positions of the failures it explains.
        checks: How many identities bear on it.
        chance: How many slips would be expected to mend as well if the figure were right.
    """

    figure: Figure
    slips: tuple[Slip, ...]
    mends: frozenset[int]
    checks: int
    chance: float


class _Trial:
    """Try other values of one figure against the identities that bear on it."""

    def __init__(
        self,
        figure: Figure,
        failing: list[Identity],
        touching: list[Identity],
        values: Mapping[str, Interval],
    ) -> None:
        self.figure = figure
        self.identities = failing + [i for i in touching if i not in failing]
        self.values = dict(values)

    def mends(self, value: float) -> bool:
        self.values[self.figure.id] = self.figure.corrected(value).interval()
        return all(check(i, self.values).holds for i in self.identities)

    def reach(self, value: float, unit: float) -> int:
        """Return how many neighbouring values, `unit` apart, mend as well (at most 2**20)."""
        return 1 + sum(self._steps(value, unit * side) for side in (-1, 1))

    def _steps(self, value: float, unit: float) -> int:
        high = 1
        while high < 2**20 and self.mends(value + high * unit):
            high *= 2
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.mends(value + middle * unit) else (low, middle)
        return low


def find_suspects(
    figures: Mapping[str, Figure], everything: list[Outcome], failures: list[Outcome]
) -> list[Suspect]:
    """Return every figure of a failing identity that one slip mends entirely."""
    touching: dict[str, list[Identity]] = defaultdict(list)
    broken: dict[str, list[int]] = defaultdict(list)
    for outcome in everything:
        for name in outcome.identity.members:
            touching[name].append(outcome.identity)
    for position, outcome in enumerate(failures):
        for name in outcome.identity.members:
            broken[name].append(position)
    values = {name: f.interval() for name, f in figures.items()}
    found = []
    for name, positions in broken.items():
        failing = [failures[p].identity for p in positions]
        trial = _Trial(figures[name], failing, touching[name], values)
        suspect = _suspect(trial, frozenset(positions), failing)
        if suspect is not None:
            found.append(suspect)
    return found


def _suspect(trial: _Trial, mends: frozenset[int], failing: list[Identity]) -> Suspect | None:
    tried = list(slips(trial.figure))
    kept = tuple(s for s in tried if trial.mends(s.value))
    if not kept:
        return None
    digits = len(re.sub(r"\D", "", kept[0].printed))
    unit = _unit(kept[0])
    accepted = trial.reach(kept[0].value, unit) / 10**digits
    members = min(len(i.members) for i in failing)
    strong = sum(i.kind not in WEAK for i in failing)
    further = _FURTHER ** max(strong - 1, 0)
    chance = len(tried) * accepted * members * further
    return Suspect(trial.figure, kept, mends, len(trial.identities), chance)


def _unit(slip: Slip) -> float:
    """Return the value of one unit of the last digit printed."""
    digits = re.sub(r"\D", "", slip.printed) or "1"
    return abs(slip.value) / max(int(digits), 1) or 1.0
