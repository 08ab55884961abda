"""What a check needs to estimate again: some of the rows, or another outcome.

A check that estimates again refits everything (score, weights, outcome models): nothing fitted on
the first sample is carried over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evalml.comparison.comparison import Comparison, Design, Measure
from evalml.effect.effect import Effect
from evalml.effect.estimate import estimate_effects
from evalml.errors import DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from evalml.arrays import BoolVector, IntVector, Vector

Estimator: TypeAlias = Callable[[Comparison, str], Effect]
"""From a comparison and the key of an outcome (`emploi_m12`) to one estimate."""


Estimators: TypeAlias = Callable[[Comparison], list[Effect]]
"""From a comparison to one estimate per outcome, those known of the same rows fitted together."""


def take_rows(comparison: Comparison, rows: IntVector | BoolVector) -> Comparison:
    """Return the comparison of some rows, a row given twice counting twice.

    Args:
        comparison: The two arms.
        rows: Positions, or a mask of shape (n,).

    Raises:
        DataError: One of the arms would be empty.
    """
    index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
    treated = comparison.treated[index]
    if treated.all() or not treated.any():
        arm = "comparison" if treated.size and treated.all() else "treated"
        raise DataError(f"the {arm} arm would be empty; choose other rows")
    return replace(
        comparison,
        treated=treated,
        measures=tuple(m.take(index) for m in comparison.measures),
        covariates=comparison.covariates.iloc[index].reset_index(drop=True),
        design=comparison.design.rows(index),
        cluster=None if comparison.cluster is None else comparison.cluster[index],
        person=comparison.person[index],
        subgroups=comparison.subgroups.iloc[index].reset_index(drop=True),
        strata=_rows(comparison.strata, index),
        instrument=None if comparison.instrument is None else comparison.instrument[index],
    )


def _rows(frame: pd.DataFrame | None, index: IntVector) -> pd.DataFrame | None:
    return None if frame is None else frame.iloc[index].reset_index(drop=True)


def with_measure(comparison: Comparison, measure: Measure) -> Comparison:
    """Return the comparison with `measure` as its only outcome."""
    if measure.values.shape != comparison.treated.shape:
        message = f"{measure.values.size} outcomes for {comparison.treated.size} persons"
        raise DataError(message)
    return replace(comparison, measures=(measure,))


def with_values(comparison: Comparison, key: str, values: Vector) -> Comparison:
    """Return the comparison with the outcome `key` alone, its values replaced, shape (n,)."""
    return with_measure(comparison, replace(comparison.measure(key), values=values))


def without_covariates(comparison: Comparison, names: Collection[str]) -> Comparison:
    """Return the comparison without the covariates `names`, nor the columns made from them.

    A column `diplome=BAC` is made from the covariate `diplome`.

    Raises:
        DataError: A name is that of no covariate.
    """
    dropped = set(names)
    columns = {name.split("=", 1)[0] for name in comparison.design.names}
    known = columns | set(comparison.design.names) | set(comparison.covariates.columns)
    for name in sorted(dropped - known):
        raise DataError(f"no covariate '{name}' to leave out; {nearest(name, known)}")
    frame = comparison.covariates
    return replace(
        comparison,
        covariates=frame[[c for c in frame.columns if c not in dropped]],
        design=_without_columns(comparison.design, dropped),
    )


def _without_columns(design: Design, dropped: Collection[str]) -> Design:
    kept = [
        j
        for j, name in enumerate(design.names)
        if name not in dropped and name.split("=", 1)[0] not in dropped
    ]
    place = {old: new for new, old in enumerate(kept)}
    left_out = tuple(
        (name, tuple(place[j] for j in columns))
        for name, columns in design.left_out
        if all(j in place for j in columns)
    )
    return Design(
        design.columns.take(np.array(kept, dtype=np.int64)),
        tuple(design.names[j] for j in kept),
        left_out,
    )


def estimator(method: str, **options: Any) -> Estimator:
    """Return the estimator of a method, to be given to the checks that estimate again.

    Args:
        method: Among those of `estimate_effects`.
        options: Its options (`estimand`, `se`, `folds`, `seed`, `clip`, ...).
    """

    def estimate(comparison: Comparison, key: str) -> Effect:
        alone = with_measure(comparison, comparison.measure(key))
        whole = replace(alone, subgroups=alone.subgroups[[]])
        return estimate_effects(whole, [method], **options)[0]

    return estimate


def estimators(method: str, **options: Any) -> Estimators:
    """Return the estimator of a method for several outcomes, such as negative controls.

    Args:
        method: Among those of `estimate_effects`.
        options: Its options.
    """

    def estimate(comparison: Comparison) -> list[Effect]:
        whole = replace(comparison, subgroups=comparison.subgroups[[]])
        return estimate_effects(whole, [method], failures="record", **options)

    return estimate
