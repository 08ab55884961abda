"""Balance, overlap, effective sample size, weights, observation, detectable effect, and the run."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from in_words import ask, say
from pydantic import BaseModel, ValidationError

from evalml.checks import Check, Thresholds, as_thresholds, checks_table, run_checks
from evalml.checks.comparability import (
    alone_by_column,
    check_balance,
    check_clipped_weights,
    check_effective_sample_size,
    check_overlap,
    check_separation,
    check_trimmed,
    effective_sample_size,
    off_support,
)
from evalml.checks.observation import check_observation
from evalml.checks.power import check_detectable_effect, minimum_detectable_effect
from evalml.checks.primary import blinded_outcomes
from evalml.comparison.comparison import DesignMatrix, Measure
from evalml.errors import DataError
from evalml.values import Count, Counts, Name

_spec = importlib.util.spec_from_file_location(
    "checks_frames", Path(__file__).with_name("checks_frames.py")
)
frames = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(frames)

LIMITS = Thresholds()
NBSP = "\u00a0"


def table(after, before=(0.4, 0.2)):
    return pd.DataFrame(
        {
            "covariate": [f"x{i}" for i in range(len(after))],
            "smd_before": before,
            "smd_after": after,
        }
    )


def test_balance_passes_up_to_the_threshold_and_fails_beyond_it():
    assert check_balance(table([0.1, -0.02]), LIMITS).passed is True
    failed = check_balance(table([0.02, -0.13]), LIMITS)
    assert failed.passed is False
    assert failed.value == pytest.approx(0.13)
    assert "x1" in say(failed)
    assert "0,13" in say(failed)


def test_a_covariate_is_called_by_its_french_label():
    check = check_balance(table([0.02, -0.13]), LIMITS)
    labels = {"x1": f"Niveau de diplôme{NBSP}: bac"}
    assert f"«{NBSP}Niveau de diplôme{NBSP}: bac{NBSP}»" in say(check, labels=labels)


def test_balance_names_what_does_not_vary_and_does_not_judge_it():
    check = check_balance(table([0.01, np.nan]), LIMITS)
    assert check.passed is None
    assert "x1" in say(check)
    assert check_balance(table([np.nan, np.nan]), LIMITS).passed is None
    assert check_balance(None, LIMITS).passed is None


def test_balance_refuses_a_table_that_is_not_one():
    with pytest.raises(DataError, match="smd_after"):
        check_balance(pd.DataFrame({"covariate": ["x"], "smd_before": [0.1]}), LIMITS)


def test_off_support_is_beyond_the_other_arm_or_almost_certain():
    treated = np.array([1, 1, 1, 1, 0, 0, 0], dtype=bool)
    e = np.array([0.05, 0.3, 0.6, 0.99, 0.1, 0.3, 0.7])
    expected = [True, False, False, True, False, False, False]
    assert off_support(e, treated, 0.95).tolist() == expected
    both = off_support(e, treated, 0.95, "ate").tolist()
    assert both == expected  # 0.1 and 0.7 lie between 0.05 and 0.99


def test_overlap_fails_when_too_many_treated_have_nobody_comparable():
    treated = np.r_[np.ones(20, dtype=bool), np.zeros(80, dtype=bool)]
    e = np.r_[np.linspace(0.2, 0.6, 20), np.linspace(0.1, 0.55, 80)]
    check = check_overlap(e, treated, LIMITS)
    assert check.passed is False
    assert check.value == pytest.approx((e[:20] > 0.55).mean())
    assert check_overlap(e, treated, Thresholds(overlap=0.5)).passed is True


def test_overlap_cannot_be_judged_without_a_score_or_with_an_empty_arm():
    everyone = np.ones(3, dtype=bool)
    assert check_overlap(None, everyone, LIMITS).passed is None
    assert check_overlap(np.full(3, 0.5), everyone, LIMITS).passed is None
    with pytest.raises(DataError, match="scores"):
        check_overlap(np.full(2, 0.5), everyone, LIMITS)


def test_a_trimmed_comparison_says_how_many_left_and_that_the_estimand_changed():
    few = check_trimmed(12, 185, LIMITS)
    assert few.passed is True
    assert few.value == pytest.approx(12 / 185)
    assert "12" in say(few)
    assert "ne vaut que pour ceux qui restent" in say(few)
    assert check_trimmed(19, 185, LIMITS).passed is False
    assert check_trimmed(5, 185, LIMITS).values["dropped"] == Count(5, 185)
    assert say(check_trimmed(1, 185, LIMITS)).startswith(f"1{NBSP}bénéficiaire sur 185")
    assert "pour tous" in say(check_trimmed(0, 185, LIMITS))
    assert check_trimmed(0, 0, LIMITS).passed is None


def test_a_covariate_that_decides_the_treatment_is_named_with_its_persons():
    treated = np.r_[np.ones(10, dtype=bool), np.zeros(30, dtype=bool)]
    age = np.r_[np.full(10, 18.0), np.linspace(19, 25, 30)]
    rqth = np.r_[np.ones(2), np.zeros(38)]
    zone = np.zeros((40, 2))
    zone[3:, 0] = 1.0  # the level left out holds the first three treated only
    zone[::2, 0], zone[::2, 1] = 0.0, 1.0
    zone[:3] = 0.0
    design = DesignMatrix(
        np.column_stack([age, rqth, zone]),
        ("age", "rqth", "zone=B", "zone=C"),
        (("zone=A", (2, 3)),),
    )
    assert alone_by_column(design, treated) == {"age": 10, "rqth": 2, "zone=A": 3}
    comparison = frames.make_comparison(treated, {"emploi": np.zeros(40)}, rqth[:, None])
    check = check_separation(comparison, LIMITS)
    assert (check.passed, check.value) == (False, 0.2)
    assert f"«{NBSP}x0{NBSP}» (2)" in say(check)
    assert check.values["apart"] == Counts(((Name("covariate", "x0"), Count(2, 10)),))
    assert check_separation(comparison, Thresholds(overlap=0.2)).passed is True
    bare = frames.make_comparison(treated, {"emploi": np.zeros(40)})
    assert check_separation(bare, LIMITS).passed is None


def test_effective_sample_size_is_kish():
    # Kish (1965): equal weights are worth their number; weights 1, 1, 2 are worth 16/6
    assert effective_sample_size(np.ones(7)) == pytest.approx(7)
    assert effective_sample_size(np.array([1.0, 1, 2])) == pytest.approx(16 / 6)
    assert effective_sample_size(np.array([5.0, 5, 10])) == pytest.approx(16 / 6)
    assert effective_sample_size(np.zeros(3)) == 0


def test_effective_sample_size_judges_the_comparison_arm():
    treated = np.r_[np.ones(10, dtype=bool), np.zeros(300, dtype=bool)]
    w = np.ones(310)
    assert check_effective_sample_size(w, treated, LIMITS).value == pytest.approx(300)
    w[10] = 1000.0
    assert check_effective_sample_size(w, treated, LIMITS).passed is False
    assert check_effective_sample_size(w, np.ones(310, dtype=bool), LIMITS).passed is None


def test_clipped_weights_fail_on_the_share_clipped_or_on_one_heavy_person():
    treated = np.r_[np.ones(50, dtype=bool), np.zeros(50, dtype=bool)]
    w = np.ones(100)
    assert check_clipped_weights(w, treated, LIMITS, 2).passed is True
    clipped = check_clipped_weights(w, treated, LIMITS, 3)
    assert (clipped.passed, clipped.value, clipped.threshold) == (False, 0.03, 0.02)
    w[-1] = 49
    heavy = check_clipped_weights(w, treated, LIMITS, 0)
    assert (heavy.passed, heavy.value, heavy.threshold) == (False, 0.5, 0.1)
    assert check_clipped_weights(None, treated, LIMITS).passed is None


def test_observation_compares_the_share_known_in_each_arm():
    treated = np.r_[np.ones(10, dtype=bool), np.zeros(10, dtype=bool)]
    values = np.zeros(20)
    values[10:12] = np.nan
    check = check_observation(
        Measure("emploi", 12, values, "proportion", "Emploi"), treated, LIMITS
    )
    assert check.passed is False
    assert check.value == pytest.approx(0.2)
    assert check.outcome == "emploi_m12"
    assert f"20,0{NBSP}points" in say(check)
    values[:2] = np.nan
    assert check_observation(
        Measure("emploi", 12, values, "proportion", "Emploi"), treated, LIMITS
    ).passed


def test_an_outcome_nobody_knows_does_not_pass_for_equally_known():
    treated = np.array([True, False])
    nothing = Measure("emploi", 12, np.full(2, np.nan), "proportion", "Emploi")
    assert check_observation(nothing, treated, LIMITS).passed is False


def test_detectable_effect_is_2_80_standard_errors():
    # Bloom (1995), table 1: multiplier 2.80 for power 80 %, two-sided 5 %
    assert minimum_detectable_effect(1.0) == pytest.approx(2.80, abs=0.005)
    check = check_detectable_effect(frames.make_effect(0.05, 0.01), LIMITS)
    assert check.passed is None
    assert not check.gating
    assert check.value == pytest.approx(0.0280, abs=5e-5)
    assert f"2,8{NBSP}points" in say(check)


def test_few_clusters_make_a_larger_detectable_effect():
    # 8 degrees of freedom: t 2.306 + 0.889, table of Student's law
    assert minimum_detectable_effect(1.0, df=8) == pytest.approx(2.306 + 0.889, abs=1e-3)
    few = check_detectable_effect(frames.make_effect(details={"df": 8}), LIMITS)
    assert few.value == pytest.approx(0.01 * 3.195, abs=2e-5)


def test_an_effect_on_everybody_judges_the_weaker_arm():
    treated = np.r_[np.ones(300, dtype=bool), np.zeros(300, dtype=bool)]
    w = np.ones(600)
    w[0] = 500.0
    assert check_effective_sample_size(w, treated, LIMITS).passed is True
    everybody = check_effective_sample_size(w, treated, LIMITS, "ate")
    assert everybody.passed is False
    assert "bénéficiaires" in say(everybody)


def test_detectable_effect_says_when_the_error_is_not_defined():
    check = check_detectable_effect(frames.make_effect(0.0, float("nan")), LIMITS)
    assert check.value is None
    assert "constant" in say(check)


def test_run_checks_covers_the_design_and_each_outcome():
    treated = np.r_[np.ones(200, dtype=bool), np.zeros(400, dtype=bool)]
    y = np.tile([0.0, 1.0], 300)
    z = np.where(treated, 1.0, np.nan)
    comparison = frames.make_comparison(treated, {"emploi": y, "formation": z})
    effects = [
        frames.make_effect(outcome="emploi", horizon_months=None, method=m)
        for m in ("diff", "aipw")
    ]
    checks = run_checks(
        comparison,
        effects,
        balance=table([0.02, 0.01]),
        weights=np.ones(600),
        score=np.full(600, 1 / 3),
    )
    shown = checks_table(checks)
    assert list(shown.columns) == [
        "check", "question", "passed", "value", "threshold", "sentence", "outcome", "gating",
        "finding", "values",
    ]  # fmt: skip
    assert shown["check"].tolist() == [
        "balance", "overlap", "separation", "effective_sample_size", "clipped_weights",
        "observation", "observation", "detectable_effect",
    ]  # fmt: skip
    assert blinded_outcomes(checks).keys() == {"formation"}


def test_the_table_of_no_check_has_its_columns():
    assert checks_table([]).columns.tolist()[0] == "check"


def test_sentences_are_set_in_french():
    treated = np.r_[np.ones(200, dtype=bool), np.zeros(400, dtype=bool)]
    comparison = frames.make_comparison(treated, {"emploi": np.tile([0.0, 1.0], 300)})
    for check in run_checks(comparison, [frames.make_effect()], weights=np.ones(600)):
        for text in (ask(check), say(check)):
            assert "'" not in text
            assert " ?" not in text
            assert " %" not in text
            assert " :" not in text
            assert " ;" not in text
        assert ask(check).endswith("?")
        assert say(check).endswith(".")


def test_thresholds_come_from_a_study_part_a_mapping_or_nothing():
    class Part(BaseModel):
        smd: float = 0.05
        overlap: float = 0.01

    assert as_thresholds(Part()) == Thresholds(smd=0.05, overlap=0.01)
    assert as_thresholds({"smd": 0.2}).smd == 0.2
    assert as_thresholds(None) == Thresholds()
    with pytest.raises(ValidationError):
        as_thresholds({"smdd": 0.2})


def test_a_check_cannot_be_changed():
    with pytest.raises(AttributeError):
        Check("a", "b", None, None, None, {}).passed = True
