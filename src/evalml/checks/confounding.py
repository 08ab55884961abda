"""How strong must an unobserved confounder be: against observed ones, by selection?

Robustness value and bounds of Cinelli and Hazlett (2020), https://doi.org/10.1111/rssb.12348, on
the linear regression of the outcome on the treatment and the covariates.

Proportional selection of Oster (2019), https://doi.org/10.1080/07350015.2016.1227711, without her
approximation: propositions 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from evalml.checks.check import Check
from evalml.errors import EstimationError
from evalml.methods.design_matrix import gram
from evalml.methods.regression import as_packed
from evalml.values import Estimate, Name, Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalml.arrays import Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.methods.design_matrix import Columns
    from evalml.values import Value


TOLERANCE = 1e-10
"""Share of a column's variance below which it is a combination of the others."""
OUTCOME, TREATMENT, FIRST = 0, 1, 2
"""Positions of y, of d and of the first covariate."""


@dataclass(frozen=True, slots=True)
class Correlations:
    """Correlations of the outcome y, the treatment d and the covariates X.

    Attributes:
        R: Correlations of (y, d, X), zero for a constant column, shape (2 + p, 2 + p).
        sd: Standard deviations (divisor n), shape (2 + p,).
        n: Rows.
    """

    R: Matrix
    sd: Vector
    n: int

    @property
    def covariates(self) -> list[int]:
        """Positions of the covariates."""
        return list(range(FIRST, self.R.shape[0]))

    def left(self, a: int, b: int, given: Sequence[int]) -> float:
        """Return the covariance, in correlation units, of a and b given some columns."""
        if not given:
            return float(self.R[a, b])
        chosen = list(given)
        inverse = np.linalg.pinv(self.R[np.ix_(chosen, chosen)], rcond=TOLERANCE, hermitian=True)
        return float(self.R[a, b] - self.R[a, chosen] @ inverse @ self.R[chosen, b])

    def rank(self, given: Sequence[int]) -> int:
        """Return how many independent columns there are among `given`."""
        chosen = list(given)
        return int(np.linalg.matrix_rank(self.R[np.ix_(chosen, chosen)], tol=TOLERANCE))


def moments(y: Vector, d: Vector, X: Columns) -> Correlations:
    """Return the moments of y, d, shape (n,), and X, shape (n, p)."""
    Z = as_packed(X).prepend(np.column_stack([y, d]))
    mean = Z.mean()
    covariance = gram(Z.less(mean)) / y.size
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    constant = sd <= TOLERANCE * np.maximum(np.abs(mean), np.finfo(float).tiny)
    sd[constant] = 0.0
    scale = np.where(constant, 1.0, sd)
    R = covariance / np.outer(scale, scale)
    R[constant] = R[:, constant] = 0.0
    return Correlations(R, sd, y.size)


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


def regress_moments(m: Correlations) -> LinearFit:
    """Regress the outcome on the treatment, a constant and the covariates."""
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


def group_r2(m: Correlations, target: int, group: Sequence[int], given: Sequence[int]) -> float:
    """Return the partial R2 of the columns `group` with `target`, given other columns."""
    total = m.left(target, target, given)
    within = m.left(target, target, [*given, *group])
    return min(max(1 - within / total, 0.0), 1.0) if total > TOLERANCE else 0.0


def bound_by_benchmark(r2dx: float, r2yx: float, kd: float, ky: float) -> tuple[float, float]:
    """Return the partial R2 of a confounder kd and ky times as strong as a covariate.

    `r2dx`: partial R2 of the covariate with the treatment, given the others; `r2yx`: partial R2 of
    the covariate with the outcome, given the treatment and the others; `kd`: strength with the
    treatment, relative to the covariate; `ky`: strength with the outcome, relative to the
    covariate.
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
    m: Correlations, groups: Mapping[str, Sequence[int]], k: Sequence[float] = (1,)
) -> list[Bound]:
    """Return what confounders as strong as the given groups of covariates would leave.

    `groups`: for each benchmark, the positions of its columns among the covariates; `k`: multiples
    of the benchmark's strength; those that cannot exist are left out.
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

    `thresholds`: `robustness_value`, `alpha`; `benchmarks`: covariates to compare with; all of them
    where empty.
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


