"""All the indicators of a year in one pass: from checked tables to one table of figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pydantic import ValidationError

from evalml.engine import MILLION, Engine, Table, cases, literal, union
from evalml.errors import EvalmlError, ExtractError, nearest
from evalml.indicators.catalogue import groups_of, indicators_of
from evalml.indicators.counts import (
    OF_PLACE,
    acts_by_file,
    acts_of,
    allowances_of,
    applications_of,
    cohorts_of,
    completeness_of,
    contracts_of,
    is_young,
    outcomes_at_exit,
    programmes_of,
    situations_of,
)
from evalml.indicators.people import (
    AGE_DATES,
    AMOUNTS,
    AT_WELCOME,
    AgeOn,
    people_of,
    places_of,
    traits_of,
)
from evalml.months import first_day
from evalml.study import Territory
from evalml.tables.sources import coverage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from evalml.indicators.catalogue import Breakdown, CountPopulation, Indicator
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
    "state",
    "reason",
    "age_on",
    "vintage",
    "completeness",
    "young",
)
KNOWN, UNKNOWN, NO_BASE = "known", "unknown", "no_base"
"""State of a figure: found; not held by the extract; a share or a mean of nobody."""

Place = Literal["structure", "departement", "region"]
PLACES: dict[Place, str] = {
    "structure": "id_structure",
    "departement": "code_departement",
    "region": "code_region",
}
PREFIX: dict[CountPopulation | None, str] = {
    None: "all",
    "accompagnes": "acc",
    "recus_entretien": "rec",
}
FLAG: dict[CountPopulation | None, str] = {"accompagnes": "accompagne", "recus_entretien": "recu"}
"""How the sums over a population are called, and the column that counts it."""

WHOLE, ALL = "", "*"
KEYS = ["trait", "code", "area"]


@dataclass(frozen=True, slots=True)
class PersonCount:
    """What is counted of each person.

    Attributes:
        rows: Makes one row per person from the records.
        columns: Pattern of the columns it makes.
        tables: Tables it reads.
    """

    rows: Callable[[Tables, int, Collection[str]], Table | None]
    columns: str
    tables: tuple[str, ...]


_SPELLS = r"\w+_(entree|premiere|renouvele|present)|gj_pacea|(parcours_)?nationaux|contractualise"
PARTS = (
    PersonCount(
        acts_of,
        r"premier_acte|accompagne|en_contact|recu|en_collectif|jdi|appui_\w+",
        ("actes",),
    ),
    PersonCount(programmes_of, _SPELLS, ("accompagnements",)),
    PersonCount(outcomes_at_exit, r"\w+_sortie(_\w+)?", ("accompagnements", "situations")),
    PersonCount(cohorts_of, r"\w+_cohorte(_\w+)?", ("accompagnements", "situations")),
    PersonCount(allowances_of, r"\w+_(euros|mois|alloue)", ("allocations",)),
    PersonCount(applications_of, r"[na]_iae_(?!contrats)\w+", ("iae_candidatures",)),
    PersonCount(contracts_of, r"n_iae_contrats", ("iae_contrats",)),
    PersonCount(situations_of, r"[na]_(?!iae_)\w+", ("situations",)),
)


def compute_indicators(
    tables: Tables,
    year: int,
    territory: Territory | Mapping[str, Any] | None = None,
    *,
    engine: Engine,
    by: Place | None = "departement",
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    age_on: AgeOn = "premier_acte",
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
        age_on: Day the age of the breakdown `age` is taken on: `premier_acte`, the first act of
            the year (31 December for who had none), or `fin_annee`, 31 December.

    Returns:
        One row per indicator, area and value of a breakdown (the whole first) with the columns of
        `COLUMNS`. A share is in percent; a count has the count it is part of as `denominator`.
        `state` is `known`, `unknown` (the extract does not hold it: `reason` says why) or
        `no_base` (a share or a mean of nobody). `vintage` is the day of the extraction,
        `completeness` the share of the rows of the year that late entries have filled by then
        (NaN where it cannot be measured), `young` whether that is under 95 per cent.
        Nothing is protected yet: no small count of it may leave (`protect_indicators`).

    Raises:
        EvalmlError: No indicator, breakdown or day has that name; or the territory is not one.
        ExtractError: The extract does not cover the year.
    """
    _check_year(tables, year)
    if age_on not in AGE_DATES:
        raise EvalmlError(f"no day of age is called '{age_on}'; {nearest(age_on, AGE_DATES)}")
    where = territory_from(territory) if territory else tables.meta.territory
    chosen, broken = indicators_of(year, names), groups_of(year, groups)
    reasons = {name: why_unknown(tables, name, year, engine) for name in _tables_of(chosen)}
    present = {name for name, reason in reasons.items() if not reason}
    wanted = _TableRequest(PLACES[by] if by else None, chosen, broken, age_on)
    sums = wanted.sums(tables, where, year, present, engine)
    by_area = _with_whole(sums, territory_code(where), by)
    picked = _picked(_restricted(by_area), broken)
    complete = completeness_of(tables, year, present, engine)
    parts = [_dated(_stated(_indicator(picked, i), i, reasons), i, complete) for i in chosen]
    table = _without_columns(pd.concat(parts, ignore_index=True), tables, broken, engine)
    vintage = tables.meta.extraction_date.isoformat()
    aged = _age_dates(table, age_on)
    return table.assign(
        year=year,
        vintage=vintage,
        age_on=aged,
        label=table["label"] + (" (âge au " + aged + ")").where(aged != "", ""),
    )[list(COLUMNS)]


