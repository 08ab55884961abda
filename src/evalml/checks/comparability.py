"""Are the two groups alike, and of whom does the effect speak?

Largest absolute standardised mean difference after adjustment (Austin 2009,
https://doi.org/10.1002/sim.3697, who takes 0.1 as negligible).

Common support of the propensity score e(x) = P(treated | x), and near-perfect prediction
(Crump et al. 2009, https://doi.org/10.1093/biomet/asn055).

A level found among the treated only (or a range of values) leaves those persons without anyone to
be compared with, whatever the method; it is named, with its number of persons.

Kish's effective sample size, (sum w)^2 / sum w^2 (Kish 1965, Survey Sampling, section 8.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.errors import DataError
from evalml.values import Count, Counts, Name, Number, Share, names

if TYPE_CHECKING:
    import pandas as pd

    from evalml.arrays import BoolVector, Vector
    from evalml.checks.check import Thresholds
    from evalml.comparison.comparison import Comparison, DesignMatrix
    from evalml.values import Value, Values


COLUMNS = ("covariate", "smd_before", "smd_after")


def check_balance(balance: pd.DataFrame | None, thresholds: Thresholds) -> Check:
    """Judge the largest |SMD| after adjustment.

    `balance`: one row per covariate, with `covariate`, `smd_before`, `smd_after`; None where the
    study has no covariate; `thresholds`: `smd`.
    """
    if balance is None or balance.empty:
        return _no_balance("no_covariate")
    missing = [c for c in COLUMNS if c not in balance]
    if missing:
        raise DataError(f"the balance table has no column {missing}; make it with balance_table")
    smd = balance["smd_after"].abs().to_numpy(dtype=np.float64)
    covariates = balance["covariate"].to_numpy()
    if np.isnan(smd).all():
        return _no_balance("no_variation")
    value, limit = float(np.nanmax(smd)), thresholds.smd
    over = [covariates[i] for i in np.argsort(-smd, kind="stable") if smd[i] > limit]
    constant = covariates[np.isnan(smd)]
    values: dict[str, Value] = {
        "after": Number(value, 2),
        "before": Number(float(balance["smd_before"].abs().max()), 2),
        "limit": Number(limit, 2),
    }
    if over:
        values["over"] = names("covariate", over)
    if constant.size:
        values["constant"] = names("covariate", constant)
    passed = None if constant.size and not over else not over
    return Check("balance", "over" if over else "alike", passed, value, limit, values)


def _no_balance(finding: str) -> Check:
    return Check("balance", finding, None, None, None, {})


WHOLE = ("ate",)
"""Estimands that speak of both arms; the others speak of the treated."""


def off_support(
    e: Vector, treated: BoolVector, extreme: float, estimand: str = "att"
) -> BoolVector:
    """Return who stands where the other arm has nobody comparable.

    `e`: propensity score, shape (n,), in [0, 1]; `extreme`: score beyond which membership is almost
    certain; `estimand`: `att` judges the treated rows only; `ate` all rows. The result: shape (n,);
    False for the rows that the estimand does not speak of.
    """
    off = treated & (_outside(e, e[~treated]) | (e > extreme))
    if estimand in WHOLE:
        off |= ~treated & (_outside(e, e[treated]) | (e < 1 - extreme))
    return off


def _outside(e: Vector, other: Vector) -> BoolVector:
    return np.asarray((e < other.min()) | (e > other.max()), dtype=np.bool_)


def check_overlap(
    score: Vector | None, treated: BoolVector, thresholds: Thresholds, estimand: str = "att"
) -> Check:
    """Judge the share of persons the estimand speaks of who have nobody comparable.

    `score`: propensity score, shape (n,), before any clipping or trimming; `thresholds`: `overlap`,
    `score_extreme`; `estimand`: `att`, `ate`, and so on.
    """
    if score is None:
        return _no_overlap("no_score")
    if score.shape != treated.shape:
        raise DataError(f"{score.size} scores for {treated.size} persons; give one each")
    if treated.all() or not treated.any():
        return _no_overlap("empty")
    if not np.isfinite(score).all():
        return _no_overlap("undefined")
    off = off_support(score, treated, thresholds.score_extreme, estimand)
    whole = int(treated.size if estimand in WHOLE else treated.sum())
    n_off, limit = int(off.sum()), thresholds.overlap
    share = n_off / whole
    values: Values = {
        "off": Count(n_off, whole),
        "whole": Count(whole),
        "share": Share(n_off, whole, share),
        "extreme": Number(thresholds.score_extreme, 2),
        "limit": Number(limit, 1, "percent"),
    }
    found = "over" if share > limit else "some" if n_off else "none"
    finding = found + ("_all" if estimand in WHOLE else "_treated")
    return Check("overlap", finding, share <= limit, share, limit, values)


def _no_overlap(finding: str) -> Check:
    return Check("overlap", finding, None, None, None, {})


NAMED = 3


def alone_by_column(design: DesignMatrix, treated: BoolVector) -> dict[str, int]:
    """Return, for each column that sets some treated persons apart, how many.

    A 0/1 column sets apart the treated of a level found in their arm only; any other column those
    whose value lies outside the range of the other arm, where the two ranges do not meet at all.
    """
    X, binary = design.columns, design.columns.binary()
    ours, theirs = (arm.astype(float) @ X for arm in (treated, ~treated))
    n_ours, n_theirs = int(treated.sum()), int((~treated).sum())
    found = {}
    for j, name in enumerate(design.names):
        if binary[j]:
            found[name] = _alone(ours[j], theirs[j]) + _alone(
                n_ours - ours[j], n_theirs - theirs[j]
            )
        else:
            found[name] = int(set_apart(X.column(j), treated).sum())
    for name, columns in design.left_out:
        at_level = ~X.any_of(columns)
        found[name] = _alone((at_level & treated).sum(), (at_level & ~treated).sum())
    return {name: apart for name, apart in found.items() if apart}


def _alone(ours: float, theirs: float) -> int:
    """Return how many treated hold a level that no comparison person does."""
    return int(ours) if theirs == 0 else 0


def set_apart(x: Vector, treated: BoolVector) -> BoolVector:
    """Return which treated persons nobody resembles on `x`, shape (n,)."""
    ours, theirs = x[treated], x[~treated]
    binary = np.isin(x, (0.0, 1.0)).all()
    if binary:
        levels = [v for v in (0.0, 1.0) if (ours == v).any() and not (theirs == v).any()]
        return np.asarray(treated & np.isin(x, levels), dtype=np.bool_)
    apart = ours.min() > theirs.max() or ours.max() < theirs.min()
    return treated.copy() if apart else np.zeros_like(treated)


def check_separation(comparison: Comparison, thresholds: Thresholds) -> Check:
    """Judge the largest share of the treated that one covariate sets apart.

    `thresholds`: `overlap`.
    """
    treated = comparison.treated
    if treated.all() or not treated.any() or not comparison.design.names:
        finding = "no_covariate" if treated.any() else "empty"
        return Check("separation", finding, None, None, None, {})
    alone = alone_by_column(comparison.design, treated)
    most, whole = max(alone.values(), default=0), comparison.n_treated
    value, limit = most / whole, thresholds.overlap
    worst = sorted(alone, key=lambda name: (-alone[name], name))[:NAMED]
    values: Values = {
        "apart": Counts(tuple((Name("covariate", n), Count(alone[n], whole)) for n in worst)),
        "share": Share(most, whole, value),
        "limit": Number(limit, 1, "percent"),
    }
    finding = "apart" if alone else "none"
    return Check("separation", finding, value <= limit, value, limit, values)


def check_trimmed(n_dropped: int, n_treated: int, thresholds: Thresholds) -> Check:
    """Judge the share of treated persons dropped by trimming or by matching.

    `thresholds`: `trimmed`.
    """
    if n_treated <= 0:
        return Check("trimmed", "nobody", None, None, None, {})
    share, limit = n_dropped / n_treated, thresholds.trimmed
    values: Values = {
        "dropped": Count(n_dropped, n_treated),
        "whole": Count(n_treated),
        "share": Share(n_dropped, n_treated, share),
        "limit": Number(limit, 1, "percent"),
    }
    finding = "some" if n_dropped else "none"
    return Check("trimmed", finding, share <= limit, share, limit, values)


def check_clipped_weights(
    weights: Vector | None, treated: BoolVector, thresholds: Thresholds, n_clipped: int = 0
) -> Check:
    """Judge the share of clipped weights and the largest weight of the comparison arm.

    `weights`: analysis weights, shape (n,); None for an unweighted comparison; `thresholds`:
    `clipped` and `weight_share`.
    """
    if weights is None or not treated.size:
        return Check("clipped_weights", "unweighted", None, None, None, {})
    arm = np.asarray(weights, dtype=np.float64)[~treated]
    total = float(arm.sum())
    if not np.isfinite(total) or total <= 0:
        return Check("clipped_weights", "not_positive", None, None, None, {})
    share, heaviest = n_clipped / treated.size, float(arm.max()) / total
    passed = share <= thresholds.clipped and heaviest <= thresholds.weight_share
    judged = (share, thresholds.clipped)
    if share <= thresholds.clipped and not passed:
        judged = (heaviest, thresholds.weight_share)
    values: Values = {
        "clipped": Count(n_clipped, treated.size),
        "whole": Count(treated.size),
        "share": Share(n_clipped, treated.size, share),
        "limit": Number(thresholds.clipped, 1, "percent"),
        "heaviest": Number(heaviest, 1, "percent"),
        "heaviest_limit": Number(thresholds.weight_share, 1, "percent"),
    }
    finding = "some" if n_clipped else "none"
    return Check("clipped_weights", finding, passed, *judged, values)


def effective_sample_size(w: Vector) -> float:
    """Return the number of equally weighted persons worth as much as weights `w`, shape (n,).

    Zero where no weight is positive.
    """
    total = float(w.sum())
    squares = float(w @ w)
    return total**2 / squares if squares > 0 else 0.0


def check_effective_sample_size(
    weights: Vector | None, treated: BoolVector, thresholds: Thresholds, estimand: str = "att"
) -> Check:
    """Judge the effective size of the weighted comparison arm.

    For an effect on everybody both arms are weighted, and the smaller effective size is judged.

    `weights`: analysis weights, shape (n,); None for an unweighted comparison; `thresholds`:
    `effective_sample_size`; `estimand`: `att` judges the comparison arm; `ate` and `ato` the weaker
    of the two.
    """
    w = np.ones(treated.size) if weights is None else np.asarray(weights, dtype=np.float64)
    arms = [w[~treated]] if estimand == "att" else [w[~treated], w[treated]]
    arm = min(arms, key=effective_sample_size)
    name, side = "effective_sample_size", "comparison" if arm is arms[0] else "treated"
    if arm.size == 0:
        return Check(name, f"empty_{side}", None, None, None, {})
    if not np.isfinite(arm).all():
        return Check(name, "undefined", None, None, None, {})
    value, limit = effective_sample_size(arm), thresholds.effective_sample_size
    passed = value >= limit
    values: Values = {
        "whole": Count(arm.size),
        "effective": Count(round(value)),
        "limit": Number(limit),
    }
    finding = f"enough_{side}" if passed else f"few_{side}"
    return Check(name, finding, passed, value, limit, values)
