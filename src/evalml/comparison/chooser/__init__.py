"""Which designs and methods a study may use, and why: read by study or as a page."""

from __future__ import annotations

from evalml.comparison.chooser.explain import Explanation, JudgedDesign, explain_study
from evalml.comparison.chooser.needs import NEEDS, REMARKS, Facts, Reason

__all__ = ["NEEDS", "REMARKS", "Explanation", "Facts", "JudgedDesign", "Reason", "explain_study"]
