"""Where Spark runs: its address, whether it answers, its scratch folder, its errors in words."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from evalml.errors import EvalmlError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator


SPARK = "EVALML_SPARK"
SCRATCH = "EVALML_SPARK_SCRATCH"

PORTS = {"spark": 7077, "sc": 15002}
"""Ports of a master and of a Connect server where the address names none."""

ANSWER, FIRST_ROW = 10, 60
"""Seconds an address may take to answer, and a cluster to compute one row."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place where Spark runs.

    Attributes:
        url: `local`, `local[2]`, `spark://host:7077`, `yarn`, `k8s://…` or `sc://host:15002`.
        scratch: Folder (or URL) that every part of the cluster writes to and reads from.
    """

    url: str
    scratch: str | None = None

    @property
    def local(self) -> bool:
        """Whether Spark runs inside this machine."""
        return self.url.startswith("local")

    @property
    def connect(self) -> bool:
        """Whether it is reached through Spark Connect, which needs no Java here."""
        return self.url.startswith("sc://")

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The hosts and ports that a master (or several) or a Connect server listens at."""
        kind, _, rest = self.url.partition("://")
        if kind not in PORTS:
            return []
        parts = [urlsplit(f"//{each}") for each in rest.split("/")[0].split(",")]
        try:
            return [(part.hostname or "", part.port or PORTS[kind]) for part in parts]
        except ValueError:
            raise EvalmlError(f"{SPARK}: '{self.url}' has no port that is a number") from None


def spark_site(threads: int | None = None) -> Site:
    """Read from the environment where Spark runs; all threads of this machine by default."""
    default = f"local[{threads}]" if threads is not None else "local[*]"
    return Site(os.environ.get(SPARK) or default, os.environ.get(SCRATCH) or None)


def unreachable(site: Site) -> str | None:
    """Say that nothing answers at the address of a site; None where something does."""
    why = ""
    for address in site.addresses:
        try:
            socket.create_connection(address, timeout=ANSWER).close()
        except OSError as fault:
            why = fault.strerror or f"no answer in {ANSWER} s"
        else:
            return None
    if not why:
        return None
    server = "Connect server" if site.connect else "master"
    return f"no Spark {server} answers at {site.url} ({why}); start it, or correct {SPARK}"


def run_one_row(session: Any, site: Site) -> None:
    """Have the cluster compute one row: a master without workers takes jobs and runs none.

    Raises:
        EvalmlError: It did not in a minute.
    """
    faults: list[Exception] = []

    def count() -> None:
        try:
            session.range(1).count()
        except Exception as fault:  # noqa: BLE001 - said by the thread that waits
            faults.append(fault)

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    thread.join(FIRST_ROW)
    if thread.is_alive():
        if not site.connect:
            session.sparkContext.cancelAllJobs()
        raise EvalmlError(
            f"the Spark at {site.url} has computed nothing in {FIRST_ROW} s: no worker offers "
            "cores and memory, or the workers cannot call this machine back (SPARK_LOCAL_IP)"
        )
    if faults:
        raise faults[0]


@dataclass(frozen=True, slots=True)
class Scratch:
    """The folder of one session, below that of the cluster; it goes with the session.

    Attributes:
        place: Folder or URL.
        group: Whether the group of the folder above writes too: the cluster is another user.
    """

    place: str
    group: bool = False

    @property
    def mounted(self) -> bool:
        """Whether this machine sees it as a folder."""
        return "://" not in self.place

    @property
    def umask(self) -> str:
        """What Hadoop takes away from the modes of files: everything from others."""
        return "007" if self.group else "077"

    def take(self, name: str) -> Path:
        """Return the path of a file that this machine writes."""
        return Path(self.place) / name

    def share(self, path: Path) -> None:
        """Let the group read a file that this machine wrote."""
        if self.group:
            path.chmod(0o660)

    def remove(self, session: Any) -> None:
        """Remove it, with all it holds."""
        if self.mounted:
            shutil.rmtree(self.place, ignore_errors=True)
            return
        path = session._jvm.org.apache.hadoop.fs.Path(self.place)  # noqa: SLF001 - no public door
        path.getFileSystem(session._jsc.hadoopConfiguration()).delete(path, True)  # noqa: SLF001


def open_scratch(site: Site) -> Scratch | None:
    """Make the folder of one session; None where the cluster holds its results.

    Raises:
        EvalmlError: It cannot be made, or could not be removed.
    """
    if site.scratch is None:
        return Scratch(tempfile.mkdtemp(prefix="evalml-spark-")) if site.local else None
    name = f"evalml-{uuid.uuid4().hex[:12]}"
    if "://" in site.scratch:
        if site.connect:
            raise EvalmlError(
                f"{SCRATCH}: what is written to a URL through Spark Connect cannot be removed; "
                "give a folder that the servers and this machine mount, or none"
            )
        return Scratch(f"{site.scratch.rstrip('/')}/{name}")
    folder = Path(site.scratch).expanduser() / name
    try:
        group = bool(folder.parent.stat().st_mode & stat.S_IWGRP)
        folder.mkdir(mode=0o700)
        if group:
            folder.chmod(0o2770)
    except OSError as fault:
        raise EvalmlError(
            f"{SCRATCH}: no folder can be made in {site.scratch} ({fault.strerror}); give one that "
            "this machine and every worker write to"
        ) from None
    return Scratch(str(folder), group)


_GONE = "the Spark Connect server went away, and did not come back"
_ENDED = "the cluster ended the session: its master is gone, or its workers start no executor"
_ANEW = "the Spark Connect server has closed the session: it was started anew"

MEANINGS = {
    "Checkpoint block": (
        "Spark lost an executor, and with it results that only it held: give "
        f"{SCRATCH} a folder that every worker writes to, where they survive"
    ),
    "maxResultSize": (
        "what Spark hands over is larger than its driver may take: give more with --memory"
    ),
    "Java heap space": (
        "Spark's driver or an executor ran out of memory: give the driver more with --memory, "
        "or the executors by the settings of the cluster"
    ),
    "No space left on device": "a disk that Spark writes to is full",
    "ExecutorLostFailure": "Spark lost executors, and gave the job up after its retries",
    "SparkContext was shut down": _ENDED,
    "stopped SparkContext": _ENDED,
    "SESSION_CLOSED": _ANEW,
    "SESSION_CHANGED": _ANEW,
    "RETRIES_EXCEEDED": _GONE,
    "UNAVAILABLE": _GONE,
    "Connection refused": "Spark went away in the middle of the run",
    "Answer from Java side is empty": "the Java of Spark's driver ended: its memory (--memory)?",
}
"""What an error of Spark says, and what it means; its own text may quote a cell."""


@contextmanager
def explained(faults: tuple[type[Exception], ...]) -> Iterator[None]:
    """Say in one sentence what a fault of the cluster means.

    Raises:
        RunError: The cluster failed in a way that has a sentence.
    """
    try:
        yield
    except faults as error:
        if sentence := meaning(error):
            raise RunError(sentence) from None
        raise


def meaning(error: Exception) -> str:
    """Return the sentence of a fault of Spark, empty where there is none."""
    text = f"{type(error).__name__} {error}"
    return next((sentence for mark, sentence in MEANINGS.items() if mark in text), "")
