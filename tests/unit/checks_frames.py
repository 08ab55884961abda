"""Two small arms shared by the tests of the checks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from evalml.comparison.comparison import Comparison, DesignMatrix, Measure
from evalml.methods.effect import Effect


def make_comparison(
    treated, outcomes, covariates=None, cluster=None, *, unit="proportion", subgroups=None
):
    """Build a Comparison from arrays; `outcomes` maps a name to its values."""
    treated = np.asarray(treated, dtype=bool)
    n = treated.size
    X = np.empty((n, 0)) if covariates is None else np.asarray(covariates, dtype=float)
    names = tuple(f"x{j}" for j in range(X.shape[1]))
    return Comparison(
        treated=treated,
        measures=tuple(
            Measure(name, None, np.asarray(values, dtype=float), unit, name)
            for name, values in outcomes.items()
        ),
        covariates=pd.DataFrame(X, columns=list(names)),
        design=DesignMatrix(X, names),
        cluster=None if cluster is None else np.asarray(cluster, dtype=np.int64),
        person=np.arange(1, n + 1, dtype=np.uint64) * np.uint64(2_654_435_761),
        subgroups=pd.DataFrame(index=range(n)) if subgroups is None else subgroups,
    )


def make_effect(estimate=0.05, std_error=0.01, **changes):
    """Build an Effect with an interval that fits its standard error."""
    fields = {
        "outcome": "emploi",
        "horizon_months": 12,
        "estimand": "att",
        "method": "aipw",
        "estimate": estimate,
        "std_error": std_error,
        "ci_low": estimate - 1.959963984540054 * std_error,
        "ci_high": estimate + 1.959963984540054 * std_error,
        "p_value": float(2 * stats.norm.sf(abs(estimate) / std_error)) if std_error else 1.0,
        "n_treated": 400,
        "n_comparison": 1600,
        "mean_treated": 0.35,
        "mean_comparison": 0.35 - estimate,
        "unit": "proportion",
    }
    return Effect(**{**fields, **changes})


def difference(comparison, key):
    """Estimate the difference in means, with the unequal-variance standard error."""
    y = comparison.measure(key).values
    known = ~np.isnan(y)
    a, b = y[comparison.treated & known], y[~comparison.treated & known]
    estimate = float(a.mean() - b.mean())
    std_error = float(np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size))
    return make_effect(
        estimate,
        std_error,
        outcome=key,
        horizon_months=None,
        method="diff",
        n_treated=a.size,
        n_comparison=b.size,
        mean_treated=float(a.mean()),
        mean_comparison=float(b.mean()),
    )
