"""Effect on those whom the capacity of their mission locale lets enter (an instrument).

Two-stage least squares with the covariates and the month of the trial held fixed, clustered by
mission locale; beside it the reduced form, which needs no assumption on how the instrument works.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.comparison.columns import solve_kept, standardise
from evalml.comparison.products import gram
from evalml.comparison.threads import thin_products
from evalml.effect.effect import Effect
from evalml.effect.iv import (
    WEAK_F,
    IvData,
    IvFit,
    Naming,
    anderson_rubin,
    late_effect,
    two_stage_least_squares,
    weak_warning,
)
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.comparison.packed import Packed

IV, REDUCED_FORM = "iv", "reduced_form"


@thin_products()
def estimate_encouragement(comparison: Comparison, *, level: float = 0.95) -> list[Effect]:
    """Estimate each outcome by two-stage least squares, with its reduced form.

    The reduced form is the change of the outcome for one standard deviation of the instrument.
    A weak instrument is said in `details`, with the Anderson-Rubin set, which stays right.

    Args:
        comparison: The two arms, with `instrument`.
        level: Level of the intervals.

    Returns:
        Two effects per outcome, methods `iv` (estimand `late`) and `reduced_form` (`itt`).

    Raises:
        EstimationError: There is no instrument, or it does not vary.
    """
    if comparison.instrument is None:
        raise EstimationError("no instrument: only an encouragement study has one")
    effects: list[Effect] = []
    held: dict[bytes, tuple[IvData, Packed]] = {}
    for measure in comparison.measures:
        seen = ~np.isnan(measure.values)
        key = seen.tobytes()
        if key not in held:
            held[key] = _prepared(comparison, seen)
        effects += _of_measure(measure, seen, *held[key], level)
    return effects


def _prepared(comparison: Comparison, seen: BoolVector) -> tuple[IvData, Packed]:
    """Return take-up and instrument, the controls partialled out, and the columns held fixed."""
    assert comparison.instrument is not None  # noqa: S101 - its caller checked
    Z = standardise(_controls(comparison)[seen]).Z
    d = comparison.treated[seen].astype(np.float64)
    cluster = None
    if comparison.cluster is not None:
        cluster = np.unique(comparison.cluster[seen], return_inverse=True)[1].astype(np.int64)
    instrument = _residual(comparison.instrument[seen], Z)[:, None]
    nothing = np.empty((d.size, 0))
    return IvData(d, _residual(d, Z), instrument, nothing, cluster=cluster), Z


def _controls(comparison: Comparison) -> Packed:
    """Return the covariates, and a column per month of the trial."""
    columns = comparison.design.columns
    if comparison.strata is None or "month" not in comparison.strata:
        return columns
    months = comparison.strata["month"].to_numpy()
    later = np.unique(months)[1:]
    return columns.beside((months[:, None] == later[None, :]).astype(np.float64))


def _residual(v: Vector, Z: Packed) -> Vector:
    """Return what the columns of Z, constant included, do not explain of v, shape (n,)."""
    rest: Vector = v - Z @ solve_kept(gram(Z), v @ Z)
    return rest


def _of_measure(
    measure: Measure, seen: BoolVector, data: IvData, Z: Packed, level: float
) -> list[Effect]:
    y, taken = measure.values[seen], data.outcome
    given = IvData(
        _residual(y, Z), data.treatment, data.instruments, data.controls, cluster=data.cluster
    )
    fit = two_stage_least_squares(given)
    assert fit.reduced_form is not None  # noqa: S101 - there is one instrument
    naming = Naming(IV, measure.outcome, measure.unit, level)
    both = (taken, y)
    effect = late_effect(fit.late, fit.influence, fit.sampling, naming, both, _details(fit, level))
    rho, rho_influence, _, _ = fit.reduced_form
    sd = float(data.instruments.std())
    naming = Naming(REDUCED_FORM, measure.outcome, measure.unit, level)
    told = {"instrument_sd": sd, "df": fit.sampling.degrees_of_freedom}
    reduced = late_effect(rho * sd, rho_influence * sd, fit.sampling, naming, both, told)
    return [_placed(effect, measure, "late"), _placed(reduced, measure, "itt")]


def _details(fit: IvFit, level: float) -> dict[str, Any]:
    assert fit.reduced_form is not None  # noqa: S101 - there is one instrument
    return {
        "first_stage_f": fit.first_stage_f,
        "weak_instrument": fit.first_stage_f < WEAK_F,
        "df": fit.sampling.degrees_of_freedom,
        "warnings": [*weak_warning(fit.first_stage_f), *fit.sampling.warnings()],
        **anderson_rubin(*fit.reduced_form, fit.sampling, level),
    }


def _placed(effect: Effect, measure: Measure, estimand: str) -> Effect:
    return replace(effect, horizon_months=measure.horizon_months, estimand=estimand)
