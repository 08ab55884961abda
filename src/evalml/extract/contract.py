"""The extract contract 1.1: every table and column an extract may hold, declared once.

`known_at` says when a value became known: the name of the column that dates it, `always` for what
does not change, `extraction` for what is only true of the day the extract was made. Eligibility
rules and covariates may use a value only if it was known at time zero.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from evalml.errors import ColumnMissingError, TableMissingError, nearest

VERSION = 1.1

LINKED_SOURCES = ("emploi_mensuel", "evenements_externes")
"""Tables that another administration fills: `linkage` says whose rows they hold."""

MAY_LACK = frozenset({"allocations"})
"""Tables of the contract that a team may not hold: what they say is then unknown."""

DATED = {
    "situations": "date_debut",
    "accompagnements": "date_debut",
    "actes": "date_acte",
    "allocations": "mois",
    "iae_candidatures": "date_candidature",
    "iae_pass": "date_debut",
    "iae_contrats": "date_debut",
    "evenements_externes": "date",
    "emploi_mensuel": "mois",
}
"""Tables whose months `coverage` may declare, with the column that dates a row."""

ColumnType = Literal["string", "date", "boolean", "integer", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract.

    Attributes:
        name: Name, as in the files.
        type: `string`, `date` (ISO day), `boolean`, `integer` or `number`.
        description: What it holds.
        nullable: Whether it may be empty.
        codes: Name of the closed list its values come from, if any.
        references: `table.column` it points to, if any.
        known_at: Column that dates the value, or `always`, or `extraction`.
        minimum: Smallest plausible value.
        maximum: Largest plausible value.
        optional: Whether a file may do without the column, which is then empty.
    """

    name: str
    type: ColumnType
    description: str
    nullable: bool = False
    codes: str | None = None
    references: str | None = None
    known_at: str = "always"
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract.

    Attributes:
        name: Name of the table and of its file.
        one_row_per: What a row is.
        key: Columns that identify a row.
        columns: Its columns, in order.
        optional: Whether an extract may do without it.
    """

    name: str
    one_row_per: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False

    def column(self, name: str) -> Column:
        """Return the column called `name`.

        Raises:
            ColumnMissingError: The contract has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = [c.name for c in self.columns]
        raise ColumnMissingError(
            f"the contract has no column '{name}' in table '{self.name}'; {nearest(name, names)}"
        )


def _id(name: str, of: str, references: str | None = None) -> Column:
    return Column(name, "string", f"Pseudonym of the {of}", references=references)


_JEUNE = _id("id_jeune", "person", "jeunes.id_jeune")
_DOSSIER = _id("id_dossier", "file of the person in a mission locale", "dossiers.id_dossier")
_SAISIE = Column("date_saisie", "date", "Day the row was entered", known_at="date_saisie")


JEUNES = Table(
    "jeunes",
    "person",
    ("id_jeune",),
    (
        _id("id_jeune", "person"),
        Column("sexe", "string", "Sex", codes="sexe"),
        Column("date_naissance", "date", "Day of birth"),
        Column("nationalite", "string", "Group of nationality", codes="nationalite"),
        Column(
            "date_premier_accueil",
            "date",
            "First welcome in the network",
            nullable=True,
            known_at="date_premier_accueil",
        ),
        Column(
            "rqth_depuis",
            "date",
            "Recognised as a disabled worker since",
            nullable=True,
            known_at="rqth_depuis",
        ),
    ),
)

