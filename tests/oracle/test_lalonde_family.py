"""LaLonde's experiment, CPS and PSID by matching, weighting, strata and differences, against R.

Expected numbers: lalonde_family.json, written by lalonde_family.R. The table is Dehejia and Wahba's
as distributed with R's DRDID; the tests run where it lies beside the project.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalml.comparison import Comparison, MeasureSpec, build_comparison
from evalml.comparison.matching import MatchOptions
from evalml.comparison.propensity import fit_propensity
from evalml.effect import Effect, EstimationSettings, estimate_effects
from evalml.effect.stratified import StrataOptions
from evalml.methods.did import DidRequest, estimate_did
from evalml.methods.panel import PanelColumns

R = json.loads((Path(__file__).parent / "lalonde_family.json").read_text())
COVARIATES = ["age", "educ", "black", "hisp", "married", "nodegree", "re74", "re75"]
FAMILY = ["experiment", "cps", "psid"]
EXACT = {"metric": "inverse_variance", "bias_adjust": True}
MATCHING = {
    # Matching takes squared distances within 1e-10 for ties even where its tolerance is 0
    "match_var0": {"variance_neighbours": 0, "tie_tolerance": 1e-10},
    "match_var1_tolerance": {"tie_tolerance": 1e-5},
    "match_bias": EXACT,
    "match_bias_var0_k3": {**EXACT, "variance_neighbours": 0, "k": 3},
}


@pytest.fixture(scope="module")
def people(root: Path) -> dict[str, pd.DataFrame]:
    path = root.parent / "shared" / "data" / "nsw_cps_psid.csv"
    if not path.is_file():
        pytest.skip("needs nsw_cps_psid.csv (R's DRDID) in ../shared/data")
    table = pd.read_csv(path)
    table["d"] = ((table["sample"] == 1) & (table.treated == 1)).astype(int)
    chosen = table.dwincl == 1
    return {
        "experiment": table[chosen],
        "cps": table[(chosen & (table.d == 1)) | (table["sample"] == 2)],
        "psid": table[(chosen & (table.d == 1)) | (table["sample"] == 3)],
    }


@pytest.fixture(scope="module")
def family(people: dict[str, pd.DataFrame]) -> dict[str, Comparison]:
    return {
        name: build_comparison(
            rows, treatment="d", measures=[MeasureSpec("re78")], covariates=COVARIATES
        )
        for name, rows in people.items()
    }


def found(comparison: Comparison, method: str, **options: object) -> Effect:
    return estimate_effects(comparison, [method], settings=EstimationSettings(**options))[0]


def assert_pair(effect: Effect, expected: list[float], rel: float = 1e-8) -> None:
    assert effect.estimate == pytest.approx(expected[0], rel=rel)
    assert effect.std_error == pytest.approx(expected[1], rel=rel)


@pytest.mark.parametrize("name", FAMILY)
def test_classical_errors_of_means_and_regressions(
    family: dict[str, Comparison], name: str
) -> None:
    assert_pair(found(family[name], "diff", se="classical"), R[name]["diff_classical"])
    assert_pair(found(family[name], "ols", se="classical"), R[name]["ols_classical"])


@pytest.mark.parametrize("name", FAMILY)
def test_weighting_with_the_score_estimated_and_as_known(
    family: dict[str, Comparison], name: str
) -> None:
    effect = found(family[name], "ipw", balance=True)
    assert_pair(effect, R[name]["ipw"], rel=1e-6)
    assert_pair(found(family[name], "ipw", se="known_weights"), R[name]["ipw_known"], rel=1e-6)
    terms = {row["term"]: row for row in effect.details["score"]["coefficients"]}
    peer = R[name]["score"]
    for term, value, error in zip(peer["names"], peer["value"], peer["std_error"], strict=True):
        own = terms["constant" if term == "(Intercept)" else term]
        assert own["coefficient"] == pytest.approx(value, rel=1e-6)
        assert own["std_error"] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("name", FAMILY)
def test_aipw_with_weights_that_are_not_normalised(
    family: dict[str, Comparison], name: str
) -> None:
    effect = found(family[name], "aipw", folds=0, normalise=False)
    assert_pair(effect, R[name]["aipw_not_normalised"], rel=1e-6)


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("how", MATCHING)
def test_matching_with_its_variances_and_bias_adjustment(
    family: dict[str, Comparison], name: str, how: str
) -> None:
    effect = found(family[name], "match", match=MatchOptions(**MATCHING[how]))
    assert_pair(effect, R[name][how], rel=1e-6)


@pytest.mark.parametrize("name", FAMILY)
def test_strata_of_covariates_and_of_the_score(family: dict[str, Comparison], name: str) -> None:
    for method, se in (("cem", "hc0"), ("cem", "hc1"), ("subclass", "hc0"), ("subclass", "hc1")):
        effect = found(family[name], method, se=se, strata=StrataOptions(subclasses=5))
        assert_pair(effect, R[name][method][se], rel=1e-7)


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("method", ["dr", "ipw", "reg", "dr_improved"])
def test_differences_in_differences(
    people: dict[str, pd.DataFrame], name: str, method: str
) -> None:
    rows = people[name].assign(unit=np.arange(len(people[name])))
    long = pd.concat([rows.assign(t=1975, y=rows.re75), rows.assign(t=1978, y=rows.re78)])
    covariates = tuple(c for c in COVARIATES if c != "re75")
    columns = PanelColumns("t", "y", "", "unit", covariates, extra=("d",))
    assert_pair(estimate_did(long, DidRequest(columns, method)), R[name]["did"][method], rel=1e-6)


def test_the_error_within_strata_is_that_of_the_mean_over_them(
    family: dict[str, Comparison],
) -> None:
    """By hand: how the effects of strata spread among the treated, and the variance within them."""
    effect = found(family["cps"], "subclass", strata=StrataOptions(subclasses=5))
    treated, y = family["cps"].treated, family["cps"].measures[0].values
    score = fit_propensity(family["cps"].design, treated).score
    edges = np.quantile(score[treated], [0.2, 0.4, 0.6, 0.8])
    stratum = (score[:, None] >= edges).sum(axis=1)
    parts = []
    for s in range(5):
        y1, y0 = y[treated & (stratum == s)], y[~treated & (stratum == s)]
        parts.append((y1.size, y1.mean() - y0.mean(), y1.var() / y1.size + y0.var() / y0.size))
    n, gap, within = np.array(parts).T
    p = n / n.sum()
    theta = p @ gap
    variance = p**2 @ within + p @ (gap - theta) ** 2 / n.sum()
    assert_pair(effect, [theta, np.sqrt(variance)], rel=1e-9)


def test_the_median_over_splits_counts_the_draw(family: dict[str, Comparison]) -> None:
    draws = [found(family["experiment"], "aipw", seed=k) for k in range(5)]
    whole = found(family["experiment"], "aipw", seed=0, splits=5)
    middle = np.median([d.estimate for d in draws])
    squares = [d.std_error**2 + (d.estimate - middle) ** 2 for d in draws]
    assert whole.estimate == pytest.approx(middle, rel=1e-12)
    assert whole.std_error == pytest.approx(np.sqrt(np.median(squares)), rel=1e-12)
    assert len({d.estimate for d in draws}) == 5
    once = found(family["experiment"], "diff", splits=5)  # draws no folds
    assert once.estimate == found(family["experiment"], "diff").estimate
