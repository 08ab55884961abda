"""Invented people, a few lines each: an extract from a mapping of rows, with plain defaults."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from evalml.extract import ExtractMeta
from evalml.extract.contract import TABLES
from evalml.tables import Tables

TYPES = {
    "string": "string",
    "date": "date",
    "boolean": "boolean",
    "integer": "int64",
    "number": "float64",
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "jeunes": {
        "sexe": "F",
        "date_naissance": "2003-06-15",
        "nationalite": "FR",
        "date_premier_accueil": "2023-06-01",
    },
    "dossiers": {
        "id_structure": "59350S00",
        "date_ouverture": "2023-06-01",
        "date_maj": "2023-06-01",
        "niveau_diplome": "CAP_BEP",
    },
    "situations": {"categorie": "Demandeur d'emploi", "etat": "TERMINE"},
    "accompagnements": {"dispositif": "CEJ", "rang": 1},
    "actes": {"type": "ENTRETIEN", "statut": "PRESENT"},
    "allocations": {"dispositif": "CEJ", "montant_eur": 500.0},
    "iae_candidatures": {"siae_type": "ACI", "emetteur": "ML", "etat": "acceptee"},
    "iae_pass": {"jours_suspension": 0},
    "iae_contrats": {"siae_type": "ACI"},
    "emploi_mensuel": {"en_emploi": True},
    "evenements_externes": {},
    "appariements": {"source": "emploi_mensuel", "apparie": True},
    "affectations": {"essai": "essai", "offre": True},
}
STRUCTURES = [
    {
        "id_structure": "59350S00",
        "nom": "Lille",
        "code_departement": "59",
        "code_region": "32",
        "valide_du": "2000-01-01",
    },
    {
        "id_structure": "62041S00",
        "nom": "Arras",
        "code_departement": "62",
        "code_region": "32",
        "valide_du": "2000-01-01",
    },
    {
        "id_structure": "33063S00",
        "nom": "Bordeaux",
        "code_departement": "33",
        "code_region": "75",
        "valide_du": "2000-01-01",
    },
]
OPTIONAL = ("emploi_mensuel", "evenements_externes")


def tables_of(
    people,
    engine,
    *,
    period=("2022-01-01", "2025-12-31"),
    optional=OPTIONAL,
    structures=STRUCTURES,
    coverage=None,
    linkage=None,
    territory=None,
) -> Tables:
    """Return checked tables with the rows of `people`: {name: {table: row or [rows]}}.

    `coverage` and `linkage` are those of `extract.yaml`, and `territory` too.
    """
    rows: dict[str, list[dict[str, Any]]] = {t.name: [] for t in TABLES}
    rows["structures"] = list(structures)
    for person, given in people.items():
        _add_person(rows, str(person), given)
    frames = {
        t.name: _typed(pd.DataFrame(rows[t.name], columns=[c.name for c in t.columns]), t, engine)
        for t in TABLES
        if not t.optional or t.name in optional
    }
    meta = ExtractMeta(
        name="people", source="synthetic", extraction_date=dt.date(2026, 1, 31),
        territory=territory or {"region": "32"}, period_start=period[0], period_end=period[1],
        pseudonymised=True, coverage=coverage or {}, linkage=linkage or {},
    )  # fmt: skip
    return Tables(
        meta=meta, tables=frames, rejects=pd.DataFrame({"table": [], "rule": [], "rows": []})
    )


def _add_person(rows, person, given):
    given = {"jeunes": {}, "dossiers": [{}], **given}
    for name, entries in given.items():
        for i, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            row = {"id_jeune": person, "id_dossier": f"{person}-d0", **DEFAULTS[name], **entry}
            if name == "dossiers":
                row["id_dossier"] = entry.get("id_dossier", f"{person}-d{i}")
            key = next((t.key[0] for t in TABLES if t.name == name), "")
            if key.startswith("id_") and key not in {"id_jeune", "id_dossier"}:
                row.setdefault(key, f"{person}-{name}-{i}")
            start = row.get("date_debut") or row.get("date_acte")
            row.setdefault("date_saisie", start)
            rows[name].append(row)


def _typed(frame, table, engine):
    for column in table.columns:
        if column.type == "date":
            frame[column.name] = pd.to_datetime(frame[column.name])
        elif column.type == "boolean":
            frame[column.name] = frame[column.name].astype("boolean")
        elif column.type in {"integer", "number"}:
            frame[column.name] = pd.to_numeric(frame[column.name]).astype(
                "Float64" if column.type == "number" else "Int64"
            )
        else:
            frame[column.name] = frame[column.name].astype("string")
    expression = engine.memtable(frame)
    return engine.keep(
        expression.cast({c.name: TYPES[c.type] for c in table.columns}), f"people_{table.name}"
    )
