"""The side of a run: ask the zygote for a kernel, and handle it as a process of one's own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from evalml.errors import RunError
from evalml.run.zygote import can_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PATIENCE = 180
"""Seconds an answer may take: the first one waits for the imports."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1"
)
"""One BLAS thread per kernel: on few cores, more of them wait for one another."""


_MAIN = "import sys; from evalml.run.zygote import main; sys.exit(main(sys.argv[1]))"


class ForkedKernel:
    """A kernel forked by the zygote; it answers like a `subprocess.Popen`."""

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
            said = self._channel.recv(1 << 12)
            if not said:
                raise ConnectionResetError
            self._received += said
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
    """Have kernels forked by the zygote instead of started from nothing."""

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
        except RunError:  # the zygote is gone: a plain kernel is slower, and as good
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        return self.connection_info


@contextmanager
def forked_kernels() -> Iterator[str]:
    """Start a zygote and give the address of its socket; empty where kernels cannot be forked."""
    with starting_kernels() as address:
        yield address()


@contextmanager
def starting_kernels() -> Iterator[Callable[[], str]]:
    """Start a zygote and go on at once; give the function that waits for it, for its address."""
    sweep_sockets()
    if not can_fork():
        yield str
        return
    folder = tempfile.mkdtemp(prefix=f"evalml-{os.getpid()}-")
    address = str(Path(folder) / "zygote")
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
