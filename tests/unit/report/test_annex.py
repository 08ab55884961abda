"""The printed annex: its rows, the words of cells without a number, its spreadsheet."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pandas as pd
import pytest
from tests_root import ROOT

from evalml.errors import ExtractError, StudyError
from evalml.indicators import GROUPS, INDICATORS
from evalml.report.annex import Source, activity_annex, annex_table
from evalml.report.annex.content import Cell, layout
from evalml.report.annex.pages import (
    annex_markdown,
    cell_text,
    change_text,
    summary_markdown,
    write_spreadsheet,
)
from evalml.study.activity import read_activity

AREAS = ("region:32", "departement:02", "departement:59")
ROWS = [row for part in layout()["sections"] for row in part["rows"]]
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


def figure(indicator, breakdown, area, year, value, **more):
    group, _, code = breakdown.partition("=")
    kind = INDICATORS[indicator]
    numbers = {"value": value, "numerator": value, "denominator": 4 * value}
    return {
        "indicator": indicator, "breakdown": breakdown, "group": group, "group_value": code,
        "territory": area, "year": year, "unit": kind.unit, "statistic": kind.statistic,
        "state": "known", "reason": "", "young": False, "completeness": 1.0, **numbers, **more,
    }  # fmt: skip


def indicators(years=(2024, 2023), **hidden):
    rows = [
        figure(row["indicator"], row.get("breakdown", ""), area, year, 1000.0 + place)
        for year in years
        for place, row in enumerate(ROWS)
        for area in AREAS
    ]
    table = pd.DataFrame(rows).drop_duplicates(["indicator", "breakdown", "territory", "year"])
    for state, (indicator, area) in hidden.items():
        here = (table["indicator"] == indicator) & (table["territory"] == area)
        table.loc[here, ["value", "numerator", "denominator"]] = np.nan
        table.loc[here, ["state", "reason"]] = [state, f"parce que {state}"]
    return table


def annex(**hidden):
    source = Source("Activité en 2024", "essai", "2026-01-31", synthetic=True)
    return activity_annex(indicators(**hidden), source, 2024, ["59"])


def test_the_rows_are_those_of_the_printed_annex_in_their_order():
    """Indicator, breakdown and statistic of lines 1933 to 1981, as data/published has them."""
    with (ROOT / "data/published/arefie_2024.csv").open(encoding="utf-8") as file:
        printed = [
            (row["indicator"], row["breakdown"], row["statistic"] == "share")
            for row in csv.DictReader(file)
            if row["territory"] == "region:32"
            and row["place"].startswith("Indicateurs clés par département")
            and row["statistic"] in {"count", "amount", "share"}
        ]
    ours = [
        (
            row["indicator"],
            row.get("breakdown", ""),
            row.get("show") == "share" or INDICATORS[row["indicator"]].statistic == "share",
        )
        for row in ROWS
    ]
    assert len(ours) == 38
    assert ours == printed


def test_every_row_names_an_indicator_and_a_breakdown_that_exist():
    for row in ROWS + [f for part in layout()["key_figures"] for f in part["figures"]]:
        assert row["indicator"] in INDICATORS
        group, _, value = row.get("breakdown", "").partition("=")
        assert not group or value in GROUPS[group].values


def test_the_columns_are_the_whole_then_the_areas_in_the_order_asked():
    assert annex().areas == ("region:32", "departement:59", "departement:02")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(29813.0, "known", "number"), "29\u202f813"),
        (Cell(22.94, "known", "percent"), "22,9\u00a0%"),
        (Cell(np.nan, "secret", "number"), "secret"),
        (Cell(np.nan, "unknown", "number"), "non connu"),
        (Cell(np.nan, "no_base", "percent"), "sans objet"),
        (Cell(0.0, "known", "number"), "0"),
    ],
)
def test_a_hidden_figure_an_absent_one_and_zero_read_differently(cell, text):
    assert cell_text(cell) == text


def test_a_change_is_in_points_for_a_share_and_hidden_with_either_year():
    now, past = Cell(22.9, "known", "percent"), Cell(20.4, "known", "percent")
    assert change_text(now, past) == "+2,5\u00a0pt"
    assert change_text(now, Cell(np.nan, "secret", "percent")) == "secret"
    assert (
        change_text(Cell(110.0, "known", "number"), Cell(100.0, "known", "number"))
        == "+10,0\u00a0%"
    )
    assert change_text(now, Cell(np.nan, "no_base", "percent")) == "sans objet"
    assert change_text(now, Cell(np.nan, "unknown", "percent")) == "non connu"
    assert change_text(Cell(9.0, "known", "number"), Cell(0.0, "known", "number")) == "sans objet"


def test_states_reach_the_pages_and_the_table():
    made = annex(secret=("entrees_cej", "departement:02"), unknown=("allocations_cej", "region:32"))
    page = annex_markdown(made)
    assert "| secret |" in page
    assert "| non connu |" in page
    table = annex_table(made)
    assert set(table["state"]) == {"known", "secret", "unknown"}
    assert table.loc[table["state"] == "unknown", "reason"].eq("parce que unknown").all()
    assert len(table) == 38 * 3 * 2
    assert "Données synthétiques" in page
    assert "Données synthétiques" in summary_markdown(made)


def test_a_year_of_which_nothing_is_known_is_refused_and_the_one_before_is_left_out():
    table = indicators()
    past = table["year"] == 2023
    table.loc[past, ["state", "reason"]] = ["unknown", "l’extrait commence en 2024"]
    made = activity_annex(table, Source("x"), 2024)
    assert made.before is None
    assert made.remarks == ("L’année 2023 n’est pas montrée : l’extrait commence en 2024.",)
    with pytest.raises(ExtractError, match="nothing of 2022"):
        activity_annex(table, Source("x"), 2022)


def sheets(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[0] == "mimetype"
        assert archive.read("mimetype") == b"application/vnd.oasis.opendocument.spreadsheet"
        tree = ET.fromstring(archive.read("content.xml"))
    return {table.get(f"{TABLE}name"): table for table in tree.iter(f"{TABLE}table")}


def test_the_spreadsheet_has_one_table_a_sheet_with_marked_headers_and_no_merged_cell(tmp_path):
    made = annex(secret=("entrees_cej", "departement:02"))
    found = sheets(write_spreadsheet(made, tmp_path / "a.ods"))
    assert list(found) == ["Couverture", "Sommaire", "Notes", "Tableau 1", "Tableau 2", "Tableau 3"]
    for name, sheet in found.items():
        cells = list(sheet.iter(f"{TABLE}table-cell"))
        assert all("".join(cell.itertext()) for cell in cells), name
        assert not [c for c in cells if c.get(f"{TABLE}number-columns-spanned")]
        assert name == "Couverture" or len(list(sheet.iter(f"{TABLE}table-header-rows"))) == 1
    rows = list(found["Tableau 1"].iter(f"{TABLE}table-row"))
    assert len(rows) == 1 + 38
    assert len({len(list(row)) for row in rows}) == 1
    words = ["".join(cell.itertext()) for cell in rows[14]]
    assert words[-1] == "[secret]"
    assert [c.get(f"{OFFICE}value-type") for c in rows[14]][2:] == ["float", "float", "string"]


def test_a_row_read_alone_says_what_it_is_a_part_of(tmp_path):
    found = sheets(write_spreadsheet(annex(), tmp_path / "a.ods"))
    labels = [
        "".join(list(row)[1].itertext()) for row in found["Tableau 1"].iter(f"{TABLE}table-row")
    ]
    assert len(set(labels)) == len(labels)
    assert not [label for label in labels if label.startswith("dont")]
    assert any(re.match(r"Nombre total de contrats.*dont contrats durables", x) for x in labels)


def test_the_same_annex_gives_the_same_bytes(tmp_path):
    first, second = (write_spreadsheet(annex(), tmp_path / n) for n in ("a.ods", "b.ods"))
    assert first.read_bytes() == second.read_bytes()


def test_the_day_of_the_age_is_written_under_the_tables():
    table = indicators().assign(age_on="31 décembre")
    made = activity_annex(table, Source("x"), 2024)
    for page in (annex_markdown(made), summary_markdown(made)):
        assert "âge au 31 décembre" in page.replace("\u00a0", " ").replace("\u202f", " ")


def test_the_day_of_the_age_is_asked_in_the_params_file():
    assert read_activity("activite").age_on == "premier_acte"
    assert read_activity("activite", changes={"age_on": "fin_annee"}).age_on == "fin_annee"
    with pytest.raises(StudyError, match="age_on"):
        read_activity("activite", changes={"age_on": "naissance"})
    notebook = (ROOT / "notebooks/activite.ipynb").read_text(encoding="utf-8")
    assert "age_on=asked.age_on" in notebook
