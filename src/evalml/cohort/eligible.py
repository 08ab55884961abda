"""Who could have entered: persons with an open file at each time zero, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalml.codes import code_list
from evalml.cohort.month_sets import Calendar, gather, holds, spread, touches, unfold, without
from evalml.cohort.trial import meets, required_words
from evalml.cohort.two_arms import ARMS, arm_rules, with_arms
from evalml.engine import (
    Engine,
    Table,
    bit_or,
    cases,
    greatest,
    hash_of,
    literal,
    month_of,
    row_number,
    window,
)
from evalml.errors import CohortError, nearest
from evalml.values import Message, Number, names

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.study import Territory
    from evalml.tables import Tables
    from evalml.values import Value


@dataclass(frozen=True, slots=True)
class EligibilityRule:
    """One line of the flow.

    Attributes:
        name: Short name.
        words: The rule as a sentence.
        column: Boolean column of the table at time zero that says who passes.
    """

    name: str
    words: Message
    column: str


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


def open_files(tables: Tables, trial: TargetTrial, calendar: Calendar) -> Table:
    """Return one row per file open at some time zero in the territory.

    A person followed by two missions locales belongs to the file opened last; a tie is broken by
    the hash of the file.

    The result: `id_jeune`, `id_dossier`, `id_structure`, `code_departement`, the columns the trial
    requires, `block`, and `open`, the months at which the person belongs to the file.
    """
    required = [c for table, c in _required(trial) if table == "dossiers"]
    files = tables.table("dossiers")
    files = files.join(structures_of(tables.table("structures"), trial.territory), "id_structure")
    files = files.select(
        "id_jeune",
        "id_dossier",
        "id_structure",
        "code_departement",
        *required,
        opened=files.date_ouverture,
        first=month_of(files.date_ouverture) + 1,
        last=month_of(files.date_cloture).fill_null(calendar.last),
    )
    laid = spread(files, calendar)
    laid = laid.mutate(file_hash=hash_of(laid.id_dossier))
    opened_later = window(
        group_by=["id_jeune", "block"],
        order_by=[laid.opened.desc(), laid.file_hash],
        preceding=(None, 1),
    )
    taken = bit_or(laid.months).over(opened_later).fill_null(0)
    mine = laid.mutate(open=without(laid.months, taken))
    return mine.filter(mine.open != 0).drop("months", "opened", "file_hash")


def age_at(born: Any, month: Any) -> Any:
    """Return the age in completed years on the first day of `month`.

    `born`: month number from whose first day the person has lived whole months only.
    """
    return ((month - born) // 12).cast("int32")


def people_at(tables: Tables, trial: TargetTrial) -> Table:
    """Return one row per person: `id_jeune`, `born`, `rqth_from`, and the columns required."""
    required = [c for table, c in _required(trial) if table == "jeunes"]
    people = tables.table("jeunes")
    late = (people.date_naissance.day() > 1).cast("int32")
    return people.select(
        "id_jeune",
        *required,
        born=(month_of(people.date_naissance) + late).cast("int32"),
        rqth_from=month_of(people.rqth_depuis),
    )


def _required(trial: TargetTrial) -> list[tuple[str, str]]:
    parts = [name.partition(".") for name in trial.eligibility.require]
    return [(table, column) for table, _, column in parts]


def accompanied_at(tables: Tables, trial: TargetTrial, calendar: Calendar, reach: int) -> Table:
    """Return the months with an act that took place in the `reach` months before, as sets.

    An act counts where it took place (PRESENT) and had been entered before time zero; a mere
    contact counts where the study says so.
    """
    acts = tables.table("actes")
    acts = acts.filter(
        touches(acts.date_acte, acts.date_acte, calendar.reaching(reach))
        & (acts.statut == "PRESENT")
    )
    if not trial.eligibility.contacts_count:
        acts = acts.filter(acts.type != "CONTACT")
    done = month_of(acts.date_acte)
    near = acts.select(
        "id_jeune",
        first=greatest(done, month_of(acts.date_saisie)) + 1,
        last=done + reach,
    )
    return gather(spread(near, calendar), ["id_jeune"], accompanied=True)


def outside_at(tables: Tables, trial: TargetTrial, calendar: Calendar) -> Table:
    """Return the months in a situation that rules an entry out, as sets."""
    spells = tables.table("situations")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar)
        & spells.categorie.isin(trial.eligibility.outside_situations)
        & (spells.etat != "PREVU")
    )
    covering = spells.select(
        "id_jeune",
        first=greatest(month_of(spells.date_debut), month_of(spells.date_saisie)) + 1,
        last=month_of(spells.date_fin).fill_null(calendar.last),
    )
    return gather(spread(covering, calendar), ["id_jeune"], busy=True)


def in_programmes_at(tables: Tables, trial: TargetTrial, calendar: Calendar) -> Table:
    """Return the months inside one of the programmes the trial excludes, as sets."""
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif.isin(trial.eligibility.outside_programmes))
    covering = spells.select(
        "id_jeune",
        first=month_of(spells.date_debut) + 1,
        last=month_of(spells.date_fin).fill_null(calendar.last),
    )
    return gather(spread(covering, calendar), ["id_jeune"], enrolled=True)


def starting_at(tables: Tables, trial: TargetTrial, calendar: Calendar) -> Table:
    """Return the months in which one of the programmes the trial excludes is entered, as sets.

    Who enters another programme in the month of time zero is no example of who enters none: that
    row leaves the comparison of sequential trials, where it would carry the other one's effect.
    """
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif.isin(trial.eligibility.outside_programmes))
    at = month_of(spells.date_debut)
    return gather(
        spread(spells.select("id_jeune", first=at, last=at), calendar), ["id_jeune"], starting=True
    )


def at_time_zero(
    tables: Tables, trial: TargetTrial, engine: Engine
) -> tuple[Table, tuple[EligibilityRule, ...]]:
    """Return everyone with an open file at each time zero, and the rules as boolean columns.

    Raises:
        CohortError: A programme is excluded that nobody knows.
    """
    _refuse_programmes(tables, trial, engine)
    calendar = Calendar(trial.months[0], trial.months[-1])
    files = open_files(tables, trial, calendar).join(people_at(tables, trial), "id_jeune")
    known_columns = files.columns
    files = files.left_join(ARMS[trial.design.arms].entered(tables, trial), "id_jeune")
    flags = _flags(tables, trial, calendar)
    for place, sets in enumerate(flags):
        files = files.left_join(sets, ["id_jeune", "block"], rname=f"{{name}}_{place}")
    files = files.select(
        *known_columns,
        "entry",
        "ever",
        **{sets.columns[-1]: files[sets.columns[-1]].fill_null(0) for sets in flags},
        person=hash_of(files.id_jeune),
    )
    t = unfold(engine.keep(files, "open_files"), calendar, "open")
    t = t.mutate(
        age=age_at(t.born, t.month),
        rqth=(t.rqth_from < t.month).fill_null(False),
    )
    t = with_arms(t, tables, trial, engine)
    columns = _rule_columns(t, trial)
    rules = tuple(rule for rule, _ in columns)
    return t.mutate(**{rule.column: passes for rule, passes in columns}), rules


def _refuse_programmes(tables: Tables, trial: TargetTrial, engine: Engine) -> None:
    """Refuse to exclude a programme that no list and no row of the extract knows."""
    listed = code_list("dispositif").labels
    own = [word for word in trial.eligibility.outside_programmes if word not in listed]
    if not own:
        return
    spells = tables.table("accompagnements")
    present = {str(d) for d in engine.fetch(spells.select("dispositif").distinct())["dispositif"]}
    for word in own:
        if word not in present:
            raise CohortError(
                f"eligibility.outside_programmes: no programme of the extract is called '{word}'; "
                f"{nearest(word, {*listed, *present})}"
            )


def _flags(tables: Tables, trial: TargetTrial, calendar: Calendar) -> list[Table]:
    reach = trial.eligibility.accompanied_within_months
    flags = [accompanied_at(tables, trial, calendar, reach)] if reach else []
    if trial.eligibility.outside_situations:
        flags.append(outside_at(tables, trial, calendar))
    if trial.eligibility.outside_programmes:
        flags.append(in_programmes_at(tables, trial, calendar))
        flags.append(starting_at(tables, trial, calendar))
    return flags


def _own_choice(t: Table, trial: TargetTrial) -> Any:
    """Return who may enter an excluded programme in the month: all but who waits."""
    return t.treated if trial.design.waits else literal(value=True)


def _bound(t: Table, trial: TargetTrial, which: str) -> Any:
    """Return an age bound in force at each month, as a column."""
    values: dict[int, list[int]] = {}
    for month, ages in zip(trial.months, trial.ages, strict=True):
        values.setdefault(getattr(ages, which), []).append(month)
    (usual, _), *others = values.items()
    branches = [(t.month.isin(months), literal(value)) for value, months in others]
    return cases(*branches, else_=literal(usual)) if branches else literal(usual)


def _rule_columns(t: Table, trial: TargetTrial) -> list[tuple[EligibilityRule, Any]]:
    given = trial.eligibility
    ages = {(a.lowest, a.highest, a.highest_rqth) for a in trial.ages}
    lowest, highest, rqth = min(ages)
    old_enough = (t.age >= _bound(t, trial, "lowest")) & (
        (t.age <= _bound(t, trial, "highest"))
        | (t.rqth & (t.age <= _bound(t, trial, "highest_rqth")))
    )
    months = given.accompanied_within_months
    rules = [
        (EligibilityRule("age", age_words(lowest, highest, rqth), "rule_age"), old_enough),
    ]
    if months:
        key = "rules.accompanied_contacts" if given.contacts_count else "rules.accompanied"
        words = Message(key, {"months": Number(months, 0, "months")})
        rules.append(
            (
                EligibilityRule("accompanied", words, "rule_accompanied"),
                holds(t.accompanied, t.place),
            )
        )
    never = EligibilityRule(
        "not_yet_entered", ARMS[trial.design.arms].never(trial), "rule_not_yet_entered"
    )
    rules.append((never, t.ever.isnull() | (t.ever >= t.month)))
    if given.outside_situations:
        outside = names("level", (f"categorie={s}" for s in given.outside_situations))
        words = Message("rules.outside_situations", {"outside": outside})
        rules.append(
            (EligibilityRule("outside_situations", words, "rule_outside"), ~holds(t.busy, t.place))
        )
    if given.outside_programmes:
        programmes = names("programmes", given.outside_programmes)
        words = Message("rules.outside_programmes", {"programmes": programmes})
        rules.append(
            (
                EligibilityRule("outside_programmes", words, "rule_programmes"),
                ~holds(t.enrolled, t.place) & (_own_choice(t, trial) | ~holds(t.starting, t.place)),
            )
        )
    for name, value in given.require.items():
        column = name.partition(".")[2]
        rules.append(
            (
                EligibilityRule(
                    f"require_{column}", required_words(name, value), f"rule_require_{column}"
                ),
                meets(t[column], value),
            )
        )
    return rules + [(EligibilityRule(*given_), passes) for given_, passes in arm_rules(t, trial)]


def age_words(lowest: int, highest: int, rqth: int) -> Message:
    """Return the rule on ages: the bounds in force, and the longer one with RQTH."""
    ages: dict[str, Value] = {"lowest": Number(lowest), "highest": Number(highest, 0, "years")}
    if rqth == highest:
        return Message("rules.age", ages)
    return Message("rules.age_rqth", {**ages, "rqth": Number(rqth, 0, "years")})
