"""Further covariates: age groups, spells of the past, the application to the IAE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.cohort.entering import applications_at, spells_of
from evalml.cohort.two_arms import months_table
from evalml.engine import Engine, Table, cases, greatest, least, literal, month_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables

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
    sent = applications_at(tables, months_table(trial, engine))
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
