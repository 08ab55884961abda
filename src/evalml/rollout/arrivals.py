"""Who came to a mission locale for the first time, where, when, and when its area opened."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.codes import territory_names
from evalml.engine import cases, coalesce, greatest, hash_of, literal, month_of, row_number, window
from evalml.errors import CohortError, StudyError, nearest
from evalml.months import first_day, month_number
from evalml.rules import rules
from evalml.values import Message, Number, messages_text, names
from evalml.words import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.engine import Engine, Table
    from evalml.study import Study
    from evalml.tables import Tables
    from evalml.values import Values


LAST = "généralisation"
"""Wave of the areas that the texts read do not name."""
NEVER = "pas d’ouverture"
"""Wave of the areas to which a study that brings the dates gives none."""
FAR = dt.date(2100, 1, 1)


def waves_of(programme: str) -> pd.DataFrame:
    """Return the wave of each département, by the texts that were read.

    A département named in two waves (only some of its missions locales in each) belongs to the
    first: it is marked `partial`. One that no text names opens when the programme is general.

    Returns:
        area (INSEE code of the département), wave, opened (month number), partial.

    Raises:
        CohortError: The programme opened everywhere at once.
    """
    known = rules(programme)
    if "waves" not in known.rules or "generalisation" not in known.rules:
        raise CohortError(
            f"{programme} opened by waves nowhere, in the texts read: a roll-out has no area that "
            "is not open yet to compare with; choose another design"
        )
    listed = known.rules["waves"].values[-1].value
    general = known.rules["generalisation"].values[0].value
    rows: dict[str, tuple[str, int, bool]] = {}
    for entry in _mappings(listed):
        month = month_number(_day(entry["start"]))
        for code in entry["departements"]:
            rows.setdefault(str(code), (str(entry["wave"]), month, code in entry["partial"]))
    rest = (LAST, month_number(_day(general)), False)
    for code in territory_names()["departements"]:
        rows.setdefault(code, rest)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["wave", "opened", "partial"])
    return table.rename_axis("area").sort_index().reset_index()


def waves_of_study(study: Study) -> pd.DataFrame:
    """Return the wave of each area, by the dates that the study brings, or by the texts read.

    Waves that the study brings are numbered by date; an area it leaves out is absent.
    """
    given = study.comparison.openings
    if given is None:
        return waves_of(study.programme)
    days = sorted(set(given.values()))
    rows = [
        (area, str(1 + days.index(day)), month_number(day), False) for area, day in given.items()
    ]
    table = pd.DataFrame(rows, columns=["area", "wave", "opened", "partial"])
    return table.sort_values("area", ignore_index=True)


def _mappings(value: object) -> list[dict[str, list[str]]]:
    return value if isinstance(value, list) else []


def _day(value: object) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def wave_label(wave: str, opened: int) -> str:
    """Return the French name of a wave: « vague 1 (octobre 2013) »."""
    if wave == NEVER:
        return wave
    name = f"vague {wave}" if wave != LAST else wave
    return f"{name} ({MONTHS[opened % 12]} {opened // 12})"


MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip


def half_year(month: int) -> int:
    """Return the number of the half-year of a month number: year * 2, plus one from July."""
    return month // 6


def half_year_label(number: int) -> str:
    """Return the name of a half-year, such as `2014-S1`."""
    return f"{number // 2}-S{number % 2 + 1}"


def half_years(first: dt.date, last: dt.date) -> range:
    """Return the whole half-years between two days: the one `first` lies in starts the range."""
    return range(half_year(month_number(first)), half_year(month_number(last)) + 1)


def month_of_half_year(number: int) -> dt.date:
    """Return the first day of a half-year."""
    return first_day(number * 6)


def unknown_areas(codes: Iterable[str], waves: pd.DataFrame) -> list[str]:
    """Return the areas of an extract whose opening no rule gives."""
    return sorted(set(codes) - set(waves["area"]))


UNKNOWN = "INCONNU"
ELIGIBLE, WITNESS = "eligible", "witness"
TRAITS = {
    "sexe": "Sexe",
    "age": "Âge",
    "niveau_diplome": "Diplôme",
    "qpv": "Quartier prioritaire (QPV)",
    "frr": "Zone rurale (FRR)",
}
"""What is known of a youth at the first demand: the composition of cohorts, the subgroups."""
ADULT = 22


@dataclass(frozen=True, slots=True, repr=False)
class FirstDemands:
    """The youths of a roll-out, at their first demand.

    Attributes:
        rows: One row per youth: `entry`, `id_jeune`, `month` (month number of the first demand),
            `cohort` (its half-year), `area`, `level` (`eligible`, or `witness`: too highly
            qualified to enter), `inside` (whether the area is one whose effect is wanted),
            `entered` (months from the demand to the first entry, null if none) and the TRAITS.
        areas: One row per area: area, wave, opened (month number), partial, first (half-year of
            the opening), inside.
        cohorts: Half-years of first demand, in order.
        wanted: Those whose effect is wanted; the others are what came before.
        flow: One row per rule: rule, label, kept, lost.
    """

    rows: Table
    areas: pd.DataFrame
    cohorts: tuple[int, ...]
    wanted: tuple[int, ...]
    flow: pd.DataFrame


def first_demands(tables: Tables, study: Study, engine: Engine) -> FirstDemands:
    """Return the youths who came for the first time, with the wave of their area.

    `study.entries` gives the first demands whose effect is wanted; `history_months` how far back
    the cohorts go that were there before the opening. The territory names the areas whose effect
    is wanted: the areas compared with are those of the whole extract that are not open yet.

    Raises:
        StudyError: A break of system is not declared, or a subgroup is not a trait.
        CohortError: The extract holds no area of the territory, or one whose opening is unknown.
    """
    wanted, cohorts = _half_years(study)
    _refuse_traits(study.subgroups)
    last = tables.meta.period_end
    tables.meta.refuse_undeclared_breaks(month_of_half_year(cohorts[0]), last, study.breaks)
    first = month_number(month_of_half_year(wanted[0]))
    tables.meta.refuse_months_outside(first, month_number(month_of_half_year(wanted[-1])), 0)
    people = engine.keep(_described(tables, study, cohorts), engine.fresh_name("first_demands"))
    rules_ = _rules(people, study)
    flow = _flow(people, rules_, engine)
    kept = people.filter(reduce(and_, (passes for _, _, passes in rules_)))
    kept = kept.mutate(entry=row_number().over(window(order_by=hash_of(kept.id_jeune))))
    rows = engine.keep(
        kept.select(
            "entry", "id_jeune", "month", "cohort", "area", "level", "inside", "entered", *TRAITS
        ),
        engine.fresh_name("first_demands_kept"),
    )
    return FirstDemands(rows, _areas(rows, study, engine), cohorts, wanted, flow)


def _half_years(study: Study) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the half-years whose effect is wanted, and all of them, those before included."""
    if study.entries is None or study.territory is None:
        raise CohortError(f"study '{study.study}' has no entries or no territory: it is no cohort")
    wanted = tuple(half_years(study.entries.first, study.entries.last))
    before = first_day(month_number(study.entries.first) - study.history_months)
    return wanted, tuple(half_years(before, study.entries.last))


