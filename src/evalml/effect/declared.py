"""The effects a study declares: its methods on everybody, its subgroups on what is primary."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.design import build_design
from evalml.comparison.rare import group_rare
from evalml.comparison.unknown import settle_unknown
from evalml.effect.bounds import bounded_effects
from evalml.effect.encouragement import estimate_encouragement
from evalml.effect.estimate import estimate_effects
from evalml.effect.group_effects import group_effects, groups_of
from evalml.effect.seen import seen_effects
from evalml.effect.settings import Settings
from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import BoolVector
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.comparison.propensity import Estimand
    from evalml.effect.effect import Effect
    from evalml.study import Study


def estimate_study(comparison: Comparison, study: Study) -> list[Effect]:
    """Estimate what a study declares, by the methods of its design.

    Everybody: all outcomes, horizons and methods. Subgroups: the primary outcome by the primary
    method at all horizons, since more would only make a winner of chance. The doubly robust ones
    rest on the score and regression of everybody; other methods are fitted on each group, the
    levels too rare there grouped as they were in the whole.

    Args:
        comparison: The two arms.
        study: The study.

    Returns:
        The effects; one that could not be estimated is not a number, with the reason in `details`.

    Raises:
        EstimationError: Nothing can be estimated at all.
    """
    return ESTIMATORS[study.design.estimator](comparison, study)


def _adjusted(comparison: Comparison, study: Study) -> list[Effect]:
    whole = replace(comparison, subgroups=comparison.subgroups[[]])
    effects = _estimated(whole, study.methods, study)
    primary = tuple(m for m in comparison.measures if m.outcome == study.primary.outcome)
    if not primary:
        return effects
    main = replace(comparison, measures=primary)
    if study.primary.method == "aipw" and study.estimand == "att" and study.missing == "complete":
        return [*effects, *group_effects(main, Settings(seed=study.seed))]
    for name, value, rows in groups_of(main):
        found = _estimated(of_rows(main, rows), (study.primary.method,), study)
        effects += [replace(e, subgroup=name, subgroup_value=value) for e in found]
    return effects


def _instrumented(comparison: Comparison, study: Study) -> list[Effect]:  # noqa: ARG001
    return estimate_encouragement(comparison)


ESTIMATORS: dict[str, Callable[[Comparison, Study], list[Effect]]] = {
    "adjusted": _adjusted,
    "instrument": _instrumented,
}
"""What estimates two arms, by the `estimator` of a design; areas are in `opening_estimates`."""


def _estimated(comparison: Comparison, methods: tuple[str, ...], study: Study) -> list[Effect]:
    """Estimate the outcomes of all, and those of a source linked to some among these alone.

    Weights (`missing: ipcw`) make those linked stand for the others, who then count too.
    """
    if study.missing == "ipcw":
        return seen_effects(comparison, methods, Settings(seed=study.seed))
    whose: dict[bytes, list[Measure]] = {}
    for measure in comparison.measures:
        whose.setdefault(_mark(measure), []).append(measure)
    found: dict[tuple[str, str], Effect] = {}
    for mark, measures in whose.items():
        part = replace(comparison, measures=tuple(measures))
        linked = measures[0].linked
        if mark and linked is not None and linked.any():
            part = of_rows(part, linked)
        found |= {(e.key, e.method): e for e in _among(part, methods, study)}
    return [found[m.key, method] for m in comparison.measures for method in methods]


def _mark(measure: Measure) -> bytes:
    """Return what tells the persons linked apart, empty where all are."""
    linked = measure.linked
    return b"" if linked is None or linked.all() else linked.tobytes()


def _among(comparison: Comparison, methods: tuple[str, ...], study: Study) -> list[Effect]:
    estimand: Estimand = "ate" if study.estimand == "ate" else "att"
    if study.missing == "bounds":
        return bounded_effects(comparison, methods, estimand, study.seed)
    return estimate_effects(
        comparison, methods, estimand=estimand, seed=study.seed, failures="record"
    )


def of_rows(comparison: Comparison, rows: BoolVector) -> Comparison:
    """Return some rows, their covariates described anew, as if there were no others.

    Levels too rare among them are grouped, covariates unknown of too few of them settled.

    Args:
        comparison: The two arms.
        rows: Which rows, shape (n,).
    """
    treated = comparison.treated[rows]
    frame = comparison.covariates.loc[rows].reset_index(drop=True)
    frame, _ = group_rare(frame, [str(name) for name in frame], treated)
    with suppress(DataError):  # one arm alone knows a covariate: the estimate says so
        settled, kept, _ = settle_unknown(frame, [str(name) for name in frame], treated)
        frame = settled[list(kept)]
    design, _ = build_design(frame)
    strata = comparison.strata
    cluster = comparison.cluster
    return replace(
        comparison,
        treated=treated,
        measures=tuple(m.take(rows) for m in comparison.measures),
        covariates=frame,
        design=design,
        cluster=None if cluster is None else np.unique(cluster[rows], return_inverse=True)[1],
        person=comparison.person[rows],
        subgroups=comparison.subgroups.loc[rows, []].reset_index(drop=True),
        strata=None if strata is None else strata.loc[rows].reset_index(drop=True),
        instrument=None if comparison.instrument is None else comparison.instrument[rows],
    )
