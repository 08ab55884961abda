"""From averages of a roll-out to the flat rows every method returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.effect.effect import Effect
from evalml.effect.panel_variance import (
    critical_value,
    multiplier_draws,
    p_values,
    simultaneous_critical_value,
)

if TYPE_CHECKING:
    from evalml.effect.rollout_aggregate import Aggregate


@dataclass(frozen=True, slots=True)
class Reading:
    """How averages are read out.

    Attributes:
        outcome: Name of the outcome.
        unit: Unit of the estimate.
        level: Coverage of the intervals.
        bootstrap: Draws of the multiplier bootstrap; 0 for no simultaneous band.
        seed: Seed of the bootstrap.
    """

    outcome: str
    unit: str = ""
    level: float = 0.95
    bootstrap: int = 0
    seed: int = 1


def rollout_effects(averages: Aggregate, reading: Reading) -> list[Effect]:
    """Return one row per average: the overall one first, then by key.

    The estimand is `att`, or `att_incomplete` for an average that lacks some effects by group and
    time. The keys are in the details: `group`, `time`, `event_time` (None where they do not apply),
    and with a bootstrap `band_low` and `band_high`, which hold for all rows at once.

    Args:
        averages: Averages of effects by group and time.
        reading: Names, level, bootstrap.
    """
    size = averages.estimate.size
    se = averages.std_error
    half = critical_value(averages.sampling, reading.level) * se
    p = p_values(averages.estimate, se, averages.sampling)
    band = _band(averages, reading)
    order = range(size) if averages.kind == "gt" else [size - 1, *range(size - 1)]
    rows = []
    for k in order:
        estimate = float(averages.estimate[k])
        rows.append(
            Effect(
                outcome=reading.outcome,
                horizon_months=None,
                estimand="att_incomplete" if _incomplete(averages, k) else "att",
                method=averages.method,
                estimate=estimate,
                std_error=float(se[k]),
                ci_low=float(estimate - half[k]),
                ci_high=float(estimate + half[k]),
                p_value=float(p[k]),
                n_treated=int(averages.n_treated[k]),
                n_comparison=int(averages.n_comparison[k]),
                mean_treated=float(averages.mean_treated[k]),
                mean_comparison=float(averages.mean_treated[k]) - estimate,
                unit=reading.unit,
                details=_keys(averages, k) | _bounds(band, averages, k) | _shared(averages, k),
            )
        )
    return rows


def _incomplete(averages: Aggregate, row: int) -> bool:
    """Tell whether an average lacks effects by group and time that could not be estimated."""
    skipped = averages.details.get("skipped") or []
    if not skipped or averages.kind == "gt":
        return False
    group, time = (np.array([s[name] for s in skipped]) for name in ("group", "time"))
    after = time >= group
    own = {
        "group": (group == averages.group[row]) & after,
        "calendar": (time == averages.time[row]) & after,
        "dynamic": time - group == averages.event_time[row],
    }
    overall = averages.kind == "simple" or row == averages.estimate.size - 1
    return bool((after if overall else own[averages.kind]).any())


def _shared(averages: Aggregate, row: int) -> dict[str, Any]:
    """Return counts and warnings; the overall row carries all, the rows by key the warnings."""
    if averages.kind != "gt" and row == averages.estimate.size - 1:
        return averages.details
    clusters = averages.details.get("clusters")
    return {"clusters": clusters, "warnings": averages.details.get("warnings", [])}


def _keys(averages: Aggregate, row: int) -> dict[str, Any]:
    """Return group, time and event time of a row, None where they do not apply.

    The reference period, which is 0 by definition and has no error, is said to be one.
    """
    named = {"group": averages.group, "time": averages.time, "event_time": averages.event_time}
    values = {name: float(column[row]) for name, column in named.items()}
    before = bool(averages.event_time[row] < 0)
    reference = before and averages.estimate[row] == 0 and bool(np.isnan(averages.std_error[row]))
    return {"aggregation": averages.kind, **({"reference": True} if reference else {})} | {
        name: None if np.isnan(value) else int(value) if value.is_integer() else value
        for name, value in values.items()
    }


def _band(averages: Aggregate, reading: Reading) -> tuple[float, float] | None:
    """Return the simultaneous critical value of the rows by key, and that of the overall row."""
    if not reading.bootstrap:
        return None
    deviations = multiplier_draws(averages.influence, reading.bootstrap, reading.seed)
    last = slice(-1, None) if averages.kind != "gt" else slice(0, 0)
    by_key = slice(None, -1) if averages.kind not in {"gt", "simple"} else slice(None)
    se = averages.std_error
    first = simultaneous_critical_value(deviations[:, by_key], se[by_key], reading.level)
    alone = first
    if se[last].size:
        alone = simultaneous_critical_value(deviations[:, last], se[last], reading.level)
    return first, alone


def _bounds(
    band: tuple[float, float] | None, averages: Aggregate, row: int
) -> dict[str, float | None]:
    """Return the simultaneous band of a row."""
    if band is None:
        return {}
    overall = averages.kind != "gt" and row == averages.estimate.size - 1
    critical = band[1] if overall else band[0]
    half = critical * float(averages.std_error[row])
    estimate = float(averages.estimate[row])
    return {"critical_value": critical, "band_low": estimate - half, "band_high": estimate + half}
