"""Effects of programmes in print: what was read of each, and what it can be set beside."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Nearest(_Strict):
    """The estimate of a study that comes closest to a published one."""

    method: str
    outcome: str
    horizon: int


class InEnglish(_Strict):
    """The words of an effect in print, in English."""

    source: str = Field(min_length=1)
    measured: str = Field(min_length=1)
    value: str = Field(min_length=1)
    alike: str = Field(min_length=1)
    differs: str = Field(min_length=1)
    read_in: str = Field(min_length=1)


class PublishedEffect(_Strict):
    """One effect in print.

    Attributes:
        source: Who published it, and when.
        measured: What it measures.
        value: The figure, as printed.
        nearest: The estimate of a study that comes closest.
        alike: What makes the two comparable.
        differs: What keeps them apart.
        read_in: What was read of it.
        en: The same words in English.
    """

    source: str = Field(min_length=1)
    measured: str = Field(min_length=1)
    value: str = Field(min_length=1)
    nearest: Nearest
    alike: str = Field(min_length=1)
    differs: str = Field(min_length=1)
    read_in: str = Field(min_length=1)
    en: InEnglish


@cache
def _all() -> dict[str, list[dict[str, Any]]]:
    text = resources.files("evalml.published").joinpath("evaluations.yaml")
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(text.read_text(encoding="utf-8"))
    return found


def published_effects(programme: str) -> tuple[PublishedEffect, ...]:
    """Return the effects of a programme in print; none where none was read."""
    return tuple(PublishedEffect.model_validate(row) for row in _all().get(programme, []))
