"""Who could have entered: persons with an open file at each time zero, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.engine import Engine, Table, greatest, hash_of, literal, month_of, row_number, window
from evalml.errors import CohortError
from evalml.months import first_day

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.study import Territory
    from evalml.tables import Tables


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the flow.

    Attributes:
        name: Short name.
        label: French label.
        column: Boolean column of the table at time zero that says who passes.
    """

    name: str
    label: str
    column: str


def time_zeros(trial: TargetTrial, engine: Engine) -> Table:
    """Return one row per trial: month number, first day (time zero) and the age rule in force."""
    rows = [
        {
            "month": month,
            "zero": first_day(month),
            "age_min": ages.lowest,
            "age_max": ages.highest,
            "age_max_rqth": ages.highest_rqth,
        }
        for month, ages in zip(trial.months, trial.ages, strict=True)
    ]
    types = {"month": "int32", "zero": "date", "age_min": "int32"}
    types |= {"age_max": "int32", "age_max_rqth": "int32"}
    return engine.memtable(pd.DataFrame(rows)).cast(types)


def structures_of(structures: Table, territory: Territory) -> Table:
    """Return the missions locales of a territory, one row each (their last validity)."""
    latest = structures.mutate(
        recency=row_number().over(
            window(group_by="id_structure", order_by=structures.valide_du.desc())
        )
    )
    unique = latest.filter(latest.recency == 0).select(
        "id_structure", "code_departement", "code_region"
    )
    if territory.region is not None:
        return unique.filter(unique.code_region == territory.region)
    if territory.departement is not None:
        return unique.filter(unique.code_departement.isin(territory.departement))
    if territory.structure is not None:
        return unique.filter(unique.id_structure.isin(territory.structure))
    return unique


