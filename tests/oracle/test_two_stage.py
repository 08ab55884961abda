"""The error of the two-stage regression (did2s) against its stacked moments by full matrices."""

from __future__ import annotations

import causaldata
import numpy as np
import pandas as pd
import pytest

from evalml.errors import EstimationError
from evalml.methods.did import RolloutRequest, rollout
from evalml.methods.panel import PanelColumns


@pytest.fixture(scope="module")
def castle() -> pd.DataFrame:
    table = causaldata.castle.load_pandas().data
    first = table.sid.map(table[table.post > 0].groupby("sid").year.min()).fillna(0)
    return table[["sid", "year", "l_homicide", "popwt", "post"]].assign(first=first)


def two_stages(table: pd.DataFrame, weights: np.ndarray, X: np.ndarray) -> tuple:
    """Gardner (2022): fixed effects on untreated rows, then X on what they leave; clustered."""
    unit = pd.get_dummies(table.sid.astype(str)).to_numpy(float)
    F = np.hstack([unit, pd.get_dummies(table.year.astype(str)).to_numpy(float)[:, 1:]])
    y, untreated = table.l_homicide.to_numpy(), (table.post == 0).to_numpy()
    v = weights * untreated
    A = (F * v[:, None]).T @ F
    left = y - F @ np.linalg.solve(A, F.T @ (v * y))
    B = (X * weights[:, None]).T @ X
    beta = np.linalg.solve(B, X.T @ (weights * left))
    first = F * (v * left)[:, None]
    second = X * (weights * (left - X @ beta))[:, None]
    pull = np.linalg.solve(A, ((X * weights[:, None]).T @ F).T)
    psi = np.linalg.solve(B, (second - first @ pull).T).T
    sums = pd.DataFrame(psi).groupby(table.sid.to_numpy()).sum().to_numpy()
    return beta, np.sqrt(np.diag(sums.T @ sums) * 50 / 49)


@pytest.mark.parametrize("weights", ["", "popwt"])
def test_the_error_is_that_of_both_regressions_together(castle: pd.DataFrame, weights: str) -> None:
    columns = PanelColumns("year", "l_homicide", "first", "sid", weights=weights, cluster="sid")
    w = castle[weights].to_numpy(float) if weights else np.ones(len(castle))
    X = (castle.post > 0).to_numpy(float)[:, None]
    (simple,) = rollout(castle, RolloutRequest(columns, "did2s", "simple"))
    beta, error = two_stages(castle, w, X)
    assert simple.estimate == pytest.approx(beta[0], rel=1e-9)
    assert simple.std_error == pytest.approx(error[0], rel=1e-9)
    if weights:
        assert simple.estimate == pytest.approx(0.0751, abs=5e-5)
    event = np.where(castle.post > 0, castle.year - castle["first"], -1).astype(int)
    beta, error = two_stages(castle, w, (event[:, None] == np.arange(5)).astype(float))
    rows = rollout(castle, RolloutRequest(columns, "did2s", "dynamic"))[1:]
    np.testing.assert_allclose([e.estimate for e in rows], beta, rtol=1e-9)
    # one state only is seen four years after: no error is given there
    np.testing.assert_allclose([e.std_error for e in rows[:4]], error[:4], rtol=1e-9)
    assert np.isnan(rows[4].std_error)


def test_the_estimates_are_those_of_imputation_and_only_two_averages_exist(
    castle: pd.DataFrame,
) -> None:
    columns = PanelColumns("year", "l_homicide", "first", "sid", cluster="sid")
    pair = [
        rollout(castle, RolloutRequest(columns, m, "simple"))[0] for m in ("did2s", "imputation")
    ]
    assert pair[0].estimate == pair[1].estimate
    assert pair[0].std_error > pair[1].std_error
    assert pair[0].method == "did2s"
    with pytest.raises(EstimationError, match="simple and dynamic"):
        rollout(castle, RolloutRequest(columns, "did2s", "group"))
