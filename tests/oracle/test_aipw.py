"""AIPW with cross-fitting against doubleml 0.11.4 on the same folds (`doubleml_reference.py`)."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Lasso
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evalml.comparison import Comparison, MeasureSpec, build_comparison
from evalml.effect import EstimationSettings, estimate_effects
from evalml.effect.estimators import predict_ols
from evalml.effect.methods import fit_shared
from evalml.effect.sample import assign_folds, take_rows
from evalml.study.methods import Learner


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


def test_regularised_learners_give_doubleml_s_effect_on_the_treated(comparison: Comparison) -> None:
    """A ridge and a penalised logistic regression, on the same folds; not normalised by it."""
    score = Learner(learner="LogisticRegression", C=0.1, tol=1e-10, max_iter=1000)
    settings = EstimationSettings(
        score=score, outcome_model=Learner(learner="Ridge", alpha=10), normalise=False
    )
    (ours,) = estimate_effects(comparison, ["aipw"], settings=settings)
    assert ours.estimate == pytest.approx(1479.06570, abs=1e-4)
    assert ours.std_error == pytest.approx(760.8856, abs=1e-3)
    assert ours.details["outcome_learner"] == "Ridge(alpha=10)"


def test_any_learner_is_cross_fitted_as_by_hand(comparison: Comparison) -> None:
    """The effect on all by trees and a lasso, rebuilt fold by fold from scikit-learn alone."""
    trees = {"max_iter": 20, "max_depth": 3}
    settings = EstimationSettings(
        "ate",
        seed=4,
        score=Learner(learner="HistGradientBoostingClassifier", **trees),
        outcome_model=Learner(learner="Lasso", alpha=50.0),
    )
    (ours,) = estimate_effects(comparison, ["aipw"], settings=settings)
    X, d, y = comparison.design.matrix, comparison.treated, comparison.measures[0].values
    fold = assign_folds(comparison.person, 5, 4, d)
    e, m1, m0 = np.empty(d.size), np.empty(d.size), np.empty(d.size)
    for k in range(5):
        here, rest = fold == k, fold != k
        trained = HistGradientBoostingClassifier(random_state=4, **trees).fit(X[rest], d[rest])
        e[here] = trained.predict_proba(X[here])[:, 1]
        for arm, m in ((d, m1), (~d, m0)):
            lasso = make_pipeline(StandardScaler(), Lasso(alpha=50.0, random_state=4))
            m[here] = lasso.fit(X[rest & arm], y[rest & arm]).predict(X[here])
    w1, w0 = d / e, ~d / (1 - e)
    by_hand = np.average(y - m1, weights=w1) - np.average(y - m0, weights=w0) + (m1 - m0).mean()
    assert ours.estimate == pytest.approx(by_hand, rel=1e-9)
    again = estimate_effects(comparison, ["aipw"], settings=settings)[0]
    assert again.estimate == ours.estimate
