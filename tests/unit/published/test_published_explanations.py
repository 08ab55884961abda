"""Each failure is given its likeliest cause, and how sure that is."""

from __future__ import annotations

import pytest
from tests.unit.published.makers import by_departement, figure, folder

from evalml.published import audit_figures

GOOD = ["2 977", "8 138", "2 692", "5 970", "1 879"]  # PACEA 2024, the Somme as it should be


def sums(parts, whole="21 656"):
    return folder(*by_departement("p", parts), figure("p_hdf", whole))


def only(figures, **kwargs):
    (finding,) = audit_figures(figures, **kwargs).findings
    return finding


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("18 799", "chiffre en trop"),
        ("879", "chiffre perdu"),
        ("8 179", "échangés"),
        ("4 879", "un autre"),
    ],
)
def test_a_slip_in_a_sum_is_named_with_its_kind_and_correction(printed, words):
    share = {"statistic": "share", "population": "jeunes", "breakdown": "qpv=1", "step": 0.1}
    somme = {"territory": "departement:80"}
    part = figure("n", "309", population="jeunes", breakdown="qpv=1", **somme)
    figures = sums([*GOOD[:4], printed]) | folder(part, figure("s", "16,4 %", **share, **somme))
    finding = only(figures)
    assert finding.figures == ("p_80",)
    assert finding.correction == "1 879"
    assert words in finding.explanation


def test_certainty_grows_with_the_length_of_the_number_and_with_the_failures_mended():
    assert only(sums([*GOOD[:4], "18 799"])).certainty == "probable"
    euros = ["374 303", "1 967 285", "511 693", "1 087 223", "3 866 219"]  # 386 621, 9 glued
    assert only(sums(euros, "4 327 125")).certainty == "quasi certaine"


def test_small_numbers_leave_several_culprits():
    figures = folder(*by_departement("q", ["17", "94", "19", "64", "10"]), figure("q_hdf", "202"))
    finding = only(figures)
    assert set(finding.figures) >= {"q_02", "q_60", "q_62"}
    assert (finding.certainty, finding.correction) == ("indéterminée", "")


def test_two_misprints_of_one_table_are_told_apart():
    share = {"statistic": "share", "population": "jeunes", "breakdown": "qpv=1", "step": 0.1}
    count = {"population": "jeunes", "breakdown": "qpv=1"}
    figures = folder(
        *by_departement("p", [*GOOD[:4], "18 799"]),
        figure("p_hdf", "21 656"),
        *by_departement(
            "n", ["394", "1 275", "426", "1 271", "309"], **count
        ),  # 1 725 printed 1 275
        figure("n_hdf", "4 125", **count),
        *by_departement("s", ["13,2 %", "21,2 %", "15,8 %", "21,3 %", "16,4 %"], **share),
        figure("s_hdf", "19,0 %", **share),
    )
    found = {f.figures[0]: f.correction for f in audit_figures(figures).findings}
    assert found == {"p_80": "1 879", "n_59": "1 725"}


def test_a_growth_divided_by_the_end_is_a_wrong_base():
    figures = folder(
        figure("before", "6 921", year=2023),
        figure("now", "7 919"),
        figure("rate", "12,6 %", statistic="growth", step=0.1),
    )
    finding = only(figures)
    assert (finding.cause, finding.correction) == ("base", "14,4 %")


def test_a_share_cut_instead_of_rounded_is_truncated():
    figures = folder(
        figure("base", "445"),
        figure("part", "345", population="jeunes", breakdown="x=1"),
        figure("share", "77 %", statistic="share", population="jeunes", breakdown="x=1"),
    )
    assert only(figures).cause == "truncated"  # 345 / 445 = 77.53 %


def test_a_share_of_another_table_s_base_is_two_extractions():
    share = {"statistic": "share", "population": "jeunes", "breakdown": "qpv=1", "step": 0.1}
    figures = folder(
        figure("early", "19 652", table="texte"),
        figure("part", "4 403", population="jeunes", breakdown="qpv=1", table="texte"),
        figure("late", "19 797"),
        figure("share", "22,4 %", **share),  # of 19 652, not of 19 797
    )
    causes = {f.cause for f in audit_figures(figures).findings}
    assert "extractions" in causes


def test_a_share_of_a_neighbouring_count_is_two_definitions():
    group = {"breakdown": "age=-18"}
    figures = folder(
        figure("base", "41 463"),
        figure("part", "11 758", population="jeunes", **group),
        figure("files", "11 103", indicator="dossiers", **group),
        figure("share", "27 %", statistic="share", population="jeunes", **group),
    )
    finding = only(figures)
    assert finding.cause == "definitions"
    assert "11 103" in finding.explanation  # 11 103 / 41 463 = 26.8 %, 11 758 / 41 463 = 28.4 %


def test_two_tables_each_right_are_two_extractions_not_a_misprint():
    early = by_departement("e", ["3 793", "19 652", "5 070", "9 472", "3 178"], table="zonage")
    late = by_departement("l", ["3 832", "19 797", "5 099", "9 542", "3 193"], table="annexe")
    figures = folder(
        *early, figure("e_hdf", "41 165", table="zonage"),
        *late, figure("l_hdf", "41 463", table="annexe"),
    )  # fmt: skip
    finding = only(figures)
    assert (finding.cause, finding.certainty) == ("extractions", "quasi certaine")
    assert len(finding.failures) == 6


def test_a_number_no_one_writes_is_reported_with_what_it_lost():
    finding = only(folder(figure("jdc", "770 00")))
    assert (finding.cause, finding.correction) == ("format", "770 000")


def test_a_page_out_of_order_is_the_one_that_others_surround():
    pages = [
        figure(f"p{n}", printed, statistic="page", unit="page")
        for n, printed in enumerate(["16", "17", "13", "30"])
    ]
    finding = only(folder(*pages))
    assert (finding.figures, finding.cause) == (("p2",), "order")
    assert "entre 17 et 30" in finding.explanation


def test_what_nothing_explains_says_how_far_it_is():
    figures = sums(["1 111", "2 222", "3 333", "4 444", "5 555"], "29 999")
    finding = only(figures)
    assert (finding.cause, finding.certainty) == ("unknown", "indéterminée")


def test_figures_that_agree_make_no_finding():
    assert audit_figures(sums(GOOD)).findings == ()
