"""One run of a study at a time, whoever asks: a lock that the system frees when its holder dies."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - systems without POSIX locks run unlocked
    fcntl = None  # type: ignore[assignment]

_PAUSE = 0.2


@contextmanager
def held(path: Path) -> Iterator[None]:
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


def is_held(path: Path) -> bool:
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
