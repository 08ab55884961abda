"""Every world, and the choice of some of them and of their methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.effect.validation.durations import DURATION_SCENARIOS
from evalml.effect.validation.persons import PERSON_SCENARIOS
from evalml.effect.validation.rollouts import ROLLOUT_SCENARIOS
from evalml.errors import EstimationError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evalml.effect.validation.scenario import Scenario

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
