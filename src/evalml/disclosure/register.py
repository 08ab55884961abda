"""What has left: one line a release, chained by hashes, written by one process at a time.

The file is inside: it holds true counts, never below the threshold, so that the next release can
be compared with them. It only grows. A line is flushed to the disk before `release/` appears.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from evalml.disclosure.differencing import Population, from_line
from evalml.errors import PrivacyError

NAME = "release_register.jsonl"
OLD = "release_register.csv"
START = "0" * 64
"""What the first line follows."""
RESTORE = "restore the register from its backup before anything else leaves"


@dataclass(frozen=True, slots=True)
class Register:
    """What has left: a file, and its releases in order."""

    path: Path
    lines: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def last(self) -> str:
        """Hash of the last line."""
        return str(self.lines[-1]["hash"]) if self.lines else START

    def populations(self) -> list[tuple[str, Population]]:
        """Return the release and the population of every count that has left."""
        return [
            (line["release"], from_line(told))
            for line in self.lines for told in line["populations"]
        ]  # fmt: skip


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other release of this register waiting; what is written is its owner's alone."""
    before = os.umask(0o077)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
    finally:
        os.umask(before)


def read_register(path: Path, expected: Mapping[str, str] | None = None) -> Register:
    """Read what has left, and refuse a register that is not the one that was written.

    A line cut short after the last whole one is what a killed process leaves: nothing of it was
    released, and the next release writes over it. `expected` gives the hash of the line that each
    release that exists says it wrote.

    Raises:
        PrivacyError: It is missing, cut, changed, or of another format.
    """
    old = path.with_name(OLD)
    if old.is_file() and not path.is_file():
        raise PrivacyError(
            f"{old} is a register of version 0.1, which knew populations by words and cannot be "
            f"compared with: archive it elsewhere with the releases it lists, then release again"
        )
    lines, head = parse(path) if path.is_file() else [], path.with_suffix(".head")
    written = {line["hash"] for line in lines}
    expected = dict(expected or {})
    if head.is_file():  # a register cut short is found by it
        expected["the last release written"] = head.read_text(encoding="ascii").strip()
    lost = [name for name, line in expected.items() if line not in written]
    if lost:
        found = "is missing" if not path.is_file() else f"ends after {len(lines)} releases"
        raise PrivacyError(f"{path} {found} and does not know {lost[0]}: {RESTORE}")
    return Register(path, tuple(lines))


def parse(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a register, each held to the one before."""
    lines: list[dict[str, Any]] = []
    last, content = START, path.read_bytes()
    for at, text in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            lines.append(json.loads(text))
            whole = hash_of(lines[-1], last) == lines[-1]["hash"]
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise PrivacyError(f"{path}, line {at}, is not as it was written: {RESTORE}")
        last = lines[-1]["hash"]
    return lines


def hash_of(line: Mapping[str, Any], last: str) -> str:
    """Return the hash that chains a line to the one before."""
    told = {key: value for key, value in line.items() if key != "hash"} | {"after": last}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def append(register: Register, line: Mapping[str, Any]) -> str:
    """Add a line and flush it to the disk; the lock must be held. Return its hash."""
    last = hash_of(line, register.last)
    told = {**line, "after": register.last, "hash": last}
    register.path.touch(0o600)
    with register.path.open("r+b") as stream:
        stream.truncate(stream.read().rfind(b"\n") + 1)  # what a killed process left of a line
        stream.seek(0, os.SEEK_END)
        flush(stream, json.dumps(told, sort_keys=True, ensure_ascii=False))
    fresh = register.path.with_suffix(f".head.{os.getpid()}")
    fresh.touch(0o600)
    with fresh.open("wb") as stream:
        flush(stream, last)
    fresh.replace(register.path.with_suffix(".head"))
    folder = os.open(register.path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return last


def flush(stream: IO[bytes], text: str) -> None:
    """Write a line to the disk."""
    stream.write(f"{text}\n".encode())
    stream.flush()
    os.fsync(stream.fileno())