def _refuse_traits(names: tuple[str, ...]) -> None:
    for name in names:
        if name not in TRAITS:
            raise StudyError(
                f"subgroups: '{name}' is not known at the first demand; {nearest(name, TRAITS)}"
            )


def _described(tables: Tables, study: Study, cohorts: tuple[int, ...]) -> Table:
    """Return everyone who came for the first time in these half-years, with what was known then."""
    t = tables.table("jeunes")
    t = t.filter(t.date_premier_accueil.notnull())
    t = t.select("id_jeune", "sexe", "date_naissance", "date_premier_accueil")
    month = month_of(t.date_premier_accueil)
    t = t.mutate(month=month, cohort=(month // 6).cast("int32"))
    t = t.filter((t.cohort >= cohorts[0]) & (t.cohort <= cohorts[-1]))
    t = t.join(_first_files(tables), "id_jeune").join(_places(tables, study), "id_structure")
    t = t.left_join(_first_entries(tables, study), "id_jeune").drop("id_jeune_right")
    t = t.left_join(_busy(tables, t, study), "id_jeune").drop("id_jeune_right")
    known = month_of(t.date_maj) <= t.month
    level = known.ifelse(t.niveau_diplome, None)
    return t.mutate(
        years=_age(t),
        age=cases((_age(t) < ADULT, literal("18-21 ans")), else_="22-25 ans"),
        level=cases(
            (level.isin(study.comparison.eligible_levels), literal(ELIGIBLE)),
            (level.isin(study.comparison.witness_levels), literal(WITNESS)),
            else_=None,
        ),
        niveau_diplome=coalesce(level, literal(UNKNOWN)),
        qpv=_yes_no(known.ifelse(t.qpv, None)),
        frr=_yes_no(known.ifelse(t.frr, None)),
        entered=t.entry_month.notnull().ifelse(greatest(t.entry_month - t.month, 0), None),
        busy=t.busy.fill_null(False),
    )


def _age(t: Table) -> Any:
    """Return the age in completed years on the day of the first demand."""
    born, came = t.date_naissance, t.date_premier_accueil
    years = came.year().cast("int32") - born.year().cast("int32")
    early = (came.month() < born.month()) | (
        (came.month() == born.month()) & (came.day() < born.day())
    )
    return years - early.cast("int32")


def _yes_no(flag: Any) -> Any:
    return cases((flag.isnull(), literal(UNKNOWN)), (flag, literal("oui")), else_="non")


def _first_files(tables: Tables) -> Table:
    """Return the first file of each person: where the first demand was made."""
    files = tables.table("dossiers")
    order = window(group_by="id_jeune", order_by=[files.date_ouverture, hash_of(files.id_dossier)])
    ranked = files.mutate(place=row_number().over(order))
    first = ranked.filter(ranked.place == 0)
    return first.select("id_jeune", "id_structure", "niveau_diplome", "qpv", "frr", "date_maj")


def _places(tables: Tables, study: Study) -> Table:
    """Return the area of each mission locale (its last one), and whether its effect is wanted."""
    structures, territory = tables.table("structures"), study.territory
    places = structures.group_by("id_structure").agg(
        departement=structures.code_departement.argmax(structures.valide_du),
        region=structures.code_region.argmax(structures.valide_du),
    )
    alone = study.comparison.opens_by_structure
    places = places.mutate(area=places.id_structure if alone else places.departement)
    inside: Any = literal(value=True)
    if territory is not None and territory.region is not None:
        inside = places.region == territory.region
    elif territory is not None and territory.departement is not None:
        inside = places.departement.isin(territory.departement)
    elif territory is not None and territory.structure is not None:
        if alone:
            return places.mutate(inside=places.area.isin(territory.structure))
        raise CohortError(
            "a roll-out compares areas: the opening of a single mission locale is not in the texts "
            "read; give territory.departement, territory.region or territory.national, or the "
            "dates of missions locales in comparison.openings"
        )
    return places.mutate(inside=inside)


def _first_entries(tables: Tables, study: Study) -> Table:
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif == (study.treatment.dispositif or study.programme))
    return spells.group_by("id_jeune").agg(entry_month=month_of(spells.date_debut).min())


def _busy(tables: Tables, people: Table, study: Study) -> Table:
    """Return who was in a situation that rules eligibility out, as told by then."""
    spells = tables.table("situations")
    spells = spells.filter(
        spells.categorie.isin(study.eligibility.outside_situations) & (spells.etat != "PREVU")
    )
    joined = spells.join(people.select("id_jeune", "date_premier_accueil", "month"), "id_jeune")
    joined = joined.filter(
        (joined.date_debut <= joined.date_premier_accueil)
        & (month_of(joined.date_saisie) <= joined.month)
        & (joined.date_fin.isnull() | (joined.date_fin >= joined.date_premier_accueil))
    )
    return joined.select("id_jeune").distinct().mutate(busy=literal(value=True))


def _rules(people: Table, study: Study) -> list[tuple[str, Message, Any]]:
    """Return the rules of eligibility in order: name, sentence, who passes."""
    low, high = _ages(study)
    outside = study.eligibility.outside_situations
    ages: Values = {"lowest": Number(low), "highest": Number(high, 0, "years")}
    found: list[tuple[str, Message, Any]] = [
        (
            "age",
            Message("rules.age_demand", ages),
            (people.years >= low) & (people.years <= high),
        )
    ]
    if outside:
        situations = names("level", (f"categorie={s}" for s in outside))
        words = Message("rules.outside_demand", {"outside": situations})
        found.append(("outside_situations", words, ~people.busy))
    found.append(
        (
            "level",
            Message("rules.level_known"),
            people.level.notnull(),
        )
    )
    return found


def _ages(study: Study) -> tuple[int, int]:
    """Return the ages of the study, or those in force when the programme first opened."""
    known = rules(study.programme).rules
    opening = month_of_half_year(_half_years(study)[0][0])
    ages = {n: known[n].at(opening) or known[n].values[0] for n in ("age_min", "age_max")}
    low = study.eligibility.age_min or ages["age_min"].value
    high = study.eligibility.age_max or ages["age_max"].value
    return int(str(low)), int(str(high))


def _flow(people: Table, rules_: list[tuple[str, Message, Any]], engine: Engine) -> pd.DataFrame:
    """Count, in one pass, who is left after each rule."""
    passes: list[Any] = [people.id_jeune.notnull()]
    for _, _, passed in rules_:
        passes.append(passes[-1] & passed)
    counts = {f"kept_{i}": passed.sum() for i, passed in enumerate(passes)}
    counts["eligible"] = (passes[-1] & (people.level == ELIGIBLE)).sum()
    row = engine.fetch(people.agg(**counts)).fillna(0).astype("int64").iloc[0]
    kept = [int(row[f"kept_{i}"]) for i in range(len(passes))] + [int(row["eligible"])]
    lines = [("first_demand", Message("rules.first_demand"))]
    lines += [(name, words) for name, words, _ in rules_]
    lines += [("eligible", Message("rules.eligible_level"))]
    return pd.DataFrame(
        {
            "rule": [name for name, _ in lines],
            "label": [render(words, "fr") for _, words in lines],
            "kept": kept,
            "lost": [0, *(a - b for a, b in pairwise(kept))],
            "words": [messages_text([words]) for _, words in lines],
        }
    )


def _areas(rows: Table, study: Study, engine: Engine) -> pd.DataFrame:
    """Return the areas of the extract, with their wave."""
    found = engine.fetch(rows.group_by("area").agg(inside=rows.inside.any())).sort_values("area")
    waves = waves_of_study(study)
    missing = unknown_areas(found["area"], waves)
    if study.comparison.openings is not None:
        unknown = sorted(set(waves["area"]) - set(found["area"]))
        if unknown:
            raise CohortError(
                f"comparison.openings: the extract holds no first demand in {', '.join(unknown)}; "
                "check the codes"
            )
        never = pd.DataFrame({"area": missing}).assign(
            wave=NEVER, opened=month_number(FAR), partial=False
        )
        waves = pd.concat([waves, never], ignore_index=True) if missing else waves
    elif missing:
        raise CohortError(
            f"no rule says when {study.programme} opened in {', '.join(missing)}; "
            "add the area to rules/, or take it out of the extract"
        )
    areas = found.merge(waves, on="area").assign(first=lambda t: t["opened"] // 6)
    if not areas["inside"].any():
        raise CohortError("the extract holds no area of the study's territory; check both")
    return areas.reset_index(drop=True)
