"""Where persons enter memory: from lazy outcomes to two arms and their monthly trajectories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.comparison.rare import as_levels, group_rare
from evalml.comparison.unknown import settle_unknown
from evalml.comparison.unpack import not_linked, source_covers, trajectory_values
from evalml.outcomes import OUTCOMES

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
        delay: Months from time zero to a later entry of the row itself, 0 for the treated and
            10,000 for a row that never enters, shape (n,).
        declared: Declared employment, where the linked source knows some persons only: what the
            linked and the others have in common.
    """

    comparison: Comparison
    trajectories: tuple[Trajectory, ...]
    crossover: pd.Series[float]
    grouped: tuple[str, ...] = ()
    delay: IntVector | None = None
    declared: Trajectory | None = None

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
    comparison = _with_reach(comparison, outcomes, entries, engine)
    delay = _delay(entries)
    crossover = _crossover(delay[~comparison.treated], outcomes.panel.months[1])
    declared = _declared(outcomes, entries, trajectories, engine)
    return Arms(comparison, trajectories, crossover, (*grouped, *unknown), delay, declared)


def _with_reach(
    comparison: Comparison, outcomes: Outcomes, entries: pd.DataFrame, engine: Engine
) -> Comparison:
    """Say of each linked outcome whom the source is linked to, and whose month it covers."""
    month, of_channel = entries["month"].to_numpy(dtype=np.int64), outcomes.panel.reach
    lost = {channel: not_linked(outcomes, channel, len(entries), engine) for channel in of_channel}
    measures = []
    for measure in comparison.measures:
        if measure.channel in of_channel:
            source, unlinked = of_channel[measure.channel].coverage, lost[measure.channel]
            reached = source_covers(source, month + int(measure.horizon_months or 0))
            measure = replace(  # noqa: PLW2901 - the same outcome, better known
                measure,
                covered=None if reached.all() else reached,
                linked=None if unlinked is None else ~unlinked,
            )
        measures.append(measure)
    return replace(comparison, measures=tuple(measures))


def _declared(
    outcomes: Outcomes,
    entries: pd.DataFrame,
    trajectories: Sequence[Trajectory],
    engine: Engine,
) -> Trajectory | None:
    """Return declared employment where some persons are not linked, read once."""
    if all(reach.people is None for reach in outcomes.panel.reach.values()):
        return None
    wanted = OUTCOMES["emploi_declare"]
    held = [t for t in trajectories if t.outcome.name == wanted.name]
    if held:
        return held[0]
    return _trajectories(replace(outcomes, chosen=(wanted,)), entries, engine)[0]


def _spec(outcome: Outcome, horizon: int) -> MeasureSpec:
    return MeasureSpec(
        column=f"{outcome.name}_m{horizon}",
        outcome=outcome.name,
        horizon_months=horizon,
        unit=outcome.unit,
        label=outcome.fr,
        channel=outcome.channel,
    )


def _trajectories(
    outcomes: Outcomes, entries: pd.DataFrame, engine: Engine
) -> tuple[Trajectory, ...]:
    first, last = outcomes.panel.months
    months = np.arange(first, last + 1, dtype=np.int64)
    values = trajectory_values(outcomes, entries, engine)
    return tuple(Trajectory(o, months, values[o.name]) for o in outcomes.chosen)


NEVER = 10_000
"""Delay of a row that never enters."""


def _delay(entries: pd.DataFrame) -> IntVector:
    """Return the months from time zero to the row's own entry, shape (n,)."""
    later = (entries["later_entry"] - entries["month"]).to_numpy(dtype=float, na_value=NEVER)
    return np.where(entries["treated"].to_numpy(dtype=bool), 0, later).astype(np.int64)


def _crossover(delay: IntVector, follow_up: int) -> pd.Series[float]:
    import pandas as pd

    shares = [float((delay <= k).mean()) for k in range(follow_up + 1)]
    return pd.Series(shares, index=pd.RangeIndex(follow_up + 1), name="entered_later")
