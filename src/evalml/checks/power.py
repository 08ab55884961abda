"""What a study can hope to see, before and after any effect is computed.

Minimum detectable effect (t_{1-alpha/2} + t_{power}) x standard error, with the degrees of freedom
of the estimate's interval (Bloom 1995, https://doi.org/10.1177/0193841X9501900504).

Minimum detectable effect (t_{1-alpha/2} + t_{power}) x standard error (Bloom 1995,
https://doi.org/10.1177/0193841X9501900504). The standard error is foreseen from the comparison arm
alone, so that nobody has looked at the effect: with a share `rho` of the variance left by the
covariates between missions locales, and both arms inside the same ones,

    V = s^2 (1 - R^2) { (1 - rho) (1/n1 + 1/n0) + rho sum_g (a_g - b_g)^2 },

where n0 is the comparison arm's effective size and a_g, b_g are the shares of the arms in area g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from evalml.checks.check import Check
from evalml.errors import DataError
from evalml.methods.design_matrix import thin_products
from evalml.methods.regression import least_squares, standardise
from evalml.results import RESULT_TABLES
from evalml.values import Estimate, Number

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.checks.check import Thresholds
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.methods.effect import Effect
    from evalml.methods.regression import LeastSquares
    from evalml.study import Study
    from evalml.values import Value, Values


def minimum_detectable_effect(
    std_error: float, alpha: float = 0.05, power: float = 0.8, df: float | None = None
) -> float:
    """Return the true effect that a two-sided test of level `alpha` finds with `power`.

    `df`: degrees of freedom (clusters less one); None for many.
    """
    levels = np.array([1 - alpha / 2, power])
    if df is not None and np.isfinite(df) and df > 0:
        return float(stdtrit(df, levels).sum() * std_error)
    return float(ndtri(levels).sum() * std_error)


def check_detectable_effect(effect: Effect, thresholds: Thresholds) -> Check:
    """Tell the minimum detectable effect; for information.

    `effect`: estimate whose standard error says what could be seen; `thresholds`: `alpha`, `power`.
    """
    name, key = "detectable_effect", effect.key
    if not np.isfinite(effect.std_error) or effect.std_error <= 0:
        return Check(name, "undefined", None, None, None, {}, key, gating=False)
    value = minimum_detectable_effect(
        effect.std_error, thresholds.alpha, thresholds.power, effect.details.get("df")
    )
    finding = "reached" if abs(effect.estimate) >= value else "not_reached"
    values: Values = {
        "detectable": Estimate(value, effect.unit, effect.smallest_arm),
        "power": Number(thresholds.power, 0, "percent"),
        "alpha": Number(thresholds.alpha, 0, "percent"),
    }
    return Check(name, finding, None, value, None, values, key, gating=False)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the comparison arm says of one outcome.

    Attributes:
        n_treated: Treated rows whose outcome is known.
        n_effective: Rows the weighted comparison arm is worth, at most its persons.
        clusters: Missions locales.
        baseline: Level expected without the programme.
        r_squared: Share of the variance that the covariates explain, the columns spent counted.
        icc: Share of the rest that lies between missions locales.
        std_error: Standard error to expect.
    """

    n_treated: int
    n_effective: float
    clusters: int
    baseline: float
    r_squared: float
    icc: float
    std_error: float


@thin_products()
def power_table(comparison: Comparison, weights: Vector, study: Study) -> pd.DataFrame:
    """Return the minimum detectable effect of each outcome and horizon.

    Args:
        comparison: The two arms; the outcomes of the treated are not looked at.
        weights: Weights that give the comparison arm the composition of the treated, shape (n,).
        study: Says the level and the power.

    Returns:
        One row per outcome and horizon; `baseline` and `detectable` are in points where the
        outcome is a proportion, in its unit otherwise.
    """
    limits, rows = study.checks, []
    arms: dict[bytes, _Observed] = {}
    for measure in comparison.measures:
        known = ~np.isnan(measure.values)
        key = known.tobytes()
        if not (weights * (known & ~comparison.treated)).any():
            raise DataError(f"{measure.key}: the outcome is known to nobody of the comparison arm")
        if key not in arms:
            arms = {key: _observed(comparison, known, weights)}
        found = _foresee(comparison, measure, weights, arms[key])
        scale = 100.0 if measure.unit == "proportion" else 1.0
        df = float(found.clusters - 1) if found.clusters > 1 else None
        smallest = minimum_detectable_effect(found.std_error, limits.alpha, limits.power, df)
        rows.append(
            (
                measure.outcome,
                measure.label,
                measure.horizon_months,
                found.n_treated,
                round(found.n_effective),
                found.clusters,
                scale * found.baseline,
                found.r_squared,
                found.icc,
                scale * smallest,
                "points" if measure.unit == "proportion" else measure.unit,
            )
        )
    return pd.DataFrame(rows, columns=RESULT_TABLES["power"].needed)


