"""One run, ready to start: a study, its notebook, and where it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml import errors
from evalml.errors import StudyError
from evalml.run.designs import refuse_design
from evalml.run.provenance import parameters_of
from evalml.settings import Settings, project_root, shipped_folder
from evalml.study import Study, find_study
from evalml.study.activity import Activity, activity_from, is_activity

if TYPE_CHECKING:
    from evalml.study import Asked


@dataclass(frozen=True, slots=True)
class Plan:
    """One run, ready to start.

    Attributes:
        study: The study, checked.
        parameters: Every key of the study, defaults included: what the record holds.
        notebook: The notebook to execute.
        settings: Where it runs; `out` is the root of all runs.
        given: What papermill puts into the parameters cell.
    """

    study: Study | Activity
    parameters: dict[str, Any]
    notebook: Path
    settings: Settings
    given: dict[str, Any]


def plan_run(asked: Asked, settings: Settings) -> Plan:
    """Read a study and find its notebook.

    Args:
        asked: The study; `notebooks/` is looked for beside the folder of its file first.
        settings: Where it runs.

    Raises:
        StudyError: There is no such study or notebook, or it cannot run the design.
    """
    found_study = find_study(asked.study)
    activity = is_activity(found_study.values)
    study, near = activity_from(asked) if activity else asked.read(), found_study.path
    name = Path(study.notebook).stem
    roots = (near.resolve().parent.parent, project_root(), shipped_folder())
    folders = [root / "notebooks" for root in dict.fromkeys(roots)]
    for folder in folders:
        notebook = folder / f"{name}.ipynb"
        if notebook.is_file():
            if isinstance(study, Study):
                refuse_design(study, notebook)
            parameters = parameters_of(study)
            given = _given(asked) if takes_study(notebook) else parameters
            return Plan(study, parameters, notebook, settings, given)
    found = sorted(p.stem for folder in folders for p in folder.glob("*.ipynb"))
    raise StudyError(f"notebook: there is no notebooks/{name}.ipynb; {errors.nearest(name, found)}")


def takes_study(notebook: Path) -> bool:
    """Say whether a notebook names its study, or has each of its keys as a parameter."""
    cells = json.loads(notebook.read_text(encoding="utf-8")).get("cells", [])
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    return not any("programme:" in "".join(cell["source"]) for cell in tagged)


def _given(asked: Asked) -> dict[str, Any]:
    """Return what was asked for, a file of the project by its place in it."""
    values = asked.parameters()
    path, root = Path(asked.study).resolve(), project_root().resolve()
    if path.is_file():
        values["study"] = str(path.relative_to(root) if path.is_relative_to(root) else path)
        return values
    place = find_study(asked.study).path.resolve()
    if any(place.is_relative_to(known) for known in (root, shipped_folder())):
        values["study"] = path.stem  # a name, said as the file it once was
    return values
