"""The kernel of a run: forked by the kernel pool or started alone, reached over files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from evalml.errors import RunError
from evalml.run.kernel_pool import can_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


_PATIENCE = 180
"""Seconds an answer may take: the first one waits for the imports."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1"
)
"""One BLAS thread per kernel: on few cores, more of them wait for one another."""


_MAIN = "import sys; from evalml.run.kernel_pool import main; sys.exit(main(sys.argv[1]))"


class ForkedKernel:
    """A kernel forked by the kernel pool; it answers like a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, address: str, request: Mapping[str, Any]) -> None:
        self.returncode: int | None = None
        self.peak_mb = 0.0
        self._received = b""
        self._channel = socket.socket(socket.AF_UNIX)
        self._channel.settimeout(_PATIENCE)
        try:
            self._channel.connect(address)
            self._channel.sendall(json.dumps(dict(request)).encode() + b"\n")
            self.pid = int(self._line()["pid"])
        except (OSError, TimeoutError) as fault:
            self._channel.close()
            message = f"the process that starts kernels does not answer ({type(fault).__name__})"
            raise RunError(message) from None
        self._channel.setblocking(False)

    def _line(self) -> dict[str, Any]:
        while b"\n" not in self._received:
            received = self._channel.recv(1 << 12)
            if not received:
                raise ConnectionResetError
            self._received += received
        line, self._received = self._received.split(b"\n", 1)
        words: dict[str, Any] = json.loads(line)
        return words

    def poll(self) -> int | None:
        """Return the exit code of the kernel, or None while it lives."""
        if self.returncode is None:
            try:
                last = self._line()
            except BlockingIOError:
                return None
            except ConnectionError:
                last = {"exit": -int(signal.SIGKILL), "peak_kb": 0}
            self.returncode = int(last["exit"])
            self.peak_mb = last["peak_kb"] / 1024
            self._channel.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the kernel to end and return its exit code."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("kernel", timeout or 0)
            time.sleep(0.02)
        return int(self.returncode or 0)

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and its children."""
        if self.poll() is None:
            self._channel.sendall(json.dumps({"signal": int(number)}).encode() + b"\n")

    def kill(self) -> None:
        """Kill the kernel and its children."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Have kernels forked by the kernel pool instead of started from nothing."""

    address = ""
    process: Any = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Ask for a kernel; the command is that of a plain one, and is not used."""
        manager: Any = self.parent
        request = {
            "connection_file": manager.connection_file,
            "cwd": str(kwargs.get("cwd") or Path.cwd()),
            "env": dict(kwargs.get("env") or os.environ),
        }
        try:
            self.process = ForkedKernel(self.address, request)
        except RunError:  # the kernel pool is gone: a plain kernel is slower, and as good
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        return self.connection_info


@contextmanager
def forked_kernels() -> Iterator[str]:
    """Start a kernel pool; give the address of its socket, empty where nothing can be forked."""
    with starting_kernels() as address:
        yield address()


@contextmanager
def starting_kernels() -> Iterator[Callable[[], str]]:
    """Start a kernel pool, go on at once; give the function that waits for its address."""
    sweep_sockets()
    if not can_fork():
        yield str
        return
    folder = tempfile.mkdtemp(prefix=f"evalml-{os.getpid()}-")
    address = str(Path(folder) / "pool")
    # Our own module, by the same interpreter; it ends when its standard input closes.
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _MAIN, address],
        stdin=subprocess.PIPE,
        env={**os.environ, **ONE_THREAD, "MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    )
    try:
        yield lambda: address if _listening(process, address) else ""
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()  # it may be in the middle of its imports, and not listen
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def sweep_sockets() -> None:
    """Remove the folders of sockets that processes of ours left behind as they were killed."""
    for folder in Path(tempfile.gettempdir()).glob("evalml-[0-9]*-*"):
        try:
            mine = folder.stat().st_uid == os.getuid()
            os.kill(int(folder.name.split("-")[1]), 0)
        except ProcessLookupError:
            if mine:
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError):
            continue


def _listening(process: subprocess.Popen[bytes], address: str) -> bool:
    while not Path(address).exists():
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return True


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
        return _resident_by_ps(pid)
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


def _resident_by_ps(pid: int) -> float:
    """Ask `ps` for the process alone: its children are short and small."""
    command = ["ps", "-o", "rss=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    output = done.stdout.strip()
    return int(output) / _KB if output.isdigit() else 0.0


def kill_group(pid: int) -> None:
    """Kill a kernel and the processes of its group, or of its own if it leads none."""
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)


class IpcKernelManager(AsyncKernelManager):
    """Start kernels on IPC sockets in a private folder.

    The default TCP transport fails at random when kernels start in parallel (the port is taken),
    and other users of the machine can read it.
    """

    address = ""
    watch: Watch | None = None

    def __init__(self, **kwargs: Any) -> None:
        self._folder = tempfile.mkdtemp(prefix=f"evalml-{os.getpid()}-")
        super().__init__(**kwargs)
        self.transport = "ipc"
        self.ip = str(Path(self._folder) / "kernel")
        self.connection_file = str(Path(self._folder) / "kernel.json")

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        """Keep what the kernel says to itself on its way out off the terminal."""
        if self.address and self.provisioner is None:
            self.provisioner = ForkProvisioner(
                kernel_id="", kernel_spec=self.kernel_spec, parent=self
            )
            self.provisioner.address = self.address
        command, options = await super()._async_pre_start_kernel(**kw)
        return command, {**options, "stderr": subprocess.DEVNULL}

    pre_start_kernel = _async_pre_start_kernel

    async def _async_post_start_kernel(self, **kw: Any) -> None:
        """Have the kernel watched."""
        await super()._async_post_start_kernel(**kw)
        if self.watch is not None:
            self.watch.begin(getattr(self.provisioner, "process", None))

    post_start_kernel = _async_post_start_kernel

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        """Remove the sockets with the kernel."""
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources


def manager_for(watch: Watch, address: str) -> type[IpcKernelManager]:
    """Return the manager of one run: its watch, and where its kernel is forked, if anywhere."""
    return type("WatchedKernelManager", (IpcKernelManager,), {"watch": watch, "address": address})
