"""Run the notebook of one study: all or nothing, one at a time, its kernel started early."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import yaml

from evalml.engine.cluster import SCRATCH, open_scratch, spark_site
from evalml.errors import EvalmlError, RunError
from evalml.results import VERSION
from evalml.run.kernel import ONE_THREAD, Limits, forked_kernels, starting_kernels
from evalml.run.notebook import Execution, get_ready, scrub, write_html
from evalml.run.provenance import commit, hash_code, hash_values, place_in_project
from evalml.run.staleness import current_run, inputs_of, moved_inputs
from evalml.run.status import (
    FOLDER,
    STATUS,
    RunStatus,
    forget_status,
    lock,
    lock_file,
    replace_json,
    write_manifest,
    write_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalml.run.staleness import RunPlan


NOTEBOOK = "notebook.ipynb"
PARAMS = "params.yaml"
"""The study as it was run: a grid has no params file of its own to run again."""


@dataclass(frozen=True, slots=True)
class How:
    """How a plan is run.

    Attributes:
        limits: Time and memory it may take.
        address: Socket of the process that forks kernels; empty for a plain kernel.
        progress: Called with (number of the code cell, number of code cells).
        force: Run even where a finished run of the same inputs is there.
        code: Hash of the source that the forked kernels have imported; a run that finds another
            source starts a plain kernel, which imports what its record says.
    """

    limits: Limits = field(default_factory=Limits)
    address: str = ""
    progress: Callable[[int, int], None] | None = None
    force: bool = True
    code: str = ""


def execute(
    plan: RunPlan, progress: Callable[[int, int], None] | None = None, how: How | None = None
) -> Path:
    """Run the notebook and return the folder of the finished run.

    Everything is written to a hidden folder and moved into place at the end, so that nobody ever
    sees half a run. An input the notebook refuses leaves nothing behind; a run that fails leaves
    its notebook in `failed/` for the person who has to find out why. Whoever else runs the same
    study at the same time is waited for.

    Args:
        plan: What to run.
        progress: Called with (number of the code cell, number of code cells).
        how: Limits, and where its kernel comes from.

    Raises:
        EvalmlError: The notebook refused its input (exit code 2).
        RunError: A cell failed, or the kernel died (exit code 1).
    """
    options = how or How()
    options = replace(options, progress=progress) if progress is not None else options
    out, study = plan.settings.out, plan.study.study
    try:
        with lock(lock_file(out, study)):
            _sweep(out / study)
            inputs = inputs_of(plan)
            found = None if options.force else current_run(plan, inputs)
            return found if found is not None else _RunInProgress(plan, options, inputs).run()
    finally:
        _drop_empty(out / study, out / FOLDER, out)


class _RunInProgress:
    """One run on its way: where it writes, and what it says of itself."""

    def __init__(self, plan: RunPlan, how: How, inputs: dict[str, Any]) -> None:
        self.plan, self.how, self.inputs = plan, how, inputs
        self.started = dt.datetime.now(tz=dt.UTC)
        self.clock = time.perf_counter()
        self.root = plan.settings.out / plan.study.study
        self.run_id = f"{self.started:%Y%m%dT%H%M%S}-{hash_values(plan.parameters)[:8]}"
        self.partial = self.root / f".{self.run_id}-{os.getpid()}"
        settings = replace(
            plan.settings,
            extract=plan.settings.extract.resolve(),
            out=self.partial.resolve(),
            extract_hash=inputs["hashes"]["extract"],
        )
        address = how.address if how.code == inputs["hashes"]["code"] else ""
        self.meanwhile: list[Thread] = []
        self.execution = Execution(settings.environment(), how.limits, address, self._at_cell)

    def run(self) -> Path:
        """Execute, write the page and the record, and move the whole into place."""
        self.partial.mkdir(parents=True, mode=0o700)  # its owner's, whatever the umask
        self._say("running")
        try:
            with _own_places(self.plan.settings.engine) as places:
                self.execution.environment = {**self.execution.environment, **places}
                self._execute()
            final = _publish(self.partial, self.root / self.run_id)
        except RunError as fault:
            self._keep_failed(str(fault))
            raise
        except EvalmlError:
            forget_status(self.plan.settings.out, self.plan.study.study)
            raise
        except KeyboardInterrupt:
            self._say("failed", "it was interrupted")
            raise
        except OSError as fault:
            self._say("failed", fault.strerror or type(fault).__name__)
            raise
        except Exception as fault:
            self._say("failed", f"evalml itself failed with {type(fault).__name__}")
            raise
        else:
            self._say("finished", run=final)
            return final
        finally:
            shutil.rmtree(self.partial, ignore_errors=True)

    def _execute(self) -> None:
        notebook = self.partial / NOTEBOOK
        try:
            self.execution.run(self.plan.notebook, notebook, self.plan.given)
        finally:
            scrub(notebook, self.plan.notebook.name)
        for thread in self.meanwhile:
            thread.join()
        write_html(notebook)
        _write_params(self.partial / PARAMS, self.plan.parameters)
        write_manifest(self.partial, self._record())

    def _record(self) -> dict[str, Any]:
        now = inputs_of(self.plan)
        moved = moved_inputs(self.inputs, now)
        if "extract" in moved:
            raise RunError("the extract changed while the study ran: the run is void; run again")
        return {
            "run_id": self.run_id,
            "status": "finished",
            "results_version": VERSION,
            "study": self.plan.study.study,
            "parameters": self.plan.parameters,
            "asked": self.plan.given,
            "extract": place_in_project(self.plan.settings.extract),
            "accept_refused": self.plan.settings.accept_refused,
            "seed": self.plan.study.seed,
            "commit": commit(),
            "user": _user(),
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": self._seconds(),
            "processor_seconds": round(self.execution.processor_seconds, 2),
            "peak_memory_mb": round(self.execution.peak_mb, 1),
            **({"moved": moved} if moved else {}),
            **self.inputs,
        }

    def _keep_failed(self, reason: str) -> None:
        failed = self.root / "failed" / self.run_id
        failed.parent.mkdir(exist_ok=True)
        shutil.move(self.partial, failed)
        status = self._say("failed", reason, run=failed)
        replace_json(failed / STATUS, asdict(status))

    def _at_cell(self, cell: int, cells: int) -> None:
        self._say("running")
        if not self.meanwhile:  # papermill is imported by now, and this process only waits
            self.meanwhile = [Thread(target=get_ready)]
            self.meanwhile[0].start()
        if self.how.progress is not None:
            self.how.progress(cell, cells)

    def _say(self, state: Any, reason: str = "", run: Path | None = None) -> RunStatus:
        out = self.plan.settings.out
        status = RunStatus(
            study=self.plan.study.study,
            state=state,
            reason=reason,
            cell=self.execution.cell,
            cells=self.execution.cells,
            seconds=self._seconds(),
            peak_memory_mb=round(self.execution.peak_mb, 1) or None,
            run=run.relative_to(out).as_posix() if run is not None else "",
        )
        return write_status(out, status)

    def _seconds(self) -> float:
        return round(time.perf_counter() - self.clock, 2)


def _user() -> str:
    """Return who runs this; the number of the account where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextmanager
