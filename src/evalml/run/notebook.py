"""Execute one notebook with papermill; its page, parameters and the designs it can run."""

from __future__ import annotations

import datetime as dt
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from evalml import errors
from evalml.errors import EvalmlError, RunError, StudyError
from evalml.run.kernel import ONE_THREAD, Limits, Watch, manager_for
from evalml.run.kernel_pool import import_nbformat
from evalml.settings import project_root
from evalml.study import Study, study_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


def refuse_design(study: Study, notebook: Path) -> None:
    """Refuse a study whose design its notebook cannot run, before any kernel starts.

    A notebook names its designs in its metadata, as `{"evalml": {"designs": [...]}}`; one that
    names none takes them all.
    """
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata", {})
    known = metadata.get("evalml", {}).get("designs")
    design = study.comparison.design
    if known is not None and design not in known:
        raise StudyError(
            f"comparison.design: notebook '{notebook.stem}' cannot run {design}; it runs "
            f"{' and '.join(known)}: name another notebook, or declare it as a secondary analysis"
        )


_PLAIN = (str, int, float, bool, list, dict, tuple, type(None), dt.date)
_JUPYTER = frozenset({"In", "Out", "exit", "quit", "open", "get_ipython"})


def read_parameters(names: Mapping[str, Any]) -> Study:
    """Return the study that the parameters cell of a notebook describes.

    papermill only warns of a parameter that no cell declares; here every plain value found in the
    notebook before its first import is taken as a parameter, so that a misspelt one is refused.

    Args:
        names: The notebook's `globals()`.

    Raises:
        StudyError: A parameter is unknown, missing or mistyped.
    """
    given = {
        key: value
        for key, value in names.items()
        if not key.startswith("_") and key not in _JUPYTER and isinstance(value, _PLAIN)
    }
    absent = {k for k, v in given.items() if v is None}
    return study_from({k: v for k, v in given.items() if k not in absent}, place="parameters cell")


def scrub(path: Path, source: str) -> None:
    """Take this machine's paths out of an executed notebook.

    `path`: the executed notebook; nothing is done where there is none.
    """
    import nbformat

    if not path.is_file():
        return
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("widgets", None)  # a page without a kernel shows what stands beside them
    for output in (o for cell in notebook.cells for o in cell.get("outputs", [])):
        output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    record = notebook.metadata.get("papermill", {})
    record["input_path"] = f"notebooks/{source}"
    record["output_path"] = path.name
    nbformat.write(notebook, path)


def write_html(path: Path) -> Path:
    """Write the executed notebook as one HTML file that needs no network."""
    body, _ = _exporter().from_filename(str(path))
    body = body.replace("</head>", f"<style>{READABLE}</style></head>", 1)
    target = path.with_suffix(".html")
    target.write_text(body, encoding="utf-8")
    return target


READABLE = "pre{white-space:pre-wrap!important}.highlight :is(.c,.c1,.cm){color:#2b6363!important}"
"""Long lines stay on the page, and comments stand out of it as WCAG 2 asks (4.5 to 1)."""


def get_ready() -> None:
    """Import and compile what `write_html` needs: in a thread, while the kernel works."""
    from nbformat import v4

    cells = [v4.new_markdown_cell("**é**"), v4.new_code_cell("x = 1")]
    _exporter().from_notebook_node(v4.new_notebook(cells=cells))


@cache
def _exporter() -> Any:
    """Return the exporter: its templates are compiled once per process."""
    from nbconvert import HTMLExporter

    return HTMLExporter(
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        exclude_input_prompt=True,
    )


START_TRIES = 2
"""A kernel that dies before it answers is started once more; a cell is never run again."""


