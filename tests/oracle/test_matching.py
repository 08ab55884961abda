"""Matching against R's Matching 4.10.8 and the stored values of MatchIt 4.7.2.

Matching: `matching_reference.R` in this folder, on the table of `lalonde.py`. MatchIt 4.7.2 was
built from source (the 4.5.1 of Debian does not return nearest neighbours), on its own `lalonde`:
nearest neighbour on the propensity score 1:1 without replacement 894.367 (HC3 by pair 732.3), on
the logit with a caliper of 0.2 SD 1,770.603 with 117 pairs.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pandas as pd
import pytest

from evalml.comparison import MeasureSpec, build_comparison
from evalml.comparison.matching import MatchOptions
from evalml.effect import Effect, EstimationSettings, estimate_effects

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return runpy.run_path(str(HERE / "lalonde.py"))["lalonde"]()


def matched(table: pd.DataFrame, estimand: str = "att", **options: object) -> Effect:
    comparison = build_comparison(
        table,
        treatment="treat",
        measures=[MeasureSpec("re78")],
        covariates=["age", "educ", "race", "married", "nodegree", "re74", "re75"],
    )
    settings = EstimationSettings(estimand=estimand, match=MatchOptions(**options))
    return estimate_effects(comparison, ["match"], settings=settings)[0]


R_MATCHING = [
    ({"metric": "inverse_variance"}, "att", 180.1584, {1: 1117.0059, 2: 1012.3024, 4: 1204.5979}),
    ({"metric": "propensity", "k": 4}, "att", 1273.8927, {1: 1027.2741, 2: 923.4635, 4: 904.0168}),
    ({"metric": "mahalanobis"}, "att", 262.2401, {1: 1134.4331, 2: 1207.0898, 4: 1126.2797}),
    ({"metric": "mahalanobis", "k": 3}, "ate", -266.8595, {1: 845.2158, 2: 807.7898, 4: 818.1770}),
    ({"metric": "propensity", "k": 2}, "ate", 12.3364, {1: 1155.4921, 2: 1244.1545, 4: 1246.4383}),
]


@pytest.mark.parametrize("neighbours", [1, 2, 4])
@pytest.mark.parametrize(("options", "estimand", "estimate", "errors"), R_MATCHING)
def test_estimate_and_abadie_imbens_error_are_those_of_r_matching(
    table: pd.DataFrame,
    options: dict[str, object],
    estimand: str,
    estimate: float,
    errors: dict[int, float],
    neighbours: int,
) -> None:
    effect = matched(table, estimand, variance_neighbours=neighbours, **options)
    assert effect.estimate == pytest.approx(estimate, abs=1e-3)
    assert effect.std_error == pytest.approx(errors[neighbours], rel=1e-6)


def test_a_caliper_and_an_exact_covariate_give_what_r_matching_gives(table: pd.DataFrame) -> None:
    assert matched(table, caliper=0.2).estimate == pytest.approx(1975.2292, abs=1e-3)
    assert matched(table, exact=("race",)).estimate == pytest.approx(1866.3094, abs=1e-3)


def test_without_replacement_gives_what_matchit_gives(table: pd.DataFrame) -> None:
    effect = matched(table, replace=False, ties="row")
    assert effect.estimate == pytest.approx(894.367, abs=1e-3)
    assert (effect.n_treated, effect.n_comparison) == (185, 185)


def test_a_caliper_without_replacement_gives_what_matchit_gives_and_says_who_was_dropped(
    table: pd.DataFrame,
) -> None:
    effect = matched(table, replace=False, ties="row", metric="logit", caliper=0.2)
    assert effect.estimate == pytest.approx(1770.603, abs=1e-3)
    assert (effect.n_treated, effect.n_comparison) == (117, 117)
    assert effect.details["dropped_treated"] == 68
    assert any("no longer on all the treated" in w for w in effect.details["warnings"])


def test_the_lowest_row_among_ties_gives_the_value_known_for_that_rule(table: pd.DataFrame) -> None:
    # 1,967.940: the same nearest neighbours with the lowest index among ties (brute force in R).
    assert matched(table, ties="row").estimate == pytest.approx(1967.940, abs=1e-3)
