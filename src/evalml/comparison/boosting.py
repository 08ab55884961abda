"""A propensity score by gradient boosting, each row scored by a fit that did not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.comparison.columns import standardise
from evalml.comparison.propensity import (
    Estimand,
    Propensity,
    notes_of,
    refuse_alone,
    refuse_one_arm,
)
from evalml.comparison.support import find_support, nearly_perfect, refuse_separated
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector
    from evalml.comparison.comparison import Design

TREES = 100
LEAVES = 15
RATE = 0.1


def boost_propensity(
    design: Design, treated: BoolVector, fold: IntVector, estimand: Estimand = "att", seed: int = 0
) -> Propensity:
    """Score each row by trees grown outside its fold.

    The score has no likelihood: standard errors take it as known.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        fold: Fold of each row, two folds or more, shape (n,).
        estimand: Tells which rows need a counterpart.
        seed: Of the bins of large tables.

    Raises:
        EstimationError: One fold only, or the refusals of the logistic score.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    K = int(fold.max()) + 1
    if K < 2:  # noqa: PLR2004
        message = "a boosted score must be cross-fitted: ask for 2 folds or more"
        raise EstimationError(message)
    refuse_one_arm(treated)
    support = find_support(design, treated)
    refuse_alone(support, estimand)
    refuse_separated(design, treated)
    matrix, score = design.matrix, np.empty(treated.size)
    for k in range(K):
        model = HistGradientBoostingClassifier(
            max_iter=TREES,
            max_leaf_nodes=LEAVES,
            learning_rate=RATE,
            early_stopping=False,
            random_state=seed,
        )
        model.fit(matrix[fold != k], treated[fold != k])
        score[fold == k] = model.predict_proba(matrix[fold == k])[:, 1]
    score[support.alone_treated] = 1.0
    score[support.alone_comparison] = 0.0
    notes = (
        *notes_of(support),
        *nearly_perfect(standardise(design.columns), design.names, treated),
    )
    return Propensity(score, None, None, None, notes)
