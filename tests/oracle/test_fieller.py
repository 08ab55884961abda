"""Fieller's interval against a pencil, against the test it inverts, and against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from evalml.methods.variance import covariance_from_sum, fieller


def test_it_is_the_pencil_s_interval():
    """a = 10, b = 5, Var a = 1, Var b = 0.25, z = 2: 24 R^2 - 100 R + 96 = 0, so R = 1.5 or 8/3."""
    found = fieller(10, 5, 1, 0.25, 0, 2)
    assert found.value == 2
    assert (found.ci_low, found.ci_high) == (pytest.approx(1.5), pytest.approx(8 / 3))


def test_a_covariance_moves_it_as_the_pencil_says():
    """With Cov = 0.5 the cross term is 50 - 4 x 0.5 = 48: 24 R^2 - 96 R + 96 = 0, so R = 2 twice."""
    found = fieller(10, 5, 1, 0.25, 0.5, 2)
    assert (found.ci_low, found.ci_high) == (pytest.approx(2), pytest.approx(2))


@pytest.mark.parametrize("seed", range(20))
def test_its_limits_are_the_ratios_that_the_test_just_refuses(seed):
    rng = np.random.default_rng(seed)
    L = rng.standard_normal((2, 2))
    V = L @ L.T * 0.05
    a, b = rng.normal(3, 1), rng.choice([-1, 1]) * rng.uniform(1.5, 3)
    found = fieller(a, b, V[0, 0], V[1, 1], V[0, 1], 1.96)
    for ratio in (found.ci_low, found.ci_high):
        variance = V[0, 0] - 2 * ratio * V[0, 1] + ratio**2 * V[1, 1]
        assert abs(a - ratio * b) == pytest.approx(1.96 * np.sqrt(variance))
    assert found.ci_low <= found.value <= found.ci_high


def test_nothing_is_said_where_the_denominator_may_be_zero():
    assert not fieller(10, 0.9, 1, 0.25, 0, 1.96).defined
    assert fieller(10, 1.0, 1, 0.25, 0, 1.96).defined


def test_it_covers_where_the_delta_method_does_not():
    """The denominator lies three standard errors from zero; 20 000 draws, a true ratio of 2."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(6, 1, 20_000), rng.normal(3, 1, 20_000)
    told = np.abs(b) > 1.96
    covers = [
        r.ci_low <= 2 <= r.ci_high
        for r in (fieller(x, y, 1, 1, 0, 1.96) for x, y in zip(a[told], b[told], strict=True))
    ]
    delta = np.sqrt(1 / b**2 + a**2 / b**4)[told]
    said = np.abs(a[told] / b[told] - 2) <= 1.96 * delta
    # whether b is told from zero or not, the test of R = 2 refuses 5 % of all draws
    refused = (~np.array(covers)).sum() / 20_000
    assert refused <= 0.051
    assert said.mean() < np.mean(covers)


def test_the_variance_of_a_sum_gives_the_covariance():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, 500))
    V = np.cov(x)
    assert covariance_from_sum(np.var(x[0] + x[1], ddof=1), V[0, 0], V[1, 1]) == pytest.approx(
        V[0, 1]
    )