R_MAX_FACTOR = 1.3
"""Oster's rule: with everything measured, R2 would be 1.3 times the one reached."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Correlations of the regressions without and with the covariates.

    Attributes:
        beta_short: Coefficient of the treatment alone.
        r2_short: R2 of that regression.
        beta: Coefficient with the covariates.
        r2: R2 with the covariates.
        var_y: Variance of the outcome.
        var_d: Variance of the treatment.
        var_d_residual: Variance of the treatment given the covariates.
    """

    beta_short: float
    r2_short: float
    beta: float
    r2: float
    var_y: float
    var_d: float
    var_d_residual: float


def selection_moments(y: Vector, d: Vector, X: Columns) -> Selection:
    """Return the moments from outcome y, treatment d, shape (n,), and covariates X, (n, p)."""
    m = moments(y, d, X)
    given = m.covariates
    tau = m.left(TREATMENT, TREATMENT, given)
    if m.sd[OUTCOME] == 0 or m.sd[TREATMENT] == 0 or tau <= TOLERANCE:
        raise EstimationError("the outcome or the treatment does not vary given the covariates")
    short = m.left(OUTCOME, TREATMENT, ())
    long = m.left(OUTCOME, TREATMENT, given) / tau
    r2 = 1 - m.left(OUTCOME, OUTCOME, given) + long**2 * tau
    unit = float(m.sd[OUTCOME] / m.sd[TREATMENT])
    var_y, var_d = float(m.sd[OUTCOME] ** 2), float(m.sd[TREATMENT] ** 2)
    return Selection(short * unit, short**2, long * unit, r2, var_y, var_d, tau * var_d)


def _polynomials(m: Selection, r_max: float) -> tuple[Vector, Vector]:
    """Return numerator and denominator of delta as polynomials in nu = beta - beta_true.

    Coefficients from nu^3 down to the constant.
    """
    gap = m.beta_short - m.beta
    gained = (m.r2 - m.r2_short) * m.var_y
    left = (r_max - m.r2) * m.var_y
    s, t = m.var_d, m.var_d_residual
    cubic = t * s - t**2
    numerator = np.array([cubic, 2 * t * gap * s, gained * t + s * t * gap**2, 0.0])
    denominator = np.array([cubic, t * gap * s, left * (s - t), left * gap * s])
    return numerator, denominator


def oster_delta(m: Selection, r_max: float, beta_true: float = 0.0) -> float:
    """Return how much stronger than the observed the hidden selection must be for `beta_true`.

    Infinite where no hidden selection does it (the covariates do not move the estimate).
    """
    numerator, denominator = _polynomials(m, r_max)
    nu = m.beta - beta_true
    below = float(np.polyval(denominator, nu))
    return float(np.polyval(numerator, nu)) / below if below else float("inf")


def oster_betas(m: Selection, r_max: float, delta: float = 1.0) -> Vector:
    """Return the effects that hidden selection of strength `delta` leaves, nearest first.

    The equation has one to three real roots; Oster takes the one nearest to the estimate unless
    the direction of the bias would change.
    """
    numerator, denominator = _polynomials(m, r_max)
    equation = numerator - delta * denominator
    equation[np.abs(equation) <= 1e-12 * np.abs(equation).max()] = 0.0
    roots = np.roots(equation)
    real = roots[np.abs(roots.imag) <= 1e-9 * np.maximum(1, np.abs(roots))].real
    return np.asarray(m.beta - real[np.argsort(np.abs(real))])


def check_oster(
    comparison: Comparison, key: str, thresholds: Thresholds, r_max: float | None = None
) -> Check:
    """Tell delta for no effect, and the effect that delta = 1 leaves.

    `thresholds`: `oster_delta`; `r_max`: R2 if everything were measured; 1.3 times the one reached
    where None.
    """
    measure = comparison.measure(key)
    known = ~np.isnan(measure.values)
    try:
        m = selection_moments(
            measure.values[known],
            comparison.treated[known].astype(np.float64),
            comparison.design.columns[known],
        )
    except EstimationError:
        return Check("oster", "no_variation", None, None, None, {}, key, gating=False)
    limit = min(R_MAX_FACTOR * m.r2, 1.0) if r_max is None else r_max
    delta = oster_delta(m, limit)
    betas = oster_betas(m, limit)
    never = not np.isfinite(delta) or delta < 0
    values: dict[str, Value] = {"r_max": Number(limit, 2), "delta": Number(delta, 2)}
    if betas.size:
        values["left"] = Estimate(float(betas[0]), measure.unit, int(known.sum()))
    return Check(
        "oster",
        "never" if never else "strength",
        never or delta >= thresholds.oster_delta,
        delta if np.isfinite(delta) else None,
        thresholds.oster_delta,
        values,
        key,
        gating=False,
    )
