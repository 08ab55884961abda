"""Inject the faults of a server into the line, one at a time, and say what became of each.

`python -m tools.faults [FAMILY…] [--out docs/methods/faults.csv]` runs `evalml` commands, each in a
process of its own forked from one that has imported it, while a disk is full, a folder is
read-only, a record is damaged, a kernel is killed… A fault ends well when the command finishes with
the bytes of an undisturbed run, or says one sentence; never with a traceback, half a run, a lock
that stays, a temporary folder or a process left behind. Disks of their own need root.
"""

from __future__ import annotations

import argparse
import atexit
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evalml.run.execute import shared_kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

NOBODY = 65534
OURS = 97
"""First of the codes that say what the tool found, not how the command ended."""

LIMIT = 120
"""Seconds a command may take: more is a fault of its own."""

STUDY = "nsw"
FINE = (0,)
SAID = (0, 1, 2)


@dataclass
class Place:
    """The folder of one fault, and what is done there.

    Attributes:
        folder: Its root; `out` and `tmp` are below.
        environment: What the commands are told.
        said: What they have said, and how they ended.
    """

    folder: Path
    environment: dict[str, str]
    said: list[tuple[int, str]] = field(default_factory=list)

    @property
    def out(self) -> Path:
        """Root of the runs."""
        return self.folder / "out"

    def evalml(self, *words: object, user: int = 0, **environment: str) -> int:
        """Run a command to its end; return its exit code."""
        return self.end(self.start(*words, user=user, **environment))

    def start(self, *words: object, user: int = 0, **environment: str) -> int:
        """Start a command in a process forked from this one; return its number."""
        sys.stdout.flush()
        number = os.fork()
        if number:
            return number
        code = 70
        try:
            _become(self.folder, {**self.environment, **environment}, user)
            code = _command([str(word) for word in words])
        finally:
            with suppress(Exception):
                atexit._run_exitfuncs()  # noqa: SLF001 - as an interpreter does that ends
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def end(self, number: int) -> int:
        """Wait for a command and keep what it said."""
        limit = time.monotonic() + LIMIT
        while True:
            done, state = os.waitpid(number, os.WNOHANG)
            if done:
                break
            if time.monotonic() > limit:
                os.kill(number, signal.SIGKILL)
                _, state = os.waitpid(number, 0)
                self.said.append((-1, "still running"))
                return -1
            time.sleep(0.02)
        code = os.waitstatus_to_exitcode(state)
        log = self.folder / f"log-{number}"
        self.said.append((code, log.read_text("utf-8", "replace") if log.exists() else ""))
        return code


