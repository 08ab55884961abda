"""A kernel that talks over files of its own, not over TCP ports that others can take or read."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import AsyncKernelManager

from evalml.run.forked import ForkProvisioner

if TYPE_CHECKING:
    from evalml.run.watch import Watch


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
