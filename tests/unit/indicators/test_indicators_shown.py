"""Indicators as they are shown: protected, by theme, from the command line, before those in print."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import evalml as ev
from evalml.cli.published import indicators
from evalml.errors import EvalmlError
from evalml.indicators import INDICATORS, THEMES

RUN = CliRunner()
AREAS = ("departement:02", "departement:59", "departement:62")
PARTS = {"sexe": ("F", "H")}


def counts(women, men, statistic="count"):
    """A table of one indicator: women and men of three areas, with every sum."""
    cells = {("F", a): n for a, n in zip(AREAS, women, strict=True)}
    cells |= {("H", a): n for a, n in zip(AREAS, men, strict=True)}
    rows = []
    for value in ("", "F", "H"):
        for area in ("region:32", *AREAS):
            n = sum(
                c for (v, a), c in cells.items() if value in ("", v) and area in ("region:32", a)
            )
            rows.append(
                {
                    "indicator": "x", "year": 2024, "territory": area, "statistic": statistic,
                    "group": "sexe" if value else "", "group_value": value, "value": float(n),
                    "numerator": float(n), "denominator": np.nan,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def shown(table):
    protected = ev.protect_indicators(table, PARTS)
    return protected.set_index(["group_value", "territory"])["value"]


def test_a_table_without_small_counts_is_shown_whole():
    assert shown(counts((20, 30, 40), (50, 60, 70))).notna().all()


def test_a_small_count_and_what_gives_it_away_are_hidden():
    values = shown(counts((4, 30, 40), (50, 60, 70)))
    assert np.isnan(values["F", "departement:02"])
    # along the area, and along the part, at least one more cell is missing
    assert values.xs("departement:02", level=1).isna().sum() >= 2
    assert values.xs("F", level=0).isna().sum() >= 2
    assert values["", "region:32"] == 254


def test_a_small_part_never_hides_a_whole():
    """Aisne: 262 entrants, 7 of them of an unknown place: the 262 stay, the part does not."""
    women, men = (7, 900, 300), (255, 1200, 500)
    table = pd.concat([counts(women, men), counts((50, 60, 70), men).assign(indicator="y")])
    protected = ev.protect_indicators(table, PARTS)
    wholes = protected[protected["group"] == ""]
    assert (wholes["state"] == "known").all()
    assert wholes.loc[wholes["indicator"] == "x", "value"].tolist() == [3162, 262, 2100, 800]
    hidden = protected[protected["state"] == "secret"]
    assert ("F", "departement:02") in set(
        zip(hidden["group_value"], hidden["territory"], strict=True)
    )
    assert set(hidden["indicator"]) == {"x"}
    assert hidden["reason"].str.startswith("secret statistique").all()


def test_more_breakdowns_hide_no_more_wholes():
    table = counts((4, 30, 40), (50, 60, 70))
    alone = ev.protect_indicators(table[table["group"] == ""], {})
    beside = ev.protect_indicators(table, PARTS)
    whole = beside[beside["group"] == ""]
    assert alone["state"].tolist() == whole["state"].tolist()


def test_a_value_inside_another_that_differs_by_few_is_hidden():
    """Youths of 16 and 17 beside minors would give the four who are under 16."""
    rows = [("", "", 500), ("age", "-18", 60), ("age", "18+", 440), ("age", "16-17", 56)]
    table = pd.DataFrame(
        {
            "indicator": "x", "year": 2024, "territory": "region:32", "statistic": "count",
            "group": [r[0] for r in rows], "group_value": [r[1] for r in rows],
            "value": [float(r[2]) for r in rows], "numerator": [float(r[2]) for r in rows],
            "denominator": np.nan,
        }
    )  # fmt: skip
    values = ev.protect_indicators(table, {"age": ("-18", "18+")}).set_index("group_value")["state"]
    assert values["16-17"] == "secret"
    assert values["-18"] == "known"


def test_what_nobody_counted_is_not_secret():
    table = counts((20, 30, 40), (50, 60, 70)).assign(state="known", reason="")
    lost = table["territory"] == "departement:59"
    table.loc[lost, ["value", "numerator"]] = np.nan
    table.loc[lost, ["state", "reason"]] = ["unknown", "l’extrait n’a pas la table « actes »"]
    shown_ = ev.protect_indicators(table, PARTS)
    assert (shown_.loc[lost, "state"] == "unknown").all()
    assert shown_.loc[lost, "reason"].str.contains("actes").all()


def test_no_small_count_is_left_anywhere():
    values = shown(counts((4, 3, 12), (5, 60, 9)))
    assert not ((values > 0) & (values < 11)).any()


def test_a_share_whose_rest_is_small_is_hidden():
    table = counts((95, 130, 40), (50, 60, 70), "share")
    table["denominator"] = 2 * table["numerator"]
    table.loc[table["numerator"] == 95, "denominator"] = 100
    protected = ev.protect_indicators(table, PARTS)
    assert np.isnan(protected.loc[table["numerator"] == 95, "value"]).all()


def test_every_indicator_stands_in_one_theme():
    named = [name for theme in THEMES.values() for name in theme.indicators]
    assert sorted(named) == sorted(INDICATORS)


@pytest.fixture(scope="module")
def computed(small_extract):
    engine = ev.open_engine()
    tables = ev.accept_tables(ev.read_extract(small_extract, engine), engine)
    return ev.compute_indicators(tables, 2024, groups=["sexe"], engine=engine)


def test_a_theme_is_a_table_of_one_column_per_area(computed):
    table = ev.activity_table(computed, "people", synthetic=True)
    head = "Indicateur (données synthétiques ; extrait du 31/01/2026)"
    assert list(table)[:3] == [head, "Unité", "Hauts-de-France"]
    whole = computed[(computed["indicator"] == "accompagnes") & (computed["breakdown"] == "")]
    assert table["Nord"][0] == whole.set_index("territory")["value"]["departement:59"]
    assert len(ev.activity_table(computed)) == computed["indicator"].nunique()
    with pytest.raises(EvalmlError, match="did you mean 'people'"):
        ev.activity_table(computed, "peopl")


def test_shares_are_percentages_of_their_own_base(computed):
    shares = computed[computed["statistic"] == "share"].dropna(subset=["value"])
    assert len(shares) > 50
    assert np.allclose(shares["value"], 100 * shares["numerator"] / shares["denominator"])
    assert shares["value"].between(0, 100).all()


def test_the_command_writes_the_indicators_of_an_extract(small_extract, tmp_path):
    app = typer.Typer()
    app.command()(indicators)
    given = [str(small_extract), "--year", "2024", "--out", str(tmp_path)]
    result = RUN.invoke(app, given)
    assert result.exit_code == 0, result.output
    table = ev.read_indicators(tmp_path / "indicators.csv")
    counted = table[table["statistic"] == "count"]["value"].dropna()
    assert not ((counted > 0) & (counted < 11)).any()
    assert set(table["year"]) == {2024}
    result = RUN.invoke(app, [str(small_extract), "--year", "1999"])
    assert "none of the years asked" in str(result.exception)
    result = RUN.invoke(app, [str(small_extract), "--year", "2024", "--by", "commune"])
    assert isinstance(result.exception, EvalmlError)


def test_a_table_says_words_where_there_is_no_figure_and_warns_of_a_young_year(computed):
    table = computed[computed["breakdown"] == ""].copy()
    first = table["indicator"] == "accompagnes"
    table.loc[first, ["value", "state", "young", "completeness"]] = [np.nan, "unknown", True, 0.894]
    table.loc[table["indicator"] == "en_contact", "value"] = np.nan
    shown = ev.activity_table(table, "people")
    lines = shown.set_index(shown.columns[0])["Nord"]
    assert lines["Jeunes accompagnés [année jeune : 89 % des saisies attendues]"] == "non connu"
    assert lines["Jeunes en contact"] == "secret"


def test_the_command_says_what_is_unknown_and_takes_the_day_of_the_age(small_extract, tmp_path):
    import shutil

    folder = tmp_path / "extract"
    shutil.copytree(small_extract, folder)
    (folder / "allocations.parquet").unlink()
    app = typer.Typer()
    app.command()(indicators)
    given = [str(folder), "--year", "2024", "--group", "age", "--age-on", "fin_annee"]
    result = RUN.invoke(app, [*given, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert (
        "indicators unknown; column reason (in French): l’extrait n’a pas la table « allocations »"
        in result.output
    )
    table = ev.read_indicators(tmp_path / "out" / "indicators.csv")
    paid = table[table["indicator"] == "allocations_cej"]
    assert set(paid["state"]) == {"unknown"}
    assert paid["value"].isna().all()
    assert set(table[table["group"] == "age"]["age_on"]) == {"31 décembre"}
    assert set(table["vintage"]) == {"2026-01-31"}


def test_one_small_cell_of_a_breakdown_hides_neither_its_row_nor_the_sum_of_the_areas():
    """9 of 53 in one area: two areas hide both sides; the 232 of 961 of the region stay."""
    areas = ["region:32", "02", "59", "60", "62", "80"]
    counts = {
        "": [961, 101, 486, 92, 229, 53],
        "1": [232, 17, 132, 17, 57, 9],
        "0": [729, 84, 354, 75, 172, 44],
    }
    rows = [
        {
            "indicator": "entrees_cej", "year": 2024, "territory": area, "statistic": "count",
            "group": "qpv" if value else "", "group_value": value, "value": float(n),
            "numerator": float(n), "denominator": float(whole),
        }
        for value, found in counts.items()
        for area, n, whole in zip(areas, found, counts[""], strict=True)
    ]  # fmt: skip
    shown = ev.protect_indicators(pd.DataFrame(rows), parts={"qpv": ["1", "0"]})
    seen = shown[shown["state"] == "known"].groupby("group_value")["territory"].agg(set)
    assert seen[""] == set(areas)
    assert "region:32" in seen["1"] & seen["0"]
    assert "80" not in seen["1"] | seen["0"]
