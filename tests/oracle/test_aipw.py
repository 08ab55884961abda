"""AIPW with cross-fitting against doubleml 0.11.4 on the same folds (`doubleml_reference.py`)."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from evalml.comparison import Comparison, MeasureSpec, build_comparison
from evalml.effect import EstimationSettings, estimate_effects
from evalml.effect.estimators import predict_ols
from evalml.effect.methods import fit_shared
from evalml.effect.sample import take_rows


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return build_comparison(
        runpy.run_path(str(Path(__file__).with_name("lalonde.py")))["lalonde"](),
        treatment="treat",
        measures=[MeasureSpec("re78")],
        covariates=["age", "educ", "race", "married", "nodegree", "re74", "re75"],
        person="row",
    )


def test_the_effect_on_all_is_doubleml_s_with_normalised_scores(comparison: Comparison) -> None:
    (effect,) = estimate_effects(comparison, ["aipw"], estimand="ate")
    assert effect.estimate == pytest.approx(1340.2012, abs=1e-3)
    # doubleml does not centre the weighted residuals: 1,477.21.
    assert effect.std_error == pytest.approx(1477.21, rel=0.01)


def test_the_nuisances_give_doubleml_s_effect_on_the_treated(comparison: Comparison) -> None:
    """doubleml does not normalise the odds there: rebuild its score from our nuisances."""
    sample = take_rows(comparison, np.ones(comparison.treated.size, dtype=bool))
    shared = fit_shared(sample, ["aipw"], EstimationSettings())
    y, d = comparison.measures[0].values, comparison.treated
    residual = y - predict_ols(y, shared.grams0)
    signed = np.where(d, residual, -shared.fold_weights.values * residual)
    theta = signed.sum() / d.sum()
    psi = (signed - d * theta) / d.mean()
    assert theta == pytest.approx(1460.1468, abs=1e-3)
    assert np.sqrt((psi**2).mean() / d.size) == pytest.approx(845.6167, abs=1e-3)
    (ours,) = estimate_effects(comparison, ["aipw"])
    assert abs(ours.estimate - theta) < 0.05 * ours.std_error
