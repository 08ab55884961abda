"""How a cell of a CSV file may be written, for each type of the contract.

The patterns are read by DuckDB's RE2 and by Python's `re` alike: the first judges whole columns,
the second finds the line of the first cell that does not fit.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.engine import cases, null

if TYPE_CHECKING:
    from evalml.engine import Value
    from evalml.extract.contract import ColumnType

SPACES = "[ \u00a0\u202f]"
ISO_DATE = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]00:00:00(\.0+)?)?$"
FRENCH_DATE = r"^(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])/\d{4}$"
DAY_ABOVE_12 = r"^(1[3-9]|2\d|3[01])/"
MONTH_ABOVE_12 = r"^\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}$"
POINT_NUMBER = rf"^[+-]?\d{{1,15}}({SPACES}\d{{3}})*(\.\d{{1,15}})?([eE][+-]?\d{{1,2}})?$"
COMMA_NUMBER = rf"^[+-]?\d{{1,15}}({SPACES}\d{{3}})*(,\d{{1,15}})?$"
WITH_COMMA = r","
THREE_AFTER_COMMA = r"^[+-]?\d{1,3},\d{3}$"
WITH_POINT = r"\."
INTEGER = r"^[+-]?\d{1,15}(\.0+)?$"
TRUE = r"^(true|TRUE|True|1|vrai|VRAI|Vrai|oui|OUI|Oui|O|t)$"
FALSE = r"^(false|FALSE|False|0|faux|FAUX|Faux|non|NON|Non|N|f)$"
BOOLEAN = f"{TRUE[:-1]}|{FALSE[1:]}".replace(")|(", "|")


@dataclass(frozen=True, slots=True)
class Style:
    """How an extract writes dates (`iso`, `french`) and decimals (`.`, `,`)."""

    dates: str = "iso"
    decimal: str = "."


def pattern(kind: ColumnType, style: Style) -> str:
    """Return the pattern a cell of this type follows in an extract of this style."""
    if kind == "date":
        return FRENCH_DATE if style.dates == "french" else ISO_DATE
    if kind == "number":
        return COMMA_NUMBER if style.decimal == "," else POINT_NUMBER
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
    else:
        plain = text.re_replace(SPACES, "")
        plain = plain.replace(",", ".") if style.decimal == "," else plain
        value = plain.try_cast("float64")
        value = value.round().cast("int64") if kind == "integer" else value
    return fits.ifelse(value, null(value.type()))


def readable(cell: str, kind: ColumnType, style: Style) -> bool:
    """Say whether `typed` would read this cell."""
    if not re.search(pattern(kind, style), cell):
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


def _french_to_iso(text: Value) -> Value:
    day, month, year = (text.split("/")[i] for i in range(3))
    return year.concat("-", month.lpad(2, "0"), "-", day.lpad(2, "0"))
