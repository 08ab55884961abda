"""Make `checks_values.json`, the second opinions that the tests of the checks compare with.

Run by hand, outside the project's environment:
    uv venv /tmp/v && uv pip install -p /tmp/v "moderndid[didhonest]==0.2.0" PySensemakr==0.0.8 \
        causaldata pandas statsmodels
    PYTHONPATH=src /tmp/v/bin/python tests/oracle/checks_make_values.py

The event study is that of the Medicaid example of the R package HonestDiD (data `ehec`, shipped by
moderndid): two-way fixed effects of `dins`, states expanding in 2014 against later or never, years
2008-2015, clustered by state with fixest's small-sample factor (K = 7 + 8).
PySensemakr 0.0.8 with pandas 3: in `sensitivity_statistics.partial_r2`, `(...)[0]` must read
`(...).iloc[0]`.
"""

from __future__ import annotations

import json
from pathlib import Path

import moderndid
import numpy as np
import pandas as pd
import sensemakr
import statsmodels.formula.api as smf
from causaldata import nsw_mixtape
from moderndid.didhonest.arp_nuisance import compute_least_favorable_cv, lp_conditional_test
from moderndid.didhonest.sensitivity import (
    create_sensitivity_results_rm,
    create_sensitivity_results_sm,
)

from evalml.methods.callaway_santanna import callaway_santanna
from evalml.methods.group_time import RolloutOptions, aggregate
from evalml.methods.panel import PanelColumns, read_panel

YEARS = [2008, 2009, 2010, 2011, 2012, 2014, 2015]


def event_study():
    d = moderndid.core.data.load_ehec().to_pandas()
    d = d[(d.year < 2016) & (d.yexp2.isna() | (d.yexp2 != 2015))]
    treated = (d.yexp2 == 2014).to_numpy(float)
    X = np.column_stack([(d.year == y).to_numpy(float) * treated for y in YEARS])
    fixed = np.column_stack(
        [
            pd.get_dummies(d.stfips, dtype=float).to_numpy(),
            pd.get_dummies(d.year, dtype=float).to_numpy()[:, 1:],
        ]
    )

    def within(A):
        return A - fixed @ np.linalg.lstsq(fixed, A, rcond=None)[0]

    X, y = within(X), within(d.dins.to_numpy(float))
    bread = np.linalg.inv(X.T @ X)
    beta = bread @ X.T @ y
    scores = pd.DataFrame(X * (y - X @ beta)[:, None]).groupby(d.stfips.to_numpy()).sum().to_numpy()
    G, n, K = len(scores), len(y), 15
    V = bread @ (scores.T @ scores) @ bread * G / (G - 1) * (n - 1) / (n - K)
    return beta, V


def hybrid_decisions(beta, V, m_bar):
    """moderndid's test of theta, polyhedron by polyhedron, rows with a period after only."""
    D = np.diff(np.insert(np.eye(7), 5, 0, axis=0), axis=0)
    allowed = np.where(np.arange(7) >= 5, m_bar, 1.0)[:, None]
    rows = []
    for s in range(5):
        for sign in (1.0, -1.0):
            A = np.concatenate([D - allowed * sign * D[s], -D - allowed * sign * D[s]])
            A = A[(np.abs(A[:, 5:]) > 1e-12).any(axis=1)]
            S = A @ V @ A.T
            cut = compute_least_favorable_cv(A[:, [6]], S, 0.005, sims=1000)
            for theta in np.linspace(-0.02, 0.11, 9):
                found = lp_conditional_test(
                    A @ beta - A[:, 5] * theta, A[:, [6]], S, 0.05, "LF",
                    {"hybrid_kappa": 0.005, "lf_cv": cut},
                )  # fmt: skip
                rows.append(
                    [s, sign, theta, float(cut), float(found["eta"]), bool(found["reject"])]
                )
    return rows


def relative(beta, V, weights, m_bars):
    found = create_sensitivity_results_rm(
        beta, V, 5, 2, m_bar_vec=m_bars, l_vec=weights, method="C-LF"
    )
    return [[float(r.Mbar), float(r.lb), float(r.ub)] for r in found.to_pandas().itertuples()]


def smooth(beta, V, weights, ms):
    found = create_sensitivity_results_sm(beta, V, 5, 2, m_vec=ms, l_vec=weights, method="FLCI")
    return [[float(r.m), float(r.lb), float(r.ub)] for r in found.to_pandas().itertuples()]


def counties():
    """Roll-out of the county data by event time, as estimated by evalml (itself tested apart)."""
    panel = read_panel(
        pd.read_csv(Path(__file__).parent / "data" / "mpdta.csv"),
        PanelColumns(time="year", outcome="lemp", first_treated="first_treated", unit="countyreal"),
    )
    effects = callaway_santanna(panel, RolloutOptions(base="universal"))
    averages = aggregate(effects, "dynamic")
    rows = np.flatnonzero(~np.isnan(averages.event_time) & (averages.event_time != -1))
    V, beta = averages.vcov[np.ix_(rows, rows)], averages.estimate[rows]
    mean = np.full((4, 1), 0.25)
    found = create_sensitivity_results_rm(
        beta, V, 3, 4, m_bar_vec=[0.0, 0.5, 1.0], l_vec=mean, method="C-LF"
    ).to_pandas()
    flat = create_sensitivity_results_sm(
        beta, V, 3, 4, m_vec=[0.0, 0.01], l_vec=mean, method="FLCI"
    ).to_pandas()
    return {
        "relative": [[float(r.Mbar), float(r.lb), float(r.ub)] for r in found.itertuples()],
        "smooth": [[float(r.m), float(r.lb), float(r.ub)] for r in flat.itertuples()],
    }


def benchmarks():
    covariates = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
    d = nsw_mixtape.load_pandas().data
    model = smf.ols("re78 ~ treat + " + " + ".join(covariates), data=d).fit()
    found = {"stats": None, "bounds": {}}
    for name in ("age", "black", "re75"):
        s = sensemakr.Sensemakr(model, "treat", benchmark_covariates=[name], kd=[1, 2, 3])
        found["stats"] = {k: float(v) for k, v in s.sensitivity_stats.items()}
        columns = ["r2dz_x", "r2yz_dx", "adjusted_estimate", "adjusted_se"]
        found["bounds"][name] = s.bounds[columns].to_numpy().tolist()
    return found


def main():
    beta, V = event_study()
    average = np.array([[0.5], [0.5]])
    first = np.array([[1.0], [0.0]])
    values = {
        "ehec": {
            "beta": beta.tolist(),
            "covariance": V.tolist(),
            "times": [-6, -5, -4, -3, -2, 0, 1],
        },
        "hybrid": {str(m): hybrid_decisions(beta, V, m) for m in (0.5, 1.5)},
        "relative_average": relative(beta, V, average, [0.5, 1.0, 2.0]),
        "smooth_first": smooth(beta, V, first, [0.0, 0.01, 0.02]),
        "smooth_average": smooth(beta, V, average, [0.0, 0.01, 0.02]),
        "mpdta": counties(),
        "sensemakr": benchmarks(),
    }
    place = Path(__file__).with_name("checks_values.json")
    place.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
