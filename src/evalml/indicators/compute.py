"""All the indicators of a year in one pass: from checked tables to one table of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pydantic import ValidationError

from evalml.engine import MILLION, Engine, Table, literal, union
from evalml.errors import EvalmlError, ExtractError
from evalml.indicators.acts import acts_of
from evalml.indicators.asked import AMOUNTS
from evalml.indicators.beside import allowances_of, applications_of, contracts_of
from evalml.indicators.catalogue import indicators_of
from evalml.indicators.groups import groups_of
from evalml.indicators.people import people_of, traits_of
from evalml.indicators.programmes import outcomes_at_exit, programmes_of
from evalml.indicators.situations import situations_of
from evalml.study import Territory

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from evalml.indicators.catalogue import Indicator
    from evalml.indicators.groups import Group
    from evalml.tables import Tables

COLUMNS = (
    "indicator",
    "label",
    "group",
    "group_value",
    "value",
    "numerator",
    "denominator",
    "unit",
    "statistic",
    "year",
    "territory",
    "breakdown",
)
Place = Literal["structure", "departement", "region"]
PLACES: dict[Place, str] = {
    "structure": "id_structure",
    "departement": "code_departement",
    "region": "code_region",
}
WHOLE, ALL = "", "*"
KEYS = ["trait", "code", "area"]


def compute_indicators(
    tables: Tables,
    year: int,
    territory: Territory | Mapping[str, Any] | None = None,
    *,
    engine: Engine,
    by: Place | None = "departement",
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Compute the indicators of `year`, in all and by area, whole and broken down.

    Args:
        tables: The checked records.
        year: Which year; the extract must cover it whole.
        territory: Where, such as `{"departement": ["59"]}`; the extract's own by default.
        engine: Where queries run.
        by: Areas shown beside the whole territory, none when None.
        names: Indicators; all those that exist in `year` by default.
        groups: Breakdowns; all those that exist in `year` by default.

    Returns:
        One row per indicator, area and value of a breakdown (the whole first) with the columns of
        `COLUMNS`. A share is in percent; a count has the count it is part of as `denominator`.
        Nothing is protected yet: no small count of it may leave (`protect_indicators`).

    Raises:
        EvalmlError: No indicator, or breakdown, has that name; or the territory is not one.
        ExtractError: The extract does not cover the year.
    """
    _check_year(tables, year)
    where = territory_from(territory) if territory else tables.meta.territory
    chosen, broken = indicators_of(year, names), groups_of(year, groups)
    asked = _asked(PLACES[by] if by else None, chosen, broken)
    activity = activity_of(tables, where, year, asked)
    activity = engine.keep(activity, engine.fresh_name("activity"))
    sums = engine.fetch(_sums(activity, PLACES[by] if by else None, chosen, broken))
    by_area = _with_whole(sums, territory_code(where), by)
    picked = _picked(_restricted(by_area), broken)
    table = pd.concat([_indicator(picked, i) for i in chosen], ignore_index=True)
    return table.assign(year=year)[list(COLUMNS)]


def _check_year(tables: Tables, year: int) -> None:
    first, last = tables.meta.period_start, tables.meta.period_end
    if not (first.year <= year <= last.year) or (last.year == year and last.month < 12):  # noqa: PLR2004
        raise ExtractError(
            f"the extract covers {first} to {last}, not the whole of {year}; choose another year, "
            "or an extract that ends later"
        )


def territory_from(given: Territory | Mapping[str, Any]) -> Territory:
    """Return a territory from the four keys a study may give.

    Raises:
        EvalmlError: Not exactly one of them is given, or it is mistyped.
    """
    try:
        return given if isinstance(given, Territory) else Territory.model_validate(dict(given))
    except ValidationError:
        raise EvalmlError(
            "the territory must be one of {region: '32'}, {departement: ['59']}, "
            "{structure: [...]} or {national: true}, codes quoted"
        ) from None


def territory_code(territory: Territory) -> str:
    """Return the code of a territory, as the figures in print have it, such as `region:32`."""
    if territory.region is not None:
        return f"region:{territory.region}"
    if territory.national:
        return "france"
    kind, codes = (
        ("departement", territory.departement)
        if territory.departement is not None
        else ("structure", territory.structure or ())
    )
    return f"{kind}:{'+'.join(sorted(codes))}"


def activity_of(tables: Tables, territory: Territory, year: int, asked: Collection[str]) -> Table:
    """Return one row per person of the territory: what is asked of its traits and of the year."""
    asked = {*asked, "premier_acte"} if "age" in asked else asked
    parts = [
        part(tables, year, asked)
        for part, optional in _PARTS.items()
        if optional is None or optional in tables.tables
    ]
    people = people_of(tables, territory, year, asked)
    for place, part in enumerate(part for part in parts if part is not None):
        people = people.left_join(part, "id_jeune", rname=f"{{name}}_{place}")
    traits = traits_of(people, year, asked)
    rest = [name for name in people.columns if name in asked and name not in traits]
    return people.select(*rest, **traits)


_PARTS = {
    acts_of: None,
    situations_of: None,
    programmes_of: None,
    outcomes_at_exit: None,
    allowances_of: "allocations",
    applications_of: "iae_candidatures",
    contracts_of: "iae_contrats",
}
"""What is counted of each person, and the table it needs where an extract may lack it."""


def _asked(place: str | None, chosen: Sequence[Indicator], groups: Sequence[Group]) -> set[str]:
    """Return the columns that the chosen indicators and breakdowns read."""
    read = {c for i in chosen for c in (i.numerator, i.denominator) if c} | {"accompagne"}
    return read | {g.column for g in groups} | ({place} if place else set())


