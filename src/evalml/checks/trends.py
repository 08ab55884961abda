"""Did the groups evolve alike before, and would the test have seen it if not?

Separation of variables of Genz (1992), https://doi.org/10.1080/10618600.1992.10477010, on
Richtmyer's lattice: no random number, so the same call gives the same digits.

Joint Wald test of the coefficients before the adoption, and the power of the usual reading ("none
is significant") against a linear drift: Roth (2022), https://doi.org/10.1257/aeri.20210236.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special
from scipy.special import chdtrc, fdtrc, ndtri

from evalml.checks.check import Check
from evalml.errors import DataError
from evalml.values import Estimate, Number, PValue

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.values import Value


POINTS = 1 << 15
PRIMES = (
    2,
    3,
    5,
    7,
    11,
    13,
    17,
    19,
    23,
    29,
    31,
    37,
    41,
    43,
    47,
    53,
    59,
    61,
    67,
    71,
    73,
    79,
    83,
    89,
)


def box_probability(mean: Vector, covariance: Matrix, lower: Vector, upper: Vector) -> float:
    """Return P(lower < Z < upper), Z normal with `mean`, shape (k,), and `covariance`, (k, k).

    `covariance`: positive definite; k is at most 25.
    """
    L = np.linalg.cholesky(covariance)
    a, b = lower - mean, upper - mean
    k = mean.size
    low = special.ndtr(np.full(POINTS, a[0] / L[0, 0]))
    high = special.ndtr(np.full(POINTS, b[0] / L[0, 0]))
    probability = high - low
    z = np.empty((POINTS, k))
    steps = np.arange(1, POINTS + 1)
    for i in range(1, k):
        # the tent (baker's) transform makes the lattice rule converge faster
        u = np.abs(2 * ((steps * np.sqrt(PRIMES[i - 1])) % 1) - 1)
        z[:, i - 1] = special.ndtri(np.clip(low + u * (high - low), 1e-300, 1 - 1e-16))
        shift = z[:, :i] @ L[i, :i]
        low = special.ndtr((a[i] - shift) / L[i, i])
        high = special.ndtr((b[i] - shift) / L[i, i])
        probability = probability * (high - low)
    return float(probability.mean())


@dataclass(frozen=True, slots=True)
class EventStudy:
    """Coefficients before and after the adoption.

    The reference is the last period before: the periods before and after it follow one another
    without a hole, so that a difference between two coefficients is a difference between two
    neighbouring periods.

    Attributes:
        beta: Estimates, shape (k,), the reference left out.
        covariance: Their covariance, shape (k, k).
        times: Their event times, shape (k,), increasing, such as -3, -2, 0, 1.
        reference: Event time whose coefficient is zero by construction.
    """

    beta: Vector
    covariance: Matrix
    times: Vector
    reference: float = -1.0

    def __post_init__(self) -> None:
        """Refuse vectors that do not match and event times with a hole.

        Raises:
            DataError: Shapes differ, or times are not consecutive around the reference.
        """
        k = self.beta.size
        if self.covariance.shape != (k, k) or self.times.shape != (k,):
            message = (
                f"{k} coefficients, {self.times.size} event times, covariance of shape "
                f"{self.covariance.shape}: give one event time and one row each"
            )
            raise DataError(message)
        if np.any(self.times == self.reference):
            message = (
                f"the reference period ({self.reference:g}) has a coefficient: it is zero by "
                "construction, leave it out, or name the true reference"
            )
            raise DataError(message)
        steps = np.sort(np.append(self.times, self.reference))
        if np.any(np.diff(self.times) <= 0) or np.any(np.diff(steps) != 1):
            message = (
                "event times must increase by one, with only the reference "
                f"({self.reference:g}) left out"
            )
            raise DataError(message)
        if not self.before.any() or not self.after.any():
            raise DataError("give at least one period on each side of the reference")
        if not np.isfinite(self.beta).all() or not np.isfinite(self.covariance).all():
            raise DataError("a coefficient or its covariance is not a number; leave its period out")

    @property
    def before(self) -> BoolVector:
        """Which coefficients lie before the reference, shape (k,)."""
        return np.asarray(self.times < self.reference, dtype=np.bool_)

    @property
    def after(self) -> BoolVector:
        """Which coefficients lie after the reference, shape (k,)."""
        return np.asarray(self.times > self.reference, dtype=np.bool_)

    def weights(self, event_time: float | None = None) -> Vector:
        """Return the weights of the effect after, shape (periods after,).

        Args:
            event_time: One period; None for the mean of all periods after.

        Raises:
            DataError: No coefficient at that event time.
        """
        times = self.times[self.after]
        if event_time is None:
            return np.full(times.size, 1.0 / times.size)
        chosen = np.asarray(times == event_time, dtype=np.float64)
        if not chosen.any():
            raise DataError(f"no period {event_time:g} after the reference; give one of {times}")
        return chosen


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

    `delta`: true coefficients, shape (k,); `covariance`: covariance of their estimates, shape (k,
    k).
    """
    half = float(ndtri(1 - alpha / 2)) * np.sqrt(np.diag(covariance))
    return 1 - box_probability(delta, covariance, -half, half)


def drift_for_power(pre: PrePeriod, power: float, alpha: float = 0.05) -> float:
    """Return the drift per period that the pre-test would see with probability `power`."""
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

    `pre`: coefficients before the adoption; None where there is no such period; `thresholds`:
    `alpha`, `power`; `variant`: prefix of the findings of a design with words of its own, such as
    `openings.`.
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
