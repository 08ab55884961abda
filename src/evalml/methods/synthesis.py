"""Several estimates of the same effect made one: fixed and random effects, without any person.

Weights are inverse variances; the variance between places is that of Paule and Mandel (1982), the
one that makes Cochran's Q its degrees of freedom. The random-effects error is that of Hartung and
Knapp, never below the usual one, with Student's interval; the prediction interval is that of a
further place (Higgins, Thompson and Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtri, stdtrit

from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.arrays import Vector

KEYS = ["outcome", "horizon_months", "method", "estimand", "subgroup", "subgroup_value", "unit"]
"""What makes two estimates those of the same effect."""
BLINDED = "blinded"
WHOLE = "France entière"
FEWEST = 3
"""Places that a prediction interval needs."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Estimates of several places, pooled.

    Attributes:
        places: How many.
        fixed: Fixed-effect estimate: the mean effect of these places.
        fixed_se: Its standard error.
        fixed_low: Lower end of its 95 % interval.
        fixed_high: Upper end.
        random: Random-effects estimate: the mean effect of places like these.
        random_se: Its standard error.
        random_low: Lower end of its 95 % interval.
        random_high: Upper end.
        tau: Standard deviation of the effects between places.
        i_squared: Share of the variation that is between places.
        q: Cochran's Q.
        q_p: p-value of the same effect everywhere.
        predicted_low: Lower end of the interval of the effect in one more place; NaN under three.
        predicted_high: Upper end.
    """

    places: int
    fixed: float
    fixed_se: float
    fixed_low: float
    fixed_high: float
    random: float
    random_se: float
    random_low: float
    random_high: float
    tau: float
    i_squared: float
    q: float
    q_p: float
    predicted_low: float
    predicted_high: float


def pool(estimates: Vector, std_errors: Vector) -> Pooled:
    """Pool estimates of the same effect from persons that do not overlap.

    `estimates`, `std_errors`: shape (k,), k at least 2.

    Raises:
        DataError: Fewer than two estimates, or an error that is not positive.
    """
    k = estimates.size
    if k < 2 or not (np.isfinite(estimates).all() and (std_errors > 0).all()):  # noqa: PLR2004
        raise DataError(f"{k} estimates: pooling needs two or more, each with a positive error")
    variance = std_errors**2
    tau2 = _between(estimates, variance)
    fixed, fixed_se = _weighted(estimates, 1 / variance)
    w = 1 / (variance + tau2)
    mean, se = _weighted(estimates, w)
    spread = float(w @ (estimates - mean) ** 2) / (k - 1)
    random_se = se * max(spread, 1.0) ** 0.5
    q = float(((estimates - fixed) ** 2) @ (1 / variance))
    half, wide = float(ndtri(0.975)) * fixed_se, float(stdtrit(k - 1, 0.975)) * random_se
    ahead = float("nan")
    if k >= FEWEST:
        ahead = float(stdtrit(k - 2, 0.975)) * (se**2 + tau2) ** 0.5
    typical = (k - 1) * (1 / variance).sum()
    typical /= (1 / variance).sum() ** 2 - ((1 / variance) ** 2).sum()
    return Pooled(
        k, fixed, fixed_se, fixed - half, fixed + half, mean, random_se, mean - wide, mean + wide,
        tau2**0.5, tau2 / (tau2 + float(typical)), q, float(chdtrc(k - 1, q)),
        mean - ahead, mean + ahead,
    )  # fmt: skip


def _between(y: Vector, variance: Vector) -> float:
    """Return the variance between places at which Q is its degrees of freedom, 0 below."""

    def excess(tau2: float) -> float:
        w = 1 / (variance + tau2)
        return float(w @ (y - w @ y / w.sum()) ** 2) - (y.size - 1)

    if excess(0.0) <= 0:
        return 0.0
    top = float(np.var(y, ddof=1)) + float(variance.max())
    while excess(top) > 0:
        top *= 2
    return float(brentq(excess, 0.0, top, xtol=1e-16, rtol=1e-12))


def _weighted(values: Vector, weights: Vector) -> tuple[float, float]:
    return float(weights @ values / weights.sum()), float(weights.sum()) ** -0.5


def pool_effects(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Pool the effects that several runs share, each run being one place.

    Args:
        runs: Effects of each run (`effects.csv`), by the name of the run.

    Returns:
        One row per effect that two runs or more show: `KEYS`, the fields of `Pooled`, `n_treated`
        and `n_comparison` (sums; missing where one is), `masked` (runs in which the effect is
        masked or absent, and which are left out).

    Raises:
        DataError: Runs are of several programmes, or of places that overlap; or they share nothing.
    """
    _refuse_overlap(runs)
    every = pd.concat([frame.assign(run=name) for name, frame in runs.items()], ignore_index=True)
    every = every.assign(**{key: every[key].astype("string").fillna("") for key in KEYS})
    error = pd.to_numeric(every["std_error"], errors="coerce")
    known = pd.to_numeric(every["estimate"], errors="coerce").notna() & (error > 0)
    usable = every[known & (every["status"] != BLINDED)]
    rows = [
        _row(dict(zip(KEYS, key, strict=True)), part, len(runs))
        for key, part in usable.groupby(KEYS, sort=False)
        if len(part) > 1
    ]
    if not rows:
        raise DataError(f"the {len(runs)} runs show no effect of the same outcome and method twice")
    return pd.DataFrame(rows)


def _row(key: dict[str, Any], part: pd.DataFrame, runs: int) -> dict[str, Any]:
    numbers = part[["estimate", "std_error"]].astype("float64")
    found = pool(numbers["estimate"].to_numpy(), numbers["std_error"].to_numpy())
    counts = {
        name: pd.to_numeric(part[name], errors="coerce").sum(min_count=len(part))
        for name in ("n_treated", "n_comparison")
    }
    return {**key, **asdict(found), **counts, "masked": runs - len(part)}


def _refuse_overlap(runs: Mapping[str, pd.DataFrame]) -> None:
    for column, why in (("programme", "an effect of one is none of the other"),):
        found = sorted({str(v) for frame in runs.values() for v in frame[column].dropna()})
        if len(found) > 1:
            raise DataError(f"runs of several {column}s, {', '.join(found)}: {why}")
    places = [str(frame["territory"].iloc[0]) if len(frame) else "" for frame in runs.values()]
    twice = sorted({p for p in places if places.count(p) > 1})
    if twice or (WHOLE in places and len(places) > 1):
        raise DataError(
            f"the runs are of places that overlap ({', '.join(twice) or WHOLE} and others): "
            "persons would count twice; give one run per region"
        )
