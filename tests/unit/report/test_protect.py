"""Small counts leave the tables, and cannot be found by subtraction."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalml.checks import Thresholds, checks_table
from evalml.checks.comparability import check_trimmed
from evalml.checks.multiplicity import check_interaction
from evalml.disclosure.judge import judge_value
from evalml.effect import effects_table
from evalml.report.protect import protect_results, rule_inside
from evalml.report.results import complete_table
from evalml.values import (
    Count,
    Counts,
    Estimate,
    Hidden,
    Interval,
    Name,
    Number,
    Share,
    read_values,
)

SPEC = importlib.util.spec_from_file_location(
    "checks_frames", Path(__file__).parent.with_name("checks_frames.py")
)
assert SPEC
assert SPEC.loader
frames_of_checks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(frames_of_checks)


def flow(*lost, start=1000):
    kept = start - np.cumsum(lost)
    rules = [f"r{place}" for place in range(len(lost))]
    return pd.DataFrame({"rule": rules, "label": rules, "kept": kept, "lost": lost})


def test_a_rule_that_leaves_out_a_few_is_joined_with_the_next():
    table = protect_results({"flow": flow(0, 300, 4, 50)}, 11)["flow"]
    assert table["lost"].tolist() == [0, 300, 54]
    assert table["label"].tolist() == ["r0", "r1", "r2 ; r3"]
    assert table["kept"].tolist() == [1000, 700, 646]


def test_a_last_rule_that_leaves_out_a_few_is_joined_with_the_one_before():
    assert protect_results({"flow": flow(0, 300, 4)}, 11)["flow"]["lost"].tolist() == [0, 304]


def test_several_small_rules_are_joined_until_they_are_large():
    assert protect_results({"flow": flow(0, 4, 5, 3, 80)}, 11)["flow"]["lost"].tolist() == [
        0,
        12,
        80,
    ]


def test_a_study_that_ends_with_a_few_shows_neither_them_nor_what_gives_them_away():
    table = protect_results({"flow": flow(0, 300, 692)}, 11)["flow"]
    assert table["kept"].tolist()[:2] == [1000, 700]
    assert table.iloc[2][["kept", "lost"]].isna().all()


def test_no_count_of_any_random_flow_is_small_nor_any_difference():
    rng = np.random.Generator(np.random.PCG64(1))
    for _ in range(300):
        lost = rng.choice([0, 1, 5, 10, 11, 40, 300], size=6)
        table = protect_results({"flow": flow(*lost, start=1500)}, 11)["flow"]
        shown = table[["kept", "lost"]].to_numpy("float64").ravel()
        steps = np.diff(table["kept"].dropna())
        for counts in (shown[np.isfinite(shown)], np.abs(steps)):
            assert not ((counts > 0) & (counts < 11)).any()


def test_a_subgroup_of_a_few_takes_the_next_smallest_with_it(frames_of):
    effects = frames_of("strong")["effects"]
    small = (effects["subgroup"] == "diplome") & (effects["subgroup_value"] == "SANS_DIPLOME")
    effects.loc[small, "n_treated"] = 7
    table = protect_results({"effects": effects}, 11)["effects"]
    hidden = table[table["status"] == "blinded"]
    assert set(hidden["subgroup_value"]) == {"SANS_DIPLOME", "CAP_BEP"}
    assert hidden[["estimate", "ci_low", "n_treated", "n_comparison"]].isna().all(axis=None)
    assert (table["subgroup_value"] == "BAC_ET_PLUS").sum() == 1


def test_a_share_that_makes_a_few_persons_is_hidden(frames_of):
    effects = frames_of("strong")["effects"].assign(n_treated=4000, mean_treated=0.002)
    table = protect_results({"effects": effects}, 11)["effects"]
    assert set(table["status"]) == {"blinded"}
    assert "moins de 11" in table["reason"].iloc[0]


def test_months_with_a_few_persons_are_blank(frames_of):
    table = frames_of("strong")["trajectories"]
    table.loc[table["month"] > 20, "n_at_risk"] = 8
    shown = protect_results({"trajectories": table}, 11)["trajectories"]
    late = shown[shown["month"] > 20]
    assert late[["rate", "std_error", "n_at_risk", "share_unobserved"]].isna().all(axis=None)
    assert shown[shown["month"] == 12]["rate"].notna().all()


def checks_of(*found):
    return checks_table([check_trimmed(n, whole, Thresholds()) for n, whole in found])


def test_a_small_count_of_a_check_is_hidden_in_its_values_and_in_its_sentence():
    shown = protect_results({"checks": checks_of((6, 185), (24, 200))}, 11)["checks"]
    assert shown["sentence"].str.contains("6").tolist() == [False, False]
    assert (
        shown["sentence"]
        .iloc[0]
        .startswith("Un petit nombre de bénéficiaires sur 185 (une part non")
    )
    assert pd.isna(shown["value"].iloc[0])
    assert read_values(shown["values"].iloc[0])["dropped"] == Hidden("count")
    assert shown["sentence"].iloc[1].startswith("24\N{NO-BREAK SPACE}bénéficiaires sur 200 (12,0")
    assert shown["value"].iloc[1] == 24 / 200


def test_the_rest_of_a_whole_is_a_count_too():
    shown = protect_results({"checks": checks_of((192, 200), (0, 185))}, 11)["checks"]
    assert "192" not in shown["sentence"].iloc[0]
    assert (
        shown["sentence"].iloc[1]
        == "Aucun bénéficiaire n’a été écarté\N{NO-BREAK SPACE}: l’effet vaut pour tous."
    )


def test_a_person_count_beside_a_name_and_an_estimate_of_a_few_are_hidden():
    few = {"apart": Counts(((Name("covariate", "rqth=1"), Count(5, 400)),)), "limit": Number(0.05)}
    assert judge_value(few["apart"], rule_inside(11)) == Counts(
        ((Name("covariate", "rqth=1"), Hidden("count")),)
    )
    assert judge_value(few["limit"], rule_inside(11)) == Number(0.05)
    assert judge_value(Estimate(0.1, "proportion", 10), rule_inside(11)) == Hidden("estimate")
    assert judge_value(Interval(0.1, 0.2, "proportion", 11), rule_inside(11)) == Interval(
        0.1, 0.2, "proportion", 11
    )
    assert judge_value(Share(5, 10, 0.5), rule_inside(11)) == Hidden("share")


def test_an_indicator_of_a_few_takes_another_cell_of_its_group():
    table = pd.DataFrame(
        {
            "indicator": "acces",
            "label": "",
            "group": ["", "sexe", "sexe", "sexe"],
            "group_value": ["", "F", "M", "X"],
            "value": 0.3,
            "numerator": [300.0, 100, 198, 2],
            "denominator": [900.0, 400, 480, 20],
            "unit": "proportion",
        }
    )
    shown = protect_results({"indicators": table}, 11)["indicators"]
    assert shown["numerator"].isna().tolist() == [False, True, False, True]


@pytest.mark.parametrize("kind", ["strong", "null", "blinded"])
def test_protecting_twice_changes_nothing_more(frames_of, kind):
    once = protect_results(frames_of(kind), 11)
    twice = protect_results(once, 11)
    for name, frame in once.items():
        pd.testing.assert_frame_equal(
            complete_table(name, frame) if len(frame) else frame, twice[name], check_dtype=False
        )


def test_a_category_of_a_few_persons_has_no_mean_in_the_balance(frames_of):
    frames = frames_of("strong")
    frames["balance"].loc[frames["balance"]["covariate"] == "sexe=F", "mean_treated"] = 5 / 4213
    shown = protect_results(frames, 11)["balance"]
    row = shown[shown["covariate"] == "sexe=F"].iloc[0]
    assert row[["mean_treated", "mean_comparison_before", "mean_comparison_after"]].isna().all()
    assert shown[shown["covariate"] == "qpv"]["mean_treated"].notna().all()


def test_a_hidden_category_takes_another_when_all_categories_are_shown(frames_of):
    frames = frames_of("strong")
    shares = {"x=a": 0.6, "x=b": 0.4 - 5 / 4213, "x=c": 5 / 4213}
    frames["balance"] = pd.DataFrame(
        {
            "covariate": list(shares),
            "label": "",
            "smd_before": 0.1,
            "smd_after": 0.0,
            "variance_ratio": 1.0,
            "mean_treated": list(shares.values()),
            "mean_comparison_before": 0.3,
            "mean_comparison_after": 0.3,
        }
    )
    shown = protect_results(frames, 11)["balance"]
    assert shown["mean_treated"].isna().tolist() == [False, True, True]


def test_no_check_quotes_a_subgroup_whose_effect_is_masked():
    family = [
        frames_of_checks.make_effect(
            estimate, subgroup="diplome", subgroup_value=level, mean_treated=mean
        )
        for level, estimate, mean in (("BAC", 0.04, 0.6), ("BAC2", 0.17, 0.01), ("CAP", 0.1, 0.5))
    ]
    found = check_interaction(family, Thresholds())
    assert "+17,0" in checks_table([found])["sentence"][0]
    named = dict.fromkeys(["study", "programme", "territory", "period", "status"], "")
    frames = {"effects": effects_table(family).assign(**named), "checks": checks_table([found])}
    row = protect_results(frames, 11)["checks"].iloc[0]
    assert row["finding"] == "masked"
    assert set(read_values(row["values"])) == {"variable"}
    assert np.isnan(row["value"])
    assert "17" not in row["sentence"]
    assert "BAC2" not in row["values"]
