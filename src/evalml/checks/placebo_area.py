"""Do areas that did not adopt show an effect as large?

Randomisation inference: adoption dates are exchanged between areas, everything is estimated again,
and the share of placebo estimates at least as large as the true one is the p-value
(Abadie, Diamond and Hainmueller 2010, https://doi.org/10.1198/jasa.2009.ap08746;
Phipson and Smyth 2010 for the plus one, https://doi.org/10.2202/1544-6115.1585).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from evalml.arrays import Vector
from evalml.checks.check import Check
from evalml.errors import DataError, EvalmlError
from evalml.values import Estimate, Number, PValue

if TYPE_CHECKING:
    from evalml.checks.thresholds import Thresholds
    from evalml.values import Values

AreaEstimator: TypeAlias = Callable[[Vector], float]
"""From the date of adoption of each area, shape (areas,), to one estimate."""


def placebo_areas(
    first_treated: Vector, estimate: AreaEstimator, *, draws: int, seed: int
) -> Vector:
    """Return estimates with the adoption dates exchanged between areas.

    Args:
        first_treated: Date of adoption of each area, shape (areas,), infinite or 0 for never; sort
            the areas by their code: the exchanges follow their order.
        estimate: Estimator, which refits everything; an EvalmlError leaves the draw out.
        draws: Number of exchanges.
        seed: Seed.

    Returns:
        Shape (draws made,).

    Raises:
        DataError: All areas have the same date: there is nothing to exchange.
    """
    if np.unique(first_treated).size < 2:  # noqa: PLR2004
        raise DataError("all areas adopt at the same date; a placebo area needs others")
    rng = np.random.Generator(np.random.PCG64(seed))
    found: list[float] = []
    for _ in range(draws):
        exchanged = first_treated[rng.permutation(first_treated.size)]
        try:
            found.append(float(estimate(exchanged)))
        except EvalmlError:
            continue
    return np.array(found)


def placebo_p_value(actual: float, placebos: Vector) -> float:
    """Return the two-sided p-value, the true assignment counted as one of the draws."""
    size = abs(actual) * (1 - 1e-12)
    return float((1 + (np.abs(placebos) >= size).sum()) / (1 + placebos.size))


def check_placebo_area(
    actual: float,
    placebos: Vector,
    thresholds: Thresholds,
    key: str = "",
    unit: str = "proportion",
) -> Check:
    """Judge the place of the true estimate among the placebo estimates.

    Args:
        actual: Estimate with the true dates.
        placebos: Estimates with exchanged dates, shape (draws,).
        thresholds: `alpha`.
        key: Key of the outcome.
        unit: Unit of the estimate.
    """
    made = placebos[np.isfinite(placebos)]
    name, draws = "placebo_area", Number(made.size)
    if made.size + 1 < 1 / thresholds.alpha or not np.isfinite(actual):
        few: Values = {"draws": draws}
        return Check(name, "few", None, None, None, few, key, gating=False)
    p = placebo_p_value(actual, made)
    passed = p <= thresholds.alpha
    values: Values = {"draws": draws, "effect": Estimate(actual, unit), "p": PValue(p)}
    finding = "stands_out" if passed else "ordinary"
    return Check(name, finding, passed, p, thresholds.alpha, values, key, gating=False)