@dataclass(slots=True)
class Execution:
    """How one notebook is executed, and how far it has come.

    Attributes:
        environment: Settings of the run, for its kernel.
        limits: What it may take.
        address: Socket of the process that forks kernels; empty for a plain kernel.
        progress: Called at each code cell with (number of the cell, number of cells).
        cell: The code cell being run, as the notebook numbers them.
        cells: Number of code cells.
        peak_mb: Largest memory of the kernel and its children.
        processor_seconds: What they used of the processors.
        seen: The cells begun so far, with what they have put out.
    """

    environment: Mapping[str, str]
    limits: Limits = field(default_factory=Limits)
    address: str = ""
    progress: Callable[[int, int], None] | None = None
    cell: int = 0
    cells: int = 0
    peak_mb: float = 0.0
    processor_seconds: float = 0.0
    seen: list[Any] = field(default_factory=list)

    def run(self, source: Path, target: Path, parameters: Mapping[str, Any]) -> None:
        """Execute `source` into `target`.

        Raises:
            EvalmlError: The notebook refused its input (exit code 2).
            RunError: A cell failed, the kernel died, or a limit was passed (exit code 1).
        """
        import_nbformat()
        from papermill.exceptions import PapermillExecutionError

        for last in (*[False] * (START_TRIES - 1), True):
            watch = Watch(self.limits)
            try:
                with _environment({**_one_thread(), **self.environment}):
                    self._execute(source, target, parameters, watch)
            except PapermillExecutionError as fault:
                raise _translate(fault) from None
            except RuntimeError as fault:  # DeadKernelError and CellTimeoutError among them
                if last or self.cell or watch.verdict:
                    reason = self._death(watch, fault)
                    self._save(source, target, reason)
                    raise RunError(reason) from None
            else:
                return
            finally:
                watch.end()
                self.peak_mb = max(self.peak_mb, watch.peak_mb)
                self.processor_seconds += watch.processor_seconds

    def _execute(
        self, source: Path, target: Path, parameters: Mapping[str, Any], watch: Watch
    ) -> None:
        import nbformat
        import papermill

        write_plain_words()
        notebook = nbformat.read(source, as_version=4)
        self.cells = sum(c.cell_type == "code" for c in notebook.cells) + 1
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(parameters),
            progress_bar=False,
            request_save_on_cell_execute=False,
            kernel_manager_class=manager_for(watch, self.address),
            cwd=str(project_root()),
            on_cell_start=self._at_cell,
        )

    def _at_cell(self, cell: Any, cell_index: int) -> None:  # noqa: ARG002 - nbclient's signature
        self.seen.append(cell)
        if cell.cell_type != "code":
            return
        self.cell += 1
        if self.progress is not None:
            self.progress(self.cell, self.cells)

    def _death(self, watch: Watch, fault: RuntimeError) -> str:
        where = f"in cell {self.cell}" if self.cell else "before the first cell"
        watch.end()
        if watch.verdict:
            return f"stopped {where}: {watch.verdict}"
        peak = f"; its memory had reached {watch.peak_mb:.0f} MB" if watch.peak_mb else ""
        return f"the kernel died {where} ({type(fault).__name__}){peak}"

    def _save(self, source: Path, target: Path, reason: str) -> None:
        """Write the notebook of a kernel that died, as papermill does not: with its last cell."""
        import nbformat

        if not self.seen:
            return
        notebook = nbformat.read(source, as_version=4)
        rest = notebook.cells[len(self.seen) - _injected(self.seen) :]
        notebook.cells = [*self.seen, *rest]
        fault = nbformat.v4.new_output("error", ename="RunError", evalue=reason, traceback=[reason])
        self.seen[-1].setdefault("outputs", []).append(fault)
        nbformat.write(notebook, target)


def write_plain_words() -> None:
    """Have papermill write the words of a study as they are read, accents and all."""
    from papermill.translators import PythonTranslator, papermill_translators

    class PlainTranslator(PythonTranslator):  # type: ignore[misc] # papermill has no types
        """Python, with words that are not escaped."""

        @classmethod
        def translate_escaped_str(cls, str_val: object) -> str:
            """Return a word as a Python literal."""
            return json.dumps(str(str_val), ensure_ascii=False)

    papermill_translators.register("python", PlainTranslator)


def _injected(cells: Sequence[Any]) -> int:
    """Count the cells that papermill put in among those begun."""
    return sum("injected-parameters" in cell.metadata.get("tags", []) for cell in cells)


def _translate(fault: Any) -> EvalmlError:
    """Return the house error behind a failed cell, or a RunError that says where it failed."""
    kind = getattr(errors, str(fault.ename), None)
    if isinstance(kind, type) and issubclass(kind, EvalmlError):
        return kind(str(fault.evalue))
    if any(mark in str(fault.evalue) for mark in _FULL):
        return RunError(f"cell {fault.exec_count}: the disk is full; make room, and run again")
    return RunError(
        f"cell {fault.exec_count} failed with {fault.ename}; see the notebook in failed/"
    )


_FULL = ("No space left on device", "Disk quota exceeded")


def _one_thread() -> dict[str, str]:
    return {name: value for name, value in ONE_THREAD.items() if name not in os.environ}


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
