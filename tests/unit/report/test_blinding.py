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
