"""What differs between the inputs of two runs, or of a run and of now, in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LONGEST = 60
"""A value longer than this is cut; a list is told by what was added and removed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One input that is not what it was.

    Attributes:
        kind: params, extract, notebook, source, lock, versions, engine or outputs.
        name: Which part of it: a key, a table, a stage, a package; empty for the whole.
        before: What it was, where it can be said.
        after: What it is.
    """

    kind: str
    name: str = ""
    before: str = ""
    after: str = ""


_NOUNS = {
    "params": "params key {}",
    "new": "params keys set that were not: {}",
    "gone": "params keys no longer set: {}",
    "extract": "extract changed in {}",
    "notebook": "notebook changed",
    "source": "source of evalml changed in {}",
    "lock": "lock file changed",
    "versions": "version of {}",
    "engine": "engine",
    "outputs": "output gone: {}",
}
_SHOWN = frozenset({"params", "versions", "engine"})
_UNKNOWN = "(the record is too old to say where)"


def sentences(found: Sequence[Difference]) -> list[str]:
    """Return differences in words, one line per value and one per other kind."""
    lines: dict[str, list[Difference]] = {}
    for each in found:
        lines.setdefault(_line_of(each), []).append(each)
    return [_told(line, those) for line, those in lines.items()]


def _line_of(one: Difference) -> str:
    if one.kind not in _SHOWN:
        return one.kind
    if one.kind == "params" and not (one.before and one.after):
        return "gone" if one.before else "new"
    return f"{one.kind} {one.name}"


def _told(line: str, those: Sequence[Difference]) -> str:
    if line in _NOUNS and line not in _SHOWN:
        return _NOUNS[line].format(", ".join(d.name for d in those))
    return _valued(those[0])


def _valued(one: Difference) -> str:
    noun = _NOUNS[one.kind].format(one.name)
    lists = [_list_of(text) for text in (one.before, one.after)]
    if lists[0] and lists[1]:
        gone = [f"-{x}" for x in lists[0] if x not in lists[1]]
        come = [f"+{x}" for x in lists[1] if x not in lists[0]]
        return f"{noun}: {_cut(', '.join(gone + come) or 'another order')}"
    return f"{noun}: {_cut(one.before) or 'none'} → {_cut(one.after) or 'none'}"


def _list_of(text: str) -> list[Any]:
    if not text.startswith("["):
        return []
    found: list[Any] = json.loads(text)
    return found


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the inputs that differ between two records (or a record and the inputs of now).

    Args:
        before: A manifest.
        after: A manifest, or `inputs_of` with its `parameters`.
    """
    return [
        *_values("params", _flat(before["parameters"]), _flat(after["parameters"])),
        *_parts("extract", before, after),
        *_whole("notebook", before, after),
        *_parts("source", before, after),
        *_whole("lock", before, after),
        *_values("versions", before["versions"], after["versions"]),
        *_values("engine", {"": before["engine"]}, {"": after["engine"]}),
    ]


def _flat(values: Any, key: str = "") -> dict[str, Any]:
    """Return nested parameters as one level of dotted keys; a list is one value."""
    if not isinstance(values, dict) or not values:
        return {key: values}
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{key}.{name}" if key else str(name))
    return found


def _values(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield Difference(kind, key, _said(old), _said(new))


def _said(value: Any) -> str:
    return (
        ""
        if value is None
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=str)
    )


def _whole(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = (record["hashes"].get(kind) or "" for record in (before, after))
    if old != new:
        yield Difference(kind, "", old, new)


_TOTALS = {"extract": "extract", "source": "code"}


def _parts(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Give the parts that differ; the whole, where a record is too old to name them."""
    old, new = (record["hashes"].get(_TOTALS[kind]) or "" for record in (before, after))
    if old == new:
        return
    parts = [record.get("parts", {}).get(kind) for record in (before, after)]
    if None in parts:
        yield Difference(kind, _UNKNOWN, old, new)
        return
    for name in sorted({*parts[0], *parts[1]}):
        if parts[0].get(name) != parts[1].get(name):
            yield Difference(kind, name, parts[0].get(name, ""), parts[1].get(name, ""))
