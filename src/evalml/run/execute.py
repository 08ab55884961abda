"""Run the notebook of one study: all or nothing, with its own status."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml import errors
from evalml.errors import EvalmlError, RunError, StudyError
from evalml.run.currency import inputs_of
from evalml.run.manifest import peak_memory_mb, write_manifest
from evalml.run.provenance import hash_values, parameters_of
from evalml.settings import Settings, project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from evalml.study import Study

NOTEBOOK = "notebook.ipynb"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run, ready to start.

    Attributes:
        study: The study, checked.
        parameters: Every key of the study, defaults included, as papermill will inject it.
        notebook: The notebook to execute.
        settings: Where it runs; `out` is the root of all runs.
    """

    study: Study
    parameters: dict[str, Any]
    notebook: Path
    settings: Settings


def plan_run(study: Study, settings: Settings, near: Path) -> Plan:
    """Find the notebook of a study.

    Args:
        study: The study, checked.
        settings: Where it runs.
        near: The params file; `notebooks/` is looked for beside its folder first.

    Raises:
        StudyError: There is no such notebook.
    """
    name = Path(study.notebook).stem
    folders = [near.resolve().parent.parent / "notebooks", project_root() / "notebooks"]
    for folder in folders:
        if (folder / f"{name}.ipynb").is_file():
            return Plan(study, parameters_of(study), folder / f"{name}.ipynb", settings)
    found = sorted(p.stem for folder in folders for p in folder.glob("*.ipynb"))
    raise StudyError(f"notebook: there is no notebooks/{name}.ipynb; {errors.nearest(name, found)}")


def execute(plan: Plan, progress: Callable[[int, int], None] | None = None) -> Path:
    """Run the notebook and return the folder of the finished run.

    Everything is written to a hidden folder and moved into place at the end, so that nobody ever
    sees half a run. An input the notebook refuses leaves nothing behind; a run that fails leaves
    its notebook in `failed/` for the person who has to find out why.

    Args:
        plan: What to run.
        progress: Called with (cells done, cells in all).

    Raises:
        EvalmlError: The notebook refused its input (exit code 2).
        RunError: A cell failed, or the kernel died (exit code 1).
    """
    started = dt.datetime.now(tz=dt.UTC)
    clock = time.perf_counter()
    root = plan.settings.out / plan.study.study
    run_id = f"{started:%Y%m%dT%H%M%S}-{hash_values(plan.parameters)[:8]}"
    partial = root / f".{run_id}-{os.getpid()}"
    partial.mkdir(parents=True)
    try:
        _execute_notebook(plan, partial, progress)
        _write_html(partial / NOTEBOOK)
        write_manifest(partial, _record(plan, run_id, started, time.perf_counter() - clock))
        return _publish(partial, root / run_id)
    except RunError:
        failed = root / "failed" / run_id
        failed.parent.mkdir(exist_ok=True)
        shutil.move(partial, failed)
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        _drop_empty(root, plan.settings.out)


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
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _execute_notebook(
    plan: Plan, folder: Path, progress: Callable[[int, int], None] | None
) -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    settings = Settings(
        plan.settings.extract.resolve(),
        folder.resolve(),
        plan.settings.engine,
        plan.settings.memory_limit,
        plan.settings.threads,
    )
    hooks = _hooks(plan.notebook, progress)
    try:
        with _environment({**_one_thread(), **settings.environment()}):
            papermill.execute_notebook(
                str(plan.notebook),
                str(folder / NOTEBOOK),
                parameters=plan.parameters,
                progress_bar=False,
                request_save_on_cell_execute=False,
                kernel_manager_class="evalml.run.kernel.IpcKernelManager",
                cwd=str(project_root()),
                **hooks,
            )
    except PapermillExecutionError as fault:
        _scrub(folder / NOTEBOOK, plan)
        raise _translate(fault) from None
    except (DeadKernelError, CellTimeoutError) as fault:
        raise RunError(f"the kernel stopped before the end ({type(fault).__name__})") from None
    _scrub(folder / NOTEBOOK, plan)


def _translate(fault: Any) -> EvalmlError:
    """Return the house error behind a failed cell, or a RunError that says where it failed."""
    kind = getattr(errors, str(fault.ename), None)
    if isinstance(kind, type) and issubclass(kind, EvalmlError):
        return kind(str(fault.evalue))
    return RunError(
        f"cell {fault.exec_count} failed with {fault.ename}; see the notebook in failed/"
    )


def _hooks(notebook: Path, progress: Callable[[int, int], None] | None) -> dict[str, Any]:
    if progress is None:
        return {}
    import nbformat

    total = len(nbformat.read(notebook, as_version=4).cells) + 1

    def done(cell: Any, cell_index: int, **_: Any) -> None:  # noqa: ARG001 - nbclient's signature
        progress(cell_index + 1, total)

    return {"on_cell_complete": done}


def _one_thread() -> dict[str, str]:
    """Return one BLAS thread per kernel: on few cores, more of them wait for one another."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {name: "1" for name in names if name not in os.environ}


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _scrub(path: Path, plan: Plan) -> None:
    """Take this machine's paths out of the executed notebook."""
    import nbformat

    if not path.is_file():
        return
    notebook = nbformat.read(path, as_version=4)
    record = notebook.metadata.get("papermill", {})
    record["input_path"] = f"notebooks/{plan.notebook.name}"
    record["output_path"] = NOTEBOOK
    nbformat.write(notebook, path)


def _write_html(path: Path) -> None:
    """Write the executed notebook as one HTML file that needs no network."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        exclude_input_prompt=True,
    )
    body, _ = exporter.from_filename(str(path))
    body = body.replace("</head>", "<style>pre{white-space:pre-wrap!important}</style></head>", 1)
    path.with_suffix(".html").write_text(body, encoding="utf-8")


def _record(plan: Plan, run_id: str, started: dt.datetime, seconds: float) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "status": "finished",
        "study": plan.study.study,
        "parameters": plan.parameters,
        "seed": plan.study.seed,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "peak_memory_mb": peak_memory_mb(),
        **inputs_of(plan),
    }
