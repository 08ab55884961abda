"""The figures of the five documents: printed where they are said to be, and what fails in them."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from tests_root import ROOT

from evalml.published import audit_path, read_figures
from evalml.published.identity import WEAK


@pytest.fixture(scope="module")
def folder(root):
    return root / "data" / "published"


@pytest.fixture(scope="module")
def figures(folder):
    return read_figures(folder)


@pytest.fixture(scope="module")
def audit(folder):
    return audit_path(folder)


def test_each_document_that_prints_figures_has_its_table(figures):
    count = Counter(f.source for f in figures.values())
    assert count == {"arefie_2019": 39, "cnml_2007": 56, "arefie_2024": 690, "pnae_2018": 213}


def test_no_sentence_of_a_document_is_copied(figures):
    for figure in figures.values():
        assert len(figure.printed) <= 40, figure.id
        assert len(figure.note) <= 90, figure.id


def squash(text: str) -> str:
    plain = re.sub(r"[*\u00a0\u202f]", lambda m: "" if m[0] == "*" else " ", text)
    return re.sub(r" +", "", plain.replace("\t", "|"))


def occurs(printed: str, line: str) -> bool:
    """Whether a line prints the number: as it is, or with its drop capital apart."""
    plain = line.replace("*", "").replace("\u00a0", " ").replace("\u202f", " ")
    return printed in plain or bool(
        re.search(rf"(?<!\d){re.escape(squash(printed))}(?!\d)", squash(line))
    )


def test_every_figure_is_printed_on_the_line_it_names(figures, folder):
    where = Path(os.environ.get("EVALML_SEEDS", ROOT.parent / "shared" / "seeds"))
    if not where.is_dir():
        pytest.skip("needs the text of the documents: ../shared/seeds, or EVALML_SEEDS")
    sources = yaml.safe_load((folder / "sources.yaml").read_text(encoding="utf-8"))
    lines = {
        name: (where / spec["file"]).read_text(encoding="utf-8").split("\n")
        for name, spec in sources.items()
    }
    missing = [
        f.id
        for f in figures.values()
        if not occurs(f.printed, lines[f.source][int(f.place.rsplit("l.", 1)[1]) - 1])
    ]
    assert missing == []


def test_at_least_three_hundred_identities_can_fail_either_way(audit):
    strong = [o for o in audit.outcomes if o.identity.kind not in WEAK]
    assert len(audit.outcomes) >= 700
    assert len(strong) >= 300


# What a reader with a pencil finds too: first figure, cause, correction.
EXPECTED = {
    ("hdf24_cle_pacea_somme", "slip", "1 879"),
    ("hdf24_cle_accompagnes_part_qpv_hdf", "slip", "22,1 %"),
    ("hdf24_entrees_cej_52", "slip", "29 813"),
    ("hdf24_entrees_pacea_encadre", "slip", "21 656"),
    ("hdf24_cej_alloc_tranche1", "slip", "331,37 €"),
    ("hdf24_cle_pacea_allocations_somme", "slip", "386 621 ou 386 619"),
    ("pnae18_ref_decret_2013_1371", "slip", "2016-1371"),
    ("pnae18_logiciel_2912", "slip", "Office 365"),
    ("hdf24_part_th_2024", "slip", "5,15 %"),
    ("hdf24_qpv_02", "slip", ""),
    ("hdf24_iae_croissance", "base", "14,4 %"),
    ("cnml07_edito_sortis_civis", "truncated", ""),
    ("pnae18_part_ml_parrainage", "truncated", ""),
    ("pnae18_jdc_jeunes", "format", "770 000"),
    ("hdf24_page_5_3", "order", ""),
    ("hdf24_sport_annee_source", "reference", ""),
    ("hdf24_accueils_zon_hdf", "extractions", ""),
    ("hdf24_cle_appui_mobilite_aisne", "extractions", ""),
    ("hdf24_cle_appui_sante_hdf", "extractions", ""),
    ("hdf24_cle_appui_formation_hdf", "extractions", ""),
    ("hdf24_cle_appui_logement_hdf", "extractions", ""),
    ("hdf24_cle_appui_citoyennete_hdf", "extractions", ""),
    ("hdf24_part_16_17", "definitions", ""),
    ("hdf24_part_16_17_accueil", "definitions", ""),
    ("hdf24_part_appui_sante", "definitions", ""),
    ("hdf24_cle_appui_citoyennete_hdf", "definitions", ""),
    ("hdf24_communes_23", "definitions", ""),
    ("hdf24_cle_pacea_allocations_hdf", "definitions", ""),
    ("pnae18_ml_445", "definitions", ""),
    ("pnae18_salaries", "definitions", ""),
    ("pnae18_accueillis_1140", "definitions", ""),
    ("hdf24_qpv_nord_parenthese", "unknown", ""),
}


def test_what_fails_in_the_documents_is_what_a_careful_reader_finds(audit):
    found = {(f.figures[0], f.cause, f.correction) for f in audit.findings}
    assert found == EXPECTED


def test_the_clear_misprints_are_near_certain(audit):
    sure = {f.figures[0] for f in audit.findings if f.certainty == "quasi certaine"}
    assert sure >= {
        "hdf24_cle_pacea_somme",
        "hdf24_cle_accompagnes_part_qpv_hdf",
        "hdf24_entrees_cej_52",
        "hdf24_entrees_pacea_encadre",
        "hdf24_cej_alloc_tranche1",
        "hdf24_cle_pacea_allocations_somme",
        "hdf24_iae_croissance",
    }


def test_every_failure_is_in_exactly_one_finding(audit):
    held = Counter(o.identity.key for f in audit.findings for o in f.failures)
    assert held == Counter(o.identity.key for o in audit.failures)
