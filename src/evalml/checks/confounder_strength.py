"""How much would a confounder as strong as the observed ones change the effect?

Robustness value and bounds of Cinelli and Hazlett (2020), https://doi.org/10.1111/rssb.12348, on
the linear regression of the outcome on the treatment and the covariates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from evalml.checks.check import Check
from evalml.checks.projection import FIRST, OUTCOME, TOLERANCE, TREATMENT, Moments, moments
from evalml.errors import EstimationError
from evalml.values import Estimate, Name, Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.values import Value


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Coefficient of the treatment in a linear regression.

    Attributes:
        estimate: Coefficient.
        std_error: Homoskedastic standard error.
        dof: Residual degrees of freedom.
    """

    estimate: float
    std_error: float
    dof: int

    @property
    def t(self) -> float:
        """Ratio of the estimate to its standard error."""
        return self.estimate / self.std_error


@dataclass(frozen=True, slots=True)
class Bound:
    """What a confounder k times as strong as a covariate would leave.

    Attributes:
        benchmark: Name of the covariate.
        k: How many times as strong.
        r2dz: Partial R2 of the confounder with the treatment.
        r2yz: Partial R2 of the confounder with the outcome.
        estimate: Adjusted estimate.
        std_error: Adjusted standard error.
    """

    benchmark: str
    k: float
    r2dz: float
    r2yz: float
    estimate: float
    std_error: float


def regress_moments(m: Moments) -> LinearFit:
    """Regress the outcome on the treatment, a constant and the covariates.

    Args:
        m: Moments of outcome, treatment and covariates.

    Raises:
        EstimationError: The outcome is constant, the treatment is a combination of the covariates,
            or too few rows are left.
    """
    given = m.covariates
    if m.sd[OUTCOME] == 0:
        raise EstimationError("the outcome is constant; there is no effect to explain")
    dof = m.n - m.rank(given) - 2
    spread = m.left(TREATMENT, TREATMENT, given)
    if dof < 2 or spread <= TOLERANCE:  # noqa: PLR2004
        raise EstimationError("the covariates determine the treatment; drop the one that does")
    slope = m.left(OUTCOME, TREATMENT, given) / spread
    rest = max(m.left(OUTCOME, OUTCOME, given) - slope**2 * spread, 0.0)
    unit = float(m.sd[OUTCOME] / m.sd[TREATMENT])
    return LinearFit(slope * unit, float(np.sqrt(rest / dof / spread)) * unit, dof)


def partial_r2(t: float, dof: int) -> float:
    """Return the partial R2 of a coefficient from its t statistic."""
    return t**2 / (t**2 + dof)


def robustness_value(t: float, dof: int, q: float = 1.0, alpha: float | None = None) -> float:
    """Return the partial R2, with treatment and outcome alike, that takes the effect away.

    Args:
        t: t statistic of the treatment.
        dof: Residual degrees of freedom.
        q: Share of the estimate to be taken away.
        alpha: None for the point estimate; otherwise what makes it not significant at this level.
    """
    f = q * abs(t) / np.sqrt(dof)
    f_crit = 0.0
    if alpha is not None:
        f_crit = -float(stdtrit(dof - 1, alpha / 2)) / np.sqrt(dof - 1)
    gap = f - f_crit
    if gap <= 0:
        return 0.0
    if f_crit > 0 and f > 1 / f_crit:
        return float((f**2 - f_crit**2) / (1 + f**2))
    return float((np.sqrt(gap**4 + 4 * gap**2) - gap**2) / 2)


def adjust(fit: LinearFit, r2dz: float, r2yz: float) -> tuple[float, float]:
    """Return the estimate, drawn towards zero, and the error that a confounder would leave."""
    bias = fit.std_error * np.sqrt(fit.dof * r2yz * r2dz / (1 - r2dz))
    std_error = fit.std_error * np.sqrt((1 - r2yz) / (1 - r2dz) * fit.dof / (fit.dof - 1))
    return float(np.sign(fit.estimate) * (abs(fit.estimate) - bias)), float(std_error)


def group_r2(m: Moments, target: int, group: Sequence[int], given: Sequence[int]) -> float:
    """Return the partial R2 of the columns `group` with `target`, given other columns."""
    total = m.left(target, target, given)
    within = m.left(target, target, [*given, *group])
    return min(max(1 - within / total, 0.0), 1.0) if total > TOLERANCE else 0.0


