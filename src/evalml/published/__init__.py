"""Figures in print: tested against one another, and against what an extract gives."""

from evalml.published.audit import Audit, audit_figures, audit_path
from evalml.published.compare import compare_published
from evalml.published.explain import Finding
from evalml.published.figure import Figure
from evalml.published.identity import Identity, Outcome
from evalml.published.interval import Interval
from evalml.published.read import PublishedError, read_figures

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
    "read_figures",
]
