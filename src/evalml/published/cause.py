"""A cause of a failure, and the words it is told with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from evalml.published.figure import Figure


class Cause(NamedTuple):
    """A cause, and how sure it is.

    Attributes:
        name: Short name.
        sentence: One or two sentences, in French.
        certainty: `quasi certaine`, `probable`, `possible` or `indéterminée`.
        figures: Those to look at first (none: every figure of the identity).
        correction: What should be printed, if one can tell.
    """

    name: str
    sentence: str
    certainty: str
    figures: tuple[str, ...] = ()
    correction: str = ""


def at(figure: Figure) -> str:
    """Return a figure with its place, for a sentence."""
    return f"{figure.printed} ({figure.place})"


def inside(value: float, figure: Figure) -> bool:
    """Tell whether a value prints like a figure."""
    target = figure.interval()
    return target.low <= value <= target.high
