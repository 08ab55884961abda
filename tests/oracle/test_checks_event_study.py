"""Pre-trend power and HonestDiD against their published examples and other programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from evalml.checks.honest_did import (
    accepts,
    first_differences,
    folded_quantile,
    moments_of,
    polyhedra,
    relative_breakdown,
    relative_magnitudes_interval,
    smooth_problem,
    smoothness_breakdown,
    smoothness_interval,
    truncated_quantile,
    usual_interval,
)
from evalml.checks.trends import (
    EventStudy,
    PrePeriod,
    box_probability,
    drift_for_power,
    rejection_probability,
    wald_test,
)
from evalml.methods.callaway_santanna import callaway_santanna
from evalml.methods.group_time import RolloutOptions, aggregate
from evalml.methods.panel import PanelColumns, read_panel

VALUES = json.loads(Path(__file__).with_name("checks_values.json").read_text(encoding="utf-8"))
EHEC = EventStudy(
    np.array(VALUES["ehec"]["beta"]),
    np.array(VALUES["ehec"]["covariance"]),
    np.array(VALUES["ehec"]["times"], dtype=float),
)

# He and Wang (2017), figure 2C, as in the documentation of the pretrends package (R and Stata)
HE_WANG_BETA = np.array([0.0667031482, -0.0077017923, -0.0307690538])
HE_WANG_SIGMA = np.array(
    [
        [0.0089065712, 0.0044883136, 0.0014587025],
        [0.0044883136, 0.0059369169, 0.0027500791],
        [0.0014587025, 0.0027500791, 0.0030386248],
    ]
)
HE_WANG = PrePeriod(HE_WANG_BETA, HE_WANG_SIGMA, np.array([-4.0, -3.0, -2.0]))


def test_the_drift_seen_half_the_time_is_that_of_the_pretrends_package():
    # R README: 0.0520569, 0.05205785, 0.05205871 by version (Monte-Carlo integration)
    assert drift_for_power(HE_WANG, 0.5) == pytest.approx(0.05206, abs=1e-5)


def test_drift_and_bayes_factor_are_those_of_the_stata_package():
    # Stata README: standard error .0897108 of the first coefficient; slope .0494932155202119,
    # r(Bayes) .5690176868657252, r(LR) .1016996725963556
    sigma = HE_WANG_SIGMA * 0.0897108**2 / HE_WANG_SIGMA[0, 0]
    pre = replace(HE_WANG, covariance=sigma)
    drift = drift_for_power(pre, 0.5)
    assert drift == pytest.approx(0.0494932155, abs=1e-6)
    passing = 1 - rejection_probability(np.zeros(3), sigma)
    assert 0.5 / passing == pytest.approx(0.5690176869, abs=5e-6)
    delta = drift * (pre.times - pre.reference)
    ratio = stats.multivariate_normal(-delta, sigma).pdf(-HE_WANG_BETA) / stats.multivariate_normal(
        np.zeros(3), sigma
    ).pdf(HE_WANG_BETA)
    reverse = stats.multivariate_normal(delta, sigma).pdf(HE_WANG_BETA) / stats.multivariate_normal(
        np.zeros(3), sigma
    ).pdf(HE_WANG_BETA)
    assert min(abs(ratio - 0.1016997), abs(reverse - 0.1016997)) < 5e-6


def test_box_probabilities_are_those_of_known_cases():
    one = np.array([1.0])
    assert box_probability(np.zeros(1), np.eye(1), -one, one) == pytest.approx(
        0.6826894921370859, abs=1e-12
    )
    # orthant of three equicorrelated normals, rho = 0.5: 1/8 + 3 asin(rho) / (4 pi) = 1/4
    V = 0.5 * np.eye(3) + 0.5
    far = np.full(3, 40.0)
    assert box_probability(np.zeros(3), V, np.zeros(3), far) == pytest.approx(0.25, abs=5e-6)
    independent = box_probability(np.zeros(8), np.eye(8), -np.ones(8), np.ones(8))
    assert independent == pytest.approx(0.6826894921370859**8, abs=1e-9)


def test_the_joint_test_is_walds_and_survives_a_singular_covariance():
    b, V = np.array([1.0, 2.0]), np.array([[2.0, 0.5], [0.5, 1.0]])
    statistic, dof, p = wald_test(b, V)
    assert statistic == pytest.approx(float(b @ np.linalg.inv(V) @ b))
    assert (dof, p) == (2, pytest.approx(stats.chi2.sf(statistic, 2)))
    assert wald_test(np.array([1.0, 1.0]), np.ones((2, 2)))[:2] == (pytest.approx(1.0), 1)


# HonestDiD -----------------------------------------------------------------------------------

# README of the R package HonestDiD, Medicaid expansion, first period after
RELATIVE = {
    0.5: (0.0241, 0.0673),
    1.0: (0.0171, 0.0720),
    1.5: (0.0086, 0.0796),
    2.0: (-0.0011, 0.0883),
}
SMOOTH = {0.0: (0.0259, 0.0607), 0.01: (0.0132, 0.0787), 0.02: (0.0029, 0.0907)}


@pytest.mark.parametrize("m_bar", RELATIVE)
def test_relative_magnitudes_are_those_of_the_published_example(m_bar):
    # the package reads its interval on a grid of step 0.00037 and draws its first critical value
    # 1000 times; ours bisects and draws 20 000 times
    found = relative_magnitudes_interval(EHEC, EHEC.weights(0), m_bar)
    assert found == pytest.approx(RELATIVE[m_bar], abs=6e-4)


def test_smoothness_equals_moderndid_to_six_digits():
    for m, low, high in VALUES["smooth_first"]:
        found = smoothness_interval(EHEC, EHEC.weights(0), m)
        assert found == pytest.approx((low, high), abs=5e-6)


@pytest.mark.parametrize("m", SMOOTH)
def test_smoothness_is_that_of_the_published_example(m):
    assert smoothness_interval(EHEC, EHEC.weights(0), m) == pytest.approx(SMOOTH[m], abs=1.1e-4)


def test_the_hybrid_test_decides_as_moderndid_polyhedron_by_polyhedron():
    for m_bar, rows in VALUES["hybrid"].items():
        sets = polyhedra(EHEC, float(m_bar))
        for s, sign, theta, cut, eta, rejected in rows:
            A = sets[2 * int(s) + (0 if sign > 0 else 1)]
            moments = replace(moments_of(EHEC, A, EHEC.weights(0), 0.005, 0), least_favourable=cut)
            value = float((moments.V @ (moments.y - moments.a * theta)).max())
            assert value == pytest.approx(eta, abs=1e-7)
            assert accepts(moments, np.array([theta]), 0.05, 0.005)[0] == (not rejected)


def without_the_first_difference(study, weights, m_bar):
    """Our interval, on a grid, as moderndid 0.2.0 computes it.

    Its loop over the periods before starts one period late: the earliest difference never counts
    as the largest. In the R package (`s_indices = min_s:0`) and here, it does.
    """
    sets = [moments_of(study, A, weights, 0.005, 0) for A in polyhedra(study, m_bar)[2:]]
    low, high = relative_magnitudes_interval(study, weights, m_bar)
    grid = np.linspace(low - 0.01, high + 0.01, 4001)
    kept = grid[np.any([accepts(m, grid, 0.05, 0.005) for m in sets], axis=0)]
    return float(kept[0]), float(kept[-1])


def test_the_mean_of_the_periods_after_agrees_with_moderndid():
    weights = EHEC.weights()
    for m_bar, low, high in VALUES["relative_average"]:
        found = without_the_first_difference(EHEC, weights, m_bar)
        assert found == pytest.approx((low, high), abs=6e-4)  # their grid, their 1000 draws
    for m, low, high in VALUES["smooth_average"]:
        assert smoothness_interval(EHEC, weights, m) == pytest.approx((low, high), abs=1e-5)


def random_study(seed, before=3, after=3):
    rng = np.random.default_rng(seed)
    k = before + after
    root = rng.normal(size=(k, k)) / np.sqrt(k)
    V = 0.01 * (root @ root.T + 0.3 * np.eye(k))
    times = np.concatenate([np.arange(-before - 1, -1), np.arange(after)]).astype(float)
    return EventStudy(rng.normal(scale=0.1, size=k), V, times)


@pytest.mark.parametrize("seed", range(4))
def test_the_closed_form_moments_solve_the_linear_program(seed):
    # eta = min over the effects of no interest of the largest studentised moment, solved by HiGHS
    study = random_study(seed)
    weights = np.random.default_rng(seed).dirichlet(np.ones(3))
    basis = np.linalg.svd(weights[None, :])[2][1:].T  # directions that leave weights' tau alone
    for A in polyhedra(study, 0.8)[:3]:
        moments = moments_of(study, A, weights, 0.005, 0)
        rows = A[(np.abs(A[:, study.after]) > 1e-12).any(axis=1)]
        sd = np.sqrt(np.diag(rows @ study.covariance @ rows.T))
        for theta in (-0.1, 0.0, 0.25):
            y = moments.y - moments.a * theta
            solved = optimize.linprog(
                np.array([1.0, 0, 0]),
                A_ub=-np.column_stack([sd, rows[:, study.after] @ basis]),
                b_ub=-y,
                bounds=[(None, None)] * 3,
            )
            assert (moments.V @ y).max() == pytest.approx(solved.fun, abs=1e-8)


def test_the_first_critical_value_is_the_quantile_of_the_maximum():
    # one period before and after, M = 1: two moments each; checked on 10^6 other draws
    study = random_study(5, before=1, after=1)
    moments = moments_of(study, polyhedra(study, 1.0)[0], np.ones(1), 0.005, 0)
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal(np.zeros(moments.V.shape[0]), moments.variance, 1_000_000)
    share = (draws.max(axis=1) > moments.least_favourable).mean()
    assert share == pytest.approx(0.005, abs=0.0015)


@pytest.mark.parametrize("after", [1, 2])
def test_the_interval_covers_when_trends_are_as_large_as_allowed(after):
    # truth on the edge of the set: a drift after as large as the largest one before (M = 1)
    study = random_study(11, before=2, after=after)
    weights = study.weights(0)
    delta = np.concatenate([[0.2, 0.1], 0.1 * np.arange(1, after + 1)])
    first, later = first_differences(study)
    drift = first @ delta
    assert np.abs(drift[later]).max() <= np.abs(drift[~later]).max() + 1e-12
    sets = [moments_of(study, A, weights, 0.005, 0) for A in polyhedra(study, 1.0)]
    rng = np.random.default_rng(2)
    covered = 0
    rounds = 600
    for beta in rng.multivariate_normal(delta, study.covariance, rounds):
        kept = False
        for A, moments in zip(polyhedra(study, 1.0), sets, strict=True):
            rows = A if after == 1 else A[(np.abs(A[:, study.after]) > 1e-12).any(axis=1)]
            drawn = replace(moments, y=rows @ beta)
            kept |= bool(accepts(drawn, np.array([0.0]), 0.05, 0.005)[0])
        covered += kept
    assert covered / rounds >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / rounds)


def test_truncated_quantiles_are_scipys():
    low, high = np.array([-1.0, 0.5, 5.0, -np.inf]), np.array([2.0, 0.9, np.inf, 0.3])
    expected = stats.truncnorm.ppf(0.95, low, high)
    assert truncated_quantile(0.95, low, high) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("bias", [0.0, 0.3, 2.0, 25.0])
def test_folded_quantiles_are_those_of_a_noncentral_chi_square(bias):
    expected = np.sqrt(stats.ncx2.ppf(0.95, 1, bias**2)) if bias else 1.959963984540054
    assert folded_quantile(bias, 0.05) == pytest.approx(expected, rel=1e-7)


def worst_bias(study, u, m):
    """Largest u'delta over trends whose slope changes by at most m, by linear programming."""
    times = np.sort(np.append(study.times, study.reference))
    second = np.diff(np.eye(times.size), n=2, axis=0)[:, times != study.reference]
    A = np.vstack([second, -second])
    solved = optimize.linprog(-u, A_ub=A, b_ub=np.full(len(A), m), bounds=[(None, None)] * u.size)
    return np.inf if solved.status == 3 else -solved.fun


