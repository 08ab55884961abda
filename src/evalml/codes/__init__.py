"""Closed lists with their sources: the values that coded columns may take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from evalml.errors import EvalmlError, nearest

__all__ = ["RANKING", "CodeList", "code_list", "code_lists", "departements_of", "territory_names"]


@dataclass(frozen=True, slots=True)
class CodeList:
    """One closed list.

    Attributes:
        name: Name of the list, such as `niveau_diplome`.
        source: Where it comes from.
        labels: French label of each value, in the order of the list.
        open: Whether a source may hold further values (kept as they are, counted, never mapped).
    """

    name: str
    source: str
    labels: dict[str, str]
    open: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The values, in the order of the list."""
        return tuple(self.labels)


@cache
def code_lists() -> dict[str, CodeList]:
    """Return every closed list, by name."""
    text = resources.files("evalml.codes").joinpath("lists.yaml").read_text(encoding="utf-8")
    raw = yaml.load(text, yaml.CSafeLoader)
    return {
        name: CodeList(name, spec["source"], dict(spec["values"]), spec.get("open", False))
        for name, spec in raw.items()
    }


def code_list(name: str) -> CodeList:
    """Return the closed list called `name`.

    Raises:
        EvalmlError: No list has that name.
    """
    lists = code_lists()
    if name not in lists:
        raise EvalmlError(f"no closed list is called '{name}'; {nearest(name, lists)}")
    return lists[name]


@cache
def territory_names() -> dict[str, dict[str, str]]:
    """Return the names of the regions and of the départements, by INSEE code."""
    raw = _territories()
    return {kind: dict(raw[kind]) for kind in ("regions", "departements")}


@cache
def departements_of() -> dict[str, tuple[str, ...]]:
    """Return the départements of each region, by INSEE code."""
    return {region: tuple(codes) for region, codes in _territories()["departements_of"].items()}


@cache
def _territories() -> dict[str, Any]:
    text = resources.files("evalml.codes").joinpath("territories.yaml").read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return raw


RANKING: tuple[str, ...] = code_list("categorie").values
"""Which situation wins where several cover a month: the order of the CEJ application."""
