"""Is the outcome known as often in one arm as in the other?

Situations are declared to a counsellor: followed youths are observed more, and a gap between the
arms can by itself make an effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.values import Estimate, Name, Number, Share

if TYPE_CHECKING:
    from evalml.arrays import BoolVector
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Measure
    from evalml.values import Values


def check_observation(measure: Measure, treated: BoolVector, thresholds: Thresholds) -> Check:
    """Judge the difference between the arms in the share of persons whose outcome is known.

    Args:
        measure: Outcome; NaN where not observed.
        treated: Shape (n,).
        thresholds: `observation_gap`.
    """
    known, outcome = ~np.isnan(measure.values), Name("outcome", measure.key)
    if treated.all() or not treated.any():
        values: Values = {"outcome": outcome}
        return Check("observation", "empty", None, None, None, values, measure.key)
    seen = [known_share(known[arm]) for arm in (treated, ~treated)]
    gap, limit = abs(seen[0].value - seen[1].value), thresholds.observation_gap
    passed = gap <= limit and min(share.value for share in seen) > 0
    values = {
        "outcome": outcome,
        "treated": seen[0],
        "comparison": seen[1],
        "gap": Estimate(gap, "proportion", min(int(treated.sum()), int((~treated).sum()))),
        "limit": Number(limit, 1, "points"),
    }
    finding = "alike" if passed else "apart"
    return Check("observation", finding, passed, gap, limit, values, measure.key)


def known_share(known: BoolVector) -> Share:
    """Return the share of persons whose outcome is known, `known` of shape (n,)."""
    return Share(int(known.sum()), known.size, float(known.mean()))
