"""Does the method find an effect whose size we chose?

An effect is injected in the outcomes of the treated, everything is estimated again, and the change
of the estimate must be the effect injected.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.refit import with_measure
from evalml.errors import EstimationError
from evalml.values import Estimate, Number

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, HashVector
    from evalml.checks.refit import Estimator
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison, Measure
    from evalml.values import Values

TOLERANCE = 0.2
"""Share of the injected effect by which the one found may differ."""


def inject(
    measure: Measure, treated: BoolVector, person: HashVector, size: float
) -> tuple[Measure, float]:
    """Return the outcome with an effect injected in the treated, and the size injected exactly.

    A 0/1 outcome is turned into its opposite for as many treated persons as it takes, chosen by
    the hash of the person; any other outcome is shifted.

    Args:
        measure: Outcome; what is not known stays unknown.
        treated: Shape (n,).
        person: Hash of the person, shape (n,).
        size: Effect to inject, in the unit of the outcome; negative to take away.

    Raises:
        EstimationError: There are not enough treated persons whose outcome can change.
    """
    y = measure.values.copy()
    known = treated & ~np.isnan(y)
    if not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        y[known] += size
        return replace(measure, values=y), size
    start = 0.0 if size > 0 else 1.0
    movable = np.flatnonzero(known & (y == start))
    number = round(abs(size) * int(known.sum()))
    if number == 0 or number > movable.size:
        message = (
            f"an effect of {size:g} would change {number} outcomes of the treated, "
            f"{movable.size} can change; inject another size"
        )
        raise EstimationError(message)
    chosen = movable[np.argsort(_mix(person[movable]), kind="stable")[:number]]
    y[chosen] = 1 - start
    return replace(measure, values=y), float(np.sign(size)) * number / int(known.sum())


def _mix(person: HashVector) -> HashVector:
    """Return another hash of the person, so that the choice does not follow the folds."""
    mixed = person ^ (person >> np.uint64(31))
    return np.asarray(mixed * np.uint64(0x9E3779B97F4A7C15), dtype=np.uint64)


def check_positive_control(
    comparison: Comparison,
    key: str,
    estimate: Estimator,
    thresholds: Thresholds,
    size: float | None = None,
) -> Check:
    """Judge whether an injected effect is found again.

    Args:
        comparison: The two arms.
        key: Key of the outcome (best, a negative control).
        estimate: Estimator, which refits everything.
        thresholds: `positive_effect`: a share for a 0/1 outcome, standard deviations otherwise.
        size: Effect to inject instead, in the unit of the outcome.
    """
    measure = comparison.measure(key)
    known = measure.values[~np.isnan(measure.values)]
    spread = 1.0 if np.isin(known, (0.0, 1.0)).all() else float(known.std())
    wanted = thresholds.positive_effect * spread if size is None else size
    if spread <= 0:
        return _unjudged("constant", key)
    try:
        injected, exact = inject(measure, comparison.treated, comparison.person, wanted)
    except EstimationError:
        return _unjudged("immovable", key)
    before = estimate(with_measure(comparison, measure), key)
    after = estimate(with_measure(comparison, injected), key)
    found = after.estimate - before.estimate
    miss = abs(found - exact) / abs(exact)
    values: Values = {
        "injected": Estimate(exact, measure.unit, after.smallest_arm),
        "found": Estimate(found, measure.unit, after.smallest_arm),
        "miss": Number(miss, 1, "percent"),
    }
    name, passed = "positive_control", miss <= TOLERANCE
    return Check(name, "found", passed, miss, TOLERANCE, values, key, gating=False)


def _unjudged(finding: str, key: str) -> Check:
    return Check("positive_control", finding, None, None, None, {}, key, gating=False)
