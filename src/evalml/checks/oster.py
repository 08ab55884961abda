"""Does the effect survive unobserved selection as strong as the observed one?

Proportional selection of Oster (2019), https://doi.org/10.1080/07350015.2016.1227711, without her
approximation: propositions 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.projection import OUTCOME, TOLERANCE, TREATMENT, moments
from evalml.errors import EstimationError
from evalml.values import Estimate, Number

if TYPE_CHECKING:
    from evalml.arrays import Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.methods.design_matrix import Columns
    from evalml.values import Value

R_MAX_FACTOR = 1.3
"""Oster's rule: with everything measured, R2 would be 1.3 times the one reached."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Moments of the regressions without and with the covariates.

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
    """Return the moments from outcome y, treatment d, shape (n,), and covariates X, shape (n, p).

    Raises:
        EstimationError: The outcome or the treatment is constant, or known from the covariates.
    """
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

    Args:
        comparison: The two arms.
        key: Key of the outcome.
        thresholds: `oster_delta`.
        r_max: R2 if everything were measured; 1.3 times the one reached where None.
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
