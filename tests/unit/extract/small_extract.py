"""A small extract written by hand: three persons, two missions locales, every table."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from evalml.extract import contract

if TYPE_CHECKING:
    from pathlib import Path

META = {
    "name": "petit",
    "source": "imilo",
    "extraction_date": "2025-01-31",
    "territory": {"region": "32"},
    "period_start": "2019-01-01",
    "period_end": "2024-12-31",
    "pseudonymised": True,
}
ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
}
# fmt: off
ROWS: dict[str, list[dict[str, object]]] = {
    "jeunes": [
        {"id_jeune": "p1", "sexe": "F", "date_naissance": "2003-04-02", "nationalite": "FR", "date_premier_accueil": "2022-02-10"},
        {"id_jeune": "p2", "sexe": "M", "date_naissance": "2002-11-20", "nationalite": "UE", "date_premier_accueil": "2021-09-01"},
        {"id_jeune": "p3", "sexe": "F", "date_naissance": "2004-06-15", "nationalite": "HORS_UE", "date_premier_accueil": "2023-01-05"},
    ],
    "dossiers": [
        {"id_dossier": f"d{i}", "id_jeune": f"p{i}", "id_structure": s, "date_ouverture": o, "code_commune": c, "qpv": q, "frr": False,
         "niveau_diplome": n, "situation_familiale": "SEUL", "enfants": 0, "logement": "PARENTS", "permis_b": False, "oriente_par": "SELF", "date_maj": "2024-06-01"}
        for i, s, o, c, q, n in [(1, "59350S00", "2022-02-10", "59350", True, "BAC"), (2, "59350S00", "2021-09-01", "59009", False, "CAP_BEP"), (3, "62041S00", "2023-01-05", "62041", False, "SANS_DIPLOME")]
    ],
    "situations": [
        {"id_situation": "s1", "id_jeune": "p1", "id_dossier": "d1", "categorie": "Demandeur d'emploi", "etat": "TERMINE", "date_debut": "2022-02-10", "date_fin": "2022-09-30", "date_saisie": "2022-02-10"},
        {"id_situation": "s2", "id_jeune": "p1", "id_dossier": "d1", "categorie": "Emploi", "type_contrat": "CDI", "heures_hebdo": 35.0, "etat": "EN_COURS", "date_debut": "2022-10-01", "date_saisie": "2022-10-05"},
        {"id_situation": "s3", "id_jeune": "p2", "id_dossier": "d2", "categorie": "Formation", "duree_prevue_mois": 4.5, "etat": "TERMINE", "date_debut": "2021-10-01", "date_fin": "2022-02-15", "date_saisie": "2021-10-12"},
        {"id_situation": "s4", "id_jeune": "p3", "id_dossier": "d3", "categorie": "Scolarité", "etat": "PREVU", "date_debut": "2025-09-01", "date_saisie": "2024-12-12"},
    ],
    "accompagnements": [
        {"id_accompagnement": "a1", "id_jeune": "p1", "id_dossier": "d1", "dispositif": "CEJ", "date_debut": "2022-03-15", "date_fin_prevue": "2023-03-14", "date_fin": "2022-10-31", "motif_fin": "EMPLOI_DURABLE", "rang": 1, "date_saisie": "2022-03-15"},
        {"id_accompagnement": "a2", "id_jeune": "p2", "id_dossier": "d2", "dispositif": "PACEA", "date_debut": "2021-09-15", "date_fin_prevue": "2023-09-14", "date_fin": "2023-09-14", "motif_fin": "ECHEANCE", "rang": 1, "date_saisie": "2021-09-15"},
        {"id_accompagnement": "a3", "id_jeune": "p2", "id_dossier": "d2", "dispositif": "GJ", "date_debut": "2021-11-02", "date_fin": "2022-11-01", "motif_fin": "ECHEANCE", "rang": 1, "id_parent": "a2", "date_saisie": "2021-11-02"},
    ],
    "actes": [
        {"id_acte": "c1", "id_jeune": "p1", "id_dossier": "d1", "type": "ENTRETIEN", "theme": "EMPLOI", "statut": "PRESENT", "date_acte": "2022-03-15", "heures": 1.0, "date_saisie": "2022-03-15"},
        {"id_acte": "c2", "id_jeune": "p2", "id_dossier": "d2", "type": "ATELIER", "theme": "SANTE", "statut": "PRESENT", "date_acte": "2022-01-10", "heures": 3.0, "date_saisie": "2022-01-11"},
        {"id_acte": "c3", "id_jeune": "p3", "id_dossier": "d3", "type": "CONTACT", "theme": "LOGEMENT", "statut": "PRESENT", "date_acte": "2023-02-01", "date_saisie": "2023-02-01"},
    ],
    "allocations": [
        {"id_jeune": "p1", "dispositif": "CEJ", "mois": "2022-04-01", "montant_eur": 500.0},
        {"id_jeune": "p2", "dispositif": "GJ", "mois": "2021-12-01", "montant_eur": 497.5},
    ],
    "iae_candidatures": [
        {"id_candidature": "k1", "id_jeune": "p3", "id_siae": "e1", "siae_type": "ACI", "date_candidature": "2023-03-01", "emetteur": "ML", "etat": "acceptee", "date_embauche": "2023-03-20"},
        {"id_candidature": "k2", "id_jeune": "p2", "id_siae": "e1", "siae_type": "ACI", "date_candidature": "2023-10-02", "emetteur": "ML", "etat": "refusee", "motif_refus": "poste pourvu"},
    ],
    "iae_pass": [
        {"id_pass": "w1", "id_jeune": "p3", "date_debut": "2023-03-20", "date_fin": "2025-03-19", "jours_suspension": 0},
    ],
    "iae_contrats": [
        {"id_contrat": "t1", "id_jeune": "p3", "id_siae": "e1", "siae_type": "ACI", "date_debut": "2023-03-20", "date_fin": "2023-11-19", "heures_totales": 780.0},
    ],
    "structures": [
        {"id_structure": "59350S00", "nom": "ML Lille", "code_departement": "59", "code_region": "32", "valide_du": "2005-01-01"},
        {"id_structure": "62041S00", "nom": "ML Arras", "code_departement": "62", "code_region": "32", "valide_du": "2005-01-01"},
    ],
}
# fmt: on


def frame(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return rows as a frame with the contract's columns; dates as `datetime.date`."""
    columns = contract.table(name).columns
    data = {}
    for column in columns:
        cells = [row.get(column.name) for row in rows]
        if column.type == "date":
            cells = [dt.date.fromisoformat(str(c)) if c is not None else None for c in cells]
        data[column.name] = pd.Series(cells, dtype=object)
    return pd.DataFrame(data)


