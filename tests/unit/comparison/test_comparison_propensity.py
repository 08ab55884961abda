"""The score: it converges, or it says which columns separate the arms."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

from evalml.comparison import DesignMatrix, fit_propensity
from evalml.comparison.propensity import Propensity, cross_fit_propensity, learned_propensity
from evalml.effect.sample import BOOSTING, EstimationSettings, assign_folds
from evalml.errors import EstimationError
from evalml.study.methods import Learner


def draw(n: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    return X, rng.random(n) < 1 / (1 + np.exp(0.3 - X[:, 0]))


def fit(X: np.ndarray, treated: np.ndarray, estimand: str = "att") -> Propensity:
    design = DesignMatrix(X, tuple(f"x{j + 1}" for j in range(X.shape[1])))
    return fit_propensity(design, treated, estimand)


def test_scores_are_those_of_statsmodels_whatever_the_units() -> None:
    X, treated = draw()
    expected = sm.Logit(treated.astype(float), sm.add_constant(X)).fit(disp=0, tol=1e-12).predict()
    assert fit(X, treated).score == pytest.approx(expected, abs=1e-9)
    assert fit(X * [1e-6, 1e5, 1] + [0, 1e6, 5], treated).score == pytest.approx(expected, abs=1e-7)


def test_a_column_that_follows_from_others_is_left_out_with_a_note() -> None:
    X, treated = draw()
    more = np.column_stack([X, X[:, 0] - 2 * X[:, 1]])
    found = fit(more, treated)
    assert found.score == pytest.approx(fit(X, treated).score, abs=1e-9)
    assert any("'x4' follows from the others" in note for note in found.notes)


def test_a_column_that_separates_the_arms_is_named() -> None:
    X, treated = draw()
    X[:, 1] = treated * 2.0 + np.abs(X[:, 1]) / 10
    with pytest.raises(EstimationError, match="separation: 'x2' tells the"):
        fit(X, treated)


def test_columns_that_separate_the_arms_together_are_named() -> None:
    X, _ = draw()
    treated = X[:, 0] + X[:, 1] > 0.2
    with pytest.raises(EstimationError, match=r"separation: .*'x1', 'x2' together|'x2', 'x1'"):
        fit(X, treated)


def test_a_level_without_any_comparison_person_is_refused_with_its_count() -> None:
    X, treated = draw()
    X[:, 2] = 0.0
    X[np.flatnonzero(treated)[:7], 2] = 1.0
    with pytest.raises(EstimationError, match=r"no overlap: .*x3=1 \(fewer than 11 treated\)"):
        fit(X, treated)


def test_a_level_without_any_treated_person_weighs_nothing_for_the_treated() -> None:
    X, treated = draw()
    X[:, 2] = 0.0
    alone = np.flatnonzero(~treated)[:9]
    X[alone, 2] = 1.0
    found = fit(X, treated)
    assert (found.score[alone] == 0).all()
    assert (
        "9 rows weigh nothing: only one arm holds x3=1 (fewer than 11 comparison)" in found.notes[0]
    )
    kept = np.setdiff1d(np.arange(treated.size), alone)
    assert found.score[kept] == pytest.approx(fit(X[kept, :2], treated[kept]).score, abs=1e-9)
    with pytest.raises(EstimationError, match="no overlap"):
        fit(X, treated, "ate")


def test_the_level_left_out_of_a_category_is_looked_at_too() -> None:
    X, treated = draw()
    level = np.where(treated, 1, np.arange(treated.size) % 3)
    level[np.flatnonzero(treated)[::2]] = 2
    dummies = np.column_stack([level == 1, level == 2]).astype(float)
    design = DesignMatrix(
        np.column_stack([X[:, :1], dummies]), ("x1", "t=b", "t=c"), (("t=a", (1, 2)),)
    )
    found = fit_propensity(design, treated)
    assert (found.score[level == 0] == 0).all()
    assert "t=a" in found.notes[0]


def test_a_column_that_nearly_decides_the_treatment_is_named() -> None:
    X, treated = draw()
    X[:, 1] = treated
    X[[0, 1, 2], 1] = 1 - X[[0, 1, 2], 1]
    assert any("'x2' nearly decides the treatment" in note for note in fit(X, treated).notes)


def test_one_empty_arm_is_refused() -> None:
    X, treated = draw()
    with pytest.raises(EstimationError, match="no comparison person among 400 rows"):
        fit(X, np.ones_like(treated))


def test_a_cross_fitted_score_is_the_fit_of_the_other_folds() -> None:
    X, treated = draw()
    design = DesignMatrix(X, ("x1", "x2", "x3"))
    fold = assign_folds(np.arange(400, dtype=np.uint64), 4, 1, treated)
    found, _ = cross_fit_propensity(design, treated, fold, fit(X, treated), "att")
    other = fold != 2
    model = sm.Logit(treated[other].astype(float), sm.add_constant(X[other])).fit(disp=0, tol=1e-12)
    assert found[~other] == pytest.approx(model.predict(sm.add_constant(X[~other])), abs=1e-8)


def test_a_level_seen_in_one_fold_only_does_not_stop_the_others() -> None:
    X, treated = draw()
    fold = assign_folds(np.arange(400, dtype=np.uint64), 4, 1, treated)
    X[:, 2] = 0.0
    X[np.flatnonzero((fold == 0) & ~treated)[:3], 2] = 1.0
    X[np.flatnonzero((fold == 1) & treated)[:3], 2] = 1.0
    design = DesignMatrix(X, ("x1", "x2", "x3"))
    with pytest.raises(EstimationError, match=r"without fold 1 of 4: no overlap.*use fewer folds"):
        cross_fit_propensity(design, treated, fold, fit(X, treated), "att")


def test_comparison_rows_that_a_sum_of_columns_sets_apart_weigh_nothing_for_the_treated() -> None:
    """Nobody treated has x2 without x3, though both arms hold each: the limit of a vanishing ridge.

    Two columns together, so that no level alone tells; scikit-learn is the other mind.
    """
    X, treated = draw(800)
    has = X[:, 1] > 0
    X[:, 1], X[:, 2] = has, has & (treated | (X[:, 2] > 0))
    apart = (X[:, 1] == 1) & (X[:, 2] == 0)
    found = fit(X, treated)
    assert (found.score[apart] == 0).all()
    assert any("comparison rows weigh nothing: covariates together" in n for n in found.notes)
    ridge = LogisticRegression(C=1e9, tol=1e-9, max_iter=5000).fit(X, treated)
    limit = ridge.predict_proba(X)[:, 1]
    assert limit[apart].max() < 1e-3
    assert found.score[~apart] == pytest.approx(limit[~apart], abs=1e-3)
    with pytest.raises(EstimationError, match="separation"):
        fit(X, ~treated)
    with pytest.raises(EstimationError, match="separation"):
        fit(X, treated, "ate")


def test_a_fold_without_which_the_arms_separate_keeps_the_score_of_the_whole() -> None:
    """Only the rows of fold 0 lie on the other side: the three other folds alone separate."""
    rng, fold = np.random.default_rng(0), np.arange(200) % 4
    treated = np.arange(200) % 8 < 4
    x = rng.uniform(0.1, 1, 200) * np.where(treated, 1, -1) * np.where(fold == 0, -1, 1)
    design, full = DesignMatrix(x[:, None], ("x",)), fit(x[:, None], treated)
    found, notes = cross_fit_propensity(design, treated, fold, full, "att")
    assert found[fold == 0] == pytest.approx(full.score[fold == 0])
    assert found[fold == 1] != pytest.approx(full.score[fold == 1])
    assert notes == ("1 of 4 folds separate the arms: their rows keep the score of the whole",)


@pytest.mark.parametrize("model", [BOOSTING, Learner(learner="LogisticRegressionCV", Cs=3)])
def test_a_learnt_score_orders_like_the_truth(model: Learner) -> None:
    X, treated = draw(2000)
    design = DesignMatrix(X, ("x1", "x2", "x3"))
    fold = assign_folds(np.arange(2000, dtype=np.uint64), 3, 0, treated)
    found = learned_propensity(design, treated, fold, model.estimator(0))
    assert np.corrcoef(found.score, fit(X, treated).score)[0, 1] > 0.8


def test_a_learner_that_does_not_converge_is_an_error() -> None:
    X, treated = draw(1000)
    model = Learner(learner="LogisticRegression", max_iter=1).estimator(0)
    design = DesignMatrix(X, ("x1", "x2", "x3"))
    with pytest.raises(EstimationError, match="LogisticRegression does not converge"):
        learned_propensity(design, treated, np.arange(1000) % 2, model)


def test_a_learner_needs_folds_and_probabilities() -> None:
    with pytest.raises(EstimationError, match="must be cross-fitted"):
        EstimationSettings(score="boosting", folds=0)
    with pytest.raises(EstimationError, match="LinearSVC gives no probability"):
        EstimationSettings(score=Learner(learner="LinearSVC"))