DOSSIERS = Table(
    "dossiers",
    "person x mission locale",
    ("id_dossier",),
    (
        _id("id_dossier", "file of the person in a mission locale"),
        _JEUNE,
        Column(
            "id_structure",
            "string",
            "Mission locale",
            references="structures.id_structure",
            known_at="date_ouverture",
        ),
        Column("date_ouverture", "date", "Day the file was opened", known_at="date_ouverture"),
        Column(
            "date_cloture",
            "date",
            "Day the file was closed",
            nullable=True,
            known_at="date_cloture",
        ),
        Column(
            "motif_cloture",
            "string",
            "Reason of closure",
            nullable=True,
            codes="motif_cloture",
            known_at="date_cloture",
        ),
        Column(
            "code_commune",
            "string",
            "INSEE code of the commune of residence",
            nullable=True,
            known_at="date_maj",
        ),
        Column(
            "qpv",
            "boolean",
            "Lives in a priority neighbourhood (QPV)",
            nullable=True,
            known_at="date_maj",
        ),
        Column(
            "frr",
            "boolean",
            "Lives in a rural revitalisation commune (FRR, ZRR before July 2024)",
            nullable=True,
            known_at="date_maj",
        ),
        Column(
            "niveau_diplome",
            "string",
            "Highest diploma held",
            nullable=True,
            codes="niveau_diplome",
            known_at="date_maj",
        ),
        Column(
            "situation_familiale",
            "string",
            "Household",
            nullable=True,
            codes="situation_familiale",
            known_at="date_maj",
        ),
        Column(
            "enfants",
            "integer",
            "Dependent children",
            nullable=True,
            known_at="date_maj",
            minimum=0,
            maximum=10,
        ),
        Column(
            "logement", "string", "Housing", nullable=True, codes="logement", known_at="date_maj"
        ),
        Column(
            "permis_b", "boolean", "Holds a driving licence", nullable=True, known_at="date_maj"
        ),
        Column(
            "permis_en_cours",
            "boolean",
            "Is taking driving lessons",
            nullable=True,
            known_at="date_maj",
            optional=True,
        ),
        Column("oriente_par", "string", "Who sent the person", nullable=True, known_at="date_maj"),
        Column("date_maj", "date", "Day the file was last updated", known_at="date_maj"),
    ),
)

SITUATIONS = Table(
    "situations",
    "spell declared to a counsellor",
    ("id_situation",),
    (
        _id("id_situation", "spell"),
        _JEUNE,
        _DOSSIER,
        Column("categorie", "string", "Category", codes="categorie", known_at="date_saisie"),
        Column(
            "type_contrat",
            "string",
            "Type of contract",
            nullable=True,
            codes="type_contrat",
            known_at="date_saisie",
        ),
        Column(
            "duree_prevue_mois",
            "number",
            "Planned length, months",
            nullable=True,
            known_at="date_saisie",
            minimum=0,
            maximum=60,
        ),
        Column(
            "heures_hebdo",
            "number",
            "Weekly hours",
            nullable=True,
            known_at="date_saisie",
            minimum=0,
            maximum=60,
        ),
        Column(
            "siae_type",
            "string",
            "Kind of work-integration firm (SIAE)",
            nullable=True,
            codes="siae_type",
            known_at="date_saisie",
        ),
        Column(
            "etat",
            "string",
            "Planned, current or ended at extraction",
            codes="etat_situation",
            known_at="extraction",
        ),
        Column("date_debut", "date", "First day", known_at="date_saisie"),
        Column("date_fin", "date", "Last day", nullable=True, known_at="date_fin"),
        _SAISIE,
    ),
)

ACCOMPAGNEMENTS = Table(
    "accompagnements",
    "programme spell",
    ("id_accompagnement",),
    (
        _id("id_accompagnement", "programme spell"),
        _JEUNE,
        _DOSSIER,
        Column("dispositif", "string", "Programme", codes="dispositif", known_at="date_saisie"),
        Column("date_debut", "date", "First day", known_at="date_saisie"),
        Column(
            "date_fin_prevue", "date", "Planned last day", nullable=True, known_at="date_saisie"
        ),
        Column("date_fin", "date", "Last day", nullable=True, known_at="date_fin"),
        Column(
            "motif_fin",
            "string",
            "Reason of exit",
            nullable=True,
            codes="motif_fin",
            known_at="date_fin",
        ),
        Column(
            "rang",
            "integer",
            "1 for a first entry, 2 and more for renewals",
            known_at="date_saisie",
            minimum=1,
            maximum=10,
        ),
        Column(
            "id_parent",
            "string",
            "Programme spell this one is nested in (a GJ inside a PACEA)",
            nullable=True,
            references="accompagnements.id_accompagnement",
            known_at="date_saisie",
        ),
        _SAISIE,
    ),
)