def compute_indicator_years(
    tables: Tables,
    years: Sequence[int],
    territory: Territory | Mapping[str, Any] | None = None,
    *,
    engine: Engine,
    by: Place | None = "departement",
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    age_on: AgeOn = "premier_acte",
) -> pd.DataFrame:
    """Compute the indicators of several years, such as one and the year before it.

    Args:
        tables: The checked records.
        years: Which years, in order.
        territory: Where; the extract's own by default.
        engine: Where queries run.
        by: Areas shown beside the whole territory, none when None.
        names: Indicators; all those of a year by default.
        groups: Breakdowns; all those of a year by default, those it does not have left out.
        age_on: Day the age of the breakdown `age` is taken on.

    Returns:
        The rows of `compute_indicators` for each year; those of a year the extract does not cover
        whole are `unknown`, with the reason.

    Raises:
        EvalmlError: As `compute_indicators`.
        ExtractError: The extract covers none of the years.
    """
    covered = {year for year in years if not _not_covered(tables, year)}
    if not covered:
        _check_year(tables, years[0])
    found = {
        year: compute_indicators(
            tables, year, territory, engine=engine, by=by, names=names, age_on=age_on,
            groups=None if groups is None else [g.name for g in groups_of(year, groups)],
        )
        for year in covered
    }  # fmt: skip
    first = found[next(year for year in years if year in covered)]
    return pd.concat(
        [found[y] if y in covered else _unknown_year(first, tables, y) for y in years],
        ignore_index=True,
    )


def _unknown_year(like: pd.DataFrame, tables: Tables, year: int) -> pd.DataFrame:
    """Return the rows of another year, of which nothing is known."""
    exist = {i.name for i in indicators_of(year)}
    groups = {"", *(g.name for g in groups_of(year))}
    rows = like[like["indicator"].isin(exist) & like["group"].isin(groups)]
    nothing = dict.fromkeys(("value", "numerator", "denominator", "completeness"), float("nan"))
    reason = (
        f"l’extrait va du {tables.meta.period_start} au {tables.meta.period_end} et ne couvre pas "
        f"{year} en entier"
    )
    return rows.assign(year=year, state=UNKNOWN, reason=reason, young=False, **nothing)


def _not_covered(tables: Tables, year: int) -> bool:
    first, last = tables.meta.period_start, tables.meta.period_end
    return not ((first.year, first.month) <= (year, 1) and (year, 12) <= (last.year, last.month))