@pytest.mark.parametrize("seed", range(3))
def test_the_worst_bias_is_that_of_a_linear_program(seed):
    study = random_study(seed, before=4)
    problem = smooth_problem(study, study.weights())
    rng = np.random.default_rng(seed)
    z = rng.normal(size=3)
    u = problem.u0 + problem.U @ z
    assert worst_bias(study, u, 0.7) == pytest.approx(0.7 * problem.bias(z), rel=1e-7)
    assert worst_bias(study, u + 0.1, 0.7) == np.inf  # not blind to a straight trend


@pytest.mark.parametrize("m", [0.0, 0.02, 0.2])
def test_no_other_estimator_gives_a_shorter_interval(m):
    study = random_study(8, before=3)
    weights = study.weights(1)
    problem = smooth_problem(study, weights)
    low, high = smoothness_interval(study, weights, m)

    def length(free):
        sd = problem.sd(free)
        return 2 * folded_quantile(m * problem.bias(free) / sd, 0.05) * sd

    starts = np.random.default_rng(0).normal(size=(12, 2))
    best = min(
        optimize.minimize(
            length, s, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
        ).fun
        for s in starts
    )
    assert high - low == pytest.approx(best, rel=1e-6)


def test_a_straight_trend_moves_the_smooth_interval_not_at_all():
    shifted = replace(EHEC, beta=EHEC.beta + 0.3 * (EHEC.times - EHEC.reference))
    assert smoothness_interval(shifted, EHEC.weights(0), 0.01) == pytest.approx(
        smoothness_interval(EHEC, EHEC.weights(0), 0.01), abs=1e-7
    )


