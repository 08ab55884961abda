"""How a number may be written, and which sign of a column marks its decimals.

One grammar per decimal sign; thousands are set apart by a space (plain, no-break, narrow) or by
the other sign. A column whose cells fit both grammars with another value (`1.234` throughout) is
ambiguous: nothing in it tells 1.234 from 1234.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

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
