"""Costs: the covariance of two effects, what is not defined, and what nobody may read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalml.comparison.arms import Arms, Trajectory
from evalml.effect.costs import (
    LOSES_MONTHS,
    MAY_ADD_NONE,
    SAME_FOR_ALL,
    cost_per_month,
    costs_table,
    largest_shares,
)
from evalml.effect.methods import compute, fit_shared
from evalml.effect.sample import EstimationSettings, take_rows
from evalml.errors import DataError
from evalml.outcomes import OUTCOMES
from evalml.report.costs import MASKED, SECRET, guard_costs, shown_costs
from evalml.validation.persons import as_comparison
from evalml.values import read_messages
from evalml.words import render

CHECKS = pd.DataFrame(
    columns=[
        "check", "question", "passed", "value", "threshold", "sentence", "outcome", "gating",
    ]
)  # fmt: skip


def sample(gain, n=4000, seed=1):
    """Two arms in 40 clusters; treatment costs 1000 and adds `gain` months out of 12."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 2))
    cluster = rng.integers(0, 40, n)
    treated = rng.random(n) < 1 / (1 + np.exp(1 - X[:, 0]))
    shock = rng.standard_normal(40)[cluster]
    euros = 500 + 100 * X[:, 0] + 50 * shock + 1000 * treated + 200 * rng.standard_normal(n)
    rate = 0.4 + 0.05 * X[:, 0].clip(-2, 2) + 0.02 * shock + gain / 12 * treated
    monthly = (rng.random((n, 13)) < rate[:, None]).astype(np.float32)
    comparison = as_comparison(X, treated, monthly[:, 12].astype(float), cluster, seed)
    trajectory = Trajectory(OUTCOMES["emploi"], np.arange(13), monthly)
    arms = Arms(comparison, (trajectory,), pd.Series(dtype=float))
    return arms, pd.DataFrame({12: euros})


@pytest.fixture(scope="module")
def helping():
    arms, paid = sample(2.0)
    return costs_table(arms, paid, "aipw", EstimationSettings(seed=1)).set_index("measure")


def test_a_month_costs_what_was_built_in(helping):
    """1000 euros for 2 months of 12: 500 euros per month."""
    row = helping.loc["per_month"]
    assert row.ci_low < 500 < row.ci_high
    assert row.ci_high - row.ci_low < 200
    assert helping.loc["net_cost", "value"] == pytest.approx(1000, abs=30)
    assert helping.loc["months", "value"] == pytest.approx(2, abs=0.25)
    assert helping.loc["paid", "value"] - helping.loc["paid_without", "value"] == pytest.approx(
        helping.loc["net_cost", "value"]
    )


def test_allowances_that_are_the_same_for_all_give_no_cost_and_no_failure():
    arms, paid = sample(2.0, n=400)
    table = costs_table(arms, paid * 0.0).set_index("measure")
    assert table.loc[["net_cost", "per_month"], "value"].isna().all()
    assert read_messages(table.loc["net_cost", "words"]) == (SAME_FOR_ALL,)
    assert "vide" in table.loc["net_cost", "remark"]
    shown = guard_costs(table.reset_index(), CHECKS, 11).set_index("measure")
    assert "vide" in render(read_messages(shown.loc["net_cost", "words"])[0], "fr")


def test_the_covariance_is_that_of_the_influence_functions():
    arms, paid = sample(2.0)
    months = arms.trajectories[0].values[:, 1:].astype(float).sum(axis=1)
    found = cost_per_month(arms.comparison, paid[12].to_numpy(), months, "ipw")
    from dataclasses import replace

    from evalml.comparison.comparison import Measure
    from evalml.methods.variance import fieller

    both = replace(
        arms.comparison,
        measures=(
            Measure("cout", None, paid[12].to_numpy(), "euros", "cout"),
            Measure("mois", None, months, "mois", "mois"),
        ),
    )
    whole = take_rows(both, np.ones(both.treated.size, dtype=bool))
    shared = fit_shared(whole, ["ipw"], EstimationSettings())
    psi = [compute("ipw", m.values, whole, shared, EstimationSettings()).psi for m in both.measures]
    sums = np.column_stack([np.bincount(both.cluster, weights=one / one.size) for one in psi])
    V = sums.T @ sums * (found.cost.std_error**2 / (sums[:, 0] @ sums[:, 0]))
    critical = (found.months.ci_high - found.months.estimate) / found.months.std_error
    again = fieller(found.cost.estimate, found.months.estimate, V[0, 0], V[1, 1], V[0, 1], critical)
    assert found.per_month.value == pytest.approx(again.value)
    assert found.per_month.ci_low == pytest.approx(again.ci_low, rel=1e-6)
    assert found.per_month.ci_high == pytest.approx(again.ci_high, rel=1e-6)


@pytest.mark.parametrize(("gain", "remark"), [(0.0, MAY_ADD_NONE), (-2.0, LOSES_MONTHS)])
def test_no_cost_per_month_where_none_is_added(gain, remark):
    arms, paid = sample(gain)
    row = costs_table(arms, paid, "aipw").set_index("measure").loc["per_month"]
    assert np.isnan([row.value, row.ci_low, row.ci_high]).all()
    assert read_messages(row.words) == (remark,)
    assert row.remark == render(remark, "fr")


def test_what_accompaniment_costs_is_said_not_to_be_known(helping):
    assert np.isnan(helping.loc["support", "value"])
    assert "aucun montant" in helping.loc["support", "remark"]


def test_rows_of_another_cohort_are_refused():
    arms, paid = sample(1.0)
    with pytest.raises(DataError, match="same cohort"):
        costs_table(arms, paid.iloc[1:])


def test_a_failed_check_hides_what_rests_on_the_comparison(helping):
    failed = CHECKS.copy()
    failed.loc[0] = ["balance", "?", False, 0.2, 0.1, "Déséquilibre.", "", True]
    seen = guard_costs(helping.reset_index(), failed, 11).set_index("measure")
    assert seen.loc["paid", "value"] == helping.loc["paid", "value"]
    for measure in ("paid_without", "net_cost", "months", "per_month"):
        assert np.isnan(seen.loc[measure, ["value", "ci_low", "ci_high"]].astype(float)).all()
        assert read_messages(seen.loc[measure, "words"]) == (MASKED,)


@pytest.mark.parametrize("change", [{"n_treated": 10.0}, {"largest_share": 0.9}])
def test_few_persons_or_one_who_takes_nearly_all_are_not_shown(helping, change):
    seen = guard_costs(helping.reset_index().assign(**change), CHECKS, 11)
    assert seen["value"].isna().all()
    assert all(read_messages(text) == (SECRET,) for text in seen["words"])
    assert seen[["largest_share", "second_share"]].isna().all(None)


def test_a_reader_sees_french_and_a_dash_where_there_is_no_number(helping):
    frame = shown_costs({"costs": guard_costs(helping.reset_index(), CHECKS, 11)}).frame
    text = frame.to_string()
    assert "nan" not in text
    assert frame.iloc[-1]["valeur"] == "–"
    assert frame.iloc[2]["intervalle à 95 %"].startswith("de")


def test_the_two_largest_shares_of_what_was_paid():
    assert largest_shares(np.array([30.0, np.nan, 10.0, 60.0])) == (0.6, 0.3)
    assert largest_shares(np.zeros(3)) == (0.0, 0.0)
