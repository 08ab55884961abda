"""The annex of the regional activity report: its printed rows, in four formats."""

from evalml.report.annex.content import (
    Annex,
    Source,
    activity_annex,
    annex_groups,
    annex_indicators,
    annex_table,
)
from evalml.report.annex.pages import write_annex

__all__ = [
    "Annex",
    "Source",
    "activity_annex",
    "annex_groups",
    "annex_indicators",
    "annex_table",
    "write_annex",
]
