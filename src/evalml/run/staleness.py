"""Is there a finished run of the same inputs, and if not, which inputs changed?"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evalml import errors
from evalml.errors import StudyError
from evalml.run.notebook import refuse_design
from evalml.run.provenance import hash_notebook, hashes_of, parameters_of, parts_of, versions_of
from evalml.run.status import (
    MANIFEST,
    is_locked,
    lock_file,
    read_manifest,
    read_status,
    settled,
)
from evalml.settings import Settings, project_root, shipped_folder
from evalml.study import Study, find_study
from evalml.study.activity import Activity, activity_from, is_activity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from evalml.run.status import RunStatus
    from evalml.study import StudyRequest


LONGEST = 60
"""A value longer than this is cut; a list is told by what was added and removed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One input that is not what it was.

    Attributes:
        kind: params, extract, notebook, source, lock, versions, engine or outputs.
        name: Which part of it: a key, a table, a stage, a package; empty for the whole.
        before: What it was, where it can be said.
        after: What it is.
    """

    kind: str
    name: str = ""
    before: str = ""
    after: str = ""


_NOUNS = {
    "params": "params key {}",
    "new": "params keys set that were not: {}",
    "gone": "params keys no longer set: {}",
    "extract": "extract changed in {}",
    "notebook": "notebook changed",
    "source": "source of evalml changed in {}",
    "lock": "lock file changed",
    "versions": "version of {}",
    "engine": "engine",
    "outputs": "output gone: {}",
}
_SHOWN = frozenset({"params", "versions", "engine"})
_UNKNOWN = "(the record is too old to say where)"


def sentences(found: Sequence[Difference]) -> list[str]:
    """Return differences in words, one line per value and one per other kind."""
    lines: dict[str, list[Difference]] = {}
    for each in found:
        lines.setdefault(_line_of(each), []).append(each)
    return [_sentence(line, those) for line, those in lines.items()]


def _line_of(one: Difference) -> str:
    if one.kind not in _SHOWN:
        return one.kind
    if one.kind == "params" and not (one.before and one.after):
        return "gone" if one.before else "new"
    return f"{one.kind} {one.name}"


def _sentence(line: str, those: Sequence[Difference]) -> str:
    if line in _NOUNS and line not in _SHOWN:
        return _NOUNS[line].format(", ".join(d.name for d in those))
    return _valued(those[0])


def _valued(one: Difference) -> str:
    noun = _NOUNS[one.kind].format(one.name)
    lists = [_list_of(text) for text in (one.before, one.after)]
    if lists[0] and lists[1]:
        gone = [f"-{x}" for x in lists[0] if x not in lists[1]]
        come = [f"+{x}" for x in lists[1] if x not in lists[0]]
        return f"{noun}: {_cut(', '.join(gone + come) or 'another order')}"
    return f"{noun}: {_cut(one.before) or 'none'} → {_cut(one.after) or 'none'}"


def _list_of(text: str) -> list[Any]:
    if not text.startswith("["):
        return []
    found: list[Any] = json.loads(text)
    return found


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the inputs that differ between two records (or a record and the inputs of now).

    Args:
        before: A manifest.
        after: A manifest, or `inputs_of` with its `parameters`.
    """
    return [
        *_values("params", _flat(before["parameters"]), _flat(after["parameters"])),
        *_parts("extract", before, after),
        *_whole("notebook", before, after),
        *_parts("source", before, after),
        *_whole("lock", before, after),
        *_values("versions", before["versions"], after["versions"]),
        *_values("engine", {"": before["engine"]}, {"": after["engine"]}),
    ]


def _flat(values: Any, key: str = "") -> dict[str, Any]:
    """Return nested parameters as one level of dotted keys; a list is one value."""
    if not isinstance(values, dict) or not values:
        return {key: values}
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{key}.{name}" if key else str(name))
    return found


def _values(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield Difference(kind, key, _shown(old), _shown(new))


def _shown(value: Any) -> str:
    return (
        ""
        if value is None
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=str)
    )