def _sums(
    activity: Table, place: str | None, chosen: Sequence[Indicator], groups: Sequence[Group]
) -> Table:
    """Return sums by area and code of each breakdown, the whole included, in one query.

    Accompanied youths and the others are kept apart: `accompagne` says which.
    """
    wanted = {c for i in chosen for c in (i.numerator, i.denominator) if c} | {"accompagne"}
    measures = [c for c in sorted(wanted) if c in activity.columns]
    traits = list(dict.fromkeys(g.column for g in groups))
    rows = activity.select(
        *(activity[trait].name(f"trait_{trait}") for trait in traits),
        area=activity[place] if place else literal(ALL),
        seen=activity.accompagne.fill_null(False),
        **{name: _addend(activity, name) for name in measures},
    )
    parts = []
    for trait in (WHOLE, *traits):
        code = rows[f"trait_{trait}"] if trait else literal(WHOLE)
        keys = {"area": rows["area"], "code": code, "seen": rows["seen"]}
        grouped = rows.group_by(**keys).agg(**{name: _added(rows, name) for name in measures})
        parts.append(grouped.mutate(trait=literal(trait)))
    missing = {name: literal(None, "float64") for name in sorted(wanted - set(measures))}
    both = union(*parts) if len(parts) > 1 else parts[0]
    return both.mutate(**missing) if missing else both


def _addend(activity: Table, name: str) -> Any:
    """Return a column as what is added up, nothing where nobody counted it."""
    return activity[name].cast("int64" if name in AMOUNTS else "float64").fill_null(0)


def _added(rows: Table, name: str) -> Any:
    """Return the sum of a column; that of an amount depends on no order."""
    total = rows[name].sum()
    return total.cast("float64") / MILLION if name in AMOUNTS else total


def _with_whole(sums: pd.DataFrame, whole: str, by: Place | None) -> pd.DataFrame:
    """Return the sums with lines more for the whole territory."""
    keys = ["trait", "code", "seen"]
    columns = [c for c in sums if c not in {"area", *keys}]
    total = sums.groupby(keys, as_index=False)[columns].sum(min_count=1).assign(area=whole)
    if by is None:
        return total
    areas = sums.assign(area=f"{by}:" + sums["area"].astype("str")).sort_values("area")
    return pd.concat([total, areas[areas["area"] != whole]], ignore_index=True)


def _restricted(sums: pd.DataFrame) -> pd.DataFrame:
    """Return each sum twice: over everybody (`all:`) and over accompanied youths (`acc:`)."""
    columns = [c for c in sums if c not in {*KEYS, "seen"}]
    order = sums["area"].unique()
    everybody = sums.groupby(KEYS)[columns].sum(min_count=1).add_prefix("all:")
    seen = sums[sums["seen"]].groupby(KEYS)[columns].sum(min_count=1).add_prefix("acc:")
    both = everybody.join(seen)
    known = [c for c in columns if sums[c].notna().any()]
    both = both.fillna({f"{kind}:{c}": 0.0 for kind in ("all", "acc") for c in known})
    areas = pd.Categorical(both.index.get_level_values("area"), order, ordered=True)
    return both.copy().reset_index().assign(area=areas)


def _picked(sums: pd.DataFrame, groups: Sequence[Group]) -> pd.DataFrame:
    """Return the sums of every value of every breakdown, the whole first, with its own whole.

    Returns:
        `group`, `group_value`, `territory`, the sums, and those of the whole as `whole:...`.
    """
    columns = [c for c in sums if c not in KEYS]
    values: list[tuple[str, str, str, tuple[str, ...]]] = [("", "", WHOLE, (WHOLE,))]
    values += [(g.name, code, g.column, v.of) for g in groups for code, v in g.values.items()]
    areas = list(sums["area"].cat.categories)
    parts = []
    for group, code, trait, codes in values:
        rows = sums[(sums["trait"] == trait) & sums["code"].isin(codes)]
        found = rows.groupby("area", observed=True)[columns].sum(min_count=1).reindex(areas)
        names = pd.DataFrame({"group": group, "group_value": code, "territory": areas}, areas)
        parts.append(pd.concat([names, found], axis=1))
    whole = parts[0][columns]
    computed = [c for c in columns if whole[c].notna().any()]
    table = pd.concat(parts, ignore_index=True).fillna(dict.fromkeys(computed, 0.0))
    repeated = pd.concat([whole] * len(parts), ignore_index=True).add_prefix("whole:")
    return pd.concat([table, repeated], axis=1)


def _indicator(picked: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    """Return the figures of one indicator, whole and broken down.

    A count is part of its own whole where it is broken down, and of the accompanied youths where
    it counts some of them.
    """
    kind = "acc" if indicator.population == "accompagnes" else "all"
    numerator, whole = picked[f"{kind}:{indicator.numerator}"], picked["group"] == ""
    value, base = numerator, picked[f"whole:{kind}:{indicator.numerator}"]
    if indicator.denominator is not None:
        base = picked[f"{kind}:{indicator.denominator}"]
        factor = 100.0 if indicator.statistic == "share" else 1.0
        value = factor * numerator / base.where(base > 0)
    elif kind == "acc" and indicator.unit == "jeunes":
        base = base.where(~whole, picked["whole:acc:accompagne"])
    else:
        base = base.where(~whole)
    pairs = picked["group"] + "=" + picked["group_value"]
    return pd.DataFrame(
        {
            "indicator": indicator.name,
            "label": indicator.label,
            "group": picked["group"],
            "group_value": picked["group_value"],
            "value": value,
            "numerator": numerator,
            "denominator": base,
            "unit": indicator.unit,
            "statistic": indicator.statistic,
            "territory": picked["territory"],
            "breakdown": pairs.where(~whole, ""),
        }
    )
