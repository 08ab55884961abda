"""A randomised experiment and its comparison group from elsewhere (LaLonde, 1986)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evalml.comparison.build import MeasureSpec, build_comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.comparison.comparison import Comparison


@dataclass(frozen=True, slots=True, repr=False)
class CrossSection:
    """One treated group, two comparison groups.

    Attributes:
        experiment: Treated against those the draw left out; its difference in means is the answer.
        observational: The same treated against persons of another source.
    """

    experiment: Comparison
    observational: Comparison

    def __repr__(self) -> str:
        """Give counts only."""
        return f"CrossSection(experiment={self.experiment!r}, observational={self.observational!r})"


def cross_section(
    experiment: pd.DataFrame,
    pool: pd.DataFrame,
    *,
    treatment: str,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    unit: str,
) -> CrossSection:
    """Compare the treated of `experiment` with its own controls, then with those of `pool`.

    Args:
        experiment: Both arms of the experiment.
        pool: Persons of another source; those untreated are used.
        treatment: Column of 0 and 1, in both tables.
        outcomes: Outcome columns.
        covariates: Covariate columns.
        unit: Unit of the outcomes.

    Raises:
        ColumnMissingError: A column is missing.
        DataError: A covariate is missing, or an arm is empty.
    """
    specs = [MeasureSpec(column=name, unit=unit) for name in outcomes]
    treated = experiment[experiment[treatment] == 1]
    elsewhere = pool[pool[treatment] == 0]
    columns = [treatment, *outcomes, *covariates]
    stacked = pd.concat([treated[columns], elsewhere[columns]], ignore_index=True)
    return CrossSection(
        *(
            build_comparison(frame, treatment=treatment, measures=specs, covariates=covariates)
            for frame in (experiment, stacked)
        )
    )
