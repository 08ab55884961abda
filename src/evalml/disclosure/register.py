"""What has left: one line a release, chained by hashes, written by one process at a time.

The file is inside: it holds true counts, never below the threshold, so that the next release can
be compared with them. It only grows. A line is flushed to the disk before `release/` appears.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evalml.errors import PrivacyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME = "release_register.jsonl"
OLD = "release_register.csv"
START = "0" * 64
"""What the first line follows."""


@dataclass(frozen=True, slots=True)
class Register:
    """What has left.

    Attributes:
        path: Its file.
        lines: Its releases, in order.
    """

    path: Path
    lines: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def last(self) -> str:
        """Hash of the last line."""
        return str(self.lines[-1]["hash"]) if self.lines else START

    def populations(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Return the release and the population of every count that has left."""
        return [(line["release"], each) for line in self.lines for each in line["populations"]]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other release of this register waiting."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_register(path: Path, expected: Mapping[str, str] | None = None) -> Register:
    """Read what has left, and refuse a register that is not the one that was written.

    A line cut short after the last whole one is what a killed process leaves: nothing of it was
    released, and the next release writes over it.

    Args:
        path: The register.
        expected: Releases that exist -> hash of the line each one wrote.

    Raises:
        PrivacyError: It is missing, cut, changed, or of another format.
    """
    old = path.with_name(OLD)
    if old.is_file() and not path.is_file():
        message = (
            f"{old} is a register of version 0.1, which knew populations by words and cannot be "
            f"compared with: archive it elsewhere with the releases it lists, then release again"
        )
        raise PrivacyError(message)
    lines = parse(path) if path.is_file() else []
    written = {line["hash"] for line in lines}
    head = read_head(path)
    if head not in {*written, START}:
        expected = {**(expected or {}), "the last release written": head}
    lost = [name for name, line in (expected or {}).items() if line not in written]
    if lost:
        found = "is missing" if not path.is_file() else f"ends after {len(lines)} releases"
        message = (
            f"{path} {found} and does not know {lost[0]}: restore the register from its backup "
            f"before anything else leaves"
        )
        raise PrivacyError(message)
    return Register(path, tuple(lines))


def parse(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a register, each held to the one before."""
    lines: list[dict[str, Any]] = []
    last = START
    content = path.read_bytes()
    for at, text in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            line = json.loads(text)
            whole = hash_of(line, last) == line["hash"]
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            message = (
                f"{path}, line {at}, is not as it was written: restore the register from its "
                f"backup before anything else leaves"
            )
            raise PrivacyError(message)
        lines.append(line)
        last = line["hash"]
    return lines


def hash_of(line: Mapping[str, Any], last: str) -> str:
    """Return the hash that chains a line to the one before."""
    told = {key: value for key, value in line.items() if key != "hash"} | {"after": last}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def append(register: Register, line: Mapping[str, Any]) -> str:
    """Add a line and flush it to the disk; the lock must be held. Return its hash."""
    told = {**line, "after": register.last}
    told["hash"] = hash_of(told, register.last)
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    handle = os.open(register.path, os.O_CREAT | os.O_RDWR, 0o600)
    with os.fdopen(handle, "r+b") as stream:
        content = stream.read()
        stream.seek(content.rfind(b"\n") + 1)  # over what a killed process left of a line
        stream.truncate()
        stream.write(f"{text}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())
    write_head(register.path, str(told["hash"]))
    sync_folder(register.path.parent)
    return str(told["hash"])


def read_head(path: Path) -> str:
    """Return the hash of the last line that was written, as the file beside the register says."""
    head = path.with_suffix(".head")
    return head.read_text(encoding="ascii").strip() if head.is_file() else START


def write_head(path: Path, last: str) -> None:
    """Write beside the register which line was its last: a register cut short is found by it."""
    fresh = path.with_suffix(f".head.{os.getpid()}")
    handle = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(f"{last}\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path.with_suffix(".head"))


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
