"""What evalml itself knows of the state of a study, in one small file replaced as a whole.

papermill writes success into the notebook of a kernel that was killed; nothing here reads it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from evalml.run.lock import is_held

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".state"
"""Hidden folder of the states, beside the studies of a root of runs."""

NAME = "status.json"

State = Literal["waiting", "running", "finished", "current", "failed", "refused"]
OVER = ("finished", "current", "failed", "refused")
"""States that nothing follows."""


@dataclass(frozen=True, slots=True)
class Status:
    """State of the last run of one study.

    Attributes:
        study: Name of the study.
        state: Waiting, running, finished, current (an earlier run of the same inputs), failed or
            refused (its inputs are wrong; nothing was run, or nothing kept).
        reason: Why it failed or was refused, one sentence.
        cell: Number of the code cell being run, as the notebook counts them.
        cells: Number of code cells.
        seconds: How long it took.
        peak_memory_mb: Largest memory of the kernel and its children.
        run: Folder of the run, relative to the root of runs.
        process: The process that runs it.
        host: The machine it runs on.
        updated: When this was written.
    """

    study: str
    state: State
    reason: str = ""
    cell: int = 0
    cells: int = 0
    seconds: float | None = None
    peak_memory_mb: float | None = None
    run: str = ""
    process: int = 0
    host: str = ""
    updated: str = ""


def state_file(out: Path, study: str) -> Path:
    """Return where the state of a study is kept under a root of runs."""
    return out / FOLDER / f"{study}.json"


def lock_file(out: Path, study: str) -> Path:
    """Return the lock that whoever runs a study holds."""
    return out / FOLDER / f"{study}.lock"


def write_status(out: Path, status: Status) -> Status:
    """Replace the state of a study, so that a reader sees the old one or the new one."""
    path = state_file(out, status.study)
    signed = replace(
        status,
        process=os.getpid(),
        host=socket.gethostname(),
        updated=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
    )
    replace_json(path, asdict(signed))
    return signed


def replace_json(path: Path, values: Any) -> None:
    """Write a JSON file beside its final name and move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    text = json.dumps(values, indent=2, ensure_ascii=False, default=str)
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(path)


def read_status(out: Path, study: str) -> Status | None:
    """Return the state of a study; a run whose process is gone has failed, whatever it wrote."""
    path = state_file(out, study)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    known = {f.name for f in fields(Status)}
    return Status(**{key: value for key, value in values.items() if key in known})


def settled(out: Path, status: Status) -> Status:
    """Return a running state as failed where nobody holds the lock of the study any more."""
    if status.state != "running" or is_held(lock_file(out, status.study)):
        return status
    where = f" in cell {status.cell}" if status.cell else ""
    return replace(status, state="failed", reason=f"its process ended{where} without a word")


def forget_status(out: Path, study: str) -> None:
    """Remove the state of a study."""
    state_file(out, study).unlink(missing_ok=True)