@dataclass(frozen=True, slots=True, repr=False)
class _Observed:
    """What the outcomes observed on the same rows share.

    Attributes:
        waiting: Comparison rows observed, shape (n,).
        entering: Treated rows observed, shape (n,).
        codes: Mission locale of each row, shape (n,), or None.
        persons: Persons of the comparison arm.
        fit: Regression on the covariates in the comparison arm.
    """

    waiting: BoolVector
    entering: BoolVector
    codes: IntVector | None
    persons: int
    fit: LeastSquares


def _observed(comparison: Comparison, known: BoolVector, weights: Vector) -> _Observed:
    waiting, entering = known & ~comparison.treated, known & comparison.treated
    fit = least_squares(standardise(comparison.design.columns[waiting]).Z, weights[waiting])
    persons = np.unique(comparison.person[waiting]).size
    return _Observed(waiting, entering, _codes(comparison.cluster, known), persons, fit)


def _foresee(
    comparison: Comparison, measure: Measure, weights: Vector, arms: _Observed
) -> Foreseen:
    waiting, codes = arms.waiting, arms.codes
    y, w = measure.values[waiting], weights[waiting]
    baseline = float(np.average(y, weights=w))
    total = float(np.average((y - baseline) ** 2, weights=w))
    left = y - arms.fit.predict(y)
    n0 = min(float(w.sum() ** 2 / (w @ w)), float(arms.persons))
    spent = 1 + len(comparison.design.names)
    left_variance = float(np.average(left**2, weights=w)) * n0 / max(n0 - spent, 1.0)
    n1 = int(arms.entering.sum())
    rho = 0.0 if codes is None else intraclass(left, codes[waiting])
    apart = 0.0 if codes is None else _apart(codes, weights, arms.entering, waiting)
    variance = left_variance * ((1 - rho) * (1 / max(n1, 1) + 1 / n0) + rho * apart)
    return Foreseen(
        n1,
        n0,
        0 if codes is None else int(np.unique(codes[waiting | arms.entering]).size),
        baseline,
        max(1 - left_variance / total, 0.0) if total > 0 else 0.0,
        rho,
        float(np.sqrt(variance)),
    )


def _codes(cluster: IntVector | None, known: BoolVector) -> IntVector | None:
    return None if cluster is None or np.unique(cluster[known]).size < 2 else cluster  # noqa: PLR2004


def intraclass(values: Vector, codes: IntVector) -> float:
    """Return the share of the variance between groups, by analysis of variance, at least 0.

    `codes`: group of each, shape (n,).
    """
    groups = np.unique(codes, return_inverse=True)[1]
    sizes = np.bincount(groups).astype(np.float64)
    k, n = sizes.size, values.size
    if k < 2 or n <= k:  # noqa: PLR2004
        return 0.0
    means = np.bincount(groups, values) / sizes
    between = float(sizes @ (means - values.mean()) ** 2) / (k - 1)
    within = float(((values - means[groups]) ** 2).sum()) / (n - k)
    usual = (n - float(sizes @ sizes) / n) / (k - 1)
    bottom = between + (usual - 1) * within
    return max((between - within) / bottom, 0.0) if bottom > 0 else 0.0


def _apart(codes: IntVector, weights: Vector, entering: BoolVector, waiting: BoolVector) -> float:
    """Return the sum of squared differences between the arms' shares in each group."""
    size = int(codes.max()) + 1
    a = np.bincount(codes[entering], minlength=size) / max(int(entering.sum()), 1)
    b = np.bincount(codes[waiting], weights[waiting], minlength=size) / weights[waiting].sum()
    return float(((a - b) ** 2).sum())


def check_power(table: pd.DataFrame, study: Study) -> Check:
    """Say whether the study can see the smallest effect that it says is useful.

    Args:
        table: What `power_table` returned.
        study: Says the primary outcome and the useful effect.
    """
    at = (table["outcome"] == study.primary.outcome) & (
        table["horizon_months"] == study.primary.horizon
    )
    rows, wanted = table[at], study.minimum_effect
    key = f"{study.primary.outcome}_m{study.primary.horizon}"
    if rows.empty:
        return Check("power", "absent", None, None, None, {}, key, gating=False)
    row = rows.iloc[0]
    proportion = row["unit"] == "points"
    unit = "proportion" if proportion else str(row["unit"])
    value = float(row["detectable"]) / (100 if proportion else 1)
    values: dict[str, Value] = {
        "power": Number(study.checks.power, 0, "percent"),
        "detectable": Estimate(value, unit),
        "clusters": Number(int(row["clusters"])),
    }
    if wanted is None:
        return Check("power", "seen", None, value, None, values, key, gating=False)
    values["useful"] = Estimate(wanted, unit)
    passed = value <= wanted
    finding = "enough" if passed else "too_small"
    return Check("power", finding, passed, value, wanted, values, key, gating=False)
