"""Checking an extract: ten situations and ten acts a person, spread without order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import yaml

from benchmarks.harness import Row, Way
from evalml.engine import open_engine
from evalml.extract import read_extract
from evalml.extract.pseudonymise import find_identifiers
from evalml.tables import accept_tables
from evalml.tables.scorecard import score

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PER_PERSON = 10 / 1.1
META = {
    "name": "grand",
    "source": "synthetic",
    "extraction_date": "2025-01-31",
    "territory": {"national": True},
    "period_start": "2018-01-01",
    "period_end": "2024-12-31",
    "pseudonymised": True,
}
OPENED = "date '2018-01-01' + (hash({0} + 7) % 2000)::int"
PERSON, FILE = "md5('p' || {0})", "md5('d' || {0})"


def queries(persons: int) -> dict[str, str]:
    """Return the rows of each table as a query; ten rows a person, spread without order."""
    rows = int(persons * PER_PERSON)
    one, many = f"range({persons}) t(i)", f"range({rows}) t(i)"
    who = f"(i % {persons})"
    ids = f"{PERSON.format(who)} id_jeune, {FILE.format(who)} id_dossier"
    begun = f"{OPENED.format(who)} + (i // {persons})::int * 60"
    entered = f"{OPENED.format('i')} + 10"
    cej = f"CASE WHEN {entered} >= date '2022-03-01' THEN 'CEJ' ELSE 'PACEA' END"
    return {
        "jeunes": f"SELECT {PERSON.format('i')} id_jeune, ['F', 'M'][1 + (i % 2)::int] sexe, "
        "date '1996-01-01' + (hash(i) % 3650)::int date_naissance, 'FR' nationalite, "
        f"{OPENED.format('i')} date_premier_accueil, NULL::date rqth_depuis FROM {one}",
        "dossiers": f"SELECT {FILE.format('i')} id_dossier, {PERSON.format('i')} id_jeune, "
        f"'59350S00' id_structure, {OPENED.format('i')} date_ouverture, NULL::date date_cloture, "
        "NULL motif_cloture, '59350' code_commune, i % 5 = 0 qpv, false frr, 'BAC' niveau_diplome, "
        "'SEUL' situation_familiale, 0 enfants, 'PARENTS' logement, false permis_b, "
        f"NULL oriente_par, date '2024-06-01' date_maj FROM {one}",
        "situations": f"SELECT md5('s' || i) id_situation, {ids}, ['Emploi', 'Formation', "
        "'Scolarité'][1 + (hash(i) % 3)::int] categorie, 'CDD' type_contrat, NULL::double "
        "duree_prevue_mois, 35.0::double heures_hebdo, NULL siae_type, 'TERMINE' etat, "
        f"{begun} date_debut, {begun} + 50 date_fin, {begun} + (hash(i) % 30)::int date_saisie "
        f"FROM {many} ORDER BY hash(i)",
        "accompagnements": f"SELECT md5('a' || i) id_accompagnement, {ids}, {cej} dispositif, "
        f"{entered} date_debut, NULL::date date_fin_prevue, {entered} + 240 date_fin, 'ECHEANCE' "
        f"motif_fin, 1 rang, NULL id_parent, {entered} + 2 date_saisie FROM {one}",
        "actes": f"SELECT md5('c' || i) id_acte, {ids}, 'ENTRETIEN' as type, 'EMPLOI' theme, "
        f"'PRESENT' statut, {begun} date_acte, 1.0::double heures, {begun} date_saisie FROM {many}",
        "allocations": f"SELECT {PERSON.format('i')} id_jeune, {cej} dispositif, "
        f"date_trunc('month', {entered})::date mois, 400.0::double montant_eur FROM {one}",
        "iae_candidatures": "SELECT 'k' id_candidature, md5('p1') id_jeune, 'e' id_siae, 'ACI' "
        "siae_type, date '2023-01-01' date_candidature, 'ML' emetteur, 'acceptee' etat, NULL "
        "motif_refus, NULL::date date_embauche",
        "iae_pass": "SELECT 'w' id_pass, md5('p1') id_jeune, date '2023-01-01' date_debut, "
        "date '2024-12-31' date_fin, 0 jours_suspension",
        "iae_contrats": "SELECT 't' id_contrat, md5('p1') id_jeune, 'e' id_siae, 'ACI' siae_type, "
        "date '2023-01-02' date_debut, NULL::date date_fin, 700.0::double heures_totales",
        "structures": "SELECT '59350S00' id_structure, 'ML' nom, '59' code_departement, '32' "
        "code_region, date '2005-01-01' valide_du, NULL::date valide_au, NULL remplacee_par",
    }


def write(folder: Path, persons: int) -> None:
    """Write the extract in Parquet."""
    base = duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(folder / "tmp")})
    for name, query in queries(persons).items():
        base.execute(f"COPY ({query}) TO '{folder}/{name}.parquet' (COMPRESSION zstd)")
    (folder / "extract.yaml").write_text(yaml.safe_dump(META), encoding="utf-8")


def check(folder: Path) -> Callable[[], list[float]]:
    """Return the job: open the extract, look for identifiers, put rows aside, score it."""

    def work() -> list[float]:
        engine = open_engine(memory_limit="2GB")
        extract = read_extract(folder, engine)
        assert not find_identifiers(extract, engine)
        card = score(extract, accept_tables(extract, engine), engine)
        return [float(sum(x.received for x in card.sizes)), float(len(card.lines))]

    return work


ROW = Row(
    "extract_check",
    "`evalml extract check` of an extract with ten situations and ten acts a person",
    "benchmarks.extract_check:write",
    "persons",
    {"quick": 10_000, "full": 200_000},
    (Way("evalml", "benchmarks.extract_check:check"),),
    about="rows and checks; the goal for 1.1 million persons is 60 s and 4 GB",
)
