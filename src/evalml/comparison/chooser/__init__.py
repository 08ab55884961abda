"""Which designs and methods a study may use, and why: one table, read by study or as a page."""

from __future__ import annotations

from evalml.comparison.chooser.cards import DESIGNS, METHODS, DesignCard, MethodCard
from evalml.comparison.chooser.explain import Explanation, JudgedDesign, explain_study
from evalml.comparison.chooser.facts import Facts, Reason
from evalml.comparison.chooser.remarks import REMARKS

__all__ = [
    "DESIGNS",
    "METHODS",
    "REMARKS",
    "DesignCard",
    "Explanation",
    "Facts",
    "JudgedDesign",
    "MethodCard",
    "Reason",
    "explain_study",
]
