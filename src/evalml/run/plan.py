"""One run, ready to start: a study, its notebook, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml import errors
from evalml.errors import StudyError
from evalml.run.designs import refuse_design
from evalml.run.provenance import parameters_of
from evalml.settings import Settings, project_root

if TYPE_CHECKING:
    from evalml.study import Study


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
        StudyError: There is no such notebook, or it cannot run the design.
    """
    name = Path(study.notebook).stem
    folders = [near.resolve().parent.parent / "notebooks", project_root() / "notebooks"]
    for folder in folders:
        if (folder / f"{name}.ipynb").is_file():
            refuse_design(study, folder / f"{name}.ipynb")
            return Plan(study, parameters_of(study), folder / f"{name}.ipynb", settings)
    found = sorted(p.stem for folder in folders for p in folder.glob("*.ipynb"))
    raise StudyError(f"notebook: there is no notebooks/{name}.ipynb; {errors.nearest(name, found)}")