def _become(folder: Path, environment: Mapping[str, str], user: int) -> None:
    """Give a forked process its own streams, folder, environment and user."""
    log = os.open(folder / f"log-{os.getpid()}", os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.update(environment)
    tempfile.tempdir = None
    os.chdir(folder)
    if user:
        os.setgid(user)
        os.setuid(user)


def _command(words: Sequence[str]) -> int:
    from evalml.cli import main

    sys.argv = ["evalml", *words]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a traceback is what is looked for
        import traceback

        traceback.print_exc()
        return 70
    return 0


Fault = tuple[str, str, "Callable[[Place], object]", tuple[int, ...]]
"""Family, name, what is done, the exit codes its last command may end with."""


@contextmanager
def disk(place: Path, size: str, options: str = "") -> Iterator[None]:
    """Mount a small disk at `place` while something is done."""
    place.mkdir(parents=True, exist_ok=True)
    said = f"size={size},mode=700" + (f",{options}" if options else "")
    subprocess.run(["mount", "-t", "tmpfs", "-o", said, "none", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _run_on(size: str, place: Place) -> None:
    with disk(place.out, size):
        place.evalml("run", STUDY, "--out", place.out)
        _judge_folder(place)
        place.evalml("runs", "--out", place.out)


def _spill_to(size: str, place: Place) -> None:
    with disk(place.folder / "small", size):
        place.evalml("run", STUDY, "--out", place.out, TMPDIR=str(place.folder / "small"))
        _judge_folder(place)


def _write_to(size: str, words: Sequence[str], place: Place) -> None:
    with disk(place.folder / "small", size):
        place.evalml(*words)


def full_disks(sample: Mapping[str, Path]) -> Iterator[Fault]:
    """Give disks of runs, of temporary files and of extracts that fill up earlier and later."""
    for size in _sizes(16, 5600, 24):
        yield "disk full: runs", f"{size} left", partial(_run_on, size), SAID
    for size in _sizes(4, 256, 5):
        yield "disk full: temporary files", f"{size} left", partial(_spill_to, size), SAID
    extract, key = str(sample["extract"]), str(sample["key"])
    pseudonymise = ("extract", "pseudonymise", extract, "small/x", "--project", "p")
    commands = {
        "synthetic": ("synthetic", "small/x", "--people", "300"),
        "init": ("init", "small/p"),
        "pseudonymise": (*pseudonymise, "--key-file", key),
        "explorer": ("explorer", str(sample["runs"]), "--out", "small/x"),
        "indicators": ("indicators", extract, "--year", "2024", "--out", "small/x"),
    }
    for size in _sizes(8, 400, 5):
        for name, words in commands.items():
            action = partial(_write_to, size, words)
            yield "disk full: other commands", f"{name}, {size} left", action, SAID


def _sizes(first: int, last: int, count: int) -> list[str]:
    """Return sizes in kilobytes, each the same factor larger than the one before."""
    factor = (last / first) ** (1 / (count - 1))
    return [f"{4 * round(first * factor**i / 4)}k" for i in range(count)]


def closed_folders(sample: Mapping[str, Path]) -> Iterator[Fault]:
    """Give folders that may be read and not written, and folders of another user."""

    def read_only(what: str) -> Callable[[Place], object]:
        def inject(place: Place) -> None:
            folder = place.folder / what
            with disk(folder, "4m"):
                if what == "extract":
                    shutil.copytree(sample["extract"], folder, dirs_exist_ok=True)
                subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
                words = ("check", "cej") if what == "extract" else ("run", STUDY)
                told = {"TMPDIR": str(folder)} if what == "tmp-ro" else {}
                told |= {"HOME": str(folder)} if what == "home" else {}
                given = ("--extract", folder) if what == "extract" else ("--out", place.out)
                place.evalml(*words, *given, **told)

        return inject

    for what, codes in {
        "out": (2,), "extract": FINE, "home": FINE, "tmp-ro": SAID,
    }.items():  # fmt: skip
        yield "read-only", f"{what} may not be written", read_only(what), codes

    def foreign(*words: str) -> Callable[[Place], object]:
        def inject(place: Place) -> None:
            shutil.copytree(sample["runs"], place.out)
            for path in (place.out, *place.out.rglob("*")):
                path.chmod(0o700 if path.is_dir() else 0o600)
            for parent in (place.folder, place.folder.parent):
                parent.chmod(0o755)
            place.evalml(*words, user=NOBODY, HOME="/nonexistent", TMPDIR="/tmp")  # noqa: S108

        return inject

    for words in (
        ("runs", "--out", "out"), ("run", STUDY, "--out", "out"), ("note", "out/nsw"),
        ("release", "out/nsw"), ("status", STUDY, "--out", "out"), ("open", "--out", "out"),
        ("compare", "out/nsw", "out/nsw"), ("explorer", "out", "--out", "x"),
        ("batch", STUDY, "--out", "out"), ("published", "compare", "out/nsw"),
    ):  # fmt: skip
        yield "folder of another user", words[0], foreign(*words), (1, 2)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in half": lambda text: text[: len(text) // 2],
    "cut at the end": lambda text: text[:-3],
    "not JSON": lambda _: b"<html>504</html>",
    "a list": lambda _: b"[]",
    "null": lambda _: b"null",
    "no hashes": lambda text: json.dumps(json.loads(text) | {"hashes": None}).encode(),
    "no outputs": lambda text: json.dumps(json.loads(text) | {"outputs": 3}).encode(),
    "bytes of a disk": lambda text: bytes(range(256)) + text,
    "parameters gone": lambda text: json.dumps(
        {k: v for k, v in json.loads(text).items() if k != "parameters"}
    ).encode(),
}


def _damage(how: str, files: str, words: Sequence[str], runs: Path, place: Place) -> None:
    """Copy the runs, damage some of their files, and run a command on them."""
    shutil.copytree(runs, place.out)
    for path in place.out.glob(files):
        if path.is_file():
            path.write_bytes(DAMAGE[how](path.read_bytes() or b"{}"))
    run = next(p.parent for p in place.out.glob("nsw/*/manifest.json"))
    place.evalml(*(word.format(run=run, out=place.out) for word in words))


READERS = (
    ("runs", "--out", "{out}"), ("status", STUDY, "--out", "{out}"),
    ("compare", "{run}", "{run}"), ("release", "{run}"), ("explorer", "{out}", "--out", "x"),
    ("open", "--out", "{out}", "--path"), ("published", "compare", "{run}"),
)  # fmt: skip
"""Commands that read the records of runs."""


def damaged_records(sample: Mapping[str, Path]) -> Iterator[Fault]:
    """Give records of runs that were cut, emptied or changed, and the commands that read them."""
    runs = sample["runs"]
    for how in DAMAGE:
        for words in READERS:
            action = partial(_damage, how, "nsw/*/manifest.json", words, runs)
            yield "record damaged", f"{how}: {words[0]}", action, SAID
    for how in ("empty", "cut in half", "not JSON", "a list", "null"):
        action = partial(_damage, how, ".state/**/*", ("status", STUDY, "--out", "{out}"), runs)
        yield "state damaged", how, action, SAID
        action = partial(_damage, how, "nsw/*/results/*.csv", ("note", "{run}"), runs)
        yield "results damaged", f"{how}: note", action, SAID


def kills(sample: Mapping[str, Path]) -> Iterator[Fault]:
    """Give kernels and runs that are killed, stopped or interrupted, earlier and later."""

    def kill(what: str, number: signal.Signals, after: float) -> Callable[[Place], object]:
        def inject(place: Place) -> None:
            run = place.start("run", STUDY, "--out", place.out)
            time.sleep(after)
            for victim in [run] if what == "run" else _kernels_of(place.out):
                with suppress(ProcessLookupError):
                    os.kill(victim, number)
            place.end(run)
            if place.evalml("run", STUDY, "--out", place.out) == 0:
                _same_bytes(place, sample["runs"])

        return inject

    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        for after in (0.3, 1.0, 2.5, 4.0):
            yield "run killed", f"{number.name} after {after} s", kill("run", number, after), FINE
    for after in (0.6, 1.2, 2.0, 3.0, 4.0):
        name = f"SIGKILL after {after} s"
        yield "kernel killed", name, kill("kernel", signal.SIGKILL, after), FINE


def together(sample: Mapping[str, Path]) -> Iterator[Fault]:
    """Give runs of one study at once, and inputs that change while it runs."""

    def twice(count: int, apart: float) -> Callable[[Place], object]:
        def inject(place: Place) -> None:
            started = []
            for _ in range(count):
                started.append(place.start("run", STUDY, "--out", place.out))
                time.sleep(apart)
            for number in started:
                place.end(number)
            runs = list(place.out.glob("nsw/2*"))
            if len(runs) != 1:
                place.said.append((99, f"{len(runs)} runs of one study where one is enough"))
            _same_bytes(place, sample["runs"])

        return inject

    for count, apart in ((2, 0.0), (2, 0.5), (2, 2.0), (3, 0.0), (3, 1.0)):
        name = f"{count} runs, {apart} s apart"
        yield "runs of one study at once", name, twice(count, apart), FINE


def _start_anew(environment: Mapping[str, str], runs: Path, place: Place) -> None:
    """Run a study in an interpreter of its own: what a language changes, it changes there."""
    command = [sys.executable, "-m", "evalml", "run", STUDY, "--out", str(place.out)]
    told = {**os.environ, **place.environment, **environment}
    done = subprocess.run(
        command, cwd=place.folder, capture_output=True, check=False, timeout=2 * LIMIT, env=told
    )
    place.said.append((done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")))
    _same_bytes(place, runs)


def _run_at(name: str, place: Place) -> None:
    place.evalml("run", STUDY, "--out", place.folder / name)
    if place.said[-1][0] == 0:
        place.evalml("runs", "--out", place.folder / name)


def _move_clock(days: int, runs: Path, place: Place) -> None:
    """Date a run otherwise, and run again."""
    shutil.copytree(runs, place.out)
    when = time.time() + days * DAY
    for run in place.out.glob("nsw/2*"):
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(when))
        moved = run.rename(run.with_name(stamp + run.name[len(stamp) :]))
        for path in (moved, *moved.rglob("*")):
            os.utime(path, (when, when))
    place.evalml("run", STUDY, "--out", place.out, "--force")
    place.evalml("runs", "--out", place.out)
    place.evalml("open", "--out", place.out, "--path")


DAY = 86_400
VARIABLES = (
    {"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "fr_FR.ISO-8859-1"},
    {"TZ": "Pacific/Kiritimati"}, {"TZ": "nonsense"}, {"HOME": "/nonexistent"},
    {"TERM": "dumb", "COLUMNS": "20"}, {"PYTHONHASHSEED": "7"}, {"JUPYTER_PLATFORM_DIRS": "1"},
)  # fmt: skip
PATHS = (
    "é à ç", "avec « guillemets »", "it's", "a$HOME;b", "a%20b", "[x]*?", "/".join(["a" * 60] * 4),
    "x" * 200,
)  # fmt: skip
NO_PATHS = ("x" * 300, "y" * 255, "/dev/null/x", "/proc/x")


def surroundings(sample: Mapping[str, Path]) -> Iterator[Fault]:
    """Give languages, clocks, paths and variables that are not those of a workstation."""
    for values in VARIABLES:
        name = " ".join(f"{key}={value}" for key, value in values.items())
        yield "surroundings", name, partial(_start_anew, values, sample["runs"]), FINE
    for name in PATHS:
        yield "paths", f"{name[:24]} ({len(name)} characters)", partial(_run_at, name), FINE
    for name in NO_PATHS:
        yield "paths", f"{name[:24]} ({len(name)} characters)", partial(_run_at, name), (2,)
    for days in (-4000, -1, 1, 4000):
        action = partial(_move_clock, days, sample["runs"])
        yield "clock", f"a run dated {days:+d} days", action, FINE


FAMILIES = (full_disks, closed_folders, damaged_records, kills, together, surroundings)


def _kernels_of(out: Path) -> list[int]:
    """Return the processes that were told to write under a folder, this one's children apart."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told = (each / "environ").read_bytes()
            if f"EVALML_OUT={out}".encode() in told:
                found.append(int(each.name))
    return found


def _same_bytes(place: Place, runs: Path) -> None:
    """Compare the results of the latest run with those of the undisturbed one."""
    wanted = {p.name: p.read_bytes() for p in runs.glob("nsw/2*/results/*.csv")}
    for run in place.out.glob("nsw/2*"):
        found = {p.name: p.read_bytes() for p in run.glob("results/*.csv")}
        if found != wanted:
            place.said.append((98, "other bytes than an undisturbed run"))


def _judge_folder(place: Place) -> None:
    """Look for half a run, a lock or a status that is not true in the folder of runs."""
    runs = [p for p in place.out.glob("*/*") if p.name[:1].isdigit()]
    half = [
        p for p in runs if not (p / "manifest.json").is_file() or not (p / "note.html").is_file()
    ]
    hidden = list(place.out.glob("*/.[0-9]*"))
    locks = list((place.out / ".state").glob("**/*.lock"))
    for what, found in {"half a run": half, "a hidden folder": hidden, "a lock": locks}.items():
        if found:
            place.said.append((97, f"{what} is left"))


def outcome(place: Place, codes: tuple[int, ...]) -> tuple[str, str]:
    """Return whether a fault ended well, and the last sentence."""
    if place.out.is_dir():
        _judge_folder(place)
    left = [p.name for p in (place.folder / "tmp").iterdir()]
    ended = place.said[-1][0] if place.said else 70
    broken = [
        said for code, said in place.said if "Traceback" in said or code in {97, 98, 99, 70, -1}
    ]
    words = [line for _, said in place.said for line in said.splitlines() if line.strip()]
    last = next(
        (line for line in reversed(words) if "evalml: " in line), words[-1] if words else ""
    )
    if broken:
        return "bad", broken[-1].strip().splitlines()[-1]
    if left:
        return "bad", f"left in the temporary folder: {left[0]}"
    if _kernels_of(place.out):
        return "bad", "a kernel is left"
    real = [code for code, _ in place.said if code < OURS]
    if real and real[-1] not in codes:
        return "bad", f"ended with {ended}: {last}"
    return "well", last


def inject(fault: Fault, root: Path, told: Mapping[str, str]) -> dict[str, str]:
    """Inject one fault in a folder of its own, and return its line of the table."""
    family, name, action, codes = fault
    folder = Path(tempfile.mkdtemp(prefix="fault-", dir=root))
    (folder / "tmp").mkdir()
    place = Place(folder, {**told, "TMPDIR": str(folder / "tmp")})
    clock = time.perf_counter()
    try:
        action(place)
        ended, said = outcome(place, codes)
    except Exception as broken:  # noqa: BLE001 - the others go on
        ended, said = "bad", f"the injection failed: {type(broken).__name__}: {broken}"
    shutil.rmtree(folder, ignore_errors=True)
    said = said.replace(str(folder), "…").replace(str(root), "…")
    seconds = f"{time.perf_counter() - clock:.1f}"
    return {"family": family, "fault": name, "ended": ended, "seconds": seconds, "said": said[:200]}


def main() -> int:
    """Inject the families asked for, print each outcome, write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="*", help="; ".join(f.__name__ for f in FAMILIES))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sample", type=Path, help="folder with runs/, extract/, key")
    parser.add_argument("--every", type=int, default=1, help="one fault in so many")
    asked = parser.parse_args()
    lines = []
    root = tempfile.mkdtemp(prefix="faults-")  # a TemporaryDirectory would go with each command
    with shared_kernels() as told:
        import evalml.cli
        import evalml.evaluation
        import evalml.report.explorer
        import evalml.report.release  # noqa: F401

        Path(root).chmod(0o755)
        sample = _sample(asked.sample or Path(root), told)
        chosen = [f for f in FAMILIES if not asked.families or f.__name__ in asked.families]
        for family in chosen:
            for fault in list(family(sample))[:: asked.every]:
                line = inject(fault, Path(root), told)
                lines.append(line)
                print(*line.values(), sep=" | ", flush=True)
    shutil.rmtree(root, ignore_errors=True)
    if asked.out is not None:
        with asked.out.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
    bad = sum(line["ended"] == "bad" for line in lines)
    print(f"{len(lines)} faults, {bad} ended badly")
    return int(bad > 0)


def _sample(root: Path, told: Mapping[str, str]) -> dict[str, Path]:
    """Return an undisturbed run, a small extract and a key, made once."""
    sample = {"runs": root / "runs", "extract": root / "extract", "key": root / "key"}
    (root / "tmp").mkdir(exist_ok=True)
    place = Place(root, {**told, "TMPDIR": str(root / "tmp")})
    if not sample["runs"].is_dir():
        place.evalml("run", STUDY, "--out", sample["runs"])
        place.evalml("synthetic", sample["extract"], "--people", "300")
        sample["key"].write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
        sample["key"].chmod(0o600)
    return sample


if __name__ == "__main__":
    sys.exit(main())