def test_breakdown_values_lie_where_the_published_intervals_cross_zero():
    # published: relative magnitudes exclude 0 at 1.5 and not at 2; smoothness excludes 0 at 0.02
    assert 1.5 < relative_breakdown(EHEC, EHEC.weights(0)) < 2.0
    assert 0.02 < smoothness_breakdown(EHEC, EHEC.weights(0)) < 0.03


@pytest.fixture(scope="module")
def counties():
    table = pd.read_csv(Path(__file__).parent / "data" / "mpdta.csv")
    named = PanelColumns(
        time="year", outcome="lemp", first_treated="first_treated", unit="countyreal"
    )
    return read_panel(table, named)


def test_a_rollout_gives_its_event_study_and_four_periods_agree_with_moderndid(counties):
    effects = callaway_santanna(counties, RolloutOptions(base="universal"))
    averages = aggregate(effects, "dynamic")
    rows = np.flatnonzero(~np.isnan(averages.event_time) & (averages.event_time != -1))
    covariance = averages.vcov[np.ix_(rows, rows)]
    study = EventStudy(averages.estimate[rows], covariance, averages.event_time[rows])
    assert study.times.tolist() == [-4, -3, -2, 0, 1, 2, 3]
    assert study.beta[study.times == 0] == pytest.approx([-0.0199], abs=5e-5)  # `did` vignette
    weights = study.weights()
    for m_bar, low, high in VALUES["mpdta"]["relative"]:
        found = without_the_first_difference(study, weights, m_bar)
        assert found == pytest.approx((low, high), abs=2.5e-3)  # their grid, their 1000 draws
        whole = relative_magnitudes_interval(study, weights, m_bar)
        assert whole[0] <= found[0] + 1e-5
        assert whole[1] >= found[1] - 1e-5
    for m, low, high in VALUES["mpdta"]["smooth"]:
        ours = smoothness_interval(study, weights, m)
        # the length is flat at its minimum: their cone solver leaves the center 6e-5 away at m = 0
        assert ours[1] - ours[0] == pytest.approx(high - low, rel=1e-5)
        assert ours == pytest.approx((low, high), abs=1e-4)


def test_without_any_allowance_the_interval_is_near_the_usual_one():
    low, high = usual_interval(EHEC, EHEC.weights(0))
    found = relative_magnitudes_interval(EHEC, EHEC.weights(0), 0.0)
    assert found == pytest.approx((low, high), abs=2e-3)
