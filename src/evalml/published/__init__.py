"""Figures in print: tested against one another, and against what an extract gives."""

from evalml.published.audit import Audit, audit_figures, audit_path, write_audit
from evalml.published.compare import compare_published, summary
from evalml.published.diagnosis import Finding
from evalml.published.figure import Figure, Interval
from evalml.published.identity import Identity, Outcome
from evalml.published.read import PublishedError, read_figures
from evalml.published.tables import (
    differences_table,
    findings_table,
    kinds_table,
    read_indicators,
    read_mapping,
    reasons_table,
    recomputed_table,
    verdicts_table,
)

__all__ = [
    "Audit",
    "Figure",
    "Finding",
    "Identity",
    "Interval",
    "Outcome",
    "PublishedError",
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
