"""A delimited file as it comes: encoding, separator, names, days, numbers and words.

One grammar per decimal sign; thousands are set apart by a space (plain, no-break, narrow) or by
the other sign. A column whose cells fit both grammars with another value (`1.234` throughout) is
ambiguous: nothing in it tells 1.234 from 1234.

Nothing here holds more than a block of a file in memory.
"""

from __future__ import annotations

import codecs
import csv
import re
import sys
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from evalml.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ISO_DAY = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]00:00:00(\.0+)?)?$"
ISO_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
FRENCH_DAY = r"^(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])/\d{4}$"
DAY_ABOVE_12 = r"^(1[3-9]|2\d|3[01])/"
MONTH_ABOVE_12 = r"^\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}$"
COMPACT_DAY = r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\.0+)?$"
"""A day written 20240301: as a number, March and April would be 100 apart."""


Decimal: TypeAlias = Literal[".", ","]
"""The sign before the decimals."""
SPACES = "[ \u00a0\u202f\u2009]"
SEPARATED = "[.,]"
"""A cell that holds one of the two signs."""
MISSING = (
    "", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None", "<NA>", ".", "-",
)  # fmt: skip
"""Spellings of a missing value, as spreadsheets, R, SAS, Stata and Python write it."""
INFINITE = ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "∞", "-∞")
LEADING_ZERO = r"^0\d"
"""A code rather than a number."""
ROUNDED = r"^\d([.,]\d+)?[eE]\+\d{2,3}$"
"""An identifier that a spreadsheet turned into 1,23457E+11."""


def pattern(decimal: Decimal) -> str:
    """Return what a number looks like whose decimals follow this sign."""
    d, t = (r"\.", ",") if decimal == "." else (",", r"\.")
    whole = rf"(\d+|\d{{1,3}}({SPACES}\d{{3}})+|[1-9]\d{{0,2}}({t}\d{{3}})+)"
    return rf"^[+-]?({whole}({d}\d*)?|{d}\d+)([eE][+-]?\d{{1,3}})?$"


PATTERNS: dict[Decimal, str] = {".": pattern("."), ",": pattern(",")}
_PATTERNS = {sign: re.compile(p, re.ASCII) for sign, p in PATTERNS.items()}


def is_number(cell: str, decimal: Decimal) -> bool:
    """Tell whether a trimmed cell is a number whose decimals follow this sign."""
    return _PATTERNS[decimal].match(cell) is not None


def thousands_sign(decimal: Decimal) -> str:
    """Return the sign that can only set thousands apart."""
    return "," if decimal == "." else "."


def decimal_of(
    *, comma_fits: bool, point_fits: bool, separated: bool, declared: Decimal | None = None
) -> Decimal | None:
    """Return the decimal sign of a column, None where its cells do not tell.

    Args:
        comma_fits: Whether each cell fits the grammar of the decimal comma.
        point_fits: Whether each cell fits that of the decimal point.
        separated: Whether some cell holds a comma or a point.
        declared: The sign, where it is said; a column that proves the other one keeps it.
    """
    if comma_fits != point_fits:
        return "," if comma_fits else "."
    return declared if separated else "."


def ambiguous(cell: str) -> str:
    """Say the two values of a cell such as `1.234`."""
    sign = "." if "." in cell else ","
    joined = re.sub(SPACES, "", cell)
    return f"'{cell}' is {joined.replace(sign, '')} or {joined.replace(',', '.')}"


def natural(level: str) -> tuple[int, float, str]:
    """Return a key that puts numbers in their order, then words in theirs."""
    if is_number(level, "."):
        return 0, float(re.sub(f"{SPACES}|,", "", level)), level
    return 1, 0.0, level


def fold(text: str) -> str:
    """Return a text without capitals, accents or double spaces, to compare it by."""
    bare = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).casefold().split())


