"""When a check fails: the thresholds, as data.

`study.Thresholds` (the `checks:` part of a params file) holds the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from evalml.study import Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Thresholds", "as_thresholds"]


def as_thresholds(values: Thresholds | BaseModel | Mapping[str, Any] | None) -> Thresholds:
    """Return thresholds from a study's `checks` part, a mapping, or nothing (the defaults)."""
    if isinstance(values, Thresholds):
        return values
    if values is None:
        return Thresholds()  # type: ignore[call-arg,unused-ignore]
    given = values.model_dump() if isinstance(values, BaseModel) else dict(values)
    return Thresholds.model_validate(given)
