"""Test printed figures against one another, and gather what fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.published.declared import read_declared
from evalml.published.explain import Finding, explain
from evalml.published.figure import intervals
from evalml.published.generate import generate
from evalml.published.identity import Outcome, check
from evalml.published.read import read_figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from evalml.published.figure import Figure
    from evalml.published.identity import Identity


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit tested and found.

    Attributes:
        figures: The printed figures, by id.
        outcomes: Every identity tested, with its result.
        findings: What fails, explained, surest first.
    """

    figures: Mapping[str, Figure]
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The identities that no rounding explains."""
        return tuple(o for o in self.outcomes if not o.holds)

    def tested(self) -> dict[str, tuple[int, int]]:
        """Return, for each kind, how many identities were tested and how many fail."""
        total = Counter(o.identity.kind for o in self.outcomes)
        failed = Counter(o.identity.kind for o in self.failures)
        return {kind: (total[kind], failed[kind]) for kind in sorted(total)}


def audit_figures(
    figures: Mapping[str, Figure],
    declared: Iterable[Identity] = (),
    partitions: Iterable[tuple[str, ...]] = (),
) -> Audit:
    """Return the audit of a set of figures.

    Args:
        figures: The printed figures, by id.
        declared: Identities written by hand, added to those the rules find.
        partitions: Sets of `dimension=value` pairs that together make a whole.
    """
    values = intervals(figures)
    identities = {i.key: i for i in declared}
    for identity in generate(figures, partitions, values):
        identities.setdefault(identity.key, identity)
    outcomes = tuple(check(i, values) for i in identities.values())
    return Audit(figures, outcomes, tuple(explain(figures, outcomes)))


def audit_path(path: Path) -> Audit:
    """Return the audit of a CSV file, or of a folder of them with its `identities.yaml`.

    Raises:
        PublishedError: What is there cannot be read.
    """
    figures = read_figures(path)
    declared, partitions = read_declared(path, figures)
    return audit_figures(figures, declared, partitions)
