"""Figures in print: tested against one another, and against what an extract gives."""

from typing import TYPE_CHECKING

from evalml.deprecated import renamed
from evalml.published.audit import (
    Audit,
    audit_figures,
    audit_path,
    differences_table,
    findings_table,
    kinds_table,
    read_indicators,
    read_mapping,
    reasons_table,
    recomputed_table,
    verdicts_table,
    write_audit,
)
from evalml.published.compare import compare_published, summary
from evalml.published.diagnosis import Finding
from evalml.published.figure import PrintedFigure, RoundingInterval
from evalml.published.identity import CheckedIdentity, Identity
from evalml.published.read import PublishedError, read_figures

__all__ = [
    "Audit",
    "CheckedIdentity",
    "Finding",
    "Identity",
    "PrintedFigure",
    "PublishedError",
    "RoundingInterval",
    "audit_figures",
    "audit_path",
    "compare_published",
    "differences_table",
    "findings_table",
    "kinds_table",
    "read_figures",
    "read_indicators",
    "read_mapping",
    "reasons_table",
    "recomputed_table",
    "summary",
    "verdicts_table",
    "write_audit",
]

if not TYPE_CHECKING:
    __getattr__ = renamed(
        __name__,
        {"Figure": "PrintedFigure", "Interval": "RoundingInterval", "Outcome": "CheckedIdentity"},
    )
