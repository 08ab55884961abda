"""A kernel that talks over files of its own, not over TCP ports that others can take or read."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager


class IpcKernelManager(AsyncKernelManager):
    """Start kernels on IPC sockets in a private folder.

    The default TCP transport fails at random when kernels start in parallel (the port is taken),
    and other users of the machine can read it.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._folder = tempfile.mkdtemp(prefix="evalml-")
        super().__init__(**kwargs)
        self.transport = "ipc"
        self.ip = str(Path(self._folder) / "kernel")

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        """Keep what the kernel says to itself on its way out off the terminal."""
        command, options = await super()._async_pre_start_kernel(**kw)
        return command, {**options, "stderr": subprocess.DEVNULL}

    pre_start_kernel = _async_pre_start_kernel

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        """Remove the sockets with the kernel."""
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources
