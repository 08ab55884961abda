"""Where persons enter memory: from lazy outcomes to two arms and their trajectories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.cohort import COVARIATES
from evalml.cohort.declared import DECLARED
from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.errors import DataError
from evalml.outcomes import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, IntVector, Matrix
    from evalml.cohort import TargetTrial
    from evalml.comparison.comparison import Comparison
    from evalml.engine import Engine
    from evalml.outcomes import Outcome, Outcomes
    from evalml.tables.sources import Coverage


LINKED_PAST = ("emploi_avant_", "mois_emploi_avant")
"""What the names of the covariates of linked past employment begin with."""
PAST = (*LINKED_PAST, "mois_emploi_declare_avant", "emploi_declare_avant_", "emploi_perdu_3m")
"""What the names of the covariates of past employment begin with."""

FEWEST = 10
"""Rows of each arm that must hold a state, known or unknown, for it to be compared."""
FEW = 0.05
"""Share of each arm that may be given the mean where one arm has too few rows unknown."""


def settle_unknown(
    frame: pd.DataFrame, covariates: Sequence[str], treated: BoolVector
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Decide, for each number that is unknown for some rows, whether it can be compared.

    Unknown for rows of both arms, it stays missing and becomes a level of its own in the design;
    for a handful of rows of an arm and few of the other, it takes the mean; for everybody, the
    covariate is left out. A yes or no of the declared past that an arm all but never gives is left
    out too: a score learnt on it has no solution.

    Args:
        frame: The rows; it is not changed.
        covariates: Columns to look at; text has its level « INCONNU » already.
        treated: Shape (n,).

    Returns:
        The rows, the covariates kept, and a note per covariate changed or left out.

    Raises:
        DataError: One arm knows it and the other does not.
    """
    kept, notes, changed = [], [], {}
    for name in covariates:
        column = frame[name]
        if name in DECLARED and _rare(column, treated):
            notes.append(f"'{name}' left out: too rare in one arm to be compared")
            continue
        if not pd.api.types.is_numeric_dtype(column) or not column.isna().any():
            kept.append(name)
            continue
        unknown = column.isna().to_numpy()
        if unknown.all():
            notes.append(f"'{name}' left out: unknown of everybody")
            continue
        kept.append(name)
        absent, present = _least(unknown, treated), _least(~unknown, treated)
        if max(absent) < FEWEST or (min(absent) < FEWEST and _few(unknown, treated)):
            changed[name] = column.fillna(float(column.mean()))
            notes.append(f"'{name}': unknown too rare, given the mean")
        elif min(absent) < FEWEST or min(present) < FEWEST:
            raise DataError(_one_arm(name, absent, present))
    return frame.assign(**changed), tuple(kept), tuple(notes)


def _rare(column: pd.Series, treated: BoolVector) -> bool:
    """Tell whether a yes or no of the declared past is all but one answer in an arm."""
    values = column.dropna().unique()
    if not set(values) <= {0.0, 1.0}:
        return False
    rows = column.to_numpy(dtype=np.float64)
    return any(min(_least(rows == answer, treated)) < FEWEST for answer in (0.0, 1.0))


def _least(rows: BoolVector, treated: BoolVector) -> tuple[int, int]:
    return int(np.count_nonzero(rows & treated)), int(np.count_nonzero(rows & ~treated))


def _few(rows: BoolVector, treated: BoolVector) -> bool:
    return all(float(rows[arm].mean()) <= FEW for arm in (treated, ~treated))


def _one_arm(name: str, absent: tuple[int, int], present: tuple[int, int]) -> str:
    lacking = "treated" if absent[0] * present[1] > absent[1] * present[0] else "comparison"
    return (
        f"covariate '{name}' is unknown far more often in the {lacking} arm than in the other: its "
        "source does not cover the same months or persons in both, so it would tell the arms "
        "apart by itself; leave it out of 'covariates', or change the entries"
    )


UNKNOWN = "INCONNU"
"""Level of what was not known at time zero."""

OTHER = "AUTRES"
"""Level that takes the rare ones."""