def _own_places(engine: str) -> Iterator[dict[str, str]]:
    """Give a kernel a temporary and a scratch folder of its own; however it ends, both go."""
    with tempfile.TemporaryDirectory(
        prefix=f"evalml-{os.getpid()}-", ignore_cleanup_errors=True
    ) as folder:
        scratch = None
        if engine == "spark" and os.environ.get(SCRATCH):
            scratch = open_scratch(spark_site())
        if scratch is None or not scratch.mounted:
            yield {"TMPDIR": folder}
            return
        try:
            yield {"TMPDIR": folder, SCRATCH: scratch.place}
        finally:
            scratch.remove(None)


def _write_params(path: Path, parameters: dict[str, Any]) -> None:
    text = yaml.safe_dump(parameters, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def _sweep(root: Path) -> None:
    """Remove the half-made runs of processes that died: whoever lives holds the lock, and waits."""
    for folder in root.glob(".[0-9]*"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in Path(tempfile.gettempdir()).glob("evalml-[0-9]*-*"):
        if _is_gone(int(folder.name.split("-")[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_gone(process: int) -> bool:
    """Return whether a process that left a temporary folder has ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _publish(partial: Path, final: Path) -> Path:
    number = 1
    target = final
    while target.exists():
        number += 1
        target = final.with_name(f"{final.name}-{number}")
    partial.rename(target)
    return target


def _drop_empty(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


SHARED = "EVALML_KERNELS"
"""Variable that tells a run which process forks its kernel, and of what code."""


@contextmanager
def kernel_ahead() -> Iterator[Callable[[], How]]:
    """Start to import what a kernel needs; give the function that waits for it, for how to run.

    Whoever starts several runs may share one such process among them (`shared_kernels`). Who asks
    for several threads of BLAS gets a plain kernel: a process with threads cannot be forked.
    """
    code, _, address = os.environ.pop(SHARED, "").partition(" ")
    if address:
        yield lambda: How(address=address, code=code)
    elif any(os.environ.get(name, "1") != "1" for name in ONE_THREAD):
        yield How
    else:
        code = hash_code()  # before the imports of the process that forks
        with starting_kernels() as listening:
            yield lambda: How(address=listening(), code=code)


@contextmanager
def shared_kernels() -> Iterator[dict[str, str]]:
    """Start one process that forks the kernels of several runs; give what to tell each of them."""
    code = hash_code()
    with forked_kernels() as address:
        yield {SHARED: f"{code} {address}"} if address else {}
