"""From the youths of a roll-out to cells, and what the cohorts look like wave by wave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from evalml.engine import greatest, ifelse, least, literal, month_of, union
from evalml.errors import StudyError
from evalml.months import month_number
from evalml.outcomes import choose_outcomes
from evalml.outcomes.compute import monthly_value
from evalml.panel.build import (
    AMOUNTS,
    LINKED,
    contract_kind,
    last_contacts,
    linked_flags,
    monthly_amounts,
    spell_flags,
)
from evalml.rollout.arrivals import TRAITS, half_year_label, wave_label
from evalml.tables.sources import coverage_of, linked_people, sources_held

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import IntVector, Matrix
    from evalml.engine import Engine, Table
    from evalml.outcomes import Outcome
    from evalml.rollout.arrivals import FirstDemands
    from evalml.study import Study
    from evalml.tables import Tables
    from evalml.tables.sources import Coverage


ENTERED = "entered"
"""Name of the take-up: whether the programme was entered by that month."""
STEP = 3
Block: TypeAlias = tuple[str, str, str, int]
"""Level, subgroup, value, month since the first demand."""
BLOCK = ("level", "subgroup", "subgroup_value", "k")
KEYS = ["level", "subgroup", "subgroup_value", "area", "cohort", "k"]


@dataclass(frozen=True, slots=True, repr=False)
class AreaCells:
    """Counts by area, half-year of first demand and month since it.

    Attributes:
        table: One row per level (`eligible`, `witness`), subgroup, value, area, cohort and month
            `k` since the first demand: `n` youths, and for each outcome `NAME_n` (observed) and
            `NAME_sum`. The subgroup is empty for all; `entered` splits by take-up by month k.
        areas: What `FirstDemands` says of the areas, sorted; rows of every matrix follow it.
        cohorts: Half-years in order; columns of every matrix follow it.
        wanted: Half-years whose effect is wanted.
        months: The months k, in order.
        outcomes: The outcomes of the study, as this extract can observe them.
        flow: Who was kept at each rule.
        blocks: The rows of the table by level, subgroup, value and month.
        held: Matrices already laid out.
    """

    table: pd.DataFrame
    areas: pd.DataFrame
    cohorts: tuple[int, ...]
    wanted: tuple[int, ...]
    months: tuple[int, ...]
    outcomes: tuple[Outcome, ...]
    flow: pd.DataFrame
    blocks: dict[Block, IntVector] = field(default_factory=dict)
    cache: dict[tuple[object, ...], tuple[Matrix, Matrix]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the rows of each block once."""
        found: dict[Any, Any] = self.table.groupby(list(BLOCK)).indices
        self.blocks.update({key: np.asarray(rows, np.int64) for key, rows in found.items()})

    def __repr__(self) -> str:
        """Give the size only."""
        return f"AreaCells({len(self.areas)} areas x {len(self.cohorts)} half-years)"

    def matrices(
        self, name: str, k: int, level: str = "eligible", group: tuple[str, str] = ("", "")
    ) -> tuple[Matrix, Matrix]:
        """Return counts and sums of an outcome, each of shape (areas, cohorts).

        Args:
            name: An outcome, `entered`, `n` (youths), or `TRAIT=VALUE` for the composition.
            k: Month since the first demand.
            level: `eligible` or `witness`.
            group: Subgroup and value.
        """
        key = (name, k, level, *group)
        if key not in self.cache:
            self.cache[key] = self._counted(name, k, level, group)
        return self.cache[key]

    def _counted(
        self, name: str, k: int, level: str, group: tuple[str, str]
    ) -> tuple[Matrix, Matrix]:
        trait, _, value = name.partition("=")
        rows = self._rows(k, level, (trait, value) if value else group)
        count, total = ("n", "n") if value or name == "n" else (f"{name}_n", f"{name}_sum")
        y = self._matrix(rows, total)
        if not value:
            return self._matrix(rows, count), y
        return self._matrix(self._rows(k, level, ("", "")), "n"), y

    def _rows(self, k: int, level: str, group: tuple[str, str]) -> pd.DataFrame:
        rows = self.blocks.get((level, *group, k), np.empty(0, dtype=np.int64))
        return self.table.iloc[rows]

    def _matrix(self, rows: pd.DataFrame, column: str) -> Matrix:
        out = np.zeros((len(self.areas), len(self.cohorts)))
        known, areas = (x["area"].to_numpy(dtype=str) for x in (self.areas, rows))
        at = np.searchsorted(known, areas)
        np.add.at(
            out,
            (at, rows["cohort"].to_numpy(dtype=np.int64) - self.cohorts[0]),
            rows[column].to_numpy(dtype=np.float64),
        )
        return out

    def values(self, subgroup: str, level: str = "eligible") -> list[str]:
        """Return the values of a subgroup, sorted."""
        return sorted({key[2] for key in self.blocks if key[:2] == (level, subgroup)})


def opening_months(study: Study) -> tuple[int, ...]:
    """Return the months since the first demand that a roll-out is read at.

    Its horizons, and every third month of the follow-up for the curves.
    """
    return tuple(sorted({*study.horizons, *range(0, study.follow_up_months + 1, STEP)}))


def area_cells(
    tables: Tables,
    people: FirstDemands,
    outcomes: Sequence[str],
    months: Sequence[int],
    engine: Engine,
) -> AreaCells:
    """Count the youths of a roll-out by area, half-year and month since the first demand.

    A half-year is counted at month k only if its last youth can be seen that long.

    Args:
        tables: The checked records.
        people: The youths.
        outcomes: Names of outcomes.
        months: Months since the first demand.
        engine: The engine the tables live in.

    Raises:
        StudyError: An outcome adds up over months: a cell holds one month.
    """
    chosen = choose_outcomes(outcomes, sources_held(tables, engine))
    for outcome in chosen:
        if outcome.cumulated and not outcome.window:
            raise StudyError(
                f"outcomes: '{outcome.name}' adds up since entry, and a roll-out reads a few "
                "months at a time; leave it out"
            )
    ks = tuple(sorted({*months}))
    last = month_number(tables.meta.period_end)
    grid = _grid(people.rows, ks, last)
    values = _with_values(grid, tables, people.rows, ks, chosen, engine)
    kept = engine.keep(values, engine.fresh_name("area_months"))
    parts = [_counted(kept, "", literal(""), chosen)]
    parts += [_counted(kept, trait, kept[trait], chosen) for trait in TRAITS]
    parts.append(_counted(kept, ENTERED, kept[ENTERED].cast("int8").cast("string"), chosen))
    table = engine.fetch(union(*parts)).sort_values(KEYS, ignore_index=True)
    return AreaCells(table, people.areas, people.cohorts, people.wanted, ks, chosen, people.flow)


def _grid(rows: Table, ks: tuple[int, ...], last: int) -> Table:
    """Return one row per youth and month k that the whole half-year can be followed to."""
    every = rows.mutate(k=_array(ks).cast("array<int32>").unnest())
    return every.filter(every.cohort * 6 + 5 + every.k <= last)


def _array(values: tuple[int, ...]) -> Any:
    return literal(list(values), "array<int32>")


def _with_values(
    grid: Table,
    tables: Tables,
    rows: Table,
    ks: tuple[int, ...],
    chosen: tuple[Outcome, ...],
    engine: Engine,
) -> Table:
    """Add to each youth and month the take-up, and the outcomes, null where not observed."""
    declared = _declared(tables, rows, ks, coverage_of(tables, "situations", engine))
    t = grid.left_join(declared, ["entry", "k"]).drop("entry_right", "k_right")
    if any(o.channel == "linked" for o in chosen):
        windows = tuple(sorted({o.window for o in chosen if o.window > 1}))
        t = _with_linked(t, tables, rows, ks, windows, engine)
    return t.mutate(
        **{ENTERED: (t.entered <= t.k).fill_null(False)},
        **{f"y_{o.name}": _value(t, o).cast("float64") for o in chosen},
    )


def _value(t: Table, outcome: Outcome) -> Any:
    """Return an outcome at each month, null where it is unknown."""
    if not outcome.window:
        return monthly_value(t, outcome)
    total = t[_over(outcome.column, outcome.window)]
    if outcome.combine == "any":
        return (total > 0).cast("int8")
    return total / outcome.window if outcome.combine == "mean" else total


def _with_linked(
    t: Table,
    tables: Tables,
    rows: Table,
    ks: tuple[int, ...],
    windows: tuple[int, ...],
    engine: Engine,
) -> Table:
    """Add what the linked source says, null where it does not cover the month or the person.

    `windows`: months over which amounts are added too, the month `k` being the last.
    """
    source = coverage_of(tables, "emploi_mensuel", engine)
    linked = _linked(tables, rows, ks, windows)
    t = t.left_join(linked, ["entry", "k"]).drop("entry_right", "k_right")
    people = linked_people(tables, "emploi_mensuel", engine)
    found = literal(value=True)
    if people is not None:
        known = rows.semi_join(people, "id_jeune").select("entry", is_linked=literal(value=True))
        t = t.left_join(known, "entry").drop("entry_right")
        found = t.is_linked.fill_null(False)
    at = t.month + t.k
    reached = {w: found & _covered(source, at, w) for w in (1, *windows)}
    return t.mutate(
        **{name: ifelse(reached[1], t[name].fill_null(False), None) for name in LINKED},
        **{
            _over(name, w): _amount(t[_over(name, w)], reached[w] & (t.k >= (w if w > 1 else 0)))
            for w in (1, *windows)
            for name in AMOUNTS
        },
    )


def _over(name: str, months: int) -> str:
    """Return the column of an amount added over some months."""
    return name if months == 1 else f"{name}_{months}"


def _covered(source: Coverage, at: Any, months: int) -> Any:
    """Return whether a source covers the months up to `at`."""
    known = (at - (months - 1) >= source.first) & (at <= source.last)
    for lag in range(months if source.holes else 0):
        known &= ~(at - lag).isin(source.holes)
    return known


def _amount(value: Any, known: Any) -> Any:
    """Return what months amount to: nothing without contract, unknown where one does not say."""
    total = value.fill_null(0.0)
    return ifelse(known & ~total.isnan(), total, None)


def _declared(tables: Tables, rows: Table, ks: tuple[int, ...], source: Coverage) -> Table:
    """Return the flags of the months covered by a declared situation, as the panel reads them."""
    people = rows.select("entry", "id_jeune", "month")
    spells = tables.table("situations")
    spells = spells.filter(spells.etat != "PREVU").join(people, "id_jeune")
    spells = spells.join(last_contacts(tables), "id_jeune")
    start = greatest(month_of(spells.date_debut), source.first)
    known_until = greatest(month_of(spells.date_debut), spells.last_contact)
    end = ifelse(spells.date_fin.isnull(), known_until, month_of(spells.date_fin))
    end = least(end, source.last)
    flags = spell_flags(spells)
    spells = spells.mutate(k_first=start - spells.month, k_last=end - spells.month, **flags)
    long = spells.select(
        "entry", "k_first", "k_last", *flags, k=_array(ks).cast("array<int32>").unnest()
    )
    inside = long.filter((long.k >= long.k_first) & (long.k <= long.k_last))
    return inside.group_by("entry", "k").agg(**{flag: inside[flag].any() for flag in flags})


def _linked(tables: Tables, rows: Table, ks: tuple[int, ...], windows: tuple[int, ...]) -> Table:
    """Return the months with a contract, by the linked source, and amounts over some months."""
    worked = tables.table("emploi_mensuel")
    worked = worked.filter(worked.en_emploi)
    worked = worked.join(rows.select("entry", "id_jeune", "month"), "id_jeune")
    worked = worked.mutate(k=(month_of(worked.mois) - worked.month).cast("int32"))
    kinds = worked.filter(worked.k.isin(ks)).mutate(kind=contract_kind(worked))
    named = kinds.mutate(**linked_flags(kinds.kind))
    t = named.group_by("entry", "k").agg(**{name: named[name].any() for name in LINKED})
    by_month = monthly_amounts(worked, month_of(worked.mois), "entry", "k").drop("at")
    for months in (1, *windows):
        spread = by_month.mutate(lag=_array(tuple(range(months))).unnest())
        spread = spread.mutate(k=(spread.k + spread.lag).cast("int32"))
        spread = spread.filter(spread.k.isin(ks))
        sums = spread.group_by("entry", "k").agg(
            **{_over(name, months): spread[name].sum() for name in AMOUNTS}
        )
        t = t.outer_join(sums, ["entry", "k"])
        t = t.mutate(entry=t.entry.fill_null(t.entry_right), k=t.k.fill_null(t.k_right)).drop(
            "entry_right", "k_right"
        )
    return t


