"""What a check returns: one question, one answer, one sentence for the note."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One diagnostic.

    Attributes:
        name: Short name, such as `balance`.
        question: What it asks, in French, for the note.
        passed: True, False (blinds the effect), or None: for information, or cannot be judged.
        value: The figure judged, if there is one.
        threshold: What it was judged against, if anything.
        sentence: What the note says, in French: what was seen, and what it means.
        outcome: Key of the outcome it bears on (`emploi_m12`), empty when it bears on all.
        gating: Whether a failure blinds the effects it bears on; False for a sensitivity analysis.
    """

    name: str
    question: str
    passed: bool | None
    value: float | None
    threshold: float | None
    sentence: str
    outcome: str = ""
    gating: bool = True
