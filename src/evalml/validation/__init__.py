"""Worlds whose truth is known, and what each method makes of them over many samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.errors import EstimationError, nearest
from evalml.validation.durations import DURATION_SCENARIOS
from evalml.validation.harness import Arm, Scenario, Summary, replicate, summarise
from evalml.validation.persons import PERSON_SCENARIOS
from evalml.validation.rollouts import ROLLOUT_SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SCENARIOS", "Arm", "Scenario", "Summary", "choose", "replicate", "summarise"]


SCENARIOS: dict[str, Scenario] = {
    s.name: s for s in (*PERSON_SCENARIOS, *ROLLOUT_SCENARIOS, *DURATION_SCENARIOS)
}


def choose(
    designs: Sequence[str] = (), methods: Sequence[str] = ()
) -> list[tuple[Scenario, tuple[str, ...]]]:
    """Return the worlds chosen with the methods chosen in each; nothing named means all.

    Args:
        designs: Names of worlds, or of families (`persons`, `over time`, `durations`).
        methods: Names of methods.

    Raises:
        EstimationError: No world or method has that name, or no world chosen tries the methods.
    """
    families = {s.family for s in SCENARIOS.values()}
    known = {m for s in SCENARIOS.values() for m in s.methods}
    _refuse("design", designs, {*SCENARIOS, *families})
    _refuse("method", methods, known)
    chosen = [
        (s, tuple(m for m in s.methods if not methods or m in methods))
        for s in SCENARIOS.values()
        if not designs or s.name in designs or s.family in designs
    ]
    found = [(s, wanted) for s, wanted in chosen if wanted]
    if not found:
        raise EstimationError(f"none of the designs chosen tries {', '.join(methods)}")
    return found


def _refuse(what: str, given: Iterable[str], valid: Iterable[str]) -> None:
    known = set(valid)
    for name in given:
        if name not in known:
            raise EstimationError(f"no {what} is called '{name}'; {nearest(name, known)}")
