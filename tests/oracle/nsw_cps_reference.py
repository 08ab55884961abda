"""Recompute the weighting figures of test_nsw_cps.py with statsmodels (run by hand)."""

import causaldata
import numpy as np
import pandas as pd
import statsmodels.api as sm


def figures(frame: pd.DataFrame) -> tuple[float, float]:
    """Return normalised IPW-ATT and AIPW-ATT with a linear outcome regression."""
    frame = frame.assign(
        age2=frame.age**2, age3=frame.age**3, educ2=frame.educ**2, u74=frame.re74 == 0,
        u75=frame.re75 == 0, educ_re74=frame.educ * frame.re74,
    )  # fmt: skip
    names = [
        "age",
        "age2",
        "age3",
        "educ",
        "educ2",
        "marr",
        "nodegree",
        "black",
        "hisp",
        "re74",
        "re75",
        "u74",
        "u75",
        "educ_re74",
    ]
    X = frame[names].astype(float)
    X = sm.add_constant((X - X.mean()) / X.std())
    d, y = frame.treat.to_numpy(float), frame.re78.to_numpy(float)
    e = sm.Logit(d, X).fit(disp=0, maxiter=100).predict()
    w = (e / (1 - e))[d == 0]
    m0 = np.asarray(sm.OLS(y[d == 0], X[d == 0]).fit().predict(X))
    ipw = y[d == 1].mean() - np.average(y[d == 0], weights=w)
    r = y - m0
    return ipw, r[d == 1].mean() - np.average(r[d == 0], weights=w)


if __name__ == "__main__":
    nsw = causaldata.nsw_mixtape.load_pandas().data
    cps = causaldata.cps_mixtape.load_pandas().data
    both = pd.concat([nsw[nsw.treat == 1], cps]).drop(columns="data_id")
    print("float", figures(both.astype(float)))  # noqa: T201
    print("int8 ", figures(both))  # noqa: T201
