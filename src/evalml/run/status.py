"""The state of a study on disk: its lock, its status, the record of a run that ended.

papermill writes success into the notebook of a kernel that was killed; nothing here reads it.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


try:
    import fcntl
except ImportError:  # pragma: no cover - systems without POSIX locks run unlocked
    fcntl = None  # type: ignore[assignment]

_PAUSE = 0.2


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Wait for the lock at `path` and hold it; the file goes when the holder is done.

    Args:
        path: The lock file; its folder is made if needed.
    """
    while (handle := _take(path)) is None:
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        # Removed while held: whoever waits for it finds another file there, and starts again.
        path.unlink(missing_ok=True)
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Say whether a living process holds the lock at `path`."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _locked(handle)
    finally:
        os.close(handle)


def _take(path: Path) -> int | None:
    handle = _open(path)
    if _locked(handle):
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
    os.close(handle)
    return None


def _open(path: Path) -> int:
    """Open the file; the holder before may remove the folder between the two steps."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            return os.open(path, os.O_CREAT | os.O_RDWR, 0o644)


def _locked(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


FOLDER = ".state"
"""Hidden folder of the states, beside the studies of a root of runs."""

STATUS = "status.json"

RunState = Literal["waiting", "running", "finished", "current", "failed", "refused"]
OVER = ("finished", "current", "failed", "refused")
"""States that nothing follows."""


@dataclass(frozen=True, slots=True)
class RunStatus:
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
    state: RunState
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


def write_status(out: Path, status: RunStatus) -> RunStatus:
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
    try:
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)  # a full disk
        raise


def read_status(out: Path, study: str) -> RunStatus | None:
    """Return the state of a study; a run whose process is gone has failed, whatever it wrote."""
    path = state_file(out, study)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    known = {f.name for f in fields(RunStatus)}
    if not isinstance(values, dict) or not {"study", "state"} <= values.keys():
        return None
    return RunStatus(**{key: value for key, value in values.items() if key in known})


def settled(out: Path, status: RunStatus) -> RunStatus:
    """Return a running state as failed where nobody holds the lock of the study any more."""
    if status.state != "running" or is_locked(lock_file(out, status.study)):
        return status
    where = f" in cell {status.cell}" if status.cell else ""
    return replace(status, state="failed", reason=f"its process ended{where} without a word")


def forget_status(out: Path, study: str) -> None:
    """Remove the state of a study."""
    state_file(out, study).unlink(missing_ok=True)


MANIFEST = "manifest.json"

_PRIVACY = {
    "release": "released",
    "results": "protected",
    "figures": "protected",
    "certificate": "signed",
}


def describe_outputs(folder: Path) -> list[dict[str, Any]]:
    """Return one entry per file of a run: path, sha256, bytes, rows and privacy level.

    `protected` outputs are aggregates whose small counts are masked, for the team that may hold
    the extract; only what `evalml release` puts into `release/` may leave.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    return [_describe(path, folder) for path in files]


def _describe(path: Path, folder: Path) -> dict[str, Any]:
    relative = path.relative_to(folder)
    return {
        "path": relative.as_posix(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "rows": _rows(path),
        "privacy": _PRIVACY.get(relative.stem if path.parent == folder else relative.parts[0])
        or "protected",
    }


def _rows(path: Path) -> int | None:
    if path.suffix != ".csv":
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        return max(sum(1 for _ in csv.reader(stream)) - 1, 0)


def write_manifest(folder: Path, record: dict[str, Any]) -> None:
    """Write the record of the run that `folder` holds."""
    replace_json(folder / MANIFEST, {**record, "outputs": describe_outputs(folder)})


_SHAPE = {"parameters": dict, "hashes": dict, "versions": dict, "engine": str, "outputs": list}
"""What every reader of a record counts on."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the record of the run that `folder` holds.

    Raises:
        DataError: It is damaged.
    """
    path = folder / MANIFEST
    try:
        record = json.loads(path.read_bytes())
    except ValueError:
        record = None
    if not isinstance(record, dict) or any(
        not isinstance(record.get(key), kind) for key, kind in _SHAPE.items()
    ):
        raise DataError(f"{path} is damaged; put a copy back, or run the study again")
    return record


def list_again(folder: Path) -> None:
    """Bring the outputs of a record up to date, after a release or a note in another language.

    Args:
        folder: A finished run; a folder without a record is left as it is.
    """
    if (folder / MANIFEST).is_file():
        write_manifest(folder, read_manifest(folder))
