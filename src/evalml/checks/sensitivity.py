"""Every sensitivity analysis of one effect, in the order of the note."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.confounder_strength import check_confounder_strength
from evalml.checks.e_value import check_e_value
from evalml.checks.leave_one_out import check_leave_one_out
from evalml.checks.lee_bounds import check_lee_bounds
from evalml.checks.missing_bounds import check_missing_bounds
from evalml.checks.negative_controls import (
    check_calibration,
    check_controls_together,
    check_negative_control,
)
from evalml.checks.oster import check_oster
from evalml.checks.placebo_in_time import check_placebo_in_time, placebo_in_time
from evalml.checks.positive_controls import check_positive_control
from evalml.checks.rosenbaum import check_rosenbaum
from evalml.checks.thresholds import as_thresholds
from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from pydantic import BaseModel

    from evalml.arrays import Matrix, Vector
    from evalml.checks.refit import Estimator
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.methods.effect import Effect


def run_sensitivity(  # noqa: PLR0913
    comparison: Comparison,
    effect: Effect,
    estimate: Estimator,
    thresholds: BaseModel | Mapping[str, Any] | None = None,
    *,
    weights: Vector | None = None,
    pairs: tuple[Vector, Vector] | None = None,
    past: Measure | None = None,
    leave_out: Collection[str] = (),
    controls: Sequence[Effect] = (),
    correlation: Matrix | None = None,
    seed: int = 0,
) -> list[Check]:
    """Put one effect to every test that its data allow.

    Args:
        comparison: The two arms.
        effect: The estimate, by the method of `estimate`.
        estimate: Estimator that refits everything, such as `refit.estimator("aipw")`.
        thresholds: `Thresholds`, the `checks` part of a study, or a mapping.
        weights: Analysis weights, shape (n,), for Lee's bounds.
        pairs: Outcomes of the treated and of the matched person of each pair, for Rosenbaum's.
        past: Outcome before time zero, for the placebo in time.
        leave_out: Covariates that hold that outcome, or later ones.
        controls: Estimates on negative controls, by the same method.
        correlation: Correlation of these controls, shape (k, k).
        seed: Seed of the bootstrap.

    Returns:
        The checks; one whose estimation fails is not judged, and says so.
    """
    limits, key = as_thresholds(thresholds), effect.key
    todo: list[tuple[str, Callable[[], Check]]] = [
        ("e_value", lambda: _e_value(comparison, effect, limits)),
        (
            "confounder_strength",
            lambda: check_confounder_strength(comparison, key, limits),
        ),
        ("oster", lambda: check_oster(comparison, key, limits)),
        ("missing_bounds", lambda: check_missing_bounds(comparison, key, estimate, limits)),
        ("lee_bounds", lambda: check_lee_bounds(comparison, key, limits, weights, seed)),
        ("leave_one_out", lambda: check_leave_one_out(comparison, key, estimate, limits)),
        ("positive_control", lambda: check_positive_control(comparison, key, estimate, limits)),
    ]
    if pairs is not None:
        todo.append(("rosenbaum", lambda: check_rosenbaum(*pairs, limits, key)))
    if past is not None:
        todo.append(
            (
                "placebo_in_time",
                lambda: _placebo(comparison, past, leave_out, estimate, effect, limits),
            )
        )
    todo.extend(
        ("negative_control", partial(check_negative_control, control, limits))
        for control in controls
    )
    if controls:
        todo.append(
            ("negative_controls", lambda: check_controls_together(controls, limits, correlation))
        )
        todo.append(("calibration", lambda: check_calibration(effect, controls, limits)))
    return [_try(name, check, key) for name, check in todo]


def _e_value(comparison: Comparison, effect: Effect, thresholds: Thresholds) -> Check:
    """Read a proportion as a risk ratio, anything else in standard deviations."""
    if effect.unit == "proportion":
        return check_e_value(effect, thresholds)
    values = comparison.measure(effect.key).values
    return check_e_value(effect, thresholds, float(np.nanstd(values)))


def _placebo(
    comparison: Comparison,
    past: Measure,
    leave_out: Collection[str],
    estimate: Estimator,
    effect: Effect,
    thresholds: Thresholds,
) -> Check:
    placebo = placebo_in_time(comparison, past, estimate, leave_out)
    same_unit = effect if placebo.unit == effect.unit else None
    return check_placebo_in_time(placebo, thresholds, same_unit)


def _try(name: str, check: Callable[[], Check], key: str) -> Check:
    try:
        return check()
    except EvalmlError:
        return Check(name, "undone", None, None, None, {}, key, gating=False)
