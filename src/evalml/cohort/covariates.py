"""What described a person at time zero: one catalogue, every entry dated before time zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalml.codes import RANKING
from evalml.cohort.declared import DECLARED, declared_before, declared_value, lag_of
from evalml.cohort.month_sets import bit, holds
from evalml.cohort.past import (
    JOINS,
    TRAITS,
    acts_before,
    employment_before,
    months_worked,
    pacea_at,
    situation_at,
    trait,
)
from evalml.cohort.trial import column_of, refuse_unknown_at_zero
from evalml.cohort.unknown import Sources, masked, window_of
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
from evalml.errors import StudyError, TableMissingError, nearest
from evalml.registry import Registry
from evalml.tables.sources import coverage_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from evalml.cohort.past import KnownColumns
    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables

JOB_ENDED, OTHER_ENDED = "EMPLOI_TERMINE", "SITUATION_TERMINEE"
"""Levels of `situation_t0` where no spell covers time zero and one ended in the month before."""

STANDARD = "standard"
"""Name of the set of covariates that fits what the extract holds."""

UNKNOWN = "INCONNU"
"""Level of a categorical covariate that was not known at time zero."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """One covariate of the catalogue.

    Attributes:
        name: Column of the cohort.
        fr: Label in French.
        en: Label in English.
        columns: Contract columns it is built from.
    """

    name: str
    fr: str
    en: str
    columns: tuple[str, ...]


COVARIATES: Registry[Covariate] = Registry("covariate")
COVARIATES.add(
    Covariate("sexe", "Sexe", "Sex", ("jeunes.sexe",)),
    Covariate("age", "Âge", "Age", ("jeunes.date_naissance",)),
    Covariate("nationalite", "Nationalité", "Nationality", ("jeunes.nationalite",)),
    Covariate(
        "rqth", "Travailleur handicapé (RQTH)", "Disabled worker (RQTH)", ("jeunes.rqth_depuis",)
    ),
    Covariate("niveau_diplome", "Diplôme", "Diploma", ("dossiers.niveau_diplome",)),
    Covariate("qpv", "Quartier prioritaire (QPV)", "Deprived area (QPV)", ("dossiers.qpv",)),
    Covariate("frr", "Zone rurale (FRR)", "Rural area (FRR)", ("dossiers.frr",)),
    Covariate(
        "situation_familiale",
        "Situation familiale",
        "Family situation",
        ("dossiers.situation_familiale",),
    ),
    Covariate("enfants", "Enfants à charge", "Dependent children", ("dossiers.enfants",)),
    Covariate("logement", "Logement", "Housing", ("dossiers.logement",)),
    Covariate("permis_b", "Permis B", "Driving licence", ("dossiers.permis_b",)),
    Covariate("departement", "Département", "Département", ("structures.code_departement",)),
    Covariate(
        "mois_entree", "Mois de l’essai", "Month of the trial", ("accompagnements.date_debut",)
    ),
    Covariate(
        "anciennete",
        "Mois depuis le premier accueil",
        "Months since first reception",
        ("jeunes.date_premier_accueil",),
    ),
    Covariate(
        "actes_3m",
        "Actes des 3 derniers mois",
        "Acts of the last 3 months",
        ("actes.date_acte", "actes.statut"),
    ),
    Covariate("pacea", "En PACEA", "In PACEA", ("accompagnements.date_debut",)),
    Covariate(
        "situation_t0", "Situation déclarée", "Declared situation", ("situations.categorie",)
    ),
    Covariate(
        "emploi_avant_1",
        "En emploi un mois avant",
        "In employment one month before",
        ("emploi_mensuel.en_emploi",),
    ),
    Covariate(
        "emploi_avant_2",
        "En emploi deux mois avant",
        "In employment two months before",
        ("emploi_mensuel.en_emploi",),
    ),
    Covariate(
        "emploi_avant_3",
        "En emploi trois mois avant",
        "In employment three months before",
        ("emploi_mensuel.en_emploi",),
    ),
    Covariate(
        "mois_emploi_avant",
        "Mois en emploi dans le passé",
        "Months in employment in the past",
        ("emploi_mensuel.en_emploi",),
    ),
    *(Covariate(name, *both, ("situations.categorie",)) for name, both in DECLARED.items()),
    *(Covariate(name, *row) for name, row in TRAITS.items()),
)

_FROM_FILE = (
    "niveau_diplome",
    "qpv",
    "frr",
    "situation_familiale",
    "enfants",
    "logement",
    "permis_b",
)
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
        elif name not in COVARIATES and name != STANDARD:
            near = nearest(name, [*COVARIATES, STANDARD])
            raise StudyError(f"covariates: no covariate is called '{name}'; {near}")


def require_tables(names: Sequence[str], available: Container[str]) -> None:
    """Refuse a covariate read from an optional table that the extract lacks.

    Args:
        names: Covariates of a study.
        available: Names of the tables that are there.

    Raises:
        TableMissingError: Names the covariate, the table, and what to use instead.
    """
    for name in names:
        if name not in COVARIATES:
            continue
        for table in sorted(_tables_of(name)):
            if table not in available:
                instead = (
                    f"write `covariates: {STANDARD}`, which then takes the declared past, or leave "
                    "it out"
                    if table == "emploi_mensuel"
                    else "leave it out, or add the table"
                )
                raise TableMissingError(
                    f"covariate '{name}' needs table '{table}', which this extract does not hold; "
                    f"{instead}"
                )


BASE = (
    "sexe", "age", "nationalite", "rqth", "niveau_diplome", "qpv", "frr", "situation_familiale",
    "enfants", "logement", "permis_b", "departement", "mois_entree", "anciennete", "actes_3m",
    "pacea", "situation_t0",
)  # fmt: skip
LINKED_PAST = ("emploi_avant_1", "emploi_avant_2", "emploi_avant_3", "mois_emploi_avant")


def expand(
    names: Sequence[str], tables: Tables, trial: TargetTrial, engine: Engine
) -> tuple[str, ...]:
    """Return covariates with `standard` replaced by the set that fits the extract and the design.

    The linked past where it is held; the declared past where the linked one is absent, or does not
    cover every month of the history. Where only some persons are linked the effect is theirs, and
    their past is that of the source: more columns would leave too few persons for each.
    """
    if STANDARD not in names:
        return tuple(names)
    at = tuple(names).index(STANDARD)
    own = _standard(tables, trial, engine)
    return tuple(dict.fromkeys([*names[:at], *own, *names[at + 1 :]]))


def _standard(tables: Tables, trial: TargetTrial, engine: Engine) -> list[str]:
    own = {trial.dispositif, trial.pool}  # a GJ is a phase of a PACEA, which it then says all of
    same = {
        "pacea": bool(own & {"PACEA", "GJ"}),
        "mois_entree": not trial.same_months,
        "departement": len(trial.territory.departement or ()) == 1,
    }
    found = [n for n in BASE if not same.get(n)]
    found += trial.design.covariates
    if trial.rang is not None:
        found.append("mois_depuis_sortie")
    sources = Sources(tables, engine)
    linked = sources.coverage("emploi_mensuel")
    if linked.last >= linked.first:
        found += LINKED_PAST
    whole = linked.holds(trial.months[0] - trial.history_months, trial.months[-1] - 1)
    if not whole:
        found += [n for n in DECLARED if (lag_of(n) or 0) <= trial.history_months]
    return found


def label_of(name: str) -> str:
    """Return the French label of a covariate, or the description of a raw column."""
    return COVARIATES[name].fr if name in COVARIATES else column_of(name).description


def describe(
    eligible: Table, names: Sequence[str], tables: Tables, trial: TargetTrial, engine: Engine
) -> Table:
    """Add the covariates `names` to `eligible` (one row per person and time zero).

    A value of the file counts only where the file was last updated before time zero
    (`date_maj`); otherwise it is unknown at time zero, which is a level of its own.
    """
    sources = Sources(tables, engine)
    t = _with_links(_with_columns(eligible, names, tables), names, sources)
    for place, (rows, keys) in enumerate(
        _known_columns(eligible, set(names), tables, trial, engine)
    ):
        t = t.left_join(rows, keys, rname=f"{{name}}_{place}")
    made = {name.replace(".", "_"): _expression(t, name, trial, sources) for name in names}
    return t.select(*(c for c in eligible.columns if c not in made), **made)


def _known_columns(
    eligible: Table, names: set[str], tables: Tables, trial: TargetTrial, engine: Engine
) -> Iterator[KnownColumns]:
    """Give what the covariates need beside the rows, all to be joined at once."""
    for found, needed in (
        (acts_before, {"actes_3m"}),
        (pacea_at, {"pacea"}),
        (situation_at, {"situation_t0"}),
        (employment_before, {n for n in COVARIATES if "emploi_mensuel" in _tables_of(n)}),
    ):
        if needed & names:
            yield from found(tables, trial)
    past = sorted(names & set(DECLARED))
    if past:
        covered = coverage_of(tables, "situations", engine)
        yield from declared_before(tables, trial, past, covered)
    for joined, wanted in JOINS:
        if wanted & names:
            yield joined(eligible, tables, trial, engine), ["id_jeune", "month"]


def _tables_of(name: str) -> set[str]:
    return {column.partition(".")[0] for column in COVARIATES[name].columns}


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


def _with_links(t: Table, names: Sequence[str], sources: Sources) -> Table:
    """Mark the persons linked to the tables that were linked for some only."""
    read = {table for n in names if "." not in n for table in _tables_of(n)}
    for table in sorted(read):
        linked = sources.linked(table)
        if linked is not None:
            t = t.left_join(linked.mutate(**{f"linked_{table}": literal(value=True)}), "id_jeune")
            t = t.drop("id_jeune_right")
    return t


def _expression(t: Table, name: str, trial: TargetTrial, sources: Sources) -> Any:
    value = _value(t, name, trial)
    window = window_of(name, trial)
    return value if window is None else masked(value, t, window, trial, sources)


def _value(t: Table, name: str, trial: TargetTrial) -> Any:
    if name in TRAITS:
        return trait(t, name)
    if name in DECLARED:
        return declared_value(t, name, trial.history_months)
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
        "pacea": lambda: bit(t.pacea_months.fill_null(0), t.place).cast("int8"),
        "situation_t0": lambda: _situation_label(t),
        "emploi_avant_1": lambda: months_worked(t, trial, 1, 1).cast("int8"),
        "emploi_avant_2": lambda: months_worked(t, trial, 2, 2).cast("int8"),
        "emploi_avant_3": lambda: months_worked(t, trial, 3, 3).cast("int8"),
        "mois_emploi_avant": lambda: months_worked(t, trial, 1, trial.history_months).cast(
            "float64"
        ),
        "rqth": lambda: t.rqth.cast("int8"),
        "age": lambda: t.age.cast("float64"),
    }
    return computed[name]() if name in computed else t[raw]


def _seniority(t: Table) -> Any:
    return least(greatest(t.month - month_of(t.date_premier_accueil), 0), _MAX_SENIORITY)


def _situation_label(t: Table) -> Any:
    branches = [
        (holds(t[f"situation_{i}"], t.place), literal(label)) for i, label in enumerate(RANKING)
    ]
    branches.append((holds(t.ended_job.fill_null(0), t.place), literal(JOB_ENDED)))
    branches.append((holds(t.ended_other.fill_null(0), t.place), literal(OTHER_ENDED)))
    return cases(*branches, else_=literal(UNKNOWN))