def _whole(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = (record["hashes"].get(kind) or "" for record in (before, after))
    if old != new:
        yield Difference(kind, "", old, new)


_TOTALS = {"extract": "extract", "source": "code"}


def _parts(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Give the parts that differ; the whole, where a record is too old to name them."""
    old, new = (record["hashes"].get(_TOTALS[kind]) or "" for record in (before, after))
    if old == new:
        return
    parts = [record.get("parts", {}).get(kind) for record in (before, after)]
    if None in parts:
        yield Difference(kind, _UNKNOWN, old, new)
        return
    for name in sorted({*parts[0], *parts[1]}):
        if parts[0].get(name) != parts[1].get(name):
            yield Difference(kind, name, parts[0].get(name, ""), parts[1].get(name, ""))


@dataclass(frozen=True, slots=True)
class RunPlan:
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


def plan_run(request: StudyRequest, settings: Settings) -> RunPlan:
    """Read a study and find its notebook.

    Args:
        request: The study; `notebooks/` is looked for in the folders above its file first.
        settings: Where it runs.

    Raises:
        StudyError: There is no such study or notebook, or it cannot run the design.
    """
    found_study = find_study(request.study)
    activity = is_activity(found_study.values)
    study, near = activity_from(request) if activity else request.read(), found_study.path
    name = Path(study.notebook).stem
    roots = (*near.resolve().parents[1:], project_root(), shipped_folder())
    folders = [root / "notebooks" for root in dict.fromkeys(roots)]
    for folder in folders:
        notebook = folder / f"{name}.ipynb"
        if notebook.is_file():
            if isinstance(study, Study):
                refuse_design(study, notebook)
            parameters = parameters_of(study)
            given = _given(request) if takes_study(notebook) else parameters
            return RunPlan(study, parameters, notebook, settings, given)
    found = sorted(p.stem for folder in folders for p in folder.glob("*.ipynb"))
    raise StudyError(f"notebook: there is no notebooks/{name}.ipynb; {errors.nearest(name, found)}")


def takes_study(notebook: Path) -> bool:
    """Say whether a notebook names its study, or has each of its keys as a parameter."""
    cells = json.loads(notebook.read_text(encoding="utf-8")).get("cells", [])
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    return not any("programme:" in "".join(cell["source"]) for cell in tagged)


def _given(request: StudyRequest) -> dict[str, Any]:
    """Return what was asked for, a file of the project by its place in it."""
    values = request.parameters()
    path, root = Path(request.study).resolve(), project_root().resolve()
    if path.is_file():
        values["study"] = str(path.relative_to(root) if path.is_relative_to(root) else path)
        return values
    place = find_study(request.study).path.resolve()
    if any(place.is_relative_to(known) for known in (root, shipped_folder())):
        values["study"] = path.stem  # a name, said as the file it once was
    return values


COMPARED = ("engine", "hashes", "versions")
"""What must be the same for a run to be current."""


def inputs_of(plan: RunPlan) -> dict[str, Any]:
    """Return all that the results of a plan depend on: hashes, engine and versions."""
    parts = parts_of(plan.study, plan.settings)
    return {
        "engine": plan.settings.engine,
        "hashes": {
            "notebook": hash_notebook(plan.notebook),
            **hashes_of(plan.study, plan.settings, parts["extract"]),
        },
        "versions": versions_of(plan.study, plan.settings),
        "parts": parts,
    }


def finished_runs(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return the finished runs of a study, latest first, each with its record."""
    found = []
    for manifest in sorted(folder.glob(f"[0-9]*/{MANIFEST}"), reverse=True):
        try:
            record = read_manifest(manifest.parent)
        except errors.DataError:
            continue  # `evalml runs` says so; the study runs again
        found.append((manifest.parent, record))
    return found


def same_inputs(record: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Say whether a record is of these inputs, and of no others before it ended."""
    return not record.get("moved") and all(record.get(k) == inputs[k] for k in COMPARED)


def moved_inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the inputs that changed between two looks at them, such as `code` or `extract`."""
    hashes = [key for key, value in before["hashes"].items() if after["hashes"][key] != value]
    return hashes + [k for k in COMPARED if k != "hashes" and after[k] != before[k]]


def current_run(plan: RunPlan, inputs: dict[str, Any]) -> Path | None:
    """Return the latest finished run of the same inputs whose files are all there, if any."""
    for run, record in finished_runs(plan.settings.out / plan.study.study):
        if not missing_outputs(run, record) and same_inputs(record, inputs):
            return run
    return None


LATER = ("released", "signed")
"""Privacy of what is made of a run once it is finished: its release, its certificate."""


def missing_outputs(run: Path, record: Mapping[str, Any]) -> list[Difference]:
    """Return the files of a run that somebody removed; a release is made after it, and apart."""
    made = [o["path"] for o in record["outputs"] if o["privacy"] not in LATER]
    paths = [path for path in made if not (run / path).is_file()]
    return [Difference("outputs", path, "there", "") for path in paths]


@dataclass(frozen=True, slots=True)
class StudyState:
    """How a study stands against its runs.

    Attributes:
        study: Name of the study.
        state: What to think of it; `refused` for a file that is no study.
        why: The inputs that changed since the latest run, or the reason of a failure.
        run: The run meant, relative to the root of runs.
    """

    study: str
    state: Literal[
        "current", "stale", "other extract", "never run", "running", "waiting", "failed", "refused"
    ]
    why: tuple[str, ...] = ()
    run: str = ""


def state_of(plan: RunPlan) -> StudyState:
    """Return how a study stands: what runs now first, then what is current, failed, stale."""
    out, study = plan.settings.out, plan.study.study
    status = read_status(out, study)
    if is_locked(lock_file(out, study)):
        cell = f"cell {status.cell} of {status.cells}" if status and status.cells else ""
        return StudyState(study, "running", (cell,) if cell else ())
    inputs = inputs_of(plan)
    if (run := current_run(plan, inputs)) is not None:
        return StudyState(study, "current", run=run.relative_to(out).as_posix())
    if status is not None and _waits(status):
        return StudyState(study, "waiting")
    if status is not None and settled(out, status).state in {"failed", "refused"}:
        ended = settled(out, status)
        return StudyState(study, "failed", (ended.reason,), ended.run)
    return _past(plan, inputs)


def _waits(status: RunStatus) -> bool:
    """Say whether a batch that still lives has this study on its list."""
    if status.state != "waiting" or status.host != socket.gethostname():
        return False
    try:
        os.kill(status.process, 0)
    except OSError:
        return False
    return True


def _past(plan: RunPlan, inputs: Mapping[str, Any]) -> StudyState:
    """Say what has changed since the latest finished run, if there is one."""
    out, study = plan.settings.out, plan.study.study
    for run, record in finished_runs(out / study)[:1]:
        found = differences(record, {**inputs, "parameters": plan.parameters})
        if any(d.kind == "extract" and d.name == "extract.yaml" for d in found):
            other = f"made on another extract than {plan.settings.extract.name}: give --extract"
            return StudyState(study, "other extract", (other,), run.relative_to(out).as_posix())
        why = tuple(sentences([*found, *missing_outputs(run, record)]))
        moved = tuple(f"its {key} changed while it ran" for key in record.get("moved", ()))
        return StudyState(study, "stale", why + moved, run.relative_to(out).as_posix())
    return StudyState(study, "never run")
