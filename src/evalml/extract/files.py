"""CSV files as they come: encoding, delimiter, header, and the line of a bad cell.

Nothing here holds more than a block of a file in memory.
"""

from __future__ import annotations

import codecs
import csv
import re
import sys
from typing import TYPE_CHECKING

from evalml.errors import ExtractError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BLOCK = 1 << 22
ENCODINGS = ("utf-8", "cp1252")


def encoding_of(path: Path, declared: str | None) -> str:
    """Return the encoding that reads the whole file: the declared one, else UTF-8, else cp1252.

    Raises:
        ExtractError: The file is neither, or not what was declared.
    """
    for encoding in (declared,) if declared else ENCODINGS:
        if _first_bad_byte(path, encoding) is None:
            return encoding
    wanted = declared or "utf-8 nor cp1252"
    line = _first_bad_byte(path, declared or "utf-8")
    raise ExtractError(
        f"{path.name}, line {line}: the file is not {wanted}; save it again as UTF-8"
    )


def _first_bad_byte(path: Path, encoding: str) -> int | None:
    """Return the line of the first byte that `encoding` cannot read, None if it reads all."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    line = 1
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            if b"\0" in block:
                return line + block[: block.index(b"\0")].count(b"\n")
            line += block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def as_utf8(path: Path, encoding: str, target: Path) -> Path:
    """Return a UTF-8 file with the same text: `path` itself where it is one."""
    if encoding == "utf-8":
        return path
    with (
        path.open(encoding=encoding, newline="") as source,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        while block := source.read(BLOCK):
            out.write(block)
    return target


def header_of(path: Path, encoding: str, declared: str | None) -> tuple[str, list[str]]:
    """Return the delimiter and the column names of a CSV file.

    Raises:
        ExtractError: The file has no header, or the header does not tell the delimiter.
    """
    with path.open(encoding=_codec(encoding), newline="") as file:
        first = file.readline(BLOCK)
    counts = {d: first.count(d) for d in (",", ";")}
    if declared is None and all(counts.values()):
        raise ExtractError(
            f"{path.name}, line 1: the header holds both commas and semicolons; "
            "say which separates columns under csv.delimiter in extract.yaml"
        )
    delimiter = declared or max(counts, key=lambda d: counts[d])
    names = next(csv.reader([first], delimiter=delimiter), [])
    names = [n.strip() for n in names]
    if not any(names):
        raise ExtractError(f"{path.name} is empty; it needs a header line with the column names")
    return delimiter, names


def rows(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give every record below the header with the line it ends on."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding=_codec(encoding), newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        next(reader, None)
        for record in reader:
            yield reader.line_num, record


def first_misfit(
    records: Iterator[tuple[int, list[str]]], column: int, readable: Callable[[str], bool]
) -> tuple[int, str]:
    """Return the line of the first cell of a column that is not readable, and its shape."""
    for line, record in records:
        cell = record[column].strip() if column < len(record) else ""
        if cell and not readable(cell):
            return line, shape(cell)
    return 0, ""


def first_ragged(records: Iterator[tuple[int, list[str]]], width: int) -> int | None:
    """Return the line of the first record that does not have `width` cells."""
    return next((line for line, r in records if r and len(r) != width), None)


def shape(cell: str) -> str:
    """Return a cell with its content masked: `31/02/2024` gives `99/99/9999`."""
    masked = re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", cell))
    return masked if len(masked) <= 20 else f"{masked[:20]}…"  # noqa: PLR2004


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding
