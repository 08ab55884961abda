"""Of random results, every number that leaves is the one found, rounded to its step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tools.attack_release import KINDS, attack

from evalml.disclosure.judge import declared_numbers, judge, judge_value, passes
from evalml.disclosure.register import Population, System, population, populations_of, too_near
from evalml.disclosure.rule import LADDER, DisclosureRule, share_step
from evalml.report.results import sheet_text
from evalml.values import Count, Estimate, Hidden, Interval, Number, Share, values_text

PRIMARY = {"outcome": "emploi", "horizon_months": 12.0, "method": "aipw"}


def random_results(seed):
    """Effects of a whole and its subgroups, a flow and a curve, of random sizes."""
    draw = np.random.Generator(np.random.PCG64(seed))
    sizes = draw.integers(1, 400, size=(3, 2))
    rows = []
    for horizon in (6.0, 12.0):
        for level, n in [("", sizes.sum(axis=0)), *zip("ABC", sizes, strict=True)]:
            mean, effect = draw.uniform(0, 1), draw.normal(0, 0.1)
            rows.append({
                "outcome": "emploi", "horizon_months": horizon, "method": "aipw",
                "subgroup": "x" if level else "", "subgroup_value": level, "unit": "proportion",
                "estimate": effect, "std_error": 0.4 / np.sqrt(n.min()), "ci_low": effect - 0.1,
                "ci_high": effect + 0.1, "p_value": 0.2, "n_treated": n[0], "n_comparison": n[1],
                "mean_treated": round(mean * n[0]) / n[0], "mean_comparison": mean / 2,
            })  # fmt: skip
    whole = sizes[:, 0].sum()
    risk = whole - np.cumsum(draw.integers(0, 9, size=12))
    curve = pd.DataFrame({"arm": "treated", "outcome": "emploi", "month": range(12),
                          "n_at_risk": np.maximum(risk, 0), "rate": draw.uniform(0, 1, 12),
                          "std_error": 0.02, "share_unobserved": 0.0})  # fmt: skip
    return {"effects": pd.DataFrame(rows), "trajectories": curve}


def moved(frames, judged):
    """The numbers that leave and are not those found, rounded."""
    found = []
    for name, each in judged.items():
        for column in each.frame.columns.intersection(frames[name].columns):
            out, inside = each.frame[column], frames[name][column]
            if column == "p_value" or out.dtype.kind not in "fi" or inside.dtype.kind not in "fi":
                continue
            count = column.startswith("n_")
            step = each.frame["rounding" if count else "step"]
            if column not in {"month", "horizon_months", "share_unobserved"}:
                found += [(name, column)] * int(((out - inside).abs() > step / 2 + 1e-9).sum())
    return found


@pytest.mark.parametrize("seed", range(6))
def test_every_number_is_the_one_found_rounded_and_one_step_more_is_seen(seed):
    frames = random_results(seed)
    judged, _ = judge(frames, DisclosureRule(), PRIMARY)
    assert moved(frames, judged) == []
    table = judged["effects"].frame
    at = table["estimate"].first_valid_index()
    if at is not None:
        table.loc[at, "estimate"] += table.loc[at, "step"]
        assert moved(frames, judged) == [("effects", "estimate")]


@pytest.mark.parametrize("seed", range(6))
def test_no_effect_rests_on_an_absent_arm_and_no_two_counts_of_an_arm_are_near(seed):
    frames = random_results(seed)
    judged, _ = judge(frames, DisclosureRule(), PRIMARY)
    table = judged["effects"].frame
    lone = table[["n_treated", "n_comparison"]].isna().any(axis=1)
    assert table[lone][["estimate", "ci_low", "std_error", "p_value"]].isna().all(axis=None)
    curve = judged["trajectories"].frame["n_at_risk"].notna()
    whole = table[(table["subgroup"] == "") & table["n_treated"].notna()].index
    true = {
        *frames["trajectories"].loc[curve, "n_at_risk"],
        *frames["effects"].loc[whole, "n_treated"],
    }
    gaps = np.diff(sorted(true))
    assert (gaps > 11).all()


def test_a_step_does_not_show_one_person():
    assert [share_step(n) for n in (1000, 999, 200, 100, 20)] == [0.1, 0.2, 0.5, 1.0, 5.0]
    assert np.isnan(share_step(19))
    assert all(share_step(n) in LADDER for n in range(20, 2000, 37))


def test_typed_values_are_rounded_or_hidden_by_their_type():
    assert judge_value(Count(7, 200), DisclosureRule(), 500) == Hidden("count")
    assert judge_value(Count(192, 200), DisclosureRule(), 500) == Hidden("count")
    assert judge_value(Count(100, 203), DisclosureRule(), 500) == Count(100, 205)
    assert judge_value(Share(100, 203, 100 / 203), DisclosureRule(), 500).value == pytest.approx(
        0.495
    )
    assert judge_value(Estimate(0.06372, "proportion", 500), DisclosureRule(), 500).value == 0.064


def test_a_phrase_holds_the_numbers_its_study_declares_and_no_other():
    study = {"entries": {"from": "2024-01-01", "to": "2024-12-31"}, "horizons": [6, 12]}
    declared = frozenset(declared_numbers(study))
    assert passes("Entrants de 2024, à 6 et 12 mois", declared)
    assert not passes("Les 7 femmes de 2024", declared)


def test_a_cell_that_a_spreadsheet_runs_leaves_quoted_and_a_number_as_it_is():
    frame = pd.DataFrame({"label": ["=1+1", "-4", "Emploi", "@x"], "n": [-4.0, 1, 2, 3]})
    lines = sheet_text(frame).splitlines()
    assert lines[1:] == ["'=1+1,-4", "-4,1", "Emploi,2", "'@x,3"]


def lille(n, *, places=("FR/32/59/59350S00",), months=(24288, 24299), rules="r"):
    return Population("CEJ treated", (), places, months, rules, n)


@pytest.mark.parametrize(
    ("left", "new", "near"),
    [
        ([lille(100)], lille(100), False),
        ([lille(100), lille(99, months=(24288, 24298))], lille(100), False),
        ([lille(100)], lille(96), True),
        ([lille(100)], lille(96, rules="s"), True),
        ([lille(100)], lille(60, rules="s"), False),
        ([lille(100)], lille(100, rules="s"), False),
        ([lille(100)], lille(100, places=("FR/32",), rules="s"), True),
        ([lille(100)], lille(104, places=("FR/32",)), True),
        ([lille(100)], lille(104, places=("FR/11",)), False),
        ([lille(100)], lille(99, months=(24288, 24298)), True),
        ([lille(60, places=("FR/32/59",)), lille(30, places=("FR/32/62",))],
         lille(97, places=("FR/32",)), True),
        ([lille(60, places=("FR/32/59",)), lille(30, places=("FR/32/62",))],
         lille(190, places=("FR/32",)), False),
    ],
)  # fmt: skip
def test_what_differs_by_a_few_from_what_has_left_is_found(left, new, near):
    found = too_near([new], [("a/1", each) for each in left], DisclosureRule())
    assert bool(found) == near


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_attack_places_no_small_count_and_succeeds_without_protection(kind):
    times = 1 if "random" in kind else 3
    attacked, placed, left = attack(kind, times)
    assert attacked > 0
    assert left > 0
    assert placed == 0
    assert attack(kind, times, guarded=False)[1] > 0


def test_what_an_estimate_rests_on_and_decimals_that_are_not_printed_do_not_leave():
    rule = DisclosureRule()
    assert judge_value(Estimate(0.0712, "proportion", 2096), rule, 500) == Estimate(
        0.071, "proportion"
    )
    assert judge_value(Interval(0.0509, 0.0916, "proportion", 2096), rule, 500).n is None
    assert judge_value(Number(1.06035484, 2), rule, 500) == Number(1.06, 2)
    assert judge_value(Number(0.03502, 1, "percent"), rule, 500) == Number(0.035, 1, "percent")


@pytest.mark.parametrize(("shares", "leaves"), [
    ({"largest_share": 0.5, "second_share": 0.2}, True),
    ({"largest_share": 0.86, "second_share": 0.0}, False),
    ({"largest_share": 0.6, "second_share": 0.35}, False),
    ({}, False),
])  # fmt: skip
def test_an_amount_leaves_when_its_contributors_are_known_and_none_dominates(shares, leaves):
    row = {"measure": "paid", "label": "", "method": "aipw", "horizon_months": 12.0, "value": 2310.0,
           "unit": "euros", "ci_low": np.nan, "ci_high": np.nan, "n_treated": 900.0,
           "n_comparison": 900.0, "remark": "", "words": "", **shares}  # fmt: skip
    judged = judge({"costs": pd.DataFrame([row])}, DisclosureRule())[0]["costs"]
    assert judged.frame["value"].notna().all() == leaves
    assert not {"largest_share", "second_share"} & set(judged.frame)


def test_a_secondary_analysis_is_registered_under_its_own_definition():
    effects = random_results(3)["effects"]
    effects = effects[effects["subgroup"] == ""].assign(n_treated=900.0, n_comparison=2000.0)
    other = effects.assign(analysis="face_au_pacea", title="", n_treated=700.0, n_comparison=300.0)
    system = judge({"effects": effects, "secondary": other}, DisclosureRule())[1]
    study = {"programme": "CEJ", "comparison": {"pool": "not_yet_entered"}}
    own = {**study, "comparison": {"pool": "entrants"}}
    found = populations_of(system, {**study, "analyses": {"face_au_pacea": own}})
    rules = {each.n: each.rules for each in found}
    assert rules[900] == rules[2000] == digest_of(study)
    assert rules[700] == rules[300] == digest_of(own)


def digest_of(study):
    return population("treated", "", "", study, 1).rules


def check_row(check, finding, values, value):
    return {"check": check, "question": "", "passed": True, "value": value, "threshold": 0.1,
            "sentence": "", "outcome": "", "gating": False, "finding": finding,
            "values": values_text(values)}  # fmt: skip


def judged_checks(*rows):
    frames = random_results(1)
    arms = {"n_treated": 2000.0, "n_comparison": 3000.0}
    frames["effects"] = frames["effects"].assign(**arms)
    return judge({**frames, "checks": pd.DataFrame(rows)}, DisclosureRule())[0]["checks"]


def test_the_figure_of_a_check_leaves_as_the_value_of_its_sentence_that_it_repeats():
    out = judged_checks(
        check_row("effective_sample_size", "enough", {"worth": Count(1874)}, 1873.62),
        check_row("observation", "alike", {"gap": Share(100, 1873, 100 / 1873)}, 100 / 1873),
        check_row("trimmed", "some", {"dropped": Share(7, 1873, 7 / 1873)}, 7 / 1873),
    ).frame
    assert out["value"].tolist()[:2] == [1875.0, pytest.approx(0.053)]
    assert out["step"].tolist()[:2] == [5.0, 0.001]
    assert np.isnan(out["value"][2])


@pytest.mark.parametrize(("check", "finding", "values", "silent"), [
    ("missing_bounds", "all_known", {"known": Share(900, 900, 1.0)}, True),
    ("e_value", "constant", {}, True),
    ("trimmed", "none", {"whole": Count(900)}, False),
    ("instrument_spread", "constant", {}, False),
])  # fmt: skip
def test_a_finding_that_speaks_of_everybody_is_silent(check, finding, values, silent):
    judged = judged_checks(check_row(check, finding, values, 0.0))
    assert ((0, "finding") in judged.absent) == silent


def test_a_step_of_a_curve_of_durations_with_few_events_is_absent():
    events = np.array([40.0, 3, 0, 25])
    table = pd.DataFrame({"measure": "incidence", "outcome": "emploi", "arm": "treated",
                          "horizon_months": range(4), "events": events, "unit": "proportion",
                          "n_at_risk": 900 - 40 * np.arange(4.0), "estimate": [0.96, 0.95, 0.95, 0.92],
                          "std_error": 0.01, "ci_low": 0.9, "ci_high": 0.98})  # fmt: skip
    out = judge({"durations": table}, DisclosureRule())[0]["durations"].frame
    assert out["estimate"].notna().tolist() == [True, False, False, True]
    assert out["events"].dropna().tolist() == [40.0, 25.0]


def test_an_adjusted_effect_with_few_degrees_of_freedom_is_absent():
    effects = random_results(1)["effects"].iloc[:1].assign(n_treated=20.0, n_comparison=20.0)
    names = [f"x{at}" for at in range(34)]
    balance = pd.DataFrame({"covariate": names, "label": names, "smd_before": 0.1, "smd_after": 0.0,
                            "variance_ratio": 1.0, "mean_treated": 2.0, "mean_comparison_before": 2.0,
                            "mean_comparison_after": 2.0})  # fmt: skip
    for covariates, leaves in ((34, False), (5, True)):
        frames = {"effects": effects, "balance": balance.iloc[:covariates]}
        assert (
            judge(frames, DisclosureRule())[0]["effects"].frame["estimate"].notna().all() == leaves
        )


@pytest.mark.parametrize(("value", "hidden"), [(192.0, True), (189.0, False), (150.0, False)])
def test_a_numerator_whose_complement_is_small_is_hidden(value, hidden):
    """Of 200 who entered 192 have left: it says that 8 have not."""
    system = System(DisclosureRule())
    key = system.part(("exits",), value, 200.0, ("exit_contrast", 0, "numerator"))
    assert (key in system.cells.hidden) is hidden


def test_a_mean_that_rests_on_nobody_is_judged_without_failing():
    row = {"measure": "allowance", "month": 1, "value": np.nan, "numerator": np.nan,
           "denominator": 0.0, "label": "Allocation", "unit": "euros"}  # fmt: skip
    judged, _ = judge({"intensity": pd.DataFrame([row])}, DisclosureRule())
    assert judged["intensity"].frame["value"].isna().all()
