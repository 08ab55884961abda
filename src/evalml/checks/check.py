"""What a check returns: a finding and its values; the thresholds at which it fails.

`study.Thresholds` (the `checks:` part of a params file) holds the same names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from evalml.study import Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.values import Values

__all__ = ["Thresholds", "as_thresholds"]


def as_thresholds(values: Thresholds | BaseModel | Mapping[str, Any] | None) -> Thresholds:
    """Return thresholds from a study's `checks` part, a mapping, or nothing (the defaults)."""
    if isinstance(values, Thresholds):
        return values
    if values is None:
        return Thresholds()  # type: ignore[call-arg,unused-ignore]
    given = values.model_dump() if isinstance(values, BaseModel) else dict(values)
    return Thresholds.model_validate(given)


@dataclass(frozen=True, slots=True)
class Check:
    """One diagnostic.

    Attributes:
        name: Short name, such as `balance`: a key of `words/checks.yaml`, where its question is.
        finding: What was found: a key of the findings of that check.
        passed: True, False (blinds the effect), or None: for information, or cannot be judged.
        value: The figure judged, if there is one.
        threshold: What it was judged against, if anything.
        values: What its sentence is filled with.
        outcome: Key of the outcome it bears on (`emploi_m12`), empty when it bears on all.
        gating: Whether a failure blinds the effects it bears on; False for a sensitivity analysis.
    """

    name: str
    finding: str
    passed: bool | None
    value: float | None
    threshold: float | None
    values: Values
    outcome: str = ""
    gating: bool = True
