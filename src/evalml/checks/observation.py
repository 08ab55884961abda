"""Is the outcome known often enough, and as often in one arm as in the other?

Situations are declared to a counsellor: followed youths are observed more, and a gap between the
arms can by itself make an effect. Where most are lost, alike in both arms, those who are left say
little of the others either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from evalml.checks.check import Check
from evalml.values import Estimate, Name, Number, Share

if TYPE_CHECKING:
    from evalml.arrays import BoolVector
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Measure
    from evalml.values import Values


def check_observation(
    measure: Measure,
    treated: BoolVector,
    thresholds: Thresholds,
    missing: Literal["complete", "ipcw", "bounds"] = "complete",
) -> Check:
    """Judge the share of persons whose outcome is known, and its difference between the arms.

    Only those whom the source could know count: a month it does not cover, or a person it is not
    linked to, is no loss (`check_linkage` judges the latter).

    Args:
        measure: Outcome; NaN where not observed.
        treated: Shape (n,).
        thresholds: `observation_gap`, `observation_level`, `weighted_level`.
        missing: What the study does of the unknown: weights need a smaller share known, and no
            equality; bounds need neither.
    """
    within, outcome = measure.within, Name("outcome", measure.key)
    known = [measure.known[within & arm] for arm in (treated, ~treated)]
    if not all(part.size for part in known):
        values: Values = {"outcome": outcome}
        return Check("observation", "empty", None, None, None, values, measure.key)
    seen = [known_share(part) for part in known]
    gap, least = abs(seen[0].value - seen[1].value), min(share.value for share in seen)
    limit = thresholds.observation_gap
    level = thresholds.weighted_level if missing == "ipcw" else thresholds.observation_level
    values = {
        "outcome": outcome,
        "treated": seen[0],
        "comparison": seen[1],
        "gap": Estimate(gap, "proportion", min(part.size for part in known)),
        "limit": Number(limit, 1, "points"),
        "level": Number(level, 0, "percent"),
    }
    if missing == "bounds" and gap + 1 - least > 0:
        return Check("observation", "bounded", None, gap, None, values, measure.key)
    if missing == "complete" and gap > limit:
        return Check("observation", "apart", False, gap, limit, values, measure.key)
    if least < level or least == 0:
        return Check("observation", "low", False, least, level, values, measure.key)
    finding = "weighted" if missing == "ipcw" and least < 1 else "alike"
    return Check("observation", finding, True, gap, limit, values, measure.key)


def known_share(known: BoolVector) -> Share:
    """Return the share of persons whose outcome is known, `known` of shape (n,)."""
    return Share(int(known.sum()), known.size, float(known.mean()))
