"""One run of a batch, in a process of its own: whatever happens becomes a status, never a fault."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evalml.errors import EvalmlError, RunError
from evalml.run.execute import How, execute
from evalml.run.forked import forked_kernels
from evalml.run.plan import Plan
from evalml.run.provenance import hash_code
from evalml.run.status import Status, read_status, write_status
from evalml.run.watch import Limits
from evalml.settings import Settings
from evalml.study import study_from


@dataclass(frozen=True, slots=True)
class Task:
    """One run, as plain values that travel to another process or machine.

    Attributes:
        parameters: Every key of the study.
        given: What papermill puts into the parameters cell.
        notebook: The notebook to execute.
        extract: Folder of the extract.
        out: Root of the runs.
        engine: `duckdb` or `spark`.
        memory: Memory of the engine.
        threads: Threads of the engine.
        limits: What the run may take.
        address: Socket of the process that forks kernels; empty for plain kernels, `own` for one
            started beside the worker (another machine cannot reach ours).
        force: Run even where a finished run of the same inputs is there.
        code: Hash of the source that the forked kernels have imported.
        parent: The process to die with; 0 for none.
    """

    parameters: dict[str, Any]
    given: dict[str, Any]
    notebook: str
    extract: str
    out: str
    engine: str
    memory: str | None
    threads: int | None
    limits: Limits
    address: str
    force: bool
    code: str
    parent: int
    accept_refused: str | None = None

    @property
    def study(self) -> str:
        """Name of the study."""
        return str(self.parameters["study"])

    def plan(self) -> Plan:
        """Return the plan of the run."""
        settings = Settings(
            Path(self.extract),
            Path(self.out),
            self.engine,
            self.memory,
            self.threads,
            accept_refused=self.accept_refused,
        )
        study, notebook = study_from(self.parameters), Path(self.notebook)
        return Plan(study, self.parameters, notebook, settings, self.given)


def task_of(plan: Plan, how: How, threads: int | None, parent: int) -> Task:
    """Return a plan as plain values."""
    settings = plan.settings
    return Task(
        parameters=plan.parameters,
        given=plan.given,
        notebook=str(plan.notebook.resolve()),
        extract=str(settings.extract.resolve()),
        out=str(settings.out.resolve()),
        engine=settings.engine,
        memory=settings.memory_limit,
        threads=settings.threads or threads,
        limits=how.limits,
        address=how.address,
        force=how.force,
        code=how.code,
        parent=parent,
        accept_refused=settings.accept_refused,
    )


def work(task: Task) -> Status:
    """Run one task and return how it ended."""
    _die_with(task.parent)
    out = Path(task.out)
    started = time.time()
    try:
        plan = task.plan()
        address, code = (task.address, task.code) if task.address != "own" else _own_zygote()
        folder = execute(plan, how=How(task.limits, address, force=task.force, code=code))
    except RunError as fault:
        return _said(out, task.study) or _write(out, task.study, "failed", str(fault))
    except EvalmlError as fault:
        return _write(out, task.study, "refused", str(fault))
    except Exception as fault:  # noqa: BLE001 - one failing run loses nothing
        return _write(out, task.study, "failed", f"evalml itself failed with {_first(fault)}")
    status = _said(out, task.study)
    if status is not None and folder.stat().st_mtime >= started and status.state == "finished":
        return status
    current = Status(task.study, "current", run=folder.relative_to(out).as_posix())
    return write_status(out, current)


def _first(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault).strip().splitlines()[0] if str(fault) else ''}"


def _said(out: Path, study: str) -> Status | None:
    return read_status(out, study)


def _write(out: Path, study: str, state: Any, reason: str) -> Status:
    return write_status(out, Status(study, state, reason))


@cache
def _die_with(parent: int) -> None:
    """End this process, and with it its kernel, soon after its batch has died."""
    if parent and os.getppid() == parent:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.25)
    os._exit(1)


@cache
def _own_zygote() -> tuple[str, str]:
    """Start a zygote beside this worker, for as long as the worker lives, and say of which code."""
    code = hash_code()
    manager = forked_kernels()
    address = manager.__enter__()
    _KEPT.append(manager)
    return address, code


_KEPT: list[Any] = []
