"""Each rule finds its identities, holds on figures that are right and fails on one that is not."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.published.makers import by_departement, figure, folder

from evalml.published import audit_figures


def verdicts(figures, kind, **kwargs):
    return [o.holds for o in audit_figures(figures, **kwargs).outcomes if o.identity.kind == kind]


def changed(figures, name, value):
    return {**figures, name: replace(figures[name], value=value)}


PARTS = by_departement("j", ["100", "500", "200", "300", "50"])


def test_the_departements_make_the_region():
    figures = folder(*PARTS, figure("whole", "1 150"))
    assert verdicts(figures, "territory_sum") == [True]
    assert verdicts(changed(figures, "whole", 1151.0), "territory_sum") == [False]


def test_a_sum_that_lacks_a_departement_only_bounds_the_region():
    figures = folder(*PARTS[:4], figure("whole", "1 150"))
    assert verdicts(figures, "territory_sum") == []
    assert verdicts(figures, "part_of_whole") == [True] * 4
    assert verdicts(changed(figures, "j_02", 2000.0), "part_of_whole").count(False) == 1


def test_rounded_amounts_add_up_within_their_rounding():
    parts = by_departement("a", ["10", "50", "20", "30", "5"], statistic="amount")
    whole = figure("whole", "117", statistic="amount")
    assert verdicts(folder(*parts, whole), "territory_sum") == [True]  # 115 +- 2.5, 117 +- 0.5
    assert verdicts(folder(*parts, replace(whole, value=119.0)), "territory_sum") == [False]


def test_the_values_of_a_partition_make_the_whole():
    figures = folder(
        figure("whole", "100"),
        figure("f", "48", breakdown="sexe=F"),
        figure("h", "52", breakdown="sexe=H"),
    )
    assert verdicts(figures, "parts_sum") == [True]
    assert verdicts(changed(figures, "f", 49.0), "parts_sum") == [False]


def test_a_declared_partition_is_used():
    figures = folder(
        figure("a", "6 %", statistic="share", population="jeunes", breakdown="age=1"),
        figure("b", "48 %", statistic="share", population="jeunes", breakdown="age=2"),
        figure("c", "46 %", statistic="share", population="jeunes", breakdown="age=3"),
    )
    partition = [("age=1", "age=2", "age=3")]
    assert verdicts(figures, "shares_total") == []
    assert verdicts(figures, "shares_total", partitions=partition) == [True]
    wrong = changed(figures, "c", 43.0)  # 97 +- 1.5
    assert verdicts(wrong, "shares_total", partitions=partition) == [False]


def test_a_share_is_its_count_over_its_population():
    figures = folder(
        figure("base", "1 150"),
        figure("part", "230", population="jeunes", breakdown="qpv=1"),
        figure(
            "share", "20,0 %", statistic="share", population="jeunes", breakdown="qpv=1", step=0.1
        ),
    )
    assert verdicts(figures, "share_of_base") == [True]
    assert verdicts(changed(figures, "share", 20.1), "share_of_base") == [False]


def test_the_weight_of_a_departement_is_its_share_of_the_region():
    weights = by_departement(
        "w", ["8,7 %", "43,5 %", "17,4 %", "26,1 %", "4,3 %"], statistic="share", step=0.1,
        population="jeunes@region",
    )  # fmt: skip
    figures = folder(*PARTS, figure("whole", "1 150"), *weights)
    assert verdicts(figures, "share_of_base") == [True] * 5
    assert verdicts(figures, "shares_total") == [True]
    assert verdicts(changed(figures, "w_59", 45.3), "shares_total") == [False]


def test_a_regional_share_is_the_weighted_mean_of_its_departements():
    shares = by_departement(
        "s", ["10,0 %", "20,0 %", "30,0 %", "40,0 %", "50,0 %"], statistic="share", step=0.1,
        population="jeunes", breakdown="qpv=1",
    )  # fmt: skip
    region = figure(
        "s_hdf", "27,4 %", statistic="share", population="jeunes", breakdown="qpv=1", step=0.1
    )  # (10 + 100 + 60 + 120 + 25) / 1150 = 27.39 %
    figures = folder(*PARTS, figure("whole", "1 150"), *shares, region)
    assert verdicts(figures, "weighted_mean") == [True]
    assert verdicts(changed(figures, "s_hdf", 27.7), "weighted_mean") == [False]


def test_without_their_populations_a_mean_lies_between_its_terms():
    shares = by_departement("s", ["10 %"] * 4 + ["30 %"], statistic="share", population="sortants")
    region = figure("s_hdf", "20 %", statistic="share", population="sortants")
    figures = folder(*shares, region)
    assert verdicts(figures, "between_parts") == [True]
    assert verdicts(changed(figures, "s_hdf", 35.0), "between_parts") == [False]


def test_a_growth_is_that_of_the_levels():
    figures = folder(
        figure("before", "6 921", year=2023),
        figure("now", "7 919"),
        figure("rate", "14,4 %", statistic="growth", step=0.1),
    )
    assert verdicts(figures, "growth") == [True]
    assert verdicts(changed(figures, "rate", 12.6), "growth") == [False]


def test_levels_drawn_from_growths_add_up():
    rates = by_departement("g", ["10,0 %"] * 5, statistic="growth", step=0.1)
    figures = folder(
        *PARTS,
        figure("whole", "1 150"),
        *rates,
        figure("g", "10,0 %", statistic="growth", step=0.1),
    )
    assert verdicts(figures, "growth_of_parts") == [True]
    assert verdicts(changed(figures, "g", 12.0), "growth_of_parts") == [False]


def test_a_part_of_a_programme_is_within_the_same_part_of_the_accompanied():
    figures = folder(
        figure("base", "1 000", indicator="accompagnes"),
        figure(
            "base_qpv", "200", indicator="accompagnes", breakdown="qpv=1", population="accompagnes"
        ),
        figure("cej", "300", indicator="cej", population="accompagnes"),
        figure("cej_qpv", "250", indicator="cej", population="cej", breakdown="qpv=1"),
    )
    failing = [o for o in audit_figures(figures).outcomes if not o.holds]
    assert [(o.identity.left, o.identity.right) for o in failing] == [("cej_qpv", "base_qpv")]


def test_a_concept_printed_twice_is_one_number():
    figures = folder(figure("a", "29 813"), figure("b", "29 813", table="texte"))
    assert verdicts(figures, "printed_twice") == [True]
    assert verdicts(changed(figures, "b", 29183.0), "printed_twice") == [False]


def test_a_rounded_mention_agrees_with_the_full_number():
    figures = folder(figure("a", "11 049"), figure("b", "11 000", step=1000.0, table="texte"))
    assert verdicts(figures, "printed_twice") == [True]


def test_figures_of_two_years_programmes_or_units_are_never_compared():
    a = figure("a", "100")
    others = [replace(a, id="b", year=2023), replace(a, id="c", unit="contrats")]
    assert verdicts(folder(a, *others, replace(a, id="d", programme="CEJ")), "printed_twice") == []


def test_a_share_of_few_youths_must_exist():
    figures = folder(
        figure("base", "26"),
        figure("s", "3,8 %", statistic="share", population="jeunes", breakdown="x=1", step=0.1),
    )
    assert verdicts(figures, "attainable_share") == [True]
    assert verdicts(changed(figures, "s", 5.0), "attainable_share") == [False]


def test_bounds_and_pages_keep_their_order():
    low = figure("low", "18 ans", statistic="age", breakdown="borne=min", unit="ans")
    high = replace(low, id="high", value=16.0, breakdown="borne=max")
    assert verdicts(folder(low, high), "bounds") == [False]
    pages = [figure(f"p{n}", str(n), statistic="page", unit="page") for n in (5, 7, 6)]
    assert verdicts(folder(*pages), "order") == [True, False]


def test_the_number_of_a_decree_is_of_the_year_of_its_date():
    ref = figure("r", "2013-1371", statistic="reference", year=2016, value=2013.0)
    assert verdicts(folder(ref), "reference") == [False]
