"""The tables a notebook shows."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.unit.published.makers import by_departement, figure, folder
from tests_root import ROOT

from evalml.indicators import GROUPS, INDICATORS
from evalml.published import (
    PublishedError,
    audit_figures,
    audit_path,
    compare_published,
    differences_table,
    findings_table,
    kinds_table,
    read_indicators,
    read_mapping,
    reasons_table,
    recomputed_table,
    verdicts_table,
)
from evalml.published.audit import compare_page, split_differences
from evalml.published.compare import _definition, _mapping, explain_differences

FIGURES = folder(
    *by_departement("p", ["2 977", "8 138", "2 692", "5 970", "18 799"]), figure("p_hdf", "21 656")
)


def test_the_tested_and_the_found_are_told_in_french():
    audit = audit_figures(FIGURES)
    tested = kinds_table(audit)
    assert tested.to_dict("records") == [
        {"Relation": "Somme des territoires", "Vérifiées": 1, "En échec": 1}
    ]
    (row,) = findings_table(audit).to_dict("records")
    assert (row["Imprimé"], row["À lire"], row["Cause"]) == ("18 799", "1 879", "Coquille")


def test_without_a_run_no_figure_is_computable():
    compared = compare_published(FIGURES, read_indicators(None))
    assert set(compared["verdict"]) == {"not computable"}
    assert verdicts_table(compared)["Non calculable"].tolist() == [6]
    assert len(recomputed_table(compared)) == 0


def test_the_largest_difference_comes_first():
    rows = [("jeunes", f"departement:{c}", 2024, v) for c, v in [("02", 2977), ("80", 1879)]]
    indicators = pd.DataFrame(rows, columns=["indicator", "territory", "year", "value"])
    table = recomputed_table(compare_published(FIGURES, indicators))
    assert table["Verdict"].tolist() == ["Différent", "Égal"]
    assert table["Écart"].tolist() == ["−16\u202f920", "0"]
    assert table["Territoire"].tolist() == ["Somme", "Aisne"]


def test_a_run_folder_holds_its_indicators(tmp_path):
    (tmp_path / "results").mkdir()
    file = tmp_path / "results" / "indicators.csv"
    file.write_text("indicator,territory,year,value\na,departement:02,2024,1\n", encoding="utf-8")
    assert read_indicators(tmp_path).equals(read_indicators(file))
    with pytest.raises(PublishedError, match="no indicators"):
        read_indicators(tmp_path / "absent")


def test_a_difference_reads_in_one_line_and_an_invented_one_is_counted():
    rows = [("jeunes", f"departement:{c}", 2024, v) for c, v in [("02", 2977), ("80", 1879)]]
    rows.append(("jeunes", "departement:59", 2024, 12))
    indicators = pd.DataFrame(rows, columns=["indicator", "territory", "year", "value"])
    audit = audit_figures(FIGURES)
    compared = compare_published(FIGURES, indicators)
    real = explain_differences(compared, audit)
    table = differences_table(real)
    assert list(table["Ce qui l’explique"]) == [
        "À examiner : autre définition, autre jour d’extraction, ou erreur.",
        "Coquille : l’audit lit 1 879, qui est notre valeur.",
    ]
    invented = explain_differences(compared, audit, synthetic=True)
    shown, hidden = split_differences(invented, synthetic=True)
    assert (shown["territory"].tolist(), hidden) == (["departement:80"], 1)
    page = compare_page(invented, synthetic=True)
    assert "1 autre chiffre diffère" in page
    assert page.count("Données inventées") == 1
    assert "Somme" in page
    assert reasons_table(compared)["Chiffres"].sum() == 3


def test_every_printed_figure_is_one_of_ours_or_has_its_reason():
    """998 figures: an indicator and a breakdown compute each, or a reason in French says why not."""
    figures = audit_path(ROOT / "data/published").figures.values()
    codes = _mapping(read_mapping(ROOT / "data/published"))
    lost = []
    for printed in figures:
        code, breakdown, reason = _definition(printed, codes)
        group, _, value = breakdown.partition("=")
        known = not group or (group in GROUPS and value in GROUPS[group].values)
        if not reason and not (code in INDICATORS and known):
            lost.append((printed.id, code, breakdown))
    assert lost == []
