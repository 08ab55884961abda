"""What happened month by month: from overlapping declared spells to one state per month.

A month's state is that of the highest-ranked spell that covers at least one of its days. A spell
without an end is known only up to the last contact with the person: after it, the month is
unknown, which is a state of its own and never a zero (the situations are declared to a counsellor,
so what happens after the last contact is not observed).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalml.codes import RANKING
from evalml.engine import Engine, Table, cases, greatest, ifelse, least, literal, month_of, span

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True, repr=False)
class Panel:
    """Months since time zero.

    Attributes:
        cohort: The persons followed.
        rows: One row per entry and month in which something is known: `entry`, `k` (months since
            time zero, negative before), `state` (rank, null if nothing was declared), the flags
            (null if nothing was declared), `linked` (worked, by the linked
            source), `linked_outside_iae` and `pay`.
        months: Months since time zero covered, first and last.
        linked: Whether a linked source observes employment.
        linked_months: First and last month number the linked source covers.
    """

    cohort: Cohort
    rows: Table
    months: tuple[int, int]
    linked: bool
    linked_months: tuple[int, int]

    def __repr__(self) -> str:
        """Say what is covered."""
        source = "declared and linked" if self.linked else "declared"
        return f"Panel(months {self.months[0]} to {self.months[1]}, {source})"


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


def declared_months(tables: Tables, cohort: Cohort, window: tuple[int, int]) -> Table:
    """Return one row per person of the cohort and month covered by a declared spell.

    Args:
        tables: The checked records.
        cohort: The persons followed.
        window: First and last month number.
    """
    people = cohort.entries.select("id_jeune").distinct()
    spells = tables.table("situations")
    spells = spells.filter(spells.etat != "PREVU").join(people, "id_jeune")
    spells = spells.join(last_contacts(tables), "id_jeune")
    rank = cases(*[(spells.categorie == c, literal(i)) for i, c in enumerate(RANKING)], else_=None)
    start = month_of(spells.date_debut)
    known_until = greatest(start, spells.last_contact)
    end = ifelse(spells.date_fin.isnull(), known_until, month_of(spells.date_fin))
    spells = spells.mutate(
        state=rank,
        first=greatest(start, window[0]),
        last=least(end, window[1]),
        **spell_flags(spells),
    )
    spells = spells.filter(spells["first"] <= spells["last"])
    months = spells.select(
        "id_jeune", "state", *FLAGS, at=span(spells["first"], spells["last"]).unnest()
    )
    return months.group_by("id_jeune", "at").agg(
        state=months.state.min(), **{flag: months[flag].any() for flag in FLAGS}
    )


def linked_months(tables: Tables, cohort: Cohort, window: tuple[int, int]) -> Table:
    """Return one row per person of the cohort and month with a contract, by the linked source."""
    people = cohort.entries.select("id_jeune").distinct()
    worked = tables.table("emploi_mensuel")
    worked = worked.filter(worked.en_emploi).join(people, "id_jeune")
    at = month_of(worked.mois)
    worked = worked.filter((at >= window[0]) & (at <= window[1]))
    return worked.group_by("id_jeune", at=month_of(worked.mois)).agg(
        linked=literal(value=True),
        linked_outside_iae=(worked.type_contrat != "CDDI").fill_null(True).any(),  # noqa: FBT003
        pay=worked.salaire_brut.sum(),
    )


def build_panel(tables: Tables, cohort: Cohort, engine: Engine) -> Panel:
    """Follow the cohort month by month, from its history to the end of the follow-up."""
    trial = cohort.trial
    window = (trial.months[0] - trial.history_months, trial.last_month)
    months = declared_months(tables, cohort, window)
    has_linked = "emploi_mensuel" in tables.tables
    if has_linked:
        linked = linked_months(tables, cohort, window)
        months = months.outer_join(linked, ["id_jeune", "at"])
        months = months.mutate(
            id_jeune=months.id_jeune.fill_null(months.id_jeune_right),
            at=months["at"].fill_null(months.at_right),
        ).drop("id_jeune_right", "at_right")
    else:
        months = months.mutate(
            linked=literal(None, "boolean"),
            linked_outside_iae=literal(None, "boolean"),
            pay=literal(None, "float64"),
        )
    person_months = engine.keep(months, "person_months")
    rows = cohort.entries.select("entry", "id_jeune", "month").join(person_months, "id_jeune")
    k = (rows["at"] - rows.month).cast("int16")
    rows = rows.mutate(k=k)
    rows = rows.filter((rows.k >= -trial.history_months) & (rows.k <= trial.follow_up_months))
    covered = _linked_coverage(tables, engine) if has_linked else (0, -1)
    return Panel(
        cohort,
        rows.drop("id_jeune", "month", "at"),
        (-trial.history_months, trial.follow_up_months),
        has_linked,
        covered,
    )


def _linked_coverage(tables: Tables, engine: Engine) -> tuple[int, int]:
    """Return the first and last month with a contract of anybody: what the source covers."""
    at = month_of(tables.table("emploi_mensuel").mois)
    ends = engine.fetch(tables.table("emploi_mensuel").agg(first=at.min(), last=at.max()))
    first, last = ends.iloc[0].fillna(-1).astype("int64")
    return int(first), int(last)
