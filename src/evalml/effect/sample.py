"""The rows that one estimation uses: a subgroup, where the outcome was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector, IntVector
    from evalml.comparison.comparison import Comparison, Design


@dataclass(frozen=True, slots=True, repr=False)
class Sample:
    """Arrays of the n rows in use.

    Attributes:
        rows: Which rows of the comparison, shape (N,), n of them True.
        treated: Shape (n,).
        design: n rows.
        cluster: Shape (n,) or None.
        person: Shape (n,).
        repeated: Whether a person has several rows.
    """

    rows: BoolVector
    treated: BoolVector
    design: Design
    cluster: IntVector | None
    person: HashVector
    repeated: bool


def take_rows(comparison: Comparison, rows: BoolVector) -> Sample:
    """Keep the rows where the outcome was observed.

    Raises:
        EstimationError: One arm has nobody left.
    """
    treated = comparison.treated[rows]
    if treated.all() or not treated.any():
        arm = "comparison" if treated.any() else "treated"
        message = f"no {arm} person with an observed outcome among {treated.size} rows"
        raise EstimationError(message)
    cluster = None if comparison.cluster is None else comparison.cluster[rows]
    person = comparison.person[rows]
    design = comparison.design if rows.all() else comparison.design.rows(rows)
    return Sample(rows, treated, design, cluster, person, np.unique(person).size < person.size)
