"""Is there a finished run of the same inputs? A run is current when all its hashes are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalml.run.manifest import NAME
from evalml.run.provenance import hash_notebook, hashes_of, parts_of, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from evalml.run.plan import Plan

COMPARED = ("engine", "hashes", "versions")
"""What must be the same for a run to be current."""


def inputs_of(plan: Plan) -> dict[str, Any]:
    """Return all that the results of a plan depend on: hashes, engine and versions."""
    return {
        "engine": plan.settings.engine,
        "hashes": {
            "notebook": hash_notebook(plan.notebook),
            **hashes_of(plan.study, plan.settings),
        },
        "versions": dict(versions()),
        "parts": parts_of(plan.study, plan.settings),
    }


def finished_runs(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return the finished runs of a study, latest first, each with its record."""
    found = []
    for manifest in sorted(folder.glob(f"[0-9]*/{NAME}"), reverse=True):
        record = json.loads(manifest.read_text(encoding="utf-8"))
        found.append((manifest.parent, record))
    return found


def same_inputs(record: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Say whether a record is of these inputs, and of no others before it ended."""
    return not record.get("moved") and all(record.get(k) == inputs[k] for k in COMPARED)


def current_run(plan: Plan, inputs: dict[str, Any]) -> Path | None:
    """Return the latest finished run of the same inputs whose files are all there, if any."""
    for run, record in finished_runs(plan.settings.out / plan.study.study):
        if not missing_outputs(run, record) and same_inputs(record, inputs):
            return run
    return None


@dataclass(frozen=True, slots=True)
class Difference:
    """One input that is not what it was.

    Attributes:
        kind: params, extract, notebook, source, lock, versions or engine.
        name: Which part of it: a key, a table, a stage, a package; empty for the whole.
        before: What it was, where it can be said.
        after: What it is.
    """

    kind: str
    name: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        """Return the difference in words."""
        noun = _NOUNS[self.kind].format(name=self.name).strip()
        if self.kind in _SHOWN:
            return f"{noun}: {self.before or 'none'} → {self.after or 'none'}"
        return f"{noun} {_verb(self.before, self.after)}"


_NOUNS = {
    "params": "params key {name}",
    "extract": "extract table {name}",
    "notebook": "notebook",
    "source": "source of evalml/{name}",
    "lock": "lock file",
    "versions": "version of {name}",
    "engine": "engine",
    "outputs": "output {name}",
}
_SHOWN = frozenset({"params", "versions", "engine"})


def _verb(before: str, after: str) -> str:
    if not before:
        return "appeared"
    return "changed" if after else "is gone"


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


def missing_outputs(run: Path, record: Mapping[str, Any]) -> list[Difference]:
    """Return the files of a run that somebody removed; a release is made after it, and apart."""
    made = [o["path"] for o in record["outputs"] if o["privacy"] != "released"]
    paths = [path for path in made if not (run / path).is_file()]
    return [Difference("outputs", path, "there", "") for path in paths]


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
        yield Difference(kind, "(the record is too old to say which)", old, new)
        return
    for name in sorted({*parts[0], *parts[1]}):
        if parts[0].get(name) != parts[1].get(name):
            yield Difference(kind, name, parts[0].get(name, ""), parts[1].get(name, ""))
