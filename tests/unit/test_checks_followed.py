"""The gates on the past, the links and the lost: what fails is what is there to be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evalml.checks import checks_table
from evalml.checks.observation import (
    Past,
    check_censoring_weights,
    check_declared_only,
    check_linkage,
    check_observation,
    check_past,
    past_gaps,
)
from evalml.checks.trends import wald_test
from evalml.comparison.arms import Trajectory
from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.outcomes import OUTCOMES
from evalml.study import Thresholds

LIMITS = Thresholds()
N = 3000


def arms_of(seed=1, *, worked=None, y=None):
    """Return a comparison of 3,000 rows in 40 clusters, a third of them treated."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "d": (rng.random(N) < 1 / 3).astype(int),
            "x": rng.normal(size=N).round(1),
            "ml": rng.integers(0, 40, N),
            "id": np.arange(N),
        }
    )
    frame["emploi"] = rng.random(N).round() if y is None else y(rng, frame)
    comparison = build_comparison(
        frame,
        treatment="d",
        measures=[MeasureSpec("emploi", horizon_months=6, unit="proportion", channel="linked")],
        covariates=["x"],
        cluster="ml",
        person="id",
    )
    months = np.arange(-6, 7)
    values = (rng.random((N, months.size)) < 0.4).astype(np.float16)
    if worked is not None:
        values = worked(rng, frame, months)
    return comparison, Trajectory(OUTCOMES["emploi"], months, values)


def test_a_past_of_few_clusters_is_judged_by_its_largest_gap():
    """12 months that last, 18 clusters: the joint test trusts a contrast that they barely measure.

    A student t of 17 degrees of freedom beyond 1.5 twice-sided is .15, beyond 5 is .0001.
    """
    k, months = 12, np.arange(-12, 0)
    errors = np.full(k, 0.03)
    correlation = 0.97 ** np.abs(np.subtract.outer(months, months))
    covariance = correlation * np.outer(errors, errors)
    gaps = 1.5 * errors * np.where(months % 2 == 0, 1, -1)
    none = np.zeros(k)

    def past(found, df):
        return Past(months, found, none, covariance, df)

    assert wald_test(gaps, covariance, 17)[2] < 0.001
    assert past(gaps, 17).p_value > 0.15
    assert past(np.where(months == -3, 5 * errors, none), 17).p_value < 0.01
    assert past(gaps, 40).p_value == wald_test(gaps, covariance, 40)[2]


def test_shares_linked_that_differ_by_the_luck_of_a_few_areas_do_not_mask():
    """Ten areas of forty are linked; many of the entrants live in one of them."""
    comparison, _ = arms_of()
    measure, treated = comparison.measures[0], comparison.treated
    area = np.where(treated & (np.arange(N) % 9 == 0), 3, comparison.cluster)
    of_areas = replace(comparison, cluster=area)
    by_area = replace(measure, linked=area < 10)
    shares = [by_area.linked[arm].mean() for arm in (treated, ~treated)]
    assert shares[0] - shares[1] > LIMITS.observation_gap
    assert check_linkage(of_areas, by_area, None, LIMITS).finding == "unverified"
    assert check_linkage(comparison, by_area, None, LIMITS).finding == "arms"


def test_a_past_alike_passes_and_says_what_it_would_have_seen():
    comparison, trajectory = arms_of()
    check = check_past(comparison, trajectory, np.ones(N), LIMITS, "")
    assert (check.passed, check.finding, check.gating) == (True, "alike", True)
    assert 0.05 < check.values["detectable"].value < 0.12


def test_a_past_apart_in_a_few_months_blinds():
    """A treated rate of 0.25 against 0.40 in the three months before: seen, at its worst month."""

    def dip(rng, frame, months):
        rate = np.where((frame["d"].to_numpy()[:, None] == 1) & (months >= -3), 0.25, 0.40)
        return (rng.random(rate.shape) < rate).astype(np.float16)

    comparison, trajectory = arms_of(worked=dip)
    check = check_past(comparison, trajectory, np.ones(N), LIMITS, "")
    assert (check.passed, check.finding) == (False, "apart")
    assert check.values["gap"].value == pytest.approx(-0.15, abs=0.05)
    assert 1 <= check.values["month"].value <= 3


def test_a_past_that_few_know_is_not_judged():
    comparison, trajectory = arms_of()
    values = trajectory.values.copy()
    values[: int(0.9 * N), trajectory.months < 0] = np.nan
    unknown = replace(trajectory, values=values)
    assert past_gaps(comparison, unknown, np.ones(N)) is None
    assert check_past(comparison, unknown, np.ones(N), LIMITS, "").passed is None


