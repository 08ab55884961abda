"""Does the instrument move entry enough, and is it spread as if by chance?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.detectable_effect import check_detectable_effect
from evalml.checks.observation import check_observation
from evalml.comparison.balance import balance_table
from evalml.effect.study_effects import IV
from evalml.methods.instruments import WEAK_F
from evalml.values import Interval, Name, Number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect
    from evalml.values import Values


def check_encouragement(
    comparison: Comparison, effects: Sequence[Effect], thresholds: Thresholds
) -> list[Check]:
    """Make the checks of a study by instrument.

    Args:
        comparison: The two arms, with `instrument`.
        effects: What `estimate_encouragement` returned.
        thresholds: `observation_gap`, `smd`, `alpha`, `power`.
    """
    found = [e for e in effects if e.method == IV]
    checks = [check_strength(e) for e in found]
    checks.append(check_spread(comparison, thresholds))
    checks += [check_observation(m, comparison.treated, thresholds) for m in comparison.measures]
    checks += [check_anderson_rubin(e) for e in found]
    return [*checks, *(check_detectable_effect(e, thresholds) for e in found)]


def check_strength(effect: Effect) -> Check:
    """Judge the effective F of the first stage; a weak instrument blinds the effect."""
    F = float(effect.details["first_stage_f"])
    passed = bool(F >= WEAK_F)
    values = {"f": Number(F, 1), "limit": Number(WEAK_F)}
    finding = "strong" if passed else "weak"
    return Check("instrument_strength", finding, passed, F, WEAK_F, values, effect.key)


def check_spread(comparison: Comparison, thresholds: Thresholds) -> Check:
    """Compare youths of areas with much and with little capacity; for information.

    The covariates are held fixed in the estimate: a difference here is no bias yet, but says that
    others, not observed, may differ too.
    """
    assert comparison.instrument is not None  # noqa: S101 - an encouragement has one
    high = comparison.instrument > np.median(comparison.instrument)
    if high.all() or not high.any():
        return Check("instrument_spread", "constant", None, None, None, {}, gating=False)
    table = balance_table(comparison.design, high)
    smd = table["smd_before"].abs()
    value, worst = float(smd.max()), table["covariate"].iloc[int(smd.to_numpy().argmax())]
    limit = thresholds.smd
    values: Values = {
        "gap": Number(value, 2),
        "worst": Name("covariate", str(worst)),
        "limit": Number(limit, 2),
    }
    return Check("instrument_spread", "gap", value <= limit, value, limit, values, gating=False)


def check_anderson_rubin(effect: Effect) -> Check:
    """Tell the Anderson-Rubin set, right however weak the instrument; for information."""
    bounds = effect.details.get("anderson_rubin")
    name, key = "anderson_rubin", effect.key
    if bounds is None:
        return Check(name, "unbounded", None, None, None, {}, key, gating=False)
    low, high = map(float, bounds)
    values = {"interval": Interval(low, high, effect.unit, effect.smallest_arm)}
    return Check(name, "interval", None, None, None, values, key, gating=False)