def _counted(t: Table, subgroup: str, value: Any, chosen: tuple[Outcome, ...]) -> Table:
    """Count the youths, and add up the outcomes, by cell and value of a subgroup."""
    named = t.mutate(subgroup=literal(subgroup), subgroup_value=value.cast("string"))
    sums: dict[str, Any] = {"n": named.count().cast("int64")}
    sums |= {f"{ENTERED}_n": named.count().cast("int64")}
    sums |= {f"{ENTERED}_sum": named[ENTERED].cast("float64").sum()}
    for o in chosen:
        y = named[f"y_{o.name}"]
        sums |= {f"{o.name}_n": y.count().cast("int64"), f"{o.name}_sum": y.sum().fill_null(0.0)}
    return named.group_by(*KEYS).agg(**sums)


COLUMNS = ["measure", "group", "group_value", "label", "value", "numerator", "denominator", "unit"]
PROFILE_TRAITS = ("sexe", "age", "niveau_diplome", "qpv")


def profile_areas(cells: AreaCells, study: Study) -> pd.DataFrame:
    """Count the eligible youths by wave, half-year and what became of them.

    Returns:
        One row per measure (`demands`, `take_up`, `outcome`, `observation` by half-year; `areas`
        and the traits by wave), wave (`group`) and value, as `profile_cohort` gives them. Nothing
        is protected yet.
    """
    horizon = study.primary.horizon or 0
    primary = cells.outcomes[study.outcomes.index(study.primary.outcome)]
    declared = [o for o in cells.outcomes if o.channel == "declared"] or [primary]
    whole = _by_wave(cells, "", 0)
    at = _by_wave(cells, "", horizon)
    parts = [
        _framed(whole, "demands", "n", "n", "youths"),
        _framed(at, "take_up", "entered_sum", "n", "%"),
        _framed(at, "outcome", f"{primary.name}_sum", f"{primary.name}_n", "%"),
        _framed(at, "observation", f"{declared[0].name}_n", "n", "%"),
        *[_composition(cells, trait) for trait in PROFILE_TRAITS],
        _areas(cells),
    ]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _by_wave(cells: AreaCells, subgroup: str, k: int) -> pd.DataFrame:
    """Return the eligible of one month since the demand, with the label of their wave."""
    t = cells.table
    t = t[(t["level"] == "eligible") & (t["subgroup"] == subgroup) & (t["k"] == k)]
    waves = cells.areas[["area", "wave", "opened"]]
    merged = t.merge(waves, on="area")
    pairs = zip(merged["wave"], merged["opened"], strict=True)
    return merged.assign(group=[wave_label(wave, int(month)) for wave, month in pairs])


def _framed(
    rows: pd.DataFrame, measure: str, numerator: str, denominator: str, unit: str
) -> pd.DataFrame:
    sums = rows.groupby(["opened", "group", "cohort"], sort=True, as_index=False)[
        list(dict.fromkeys([numerator, denominator]))
    ].sum()
    out: pd.DataFrame = sums.assign(
        measure=measure,
        group_value=[half_year_label(int(c)) for c in sums["cohort"]],
        label=[half_year_label(int(c)) for c in sums["cohort"]],
        unit=unit,
    )
    out["numerator"], out["denominator"] = out[numerator], out[denominator]
    share = 100 * out["numerator"] / out["denominator"]
    return out.assign(value=share if unit == "%" else out["numerator"])


def _composition(cells: AreaCells, trait: str) -> pd.DataFrame:
    rows = _by_wave(cells, trait, 0)
    sums = rows.groupby(["opened", "group", "subgroup_value"], sort=True, as_index=False)["n"].sum()
    total = sums.groupby("group")["n"].transform("sum")
    found: pd.DataFrame = sums.assign(
        measure=trait,
        group_value=sums["subgroup_value"],
        label=sums["subgroup_value"],
        numerator=sums["n"],
        denominator=total,
        value=100 * sums["n"] / total,
        unit="%",
    )
    return found


def _areas(cells: AreaCells) -> pd.DataFrame:
    sizes = cells.areas.groupby(["opened", "wave"], as_index=False).size()
    pairs = zip(sizes["wave"], sizes["opened"], strict=True)
    labels = [wave_label(wave, int(month)) for wave, month in pairs]
    return sizes.assign(
        measure="areas", group=labels, group_value="départements", label="départements",
        value=sizes["size"], numerator=float("nan"), denominator=float("nan"), unit="areas",
    )  # fmt: skip
