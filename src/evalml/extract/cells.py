"""A cell of a CSV file as the type of its column in the contract, judged by DuckDB.

How numbers and days may be written stands in `evalml.reading`; the line of the first cell that
does not fit is found by Python with the same patterns.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.engine import cases, null
from evalml.reading.text import FRENCH_DAY, ISO_DAY, PATTERNS, SPACES, thousands_sign

if TYPE_CHECKING:
    from evalml.engine import Value
    from evalml.extract.contract import ColumnType
    from evalml.reading.text import Decimal

INTEGER = r"^[+-]?\d{1,15}(\.0+)?$"
TRUE = r"^(true|TRUE|True|1|vrai|VRAI|Vrai|oui|OUI|Oui|O|t)$"
FALSE = r"^(false|FALSE|False|0|faux|FAUX|Faux|non|NON|Non|N|f)$"
BOOLEAN = f"{TRUE[:-1]}|{FALSE[1:]}".replace(")|(", "|")


@dataclass(frozen=True, slots=True)
class Style:
    """How an extract writes dates (`iso`, `french`) and decimals (`.`, `,`)."""

    dates: str = "iso"
    decimal: Decimal = "."


def pattern(kind: ColumnType, style: Style) -> str:
    """Return the pattern a cell of this type follows in an extract of this style."""
    if kind == "date":
        return FRENCH_DAY if style.dates == "french" else ISO_DAY
    if kind == "number":
        return PATTERNS[style.decimal]
    return {"integer": INTEGER, "boolean": BOOLEAN}.get(kind, "")


def typed(text: Value, kind: ColumnType, style: Style) -> Value:
    """Return the text column as its type; a cell that does not fit becomes null.

    Args:
        text: The column, trimmed, empty cells already null.
        kind: Type of the contract.
        style: How dates and decimals are written in this extract.
    """
    if kind == "string":
        return text
    fits = text.re_search(pattern(kind, style))
    if kind == "boolean":
        no = cases((text.re_search(FALSE), False), else_=null("boolean"))
        return cases((text.re_search(TRUE), True), else_=no)
    if kind == "date":
        iso = _french_to_iso(text) if style.dates == "french" else text.substr(0, 10)
        value = iso.try_cast("date")
    elif kind == "integer":
        value = text.try_cast("float64").round().cast("int64")
    else:
        plain = text.re_replace(SPACES, "")
        plain = plain.replace(thousands_sign(style.decimal), "").replace(",", ".")
        value = plain.try_cast("float64")
    return fits.ifelse(value, null(value.type()))


def readable(cell: str, kind: ColumnType, style: Style) -> bool:
    """Say whether `typed` would read this cell."""
    if not re.search(pattern(kind, style), cell, re.ASCII):
        return False
    if kind != "date":
        return True
    parts = [int(p) for p in re.split(r"[-/]", cell[:10])]
    year, month, day = parts if style.dates == "iso" else parts[::-1]
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def shape(cell: str) -> str:
    """Return a cell with its content masked: `31/02/2024` gives `99/99/9999`."""
    masked = re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", cell))
    return masked if len(masked) <= 20 else f"{masked[:20]}…"  # noqa: PLR2004


def _french_to_iso(text: Value) -> Value:
    day, month, year = (text.split("/")[i] for i in range(3))
    return year.concat("-", month.lpad(2, "0"), "-", day.lpad(2, "0"))
