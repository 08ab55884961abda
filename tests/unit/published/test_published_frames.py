"""The tables a notebook shows."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.unit.published.makers import by_departement, figure, folder

from evalml.published import (
    PublishedError,
    audit_figures,
    compare_published,
    findings_table,
    kinds_table,
    read_indicators,
    recomputed_table,
    verdicts_table,
)

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
    assert table["Écart"].tolist() == [-16920, 0]


def test_a_run_folder_holds_its_indicators(tmp_path):
    (tmp_path / "results").mkdir()
    file = tmp_path / "results" / "indicators.csv"
    file.write_text("indicator,territory,year,value\na,departement:02,2024,1\n", encoding="utf-8")
    assert read_indicators(tmp_path).equals(read_indicators(file))
    with pytest.raises(PublishedError, match="no indicators"):
        read_indicators(tmp_path / "absent")
