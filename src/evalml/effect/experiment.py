"""Randomised trials: the effect of an offer drawn by lot, and of the entry it decides.

Intention to treat: the difference of the arms within each stratum of the draw, weighted by its rows
(Neyman's variance). Effect of entry: two-stage least squares, the offer moving the entry, strata
held fixed. Randomisation inference draws again as the list was drawn, within strata.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from evalml.effect.estimate import groups_of, no_effect
from evalml.effect.study_effects import of_rows
from evalml.errors import EstimationError
from evalml.methods.effect import Effect, Naming
from evalml.methods.instruments import IvData, late_effect, refuse_weak, two_stage_least_squares
from evalml.methods.variance import infer

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.study import Study

ITT, LATE = "itt", "late"
FEWEST = 2
"""Rows of each arm that a stratum needs for a variance."""


def strata_of(comparison: Comparison) -> IntVector:
    """Return the stratum of the draw of each row: the month, and the stratum where one is given."""
    if comparison.strata is None:
        return np.zeros(comparison.treated.size, dtype=np.int64)
    keys = comparison.strata.astype("string").fillna("")
    codes = keys.groupby(list(keys.columns), sort=True).ngroup()
    return np.asarray(codes, dtype=np.int64)


@dataclass(frozen=True, slots=True, repr=False)
class Blocks:
    """The arms by stratum.

    Attributes:
        difference: Of the means of the arms, shape (strata,).
        variance: Neyman's, shape (strata,).
        share: Of the rows, shape (strata,).
        treated: Mean of the treated arm, shape (strata,).
    """

    difference: Vector
    variance: Vector
    share: Vector
    treated: Vector

    @property
    def estimate(self) -> float:
        """Difference weighted by the rows of the strata."""
        return float(self.share @ self.difference)


def blocks_of(y: Vector, offered: BoolVector, stratum: IntVector) -> Blocks:
    """Return the arms by stratum.

    Raises:
        EstimationError: A stratum has fewer than two rows in an arm.
    """
    codes = np.unique(stratum, return_inverse=True)[1]
    arms = []
    for arm in (offered, ~offered):
        n = np.bincount(codes[arm], minlength=codes.max() + 1).astype(np.float64)
        if (n < FEWEST).any():
            raise EstimationError(
                f"{int((n < FEWEST).sum())} strata of the draw have fewer than {FEWEST} rows known "
                "in an arm; merge strata in 'affectations', or leave them out"
            )
        mean = np.bincount(codes[arm], y[arm]) / n
        rest = y[arm] - mean[codes[arm]]
        arms.append((n, mean, np.bincount(codes[arm], rest**2) / (n - 1)))
    (n1, m1, v1), (n0, m0, v0) = arms
    share = (n1 + n0) / (n1 + n0).sum()
    return Blocks(m1 - m0, v1 / n1 + v0 / n0, share, m1)


def estimate_experiment(comparison: Comparison, study: Study) -> list[Effect]:
    """Estimate each outcome by each method, and the primary one by subgroup, as drawn."""
    effects = [_of(comparison, m, name) for m in comparison.measures for name in study.methods]
    primary = tuple(m for m in comparison.measures if m.outcome == study.primary.outcome)
    main = replace(comparison, measures=primary)
    for name, value, rows in groups_of(main):
        part = of_rows(main, rows)
        found = [_of(part, m, study.primary.method) for m in part.measures]
        effects += [replace(e, subgroup=name, subgroup_value=value) for e in found]
    return effects


def _of(comparison: Comparison, measure: Measure, method: str) -> Effect:
    known, offered = measure.known, comparison.treated
    sizes = int((known & offered).sum()), int((known & ~offered).sum())
    make = _itt if method == ITT else _late
    try:
        return replace(make(comparison, measure, known), horizon_months=measure.horizon_months)
    except EstimationError as error:
        return no_effect(measure, (method, method), sizes, f"{measure.key}, {method}: {error}")


def _itt(comparison: Comparison, measure: Measure, known: BoolVector) -> Effect:
    y, offered = measure.values[known], comparison.treated[known]
    stratum = strata_of(comparison)[known]
    blocks = blocks_of(y, offered, stratum)
    df = int(y.size - 2 * blocks.share.size)
    se = float(np.sqrt(blocks.share**2 @ blocks.variance))
    found = infer(blocks.estimate, se, 0.95, df, None)
    mean = float(blocks.share @ blocks.treated)
    return Effect(
        measure.outcome, measure.horizon_months, ITT, ITT, blocks.estimate, se, found.ci_low,
        found.ci_high, found.p_value, int(offered.sum()), int((~offered).sum()), mean,
        mean - blocks.estimate, measure.unit,
        details={"df": df, "strata": int(blocks.share.size), "warnings": []},
    )  # fmt: skip


def uptake(comparison: Comparison, horizon: int) -> Vector:
    """Return who entered by a month since the draw, 1 or 0, shape (n,)."""
    if comparison.delay is None:
        raise EstimationError("who entered is not known: only a randomised study has it")
    return (comparison.delay <= horizon).astype(np.float64)


def _late(comparison: Comparison, measure: Measure, known: BoolVector) -> Effect:
    d = uptake(comparison, int(measure.horizon_months or 0))[known]
    y, offered = measure.values[known], comparison.treated[known]
    if d[offered].mean() == d[~offered].mean():
        raise EstimationError("as many enter with the offer as without: it decides nobody")
    codes = np.unique(strata_of(comparison)[known], return_inverse=True)[1]
    dummies = (codes[:, None] == np.arange(1, codes.max() + 1)).astype(np.float64)
    fit = two_stage_least_squares(IvData(y, d, offered.astype(np.float64)[:, None], dummies))
    refuse_weak(fit.first_stage_f, allow_weak=False)
    naming = Naming(LATE, measure.outcome, measure.unit)
    details: dict[str, Any] = {
        "first_stage_f": fit.first_stage_f,
        "moved": float(fit.first_stage[0]),
        "df": fit.sampling.degrees_of_freedom,
        "warnings": [],
    }
    return late_effect(fit.late, fit.influence, fit.sampling, naming, (d, y), details)


def redraw(stratum: IntVector, offered: BoolVector, rng: np.random.Generator) -> BoolVector:
    """Return a draw as likely as the one made: the same number of offers in each stratum."""
    order = np.lexsort((rng.random(stratum.size), stratum))
    in_place = np.lexsort((np.arange(stratum.size), stratum))
    drawn = np.empty_like(offered)
    drawn[order] = offered[in_place]
    return drawn


def randomisation_p(
    y: Vector, offered: BoolVector, stratum: IntVector, draws: int, seed: int
) -> float:
    """Return the p-value of no effect on anybody: draws whose difference is as far from zero."""
    rng = np.random.Generator(np.random.PCG64(seed))
    seen = abs(blocks_of(y, offered, stratum).estimate)
    tiny = 1e-12 * max(seen, 1.0)
    beyond = sum(
        abs(blocks_of(y, redraw(stratum, offered, rng), stratum).estimate) >= seen - tiny
        for _ in range(draws)
    )
    return (1 + beyond) / (1 + draws)


def draw_p(comparison: Comparison) -> float:
    """Return the p-value of the covariates saying nothing of the offer, strata held fixed (F)."""
    stratum = strata_of(comparison)
    offered = comparison.treated.astype(np.float64)
    columns = np.column_stack([offered, comparison.design.matrix])
    frame = pd.DataFrame(columns)
    within = (frame - frame.groupby(stratum).transform("mean")).to_numpy()
    z, X = within[:, 0], within[:, 1:]
    if not X.shape[1]:
        return float("nan")
    beta, _, rank, _ = np.linalg.lstsq(X, z, rcond=None)
    rest = float(np.sum((z - X @ beta) ** 2))
    free = z.size - np.unique(stratum).size - int(rank)
    if not rank or free < 1:
        return float("nan")
    return float(fdtrc(rank, free, ((z @ z - rest) / rank) / (rest / free)))
