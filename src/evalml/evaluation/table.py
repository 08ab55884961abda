"""A table of persons that other packages can use and that shows none of them."""

from __future__ import annotations

from typing import Any

import pandas as pd


class AnalysisColumn(pd.Series):
    """A column of an analysis table: its repr shows no value."""

    @property
    def _constructor(self) -> Any:
        return AnalysisColumn

    @property
    def _constructor_expanddim(self) -> Any:
        return AnalysisTable

    def __repr__(self) -> str:
        """Give the name and the size only."""
        return f"AnalysisColumn({self.name}, {len(self)} rows)"


class AnalysisTable(pd.DataFrame):
    """Persons, weights, outcomes and covariates: its repr shows no row."""

    @property
    def _constructor(self) -> Any:
        return AnalysisTable

    @property
    def _constructor_sliced(self) -> Any:
        return AnalysisColumn

    def __repr__(self) -> str:
        """Give the size and the columns only."""
        return f"AnalysisTable({len(self)} rows; {', '.join(map(str, self.columns))})"

    def _repr_html_(self) -> str:
        """Give the size and the columns only."""
        return f"<p>{len(self)} rows, not shown. Columns: {', '.join(map(str, self.columns))}</p>"