BLOCK = 1 << 22
ENCODINGS = ("utf-8", "cp1252")
SEPARATORS = (",", ";", "\t", "|")
PROBE = 50
"""Records that may tell which of several signs of the header separates columns."""
_QUOTED = re.compile(r'"[^"]*"')
_EXCEL = re.compile(r'^"?sep=(.)"?\r?\n?$', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextTable:
    """A delimited file, found readable as text.

    Attributes:
        path: The file as received.
        encoding: `utf-8` or `cp1252`.
        separator: What separates columns.
        names: Names of the columns, trimmed.
        skip: Lines above the first record, the header's among them.
        trailing: Whether each record ends with a separator, after which nothing comes.
        quoted: Whether some cell may be quoted, and hold line ends.
    """

    path: Path
    encoding: str
    separator: str
    names: tuple[str, ...]
    skip: int
    trailing: bool
    quoted: bool

    @property
    def width(self) -> int:
        """Cells of a record, the empty one after a trailing separator among them."""
        return len(self.names) + self.trailing

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Give every record below the header with the line it ends on; empty lines are none."""
        csv.field_size_limit(sys.maxsize)
        with self.path.open(encoding=_codec(self.encoding), newline="") as file:
            for _ in range(self.skip):
                file.readline()
            reader = csv.reader(file, delimiter=self.separator)
            for record in _whole(reader, self.path.name):
                if record:
                    yield reader.line_num + self.skip, record

    def line_of(self, row: int) -> int:
        """Return the line on which a record ends; the first record is row 0."""
        return next((line for line, _ in islice(self.records(), row, None)), 0)

    def first_ragged(self) -> int | None:
        """Return the line of the first record that has not the width of the others."""
        return next((line for line, record in self.records() if self._is_ragged(record)), None)

    def _is_ragged(self, record: list[str]) -> bool:
        return len(record) != self.width or (self.trailing and bool(record[-1].strip()))

    def ragged(self) -> FileError | None:
        """Return the error that names the first record of another width, None if there is none."""
        line = self.first_ragged()
        if line is None:
            return None
        return FileError(
            f"{self.path.name}, line {line}: the row does not have the {len(self.names)} columns "
            "of the header; quote the cells that hold the separator"
        )


def open_text(
    path: Path, *, encoding: str | None = None, separator: str | None = None, remedy: str
) -> TextTable:
    """Find how a delimited file is written.

    Args:
        path: The file.
        encoding: The encoding, where it is declared.
        separator: The separator, where it is declared.
        remedy: Where the separator can be declared, for the error.

    Raises:
        FileError: The encoding or the separator cannot be told, or there is no header.
    """
    encoding, quoted = encoding_of(path, encoding)
    with path.open(encoding=_codec(encoding), newline="") as file:
        first = file.readline(BLOCK)
        excel = _EXCEL.match(first)
        header = file.readline(BLOCK) if excel else first
        while header.count('"') % 2 and (more := file.readline(BLOCK)):
            header += more
        probe = "".join(islice(file, PROBE))
    given = separator or (excel[1] if excel else None)
    chosen = given or _separator(header, probe, path.name, remedy)
    names = [n.strip() for n in next(_records(header, chosen, path.name), [])]
    if not any(names):
        raise FileError(f"{path.name} is empty; it needs a header line with the column names")
    after = names[-1] == ""
    names = names[:-1] if after else names
    beyond = next((r for r in _records(probe, chosen, path.name) if r), [])
    after = after or (len(beyond) == len(names) + 1 and not beyond[-1].strip())
    skip = bool(excel) + max(header.count("\n"), 1)
    return TextTable(path, encoding, chosen, tuple(names), skip, after, quoted)


def encoding_of(path: Path, declared: str | None) -> tuple[str, bool]:
    """Return the encoding that reads the whole file, and whether it holds quotes.

    The declared encoding, else UTF-8, else cp1252.
    """
    for encoding in (declared,) if declared else ENCODINGS:
        line, quoted = _first_bad_byte(path, encoding)
        if line is None:
            return encoding, quoted
    wanted = declared or "utf-8 nor cp1252"
    line, _ = _first_bad_byte(path, declared or "utf-8")
    raise FileError(f"{path.name}, line {line}: the file is not {wanted}; save it again as UTF-8")


def _first_bad_byte(path: Path, encoding: str) -> tuple[int | None, bool]:
    """Return the line of the first byte that cannot be read, None if all can; and if it quotes."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    line, quoted = 1, False
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            quoted = quoted or b'"' in block
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n"), quoted
            if b"\0" in block:
                return line + block[: block.index(b"\0")].count(b"\n"), quoted
            line += block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line, quoted
    return None, quoted


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


def _separator(header: str, probe: str, file: str, remedy: str) -> str:
    """Return the sign of the header that cuts the first records as it cuts the header."""
    bare = _QUOTED.sub("", header)
    there = [sign for sign in SEPARATORS if sign in bare]
    if len(there) < 2:  # noqa: PLR2004
        return there[0] if there else ","
    fits = [sign for sign in there if _cuts_alike(header, probe, sign)]
    if len(fits) == 1:
        return fits[0]
    shown = " and ".join({"\t": "tabs", ",": "commas", ";": "semicolons"}.get(s, s) for s in there)
    raise FileError(
        f"{file}, line 1: the header holds both {shown}; say which separates columns: {remedy}"
    )


def _cuts_alike(header: str, probe: str, sign: str) -> bool:
    try:
        records = [r for r in _records(header + probe, sign) if r]
    except FileError:
        return False
    widths = {len(r) for r in records[:-1]} or {0}
    return len(records) > 1 and len(widths) == 1


def _records(text: str, sign: str, file: str = "") -> Iterator[list[str]]:
    return _whole(csv.reader(text.splitlines(keepends=True), delimiter=sign), file)


def _whole(reader: Any, file: str) -> Iterator[list[str]]:
    """Give the records of a file, or say on which line one cannot be told from the next."""
    try:
        yield from reader
    except csv.Error:
        raise FileError(
            f"{file}, line {reader.line_num}: a line breaks inside a cell without quotes; save the "
            "file again as CSV with quoted cells"
        ) from None


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding
