"""Where persons enter memory: from lazy outcomes to two arms and their monthly trajectories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.comparison.rare import as_levels, group_rare
from evalml.comparison.unknown import settle_unknown
from evalml.comparison.unpack import trajectory_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.arrays import IntVector, Matrix
    from evalml.comparison.comparison import Comparison
    from evalml.engine import Engine
    from evalml.outcomes import Outcome, Outcomes


@dataclass(frozen=True, slots=True, repr=False)
class Trajectory:
    """One outcome, month by month, of the same rows as the comparison.

    Attributes:
        outcome: The outcome.
        months: Months since time zero, shape (K,), negative before.
        values: Shape (n, K), float16 for yes or no, float32 for amounts; NaN where not observed.
    """

    outcome: Outcome
    months: IntVector
    values: Matrix

    def at(self, horizon: int) -> Matrix:
        """Return the values at one month since time zero, shape (n,)."""
        return self.values[:, int(np.flatnonzero(self.months == horizon)[0])].astype(np.float64)

    def __repr__(self) -> str:
        """Give the size only."""
        return f"Trajectory({self.outcome.name}, n={self.values.shape[0]}, K={self.months.size})"


@dataclass(frozen=True, slots=True, repr=False)
class Arms:
    """The comparison and the months it was read from.

    Attributes:
        comparison: The two arms at the horizons of the study.
        trajectories: One per outcome, the same rows in the same order.
        crossover: Share of the comparison rows that entered later, by month since time zero.
        grouped: A note per covariate whose rare levels were grouped.
    """

    comparison: Comparison
    trajectories: tuple[Trajectory, ...]
    crossover: pd.Series[float]
    grouped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Give counts only."""
        return f"Arms({self.comparison!r})"


def assemble(
    outcomes: Outcomes, horizons: Sequence[int], subgroups: Sequence[str], engine: Engine
) -> Arms:
    """Bring the two arms into memory.

    Args:
        outcomes: What happened to the cohort.
        horizons: Months since time zero to compare at.
        subgroups: Covariates of the cohort that define subgroups.
        engine: The engine the tables live in.

    Raises:
        DataError: A covariate is missing, or an arm is empty.
    """
    cohort = outcomes.panel.cohort
    columns = [c for c in cohort.entries.columns if c != "id_jeune"]
    entries = engine.fetch(cohort.entries.select(*columns).order_by("entry"))
    for name in {*cohort.covariates, *subgroups}:
        entries[name] = as_levels(entries[name])
    trajectories = _trajectories(outcomes, entries, engine)
    specs = []
    for trajectory in trajectories:
        for horizon in horizons:
            spec = _spec(trajectory.outcome, horizon)
            entries[spec.column] = trajectory.at(horizon)
            specs.append(spec)
    described, grouped = group_rare(
        entries, cohort.covariates, entries["treated"].to_numpy(dtype=bool)
    )
    described, known, unknown = settle_unknown(
        described, cohort.covariates, described["treated"].to_numpy(dtype=bool)
    )
    comparison = build_comparison(
        described,
        treatment="treated",
        measures=specs,
        covariates=known,
        cluster="id_structure",
        person="person",
        subgroups=subgroups,
        strata=["month"] if cohort.trial.same_months else [],
        missing="category",
    )
    if cohort.trial.instrument:
        comparison = replace(comparison, instrument=entries["capacite"].to_numpy(dtype=float))
    crossover = _crossover(entries, outcomes.panel.months[1])
    return Arms(comparison, trajectories, crossover, (*grouped, *unknown))


def _spec(outcome: Outcome, horizon: int) -> MeasureSpec:
    return MeasureSpec(
        column=f"{outcome.name}_m{horizon}",
        outcome=outcome.name,
        horizon_months=horizon,
        unit=outcome.unit,
        label=outcome.label,
        channel=outcome.channel,
    )


def _trajectories(
    outcomes: Outcomes, entries: pd.DataFrame, engine: Engine
) -> tuple[Trajectory, ...]:
    first, last = outcomes.panel.months
    months = np.arange(first, last + 1, dtype=np.int64)
    values = trajectory_values(outcomes, entries, engine)
    return tuple(Trajectory(o, months, values[o.name]) for o in outcomes.chosen)


def _crossover(entries: pd.DataFrame, follow_up: int) -> pd.Series[float]:
    import pandas as pd

    waiting = entries.loc[~entries["treated"].astype(bool), ["month", "later_entry"]]
    delay = (waiting["later_entry"] - waiting["month"]).to_numpy(dtype=float, na_value=np.inf)
    shares = [float((delay <= k).mean()) for k in range(follow_up + 1)]
    return pd.Series(shares, index=pd.RangeIndex(follow_up + 1), name="entered_later")
