"""The process that imports the stack once and forks a kernel for each run that asks.

A kernel spends seconds on its imports and a fraction of one on the rest. Forking is safe only while
no thread runs, so this process imports and starts nothing: no connection, no pool, no product of
matrices. It is one loop over one listening socket, one socket per run, and one handle per kernel.

A run holds its socket open as long as it lives: when the socket closes, its kernel is killed, and
when this process dies, the system kills its kernels. Started by `evalml.run.kernel`, never by hand.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import random
import selectors
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


_GRAMMAR = "rfc3987_syntax"


def import_nbformat() -> None:
    """Import nbformat, and leave that grammar out unless somebody has asked for it already."""
    if "nbformat" in sys.modules or _GRAMMAR in sys.modules:
        return
    # None makes the import fail, and jsonschema then goes without this one format.
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        import nbformat  # noqa: F401
    finally:
        del sys.modules[_GRAMMAR]


_SET_DEATH_SIGNAL = 1
_CHUNK = 1 << 16

STACK = (
    "numpy", "pandas", "pyarrow.parquet", "scipy.special", "scipy.optimize", "duckdb",
    "ibis.backends.duckdb", "sqlglot.dialects.duckdb", "IPython.core.completer",
    "ipykernel.zmqshell", "ipykernel.kernelapp", "ipykernel.ipkernel", "pypandoc", "typst", "docx",
    "PIL.PngImagePlugin", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
    "seaborn", "threadpoolctl",
)  # fmt: skip
"""What the notebooks end up importing, besides evalml itself."""

QUIET_THREADS = {"jemalloc_bg_thd"}
"""Threads of allocators, which restart themselves in a forked process."""


@dataclass(slots=True)
class _KernelRun:
    """One run: its socket, what it has sent so far, and its kernel once forked."""

    channel: socket.socket
    received: bytes = b""
    kernel: int = 0
    handle: int = field(default=-1)


def can_fork() -> bool:
    """Say whether kernels may be forked here: Linux, with handles on processes."""
    return sys.platform == "linux" and hasattr(os, "fork") and hasattr(os, "pidfd_open")


def preload() -> None:
    """Import the stack and every stage of evalml, and warm up what is slow once; start nothing."""
    import_nbformat()
    for name in STACK:
        with suppress(ImportError):
            import_module(name)
    evalml = import_module("evalml")
    for name in evalml.__all__:
        getattr(evalml, name)
    root = Path(__file__).resolve().parents[1]
    for path in sorted(root.rglob("*.py")):
        words = path.relative_to(root).with_suffix("").parts
        if words[0] not in {"cli", "synthetic", "run", "__main__"} and words[-1] != "__init__":
            with suppress(Exception):  # what cannot be imported says so in the run that needs it
                import_module(".".join(("evalml", *words)))
    import_module("evalml.run.provenance").source_parts()
    _warm_up()


def _warm_up() -> None:
    """Draw one figure and compile one query: the first of each pays for tables and fonts."""
    style = import_module("evalml.report.figures_style")
    ibis = import_module("ibis")
    fig = style.canvas(1.0)
    axes = fig.subplots()
    axes.plot([0, 1], label="é")
    axes.legend()
    for kind in style.OPTIONS:
        style.Figure(fig, "", "", "").picture(kind)
    table = ibis.table({"a": "int64", "b": "string", "c": "date"}, name="t")
    one = table.filter(table.a > 0).mutate(d=table.c.year(), e=table.b.upper())
    grouped = one.group_by("b").agg(n=one.a.sum(), m=one.d.max())
    ibis.to_sql(grouped.join(table, "b"), dialect="duckdb")


def running_threads() -> list[str]:
    """Return the names of the threads beside this one that a fork would leave half-way."""
    mine = str(os.getpid())
    names = [p.joinpath("comm").read_text().strip() for p in _tasks() if p.name != mine]
    return sorted(set(names) - QUIET_THREADS)


def _tasks() -> Iterable[Path]:
    return Path("/proc/self/task").iterdir()


def serve(listener: socket.socket) -> None:
    """Fork a kernel for each run that connects, until standard input closes."""
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ, "parent")
    selector.register(listener, selectors.EVENT_READ, "listener")
    while True:
        for key, _ in selector.select():
            if key.data == "parent":
                if not os.read(0, _CHUNK):
                    return
            elif key.data == "listener":
                channel, _ = listener.accept()
                selector.register(channel, selectors.EVENT_READ, _KernelRun(channel))
            elif key.fileobj == key.data.handle:
                _bury(selector, key.data)
            else:
                _hear(selector, listener, key.data)


def _hear(selector: selectors.BaseSelector, listener: socket.socket, run: _KernelRun) -> None:
    """Read what a run asks: a kernel first, then signals for it; silence is its end."""
    try:
        received = run.channel.recv(_CHUNK)
    except ConnectionError:
        received = b""
    if not received:
        selector.unregister(run.channel)
        run.channel.close()
        if run.handle >= 0:
            _kill(run.kernel, signal.SIGKILL)
        return
    *lines, run.received = (run.received + received).split(b"\n")
    for line in lines:
        request = json.loads(line)
        if "signal" in request:
            _kill(run.kernel, request["signal"])
        else:
            _fork(selector, listener, run, request)


def _fork(
    selector: selectors.BaseSelector,
    listener: socket.socket,
    run: _KernelRun,
    request: dict[str, Any],
) -> None:
    gc.freeze()
    run.kernel = os.fork()
    if run.kernel == 0:
        _become_kernel(selector, listener, request)
    _lead_group(run.kernel)
    run.handle = os.pidfd_open(run.kernel)
    selector.register(run.handle, selectors.EVENT_READ, run)
    _tell(run, {"pid": run.kernel})


def _bury(selector: selectors.BaseSelector, run: _KernelRun) -> None:
    """Tell a run that its kernel has ended, how, and how large it was."""
    selector.unregister(run.handle)
    os.close(run.handle)
    run.handle = -1
    _kill(run.kernel, signal.SIGKILL)  # what it may have left behind in its group
    _, state, usage = os.wait4(run.kernel, 0)
    _tell(run, {"exit": os.waitstatus_to_exitcode(state), "peak_kb": usage.ru_maxrss})


def _tell(run: _KernelRun, words: dict[str, Any]) -> None:
    with suppress(OSError):
        run.channel.sendall(json.dumps(words).encode() + b"\n")


def _kill(kernel: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(kernel, number)


def _lead_group(kernel: int) -> None:
    """Make a kernel the leader of its group; both sides do, as either may be first to need it."""
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(kernel, kernel)


def _become_kernel(
    selector: selectors.BaseSelector, listener: socket.socket, request: dict[str, Any]
) -> None:
    """Turn this forked process into a kernel like any other; never return."""
    code = 1
    try:
        _lead_group(os.getpid())
        die_with_parent()
        for key in list(selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket) and key.fileobj is not listener:
                key.fileobj.close()
        selector.close()
        listener.close()
        _fresh_process(request)
        app = import_module("ipykernel.kernelapp").IPKernelApp.instance()
        app.initialize(["-f", request["connection_file"], "--quiet"])
        app.start()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0) if not isinstance(end.code, str) else 1
    finally:
        with suppress(Exception):
            atexit._run_exitfuncs()  # noqa: SLF001 - a forked process never returns to the interpreter
        os._exit(code)


def _fresh_process(request: dict[str, Any]) -> None:
    """Give a forked process what a new one has: streams, folder, environment, random state."""
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    os.close(quiet)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None  # that of the run
    os.chdir(request["cwd"])
    random.seed()
    import_module("numpy").random.seed()


def die_with_parent() -> None:
    """Ask Linux to kill this process when the one that forked it dies."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if parent == 1 or os.getppid() != parent:
        os._exit(1)


def main(path: str) -> int:
    """Listen first, so that runs may already queue; then import; then serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch that owns it decides when it ends
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(256)
        preload()
        if found := running_threads():
            print(f"kernels cannot be forked: {found} run", file=sys.stderr)  # noqa: T201
            return 1
        gc.collect()
        serve(listener)
    os._exit(0)  # nothing here needs an orderly end, and some libraries talk at theirs
