"""Run every benchmark of this folder, one process each, so that none inherits another's memory.

python -m benchmarks [NAME ...]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run the benchmarks called `names`, or all of them; return the number that failed."""
    there = sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith("_"))
    failed = 0
    for name in names or there:
        print(f"\n== {name}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], cwd=FOLDER.parent, check=False
        )
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