def to_arrow(name: str, data: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table typed by the contract."""
    fields = [(c.name, ARROW[c.type]) for c in contract.table(name).columns]
    return pa.Table.from_pandas(data, schema=pa.schema(fields), preserve_index=False)


def tables(**changed: list[dict[str, object]]) -> dict[str, list[dict[str, object]]]:
    """Return the rows of every table, those of `changed` added to them."""
    return {name: [*rows, *changed.get(name, [])] for name, rows in ROWS.items()}


def write(
    folder: Path, rows: dict[str, list[dict[str, object]]] | None = None, **meta: object
) -> Path:
    """Write an extract in Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extract.yaml").write_text(
        yaml.safe_dump({**META, **meta}, allow_unicode=True), encoding="utf-8"
    )
    for name, data in (rows or ROWS).items():
        pq.write_table(to_arrow(name, frame(name, data)), folder / f"{name}.parquet")
    return folder


def write_csv(
    folder: Path,
    rows: dict[str, list[dict[str, object]]] | None = None,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    dates: str = "%Y-%m-%d",
    decimal: str = ".",
    **meta: object,
) -> Path:
    """Write an extract in CSV, in the dialect asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extract.yaml").write_text(
        yaml.safe_dump({**META, **meta}, allow_unicode=True), encoding="utf-8"
    )
    for name, data in (rows or ROWS).items():
        table = frame(name, data)
        for column in contract.table(name).columns:
            if column.type == "date":
                table[column.name] = [
                    None if c is None else c.strftime(dates) for c in table[column.name]
                ]
            elif column.type == "number":
                table[column.name] = [
                    None if c is None else str(c).replace(".", decimal) for c in table[column.name]
                ]
            elif column.type == "boolean":
                table[column.name] = [
                    None if c is None else str(c).lower() for c in table[column.name]
                ]
        table.to_csv(folder / f"{name}.csv", index=False, sep=delimiter, encoding=encoding)
    return folder
