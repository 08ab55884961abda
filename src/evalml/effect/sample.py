"""The rows that one estimation uses: a subgroup, where the outcome was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.comparison.overlap import trim, trimming
from evalml.errors import EstimationError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, HashVector, IntVector, Vector
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
        strata: Codes that partners must share, shape (n,), or None.
        notes: What was done to the rows (trimming), with counts.
    """

    rows: BoolVector
    treated: BoolVector
    design: Design
    cluster: IntVector | None
    person: HashVector
    repeated: bool
    strata: IntVector | None = None
    notes: tuple[str, ...] = ()

    def sizes(self) -> tuple[int, int]:
        """Return the rows of the treated and of the comparison arm."""
        n_treated = int(self.treated.sum())
        return n_treated, self.treated.size - n_treated


def take_rows(comparison: Comparison, rows: BoolVector, exact: Sequence[str] = ()) -> Sample:
    """Keep the rows where the outcome was observed.

    Raises:
        EstimationError: One arm has fewer than two persons left: nothing says how they vary.
    """
    treated = comparison.treated[rows]
    for arm, count in (("treated", treated.sum()), ("comparison", (~treated).sum())):
        if count < 2:  # noqa: PLR2004
            found = "only one" if count else "no"
            message = f"{found} {arm} person with an observed outcome among {treated.size} rows"
            raise EstimationError(message)
    cluster = None if comparison.cluster is None else comparison.cluster[rows]
    person = comparison.person[rows]
    design = comparison.design if rows.all() else comparison.design.rows(rows)
    ordered = np.sort(person)
    repeated = bool((ordered[1:] == ordered[:-1]).any())
    strata = find_strata(comparison, exact)[rows] if exact else None
    return Sample(rows, treated, design, cluster, person, repeated, strata)


def trim_rows(sample: Sample, score: Vector, low: float) -> Sample:
    """Keep the rows whose score lies in [low, 1 - low], and say whom that leaves out.

    Raises:
        EstimationError: One arm has nobody left.
    """
    kept = trim(score, low, 1.0 - low)
    share = trimming(score, sample.treated, kept)
    lost = [int((~kept & arm).sum()) for arm in (sample.treated, ~sample.treated)]
    note = (
        f"trimmed to scores in [{low:g}, {1 - low:g}]: {lost[0]} treated and {lost[1]} comparison "
        f"rows left out; the effect is that on the {share['share_treated_kept']:.1%} of the "
        "treated kept, no longer on all"
    )
    if not lost[0] + lost[1]:
        return sample
    if not (kept & sample.treated).any() or not (kept & ~sample.treated).any():
        message = f"no overlap: one arm has no score in [{low:g}, {1 - low:g}]"
        raise EstimationError(message)
    rows = sample.rows.copy()
    rows[rows] = kept
    return Sample(
        rows,
        sample.treated[kept],
        sample.design.rows(kept),
        None if sample.cluster is None else sample.cluster[kept],
        sample.person[kept],
        sample.repeated,
        None if sample.strata is None else sample.strata[kept],
        (*sample.notes, note),
    )


def find_strata(comparison: Comparison, exact: Sequence[str]) -> IntVector:
    """Number the combinations of values of covariates, subgroups or strata, shape (N,).

    Raises:
        EstimationError: A name is none of these.
    """
    frames = [comparison.covariates, comparison.subgroups]
    if comparison.strata is not None:
        frames.append(comparison.strata)
    codes = np.zeros(comparison.treated.size, dtype=np.int64)
    for name in exact:
        known = next((f for f in frames if name in f), None)
        if known is None:
            names = [str(column) for frame in frames for column in frame]
            message = f"exact: '{name}' is not a covariate; {nearest(name, names)}"
            raise EstimationError(message)
        values, levels = pd.factorize(known[name], sort=True, use_na_sentinel=False)
        codes = np.unique(codes * len(levels) + values, return_inverse=True)[1]
    return np.asarray(codes, dtype=np.int64)
