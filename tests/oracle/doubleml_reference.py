"""Values of test_aipw.py, by doubleml 0.11.4 (run by hand, in an environment that has it).

    PYTHONPATH=src python tests/oracle/doubleml_reference.py

Linear and unpenalised logistic regressions, the same 5 folds as evalml (by row number, seed 0),
scores normalised by doubleml (`normalize_ipw`) for the effect on all.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import doubleml as dml
import numpy as np
import pandas as pd
from doubleml.utils import PSProcessorConfig
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evalml.comparison.comparison import hash_identifier
from evalml.effect.sample import assign_folds

if __name__ == "__main__":
    table = runpy.run_path(str(Path(__file__).with_name("lalonde.py")))["lalonde"]()
    X = pd.get_dummies(table[["age", "educ", "race", "married", "nodegree", "re74", "re75"]])
    X = X.drop(columns="race_black").astype(float)
    X = ((X - X.mean()) / X.std()).to_numpy()
    d = table["treat"].to_numpy(float)
    data = dml.DoubleMLData.from_arrays(X, table["re78"].to_numpy(), d)
    fold = assign_folds(hash_identifier(table["row"]), 5, 0, d == 1)
    splits = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(5)]
    logit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
    usual = (LinearRegression(), logit)
    shrunk = (Ridge(alpha=10), LogisticRegression(C=0.1, tol=1e-10, max_iter=1000))
    shrunk = tuple(make_pipeline(StandardScaler(), model) for model in shrunk)
    cases = (("ATE", True, usual), ("ATTE", False, usual), ("ATTE", False, shrunk))
    for score, normalise, learners in cases:
        model = dml.DoubleMLIRM(
            data,
            *learners,
            n_folds=5,
            score=score,
            normalize_ipw=normalise,
            ps_processor_config=PSProcessorConfig(clipping_threshold=1e-12),
        )
        model.set_sample_splitting([splits])
        model.fit()
        print(score, learners[0], float(model.coef[0]), float(model.se[0]))  # noqa: T201
