"""Identities written by hand in `identities.yaml`, beside the figures."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import yaml

from evalml.errors import nearest
from evalml.published.expression import parse
from evalml.published.identity import KINDS, Identity
from evalml.published.read import PublishedError
from evalml.rules import rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evalml.published.figure import Figure

FILE = "identities.yaml"
_KEYS = frozenset({"kind", "left", "right", "rule", "relation", "statement", "source"})
_RULE = re.compile(r"^([A-Za-z_]+)\.([a-z0-9_]+)@(\d{4}-\d{2}-\d{2})$")


def read_declared(
    path: Path, figures: Mapping[str, Figure]
) -> tuple[list[Identity], tuple[tuple[str, ...], ...]]:
    """Return the identities and the partitions declared beside the figures (none: two empties).

    Args:
        path: The folder, or the CSV file whose folder may hold `identities.yaml`.
        figures: The figures; an identity may name no other.

    Raises:
        PublishedError: An unknown key, kind, relation or figure.
    """
    file = (path if path.is_dir() else path.parent) / FILE
    if not file.is_file():
        return [], ()
    try:
        raw: Any = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise PublishedError(f"{file.name} is not YAML: {error}") from error
    if not isinstance(raw, dict) or not set(raw) <= {"identities", "partitions"}:
        raise PublishedError(f"{file.name}: the two keys are 'identities' and 'partitions'")
    rows = [_identity(item, n) for n, item in enumerate(raw.get("identities") or [], 1)]
    partitions = tuple(tuple(p) for p in raw.get("partitions") or [])
    return [r for n, r in enumerate(rows, 1) if _known(r, n, figures, path)], partitions


def _known(identity: Identity, n: int, figures: Mapping[str, Figure], path: Path) -> bool:
    """Tell whether every figure is there; an absent one is an error when the folder is read."""
    absent = [name for name in identity.members if name not in figures]
    if absent and path.is_dir():
        hint = nearest(absent[0], figures)
        raise PublishedError(f"{FILE}, identity {n}: no figure '{absent[0]}'; {hint}")
    return not absent


def _identity(item: dict[str, str], n: int) -> Identity:
    where = f"{FILE}, identity {n}"
    for key in item:
        if key not in _KEYS:
            raise PublishedError(f"{where}: unknown key '{key}'; {nearest(key, _KEYS)}")
    if "rule" in item:
        item = {**item, **_legal(str(item["rule"]), where)}
    for key in ("kind", "left", "right"):
        if key not in item:
            raise PublishedError(f"{where}: no '{key}'")
    if item["kind"] not in KINDS:
        raise PublishedError(f"{where}: kind '{item['kind']}'; {nearest(item['kind'], KINDS)}")
    relation = item.get("relation", "=")
    if relation not in {"=", "<="}:
        raise PublishedError(f"{where}: relation '{relation}' is neither '=' nor '<='")
    left, right = str(item["left"]), str(item["right"])
    parse(left)
    parse(right)
    source = item.get("source", FILE)
    return Identity(item["kind"], left, right, relation, item.get("statement", ""), source)


def _legal(text: str, where: str) -> dict[str, str]:
    """Return the value a dated rule has on a day, and its legal reference."""
    match = _RULE.match(text)
    if match is None:
        raise PublishedError(f"{where}: rule '{text}' is not PROGRAMME.name@YYYY-MM-DD")
    held = rules(match[1]).at(dt.date.fromisoformat(match[3]))
    if match[2] not in held:
        raise PublishedError(f"{where}: no rule '{match[2]}'; {nearest(match[2], held)}")
    value = held[match[2]]
    if not isinstance(value.value, int | float):
        raise PublishedError(f"{where}: rule '{match[2]}' is not a number")
    return {"right": str(value.value), "source": value.reference}
