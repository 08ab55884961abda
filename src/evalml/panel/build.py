"""What happened month by month: from overlapping declared spells to one state per month.

A month's state is that of the highest-ranked spell that covers at least one of its days. A spell
without an end is known only up to the last contact with the person: after it, the month is
unknown, which is a state of its own and never a zero (the situations are declared to a counsellor,
so what happens after the last contact is not observed).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from evalml.codes import RANKING
from evalml.cohort.month_sets import WIDTH, Calendar, gather, holds, spread, touches
from evalml.engine import (
    Engine,
    Table,
    cases,
    exact_sum,
    greatest,
    ifelse,
    least,
    literal,
    month_of,
    span,
    union,
)
from evalml.tables.sources import Coverage, coverage_of, linked_people, sources_held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.cohort import Cohort
    from evalml.tables import Tables

AIDED = ("PEC", "CIE")
"""Contracts paid for in part by the State; the IAE contract (CDDI) is kept apart."""

DURABLE_MONTHS = 6

FLAGS = (
    "employment",
    "alternance",
    "durable",
    "durable_from_6",
    "durable_aided",
    "durable_aided_from_6",
    "in_iae",
    "outside_iae",
    "training",
    "immersion",
    "volunteering",
    "school",
    "jobseeker",
)
"""Columns of the declared panel that are true where at least one spell says so."""

LINKED = (
    "linked",
    "linked_outside_iae",
    "linked_durable",
    "linked_alternance",
    "linked_aided",
    "linked_unsure",
)
"""Columns of the panel that the linked source says; `linked_unsure`: a contract whose kind or
planned length is not known, so that no part of employment is."""

AMOUNTS = ("pay", "hours", "days", "day_share")
"""Columns of the panel that the linked source says: euros, hours, days, share of the month."""

APPRENTICES = ("APPRENTISSAGE", "PROFESSIONNALISATION")
"""Contracts that alternate work and training."""

EVENTS = {"licence": "PERMIS_CONDUIRE", "bafa": "BAFA"}
"""Columns of the panel true in the month of an event, and its type in `evenements_externes`."""

KNOWN = ("declared", "linked", *EVENTS)
"""Sets of the months in which something is known."""

SOURCES = {"linked": "emploi_mensuel", "events": "evenements_externes"}
"""Table of another administration that each channel reads."""


@dataclass(frozen=True, slots=True, repr=False)
class Reach:
    """Whom a source of another administration knows, and when: nothing is known outside.

    Attributes:
        coverage: The months it covers.
        people: Persons linked to it (`id_jeune`), None for everybody.
    """

    coverage: Coverage
    people: Table | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Panel:
    """Months since time zero.

    Attributes:
        cohort: The persons followed.
        sets: One row per person and block of `calendar`: `id_jeune`, `block`, and as sets of months
            (`evalml.cohort.month_sets`) `declared`, each flag, each of LINKED, the events, and
            `state_0`, `state_1`... by rank.
        amounts: One row per person and month with a contract: `id_jeune`, `at` and AMOUNTS, not a
            number where a contract of the month does not say; None without linked source.
        calendar: The months followed, of all the trials together.
        months: Months since time zero covered, first and last.
        reach: What each channel of SOURCES knows; those whose table the extract lacks are absent.
        held: Tables of SOURCES that the extract holds, and `table.column` of those with a value.
    """

    cohort: Cohort
    sets: Table
    amounts: Table | None
    calendar: Calendar
    months: tuple[int, int]
    reach: Mapping[str, Reach]
    held: frozenset[str] = frozenset()

    @property
    def rows(self) -> Table:
        """One row per entry and month in which something is known.

        `entry`, `k` (months since time zero, negative before), `state` (rank, null if nothing was
        declared), the flags (null if nothing was declared), those of LINKED (`linked`: worked, by
        the linked source) and those of AMOUNTS.
        """
        return self.read("state", *FLAGS, *LINKED, *AMOUNTS)

    def read(self, *columns: str) -> Table:
        """Return `rows` with these columns only, beside `entry` and `k`."""
        t = unfolded(self, self.by_entry())
        if set(columns) & set(AMOUNTS):
            t = self.with_amounts(t)
        return t.select("entry", "k", **{name: _month_of_set(t, name) for name in columns})

    def by_entry(self) -> Table:
        """Return the sets of each entry: `entry`, `treated`, `month`, and the columns of `sets`."""
        entries = self.cohort.entries.select("entry", "id_jeune", "treated", "month")
        return entries.join(self.sets, "id_jeune")

    def with_amounts(self, unfolded_rows: Table) -> Table:
        """Add the columns of AMOUNTS to unfolded rows, null in a month without contract."""
        if self.amounts is None:
            return unfolded_rows.mutate(**{name: literal(None, "float64") for name in AMOUNTS})
        t = unfolded_rows.left_join(self.amounts, ["id_jeune", "at"])
        return t.drop("id_jeune_right", "at_right")

    def __repr__(self) -> str:
        """Say what is covered."""
        sources = " and ".join(["declared", *self.reach])
        return f"Panel(months {self.months[0]} to {self.months[1]}, {sources})"


def declared_months(t: Table) -> Any:
    """Return the months in which some situation is declared, as a set, from sets of the panel."""
    return reduce(or_, (t[f"state_{i}"] for i in range(len(RANKING))))


def unfolded(panel: Panel, t: Table, months: str = "") -> Table:
    """Return one row per entry and month since time zero in which something is known.

    Args:
        panel: The panel.
        t: Rows of `Panel.by_entry`, with any columns made of their sets.
        months: Column of `t` that holds the set of the months wanted; those in which something is
            known by default.

    Returns:
        The columns of `t`, `place` (the month's number in its block), `at` and `k`.
    """
    since = panel.calendar.first + t.block * WIDTH - t.month
    first = greatest(panel.months[0] - since, 0).cast("int32")
    last = least(panel.months[1] - since, WIDTH - 1).cast("int32")
    if panel.calendar.blocks > 1:
        t = t.filter(first <= last)
    t = t.mutate(place=span(first, last).unnest())
    t = t.filter(holds(t[months] if months else reduce(or_, (t[c] for c in KNOWN)), t.place))
    at = t.block * WIDTH + t.place + panel.calendar.first
    return t.mutate(at=at.cast("int32"), k=(at - t.month).cast("int16"))


def _month_of_set(t: Table, name: str) -> Any:
    """Return a column of the panel in the month `place` of the sets of each row."""
    if name in AMOUNTS:
        return t[name]
    if name in EVENTS:
        return holds(t[name], t.place)
    if name in LINKED:
        return ifelse(holds(t.linked, t.place), holds(t[name], t.place), None)
    if name == "state":
        ranks = [(holds(t[f"state_{i}"], t.place), literal(i)) for i in range(len(RANKING))]
        return cases(*ranks, else_=None)
    return ifelse(holds(t.declared, t.place), holds(t[name], t.place), None)


KINDS = ("categorie", "type_contrat", "duree_prevue_mois", "siae_type")
"""What a declared spell is known by."""


def spell_flags(spells: Table) -> dict[str, Any]:
    """Return what a declared spell counts as, one boolean expression per flag."""
    kind, contract, planned = spells.categorie, spells.type_contrat, spells.duree_prevue_mois
    job = kind == "Emploi"
    open_ended = (contract == "CDI").fill_null(False)
    fixed_term = (contract == "CDD").fill_null(False)
    aided = contract.isin(AIDED).fill_null(False)
    iae = ((contract == "CDDI") | spells.siae_type.notnull()).fill_null(False)
    over = (planned > DURABLE_MONTHS).fill_null(False)
    at_least = (planned >= DURABLE_MONTHS).fill_null(False)
    market = job & ~aided & ~iae
    return {
        "employment": job | (kind == "Contrat en Alternance"),
        "alternance": kind == "Contrat en Alternance",
        "durable": market & (open_ended | (fixed_term & over)),
        "durable_from_6": market & (open_ended | (fixed_term & at_least)),
        "durable_aided": job & aided & ~iae & (open_ended | over),
        "durable_aided_from_6": job & aided & ~iae & (open_ended | at_least),
        "in_iae": job & iae,
        "outside_iae": (job & ~iae) | (kind == "Contrat en Alternance"),
        "training": kind == "Formation",
        "immersion": kind.isin(("Immersion en entreprise", "Pmsmp")),
        "volunteering": kind == "Contrat de volontariat - bénévolat",
        "school": kind == "Scolarité",
        "jobseeker": kind == "Demandeur d'emploi",
    }


def last_contacts(tables: Tables) -> Table:
    """Return the month of the last contact of each person: an act that took place, or an entry."""
    acts = tables.table("actes")
    acts = acts.filter(acts.statut == "PRESENT")
    seen = acts.select("id_jeune", contact=month_of(acts.date_acte))
    entered = tables.table("situations")
    entered = entered.select("id_jeune", contact=month_of(entered.date_saisie))
    both = seen.union(entered)
    return both.group_by("id_jeune").agg(last_contact=both.contact.max())


def declared_sets(tables: Tables, people: Table, calendar: Calendar, covered: Coverage) -> Table:
    """Return the months covered by the declared spells of each person, as sets.

    Args:
        tables: The checked records.
        people: The persons wanted, `id_jeune`.
        calendar: The months followed.
        covered: Months the situations cover: outside them a spell says nothing of the others.
    """
    spells = tables.table("situations")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar) & (spells.etat != "PREVU")
    )
    spells = spells.join(people, "id_jeune")
    spells = spells.join(last_contacts(tables), "id_jeune")
    start = month_of(spells.date_debut)
    known_until = greatest(start, spells.last_contact)
    laid = spread(
        spells.select(
            "id_jeune",
            *KINDS,
            first=greatest(start, covered.first),
            last=least(
                ifelse(spells.date_fin.isnull(), known_until, month_of(spells.date_fin)),
                covered.last,
            ),
        ),
        calendar,
    )
    ranked = {f"state_{i}": laid.categorie == name for i, name in enumerate(RANKING)}
    return gather(laid, ["id_jeune"], declared=True, **spell_flags(laid), **ranked)


def known_jobs(
    tables: Tables, calendar: Calendar, covered: Coverage, linked: Table | None
) -> Table:
    """Return the rows of `emploi_mensuel` with a contract, of linked persons and covered months."""
    worked = tables.table("emploi_mensuel")
    first = max(calendar.first, covered.first)
    reached = Calendar(first, max(first - 1, min(calendar.last, covered.last)))
    worked = worked.filter(touches(worked.mois, worked.mois, reached) & worked.en_emploi)
    return worked if linked is None else worked.semi_join(linked, "id_jeune")


def sets_elsewhere(
    worked: Table | None, events: Table | None, people: Table, calendar: Calendar
) -> Table:
    """Return what other administrations say of each month of each person, as sets.

    `worked`: rows of the linked employment that are known, with a contract; `events`: rows of
    `evenements_externes`; `people`: the persons wanted, `id_jeune`.
    """
    parts = []
    if worked is not None:
        kinds = worked.select("id_jeune", kind=contract_kind(worked), first=month_of(worked.mois))
        parts.append(kinds)
    if events is not None:
        events = events.filter(touches(events.date, events.date, calendar))
        events = events.filter(events.type.isin(tuple(EVENTS.values())))
        parts.append(events.select("id_jeune", kind=events.type, first=month_of(events.date)))
    rows = union(*parts) if len(parts) > 1 else parts[0]
    rows = rows.join(people, "id_jeune")
    laid = spread(rows.mutate(last=rows["first"]), calendar)
    return gather(
        laid,
        ["id_jeune"],
        **linked_flags(laid.kind),
        **{name: laid.kind == kind for name, kind in EVENTS.items()},
    )


CONTRACT_KINDS = ("iae", "alternance", "aided", "durable", "unsure", "other")
"""What a linked contract is: exactly one of these."""


def contract_kind(worked: Table) -> Any:
    """Return what each linked contract is, one of CONTRACT_KINDS.

    An aided contract is one by its type, or because the source says that the State pays part of it;
    a CDI lasts, and a CDD does when more than six months were planned. Where the type, or the
    planned length of a CDD, is not known, the contract is `unsure`.
    """
    contract, planned = worked.type_contrat, worked.duree_prevue_mois
    aided = contract.isin(AIDED).fill_null(False) | worked.aide.fill_null(False)
    fixed_term = (contract == "CDD").fill_null(False)
    lasts = (contract == "CDI").fill_null(False) | (
        fixed_term & (planned > DURABLE_MONTHS).fill_null(False)
    )
    return cases(
        ((contract == "CDDI").fill_null(False), literal("iae")),
        (contract.isin(APPRENTICES).fill_null(False), literal("alternance")),
        (aided, literal("aided")),
        (lasts, literal("durable")),
        (contract.isnull() | (fixed_term & planned.isnull()), literal("unsure")),
        else_=literal("other"),
    )


def linked_flags(kind: Any) -> dict[str, Any]:
    """Return the flags of LINKED of a contract of a kind."""
    return {
        "linked": kind.isin(CONTRACT_KINDS),
        "linked_outside_iae": kind.isin(CONTRACT_KINDS[1:]),
        "linked_durable": kind == "durable",
        "linked_alternance": kind == "alternance",
        "linked_aided": kind.isin(("aided", "iae")),
        "linked_unsure": kind == "unsure",
    }


def monthly_amounts(worked: Table, at: Any, *keys: str) -> Table:
    """Return pay, hours and days of each month with a contract, from the rows known.

    A sum to which a contract of the month does not contribute its part is not a number. Days are no
    more than the month has: contracts that overlap are not told apart.

    Args:
        worked: Rows of the linked employment.
        at: Their month number.
        keys: Columns of one result row, the month apart.
    """
    t = worked.mutate(at=at)
    unknown = literal(float("nan"))
    sums = {
        name: ifelse(t[column].count() == t.count(), exact_sum(t[column]), unknown)
        for name, column in (("pay", "salaire_brut"), ("hours", "heures"), ("days", "jours"))
    }
    summed = t.group_by(*keys, "at").agg(**sums)
    within = summed["at"] % 12 + 1
    leap = (summed["at"] // 12) % 4 == 0
    other = literal(30) + (within + within // 8) % 2
    long = ifelse(within == 2, ifelse(leap, 29, 28), other).cast("float64")  # noqa: PLR2004 - February
    days = ifelse(summed.days.isnan(), unknown, least(summed.days, long))
    return summed.mutate(days=days, day_share=days / long)


def build_panel(tables: Tables, cohort: Cohort, engine: Engine) -> Panel:
    """Follow the cohort month by month, from its history to the end of the follow-up."""
    trial = cohort.trial
    calendar = Calendar(trial.months[0] - trial.history_months, trial.last_month)
    people = engine.keep(cohort.entries.select("id_jeune").distinct(), "people")
    sets = declared_sets(tables, people, calendar, coverage_of(tables, "situations", engine))
    reach = {
        channel: Reach(coverage_of(tables, name, engine), linked_people(tables, name, engine))
        for channel, name in SOURCES.items()
        if name in tables.tables
    }
    worked = None
    if "linked" in reach:
        known = reach["linked"]
        worked = known_jobs(tables, calendar, known.coverage, known.people)
    events = tables.table(SOURCES["events"]) if "events" in reach else None
    if reach:
        sets = _union_of_sets(sets, sets_elsewhere(worked, events, people, calendar))
    else:
        sets = sets.mutate(**{name: literal(0, "int64") for name in (*LINKED, *EVENTS)})
    return Panel(
        cohort,
        engine.keep(sets, "person_months"),
        None if worked is None else monthly_amounts(worked, month_of(worked.mois), "id_jeune"),
        calendar,
        (-trial.history_months, trial.follow_up_months),
        reach,
        sources_held(tables, engine),
    )


def _union_of_sets(sets: Table, more: Table) -> Table:
    """Return the sets of two sources, an empty set where one of them says nothing."""
    names = [c for c in (*sets.columns, *more.columns) if c not in ("id_jeune", "block")]
    both = sets.outer_join(more, ["id_jeune", "block"])
    return both.select(
        id_jeune=both.id_jeune.fill_null(both.id_jeune_right),
        block=both.block.fill_null(both.block_right),
        **{name: both[name].fill_null(0) for name in names},
    )
