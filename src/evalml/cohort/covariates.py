"""What described a person at time zero: one catalogue, every entry dated before time zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalml.codes import RANKING
from evalml.cohort.known import column_of, refuse_unknown_at_zero
from evalml.cohort.traits import JOINS, TRAITS, trait
from evalml.engine import (
    Engine,
    Table,
    cases,
    greatest,
    ifelse,
    least,
    literal,
    month_label,
    month_of,
)
from evalml.errors import StudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables

UNKNOWN = "INCONNU"
"""Level of a categorical covariate that was not known at time zero."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """One covariate of the catalogue.

    Attributes:
        name: Column of the cohort.
        label: French label.
        columns: Contract columns it is built from.
    """

    name: str
    label: str
    columns: tuple[str, ...]


COVARIATES: dict[str, Covariate] = {
    c.name: c
    for c in (
        Covariate("sexe", "Sexe", ("jeunes.sexe",)),
        Covariate("age", "Âge", ("jeunes.date_naissance",)),
        Covariate("nationalite", "Nationalité", ("jeunes.nationalite",)),
        Covariate("rqth", "Travailleur handicapé (RQTH)", ("jeunes.rqth_depuis",)),
        Covariate("niveau_diplome", "Diplôme", ("dossiers.niveau_diplome",)),
        Covariate("qpv", "Quartier prioritaire (QPV)", ("dossiers.qpv",)),
        Covariate("frr", "Zone rurale (FRR)", ("dossiers.frr",)),
        Covariate("situation_familiale", "Situation familiale", ("dossiers.situation_familiale",)),
        Covariate("enfants", "Enfants à charge", ("dossiers.enfants",)),
        Covariate("logement", "Logement", ("dossiers.logement",)),
        Covariate("permis_b", "Permis B", ("dossiers.permis_b",)),
        Covariate("departement", "Département", ("structures.code_departement",)),
        Covariate("mois_entree", "Mois de l'essai", ("accompagnements.date_debut",)),
        Covariate("anciennete", "Mois depuis le premier accueil", ("jeunes.date_premier_accueil",)),
        Covariate("actes_3m", "Actes des 3 derniers mois", ("actes.date_acte", "actes.statut")),
        Covariate("pacea", "En PACEA", ("accompagnements.date_debut",)),
        Covariate("situation_t0", "Situation déclarée", ("situations.categorie",)),
        Covariate("emploi_avant_1", "En emploi un mois avant", ("emploi_mensuel.en_emploi",)),
        Covariate("emploi_avant_2", "En emploi deux mois avant", ("emploi_mensuel.en_emploi",)),
        Covariate("emploi_avant_3", "En emploi trois mois avant", ("emploi_mensuel.en_emploi",)),
        Covariate(
            "mois_emploi_avant", "Mois en emploi dans le passé", ("emploi_mensuel.en_emploi",)
        ),
        *(Covariate(name, *row) for name, row in TRAITS.items()),
    )
}

_FROM_FILE = (
    "niveau_diplome",
    "qpv",
    "frr",
    "situation_familiale",
    "enfants",
    "logement",
    "permis_b",
)
_ACTS_WINDOW = 3
_MAX_SENIORITY = 36
_MAX_ACTS = 12


def check_covariates(names: Sequence[str]) -> None:
    """Refuse a covariate that is unknown, or known only after time zero.

    Raises:
        StudyError: No such covariate.
        ImmortalTimeError: A raw column dated after time zero.
    """
    for name in names:
        if "." in name:
            refuse_unknown_at_zero([name], "covariates")
        elif name not in COVARIATES:
            raise StudyError(
                f"covariates: no covariate is called '{name}'; {nearest(name, COVARIATES)}"
            )


def label_of(name: str) -> str:
    """Return the French label of a covariate, or the description of a raw column."""
    return COVARIATES[name].label if name in COVARIATES else column_of(name).description


def describe(
    eligible: Table, names: Sequence[str], tables: Tables, trial: TargetTrial, engine: Engine
) -> Table:
    """Add the covariates `names` to `eligible` (one row per person and time zero).

    A value of the file counts only where the file was last updated before time zero
    (`date_maj`); otherwise it is unknown at time zero, which is a level of its own.
    """
    t = _with_columns(eligible, names, tables)
    for joined, needed in (
        (_acts, {"actes_3m"}),
        (_pacea, {"pacea"}),
        (_situation, {"situation_t0"}),
        (_employment, {"emploi_avant_1", "emploi_avant_2", "emploi_avant_3", "mois_emploi_avant"}),
        *JOINS,
    ):
        if needed & set(names):
            extra = joined(eligible, tables, trial, engine)
            t = t.left_join(extra, ["id_jeune", "month"]).drop("id_jeune_right", "month_right")
    return t.mutate(**{name.replace(".", "_"): _expression(t, name) for name in names})


def _with_columns(eligible: Table, names: Sequence[str], tables: Tables) -> Table:
    """Join the columns of the person and of the file that the covariates are made of."""
    t = eligible
    for table_name, key in (("dossiers", "id_dossier"), ("jeunes", "id_jeune")):
        rows = tables.table(table_name)
        read = [
            full.partition(".")[2]
            for name in names
            for full in ((name,) if "." in name else COVARIATES[name].columns)
            if full.startswith(f"{table_name}.")
        ]
        wanted = [c for c in dict.fromkeys([*read, "date_maj"]) if c in rows.columns]
        wanted = [c for c in wanted if c not in t.columns]
        if wanted and read:
            t = t.join(rows.select(key, *wanted), key)
    return t


def _expression(t: Table, name: str) -> Any:
    if name in TRAITS:
        return trait(t, name)
    raw = name.partition(".")[2] if "." in name else name
    if raw in _FROM_FILE or name.startswith("dossiers."):
        known = (month_of(t.date_maj) < t.month).fill_null(False)
        value = t[raw].cast("string")
        return ifelse(known & value.notnull(), value, literal(UNKNOWN))
    computed = {
        "departement": lambda: t.code_departement,
        "mois_entree": lambda: month_label(t.month),
        "anciennete": lambda: _seniority(t).fill_null(0).cast("float64"),
        "actes_3m": lambda: least(t.n_acts.fill_null(0), _MAX_ACTS).cast("float64"),
        "pacea": lambda: t.in_pacea.fill_null(False).cast("int8"),
        "situation_t0": lambda: _situation_label(t.situation_rank),
        "emploi_avant_1": lambda: t.worked_1.fill_null(False).cast("int8"),
        "emploi_avant_2": lambda: t.worked_2.fill_null(False).cast("int8"),
        "emploi_avant_3": lambda: t.worked_3.fill_null(False).cast("int8"),
        "mois_emploi_avant": lambda: t.n_worked.fill_null(0).cast("float64"),
        "rqth": lambda: t.rqth.cast("int8"),
        "age": lambda: t.age.cast("float64"),
    }
    return computed[name]() if name in computed else t[raw]


def _seniority(t: Table) -> Any:
    return least(greatest(t.month - month_of(t.date_premier_accueil), 0), _MAX_SENIORITY)


def _situation_label(rank: Any) -> Any:
    branches = [(rank == i, literal(label)) for i, label in enumerate(RANKING)]
    return cases(*branches, else_=literal(UNKNOWN))


def _keys(eligible: Table) -> Table:
    return eligible.select("id_jeune", "month")


def _acts(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    acts = tables.table("actes")
    acts = acts.filter((acts.statut == "PRESENT") & (acts.type != "CONTACT"))
    acts = acts.group_by(
        "id_jeune",
        done=month_of(acts.date_acte),
        known=greatest(month_of(acts.date_acte), month_of(acts.date_saisie)),
    ).agg(n=acts.count())
    keys = _keys(eligible)
    near = keys.join(acts, "id_jeune")
    near = near.filter((near.known < near.month) & (near.done >= near.month - _ACTS_WINDOW))
    return near.group_by("id_jeune", "month").agg(n_acts=near.n.sum())


def _pacea(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif == "PACEA")
    inside = _keys(eligible).join(spells, "id_jeune")
    inside = inside.filter(
        (month_of(inside.date_debut) < inside.month)
        & (month_of(inside.date_saisie) < inside.month)
        & (inside.date_fin.isnull() | (month_of(inside.date_fin) >= inside.month))
    )
    return inside.select("id_jeune", "month").distinct().mutate(in_pacea=literal(value=True))


def _situation(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    spells = tables.table("situations")
    spells = spells.filter(spells.etat != "PREVU")
    rank = cases(*[(spells.categorie == c, literal(i)) for i, c in enumerate(RANKING)], else_=None)
    spells = spells.select("id_jeune", "date_debut", "date_fin", "date_saisie", rank=rank)
    inside = _keys(eligible).join(spells, "id_jeune")
    inside = inside.filter(
        (month_of(inside.date_debut) < inside.month)
        & (month_of(inside.date_saisie) < inside.month)
        & (inside.date_fin.isnull() | (month_of(inside.date_fin) >= inside.month))
    )
    return inside.group_by("id_jeune", "month").agg(situation_rank=inside["rank"].min())


def _employment(eligible: Table, tables: Tables, trial: TargetTrial, engine: Engine) -> Table:  # noqa: ARG001
    worked = tables.table("emploi_mensuel")
    worked = worked.filter(worked.en_emploi)
    worked = worked.select("id_jeune", at=month_of(worked.mois)).distinct()
    past = _keys(eligible).join(worked, "id_jeune")
    lag = past.month - past["at"]
    past = past.filter((lag > 0) & (lag <= trial.history_months))
    lag = past.month - past["at"]
    return past.group_by("id_jeune", "month").agg(
        n_worked=past.count(),
        worked_1=(lag == 1).any(),
        worked_2=(lag == 2).any(),  # noqa: PLR2004 - the lag itself
        worked_3=(lag == 3).any(),  # noqa: PLR2004
    )
