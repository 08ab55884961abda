"""How a study stands: current, stale and why, never run, running or failed."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evalml.run.currency import current_run, finished_runs, inputs_of, missing_outputs
from evalml.run.differences import differences, sentences
from evalml.run.lock import is_held
from evalml.run.status import lock_file, read_status, settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from evalml.run.plan import Plan
    from evalml.run.status import Status


@dataclass(frozen=True, slots=True)
class Standing:
    """How a study stands against its runs.

    Attributes:
        study: Name of the study.
        state: What to think of it; `refused` for a file that is no study.
        why: The inputs that changed since the latest run, or the reason of a failure.
        run: The run meant, relative to the root of runs.
    """

    study: str
    state: Literal["current", "stale", "never run", "running", "waiting", "failed", "refused"]
    why: tuple[str, ...] = ()
    run: str = ""


def standing_of(plan: Plan) -> Standing:
    """Return how a study stands: what runs now first, then what is current, failed, stale."""
    out, study = plan.settings.out, plan.study.study
    status = read_status(out, study)
    if is_held(lock_file(out, study)):
        cell = f"cell {status.cell} of {status.cells}" if status and status.cells else ""
        return Standing(study, "running", (cell,) if cell else ())
    inputs = inputs_of(plan)
    if (run := current_run(plan, inputs)) is not None:
        return Standing(study, "current", run=run.relative_to(out).as_posix())
    if status is not None and _waits(status):
        return Standing(study, "waiting")
    if status is not None and settled(out, status).state in {"failed", "refused"}:
        ended = settled(out, status)
        return Standing(study, "failed", (ended.reason,), ended.run)
    return _past(plan, inputs)


def _waits(status: Status) -> bool:
    """Say whether a batch that still lives has this study on its list."""
    if status.state != "waiting" or status.host != socket.gethostname():
        return False
    try:
        os.kill(status.process, 0)
    except OSError:
        return False
    return True


def _past(plan: Plan, inputs: Mapping[str, Any]) -> Standing:
    """Say what has changed since the latest finished run, if there is one."""
    out, study = plan.settings.out, plan.study.study
    for run, record in finished_runs(out / study)[:1]:
        found = differences(record, {**inputs, "parameters": plan.parameters})
        why = tuple(sentences([*found, *missing_outputs(run, record)]))
        moved = tuple(f"its {key} changed while it ran" for key in record.get("moved", ()))
        return Standing(study, "stale", why + moved, run.relative_to(out).as_posix())
    return Standing(study, "never run")