ACTES = Table(
    "actes",
    "act of a mission locale",
    ("id_acte",),
    (
        _id("id_acte", "act"),
        _JEUNE,
        _DOSSIER,
        Column("type", "string", "Kind of act", codes="type_acte", known_at="date_saisie"),
        Column("theme", "string", "Theme", nullable=True, codes="theme", known_at="date_saisie"),
        Column(
            "statut",
            "string",
            "Whether it took place; only PRESENT counts",
            codes="statut_acte",
            known_at="date_acte",
        ),
        Column("date_acte", "date", "Day of the act", known_at="date_saisie"),
        Column(
            "heures",
            "number",
            "Hours",
            nullable=True,
            known_at="date_saisie",
            minimum=0,
            maximum=24,
        ),
        _SAISIE,
    ),
)

ALLOCATIONS = Table(
    "allocations",
    "person x programme x month",
    ("id_jeune", "dispositif", "mois"),
    (
        _JEUNE,
        Column("dispositif", "string", "Programme that pays", codes="dispositif", known_at="mois"),
        Column("mois", "date", "First day of the month paid for", known_at="mois"),
        Column("montant_eur", "number", "Amount, euros", known_at="mois", minimum=0, maximum=2000),
    ),
)

IAE_CANDIDATURES = Table(
    "iae_candidatures",
    "application to a SIAE",
    ("id_candidature",),
    (
        _id("id_candidature", "application"),
        _JEUNE,
        _id("id_siae", "work-integration firm"),
        Column(
            "siae_type", "string", "Kind of SIAE", codes="siae_type", known_at="date_candidature"
        ),
        Column("date_candidature", "date", "Day of the application", known_at="date_candidature"),
        Column("emetteur", "string", "Who applied", codes="emetteur", known_at="date_candidature"),
        Column(
            "etat",
            "string",
            "State at extraction",
            codes="etat_candidature",
            known_at="extraction",
        ),
        Column("motif_refus", "string", "Reason of refusal", nullable=True, known_at="extraction"),
        Column(
            "cause_refus",
            "string",
            "Who or what refused",
            nullable=True,
            codes="cause_refus",
            known_at="extraction",
            optional=True,
        ),
        Column("date_embauche", "date", "Day hired", nullable=True, known_at="date_embauche"),
    ),
)

IAE_PASS = Table(
    "iae_pass",
    "PASS IAE",
    ("id_pass",),
    (
        _id("id_pass", "PASS IAE"),
        _JEUNE,
        Column("date_debut", "date", "First day", known_at="date_debut"),
        Column("date_fin", "date", "Last day", known_at="extraction"),
        Column(
            "jours_suspension",
            "integer",
            "Days suspended",
            known_at="extraction",
            minimum=0,
            maximum=2000,
        ),
    ),
)

IAE_CONTRATS = Table(
    "iae_contrats",
    "IAE contract",
    ("id_contrat",),
    (
        _id("id_contrat", "contract"),
        _JEUNE,
        _id("id_siae", "work-integration firm"),
        Column("siae_type", "string", "Kind of SIAE", codes="siae_type", known_at="date_debut"),
        Column("date_debut", "date", "First day", known_at="date_debut"),
        Column("date_fin", "date", "Last day", nullable=True, known_at="date_fin"),
        Column(
            "heures_totales",
            "number",
            "Hours worked under the contract",
            nullable=True,
            known_at="date_fin",
            minimum=0,
            maximum=6000,
        ),
    ),
)

STRUCTURES = Table(
    "structures",
    "mission locale, by validity",
    ("id_structure", "valide_du"),
    (
        Column("id_structure", "string", "Code of the mission locale"),
        Column("nom", "string", "Name"),
        Column("code_departement", "string", "INSEE code of the département"),
        Column("code_region", "string", "INSEE code of the region"),
        Column("valide_du", "date", "Valid from"),
        Column("valide_au", "date", "Valid to", nullable=True),
        Column("remplacee_par", "string", "Code of the structure that took over", nullable=True),
    ),
)

EVENEMENTS_EXTERNES = Table(
    "evenements_externes",
    "event known from another administration",
    ("id_jeune", "type", "date"),
    (
        _JEUNE,
        Column("type", "string", "Kind of event", known_at="date"),
        Column("date", "date", "Day of the event", known_at="date"),
    ),
    optional=True,
)

