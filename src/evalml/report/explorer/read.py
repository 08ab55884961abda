"""What an explorer may know: the tables of `release/`, checked against their record."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.disclosure.gate import small_columns
from evalml.errors import DataError, PrivacyError
from evalml.report.results import complete_table
from evalml.results import COLUMNS, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from evalml.report.results import Frames

RECORD = "release.json"
NOTES = (
    "note.html", "note.pdf", "note.docx", "note_annexe.html", "note_annexe.pdf",
    "note_annexe.docx", "resultats.ods",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReleasedStudy:
    """One released run.

    Attributes:
        key: Name of the study, what a link says.
        about: What the study says of itself (`study.json`).
        frames: Its released tables, by name; empty where there is none.
        notes: Released notes, by name of file.
    """

    key: str
    about: Mapping[str, Any]
    frames: Frames
    notes: Mapping[str, bytes]


def find_releases(places: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the released runs under the places given, the latest of each study, and the others.

    Args:
        places: Folders of runs, or folders that hold some, such as `runs`.

    Returns:
        The folders of the runs that have a release, and those of the runs that have none.

    Raises:
        DataError: A run that was named has no release, or nothing released is there.
    """
    found: dict[Path, None] = {}
    without: list[Path] = []
    for place in places:
        if is_released(place):
            found[place] = None
            continue
        if not place.is_dir() or is_run(place):
            message = f"{place} {refusal(place)}: run `evalml release {place}` first, read its page"
            raise DataError(message)
        inside = sorted(path for path in place.glob("**/results") if path.is_dir())
        runs = [path.parent for path in inside]
        latest = {run.parent: run for run in runs if is_released(run)}
        found |= dict.fromkeys(latest.values())
        without += [run for run in runs if run.parent not in latest]
    if not found:
        message = (
            f"nothing released under {', '.join(map(str, places))}: "
            "run `evalml release runs/STUDY/RUN` for each run that may leave"
        )
        raise DataError(message)
    return list(found), without


def is_run(place: Path) -> bool:
    """Return whether a folder is that of a run."""
    return (place / "results").is_dir()


def is_released(place: Path) -> bool:
    """Return whether a run has a release."""
    return (place / "release" / RECORD).is_file()


def refusal(place: Path) -> str:
    """Return what is wrong with a place."""
    return "has no release" if place.is_dir() else "is not a folder"


def read_release(run: Path) -> ReleasedStudy:
    """Read what left of a run, and nothing else of it.

    Raises:
        DataError: The release was made before `study.json` was part of it, or a file is missing.
        PrivacyError: A file is not the one that was released, or holds a small count.
    """
    folder = run / "release"
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    hashes = {each["name"]: each["sha256"] for each in record["outputs"] if each["leaves"]}
    if "study.json" not in hashes:
        message = (
            f"the release of {run} holds no words on its study, which wait with its effects: read "
            f"review/review.html, then run `evalml release {run}` again"
        )
        raise DataError(message)
    content = {name: checked(folder, name, sha) for name, sha in hashes.items()}
    about = json.loads(content["study.json"])
    frames = {
        name: read_released(name, content.get(f"tables/{name}.csv"), int(about["minimum_count"]))
        for name in COLUMNS
    }
    notes = {name: content[name] for name in NOTES if name in content}
    return ReleasedStudy(str(about["study"]), about, frames, notes)


def checked(folder: Path, name: str, sha: str) -> bytes:
    """Return a released file, if it is still the one that was released.

    Raises:
        PrivacyError: It is not.
    """
    path = folder / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha:
        message = f"{path} is not the file that was released: run `evalml release` again"
        raise PrivacyError(message)
    return content


def read_released(name: str, content: bytes | None, threshold: int) -> pd.DataFrame:
    """Read a released table, and look once more for small counts.

    Raises:
        PrivacyError: There is one.
    """
    if content is None:
        return pd.DataFrame({column: [] for column in COLUMNS[name]})
    text = dict.fromkeys(TEXT, "str")
    frame = complete_table(name, pd.read_csv(StringIO(content.decode()), dtype=text))
    small = small_columns(frame, threshold)
    if small:
        message = f"the released table {name} holds counts below {threshold} in {', '.join(small)}"
        raise PrivacyError(message)
    return frame
