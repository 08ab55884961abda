"""One measurement, in a process of its own; needs nothing but what the job itself imports.

python -m benchmarks.worker MODULE:FUNCTION FOLDER [SIZE]

With SIZE the function writes its data and is not timed. Without, it is given the folder, reads what
it needs and returns the work to time: a function without arguments that returns numbers.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

MARK = "RESULT"


def peak_mb() -> float:
    """Return the most memory this process, or one that it waited for, has held, in MB."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss would also hold what the parent had when it started us
        lines = status.read_text(encoding="ascii").splitlines()
        own = int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
        return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(job: str, folder: Path) -> dict[str, Any]:
    """Time a job once; a package that is not there is a reason, not a failure."""
    module, name = job.split(":")
    try:
        work = getattr(import_module(module), name)(folder)
    except ImportError as error:
        return {"missing": f"{error.name or 'a package'} is not installed"}
    start, used = time.perf_counter(), _processor()
    answer = work()
    taken = {"seconds": time.perf_counter() - start, "cpu": _processor() - used}
    if isinstance(answer, dict):
        seconds = sum(value for part, value in answer.items() if not part.startswith("peak"))
        return {**taken, "seconds": seconds, "peak_mb": peak_mb(), "parts": answer}
    return {**taken, "peak_mb": peak_mb(), "answer": [float(x) for x in answer]}


def _processor() -> float:
    """Return the processor's seconds of this process and of those it waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    where, place, *size = sys.argv[1:]
    if size:
        module, name = where.split(":")
        getattr(import_module(module), name)(Path(place), int(size[0]))
    else:
        print(MARK + json.dumps(measure(where, Path(place))))
