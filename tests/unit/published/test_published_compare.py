"""Our figures against those in print."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.unit.published.makers import figure

from evalml.published import PublishedError, compare_published
from evalml.published.compare import summary

HERE = {"territory": "region:32", "year": 2024}


def table(*rows):
    return pd.DataFrame([{**HERE, **r} for r in rows])


def verdict(printed, indicators, **kwargs):
    row = compare_published([printed], indicators, **kwargs).iloc[0]
    return row["verdict"], row["reason"]


def test_the_same_number_is_equal():
    assert (
        verdict(figure("a", "115 109"), table({"indicator": "jeunes", "value": 115109}))[0]
        == "equal"
    )


def test_a_number_that_prints_the_same_is_within_rounding():
    printed = figure("a", "1 500", step=100)
    assert verdict(printed, table({"indicator": "jeunes", "value": 1461}))[0] == "within rounding"
    assert verdict(printed, table({"indicator": "jeunes", "value": 1440}))[0] == "differs"


def test_the_difference_is_ours_minus_theirs():
    row = compare_published(
        [figure("a", "200")], table({"indicator": "jeunes", "value": 190})
    ).iloc[0]
    assert (row["difference"], row["relative"]) == (-10, -0.05)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"indicator": "autre"}, "aucun indicateur « jeunes »"),
        ({"year": 2019}, "l’année 2024 n’est pas calculée (il y a 2019)"),
        ({"territory": "region:11"}, "le territoire region:32 n’est pas dans l’extrait"),
        ({"breakdown": "qpv=1"}, "« jeunes » n’a pas la ventilation « ensemble »"),
        ({"value": None}, "l’indicateur n’a pas de valeur"),
        ({"value": None, "reason": "fewer than 11"}, "fewer than 11"),
        ({"statistic": "mean"}, "l’indicateur donne une moyenne, et l’imprimé un effectif"),
    ],
)
def test_what_is_not_computable_says_why(change, reason):
    row = {"indicator": "jeunes", "value": 1.0, **change}
    assert verdict(figure("a", "1"), table(row)) == ("not computable", reason)


def test_a_unit_no_extract_holds_is_said_so():
    printed = figure("a", "42", indicator="missions_locales", unit="structures")
    indicators = table({"indicator": "jeunes", "value": 1})
    assert verdict(printed, indicators) == (
        "not computable",
        "un extrait ne compte pas d’unités de ce genre (structures)",
    )


def test_breakdowns_meet_whatever_their_order():
    printed = figure("a", "86", breakdown="age=-18;milieu=ferme")
    row = {"indicator": "jeunes", "breakdown": "milieu=ferme; age=-18", "value": 86}
    assert verdict(printed, table(row))[0] == "equal"


def test_a_mapping_renames_indicators_and_breakdowns_and_rules_some_out():
    mapping = pd.DataFrame(
        [
            ("jeunes", "", "ind_01", "", ""),
            ("jeunes", "qpv=1", "ind_01", "quartier=prioritaire", ""),
            ("budget", "", "budget", "", "not in an extract"),
        ],
        columns=["indicator", "breakdown", "definition", "definition_breakdown", "reason"],
    )
    indicators = table(
        {"indicator": "ind_01", "value": 100},
        {"indicator": "ind_01", "breakdown": "quartier=prioritaire", "value": 22},
    )
    printed = [
        figure("a", "100"),
        figure("b", "22", breakdown="qpv=1"),
        figure("c", "5", indicator="budget"),
    ]
    compared = compare_published(printed, indicators, mapping)
    assert list(compared["verdict"]) == ["equal", "equal", "not computable"]
    assert compared["reason"].iloc[2] == "not in an extract"
    assert list(compared["definition"]) == ["ind_01", "ind_01", "budget"]


def test_an_indicator_in_percent_is_a_share():
    printed = figure("s", "34,7 %", statistic="share", population="sortants", step=0.1)
    row = {"indicator": "jeunes", "unit": "%", "value": 34.69}
    assert verdict(printed, table(row))[0] == "within rounding"
    bare = {"indicator": "jeunes", "value": 34.69}
    assert verdict(printed, table(bare)) == (
        "not computable", "l’indicateur donne un effectif, et l’imprimé une part"
    )  # fmt: skip


def test_a_share_is_drawn_from_the_counts_of_the_table():
    printed = figure(
        "s", "22,1 %", statistic="share", population="jeunes", breakdown="qpv=1", step=0.1
    )
    indicators = table(
        {"indicator": "jeunes", "value": 115109},
        {"indicator": "jeunes", "breakdown": "qpv=1", "value": 25428},
    )
    row = compare_published([printed], indicators).iloc[0]
    assert row["verdict"] == "within rounding"
    assert row["value"] == pytest.approx(22.0904, abs=1e-4)  # 100 * 25428 / 115109


def test_the_weight_of_a_departement_is_drawn_from_its_region():
    printed = figure(
        "w", "48,4 %", statistic="share", population="jeunes@region", step=0.1,
        territory="departement:59",
    )  # fmt: skip
    indicators = table(
        {"indicator": "jeunes", "value": 115109},
        {"indicator": "jeunes", "territory": "departement:59", "value": 55690},
    )
    assert verdict(printed, indicators)[0] == "within rounding"


def test_a_growth_is_drawn_from_two_years():
    printed = figure("g", "12,6 %", statistic="growth", step=0.1)
    indicators = table(
        {"indicator": "jeunes", "value": 7919}, {"indicator": "jeunes", "value": 6921, "year": 2023}
    )
    row = compare_published([printed], indicators).iloc[0]
    assert row["verdict"] == "differs"
    assert row["value"] == pytest.approx(14.42, abs=0.005)


def test_two_values_of_one_indicator_are_refused():
    double = table({"indicator": "jeunes", "value": 1}, {"indicator": "jeunes", "value": 2})
    with pytest.raises(PublishedError, match="two values of jeunes"):
        compare_published([figure("a", "1")], double)


def test_a_table_without_the_needed_columns_is_refused():
    with pytest.raises(PublishedError, match="no column 'territory'"):
        compare_published([figure("a", "1")], pd.DataFrame({"indicator": ["jeunes"]}))


def test_the_summary_counts_verdicts_by_source():
    printed = [figure("a", "1"), figure("b", "2", indicator="autre")]
    compared = compare_published(printed, table({"indicator": "jeunes", "value": 1}))
    row = summary(compared).loc["essai"]
    assert (row["equal"], row["not computable"], row["differs"]) == (1, 1, 0)


def test_a_share_of_a_hidden_count_says_that_the_count_is_hidden():
    printed = figure("a", "5,5 %", statistic="share", unit="%", population="jeunes")
    row = {
        "indicator": "jeunes",
        "value": None,
        "statistic": "count",
        "reason": "secret statistique",
    }
    assert verdict(printed, table(row)) == ("not computable", "secret statistique")