EMPLOI_MENSUEL = Table(
    "emploi_mensuel",
    "person x month, linked employer declarations",
    ("id_jeune", "mois"),
    (
        _JEUNE,
        Column("mois", "date", "First day of the month", known_at="mois"),
        Column(
            "en_emploi",
            "boolean",
            "Had a contract that month; a covered month without a row is a month without contract",
            known_at="mois",
        ),
        Column(
            "type_contrat",
            "string",
            "Type of contract",
            nullable=True,
            codes="type_contrat",
            known_at="mois",
        ),
        Column(
            "duree_prevue_mois",
            "number",
            "Planned length of the contract, months",
            nullable=True,
            known_at="mois",
            minimum=0,
            maximum=60,
            optional=True,
        ),
        Column(
            "heures",
            "number",
            "Hours paid",
            nullable=True,
            known_at="mois",
            minimum=0,
            maximum=400,
        ),
        Column(
            "salaire_brut",
            "number",
            "Gross pay, euros",
            nullable=True,
            known_at="mois",
            minimum=0,
            maximum=20000,
        ),
        Column(
            "jours",
            "number",
            "Days under contract in the month",
            nullable=True,
            known_at="mois",
            minimum=0,
            maximum=31,
            optional=True,
        ),
        Column(
            "aide",
            "boolean",
            "Whether the State pays part of the contract",
            nullable=True,
            known_at="mois",
            optional=True,
        ),
    ),
    optional=True,
)

APPARIEMENTS = Table(
    "appariements",
    "person x linked source: whether the person was found there",
    ("id_jeune", "source"),
    (
        _JEUNE,
        Column("source", "string", "Table of the linked source", codes="source_liee"),
        Column("apparie", "boolean", "Whether the person was looked for and can be found there"),
        Column("qualite", "string", "Quality of the link", nullable=True, optional=True),
    ),
    optional=True,
)

AFFECTATIONS = Table(
    "affectations",
    "person x randomised trial: what the draw gave",
    ("id_jeune", "essai"),
    (
        _JEUNE,
        Column("essai", "string", "Name of the trial"),
        Column("date_tirage", "date", "Day of the draw", known_at="date_tirage"),
        Column(
            "offre",
            "boolean",
            "Whether the draw gave the offer of the programme",
            known_at="date_tirage",
        ),
        Column(
            "strate",
            "string",
            "Stratum in which it was drawn; empty where there are none",
            nullable=True,
            known_at="date_tirage",
            optional=True,
        ),
    ),
    optional=True,
)

TOTAUX = Table(
    "totaux",
    "count of the sender, to reconcile the tables with",
    ("table", "measure", "month", "structure"),
    (
        Column("table", "string", "Table counted"),
        Column("measure", "string", "`rows` or `persons`", codes="mesure_totaux"),
        Column("month", "date", "First day of the month counted; empty for all", nullable=True),
        Column("structure", "string", "Mission locale counted; empty for all", nullable=True),
        Column("value", "number", "Count of the sender", minimum=0),
    ),
    optional=True,
)

TABLES: tuple[Table, ...] = (
    JEUNES,
    DOSSIERS,
    SITUATIONS,
    ACCOMPAGNEMENTS,
    ACTES,
    ALLOCATIONS,
    IAE_CANDIDATURES,
    IAE_PASS,
    IAE_CONTRATS,
    STRUCTURES,
    EVENEMENTS_EXTERNES,
    EMPLOI_MENSUEL,
    APPARIEMENTS,
    AFFECTATIONS,
    TOTAUX,
)


def table(name: str) -> Table:
    """Return the table called `name`.

    Raises:
        TableMissingError: The contract has no such table.
    """
    for candidate in TABLES:
        if candidate.name == name:
            return candidate
    names = [t.name for t in TABLES]
    raise TableMissingError(f"the contract has no table '{name}'; {nearest(name, names)}")


def as_dict() -> dict[str, Any]:
    """Return the whole contract as plain values, ready for JSON."""
    return {"version": VERSION, "tables": [asdict(t) for t in TABLES]}