def _check_year(tables: Tables, year: int) -> None:
    if _not_covered(tables, year):
        first, last = tables.meta.period_start, tables.meta.period_end
        raise ExtractError(
            f"the extract covers {first} to {last}, not the whole of {year}; choose another year, "
            "or an extract that ends later"
        )


def why_unknown(tables: Tables, name: str, year: int, engine: Engine) -> str:
    """Return why `year` is not known whole in one table, in French; empty where it is."""
    if name not in tables.tables:
        return f"l’extrait n’a pas la table « {name} »"
    covered = coverage_of(tables, name, engine)
    if covered.holds(year * 12, year * 12 + 11):
        return ""
    if covered.last < covered.first:
        return f"la table « {name} » de l’extrait est vide"
    months = f"{first_day(covered.first):%Y-%m} à {first_day(covered.last):%Y-%m}"
    gaps = ", avec des mois vides" if covered.holes else ""
    why = f"la table « {name} » couvre {months}{gaps}, non toute l’année {year}"
    if covered.declared:
        return why
    return f"{why} (lu de ses lignes ; si elle est complète, le dire dans extract.yaml, coverage)"


def tables_read(indicator: Indicator) -> tuple[str, ...]:
    """Return the tables an indicator is counted in, that of its population included."""
    columns = [indicator.numerator, indicator.denominator or "", FLAG.get(indicator.population, "")]
    return tuple(dict.fromkeys(table for c in columns for table in _tables_of_column(c)))


def _tables_of_column(column: str) -> tuple[str, ...]:
    if column in OF_PLACE:
        return ("actes",)
    for part in PARTS:
        if re.fullmatch(part.columns, column):
            return part.tables
    return ()


def _tables_of(chosen: Sequence[Indicator]) -> list[str]:
    """Return the tables of the indicators, and that of the acts, which says who is accompanied."""
    return list(dict.fromkeys(["actes", *(t for i in chosen for t in tables_read(i))]))


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


@dataclass(frozen=True, slots=True)
class _TableRequest:
    """What one table of figures asks of the records."""

    place: str | None
    chosen: tuple[Indicator, ...]
    groups: tuple[Breakdown, ...]
    age_on: AgeOn

    @property
    def measures(self) -> set[str]:
        columns = {c for i in self.chosen for c in (i.numerator, i.denominator) if c}
        return columns | {"accompagne", "recu"}

    @property
    def traits(self) -> list[str]:
        return list(dict.fromkeys(g.column for g in self.groups))

    @property
    def needed(self) -> set[str]:
        """Columns read: what is summed, traits, the place, and the first act for the age."""
        day = {"premier_acte"} if "age" in self.traits else set()
        return self.measures | set(self.traits) | day | ({self.place} if self.place else set())

    def sums(
        self,
        tables: Tables,
        where: Territory,
        year: int,
        present: Collection[str],
        engine: Engine,
    ) -> pd.DataFrame:
        """Return sums by area and code of each breakdown, the whole included.

        Persons are told apart by `level`: 2 received in an interview, 1 accompanied otherwise,
        0 the others. A measure that nothing held can give is null.
        """
        people = activity_of(tables, where, year, self.needed, present=present, age_on=self.age_on)
        people = engine.keep(people, engine.fresh_name("activity"))
        parts = [engine.fetch(_sums(people, self.place, self.measures, self.traits))]
        acts = self._acts(tables, where, year, present)
        if acts is not None:
            acts = engine.keep(acts, engine.fresh_name("acts"))
            parts.append(engine.fetch(_sums(acts, self.place, self.measures, self.traits)))
        both = pd.concat(parts, ignore_index=True)
        missing = sorted(self.measures - set(both.columns))
        return both.assign(**dict.fromkeys(missing, float("nan")))

    def _acts(
        self, tables: Tables, where: Territory, year: int, present: Collection[str]
    ) -> Table | None:
        """Return what is asked of the acts of each file of the territory."""
        acts = acts_by_file(tables, year, self.needed) if "actes" in present else None
        if acts is None:
            return None
        counts = [c for c in acts.columns if c not in {"id_jeune", "id_dossier"}]
        known = places_of(tables, where, self.traits, acts)
        if "age" in self.traits:
            first = acts_of(tables, year, ("premier_acte",))
            known = known.left_join(first, "id_jeune").drop("id_jeune_right")
        made = traits_of(known, year, self.traits, self.age_on)
        plain = [*([self.place] if self.place else []), *(t for t in self.traits if t not in made)]
        return known.select(*dict.fromkeys(plain), *counts, **made)


