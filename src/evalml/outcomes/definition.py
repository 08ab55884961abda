"""What an outcome is: a name, a source, a definition, and who observes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Channel = Literal["declared", "linked"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of the catalogue.

    Attributes:
        name: Name in the study file.
        fr: Label in French.
        en: Label in English.
        unit: `proportion`, `euros` or `mois`.
        source: Where the definition comes from.
        definition: What counts, in English, for the reference page.
        channel: Who observes it: a counsellor (`declared`) or a linked source (`linked`).
        column: Column of the panel.
        fallback: Outcome used where the linked source is absent, if any.
        also: Other columns of the panel that count as well.
        negated: Whether it is true where none of the columns is.
        cumulated: Whether it adds up from the month after time zero on.
    """

    name: str
    fr: str
    en: str
    unit: str
    source: str
    definition: str
    channel: Channel
    column: str
    fallback: str | None = None
    also: tuple[str, ...] = ()
    negated: bool = False
    cumulated: bool = False

    @property
    def as_set(self) -> bool:
        """Whether it is true or not of each month, so that a set of months holds it."""
        return self.unit == "proportion" and not self.cumulated
