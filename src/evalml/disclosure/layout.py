"""What each column of the tables of a run is: see `evalml.results`, where each is defined once."""

from __future__ import annotations

from evalml.results import RESULT_TABLES, ResultTable

ARMS = {"n_treated": "treated", "n_comparison": "comparison"}

Layout = ResultTable
LAYOUTS = RESULT_TABLES

__all__ = ["ARMS", "LAYOUTS", "Layout"]
