"""Kill releases and start them together: what the register and the folders hold afterwards.

`python -m tools.kill_releases RUN [TIMES]` copies the results of a run under a folder of its own.
It kills as many releases (SIGKILL) at random moments of their writing, each in a process of its
own, starts as many pairs at once, then truncates, empties and changes the register, and prints what
was there and what was said.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from evalml.disclosure.register import NAME, read_register
from evalml.errors import PrivacyError

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = """
import sys
from pathlib import Path
from evalml.report.release import release_run
print("ready", flush=True)
sys.stdin.readline()
release_run(Path(sys.argv[1]), formats=())
"""


def copied(run: Path, root: Path, name: str) -> Path:
    """Return a copy of the results of a run, as another study of the same folder."""
    folder = root / name / "r1"
    shutil.copytree(run / "results", folder / "results")
    return folder


def start(folder: Path) -> subprocess.Popen[str]:
    """Return a process that has imported all it needs and waits for a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(folder)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101
    process.stdout.readline()
    return process


def go(process: subprocess.Popen[str]) -> None:
    """Let a process that waits release."""
    assert process.stdin is not None  # noqa: S101
    process.stdin.write("\n")
    process.stdin.flush()


def state(root: Path, name: str) -> str:
    """Return what is there of a release; a folder that the register does not know is an error."""
    folder = root / name / "r1"
    known = f"{name}/r1" in {line["release"] for line in read_register(root / NAME).lines}
    there = (folder / "release" / "release.json").is_file()
    if there and not known:
        raise SystemExit(f"{name}: a release that the register does not know")
    return f"line {'yes' if known else 'no'}, release {'yes' if there else 'no'}"


def killed(run: Path, root: Path, times: int, took: float) -> Iterator[str]:
    """Kill releases at random moments, look, then release the same run again."""
    draw = Random(1)  # noqa: S311
    for turn in range(times):
        folder = copied(run, root, f"killed{turn}")
        process = start(folder)
        go(process)
        time.sleep(took * draw.uniform(0.4, 1.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = state(root, f"killed{turn}")
        again = start(folder)
        _, said = again.communicate("\n")
        left = [path.name for path in folder.glob(".release-*")]
        yield f"{before}; again: exit {again.returncode}, left over {left} {said[-200:]}"


def together(run: Path, root: Path, times: int) -> Iterator[str]:
    """Start two releases at once, and look whether both stand."""
    for turn in range(times):
        names = [f"one{turn}", f"two{turn}"]
        both = [start(copied(run, root, name)) for name in names]
        for process in both:
            go(process)
        codes = [process.wait() for process in both]
        yield f"exits {codes}; " + "; ".join(state(root, name) for name in names)


def damaged(root: Path) -> Iterator[str]:
    """Return what is said of a register cut, emptied, with a changed line, or missing."""
    path = root / NAME
    whole = path.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    changed = "".join([lines[0].replace('"rounding": 5', '"rounding": 6'), *lines[1:]])
    texts = {"truncated": "".join(lines[:-1]), "emptied": "", "changed": changed, "missing": None}
    for name, text in texts.items():
        path.unlink()
        if text is not None:
            path.write_text(text, encoding="utf-8")
        try:
            read_register(path)
            yield f"{name}: READ WITHOUT A WORD"
        except PrivacyError as error:
            yield f"{name}: {str(error).replace(str(root), 'RUNS')}"
        path.write_text(whole, encoding="utf-8")


def main() -> int:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("times", type=int, nargs="?", default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        first = start(copied(asked.run, root, "first"))
        began = time.monotonic()
        go(first)
        first.wait()
        took = time.monotonic() - began
        print(f"one release, tables only: {took:.2f} s")
        for part in (
            killed(asked.run, root, asked.times, took),
            together(asked.run, root, asked.times),
            damaged(root),
        ):
            for each in part:
                print(each, flush=True)
        print(f"lines in the register: {len(read_register(root / NAME).lines)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