def bound_by_benchmark(r2dx: float, r2yx: float, kd: float, ky: float) -> tuple[float, float]:
    """Return the partial R2 of a confounder kd and ky times as strong as a covariate.

    Args:
        r2dx: Partial R2 of the covariate with the treatment, given the others.
        r2yx: Partial R2 of the covariate with the outcome, given the treatment and the others.
        kd: Strength with the treatment, relative to the covariate.
        ky: Strength with the outcome, relative to the covariate.

    Raises:
        EstimationError: No confounder can be that strong.
    """
    r2dz = kd * r2dx / (1 - r2dx)
    if r2dz >= 1:
        raise EstimationError(
            f"no confounder can be {kd:g} times as strong; use a smaller multiple"
        )
    r2zx = kd * r2dx**2 / ((1 - kd * r2dx) * (1 - r2dx))
    if r2zx >= 1:
        raise EstimationError(
            f"no confounder can be {kd:g} times as strong; use a smaller multiple"
        )
    factor = (np.sqrt(ky) + np.sqrt(r2zx)) / np.sqrt(1 - r2zx)
    return r2dz, min(float(factor**2 * r2yx / (1 - r2yx)), 1.0)


def benchmark_bounds(
    m: Moments, groups: Mapping[str, Sequence[int]], k: Sequence[float] = (1,)
) -> list[Bound]:
    """Return what confounders as strong as the given groups of covariates would leave.

    Args:
        m: Moments of outcome, treatment and covariates.
        groups: For each benchmark, the positions of its columns among the covariates.
        k: Multiples of the benchmark's strength; those that cannot exist are left out.
    """
    fit = regress_moments(m)
    bounds = []
    for name, columns in groups.items():
        group = [FIRST + j for j in columns]
        others = [j for j in m.covariates if j not in group]
        r2dx = group_r2(m, TREATMENT, group, others)
        r2yx = group_r2(m, OUTCOME, group, [TREATMENT, *others])
        for multiple in k:
            try:
                r2dz, r2yz = bound_by_benchmark(r2dx, r2yx, multiple, multiple)
            except EstimationError:
                continue
            bounds.append(Bound(name, multiple, r2dz, r2yz, *adjust(fit, r2dz, r2yz)))
    return bounds


def column_groups(names: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of each covariate: those of a category go together."""
    groups: dict[str, list[int]] = {}
    for j, name in enumerate(names):
        groups.setdefault(name.split("=", 1)[0], []).append(j)
    return groups


def check_confounder_strength(
    comparison: Comparison,
    key: str,
    thresholds: Thresholds,
    benchmarks: Sequence[str] = (),
) -> Check:
    """Tell the robustness value and what a confounder as strong as the strongest covariate leaves.

    Args:
        comparison: The two arms.
        key: Key of the outcome.
        thresholds: `robustness_value`, `alpha`.
        benchmarks: Covariates to compare with; all of them where empty.
    """
    measure = comparison.measure(key)
    known = ~np.isnan(measure.values)
    y, d = measure.values[known], comparison.treated[known].astype(np.float64)
    X = comparison.design.columns[known]
    groups = column_groups(comparison.design.names)
    chosen = {name: groups[name] for name in benchmarks or groups}
    if not y.size or np.ptp(y) == 0:
        return _unjudged("constant", key)
    try:
        m = moments(y, d, X)
        fit, bounds = regress_moments(m), benchmark_bounds(m, chosen)
    except EstimationError:
        return _unjudged("determined", key)
    rv = robustness_value(fit.t, fit.dof)
    rv_alpha = robustness_value(fit.t, fit.dof, alpha=thresholds.alpha)
    passed = None if rv_alpha == 0 else rv >= thresholds.robustness_value
    values: dict[str, Value] = {
        "value": Number(rv, 1, "percent"),
        "value_alpha": Number(rv_alpha, 1, "percent"),
    }
    if bounds:
        worst = max(bounds, key=lambda b: b.r2dz * b.r2yz / (1 - b.r2dz))
        values["benchmark"] = Name("covariate", worst.benchmark)
        values["left"] = Estimate(worst.estimate, measure.unit, int(d.sum()))
    name, finding = "confounder_strength", "strength" if rv_alpha else "nothing"
    limit = thresholds.robustness_value
    return Check(name, finding, passed, rv, limit, values, key, gating=False)


def _unjudged(finding: str, key: str) -> Check:
    return Check("confounder_strength", finding, None, None, None, {}, key, gating=False)
