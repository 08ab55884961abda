"""Many runs in parallel: one failing run loses nothing, and what is finished is not run again."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from evalml.errors import EvalmlError, RunError, nearest
from evalml.run.execute import How, execute
from evalml.run.kernel import Limits, forked_kernels
from evalml.run.provenance import hash_code
from evalml.run.staleness import RunPlan, current_run, inputs_of
from evalml.run.status import OVER, RunStatus, read_status, write_status
from evalml.settings import Settings
from evalml.study import study_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class RunTask:
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

    def plan(self) -> RunPlan:
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
        return RunPlan(study, self.parameters, notebook, settings, self.given)


def task_of(plan: RunPlan, how: How, threads: int | None, parent: int) -> RunTask:
    """Return a plan as plain values."""
    settings = plan.settings
    return RunTask(
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


def work(task: RunTask) -> RunStatus:
    """Run one task and return how it ended."""
    _die_with(task.parent)
    out = Path(task.out)
    started = time.time()
    try:
        plan = task.plan()
        address, code = (task.address, task.code) if task.address != "own" else _own_pool()
        folder = execute(plan, how=How(task.limits, address, force=task.force, code=code))
    except RunError as fault:
        return _last_status(out, task.study) or _write(out, task.study, "failed", str(fault))
    except EvalmlError as fault:
        return _write(out, task.study, "refused", str(fault))
    except Exception as fault:  # noqa: BLE001 - one failing run loses nothing
        return _write(out, task.study, "failed", f"evalml itself failed with {_first(fault)}")
    status = _last_status(out, task.study)
    if status is not None and folder.stat().st_mtime >= started and status.state == "finished":
        return status
    current = RunStatus(task.study, "current", run=folder.relative_to(out).as_posix())
    return write_status(out, current)


def _first(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault).strip().splitlines()[0] if str(fault) else ''}"


def _last_status(out: Path, study: str) -> RunStatus | None:
    return read_status(out, study)


def _write(out: Path, study: str, state: Any, reason: str) -> RunStatus:
    return write_status(out, RunStatus(study, state, reason))


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
def _own_pool() -> tuple[str, str]:
    """Start a kernel pool for as long as this worker lives; return its address and its code."""
    code = hash_code()
    manager = forked_kernels()
    address = manager.__enter__()
    _KEPT.append(manager)
    return address, code


_KEPT: list[Any] = []


BACKENDS = ("loky", "dask")


@dataclass(frozen=True, slots=True)
class Workforce:
    """Who does the runs.

    Attributes:
        jobs: Runs at once; all cores when None.
        backend: `loky` (processes of this machine) or `dask` (a cluster).
        scheduler: Address of the dask scheduler; a cluster on this machine when None.
        limits: What one run may take.
        force: Run even where a finished run of the same inputs is there.
    """

    jobs: int | None = None
    backend: str = "loky"
    scheduler: str | None = None
    limits: Limits = field(default_factory=Limits)
    force: bool = False

    @property
    def at_once(self) -> int:
        """Runs at once."""
        return self.jobs or cores()


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_batch(
    plans: Sequence[RunPlan],
    workforce: Workforce,
    refused: Sequence[RunStatus] = (),
    report: Callable[[RunStatus], None] | None = None,
) -> list[RunStatus]:
    """Run the plans and return how each ended, in their order, the refused ones last.

    Args:
        plans: Runs of different studies.
        workforce: Who does them.
        refused: Studies that cannot be run, with their reasons.
        report: Called with each status as soon as it is final.

    Raises:
        EvalmlError: The backend is not there.
    """
    ended: dict[str, RunStatus] = {}

    def end(status: RunStatus) -> None:
        ended[status.study] = status
        if report is not None:
            report(status)

    for status in refused:
        end(status)
    waiting = []
    for plan in plans:
        found = None if workforce.force else current_run(plan, inputs_of(plan))
        if found is None:
            waiting.append(plan)
            write_status(plan.settings.out, RunStatus(plan.study.study, "waiting"))
        else:
            end(_current(plan, found))
    if waiting:
        with _crew(workforce, len(waiting)) as crew:
            _work_off(waiting, crew, end)
    order = [p.study.study for p in plans] + [s.study for s in refused]
    return [ended[name] for name in order]


def _current(plan: RunPlan, run: Path) -> RunStatus:
    out = plan.settings.out
    place = run.relative_to(out).as_posix()
    return write_status(out, RunStatus(plan.study.study, "current", run=place))


def refuse_missing_backend(name: str) -> None:
    """Refuse a backend that is unknown or not installed.

    Raises:
        EvalmlError: It is.
    """
    if name not in BACKENDS:
        raise EvalmlError(f"no backend is called '{name}'; {nearest(name, BACKENDS)}")
    if name == "dask" and find_spec("distributed") is None:
        message = (
            "the dask backend needs dask; install it with pip install 'evalml-workbench[dask]'"
        )
        raise EvalmlError(message)


@dataclass(frozen=True, slots=True)
class _Crew:
    """The processes that run, and how each run is done.

    Attributes:
        jobs: Runs at once.
        how: Limits, and where kernels come from.
        parent: The process they die with; 0 where they belong to a cluster.
    """

    jobs: int
    how: How
    parent: int


@contextmanager
def _crew(workforce: Workforce, runs: int) -> Iterator[_Crew]:
    """Set the backend of joblib, with a process that forks kernels if it is worth its imports."""
    refuse_missing_backend(workforce.backend)
    jobs = min(workforce.at_once, runs)
    if workforce.backend == "dask":
        with _cluster(workforce, jobs):
            yield _Crew(jobs, How(workforce.limits, "own", force=workforce.force), parent=0)
        return
    kernels = forked_kernels() if runs > 1 else nullcontext("")
    code = hash_code()  # before the imports of the process that forks
    with kernels as address, joblib.parallel_config("loky", inner_max_num_threads=1):
        how = How(workforce.limits, address, force=workforce.force, code=code)
        yield _Crew(jobs, how, parent=os.getpid())


@contextmanager
def _cluster(workforce: Workforce, jobs: int) -> Iterator[None]:
    """Set joblib to a dask cluster: the one at the address, or one of processes made here."""
    from distributed import Client

    where: dict[str, Any] = (
        {"address": workforce.scheduler}
        if workforce.scheduler
        else {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": None}
    )
    try:
        client = Client(**where, timeout=ANSWER)
    except (OSError, TimeoutError, ValueError) as fault:
        raise EvalmlError(
            f"no dask scheduler answers at {workforce.scheduler} ({type(fault).__name__}); start "
            "it, or correct --scheduler"
        ) from None
    with client, joblib.parallel_config("dask"):
        yield


ANSWER = 10
"""Seconds a dask scheduler may take to answer."""


def _work_off(plans: Sequence[RunPlan], crew: _Crew, end: Callable[[RunStatus], None]) -> None:
    """Run all; when a process of the crew dies, run alone each that it may have been doing."""
    threads = max(1, cores() // crew.jobs)
    left = {p.study.study: task_of(p, crew.how, threads, crew.parent) for p in plans}
    suspects: list[str] = []
    while left:
        now = suspects[:1] or list(left)
        try:
            for status in _each([left[name] for name in now], crew):
                del left[status.study]
                end(status)
        except BrokenProcessPool:
            begun = _settle(left, now, end)
            if suspects:
                end(_killed(left.pop(suspects[0])))
            suspects = suspects or begun or list(left)
        suspects = [name for name in suspects if name in left]


def _each(tasks: Sequence[RunTask], crew: _Crew) -> Iterator[RunStatus]:
    """Give the statuses as they come; always by other processes, never by this one."""
    parallel = joblib.Parallel(
        n_jobs=max(2, crew.jobs),
        batch_size=1,
        pre_dispatch=crew.jobs if crew.parent else "all",
        return_as="generator_unordered",
    )
    yield from parallel(joblib.delayed(work)(task) for task in tasks)


def _settle(
    left: dict[str, RunTask], now: Sequence[str], end: Callable[[RunStatus], None]
) -> list[str]:
    """End what had ended when the crew broke, and return what had begun."""
    begun = []
    for name in [name for name in now if name in left]:
        status = read_status(Path(left[name].out), name)
        if status is not None and status.state in OVER:
            del left[name]
            end(status)
        elif status is not None and status.state == "running":
            begun.append(name)
    return begun


def _killed(task: RunTask) -> RunStatus:
    """Return the status of a run whose process died twice, the second time all alone."""
    out = Path(task.out)
    status = read_status(out, task.study)
    where = f" in cell {status.cell}" if status is not None and status.cell else ""
    return write_status(
        out, RunStatus(task.study, "failed", f"the process that ran it died{where}")
    )