def open_files(tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Return one row per person and time zero with an open file in the territory.

    A person followed by two missions locales belongs to the file opened last; a tie is broken by
    the hash of the file.
    """
    files = tables.table("dossiers")
    files = files.mutate(file_hash=hash_of(files.id_dossier))
    places = structures_of(tables.table("structures"), trial.territory)
    local = files.join(places, "id_structure")
    zeros = time_zeros(trial, engine)
    opened = local.cross_join(zeros)
    opened = opened.filter(
        (opened.date_ouverture < opened.zero)
        & (opened.date_cloture.isnull() | (opened.date_cloture >= opened.zero))
    )
    order = window(
        group_by=["id_jeune", "month"], order_by=[opened.date_ouverture.desc(), opened.file_hash]
    )
    ranked = opened.mutate(recency=row_number().over(order))
    return ranked.filter(ranked.recency == 0).drop("recency", "file_hash", "date_cloture")


def age_at(birth: Any, zero: Any) -> Any:
    """Return the age in completed years on the day `zero`."""
    as_number = {
        name: day.year().cast("int32") * 10000
        + day.month().cast("int32") * 100
        + day.day().cast("int32")
        for name, day in (("birth", birth), ("zero", zero))
    }
    return ((as_number["zero"] - as_number["birth"]) // 10000).cast("int32")


def entries_of(tables: Tables, trial: TargetTrial) -> Table:
    """Return, per person, the month of the first entry and of any earlier spell.

    `entry` is the month of the first spell of rank 1 (or of any rank where renewals count),
    `ever` the month of the first spell of any rank: an entry after `ever` is no first entry.
    """
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif == trial.dispositif)
    start = month_of(spells.date_debut)
    first = spells.rang == 1 if trial.first_entry else literal(value=True)
    return spells.group_by("id_jeune").agg(entry=start.min(where=first), ever=start.min())


def accompanied_at(tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Return the (person, month) pairs with an act that took place in the months before.

    An act counts where it took place (PRESENT) and had been entered before time zero.
    """
    acts = tables.table("actes")
    acts = acts.filter((acts.statut == "PRESENT") & (acts.type != "CONTACT"))
    acts = acts.select(
        "id_jeune",
        done=month_of(acts.date_acte),
        known=greatest(month_of(acts.date_acte), month_of(acts.date_saisie)),
    ).distinct()
    zeros = time_zeros(trial, engine).select("month")
    reach = trial.eligibility.accompanied_within_months
    near = acts.join(
        zeros,
        (zeros.month > acts.known) & (zeros.month <= acts.done + reach),
    )
    return near.select("id_jeune", "month").distinct().mutate(accompanied=literal(value=True))


def outside_at(tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Return the (person, month) pairs in a situation that rules an entry out."""
    spells = tables.table("situations")
    spells = spells.filter(
        spells.categorie.isin(trial.eligibility.outside_situations) & (spells.etat != "PREVU")
    )
    zeros = time_zeros(trial, engine).select("month", "zero")
    covering = spells.join(
        zeros,
        (spells.date_debut < zeros.zero)
        & (spells.date_saisie < zeros.zero)
        & (spells.date_fin.isnull() | (spells.date_fin >= zeros.zero)),
    )
    return covering.select("id_jeune", "month").distinct().mutate(busy=literal(value=True))


def in_programmes_at(tables: Tables, trial: TargetTrial, engine: Engine) -> Table:
    """Return the (person, month) pairs inside one of the programmes the trial excludes."""
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif.isin(trial.eligibility.outside_programmes))
    zeros = time_zeros(trial, engine).select("month", "zero")
    covering = spells.join(
        zeros,
        (spells.date_debut < zeros.zero)
        & (spells.date_fin.isnull() | (spells.date_fin >= zeros.zero)),
    )
    return covering.select("id_jeune", "month").distinct().mutate(enrolled=literal(value=True))


def at_time_zero(
    tables: Tables, trial: TargetTrial, engine: Engine
) -> tuple[Table, tuple[Rule, ...]]:
    """Return everyone with an open file at each time zero, and the rules as boolean columns.

    Raises:
        CohortError: A grace period was asked for.
    """
    if trial.grace_months:
        raise CohortError(
            "sequential trials have no grace period (it needs clone-censor-weight); "
            "set grace_months to 0"
        )
    t = open_files(tables, trial, engine)
    people = tables.table("jeunes")
    t = t.join(people, "id_jeune")
    t = t.left_join(entries_of(tables, trial), "id_jeune").drop("id_jeune_right")
    for flags in _flags(tables, trial, engine):
        t = t.left_join(flags, ["id_jeune", "month"]).drop("id_jeune_right", "month_right")
    age = age_at(t.date_naissance, t.zero)
    rqth = (t.rqth_depuis < t.zero).fill_null(False)
    t = t.mutate(age=age, rqth=rqth, treated=(t.entry == t.month).fill_null(False))
    columns = _rule_columns(t, trial)
    rules = tuple(rule for rule, _ in columns)
    return t.mutate(**{rule.column: passes for rule, passes in columns}), rules


def _flags(tables: Tables, trial: TargetTrial, engine: Engine) -> list[Table]:
    flags = [accompanied_at(tables, trial, engine)]
    if trial.eligibility.outside_situations:
        flags.append(outside_at(tables, trial, engine))
    if trial.eligibility.outside_programmes:
        flags.append(in_programmes_at(tables, trial, engine))
    return flags


def _rule_columns(t: Table, trial: TargetTrial) -> list[tuple[Rule, Any]]:
    given = trial.eligibility
    ages = {(a.lowest, a.highest, a.highest_rqth) for a in trial.ages}
    lowest, highest, rqth = min(ages)
    old_enough = (t.age >= t.age_min) & (
        (t.age <= t.age_max) | (t.rqth & (t.age <= t.age_max_rqth))
    )
    months = given.accompanied_within_months
    rules = [
        (
            Rule(
                "age",
                f"Âgé de {lowest} à {highest} ans révolus ({rqth} ans si RQTH)",
                "rule_age",
            ),
            old_enough,
        ),
        (
            Rule(
                "accompanied",
                f"Accompagné : au moins un acte réalisé dans les {months} mois précédents",
                "rule_accompanied",
            ),
            t.accompanied.fill_null(False),
        ),
        (
            Rule(
                "not_yet_entered",
                f"Jamais entré en {trial.dispositif} auparavant",
                "rule_not_yet_entered",
            ),
            t.ever.isnull() | (t.ever >= t.month),
        ),
    ]
    if given.outside_situations:
        label = " ni en ".join(s.lower() for s in given.outside_situations)
        rules.append(
            (
                Rule("outside_situations", f"Ni en {label} au temps zéro", "rule_outside"),
                ~t.busy.fill_null(False),
            )
        )
    if given.outside_programmes:
        label = ", ".join(given.outside_programmes)
        rules.append(
            (
                Rule("outside_programmes", f"Hors {label} au temps zéro", "rule_programmes"),
                ~t.enrolled.fill_null(False),
            )
        )
    for name, value in given.require.items():
        column = name.partition(".")[2]
        rules.append(
            (
                Rule(f"require_{column}", f"{name} = {value}", f"rule_require_{column}"),
                (t[column] == value).fill_null(False),
            )
        )
    return rules
