"""Is there a finished run of the same inputs? A run is current when all its hashes are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evalml.run.manifest import NAME
from evalml.run.provenance import hash_files, hashes_of, versions

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.run.execute import Plan


def inputs_of(plan: Plan) -> dict[str, Any]:
    """Return all that the results of a plan depend on: hashes, engine and versions."""
    return {
        "engine": plan.settings.engine,
        "hashes": {
            "notebook": hash_files([plan.notebook], plan.notebook.parent),
            **hashes_of(plan.study, plan.settings),
        },
        "versions": versions(),
    }


def current_run(plan: Plan, inputs: dict[str, Any]) -> Path | None:
    """Return the latest finished run of the same inputs whose files are all there, if any."""
    folder = plan.settings.out / plan.study.study
    for manifest in sorted(folder.glob(f"[0-9]*/{NAME}"), reverse=True):
        record = json.loads(manifest.read_text(encoding="utf-8"))
        same = all(record.get(key) == value for key, value in inputs.items())
        if same and all((manifest.parent / o["path"]).is_file() for o in record["outputs"]):
            return manifest.parent
    return None
