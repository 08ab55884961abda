"""Did the groups evolve alike before, and would the test have seen it if not?

Joint Wald test of the coefficients before the adoption, and the power of the usual reading ("none
is significant") against a linear drift: Roth (2022), https://doi.org/10.1257/aeri.20210236.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize
from scipy.special import chdtrc, fdtrc, ndtri

from evalml.checks.check import Check
from evalml.checks.gaussian import box_probability
from evalml.errors import DataError
from evalml.values import Estimate, Number, PValue

if TYPE_CHECKING:
    from evalml.arrays import Matrix, Vector
    from evalml.checks.thresholds import Thresholds
    from evalml.values import Value


@dataclass(frozen=True, slots=True)
class PrePeriod:
    """Coefficients before the adoption.

    Attributes:
        beta: Estimates, shape (k,).
        covariance: Their covariance, shape (k, k).
        times: Their event times, shape (k,), such as -4, -3, -2.
        reference: Event time whose coefficient is zero by construction.
        df: Degrees of freedom of the covariance; infinite for one taken as known.
    """

    beta: Vector
    covariance: Matrix
    times: Vector
    reference: float = -1.0
    df: float = float("inf")

    def __post_init__(self) -> None:
        """Refuse vectors that do not match, or a reference among the estimates.

        Raises:
            DataError: Shapes differ, or the reference period has a coefficient.
        """
        k = self.beta.size
        if k == 0 or self.covariance.shape != (k, k) or self.times.shape != (k,):
            raise DataError(
                f"{k} coefficients, {self.times.size} event times, covariance of shape "
                f"{self.covariance.shape}: give one event time and one row each"
            )
        if np.any(self.times == self.reference) or np.any(self.times > 0):
            raise DataError(
                f"give the event times before the adoption, without the reference "
                f"({self.reference:g}), whose coefficient is zero by construction"
            )


def wald_test(
    beta: Vector, covariance: Matrix, df: float = float("inf")
) -> tuple[float, int, float]:
    """Return statistic, degrees of freedom and p-value of all coefficients being zero.

    A singular covariance loses the directions it does not measure. One estimated from few clusters
    is allowed for as in Hotelling (1931): (df - k + 1) / (df k) times the statistic is a Fisher
    variable with k and df - k + 1 degrees of freedom.
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-12 * max(float(values.max()), np.finfo(float).tiny)
    scores = vectors[:, kept].T @ beta / np.sqrt(values[kept])
    dof = int(kept.sum())
    statistic = float(scores @ scores)
    if not dof:
        return statistic, dof, 1.0
    if np.isfinite(df):
        rest = max(df - dof + 1, 1.0)
        return statistic, dof, float(fdtrc(dof, rest, statistic * rest / (df * dof)))
    return statistic, dof, float(chdtrc(dof, statistic))


def rejection_probability(delta: Vector, covariance: Matrix, alpha: float = 0.05) -> float:
    """Return the chance that some coefficient is significant when their truth is `delta`.

    Args:
        delta: True coefficients, shape (k,).
        covariance: Covariance of their estimates, shape (k, k).
        alpha: Level of each two-sided test.
    """
    half = float(ndtri(1 - alpha / 2)) * np.sqrt(np.diag(covariance))
    return 1 - box_probability(delta, covariance, -half, half)


def drift_for_power(pre: PrePeriod, power: float, alpha: float = 0.05) -> float:
    """Return the drift per period that the pre-test would see with probability `power`.

    Args:
        pre: Coefficients before the adoption.
        power: Between alpha and one.
        alpha: Level of each two-sided test.
    """
    away = pre.times - pre.reference
    top = 2.0 * float((np.sqrt(np.diag(pre.covariance)) / np.abs(away)).max())

    def missing(drift: float) -> float:
        return rejection_probability(away * drift, pre.covariance, alpha) - power

    if missing(0.0) >= 0:
        return 0.0
    while missing(top) < 0:
        top *= 2
    return float(optimize.brentq(missing, 0.0, top, xtol=1e-10, rtol=1e-10))


def check_pre_trend(
    pre: PrePeriod | None,
    thresholds: Thresholds,
    *,
    effect: float | None = None,
    horizon: float = 0.0,
    key: str = "",
    unit: str = "proportion",
    variant: str = "",
) -> Check:
    """Judge the coefficients before the adoption, and say what the test could see.

    It fails when they are jointly significant. It is not judged when the drift seen with the
    stated power would, carried on to the horizon, be as large as the effect.

    Args:
        pre: Coefficients before the adoption; None where there is no such period.
        thresholds: `alpha`, `power`.
        effect: Effect of interest.
        horizon: Its event time.
        key: Key of the outcome.
        unit: Unit of the effect.
        variant: Prefix of the findings of a design with words of its own, such as `openings.`.
    """
    name = "pre_trend"
    if pre is None:
        return Check(name, f"{variant}no_period", None, None, None, {}, key)
    if not np.isfinite(pre.covariance).all() or (np.diag(pre.covariance) <= 0).any():
        return Check(name, f"{variant}no_variance", None, None, None, {}, key)
    _, _, p = wald_test(pre.beta, pre.covariance, pre.df)
    drift = drift_for_power(pre, thresholds.power, thresholds.alpha)
    reach = drift * (horizon - pre.reference)
    passed: bool | None = p > thresholds.alpha
    if passed and effect is not None and reach >= abs(effect):
        passed = None
    values: dict[str, Value] = {
        "p": PValue(p),
        "power": Number(thresholds.power, 0, "percent"),
        "drift": Estimate(drift, unit, digits=2),
    }
    if effect is not None:
        values["reach"] = Estimate(reach, unit)
    finding = variant + {True: "alike", False: "differ", None: "vague"}[passed]
    return Check(name, finding, passed, p, thresholds.alpha, values, key)
