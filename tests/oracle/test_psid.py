"""PSID-1: almost nobody is comparable, and no effect is given without saying so.

The file is Dehejia and Wahba's PSID-1 (2,490 rows) as distributed with R's DRDID; it is not in a
package that the project depends on, so the tests that read it run where it lies beside the project.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evalml.comparison import MeasureSpec, build_comparison
from evalml.comparison.matching import MatchOptions
from evalml.effect import EstimationSettings, estimate_effects

COVARIATES = ["age", "educ", "black", "hisp", "married", "nodegree", "re74", "re75"]
METHODS = ["diff", "ols", "regression_imputation", "match", "ipw", "ebal", "aipw"]


@pytest.fixture(scope="module")
def psid(root: Path) -> pd.DataFrame:
    path = root.parent / "shared" / "data" / "nsw_cps_psid.csv"
    if not path.is_file():
        pytest.skip("needs nsw_cps_psid.csv (R's DRDID) in ../shared/data")
    everyone = pd.read_csv(path)
    chosen = (everyone["sample"] == 3) | ((everyone["dwincl"] == 1) & (everyone["treated"] == 1))
    rows = everyone[chosen]
    return rows.assign(treat=(rows["sample"] == 1).astype(int), age2=rows["age"] ** 2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("more", [[], ["age2"]])
def test_no_effect_on_psid_comes_without_its_overlap_warning(
    psid: pd.DataFrame, method: str, more: list[str]
) -> None:
    comparison = build_comparison(
        psid, treatment="treat", measures=[MeasureSpec("re78")], covariates=COVARIATES + more
    )
    for options in (MatchOptions(), MatchOptions(replace=False, caliper=0.1)):
        (effect,) = estimate_effects(
            comparison, [method], settings=EstimationSettings(match=options)
        )
        assert any(w.startswith("weak overlap") for w in effect.details["warnings"])


def test_the_naive_difference_is_the_published_one(psid: pd.DataFrame) -> None:
    comparison = build_comparison(
        psid, treatment="treat", measures=[MeasureSpec("re78")], covariates=COVARIATES
    )
    (effect,) = estimate_effects(comparison, ["diff"], se="hc1")
    assert effect.estimate == pytest.approx(-15_205, abs=1)  # Dehejia and Wahba (1999), table 3


def test_2490_persons_of_whom_a_few_dozen_count(psid: pd.DataFrame) -> None:
    comparison = build_comparison(
        psid, treatment="treat", measures=[MeasureSpec("re78")], covariates=COVARIATES
    )
    (effect,) = estimate_effects(comparison, ["ipw"])
    assert effect.details["ess_comparison"] < 50
    assert effect.n_comparison == 2490
