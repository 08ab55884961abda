"""Is there a finished run of the same inputs? A run is current when all its hashes are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evalml.run.differences import Difference
from evalml.run.manifest import NAME
from evalml.run.provenance import hash_notebook, hashes_of, parts_of, versions_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evalml.run.plan import Plan

COMPARED = ("engine", "hashes", "versions")
"""What must be the same for a run to be current."""


def inputs_of(plan: Plan) -> dict[str, Any]:
    """Return all that the results of a plan depend on: hashes, engine and versions."""
    parts = parts_of(plan.study, plan.settings)
    return {
        "engine": plan.settings.engine,
        "hashes": {
            "notebook": hash_notebook(plan.notebook),
            **hashes_of(plan.study, plan.settings, parts["extract"]),
        },
        "versions": versions_of(plan.study, plan.settings),
        "parts": parts,
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


def moved_inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the inputs that changed between two looks at them, such as `code` or `extract`."""
    hashes = [key for key, value in before["hashes"].items() if after["hashes"][key] != value]
    return hashes + [k for k in COMPARED if k != "hashes" and after[k] != before[k]]


def current_run(plan: Plan, inputs: dict[str, Any]) -> Path | None:
    """Return the latest finished run of the same inputs whose files are all there, if any."""
    for run, record in finished_runs(plan.settings.out / plan.study.study):
        if not missing_outputs(run, record) and same_inputs(record, inputs):
            return run
    return None


def missing_outputs(run: Path, record: Mapping[str, Any]) -> list[Difference]:
    """Return the files of a run that somebody removed; a release is made after it, and apart."""
    made = [o["path"] for o in record["outputs"] if o["privacy"] != "released"]
    paths = [path for path in made if not (run / path).is_file()]
    return [Difference("outputs", path, "there", "") for path in paths]