def group_rare(
    frame: pd.DataFrame, covariates: Sequence[str], treated: BoolVector, fewest: int = FEWEST
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Group the rare levels of text covariates.

    A level that fewer than `fewest` rows of either arm hold goes to « AUTRES »; where that is
    itself too rare, to the most frequent level. A propensity score fitted on a level held by one
    arm only has no solution, and one held by a few persons says nothing.

    Args:
        frame: The rows; it is not changed.
        covariates: Columns to look at; numbers are left alone.
        treated: Shape (n,).
        fewest: Rows of each arm a level needs.

    Returns:
        The rows, and a note per covariate whose levels were grouped.
    """
    changed: dict[str, pd.Series] = {}
    notes = []
    text = [name for name in covariates if not pd.api.types.is_numeric_dtype(frame[name])]
    coded = {name: _coded(frame[name]) for name in text}
    filed = [name for name in text if _of_the_file(name)]
    blank = _wholly_unknown([coded[name] for name in filed], len(frame))
    for name in text:
        column, few = coded[name], False
        if name in filed:
            column, few = _without_few_unknown(column, blank, treated, fewest)
        if few:
            changed[name] = column.series(frame[name])
            notes.append(f"'{name}': {UNKNOWN} by itself too rare, given its most frequent level")
        rare = column.rare(treated, fewest)
        if not rare:
            continue
        grouped = column.replaced(rare, OTHER)
        if grouped.rare(treated, fewest):
            common = column.most_frequent(leaving_out=rare)
            grouped = column.replaced(rare, OTHER if common is None else common)
        changed[name] = grouped.series(frame[name])
        notes.append(f"'{name}': {len(rare)} rare levels grouped")
    return frame.assign(**changed), tuple(notes)


def as_levels(column: pd.Series) -> pd.Series:
    """Return a column of text as a category, a byte or two a row; any other as it is."""
    return column.astype("category") if isinstance(column.dtype, pd.StringDtype) else column


@dataclass(frozen=True, slots=True, repr=False)
class _Coded:
    """A text column as codes, so that its rows are counted without their texts.

    Attributes:
        codes: Place of each row's level, shape (n,).
        levels: The levels; a missing value is one of them.
    """

    codes: IntVector
    levels: tuple[Any, ...]

    def counts(self, rows: BoolVector | None = None) -> IntVector:
        """Return the number of rows (of those given) at each level."""
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes, minlength=len(self.levels))

    def at(self, level: str) -> BoolVector:
        """Return which rows hold a level."""
        place = self.levels.index(level) if level in self.levels else -1
        found: BoolVector = self.codes == place
        return found

    def rare(self, treated: BoolVector, fewest: int) -> list[int]:
        """Return the levels that fewer than `fewest` rows of either arm hold, in order."""
        least = np.minimum(self.counts(treated), self.counts(~treated))
        present = self.counts() > 0
        found = [
            i
            for i, level in enumerate(self.levels)
            if present[i] and (least[i] < fewest or pd.isna(level))
        ]
        return sorted(found, key=lambda i: str(self.levels[i]))

    def replaced(self, places: Sequence[int] | BoolVector, level: str) -> _Coded:
        """Return the column with another level in the place of some levels, or of some rows."""
        levels = self.levels if level in self.levels else (*self.levels, level)
        rows = np.isin(self.codes, places) if isinstance(places, list) else places
        return _Coded(np.where(rows, levels.index(level), self.codes), levels)

    def most_frequent(self, leaving_out: Sequence[int] = ()) -> str | None:
        """Return the level most rows hold, the first in alphabetical order of several."""
        counts = self.counts()
        counts[[*leaving_out, *(i for i, level in enumerate(self.levels) if pd.isna(level))]] = 0
        if not counts.any():
            return None
        return min(str(self.levels[i]) for i in np.flatnonzero(counts == counts.max()))

    def series(self, like: pd.Series) -> pd.Series:
        """Return the texts, as a column like the one they come from."""
        levels = pd.Series(list(self.levels), dtype=object)
        if not isinstance(like.dtype, pd.CategoricalDtype):
            texts = levels.astype(like.dtype).array
            return pd.Series(texts.take(self.codes), index=like.index, name=like.name)
        categories = levels.astype("category").cat
        codes = categories.codes.to_numpy()[self.codes]
        column = pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories.categories))
        return pd.Series(column.remove_unused_categories(), index=like.index, name=like.name)


def _coded(values: pd.Series) -> _Coded:
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    return _Coded(codes, tuple(levels))


def _of_the_file(name: str) -> bool:
    """Tell whether a covariate is read from the file, whose values are unknown together."""
    known = COVARIATES.get(name)
    return known is not None and all(column.startswith("dossiers.") for column in known.columns)


def _wholly_unknown(columns: Sequence[_Coded], rows: int) -> BoolVector:
    """Return the rows of which all is unknown that may be: a file updated after time zero."""
    unknown = [mask for mask in (column.at(UNKNOWN) for column in columns) if mask.any()]
    return np.logical_and.reduce(unknown) if unknown else np.zeros(rows, dtype=bool)


def _without_few_unknown(
    column: _Coded, blank: BoolVector, treated: BoolVector, fewest: int
) -> tuple[_Coded, bool]:
    """Give the most frequent level to a rare « unknown » that is not that of the whole file.

    Where two covariates are unknown together but for a few rows, those rows alone tell the two
    apart, and no score can be learnt from so few.
    """
    alone = column.at(UNKNOWN) & ~blank
    arms = [int((alone & arm).sum()) for arm in (treated, ~treated)]
    places = [i for i, level in enumerate(column.levels) if level == UNKNOWN]
    common = column.most_frequent(leaving_out=places)
    if not alone.any() or min(arms) >= fewest or common is None or not blank.any():
        return column, False
    return column.replaced(alone, common), True


ROWS = 1 << 16
"""Rows treated at a time: what a processor keeps at hand."""


def unpack(
    values: Matrix,
    months: IntVector,
    known: IntVector,
    place: IntVector,
    write: float | None = None,
) -> None:
    """Write months held as sets into columns, 1 or 0 where known; leave the others as they are.

    `values`: shape (n, K), changed in place; column j is the month at place + j; `months`: sets of
    months in which the thing is true (bit i: month at place i), shape (n,); `known`: sets of months
    in which it is known, shape (n,); `place`: place of the first column's month, shape (n,); bits
    from 0 to 62 exist; `write`: what is written where known, in the place of 1 or 0.
    """
    for start in range(0, len(values), ROWS):
        some = slice(start, start + ROWS)
        part, true, observed, first = values[some], months[some], known[some], place[some]
        inside = bool(first.min() >= 0 and first.max() + part.shape[1] <= 63)  # noqa: PLR2004
        for j in range(part.shape[1]):
            bit = first + j
            seen = (observed >> np.clip(bit, 0, 62)) & 1 == 1
            if not inside:
                seen &= (bit >= 0) & (bit <= 62)  # noqa: PLR2004
            value = (true >> np.clip(bit, 0, 62)) & 1 if write is None else write
            np.copyto(part[:, j], value, where=seen, casting="unsafe")


def covered(values: Matrix, month: IntVector, first: int, source: Coverage) -> None:
    """Write 0 in the months that the linked source covers.

    `values`: shape (n, K), changed in place; `month`: month number of time zero, shape (n,).
    """
    for j in range(values.shape[1]):
        values[source_covers(source, month + (first + j)), j] = 0.0


def source_covers(source: Coverage, at: IntVector) -> BoolVector:
    """Return which months a source covers, shape (n,)."""
    known: BoolVector = (at >= source.first) & (at <= source.last)
    return known & ~np.isin(at, source.holes) if source.holes else known


def not_linked(outcomes: Outcomes, channel: str, n: int, engine: Engine) -> BoolVector | None:
    """Return which entries are of persons a channel has no link for; None where all are linked."""
    reach = outcomes.panel.reach.get(channel)
    people = None if reach is None else reach.people
    if people is None:
        return None
    entries = outcomes.panel.cohort.entries.select("entry", "id_jeune")
    linked = engine.fetch(entries.semi_join(people, "id_jeune").select("entry"))["entry"]
    unknown = np.ones(n, dtype=bool)
    unknown[linked.to_numpy(dtype=np.int64)] = False
    return unknown


def trajectory_values(
    outcomes: Outcomes, entries: pd.DataFrame, engine: Engine
) -> dict[str, Matrix]:
    """Return each outcome month by month, shape (n, K); NaN where not observed.

    A covered month without a row is one without contract; of what adds up, only that of time zero,
    before which nothing does, has no row.
    Yes or no is held in two bytes (float16 tells 0, 1 and NaN), amounts in four.
    """
    panel = outcomes.panel
    first, last = panel.months
    month = entries["month"].to_numpy(dtype=np.int64)
    unlinked = {
        channel: not_linked(outcomes, channel, len(entries), engine) for channel in panel.reach
    }
    found: dict[str, Matrix] = {}
    for outcome in outcomes.chosen:
        kind = np.float16 if outcome.as_set else np.float32
        values: Matrix = np.full((len(entries), last - first + 1), np.nan, dtype=kind)
        if outcome.channel == "linked":
            known = values[:, -first : 1 - first] if outcome.cumulated else values
            if not outcome.window:
                at = 0 if outcome.cumulated else first
                covered(known, month, at, panel.reach["linked"].coverage)
            lost = unlinked["linked"]
            if lost is not None:
                values[lost] = np.nan
        found[outcome.name] = values
    as_sets = [o for o in outcomes.chosen if o.as_set]
    if as_sets:
        _from_sets(found, outcomes, as_sets, month, engine)
    for outcome in outcomes.chosen:
        if not outcome.as_set:
            _from_rows(found[outcome.name], outcomes, outcome, engine)
    return found


def _from_sets(
    found: dict[str, Matrix],
    outcomes: Outcomes,
    wanted: Sequence[Outcome],
    month: IntVector,
    engine: Engine,
) -> None:
    panel = outcomes.panel
    sets = engine.fetch(outcomes.sets(wanted))
    for block in range(panel.calendar.blocks):
        rows = sets[sets["block"] == block]
        entry = rows["entry"].to_numpy()
        place = month + panel.months[0] - panel.calendar.block_start(block)
        for outcome in wanted:
            true, known = (np.zeros(month.size, dtype=np.int64) for _ in range(2))
            true[entry] = rows[f"set_{outcome.name}"].to_numpy(dtype=np.int64)
            known[entry] = rows[f"known_{outcome.channel}"].to_numpy(dtype=np.int64)
            unpack(found[outcome.name], true, known, place)
            if outcome.part:
                unsure = np.zeros(month.size, dtype=np.int64)
                unsure[entry] = rows["unsure"].to_numpy(dtype=np.int64)
                unpack(found[outcome.name], unsure, unsure, place, write=np.nan)


def _from_rows(values: Matrix, outcomes: Outcomes, outcome: Outcome, engine: Engine) -> None:
    rows = outcomes.rows.select("entry", "k", outcome.name)
    long = engine.fetch(rows.filter(rows[outcome.name].notnull()))
    column = long["k"].to_numpy(dtype=np.int64) - outcomes.panel.months[0]
    values[long["entry"].to_numpy(), column] = long[outcome.name].to_numpy(dtype=np.float32)


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
        covariates=known if cohort.trial.on_past else _but_the_past(known),
        cluster="id_structure",
        person="person",
        subgroups=subgroups,
        strata=_strata(cohort.trial),
        missing="category",
    )
    if cohort.trial.instrument:
        comparison = replace(comparison, instrument=entries["capacite"].to_numpy(dtype=float))
    comparison = _with_reach(comparison, outcomes, entries, engine)
    if cohort.trial.design.trends:
        comparison = _with_paths(comparison, trajectories)
    drawn = cohort.trial.design.arms == "drawn"
    delay = _delay(entries, of_all=drawn)
    if drawn:
        comparison = replace(comparison, delay=delay)
    crossover = _crossover(delay[~comparison.treated], outcomes.panel.months[1])
    declared = _declared(outcomes, entries, trajectories, engine)
    return Arms(comparison, trajectories, crossover, (*grouped, *unknown), delay, declared)


def _but_the_past(covariates: Sequence[str]) -> tuple[str, ...]:
    """Return the covariates that are not made of the months before entry."""
    return tuple(name for name in covariates if not name.startswith(PAST))


def _with_paths(comparison: Comparison, trajectories: Sequence[Trajectory]) -> Comparison:
    """Give each outcome its months, the same matrix at every horizon."""
    paths = {t.outcome.name: t for t in trajectories}
    measures = tuple(
        replace(m, path=paths[m.outcome].values, path_first=int(paths[m.outcome].months[0]))
        for m in comparison.measures
    )
    return replace(comparison, measures=measures)


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
    same = [t for t in trajectories if t.outcome.name == wanted.name]
    if same:
        return same[0]
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


def _strata(trial: TargetTrial) -> list[str]:
    """Return the columns on which the arms are drawn, or matched persons may have to be equal."""
    if trial.design.arms == "drawn":
        return ["month", "strate"]
    return ["month"] if trial.same_months else []


def _delay(entries: pd.DataFrame, *, of_all: bool = False) -> IntVector:
    """Return the months from time zero to the row's own entry, shape (n,).

    Where the treatment is an offer (`of_all`), those treated may enter later, or never.
    """
    later = (entries["later_entry"] - entries["month"]).to_numpy(dtype=float, na_value=NEVER)
    if of_all:
        return later.astype(np.int64)
    return np.where(entries["treated"].to_numpy(dtype=bool), 0, later).astype(np.int64)


def _crossover(delay: IntVector, follow_up: int) -> pd.Series[float]:
    import pandas as pd

    shares = [float((delay <= k).mean()) for k in range(follow_up + 1)]
    return pd.Series(shares, index=pd.RangeIndex(follow_up + 1), name="entered_later")
