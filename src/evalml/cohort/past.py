"""What the records say of a person at time zero: acts, programmes, situations, applications."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from evalml.codes import RANKING
from evalml.cohort.month_sets import WIDTH, Calendar, gather, set_between, spread, touches
from evalml.cohort.two_arms import applications_at, months_table, spells_of
from evalml.engine import (
    Engine,
    Table,
    bit_count,
    cases,
    greatest,
    ifelse,
    least,
    literal,
    month_of,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables


ACTS_WINDOW = 3
JOBS = ("Emploi", "Contrat en Alternance")


def calendar_of(trial: TargetTrial) -> Calendar:
    """Return the months of time zero, from the first trial to the last."""
    return Calendar(trial.months[0], trial.months[-1])


KnownColumns = tuple["Table", list[str]]
"""Rows that stand beside those of the cohort, and the columns that join them."""


def acts_before(tables: Tables, trial: TargetTrial) -> list[KnownColumns]:
    """Give `n_acts`: acts of the three months before that took place and were known by then."""
    calendar = calendar_of(trial)
    acts = tables.table("actes")
    acts = acts.filter(
        touches(acts.date_acte, acts.date_acte, calendar.reaching(ACTS_WINDOW))
        & (acts.statut == "PRESENT")
        & (acts.type != "CONTACT")
    )
    done = month_of(acts.date_acte)
    known = greatest(done, month_of(acts.date_saisie))
    acts = acts.select(
        "id_jeune",
        first=greatest(known + 1, calendar.first),
        last=least(done + ACTS_WINDOW, calendar.last),
    )
    acts = acts.filter(acts["first"] <= acts["last"])
    acts = acts.select("id_jeune", month=span(acts["first"], acts["last"]).unnest())
    counted = acts.group_by("id_jeune", "month").agg(n_acts=acts.count())
    return [(counted, ["id_jeune", "month"])]


def pacea_at(tables: Tables, trial: TargetTrial) -> list[KnownColumns]:
    """Give `pacea_months`: the months of time zero inside a PACEA, as a set."""
    calendar = calendar_of(trial)
    spells = tables.table("accompagnements")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar) & (spells.dispositif == "PACEA")
    )
    laid = spread(_known_spells(spells, calendar), calendar)
    return [(gather(laid, ["id_jeune"], pacea_months=True), ["id_jeune", "block"])]


def situation_at(tables: Tables, trial: TargetTrial) -> list[KnownColumns]:
    """Give the months of time zero in each situation, as sets, and after the end of one.

    `situation_0`, `situation_1`... by rank; `ended_job`, `ended_other` where a spell ended in the
    month before.
    """
    calendar = calendar_of(trial)
    spells = tables.table("situations")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar) & (spells.etat != "PREVU")
    )
    laid = spread(_known_spells(spells, calendar, kind=spells.categorie), calendar)
    kinds = {f"situation_{i}": laid.kind == name for i, name in enumerate(RANKING)}
    keys = ["id_jeune", "block"]
    return [(gather(laid, ["id_jeune"], **kinds), keys), (_just_ended(tables, calendar), keys)]


def _just_ended(tables: Tables, calendar: Calendar) -> Table:
    """Give `ended_job` and `ended_other`: the months that follow the last month of a spell."""
    spells = tables.table("situations")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar.reaching(1))
        & (spells.etat != "PREVU")
        & spells.date_fin.notnull()
    )
    after = month_of(spells.date_fin) + 1
    known = greatest(month_of(spells.date_debut), month_of(spells.date_saisie)) + 1
    over = spells.select(
        "id_jeune", job=spells.categorie.isin(JOBS), first=after, last=after, known=known
    )
    laid = spread(over.filter(over.known <= over["first"]), calendar)
    return gather(laid, ["id_jeune"], ended_job=laid.job, ended_other=~laid.job)


def _known_spells(spells: Table, calendar: Calendar, **columns: Any) -> Table:
    """Return spells from the month after the first day, once entered, to the month of the last."""
    return spells.select(
        "id_jeune",
        first=greatest(month_of(spells.date_debut), month_of(spells.date_saisie)) + 1,
        last=month_of(spells.date_fin).fill_null(calendar.last),
        **columns,
    )


def employment_before(tables: Tables, trial: TargetTrial) -> list[KnownColumns]:
    """Give `worked_in_0`, `worked_in_1`...: the months with a contract of each block, as sets."""
    calendar = _worked_calendar(trial)
    worked = tables.table("emploi_mensuel")
    worked = worked.filter(touches(worked.mois, worked.mois, calendar) & worked.en_emploi)
    at = month_of(worked.mois)
    laid = spread(worked.select("id_jeune", first=at, last=at), calendar)
    sets = gather(laid, ["id_jeune"], worked=True)
    if calendar.blocks == 1:
        return [(sets.select("id_jeune", worked_in_0=sets.worked), ["id_jeune"])]
    blocks = [(b, sets.filter(sets.block == b)) for b in range(calendar.blocks)]
    return [
        (of_block.select("id_jeune", **{f"worked_in_{b}": of_block.worked}), ["id_jeune"])
        for b, of_block in blocks
    ]


def _worked_calendar(trial: TargetTrial) -> Calendar:
    return Calendar(trial.months[0] - trial.history_months, trial.months[-1])


def months_worked(t: Table, trial: TargetTrial, nearest: int, farthest: int) -> Any:
    """Return how many months were worked, from `nearest` to `farthest` before time zero.

    `t`: rows beside which `employment_before` stands; `trial`: its history goes back as far as is
    known: no month further away counts.
    """
    calendar, farthest = _worked_calendar(trial), min(farthest, trial.history_months)
    if farthest < nearest:
        return literal(0, "int64")
    return reduce(
        add, (_worked_in(t, b, calendar, nearest, farthest) for b in range(calendar.blocks))
    )


def _worked_in(t: Table, block: int, calendar: Calendar, nearest: int, farthest: int) -> Any:
    """Return how many months of a block were worked."""
    start = calendar.block_start(block)
    months = t[f"worked_in_{block}"].fill_null(0)
    first = (t.month - farthest - start).cast("int32")
    last = (t.month - nearest - start).cast("int32")
    if calendar.blocks == 1:
        return bit_count(months & set_between(first, last))
    low, high = greatest(first, 0), least(last, WIDTH - 1)
    inside = (low <= high) & (first < WIDTH) & (last >= 0)
    window = set_between(least(low, WIDTH - 1), greatest(high, 0))
    return ifelse(inside, bit_count(months & window), 0)


MAJORITY = 18
AGES = ((18, "16-17 ans"), (22, "18-21 ans"))
OLDEST = "22 ans et plus"
_LONGEST = 36
_MOST = 6
_WINDOW = 12

TRAITS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "mineur": ("Mineur", "Minor", ("jeunes.date_naissance",)),
    "tranche_age": ("Âge en tranches", "Age group", ("jeunes.date_naissance",)),
    "gj_en_cours": ("En garantie jeunes", "In a Garantie jeunes", ("accompagnements.date_debut",)),
    "rang": ("Rang de l’entrée", "Rank of the entry", ("accompagnements.date_debut",)),
    "mois_depuis_sortie": (
        "Mois depuis la dernière sortie",
        "Months since the last exit",
        ("accompagnements.date_fin",),
    ),
    "siae_type": (
        "Type de structure (SIAE)",
        "Type of firm (SIAE)",
        ("iae_candidatures.siae_type",),
    ),
    "emetteur": (
        "Émetteur de la candidature",
        "Sender of the application",
        ("iae_candidatures.emetteur",),
    ),
    "candidatures_avant": (
        "Candidatures des 12 mois précédents",
        "Applications of the last 12 months",
        ("iae_candidatures.date_candidature",),
    ),
}
"""Labels in French and English, and contract columns, of each."""


def trait(t: Table, name: str) -> Any:
    """Return the column of one of TRAITS, once what it needs is joined."""
    computed = {
        "mineur": lambda: (t.age < MAJORITY).cast("int8"),
        "tranche_age": lambda: cases(
            *[(t.age < limit, literal(label)) for limit, label in AGES], else_=OLDEST
        ),
        "gj_en_cours": lambda: t.in_gj.fill_null(False).cast("int8"),
        "rang": lambda: least(t.n_before.fill_null(0) + 1, _MOST).cast("float64"),
        "mois_depuis_sortie": lambda: (
            least(greatest(t.month - t.last_end, 0), _LONGEST).fill_null(0).cast("float64")
        ),
        "siae_type": lambda: t.siae_type,
        "emetteur": lambda: t.emetteur,
        "candidatures_avant": lambda: least(t.n_sent.fill_null(0), _MOST).cast("float64"),
    }
    return computed[name]()


def _gj(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    """Inside a GJ at time zero, known then: from 2017 on it is a phase of a PACEA."""
    seen = eligible.select("id_jeune", "month").join(spells_of(tables, "GJ"), "id_jeune")
    open_ = (seen.end.isnull()) | (seen.end >= seen.month)
    inside = seen.filter((seen.start < seen.month) & (seen.known < seen.month) & open_)
    return inside.select("id_jeune", "month").distinct().mutate(in_gj=literal(value=True))


def _spells(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    """Spells of the programme begun before time zero, and the end of the last one over."""
    spells = spells_of(tables, trial.dispositif)
    seen = eligible.select("id_jeune", "month").join(spells, "id_jeune")
    seen = seen.filter(seen.start < seen.month)
    return seen.group_by("id_jeune", "month").agg(
        n_before=seen.count(), last_end=seen.end.max(where=seen.end < seen.month)
    )


def _application(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    sent = applications_at(tables, months_table(trial, engine), trial.refusals)
    return sent.select("id_jeune", "month", "siae_type", "emetteur")


def _sent(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    sent = tables.table("iae_candidatures")
    sent = sent.select("id_jeune", sent=month_of(sent.date_candidature))
    near = eligible.select("id_jeune", "month").join(sent, "id_jeune")
    near = near.filter((near.sent < near.month) & (near.sent >= near.month - _WINDOW))
    return near.group_by("id_jeune", "month").agg(n_sent=near.count())


JOINS: tuple[tuple[Callable[[Table, Tables, TargetTrial, Engine], Table], frozenset[str]], ...] = (
    (_gj, frozenset({"gj_en_cours"})),
    (_spells, frozenset({"rang", "mois_depuis_sortie"})),
    (_application, frozenset({"siae_type", "emetteur"})),
    (_sent, frozenset({"candidatures_avant"})),
)
"""What is joined by (id_jeune, month), and which traits need it."""
