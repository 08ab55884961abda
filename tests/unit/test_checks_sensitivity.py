"""The checks that estimate again, and what they say when they cannot be judged."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from in_words import ask, say
from scipy import optimize, stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

from evalml.checks import Thresholds
from evalml.checks.bounds import (
    check_lee_bounds,
    check_missing_bounds,
    lee_bounds,
    trimmed_means,
    worst_case,
)
from evalml.checks.check import PrimaryEffect
from evalml.checks.confounding import check_confounder_strength, check_oster, column_groups
from evalml.checks.hidden_bias import check_e_value
from evalml.checks.multiplicity import (
    check_interaction,
    check_multiplicity,
    interaction_test,
    shown,
    subgroup_covariance,
)
from evalml.checks.placebo import (
    SystematicError,
    calibrate,
    check_calibration,
    check_controls_together,
    check_negative_control,
    check_placebo_area,
    check_placebo_in_time,
    check_positive_control,
    estimate_controls,
    estimator,
    estimators,
    fit_systematic_error,
    inject,
    placebo_areas,
    placebo_p_value,
    smallest_p,
    take_rows,
    too_rare,
)
from evalml.checks.primary import (
    check_leave_one_out,
    checks_table,
    declared,
    judge_together,
    leave_one_out,
    run_sensitivity,
)
from evalml.checks.second_opinion import OPINIONS, second_opinion
from evalml.checks.trends import EventStudy, PrePeriod, check_pre_trend
from evalml.comparison.comparison import Measure
from evalml.comparison.design import build_design
from evalml.effect.bounds import imbens_manski
from evalml.effect.estimate import estimate_effects
from evalml.effect.methods import fit_shared
from evalml.effect.sample import EstimationSettings, settings_of
from evalml.effect.sample import take_rows as rows_known
from evalml.effect.study_effects import group_effects
from evalml.errors import DataError, EstimationError
from evalml.methods.effect import effects_table
from evalml.report.blinding import blind
from evalml.report.protect import protect_results
from evalml.study import study_from

_spec = importlib.util.spec_from_file_location(
    "checks_frames", Path(__file__).with_name("checks_frames.py")
)
frames = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(frames)

LIMITS = Thresholds()
difference = frames.difference


def two_arms(n=600, effect=0.1, seed=0, clusters=6):
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < 0.4
    x = rng.normal(size=(n, 2))
    y = (rng.random(n) < 0.4 + effect * treated).astype(float)
    past = (rng.random(n) < 0.4).astype(float)
    return frames.make_comparison(
        treated, {"emploi": y, "passe": past}, x, rng.integers(0, clusters, n)
    )


# unknown outcomes ----------------------------------------------------------------------------


def test_worst_case_bounds_fill_the_unknown_with_the_two_extremes():
    # by hand: treated 1, 0, ? and comparison 0, 1, ?, ?
    y = [1, 0, np.nan, 0, 1, np.nan, np.nan]
    treated = [1, 1, 1, 0, 0, 0, 0]
    comparison = frames.make_comparison(treated, {"emploi": y})
    b = worst_case(comparison, "emploi", difference)
    assert b.low == pytest.approx(1 / 3 - 3 / 4)
    assert b.high == pytest.approx(2 / 3 - 1 / 4)
    assert b.ci_low < b.low
    assert b.ci_high > b.high


def test_worst_case_bounds_hold_every_way_of_filling():
    rng = np.random.default_rng(1)
    treated = rng.random(200) < 0.5
    y = rng.integers(0, 2, 200).astype(float)
    hidden = rng.random(200) < 0.2
    comparison = frames.make_comparison(treated, {"emploi": np.where(hidden, np.nan, y)})
    b = worst_case(comparison, "emploi", difference)
    for _ in range(30):
        filled = np.where(hidden, rng.integers(0, 2, 200), y)
        value = filled[treated].mean() - filled[~treated].mean()
        assert b.low <= value <= b.high


def test_worst_case_bounds_refuse_an_outcome_outside_the_extremes():
    comparison = frames.make_comparison([1, 0], {"revenu": [5.0, 1.0]})
    with pytest.raises(DataError, match="outside"):
        worst_case(comparison, "revenu", difference)


def test_the_interval_of_imbens_and_manski_joins_the_two_known_cases():
    # without width it is the usual interval; with a wide gap each side uses the one-sided quantile
    point = imbens_manski(0.1, 0.1, 0.05, 0.05, 0.05)
    assert point.ci_low == pytest.approx(0.1 - 1.959964 * 0.05, abs=1e-6)
    wide = imbens_manski(0.0, 5.0, 0.05, 0.1, 0.05)
    assert wide.ci_low == pytest.approx(-1.644854 * 0.05, abs=1e-6)
    assert wide.ci_high == pytest.approx(5 + 1.644854 * 0.1, abs=1e-6)


def lee_point(y, treated, w):
    bounds = lee_bounds(y, treated, w, draws=0)
    return bounds.low, bounds.high


def test_trimmed_means_keep_exactly_the_share():
    y, w = np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4)
    assert trimmed_means(y, w, 0.5) == (pytest.approx(1.5), pytest.approx(3.5))
    # three quarters of a person: 1 + 0.5 * 2 over 1.5
    assert trimmed_means(y, w, 0.375)[0] == pytest.approx((1 + 0.5 * 2) / 1.5)
    assert trimmed_means(np.array([0.0, 1, 1, 1]), w, 0.5) == (pytest.approx(0.5), pytest.approx(1))


def test_lee_bounds_by_hand_for_a_rate():
    # treated: 8 of 10 known, 6 successes; comparison: 6 of 10 known, 3 successes. Trim a quarter
    # of the 8: lowest (6 - 2) / 6, highest 6 / 6; Lee (2009), proposition 1a
    y = np.r_[
        np.ones(6), np.zeros(2), np.full(2, np.nan), np.ones(3), np.zeros(3), np.full(4, np.nan)
    ]
    treated = np.r_[np.ones(10, dtype=bool), np.zeros(10, dtype=bool)]
    low, high = lee_point(y, treated, np.ones(20))
    assert (low, high) == (pytest.approx(4 / 6 - 0.5), pytest.approx(1 - 0.5))
    # the other way round: the comparison arm is trimmed
    low2, high2 = lee_point(y, ~treated, np.ones(20))
    assert (low2, high2) == (pytest.approx(-high), pytest.approx(-low))


def test_lee_bounds_follow_the_weights():
    rng = np.random.default_rng(4)
    treated = rng.random(300) < 0.5
    y = np.where(rng.random(300) < 0.2 + 0.1 * treated, np.nan, rng.normal(size=300))
    times = rng.integers(1, 4, 300)
    rows = np.repeat(np.arange(300), times)
    weighted = lee_point(y, treated, times.astype(float))
    repeated = lee_point(y[rows], treated[rows], np.ones(rows.size))
    assert weighted == pytest.approx(repeated)


def test_lee_bounds_hold_the_truth_where_its_assumption_holds():
    rng = np.random.default_rng(5)
    n = 40_000
    treated = rng.random(n) < 0.5
    base, reach = rng.normal(size=n), rng.random(n)
    seen = reach < np.where(treated, 0.8, 0.6)  # monotone: nobody is lost by being treated
    y = np.where(seen, base + 0.3 * treated + 0.5 * (reach > 0.6), np.nan)
    b = lee_bounds(y, treated, draws=99, seed=1)
    assert b.low < 0.3 < b.high
    assert b.ci_low < b.low
    again = lee_bounds(y, treated, draws=99, seed=1)
    assert again == b


def test_lees_standard_error_is_that_of_refitting_on_other_samples():
    rng = np.random.default_rng(9)

    def sample():
        treated = np.r_[np.ones(500, dtype=bool), np.zeros(500, dtype=bool)]
        seen = rng.random(1000) < np.where(treated, 0.9, 0.7)
        return np.where(seen, rng.normal(size=1000) + treated, np.nan), treated

    truth = np.std([lee_point(*sample(), np.ones(1000))[0] for _ in range(400)])
    y, treated = sample()
    b = lee_bounds(y, treated, draws=400, seed=3)
    # a wide gap: the limit lies 1.645 standard errors below
    assert (b.low - b.ci_low) / 1.645 == pytest.approx(truth, rel=0.2)


def test_bounds_say_when_they_cannot_be_judged():
    y = np.r_[np.full(5, np.nan), np.ones(5)]
    comparison = frames.make_comparison(np.arange(10) < 5, {"emploi": y})
    assert check_lee_bounds(comparison, "emploi", LIMITS).passed is None
    months = frames.make_comparison([1, 0], {"mois": [3.0, 1.0]}, unit="months")
    assert check_missing_bounds(months, "mois", difference, LIMITS).passed is None
    complete = two_arms()
    check = check_missing_bounds(complete, "emploi", difference, LIMITS)
    assert (check.passed, check.value) == (True, 0.0)


# many outcomes -------------------------------------------------------------------------------


def test_the_interaction_test_is_cochrans_q():
    estimates, errors = np.array([0.1, 0.02, -0.05]), np.array([0.02, 0.03, 0.04])
    statistic, dof, p = interaction_test(estimates, np.diag(errors**2))
    assert statistic == pytest.approx(combine_effects(estimates, errors**2).q)
    assert (dof, p) == (2, pytest.approx(stats.chi2.sf(statistic, 2)))


def test_the_interaction_of_two_subgroups_is_the_test_of_their_difference():
    V = np.array([[0.04, 0.01], [0.01, 0.09]])
    statistic, _, _ = interaction_test(np.array([1.0, 0.5]), V)
    assert statistic == pytest.approx(0.25 / (0.04 + 0.09 - 0.02))


def test_interaction_refuses_mixed_effects_and_a_subgroup_without_error():
    def by(value, **changes):
        return frames.make_effect(subgroup="sexe", subgroup_value=value, **changes)

    with pytest.raises(DataError, match="one outcome"):
        check_interaction([by("F"), by("M", outcome="formation")], LIMITS)
    assert check_interaction([by("F"), by("M", std_error=float("nan"))], LIMITS).passed is None
    check = check_interaction([by("F", estimate=0.1), by("M", estimate=0.0)], LIMITS)
    assert check.value < 0.05
    assert "(Femmes)" in say(check)
    assert "effets diffèrent" in say(check)


def test_a_masked_subgroup_is_in_no_range_nor_what_gives_it_away():
    def by(value, n, mean):
        return frames.make_effect(
            subgroup="diplome", subgroup_value=value, n_treated=n, mean_treated=mean
        )

    family = [by("BAC", 85, 0.6), by("BAC2", 22, 0.7), by("CAP", 119, 0.5), by("SANS", 280, 0.3)]
    named = dict.fromkeys(["study", "programme", "territory", "period", "status"], "")
    table = protect_results({"effects": effects_table(family).assign(**named)}, 11)["effects"]
    visible = table["subgroup_value"][table["estimate"].notna()].tolist()
    assert [e.subgroup_value for e in shown(family, 11)] == visible == ["CAP", "SANS"]
    assert len(shown([*family, by("RARE", 9, 0.5)], 11)) == 3
    assert shown([by("RARE", 9, 0.5)], 11) == []


# controls ------------------------------------------------------------------------------------


def test_systematic_error_is_a_closed_form_when_errors_are_equal():
    x = np.array([0.1, 0.3, -0.2, 0.4, 0.0])
    error = fit_systematic_error(x, np.full(5, 0.1))
    assert error.mean == pytest.approx(x.mean())
    assert error.sd**2 == pytest.approx(x.var() - 0.01, rel=1e-6)
    assert fit_systematic_error(x, np.full(5, 1.0)).sd == 0.0


def test_systematic_error_maximises_the_likelihood_in_both_unknowns():
    rng = np.random.default_rng(6)
    se = rng.uniform(0.02, 0.2, 15)
    x = rng.normal(0.1, np.hypot(0.15, se))

    def deviance(theta):
        v = np.exp(2 * theta[1]) + se**2
        return float(np.sum(np.log(v) + (x - theta[0]) ** 2 / v))

    best = optimize.minimize(
        deviance, [0.0, -2.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    error = fit_systematic_error(x, se)
    assert error.mean == pytest.approx(best.x[0], abs=1e-5)
    assert error.sd == pytest.approx(np.exp(best.x[1]), rel=1e-4)
    assert error.n_controls == 15


def test_calibration_takes_the_error_off_and_widens_the_interval():
    c = calibrate(0.10, 0.03, SystematicError(0.02, 0.04, 20))
    assert c.estimate == pytest.approx(0.08)
    assert c.ci_high - c.ci_low == pytest.approx(2 * 1.959964 * 0.05, abs=1e-6)
    assert c.p_value == pytest.approx(2 * stats.norm.sf(1.6))


def test_calibrated_intervals_cover_where_plain_ones_do_not():
    rng = np.random.default_rng(7)
    plain = calibrated = 0
    for _ in range(500):
        se = rng.uniform(0.01, 0.03, 60)
        bias = rng.normal(0.02, 0.03, 61)
        x = rng.normal(bias[:60], se)
        error = fit_systematic_error(x, se)
        estimate = rng.normal(0.1 + bias[60], 0.02)
        c = calibrate(estimate, 0.02, error)
        plain += abs(estimate - 0.1) <= 1.96 * 0.02
        calibrated += c.ci_low <= 0.1 <= c.ci_high
    assert plain / 500 < 0.8
    assert 0.92 <= calibrated / 500 <= 0.98


def test_calibration_needs_a_minimum_of_controls_and_the_same_method():
    effect = frames.make_effect()
    few = [frames.make_effect(0.0, outcome=f"t{i}") for i in range(4)]
    check = check_calibration(effect, few, LIMITS)
    assert check.passed is None
    assert "4" in say(check)
    with pytest.raises(DataError, match="same method"):
        check_calibration(effect, [frames.make_effect(method="diff")], LIMITS)
    enough = [frames.make_effect(0.04 + 0.01 * i, outcome=f"t{i}") for i in range(5)]
    judged = check_calibration(effect, enough, LIMITS)
    assert judged.passed is False
    assert "+5,0" in say(judged)  # uncalibrated and calibrated both shown
    assert "−1,0" in say(judged)


def test_a_negative_control_fails_when_an_effect_is_found():
    assert check_negative_control(frames.make_effect(0.001, 0.01), LIMITS).passed is True
    failed = check_negative_control(frames.make_effect(0.05, 0.01), LIMITS)
    assert (failed.passed, failed.gating) == (False, False)
    assert check_negative_control(frames.make_effect(0.0, 0.0), LIMITS).passed is None


def test_an_injected_effect_is_exact_and_leaves_the_unknown_unknown():
    treated = np.r_[np.ones(100, dtype=bool), np.zeros(50, dtype=bool)]
    y = np.r_[np.zeros(60), np.ones(30), np.full(10, np.nan), np.zeros(50)]
    measure = Measure("emploi", None, y, "proportion", "Emploi")
    person = np.arange(150, dtype=np.uint64)
    changed, exact = inject(measure, treated, person, 0.1)
    assert exact == pytest.approx(9 / 90)
    assert np.nanmean(changed.values[:100]) - np.nanmean(y[:100]) == pytest.approx(exact)
    assert np.isnan(changed.values[90:100]).all()
    assert np.array_equal(changed.values[100:], y[100:])
    down, taken = inject(measure, treated, person, -0.1)
    assert taken == pytest.approx(-0.1)
    assert np.nansum(down.values) == np.nansum(y) - 9
    with pytest.raises(EstimationError, match="inject another size"):
        inject(measure, treated, person, 0.9)


def test_which_outcomes_are_changed_follows_the_person_not_the_row():
    treated = np.ones(40, dtype=bool)
    person = np.arange(1, 41, dtype=np.uint64) * np.uint64(11400714819323198485)
    measure = Measure("emploi", None, np.zeros(40), "proportion", "Emploi")
    order = np.random.default_rng(0).permutation(40)
    straight = inject(measure, treated, person, 0.25)[0].values
    mixed = inject(measure, treated, person[order], 0.25)[0].values
    assert np.array_equal(mixed, straight[order])


def test_a_positive_control_is_found_by_a_sound_method_and_missed_by_a_deaf_one():
    comparison = two_arms()
    assert check_positive_control(comparison, "emploi", difference, LIMITS).passed is True

    def deaf(c, key):
        return frames.make_effect(0.02, outcome=key)

    assert check_positive_control(comparison, "emploi", deaf, LIMITS).passed is False
    constant = frames.make_comparison([1, 0], {"emploi": [1.0, 1.0]})
    assert check_positive_control(constant, "emploi", difference, LIMITS).passed is None


# estimating again ----------------------------------------------------------------------------


def test_leaving_out_a_cluster_is_estimating_without_its_rows():
    comparison = two_arms()
    left = leave_one_out(comparison, "emploi", difference, 60)
    code = left.clusters[2]
    rows = take_rows(comparison, comparison.cluster != code)
    assert left.estimates[2] == difference(rows, "emploi").estimate
    assert left.n_clusters == 6
    budget = leave_one_out(comparison, "emploi", difference, 2)
    sizes = np.bincount(comparison.cluster, weights=comparison.treated)
    assert set(budget.clusters) == set(np.argsort(-sizes, kind="stable")[:2])


def test_an_effect_that_rests_on_one_mission_locale_fails():
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(5), 200)
    treated = np.tile([True, False], 500)
    y = (rng.random(1000) < 0.3).astype(float)
    y[(cluster == 0) & treated] = 1.0
    one = frames.make_comparison(treated, {"emploi": y}, cluster=cluster)
    check = check_leave_one_out(one, "emploi", difference, LIMITS)
    assert check.passed is False
    assert not check.gating
    spread = frames.make_comparison(
        treated,
        {"emploi": np.where(treated, rng.random(1000) < 0.6, y * 0).astype(float)},
        cluster=cluster,
    )
    assert check_leave_one_out(spread, "emploi", difference, LIMITS).passed is True
    alone = frames.make_comparison(treated, {"emploi": y}, cluster=np.zeros(1000))
    assert check_leave_one_out(alone, "emploi", difference, LIMITS).passed is None


def test_a_placebo_too_imprecise_to_see_the_effect_proves_nothing():
    effect = frames.make_effect(0.05, 0.01)
    assert check_placebo_in_time(frames.make_effect(0.001, 0.01), LIMITS, effect).passed is True
    assert check_placebo_in_time(frames.make_effect(0.05, 0.01), LIMITS, effect).passed is False
    vague = check_placebo_in_time(frames.make_effect(0.001, 0.1), LIMITS, effect)
    assert vague.passed is None
    assert "ne prouve rien" in say(vague)


def test_exchanging_dates_gives_the_exact_permutation_p_value_in_the_long_run():
    # 6 areas, 2 adopt: the true pair has the largest mean of the 15 pairs -> one-sided 1/15
    y = np.array([5.0, 4.0, 1.0, 0.0, 1.0, 0.5])
    first = np.array([3.0, 3.0, np.inf, np.inf, np.inf, np.inf])

    def gap(dates):
        adopts = np.isfinite(dates)
        return float(y[adopts].mean() - y[~adopts].mean())

    placebos = placebo_areas(first, gap, draws=6000, seed=1)
    pairs = [
        abs(np.mean([y[i], y[j]]) - np.delete(y, [i, j]).mean())
        for i in range(6) for j in range(i + 1, 6)
    ]  # fmt: skip
    exact = np.mean([p >= gap(first) - 1e-12 for p in pairs])
    assert placebo_p_value(gap(first), placebos) == pytest.approx(exact, abs=0.01)
    with pytest.raises(DataError, match="same date"):
        placebo_areas(np.full(4, 2.0), gap, draws=10, seed=0)


def test_too_few_placebo_areas_cannot_be_judged():
    assert check_placebo_area(0.1, np.zeros(5), LIMITS).passed is None
    assert check_placebo_area(0.1, np.zeros(99), LIMITS).passed is True
    assert check_placebo_area(0.0, np.ones(99), LIMITS).passed is False


def test_rows_taken_twice_count_twice_and_an_empty_arm_is_refused():
    comparison = two_arms(50)
    doubled = take_rows(comparison, np.r_[np.arange(50), np.arange(50)])
    assert difference(doubled, "emploi").estimate == pytest.approx(
        difference(comparison, "emploi").estimate
    )
    with pytest.raises(DataError, match="would be empty"):
        take_rows(comparison, comparison.treated)


def test_the_columns_of_a_category_go_together():
    names = ("age", "diplome=BAC", "diplome=CAP")
    assert column_groups(names) == {"age": [0], "diplome": [1, 2]}


# what is said --------------------------------------------------------------------------------


def test_a_pre_trend_passes_fails_or_proves_nothing():
    times = np.array([-4.0, -3.0, -2.0])
    quiet = PrePeriod(np.array([0.001, -0.001, 0.0]), np.eye(3) * 1e-4, times)
    assert check_pre_trend(quiet, LIMITS, effect=0.2).passed is True
    steep = PrePeriod(np.array([-0.06, -0.04, -0.02]), np.eye(3) * 1e-5, times)
    assert check_pre_trend(steep, LIMITS, effect=0.2).passed is False
    blind = PrePeriod(quiet.beta, np.eye(3) * 0.01, times)
    assert check_pre_trend(blind, LIMITS, effect=0.05, horizon=12).passed is None
    assert check_pre_trend(None, LIMITS).passed is None
    assert check_pre_trend(PrePeriod(quiet.beta, np.zeros((3, 3)), times), LIMITS).passed is None


def test_the_reference_period_cannot_be_among_the_coefficients():
    with pytest.raises(DataError, match="reference"):
        PrePeriod(np.zeros(2), np.eye(2), np.array([-2.0, -1.0]))
    with pytest.raises(DataError, match="reference"):
        EventStudy(np.zeros(3), np.eye(3), np.array([-2.0, -1.0, 0.0]))


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ([-4.0, -2.0, 0.0], "increase by one"),
        ([-3.0, -2.0], "each side"),
        ([0.0, -2.0, 1.0], "increase by one"),
    ],
)
def test_an_event_study_refuses_holes_and_one_side(times, found):
    with pytest.raises(DataError, match=found):
        EventStudy(np.zeros(len(times)), np.eye(len(times)), np.array(times))


def test_an_event_study_refuses_vectors_that_do_not_match():
    with pytest.raises(DataError, match="one row each"):
        EventStudy(np.zeros(3), np.eye(2), np.array([-2.0, 0.0, 1.0]))


def test_sensitivity_checks_say_when_there_is_nothing_to_explain():
    assert check_e_value(frames.make_effect(0.005, 0.01), LIMITS).passed is None
    assert check_e_value(frames.make_effect(0.10, 0.01), LIMITS).passed is True
    assert check_e_value(frames.make_effect(0.0, 0.0), LIMITS).value is None
    assert check_e_value(frames.make_effect(100.0, 10.0, unit="dollars"), LIMITS).value is None
    assert (
        check_e_value(frames.make_effect(100.0, 10.0, unit="dollars"), LIMITS, sd=0.0).value is None
    )
    assert (
        check_e_value(frames.make_effect(100.0, 10.0, unit="dollars"), LIMITS, sd=200.0).value > 1
    )


def test_confounder_checks_name_what_cannot_be_judged():
    rng = np.random.default_rng(0)
    treated = rng.random(100) < 0.5
    known = frames.make_comparison(
        treated, {"emploi": rng.normal(size=100)}, treated[:, None] * 1.0
    )
    assert check_confounder_strength(known, "emploi", LIMITS).passed is None
    assert check_oster(known, "emploi", LIMITS).passed is None
    constant = frames.make_comparison(treated, {"emploi": np.ones(100)}, rng.normal(size=(100, 1)))
    assert check_confounder_strength(constant, "emploi", LIMITS).passed is None
    assert check_oster(constant, "emploi", LIMITS).passed is None


def test_sentences_of_sensitivity_are_set_in_french():
    comparison = two_arms(2000, 0.2)
    effect = frames.make_effect(0.10, 0.01)
    checks = [
        check_e_value(effect, LIMITS),
        check_confounder_strength(comparison, "emploi", LIMITS),
        check_oster(comparison, "emploi", LIMITS),
        check_leave_one_out(comparison, "emploi", difference, LIMITS),
        check_positive_control(comparison, "emploi", difference, LIMITS),
        check_negative_control(frames.make_effect(0.001, 0.01), LIMITS),
        check_placebo_in_time(frames.make_effect(0.001, 0.01), LIMITS, effect),
        check_lee_bounds(comparison, "emploi", LIMITS),
        check_missing_bounds(comparison, "emploi", difference, LIMITS),
        check_multiplicity([effect, effect], LIMITS),
    ]
    for check in checks:
        for text in (ask(check), say(check)):
            assert "'" not in text, text
            assert " ?" not in text
            assert " %" not in text
            assert " :" not in text
            assert " ;" not in text
            assert "nan" not in text
        assert ask(check).endswith("?")
        assert say(check).endswith("."), say(check)
        assert ".." not in say(check)


def test_the_whole_battery_runs_with_a_real_estimator_and_survives_one_that_fails():
    comparison = two_arms(1500, 0.2)
    subject = primary_of(comparison, "aipw", checks={"refits": 3})
    controls = [frames.make_effect(0.01 * i, method="aipw") for i in range(6)]
    checks = run_sensitivity(replace(subject, controls=controls))
    names = [c.name for c in checks]
    assert names[:7] == [
        "e_value", "confounder_strength", "oster", "missing_bounds", "lee_bounds",
        "leave_one_out", "positive_control",
    ]  # fmt: skip
    assert names[7:] == [*["negative_control"] * 6, "negative_controls", "calibration"]
    assert all(c.outcome in {"emploi", ""} for c in checks)

    def broken(c, key):
        raise EstimationError("no overlap")

    failed = {c.name: c for c in run_sensitivity(replace(subject, estimate=broken))}
    assert failed["leave_one_out"].passed is None
    assert "échoue" in say(failed["leave_one_out"])
    assert failed["e_value"].value > 1


def test_the_adapter_estimates_one_outcome_for_everybody():
    comparison = two_arms(800, 0.2)
    effect = estimator("diff")(comparison, "emploi")
    assert effect.estimate == pytest.approx(difference(comparison, "emploi").estimate)
    assert (effect.key, effect.subgroup) == ("emploi", "")


def test_checks_do_not_depend_on_the_order_of_the_rows():
    comparison = two_arms(900, 0.2)
    comparison.measure("emploi").values[:90] = np.nan
    mixed = take_rows(comparison, np.random.default_rng(3).permutation(900))

    def all_of(c):
        alone = replace(c, cluster=None)
        return [
            check_lee_bounds(alone, "emploi", LIMITS),
            check_lee_bounds(c, "emploi", LIMITS),
            check_missing_bounds(c, "emploi", difference, LIMITS),
            check_leave_one_out(c, "emploi", difference, LIMITS),
            check_positive_control(c, "emploi", difference, LIMITS),
            check_oster(c, "emploi", LIMITS),
            check_confounder_strength(c, "emploi", LIMITS),
        ]

    assert [say(c) for c in all_of(comparison)] == [say(c) for c in all_of(mixed)]


def by_sex(n=3000, seed=0, clusters=20, gap=0.0):
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < 0.4
    sexe = np.where(rng.random(n) < 0.5, "F", "M")
    cluster = rng.integers(0, clusters, n)
    local = rng.normal(0, 0.3, clusters)[cluster] * treated  # the effect varies by cluster
    y = 0.2 * treated + gap * treated * (sexe == "F") + local + rng.normal(size=n)
    z = rng.normal(size=n) + 0.01 * treated
    return frames.make_comparison(
        treated, {"mois": y, "autre": z}, rng.normal(size=(n, 1)), cluster,
        unit="months", subgroups=pd.DataFrame({"sexe": sexe}),
    )  # fmt: skip


def test_subgroups_that_share_clusters_are_not_independent():
    effects = [e for e in group_effects(by_sex(), EstimationSettings()) if e.key == "mois"]
    V = subgroup_covariance(effects)
    assert np.sqrt(np.diag(V)) == pytest.approx([e.std_error for e in effects])
    assert V[0, 1] / np.sqrt(V[0, 0] * V[1, 1]) > 0.3
    assert subgroup_covariance([frames.make_effect(), effects[0]]) is None
    # against the difference found in new samples: the covariance must be taken off
    gaps = []
    for seed in range(1, 60):
        c = by_sex(800, seed)
        women, men = (take_rows(c, (c.subgroups["sexe"] == s).to_numpy()) for s in "FM")
        gaps.append(difference(women, "mois").estimate - difference(men, "mois").estimate)
    parts = [e for e in group_effects(by_sex(800, 0), EstimationSettings()) if e.key == "mois"]
    W = subgroup_covariance(parts)
    assert np.sqrt(W[0, 0] + W[1, 1] - 2 * W[0, 1]) == pytest.approx(np.std(gaps), rel=0.35)


def test_holm_counts_the_effects_that_stand():
    values = (0.001, 0.012, 0.02, 0.6)
    effects = [frames.make_effect(p_value=p, outcome=str(p)) for p in values]
    check = check_multiplicity(effects, Thresholds(alpha=0.05))
    expected = multipletests(values, method="holm")[1]
    assert check.values["kept"].value == (expected <= 0.05).sum() == 3
    assert (check.finding, check.value, check.gating) == ("some", pytest.approx(0.004), False)
    assert "3\u00a0restent significatifs" in say(check)
    assert check_multiplicity(effects[3:] * 2, LIMITS).finding == "none"


def primary_of(comparison, method, **changes):
    """The primary effect of a study of two arms, and what its checks read."""
    values = {
        "study": "x", "title": "xxx", "programme": "x", "notebook": "x",
        "comparison": {"design": "cross_section", "source": "x"}, "outcomes": ["emploi"],
        "methods": [method], "primary": {"outcome": "emploi", "method": method}, **changes,
    }  # fmt: skip
    study = study_from(values)
    estimate = estimator(method, estimand=study.estimand, seed=study.seed)
    effects = estimate_effects(comparison, [method], estimand=study.estimand, seed=study.seed)
    effects = [e for e in effects if e.key == "emploi"]
    return PrimaryEffect(comparison, effects[0], effects, estimate, study)


@pytest.mark.parametrize(
    ("method", "estimand"),
    [*((m, "att") for m in OPINIONS), *((m, "ate") for m in OPINIONS if m != "ebal")],
)
def test_statsmodels_finds_the_primary_effect_again(method, estimand):
    comparison = two_arms(900, 0.2)
    comparison.measure("emploi").values[:90] = np.nan
    [check] = second_opinion(primary_of(comparison, method, estimand=estimand))
    assert (check.passed, check.finding) == (True, "same")
    assert check.value < 1e-6
    assert "statsmodels" in say(check)


def test_a_wrong_estimate_is_not_found_again():
    subject = primary_of(two_arms(900, 0.2), "aipw")
    moved = replace(
        subject.effect, estimate=subject.effect.estimate + subject.effect.std_error / 50
    )
    [check] = second_opinion(replace(subject, effect=moved))
    assert (check.passed, check.finding) == (False, "other")
    assert check.value == pytest.approx(0.02, rel=1e-6)


def test_a_large_arm_is_sampled_by_the_hash_of_its_persons(monkeypatch):
    monkeypatch.setattr("evalml.checks.second_opinion.MOST", 150)
    [check] = second_opinion(primary_of(two_arms(900, 0.2), "ipw"))
    assert check.passed is True
    assert check.values["rows"].n == 300
    assert "un échantillon de 300" in say(check)


def test_the_checks_that_declare_themselves_are_made_and_one_that_fails_says_so(monkeypatch):
    subject = primary_of(two_arms(400, 0.2), "diff")
    assert [c.name for c in declared(subject)] == ["second_opinion"]

    def broken(*_):
        raise EstimationError("no overlap")

    monkeypatch.setattr("evalml.checks.second_opinion.opinion", broken)
    [failed] = declared(subject)
    assert (failed.finding, failed.passed) == ("undone", None)


@pytest.mark.parametrize(
    ("given", "finding"),
    [({"replace": False, "caliper": 0.5}, "strength"), ({"k": 2}, "no_pairs"), ({}, "no_pairs")],
)
def test_rosenbaum_s_bounds_are_visible_pairs_alone(given, finding):
    settings = {"method_settings": {"match": given}}
    subject = primary_of(two_arms(900, 0.3), "match", **settings)
    found = {check.name: check for check in declared(subject)}
    check = found["rosenbaum"]
    assert check.finding == finding
    assert ("own_settings" in found["second_opinion"].finding) is bool(given)
    if finding == "strength":
        y = subject.comparison.measure("emploi").values
        sample = rows_known(subject.comparison, ~np.isnan(y))
        pairing = fit_shared(sample, ["match"], settings_of(subject.study, "match")).pairing
        kept = pairing.matches.matched & sample.treated
        gaps = y[kept] - pairing.matches.partner_mean(y)[kept]
        discordant, favourable = int((gaps != 0).sum()), int((gaps > 0).sum())
        bound = check.value / (1 + check.value)
        assert stats.binom.sf(favourable - 1, discordant, bound) == pytest.approx(0.025, rel=1e-6)
        assert "paires" in say(check)


def test_of_several_negative_controls_one_may_fail_by_luck_but_not_by_much():
    """0.006 x 3 = 0.018 fails at 2 %; 0.007 x 3 = 0.021 does not (Bonferroni)."""
    others = [frames.make_effect(0.0, p_value=0.5), frames.make_effect(0.0, p_value=0.9)]
    fails = check_controls_together([frames.make_effect(0.05, p_value=0.006), *others], LIMITS)
    passes = check_controls_together([frames.make_effect(0.05, p_value=0.007), *others], LIMITS)
    assert (fails.passed, fails.gating, fails.outcome) == (False, True, "")
    assert fails.value == pytest.approx(0.018)
    assert (passes.passed, passes.value, passes.finding) == (True, pytest.approx(0.021), "near")
    assert check_controls_together([], LIMITS).passed is None


def test_controls_known_of_too_few_are_judged_less_leniently_and_their_silence_proves_nothing():
    """Alone, the gap seen with 80 % is (2.33 + 0.84) se at 2 %, (1.96 + 0.84) se at 5 %."""

    def judged(error, p, outcome="emploi_declare_18_mois_avant"):
        control = frames.make_effect(0.04, error, p_value=p, outcome=outcome)
        check = check_controls_together([control], LIMITS)
        return check.finding, check.passed, check.threshold

    assert judged(0.0189, 0.03) == ("near", True, 0.02)
    assert judged(0.0189, 0.06) == ("nothing", True, 0.02)
    assert judged(0.0200, 0.03) == ("effect", False, 0.05)
    assert judged(0.0213, 0.06) == ("nothing", True, 0.05)
    assert judged(0.0215, 0.06) == ("blunt", None, 0.05)
    assert judged(0.0215, 0.03) == ("effect", False, 0.05)
    assert judged(0.001, 0.5, "permis_avant") == ("blunt", None, 0.05)


def test_declared_pasts_alone_leave_twice_what_the_sharpest_control_does_not_exclude():
    sharp = frames.make_effect(-0.01, 0.012, p_value=0.4, outcome="emploi_declare_18_mois_avant")
    other = frames.make_effect(0.03, 0.02, p_value=0.13, outcome="emploi_declare_24_mois_avant")
    event = frames.make_effect(0.00, 0.001, p_value=0.9, outcome="permis_avant")
    found = check_controls_together([other, sharp, event], LIMITS, linked_past=False)
    assert (found.finding, found.passed) == ("declared", True)
    assert found.values["seen"].value == pytest.approx(0.02)
    assert found.values["bias"].value == pytest.approx(0.02 + 2 * 1.959964 * 0.012)
    assert "6,7\xa0points au plus" in say(found)
    assert check_controls_together([other, sharp, event], LIMITS).finding == "nothing"


@pytest.mark.parametrize(
    ("name", "finding"),
    [("emploi_avant_3", "nothing"), ("emploi_declare_avant_3", "declared"), ("age", "declared")],
)
def test_what_the_comparison_is_adjusted_for_says_whether_declarations_are_alone(name, finding):
    control = frames.make_effect(0.0, 0.01, p_value=0.9, outcome="emploi_18_mois_avant")
    bare = frames.make_comparison(np.array([True, False]), {"emploi": np.zeros(2)})
    comparison = replace(bare, covariates=pd.DataFrame({name: [0.0, 1.0]}))
    assert judge_together(comparison, [control], LIMITS, None).finding == finding


def test_an_effect_that_no_control_could_contradict_says_so():
    control = frames.make_effect(0.0, 0.05, p_value=0.9, outcome="emploi_15_mois_avant")
    blunt = checks_table([check_controls_together([control], LIMITS)])
    effects = effects_table([frames.make_effect()])
    row = blind(effects.assign(study="", programme="", territory="", period=""), blunt).iloc[0]
    assert row["status"] == "shown"
    assert "trop peu précis pour exclure un facteur caché" in row["reason"]


def test_a_control_known_of_some_is_compared_among_them_described_anew():
    """A level that nobody of the treated has among those known would separate the arms."""
    rng = np.random.default_rng(0)
    n = 2000
    treated = rng.random(n) < 0.3
    known = rng.random(n) < 0.6
    level = np.where(rng.random(n) < 0.5, "a", "b").astype(object)
    level[rng.choice(np.flatnonzero(~treated), 15, replace=False)] = "c"
    level[rng.choice(np.flatnonzero(treated & ~known), 15, replace=False)] = "c"
    worked = np.where(known, rng.random(n) < 0.4, np.nan)
    frame = pd.DataFrame({"niveau": level, "age": rng.random(n)})
    bare = frames.make_comparison(treated, {"emploi": rng.random(n)})
    comparison = replace(bare, covariates=frame, design=build_design(frame)[0])
    control = Measure("avant", None, worked, "proportion", "Avant")
    given = []

    def estimate(part):
        given.append((part.treated.size, part.design.names))
        return [difference(part, "avant")]

    assert [e.key for e in estimate_controls(comparison, [control], estimate)] == ["avant"]
    assert given[0][0] == known.sum()
    assert not any(name.startswith("niveau=c") for name in given[0][1])
    assert any("niveau" in name for name in given[0][1])


def test_controls_that_say_the_same_thing_count_once():
    """Correlated at 0.95, two controls are hardly two tests; independent, Sidak's 1 - (1 - p)^2."""
    p = np.array([0.01, 0.3])
    assert smallest_p(p, np.eye(2)) == pytest.approx(1 - 0.99**2, rel=1e-3)
    alike = np.array([[1.0, 0.999], [0.999, 1.0]])
    assert smallest_p(p, alike) == pytest.approx(0.01, rel=0.15)
    assert smallest_p(p, None) == pytest.approx(0.02)


def test_a_control_that_hardly_anybody_has_is_too_rare():
    treated = np.arange(600) < 100
    values = np.where(np.arange(600) % 50 == 0, 1.0, 0.0)
    assert too_rare(Measure("rare", None, values, "proportion", "Rare"), treated, 11)
    common = np.where(np.arange(600) % 3 == 0, 1.0, 0.0)
    assert not too_rare(Measure("common", None, common, "proportion", "Common"), treated, 11)


def test_negative_controls_that_cannot_be_estimated_are_left_out():
    comparison = two_arms(600)
    controls = [
        Measure("avant", None, comparison.measure("passe").values, "proportion", "Avant"),
        Measure("constant", None, np.ones(600), "proportion", "Constant"),
    ]
    found = estimate_controls(comparison, controls, estimators("ipw"))
    assert [e.key for e in found] == ["avant"]
