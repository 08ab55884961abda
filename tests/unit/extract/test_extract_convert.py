"""Parcours 3 to the contract: CIVIS included, codes mapped, what is lost listed, the break dated."""

from __future__ import annotations

import csv
import datetime as dt
import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml
from tests.unit.extract import small_extract as small
from typer.testing import CliRunner

from evalml.cli.extract import app
from evalml.engine import open_engine
from evalml.errors import ColumnMissingError, ExtractError, StudyError, TableMissingError
from evalml.extract import ExtractMeta, read_extract
from evalml.tables import accept_tables

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

HEADER = {
    **small.META,
    "name": "p3",
    "source": "parcours3",
    "extraction_date": "2015-12-31",
    "period_start": "2010-01-01",
    "period_end": "2015-12-31",
}
EXPORT = {
    "individus": [{"num_individu": "n1", "sexe": "2", "date_naissance": "13/04/1990", "nationalite": "FRANCAISE", "date_premier_accueil": "15/03/2010", "date_rqth": "", "telephone": "x"}],
    "dossiers": [{"num_dossier": "d1", "num_individu": "n1", "code_structure": "59350S00", "date_inscription": "15/03/2010", "date_sortie": "", "motif_sortie": "", "code_commune": "59350", "zus": "oui", "niveau_formation": "V bis", "situation_familiale": "Celibataire", "enfants_a_charge": "0", "hebergement": "Yourte", "permis_b": "non", "oriente_par": "", "date_actualisation": "02/02/2012"}],
    "parcours_professionnel": [
        {"num_etape": "e1", "num_individu": "n1", "num_dossier": "d1", "nature": "EMPLOI", "contrat": "INTERIM", "duree_mois": "1,5", "heures_semaine": "", "date_debut": "20/01/2011", "date_fin": "28/02/2011", "date_creation": "20/01/2011"},
        {"num_etape": "e2", "num_individu": "n1", "num_dossier": "d1", "nature": "DEMANDEUR D'EMPLOI", "contrat": "", "duree_mois": "", "heures_semaine": "", "date_debut": "01/03/2011", "date_fin": "", "date_creation": "01/03/2011"},
        {"num_etape": "e3", "num_individu": "n1", "num_dossier": "d1", "nature": "FORMATION", "contrat": "", "duree_mois": "", "heures_semaine": "", "date_debut": "15/02/2016", "date_fin": "", "date_creation": "01/12/2015"},
    ],
    "programmes": [
        {"num_programme": "c2", "num_individu": "n1", "num_dossier": "d1", "programme": "CIVIS RENFORCE", "operateur": "ML", "date_initialisation": "20/03/2012", "date_fin_prevue": "", "date_fin": "20/09/2012", "motif_sortie": "EMPLOI DURABLE", "date_creation": "20/03/2012"},
        {"num_programme": "c1", "num_individu": "n1", "num_dossier": "d1", "programme": "CIVIS", "operateur": "ML", "date_initialisation": "20/03/2011", "date_fin_prevue": "", "date_fin": "19/03/2012", "motif_sortie": "TERME", "date_creation": "20/03/2011"},
        {"num_programme": "t1", "num_individu": "n1", "num_dossier": "d1", "programme": "TRACE", "operateur": "ML", "date_initialisation": "20/04/2010", "date_fin_prevue": "", "date_fin": "", "motif_sortie": "", "date_creation": "20/04/2010"},
    ],
    "entretiens": [{"num_entretien": "r1", "num_individu": "n1", "num_dossier": "d1", "type": "TELEPHONE", "theme": "PROJET", "presence": "PRESENT", "date_entretien": "16/03/2010", "duree_heures": "0,5", "date_creation": "16/03/2010"}],
    "structures": [{"code_structure": "59350S00", "nom": "ML", "code_departement": "59", "code_region": "32", "valide_du": "01/01/2005", "valide_au": "", "remplacee_par": ""}],
}  # fmt: skip


