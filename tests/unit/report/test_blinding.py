"""Who may read what: the rules of blinding, case by case."""

from __future__ import annotations

import pandas as pd
import pytest

from evalml.report.blinding import blind, mask_blinded, mask_trajectories

PRIMARY = {"outcome": "emploi", "horizon_months": 12, "method": "aipw"}


def check(passed, outcome="", gating=True):
    return pd.DataFrame(
        [
            {
                "check": "balance",
                "question": "?",
                "passed": passed,
                "value": 0.2,
                "threshold": 0.1,
                "sentence": "Trop loin.",
                "outcome": outcome,
                "gating": gating,
            }
        ]
    )


@pytest.fixture
def effects(frames_of):
    return frames_of("strong")["effects"].drop(columns=["status", "reason"])


def statuses(table):
    return set(zip(table["outcome"], table["horizon_months"], table["status"], strict=True))


def test_a_failed_gate_blinds_every_effect(effects):
    assert set(blind(effects, check(False), PRIMARY)["status"]) == {"blinded"}


def test_a_failed_gate_on_one_outcome_at_one_horizon_blinds_that_one(effects):
    table = blind(effects, check(False, "emploi_m12"), PRIMARY)
    blinded = table[table["status"] == "blinded"]
    assert set(zip(blinded["outcome"], blinded["horizon_months"], strict=True)) == {("emploi", 12)}
    assert set(blinded["reason"]) == {"Trop loin."}


def test_a_failed_gate_on_one_outcome_blinds_all_its_horizons(effects):
    table = blind(effects, check(False, "emploi"), PRIMARY)
    assert set(table[table["status"] == "blinded"]["outcome"]) == {"emploi"}


@pytest.mark.parametrize("passed", [True, None])
def test_a_check_that_passes_or_cannot_be_judged_blinds_nothing(effects, passed):
    assert "blinded" not in set(blind(effects, check(passed), PRIMARY)["status"])


def test_a_sensitivity_analysis_that_fails_blinds_nothing(effects):
    assert "blinded" not in set(blind(effects, check(False, gating=False), PRIMARY)["status"])


def test_only_the_primary_outcome_in_the_whole_population_is_shown_as_such(effects):
    table = blind(effects, check(True), PRIMARY)
    shown = table[table["status"] == "shown"]
    assert set(shown["outcome"]) == {"emploi"}
    assert set(shown["subgroup"]) == {""}


def test_checks_read_back_from_a_file_blind_as_much(effects, tmp_path):
    from evalml.report.results import read_table, write_results

    write_results({"checks": check(False)}, tmp_path)
    table = blind(effects, read_table(tmp_path / "checks.csv"), PRIMARY)
    assert set(table["status"]) == {"blinded"}


def test_a_masked_table_holds_no_number_of_a_blinded_effect(effects):
    table = mask_blinded(blind(effects, check(False), PRIMARY))
    columns = [
        "estimate",
        "std_error",
        "ci_low",
        "ci_high",
        "p_value",
        "mean_treated",
        "mean_comparison",
    ]
    assert table[columns].isna().all(axis=None)


def test_the_comparison_arm_goes_with_the_effect(frames_of):
    frames = frames_of("blinded")
    left = mask_trajectories(frames["trajectories"], frames["effects"])
    assert set(left["arm"]) == {"treated"}


def test_a_small_subgroup_masked_does_not_silence_the_checks_of_the_effect_on_everybody():
    from types import SimpleNamespace

    from evalml.report.verdict import hides

    check = SimpleNamespace(gating=False, outcome="emploi_m12")
    rows = {"outcome": ["emploi"] * 2, "horizon_months": [12.0] * 2, "subgroup": ["", "age"]}
    effects = pd.DataFrame({**rows, "status": ["shown", "blinded"]})
    assert not hides(check, effects)
    assert hides(check, effects.assign(status=["blinded", "shown"]))
    control = SimpleNamespace(gating=False, outcome="")
    other = effects.assign(outcome=["emploi", "formation"], subgroup="")
    assert not hides(control, other)