def activity_of(
    tables: Tables,
    territory: Territory,
    year: int,
    needed: Collection[str],
    *,
    present: Collection[str],
    age_on: AgeOn = "premier_acte",
) -> Table:
    """Return one row per person of the territory: what is asked of its traits and of the year."""
    parts = [part.rows(tables, year, needed) for part in PARTS if set(part.tables) <= set(present)]
    people = people_of(tables, territory, year, needed)
    for place, part in enumerate(part for part in parts if part is not None):
        people = people.left_join(part, "id_jeune", rname=f"{{name}}_{place}")
    if "premier_acte" in needed and "premier_acte" not in people.columns:
        people = people.mutate(premier_acte=literal(None, "date"))
    traits = traits_of(people, year, needed, age_on)
    rest = [name for name in people.columns if name in needed and name not in traits]
    return people.select(*rest, **traits)


def _sums(
    activity: Table, place: str | None, wanted: Collection[str], traits: Sequence[str]
) -> Table:
    """Return sums by area, level and code of each breakdown, the whole included, in one query."""
    measures = [c for c in sorted(wanted) if c in activity.columns]
    rows = activity.select(
        *(activity[trait].name(f"trait_{trait}") for trait in traits),
        area=activity[place] if place else literal(ALL),
        level=_level(activity),
        **{name: _addend(activity, name) for name in measures},
    )
    parts = []
    for trait in (WHOLE, *traits):
        code = rows[f"trait_{trait}"] if trait else literal(WHOLE)
        keys = {"area": rows["area"], "code": code, "level": rows["level"]}
        grouped = rows.group_by(**keys).agg(**{name: _added(rows, name) for name in measures})
        parts.append(grouped.mutate(trait=literal(trait)))
    return union(*parts) if len(parts) > 1 else parts[0]


def _level(activity: Table) -> Any:
    if "accompagne" not in activity.columns:
        return literal(0, "int8")
    return cases(
        (activity.recu.fill_null(False), literal(2, "int8")),
        (activity.accompagne.fill_null(False), literal(1, "int8")),
        else_=literal(0, "int8"),
    )


def _addend(activity: Table, name: str) -> Any:
    """Return a column as what is added up, nothing where nobody counted it."""
    return activity[name].cast("int64" if name in AMOUNTS else "float64").fill_null(0)


def _added(rows: Table, name: str) -> Any:
    """Return the sum of a column; that of an amount depends on no order."""
    total = rows[name].sum()
    return total.cast("float64") / MILLION if name in AMOUNTS else total


def _with_whole(sums: pd.DataFrame, whole: str, by: Place | None) -> pd.DataFrame:
    """Return the sums with lines more for the whole territory."""
    keys = ["trait", "code", "level"]
    columns = [c for c in sums if c not in {"area", *keys}]
    total = sums.groupby(keys, as_index=False)[columns].sum(min_count=1).assign(area=whole)
    if by is None:
        return total
    areas = sums.assign(area=f"{by}:" + sums["area"].astype("str")).sort_values("area")
    return pd.concat([total, areas[areas["area"] != whole]], ignore_index=True)