def export(tmp_path: Path) -> tuple[Path, Path]:
    folder, header = tmp_path / "p3", tmp_path / "header"
    folder.mkdir()
    header.mkdir()
    for name, rows in EXPORT.items():
        with (folder / f"{name}.csv").open("w", encoding="cp1252", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
    (header / "extract.yaml").write_text(yaml.safe_dump(HEADER))
    return folder, header


def run(tmp_path: Path, *words: str) -> Result:
    out = str(tmp_path / "out")
    return CliRunner().invoke(
        app, ["convert", str(tmp_path / "p3"), out, "--header", str(tmp_path / "header"), *words]
    )


def converted(tmp_path: Path) -> dict[str, pd.DataFrame]:
    export(tmp_path)
    assert run(tmp_path).exit_code == 0
    engine = open_engine(threads=1)
    tables = accept_tables(read_extract(tmp_path / "out", engine), engine)
    assert tables.rejects.empty
    return {n: engine.fetch(t) for n, t in tables.tables.items()}


def test_a_converted_export_reads_as_an_extract_with_civis(tmp_path: Path) -> None:
    tables = converted(tmp_path)
    spells = tables["accompagnements"].set_index("id_accompagnement")
    assert spells["dispositif"].to_dict() == {"c1": "CIVIS", "c2": "CIVIS", "t1": "TRACE"}
    assert spells["rang"].to_dict() == {"c1": 1, "c2": 2, "t1": 1}
    assert spells.loc["c2", "motif_fin"] == "EMPLOI_DURABLE"
    assert str(pd.Timestamp(spells.loc["c1", "date_debut"]).date()) == "2011-03-20"
    states = tables["situations"].set_index("id_situation")
    assert states["etat"].to_dict() == {"e1": "TERMINE", "e2": "EN_COURS", "e3": "PREVU"}
    assert (states.loc["e1", "type_contrat"], states.loc["e1", "duree_prevue_mois"]) == ("CTT", 1.5)
    file = tables["dossiers"].iloc[0]
    assert (file["niveau_diplome"], bool(file["qpv"]), file["situation_familiale"]) == (
        "SANS_DIPLOME",
        True,
        "SEUL",
    )
    assert [
        len(tables[t]) for t in ("allocations", "iae_candidatures", "iae_pass", "iae_contrats")
    ] == [0, 0, 0, 0]


def test_what_has_no_counterpart_is_listed(tmp_path: Path) -> None:
    converted(tmp_path)
    report = json.loads((tmp_path / "out" / "conversion.json").read_text())
    unused = report["source_columns_without_counterpart"]
    assert (unused["individus"], unused["programmes"]) == (["telephone"], ["operateur"])
    assert report["cells_emptied_by_code"] == {"dossiers.logement": {"(rare codes)": 1}}
    assert any("29 months" in lost for lost in report["lost"])


def test_the_break_of_2015_is_a_dated_fact_that_a_study_must_declare(tmp_path: Path) -> None:
    converted(tmp_path)
    engine = open_engine(threads=1)
    meta = read_extract(tmp_path / "out", engine).meta
    august = dt.date(2015, 8, 1)
    assert [b.date for b in meta.breaks] == [august]
    with pytest.raises(StudyError, match="crosses 2015-08-01, when I-Milo replaced Parcours 3"):
        meta.refuse_undeclared_breaks(dt.date(2014, 1, 1), dt.date(2015, 12, 31), [])
    meta.refuse_undeclared_breaks(dt.date(2014, 1, 1), dt.date(2015, 12, 31), [august])
    meta.refuse_undeclared_breaks(dt.date(2012, 1, 1), dt.date(2014, 12, 31), [])


def test_an_imilo_extract_that_spans_the_break_carries_it_unasked() -> None:
    meta = ExtractMeta.model_validate({**small.META, "period_start": "2014-01-01"})
    assert [b.date for b in meta.all_breaks] == [dt.date(2015, 8, 1)]
    elsewhere = ExtractMeta.model_validate(
        {**small.META, "period_start": "2014-01-01", "territory": {"region": "11"}}
    )
    assert [b.date for b in elsewhere.all_breaks] == [dt.date(2015, 1, 26)]
    assert ExtractMeta.model_validate(small.META).all_breaks == ()
    assert (
        ExtractMeta.model_validate(
            {**small.META, "period_start": "2014-01-01", "source": "synthetic"}
        ).all_breaks
        == ()
    )


def test_a_missing_file_or_column_and_a_wrong_header_are_refused(tmp_path: Path) -> None:
    folder, header = export(tmp_path)
    assert isinstance(run(tmp_path, "--from", "parcours4").exception, ExtractError)
    text = (folder / "programmes.csv").read_text(encoding="cp1252")
    (folder / "programmes.csv").write_text(
        text.replace("date_initialisation", "date_init"), encoding="cp1252"
    )
    assert isinstance(run(tmp_path).exception, ColumnMissingError)
    (folder / "programmes.csv").rename(folder / "programme.csv")
    assert "did you mean 'programme'" in str(run(tmp_path).exception)
    assert isinstance(run(tmp_path).exception, TableMissingError)
    (header / "extract.yaml").write_text(yaml.safe_dump({**HEADER, "source": "imilo"}))
    assert "write parcours3" in str(run(tmp_path).exception)
    assert not (tmp_path / "out").exists()