def controls(finding, seen=0.04, bias=0.10):
    from evalml.values import Estimate, Number, PValue, values_text

    values = {"n": Number(5), "p": PValue(0.4)}
    if seen is not None:
        values |= {"seen": Estimate(seen, "proportion"), "bias": Estimate(bias, "proportion")}
    row = {"check": "negative_controls", "finding": finding, "values": values_text(values)}
    return check(None).assign(**row)


@pytest.mark.parametrize("finding", ["blunt", "near", "declared"])
def test_an_interval_holds_the_bias_that_the_controls_do_not_exclude(effects, finding):
    """Seen .04, and .06 more at the end of its interval, in quadrature with half the interval."""
    before, after = effects, blind(effects, controls(finding), PRIMARY)
    share = after["unit"] == "proportion"
    half = (before["ci_high"] - before["ci_low"])[share] / 2
    wide = 0.04 + (half**2 + 0.06**2) ** 0.5
    assert after["ci_high"][share].tolist() == pytest.approx((before["estimate"] + wide)[share])
    assert after["ci_low"][share].tolist() == pytest.approx((before["estimate"] - wide)[share])
    assert after["estimate"].equals(before["estimate"])
    told = (after["ci_low"] > 0) | (after["ci_high"] < 0)
    assert ((after["p_value"] < 0.05) == told)[share].all()
    assert after["reason"].str.contains("10,0.points", regex=True).all()


def test_where_no_control_could_be_judged_the_effects_say_so_as_they_are(effects):
    after = blind(effects, controls("none", seen=None), PRIMARY)
    assert after["ci_low"].equals(effects["ci_low"])
    assert after["reason"].str.contains("facteur caché").all()


def test_what_is_blinded_is_not_widened(effects):
    both = pd.concat([check(False), controls("blunt")], ignore_index=True)
    after = blind(effects, both, PRIMARY)
    assert after["ci_low"].equals(effects["ci_low"])
    assert set(after["reason"]) == {"Trop loin."}


def test_bounds_are_moved_apart_and_months_hold_the_bias_of_each_month(effects):
    row = effects.head(1).assign(horizon_months=12)
    bounds = blind(row.assign(estimate=float("nan")), controls("blunt"), PRIMARY).iloc[0]
    assert bounds["ci_low"] == pytest.approx(row["ci_low"].iloc[0] - 0.10)
    months = row.assign(unit="mois", estimate=1.0, ci_low=1.0, ci_high=1.0, p_value=0.0)
    found = blind(months, controls("declared"), PRIMARY).iloc[0]
    assert found["ci_high"] == pytest.approx(1.0 + 12 * 0.10)
    euros = blind(row.assign(unit="euros"), controls("declared"), PRIMARY).iloc[0]
    assert euros["ci_low"] == row["ci_low"].iloc[0]
    assert "élargi" not in euros["reason"]
    assert "facteur caché" in euros["reason"]


def test_a_cost_per_month_goes_where_the_months_added_may_be_none():
    from evalml.report.costs import guard_costs

    sizes = {"n_treated": 500, "n_comparison": 5000, "largest_share": 0.0, "second_share": 0.0}
    costs = pd.DataFrame(
        {
            "measure": ["net_cost", "months", "per_month"],
            "unit": ["euros", "mois", "euros par mois"],
            "horizon_months": 12, "value": [900.0, 0.6, 1500.0],
            "ci_low": [800.0, 0.4, 1200.0], "ci_high": [1000.0, 0.8, 1900.0], "words": "",
        }
    ).assign(**sizes)  # fmt: skip
    wide = guard_costs(costs, controls("blunt"), 11).set_index("measure")
    assert wide.loc["months", "ci_low"] < 0 < wide.loc["months", "ci_high"]
    assert pd.isna(wide.loc["per_month", "value"])
    assert "may_add_none" in wide.loc["per_month", "words"]
    assert wide.loc["net_cost", "ci_low"] == 800
    kept = guard_costs(costs, controls("blunt", 0.001, 0.002), 11).set_index("measure")
    assert kept.loc["per_month", "value"] == 1500
    assert pd.isna(kept.loc["per_month", "ci_low"])
