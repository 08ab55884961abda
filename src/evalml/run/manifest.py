"""The record of a run: what went in, what came out, how long it took, who may see it."""

from __future__ import annotations

import csv
import hashlib
import json
from typing import TYPE_CHECKING, Any

from evalml.run.status import replace_json

if TYPE_CHECKING:
    from pathlib import Path

NAME = "manifest.json"

_PRIVACY = {
    "release": "released",
    "results": "protected",
    "figures": "protected",
}


def describe_outputs(folder: Path) -> list[dict[str, Any]]:
    """Return one entry per file of a run: path, sha256, bytes, rows and privacy level.

    `protected` outputs are aggregates whose small counts are masked, for the team that may hold
    the extract; only what `evalml release` puts into `release/` may leave.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    return [_describe(path, folder) for path in files]


def _describe(path: Path, folder: Path) -> dict[str, Any]:
    relative = path.relative_to(folder)
    return {
        "path": relative.as_posix(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "rows": _rows(path),
        "privacy": _PRIVACY.get(relative.parts[0], "protected"),
    }


def _rows(path: Path) -> int | None:
    if path.suffix != ".csv":
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        return max(sum(1 for _ in csv.reader(stream)) - 1, 0)


def write_manifest(folder: Path, record: dict[str, Any]) -> None:
    """Write the record of the run that `folder` holds."""
    replace_json(folder / NAME, {**record, "outputs": describe_outputs(folder)})


def list_again(folder: Path) -> None:
    """Bring the outputs of a record up to date, after a release or a note in another language.

    Args:
        folder: A finished run; a folder without a record is left as it is.
    """
    path = folder / NAME
    if path.is_file():
        write_manifest(folder, json.loads(path.read_text(encoding="utf-8")))