def test_a_past_linked_for_a_fifth_is_judged_on_those_linked():
    def dip(rng, frame, months):
        rate = np.where((frame["d"].to_numpy()[:, None] == 1) & (months < 0), 0.15, 0.50)
        values = (rng.random(rate.shape) < rate).astype(np.float16)
        values[rng.random(N) > 0.2] = np.nan
        return values

    comparison, trajectory = arms_of(worked=dip)
    check = check_past(comparison, trajectory, np.ones(N), LIMITS, "")
    assert (check.passed, check.finding) == (False, "apart")


def test_weights_that_undo_a_gap_make_the_past_alike():
    """Rows with x > 0 work more and enter more; weighting the others back closes the gap."""
    rng = np.random.default_rng(3)
    high = rng.random(N) < 0.5
    d = rng.random(N) < np.where(high, 0.5, 0.2)
    values = (rng.random((N, 13)) < np.where(high, 0.6, 0.2)[:, None]).astype(np.float16)
    comparison, trajectory = arms_of()
    comparison = replace(comparison, treated=d)
    trajectory = replace(trajectory, values=values)
    weights = np.where(d, 1.0, np.where(high, 0.5 / 0.5, 0.2 / 0.8))
    assert check_past(comparison, trajectory, np.ones(N), LIMITS, "").passed is False
    assert check_past(comparison, trajectory, weights, LIMITS, "").passed is True


def test_losing_most_alike_in_both_arms_fails_as_losing_unequally_does():
    comparison, _ = arms_of()
    measure, d = comparison.measures[0], comparison.treated
    third = np.where(np.arange(N) % 3 == 0, measure.values, np.nan)
    alike = check_observation(replace(measure, values=third), d, LIMITS)
    assert (alike.passed, alike.finding) == (False, "low")
    unequal = np.where(d & (np.arange(N) % 5 == 0), np.nan, measure.values)
    assert check_observation(replace(measure, values=unequal), d, LIMITS).finding == "apart"
    assert check_observation(replace(measure, values=unequal), d, LIMITS, "ipcw").passed is True
    assert check_observation(replace(measure, values=third), d, LIMITS, "bounds").passed is None


def test_those_whom_the_source_is_not_linked_to_are_not_lost():
    comparison, _ = arms_of()
    measure = comparison.measures[0]
    linked = np.arange(N) % 4 == 0
    partial = replace(measure, values=np.where(linked, measure.values, np.nan), linked=linked)
    assert check_observation(partial, comparison.treated, LIMITS).passed is True


@pytest.mark.parametrize(("pull", "passed"), [(0.0, True), (2.0, False)])
def test_links_that_go_with_working_are_seen_by_what_both_declared(pull, passed):
    rng = np.random.default_rng(7)
    work = rng.random(N)
    linked = rng.random(N) < 1 / (1 + np.exp(1 - pull * (work - 0.5) * 2))
    comparison, trajectory = arms_of()
    declared = (rng.random(trajectory.values.shape) < work[:, None]).astype(np.float16)
    measure = replace(comparison.measures[0], linked=linked)
    found = check_linkage(comparison, measure, replace(trajectory, values=declared), LIMITS)
    assert found.passed is passed
    assert found.outcome == "emploi"
    assert check_linkage(comparison, measure, None, LIMITS).passed is None
    assert check_linkage(comparison, comparison.measures[0], None, LIMITS) is None


def test_links_made_in_one_arm_more_than_in_the_other_fail():
    comparison, _ = arms_of()
    linked = np.where(comparison.treated, np.arange(N) % 2 == 0, np.arange(N) % 4 == 0)
    measure = replace(comparison.measures[0], linked=linked)
    assert check_linkage(comparison, measure, None, LIMITS).finding == "arms"


def test_weights_of_the_known_are_judged_by_their_balance():
    def lost(rng, frame):
        y = rng.random(N).round()
        y[rng.random(N) < 1 / (1 + np.exp(0.5 - 1.5 * frame["x"]))] = np.nan
        return y

    comparison, _ = arms_of(y=lost)
    check = check_censoring_weights(comparison, comparison.measures[0], LIMITS)
    assert check.passed is True
    assert check.values["before"].value > 0.3
    assert check.value < 0.1


def test_an_outcome_declared_for_want_of_its_source_is_said_with_what_would_unlock_it():
    assert check_declared_only("emploi", "emploi") == []
    (found,) = check_declared_only("emploi", "emploi_declare")
    assert (found.name, found.finding, found.passed, found.gating) == (
        "sources", "declared_only", False, False,
    )  # fmt: skip
    sentence = str(checks_table([found])["sentence"].iloc[0])
    assert "emploi_mensuel" in sentence
    assert "missing: ipcw" in sentence