def _restricted(sums: pd.DataFrame) -> pd.DataFrame:
    """Return each sum over everybody (`all:`), accompanied (`acc:`), and interviewed (`rec:`)."""
    columns = [c for c in sums if c not in {*KEYS, "level"}]
    order = sums["area"].unique()
    over = [
        sums[sums["level"] >= least].groupby(KEYS)[columns].sum(min_count=1).add_prefix(f"{kind}:")
        for least, kind in enumerate(PREFIX.values())
    ]
    both = over[0].join(over[1]).join(over[2])
    known = [c for c in columns if sums[c].notna().any()]
    both = both.fillna({f"{kind}:{c}": 0.0 for kind in PREFIX.values() for c in known})
    areas = pd.Categorical(both.index.get_level_values("area"), order, ordered=True)
    return both.copy().reset_index().assign(area=areas)


def _picked(sums: pd.DataFrame, groups: Sequence[Breakdown]) -> pd.DataFrame:
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

    A count is part of its own whole where it is broken down, and of its population where it
    counts youths of one.
    """
    kind = PREFIX[indicator.population]
    numerator, whole = picked[f"{kind}:{indicator.numerator}"], picked["group"] == ""
    value, base = numerator, picked[f"whole:{kind}:{indicator.numerator}"]
    if indicator.denominator is not None:
        base = picked[f"{kind}:{indicator.denominator}"]
        factor = 100.0 if indicator.statistic == "share" else 1.0
        value = factor * numerator / base.where(base > 0)
    elif indicator.population is not None and indicator.unit == "jeunes":
        base = base.where(~whole, picked[f"whole:{kind}:{FLAG[indicator.population]}"])
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


def _stated(rows: pd.DataFrame, indicator: Indicator, reasons: Mapping[str, str]) -> pd.DataFrame:
    """Return the figures of an indicator with their state, and why they are not known."""
    why = next((reasons[t] for t in tables_read(indicator) if reasons[t]), "")
    if why:
        nothing = dict.fromkeys(("value", "numerator", "denominator"), float("nan"))
        return rows.assign(state=UNKNOWN, reason=why, **nothing)
    empty = rows["value"].isna()
    reason = "" if not empty.any() else "personne dans le dénominateur"
    states = pd.Series(KNOWN, index=rows.index).mask(empty, NO_BASE)
    return rows.assign(state=states, reason=pd.Series("", rows.index).mask(empty, reason))


def _without_columns(
    table: pd.DataFrame, tables: Tables, groups: Sequence[Breakdown], engine: Engine
) -> pd.DataFrame:
    """Return the figures with those unknown whose breakdown needs a column the extract lacks."""
    for group in groups:
        for code, value in group.values.items():
            if value.needs is None or _fills(tables, value.needs, engine):
                continue
            lost = (table["group"] == group.name) & (table["group_value"] == code)
            reason = f"l’extrait n’a pas la colonne « dossiers.{value.needs} »"
            nothing = {c: table[c].mask(lost) for c in ("value", "numerator", "denominator")}
            state = table["state"].mask(lost, UNKNOWN)
            table = table.assign(**nothing, state=state, reason=table["reason"].mask(lost, reason))
    return table


def _fills(tables: Tables, column: str, engine: Engine) -> bool:
    """Return whether any file of the extract says the column."""
    files = tables.table("dossiers")
    if column not in files.columns:
        return False
    return bool(engine.fetch(files.agg(n=files[column].count()))["n"].iloc[0])


def _dated(rows: pd.DataFrame, indicator: Indicator, complete: Mapping[str, float]) -> pd.DataFrame:
    """Return the figures of an indicator with how complete the year is in what it reads."""
    shares = [complete[t] for t in tables_read(indicator) if t in complete]
    share = min(shares, default=float("nan"))
    return rows.assign(completeness=share, young=is_young(share))


def _age_dates(table: pd.DataFrame, age_on: AgeOn) -> pd.Series[str]:
    """Return the day of the age, in French, on the rows that are broken down by one."""
    days = {"age": AGE_DATES[age_on], "age_accueil": AT_WELCOME}
    return table["group"].map(days).fillna("")
