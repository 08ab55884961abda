"""How a day may be written: ISO, or day/month/year where a day above 12 proves it."""

from __future__ import annotations

ISO = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]00:00:00(\.0+)?)?$"
ISO_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
FRENCH = r"^(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])/\d{4}$"
DAY_ABOVE_12 = r"^(1[3-9]|2\d|3[01])/"
MONTH_ABOVE_12 = r"^\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}$"
COMPACT = r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\.0+)?$"
"""A day written 20240301: as a number, March and April would be 100 apart."""
