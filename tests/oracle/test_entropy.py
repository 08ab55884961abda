"""Entropy balancing against the same problem solved another way, by a general root finder."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from evalml.comparison import MeasureSpec, build_comparison
from evalml.comparison.weights import balance_entropy
from evalml.effect import estimate_effects


@pytest.mark.parametrize("moments", [1, 2])
def test_the_weights_are_those_of_a_general_optimiser(moments: int) -> None:
    table = runpy.run_path(str(Path(__file__).with_name("lalonde.py")))["lalonde"]()
    comparison = build_comparison(
        table,
        treatment="treat",
        measures=[MeasureSpec("re78")],
        covariates=["age", "educ", "race", "married", "nodegree", "re74", "re75"],
    )
    X, treated = comparison.design.matrix, comparison.treated
    if moments == 2:
        X = np.column_stack([X, X[:, [0, 1, 6, 7]] ** 2])
    X = (X - X.mean(0)) / X.std(0)
    C = X[~treated] - X[treated].mean(0)

    def dual(b: np.ndarray) -> tuple[float, np.ndarray]:
        w = np.exp(C @ b)
        return np.log(w.sum()), w @ C / w.sum()

    b = minimize(dual, np.zeros(X.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    expected = np.exp(C @ b) / np.exp(C @ b).sum()
    found = balance_entropy(comparison.design, treated, moments)
    ours = found.weights[~treated] / found.weights[~treated].sum()
    assert ours == pytest.approx(expected, abs=1e-6)
    assert found.gap < 1e-9


def test_the_effect_is_the_difference_of_the_balanced_means() -> None:
    table = runpy.run_path(str(Path(__file__).with_name("lalonde.py")))["lalonde"]()
    comparison = build_comparison(
        table,
        treatment="treat",
        measures=[MeasureSpec("re78")],
        covariates=["age", "educ", "race", "married", "nodegree", "re74", "re75"],
    )
    y, treated = comparison.measures[0].values, comparison.treated
    w = balance_entropy(comparison.design, treated).weights
    (effect,) = estimate_effects(comparison, ["ebal"])
    expected = y[treated].mean() - np.average(y[~treated], weights=w[~treated])
    assert effect.estimate == pytest.approx(expected)
    # Balanced means make the weighted difference and the weighted regression the same number.
    Z = np.column_stack([np.ones(treated.size), treated, comparison.design.matrix])
    root = np.sqrt(w)[:, None]
    beta = np.linalg.lstsq(Z * root, y * root[:, 0], rcond=None)[0]
    assert effect.estimate == pytest.approx(beta[1], rel=1e-6)
