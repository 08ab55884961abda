"""E-value, confounder bounds and Oster against published and derived figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from causaldata import nsw_mixtape
from scipy import stats

from evalml.checks.confounding import (
    LinearFit,
    Selection,
    adjust,
    benchmark_bounds,
    bound_by_benchmark,
    moments,
    oster_betas,
    oster_delta,
    regress_moments,
    robustness_value,
    selection_moments,
)
from evalml.checks.hidden_bias import (
    critical_gamma,
    e_value,
    fieller_limit,
    limit_e_value,
    mean_difference_e_values,
    risk_difference_e_values,
    rosenbaum_gamma,
    sign_bound,
    signed_rank_bound,
)
from evalml.errors import EstimationError

EXPOSED = np.array(
    [38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15,
     10, 45, 39, 22, 35, 49, 48, 44, 35, 43, 39, 34, 13, 73, 25, 27.0]
)  # fmt: skip
NEIGHBOUR = np.array(
    [16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24,
     13, 9, 14, 21, 19, 7, 18, 19, 12, 11, 22, 25, 16, 13, 11, 13.0]
)  # fmt: skip
VALUES = json.loads(Path(__file__).with_name("checks_values.json").read_text(encoding="utf-8"))


def test_e_values_are_those_of_vanderweele_and_ding():
    # VanderWeele & Ding (2017): RR 3.9 (1.8, 8.7) -> 7.26 and 3.00; RR 0.80 (0.71, 0.91) -> 1.81
    # and 1.43; smoking, RR 10.73 (8.02, 14.36) -> 20.9 and 15.5
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert limit_e_value(1.8, 8.7) == pytest.approx(3.0, abs=0.005)
    assert e_value(0.80) == pytest.approx(1.81, abs=0.005)
    assert limit_e_value(0.71, 0.91) == pytest.approx(1.43, abs=0.005)
    assert e_value(10.73) == pytest.approx(20.9, abs=0.05)
    assert limit_e_value(8.02, 14.36) == pytest.approx(15.5, abs=0.05)
    assert limit_e_value(0.9, 1.4) == 1.0


def test_the_e_value_of_a_risk_difference_is_where_dings_bound_crosses_zero():
    # Hammond & Horn: lung cancer 397 of 78,954 smokers, 51 of 108,829 others. Ding & VanderWeele
    # (2016): with confounding of strength B the difference is at least
    # (p1 - p0 B)(f + (1 - f) / B), f the share exposed; searched here on a grid of 1e-4, its
    # variance by the delta method in p1, p0 (f taken as known)
    n1, n0 = 78_954, 108_829
    p1, p0, f = 397 / n1, 51 / n0, n1 / (n1 + n0)
    v1, v0 = p1 * (1 - p1) / n1, p0 * (1 - p0) / n0
    B = np.arange(1, 12, 1e-4)
    factor = f + (1 - f) / B
    bound = (p1 - p0 * B) * factor
    low = bound - 1.959963984540054 * np.sqrt(v1 + v0 * B**2) * factor
    point, limit = risk_difference_e_values(p1, p0, float(np.sqrt(v1 + v0)), n1)
    assert point == pytest.approx(e_value(B[bound > 0].max()), abs=5e-4)
    assert limit == pytest.approx(e_value(B[low > 0].max()), abs=5e-4)
    assert point == pytest.approx(20.95, abs=0.005)  # as for RR = 10.73


def test_an_e_value_does_not_depend_on_which_arm_is_called_treated():
    assert risk_difference_e_values(0.3, 0.2, 0.02, 500)[0] == pytest.approx(
        risk_difference_e_values(0.2, 0.3, 0.02, 500)[0]
    )
    assert fieller_limit(0.3, 0.29, 0.001, 0.001, 1.96) == 1.0
    with pytest.raises(EstimationError, match="risk ratio"):
        e_value(0.0)


def test_the_e_value_of_a_mean_difference_uses_091():
    # VanderWeele (2017): RR = exp(0.91 d); interval exp(0.91 d -+ 1.78 s)
    point, limit = mean_difference_e_values(0.5, 0.05, 1.0)
    assert point == pytest.approx(e_value(np.exp(0.91 * 0.5)))
    assert limit == pytest.approx(e_value(np.exp(0.91 * 0.5 - 1.78 * 0.05)), rel=1e-3)


def test_robustness_values_are_those_of_the_darfur_example():
    # Cinelli & Hazlett (2020), table 1 and sensemakr's vignette: estimate 0.097, se 0.023, 783
    # degrees of freedom; RV 13.9 %, RV at 5 % 7.6 %, partial R2 2.2 %
    fit = LinearFit(0.09731582, 0.02325654, 783)
    assert fit.t**2 / (fit.t**2 + fit.dof) == pytest.approx(0.02187, abs=5e-6)
    assert robustness_value(fit.t, fit.dof) == pytest.approx(0.13878, abs=5e-6)
    assert robustness_value(fit.t, fit.dof, alpha=0.05) == pytest.approx(0.07626, abs=5e-6)


def test_darfur_bounds_by_the_benchmark_female_are_published():
    # sensemakr's vignette: 1, 2, 3 times as strong as `female`: estimates 0.0752, 0.0529, 0.0304
    # with t 3.439, 2.600, 1.628; partial R2 of female with the outcome 0.10903
    fit = LinearFit(0.09731582, 0.02325654, 783)
    r2dx = 0.009164286675048343 / (1 + 0.009164286675048343)
    published = [(1, 0.0752202712, 3.4389), (2, 0.0529151724, 2.6002), (3, 0.0303960235, 1.6281)]
    for k, estimate, t in published:
        r2dz, r2yz = bound_by_benchmark(r2dx, 0.10903, k, k)
        found, std_error = adjust(fit, r2dz, r2yz)
        assert found == pytest.approx(estimate, abs=2e-6)
        assert found / std_error == pytest.approx(t, abs=2e-4)


def test_benchmark_bounds_on_nsw_equal_sensemakr():
    data = nsw_mixtape.load_pandas().data
    names = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
    X = data[names].to_numpy(dtype=float)
    y, d = data["re78"].to_numpy(dtype=float), data["treat"].to_numpy(dtype=float)
    stored = VALUES["sensemakr"]
    m = moments(y, d, X)
    fit = regress_moments(m)
    assert fit.estimate == pytest.approx(stored["stats"]["estimate"], rel=1e-9)
    assert fit.std_error == pytest.approx(stored["stats"]["se"], rel=1e-9)
    assert fit.dof == stored["stats"]["dof"]
    assert robustness_value(fit.t, fit.dof) == pytest.approx(stored["stats"]["rv_q"], rel=1e-9)
    for name, rows in stored["bounds"].items():
        bounds = benchmark_bounds(m, {name: [names.index(name)]}, (1, 2, 3))
        found = [[b.r2dz, b.r2yz, b.estimate, b.std_error] for b in bounds]
        assert np.allclose(found, rows, rtol=1e-6)


def test_a_confounder_added_with_the_bounds_strength_moves_the_estimate_as_said():
    rng = np.random.default_rng(7)
    n = 4000
    X, z = rng.normal(size=(n, 2)), rng.normal(size=n)
    d = X @ [0.5, -0.2] + 0.4 * z + rng.normal(size=n)
    y = 0.3 * d + X @ [1.0, 0.5] + 0.7 * z + rng.normal(size=n)
    short = regress_moments(moments(y, d, X))
    full = regress_moments(moments(y, d, np.column_stack([X, z])))

    def share(target, base):
        without = fit_residual(target, base)
        within = fit_residual(target, np.column_stack([base, z]))
        return 1 - (within @ within) / (without @ without)

    def fit_residual(target, base):
        B = np.column_stack([np.ones(n), base])
        return target - B @ np.linalg.lstsq(B, target, rcond=None)[0]

    r2dz, r2yz = share(d, X), share(y, np.column_stack([X, d]))
    estimate, std_error = adjust(short, r2dz, r2yz)
    assert estimate == pytest.approx(full.estimate, rel=1e-8)
    assert std_error == pytest.approx(full.std_error, rel=1e-8)


def population(beta, psi, a, b, *, var_x=1.3, var_w=0.8, var_e=1.0, var_u=1.5):
    """Moments of D = aX + bW + e, Y = beta D + psi X + W + u, W hidden, and the true delta."""
    var_d = a**2 * var_x + b**2 * var_w + var_e
    cov_dx, cov_dw = a * var_x, b * var_w
    var_y = beta**2 * var_d + psi**2 * var_x + var_w + var_u + 2 * beta * (psi * cov_dx + cov_dw)
    cov_yd, cov_yx = beta * var_d + psi * cov_dx + cov_dw, beta * cov_dx + psi * var_x
    tau = var_d - cov_dx**2 / var_x
    S, c = np.array([[var_d, cov_dx], [cov_dx, var_x]]), np.array([cov_yd, cov_yx])
    r2 = float(c @ np.linalg.solve(S, c) / var_y)
    m = Selection(
        cov_yd / var_d, cov_yd**2 / var_d / var_y, (cov_yd - cov_yx * cov_dx / var_x) / tau,
        r2, var_y, var_d, tau,
    )  # fmt: skip
    delta = (cov_dw / var_w) / (psi * cov_dx / (psi**2 * var_x))
    return m, 1 - var_u / var_y, delta


@pytest.mark.parametrize(
    ("beta", "psi", "a", "b"), [(0.5, 1.0, 0.7, 0.4), (0.0, 0.6, 0.9, 1.5), (1.2, -0.5, 0.4, -0.3)]
)
def test_oster_finds_the_delta_and_the_effect_of_a_known_population(beta, psi, a, b):
    # proportional selection holds by construction: delta = (Cov(D,W)/Var W)/(Cov(D,psi X)/Var psi X)
    m, r_max, delta = population(beta, psi, a, b)
    assert oster_delta(m, r_max, beta) == pytest.approx(delta, rel=1e-9)
    assert np.abs(oster_betas(m, r_max, delta) - beta).min() < 1e-9


def test_oster_moments_are_those_of_two_regressions():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(500, 3))
    d = X[:, 0] + rng.normal(size=500)
    y = 0.4 * d + X @ [1.0, -1.0, 0.3] + rng.normal(size=500)
    m = selection_moments(y, d, X)
    long = np.linalg.lstsq(np.column_stack([np.ones(500), d, X]), y, rcond=None)[0]
    assert m.beta == pytest.approx(long[1])
    assert m.beta_short == pytest.approx(np.cov(d, y)[0, 1] / d.var(ddof=1))
    assert m.r2_short == pytest.approx(np.corrcoef(d, y)[0, 1] ** 2)


def test_regressions_from_moments_are_those_of_least_squares_with_a_repeated_column():
    rng = np.random.default_rng(5)
    X = rng.normal(loc=1e4, scale=3.0, size=(400, 3))
    X = np.column_stack([X, X[:, 0], np.ones(400)])
    d = (rng.random(400) < 0.5).astype(float)
    y = 0.2 * d + 0.1 * X[:, 0] + rng.normal(size=400)
    fit = regress_moments(moments(y, d, X))
    B = np.column_stack([np.ones(400), d, X[:, :3]])
    inverse = np.linalg.inv(B.T @ B)
    beta = inverse @ B.T @ y
    rest = y - B @ beta
    assert fit.dof == 395
    assert fit.estimate == pytest.approx(beta[1], rel=1e-6)
    assert fit.std_error == pytest.approx(np.sqrt(rest @ rest / 395 * inverse[1, 1]), rel=1e-6)


def test_signed_rank_bounds_are_rosenbaums_for_lead_in_childrens_blood():
    # Rosenbaum (2002), section 4.3.4: largest p-values at Gamma 2, 3, 4, 4.25, 5
    d = EXPOSED - NEIGHBOUR
    published = {2: 0.0018, 3: 0.0136, 4: 0.0388, 4.25: 0.0468, 5: 0.0740}
    for gamma, p in published.items():
        assert signed_rank_bound(d, gamma) == pytest.approx(p, abs=5e-5)
    assert 4.25 < critical_gamma(lambda g: signed_rank_bound(d, g), 0.05) < 5
    assert rosenbaum_gamma(-d, 0.1) == critical_gamma(lambda g: signed_rank_bound(d, g), 0.05)


def test_mcnemar_bounds_are_rosenbaums_for_smoking():
    # Rosenbaum (2002), section 4.3.2, Hammond's 36,975 pairs: 122 discordant, the smoker died of
    # lung cancer in 110; p < 0.0001 at Gamma 1, 0.0036 at 4, 0.03 at 5, 0.1 at 6
    pairs = np.repeat([1.0, -1.0, 0.0], [110, 12, 36_853])
    assert sign_bound(pairs, 1) < 1e-4
    for gamma, book in ((4, 0.0036), (5, 0.03), (6, 0.1)):
        p = gamma / (1 + gamma)
        assert sign_bound(pairs, gamma) == pytest.approx(stats.binom.sf(109, 122, p), rel=1e-9)
        # the book rounds the normal approximation with continuity correction
        normal = stats.norm.sf((109.5 - 122 * p) / np.sqrt(122 * p * (1 - p)))
        assert normal == pytest.approx(book, rel=0.06)
    assert rosenbaum_gamma(np.array([1.0, -1.0, 0.0])) == 1.0
