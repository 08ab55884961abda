"""What the runs of the rehearsal say of themselves: size, time, memory, and where the time goes."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from benchmarks.run_parts import part_of

if TYPE_CHECKING:
    from pathlib import Path

RUN_COLUMNS = (
    "study", "programme", "world", "people", "state", "treated", "comparison", "effects",
    "wall_s", "processor_s", "peak_mb", "run_mb", "reason",
)  # fmt: skip
STEP_COLUMNS = ("study", "step", "seconds")
ALONE = {"power_table": "power", "costs_table": "costs"}
"""Parts of a run that count little in a region and much in a country, by a word of their cells."""


def outcome_of(root: Path, world: str, people: int) -> list[dict[str, Any]]:
    """Return the row of a study: of its last finished run, else of its last failure, else none."""
    head = {"study": root.name, "world": world, "people": people}
    if done := sorted(root.glob("[0-9]*/manifest.json")):
        return [{**head, **_finished(done[-1].parent)}]
    if lost := sorted(root.glob("failed/[0-9]*/status.json")):
        said = json.loads(lost[-1].read_text(encoding="utf-8"))
        seen = {"wall_s": said["seconds"], "peak_mb": said["peak_memory_mb"]}
        programme = root.name.split("_")[0].upper()
        blank = dict.fromkeys(("treated", "comparison", "effects", "processor_s", "run_mb"), "")
        why = {"programme": programme, "state": "failed", "reason": said["reason"]}
        return [{**head, **blank, **seen, **why}]
    return []


def _finished(run: Path) -> dict[str, Any]:
    record = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    effects = _rows(run / "results" / "effects.csv")
    main = record["parameters"]["primary"]
    asked = {"outcome": main["outcome"], "horizon_months": str(main["horizon"])}
    asked |= {"method": main["method"], "subgroup": ""}
    [primary] = [row for row in effects if all(row[k] == v for k, v in asked.items())]
    return {
        "programme": record["parameters"]["programme"],
        "state": "finished",
        "treated": primary["n_treated"],
        "comparison": primary["n_comparison"],
        "effects": len(effects) + len(_rows(run / "results" / "secondary.csv")),
        "wall_s": record["seconds"],
        "processor_s": record["processor_seconds"],
        "peak_mb": round(record["peak_memory_mb"]),
        "run_mb": round(sum(o["bytes"] for o in record["outputs"]) / 2**20, 1),
        "reason": "",
    }


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def steps_of(root: Path) -> list[dict[str, Any]]:
    """Return the seconds of each part of a study, from the cells of its last finished run."""
    done = sorted(root.glob("[0-9]*/notebook.ipynb"))
    if not done:
        return []
    taken: dict[str, float] = {}
    for cell in json.loads(done[-1].read_text(encoding="utf-8"))["cells"]:
        seconds = cell["metadata"].get("papermill", {}).get("duration")
        if cell["cell_type"] == "code" and seconds is not None:
            source = "".join(cell["source"])
            part = next((ALONE[word] for word in ALONE if word in source), "") or part_of(source)
            taken[part] = taken.get(part, 0.0) + seconds
    return [{"study": root.name, "step": k, "seconds": round(v, 1)} for k, v in taken.items()]
