"""Watch one kernel: what it and its children take of the machine, and when it has had its time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAUSE = 0.1
_KB, _MB = 1024, 1024 * 1024
_TIMES = slice(11, 15)
"""Of the words of /proc/PID/stat after the name: user and system time, own and of children."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take.

    Attributes:
        seconds: Time from the start of the kernel; no limit when None.
        memory_mb: Resident memory of the kernel and its children; no limit when None.
    """

    seconds: float | None = None
    memory_mb: float | None = None


class Watch:
    """Measure a kernel until it ends, and kill it when it passes its limits.

    Attributes:
        peak_mb: Largest resident memory of the kernel and its children so far.
        processor_seconds: What they have used of the processors so far; 0 where it is not told.
        verdict: Why the kernel was killed; empty while nothing was found.
        started: Whether there is, or was, a kernel.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.peak_mb = 0.0
        self.processor_seconds = 0.0
        self.verdict = ""
        self.started = False
        self._over = threading.Event()
        self._process: Any = None
        self._thread: threading.Thread | None = None

    def begin(self, process: Any) -> None:
        """Start to watch a kernel (a `subprocess.Popen`, or what answers like one)."""
        self.started = True
        self._process = process
        self._thread = threading.Thread(target=self._watch, args=(process.pid,), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop, and take the kernel down if it is still there."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self._process is not None:
            self.peak_mb = max(self.peak_mb, getattr(self._process, "peak_mb", 0.0))

    def _watch(self, pid: int) -> None:
        start = time.monotonic()
        while not self._over.wait(_PAUSE) and not self.verdict:
            self.peak_mb = max(self.peak_mb, resident_mb(pid))
            self.processor_seconds = max(self.processor_seconds, used_seconds(pid))
            self.verdict = self._judge(time.monotonic() - start)
        if self.verdict:
            kill_group(pid)

    def _judge(self, seconds: float) -> str:
        memory, time_limit = self.limits.memory_mb, self.limits.seconds
        if memory is not None and self.peak_mb > memory:
            return f"it took {self.peak_mb:.0f} MB, more than the {memory:.0f} MB it may take"
        if time_limit is not None and seconds > time_limit:
            return f"it was not done after the {time_limit:g} seconds it may take"
        return ""


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process and all that descends from it, in MB."""
    if sys.platform != "linux":
        return _resident_elsewhere(pid)
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for folder in _family(pid):
        with suppress(OSError):
            total += int((folder / "statm").read_text().split()[1]) * page
    return total / _MB


def used_seconds(pid: int) -> float:
    """Return what a process and its living descendants have used of the processors, in seconds.

    Children that a process has waited for count as its own. 0 where the system does not tell.
    """
    if sys.platform != "linux":
        return 0.0
    ticks = 0
    for folder in _family(pid):
        with suppress(OSError):
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, words[_TIMES]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> Iterator[Path]:
    """Give the folders in /proc of a process and of all that descends from it."""
    left = [pid]
    while left:
        folder = Path("/proc") / str(left.pop())
        yield folder
        with suppress(OSError):
            for task in (folder / "task").iterdir():
                left += [int(p) for p in (task / "children").read_text().split()]


def _resident_elsewhere(pid: int) -> float:
    """Ask `ps` for the process alone: its children are short and small."""
    command = ["ps", "-o", "rss=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    said = done.stdout.strip()
    return int(said) / _KB if said.isdigit() else 0.0


def kill_group(pid: int) -> None:
    """Kill a kernel and the processes of its group, or of its own if it leads none."""
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
