"""National Supported Work against the experiment's and the CPS's answers.

Dehejia-Wahba sample and CPS-1 from the package causaldata. 1,794.34 is published (Dehejia and
Wahba, 1999, table 3, re78). The weighting figures come from `nsw_cps_reference.py` (statsmodels),
in this folder. Columns of causaldata are 8-bit integers: age squared must be computed on floats, or
it wraps silently; the `int8` figures are what it then gives, kept because they are in circulation.
"""

from __future__ import annotations

import causaldata
import pandas as pd
import pytest

from evalml.comparison import MeasureSpec, build_comparison
from evalml.effect import effects_table, estimate_effects

COVARIATES = [
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


def with_powers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        age2=frame["age"] ** 2,
        age3=frame["age"] ** 3,
        educ2=frame["educ"] ** 2,
        u74=frame["re74"] == 0,
        u75=frame["re75"] == 0,
        educ_re74=frame["educ"] * frame["re74"],
    )


@pytest.fixture(scope="module")
def experiment() -> pd.DataFrame:
    return causaldata.nsw_mixtape.load_pandas().data.drop(columns="data_id")


@pytest.fixture(scope="module")
def treated_and_cps(experiment: pd.DataFrame) -> pd.DataFrame:
    cps = causaldata.cps_mixtape.load_pandas().data.drop(columns="data_id")
    return pd.concat([experiment[experiment["treat"] == 1], cps])


def compare(frame: pd.DataFrame):
    return build_comparison(
        frame, treatment="treat", measures=[MeasureSpec("re78")], covariates=COVARIATES
    )


def test_the_experiment_says_1794_with_standard_error_671(experiment: pd.DataFrame) -> None:
    (effect,) = estimate_effects(compare(with_powers(experiment.astype(float))), ["diff"])
    assert effect.estimate == pytest.approx(1794.3433, abs=2e-3)  # the columns are float32
    assert effect.std_error == pytest.approx(671.0, abs=0.01)
    assert effect.details["se"] == "hc2"


@pytest.mark.parametrize(
    ("wrapped", "ipw", "aipw"), [(False, 1782.2085, 1584.5270), (True, 1494.5751, 1554.1939)]
)
def test_the_cps_weighted_gives_what_statsmodels_gives(
    treated_and_cps: pd.DataFrame, wrapped: bool, ipw: float, aipw: float
) -> None:
    frame = treated_and_cps if wrapped else treated_and_cps.astype(float)
    found = estimate_effects(compare(with_powers(frame)), ["diff", "ipw", "aipw"], folds=0)
    assert [e.estimate for e in found] == pytest.approx([-8497.5161, ipw, aipw], abs=1e-3)


def test_the_table_has_the_columns_of_effects_csv_that_belong_to_an_estimate(
    experiment: pd.DataFrame,
) -> None:
    table = effects_table(estimate_effects(compare(with_powers(experiment.astype(float))), ["ols"]))
    assert list(table.columns) == (
        [
            "outcome",
            "horizon_months",
            "subgroup",
            "subgroup_value",
            "estimand",
            "method",
            "estimate",
            "std_error",
            "ci_low",
            "ci_high",
            "p_value",
            "n_treated",
            "n_comparison",
            "mean_treated",
            "mean_comparison",
            "unit",
        ]
    )
