"""Double differences on persons: against statsmodels, against known truths, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import evalml as ev
from evalml.checks.person_trends import check_trends
from evalml.effect.did_persons import (
    estimate_did_persons,
    person_events,
    person_events_table,
    windows_of,
)

FIRST, LAST = -12, 12


def study(**changes):
    comparison = {"design": "did_persons", "pool": "GJ", **changes.pop("comparison", {})}
    return ev.study_from(
        {
            "study": "case", "title": "One case", "programme": "CEJ", "notebook": "cej",
            "territory": {"region": "32"},
            "entries": {"from": "2022-03-01", "to": "2022-04-30"},
            "comparison": comparison, "outcomes": ["part_jours"], "horizons": [12],
            "methods": ["did_persons"],
            "primary": {"outcome": "part_jours", "horizon": 12, "method": "did_persons"},
            **changes,
        }
    )  # fmt: skip


def world(seed=1, n=400, clusters=40, effect=0.08, drift=0.0, level=0.15, by_area=0.03):
    """Arms whose levels and characteristics differ and whose trends, given these, do not."""
    rng = np.random.default_rng(seed)
    area = rng.integers(0, clusters, n)
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(-0.6 * x))
    k = np.arange(FIRST, LAST + 1)
    shock = by_area * rng.normal(size=(clusters, 1)) * (k > 0)
    y = (
        0.3 + level * treated[:, None] + 0.1 * rng.normal(size=(n, 1)) + (0.004 * k) * (1 + x[:, None])
        + shock[area] + 0.1 * rng.normal(size=(n, k.size)) + effect * (treated[:, None] & (k > 0))
        + drift * k * treated[:, None]
    )  # fmt: skip
    frame = pd.DataFrame({"d": treated, "y": y[:, -1], "x": x, "area": area})
    comparison = ev.build_comparison(
        frame, treatment="d", covariates=["x"], cluster="area",
        measures=[ev.MeasureSpec("y", "part_jours", 12, unit="proportion")],
    )  # fmt: skip
    measure = replace(comparison.measures[0], path=y, path_first=FIRST)
    return replace(comparison, measures=(measure,)), frame, y


def test_the_estimate_is_that_of_two_regressions_of_statsmodels():
    comparison, frame, y = world()
    [found] = estimate_did_persons(comparison, study())
    dy, d = y[:, -1] - y[:, 9:12].mean(axis=1), frame["d"].to_numpy(dtype=bool)
    X = sm.add_constant(frame[["x"]].to_numpy())
    score = sm.Logit(d.astype(float), X).fit(disp=0, tol=1e-12).predict()
    gap = dy - X @ sm.OLS(dy[~d], X[~d]).fit().params
    odds = (score / (1 - score))[~d]
    assert found.estimate == pytest.approx(
        gap[d].mean() - np.average(gap[~d], weights=odds), abs=1e-10
    )
    assert found.mean_treated == pytest.approx(frame["y"][d].mean())
    assert (found.n_treated, found.n_comparison) == (d.sum(), (~d).sum())


def test_without_covariates_the_event_study_is_fixed_effects_with_clustered_errors():
    comparison, frame, y = world()
    alone = ev.build_comparison(
        frame.assign(one=1.0), treatment="d", covariates=[], cluster="area",
        measures=[ev.MeasureSpec("y", "part_jours", 12)],
    )  # fmt: skip
    alone = replace(alone, measures=comparison.measures)
    windows = windows_of(study())
    events = person_events(alone, "part_jours", windows)
    d = frame["d"].to_numpy(dtype=float)
    for j, months in enumerate((*windows.before, *windows.after)):
        dy = y[:, [m - FIRST for m in months]].mean(axis=1) - y[:, 9:12].mean(axis=1)
        fit = sm.OLS(dy, sm.add_constant(d)).fit(
            cov_type="cluster", cov_kwds={"groups": frame["area"], "use_correction": False}
        )
        assert events.estimate[j] == pytest.approx(fit.params[1], abs=1e-12)
        plain = np.sqrt(40 / 39) * fit.bse[1]
        assert np.sqrt(events.covariance[j, j]) == pytest.approx(plain, rel=1e-9)


def test_arms_that_evolved_alike_pass_and_others_are_masked():
    for drift, passed in ((0.0, True), (0.01, False)):
        comparison, _, _ = world(drift=drift)
        effects = estimate_did_persons(comparison, study())
        checks = {c.name: c for c in check_trends(comparison, effects, study())}
        assert checks["pre_trend"].passed is passed, drift
        assert checks["pre_trend"].gating
    assert {"honest_relative", "honest_smooth"} <= set(checks)


def test_the_base_lies_before_what_entry_may_already_change():
    windows = windows_of(study(comparison={"anticipation": 2, "base_months": 2}))
    assert windows.base == range(-4, -2)
    assert windows.before == (range(-10, -7), range(-7, -4))
    short = study(history_months=3, comparison={"anticipation": 2})
    [found] = _refused(short)
    assert "history_months is 3" in found


def _refused(given):
    comparison, _, _ = world()
    try:
        effects = estimate_did_persons(comparison, given)
    except ev.errors.EvalmlError as error:
        return [str(error)]
    return [e.details["error"] for e in effects]


def test_the_table_holds_the_base_and_both_sides():
    comparison, _, _ = world()
    table = person_events_table(comparison, study())
    assert table["event_time"].tolist() == [-11, -8, -5, -2, 2, 5, 8, 11]
    assert table["phase"].tolist() == ["before"] * 4 + ["after"] * 4
    assert table.loc[3, "estimate"] == 0
    assert table.loc[3, ["std_error"]].isna().all()


def test_weights_on_the_past_leave_its_trend_unjudged():
    comparison, _, _ = world()
    given = study(comparison={"on_past": True})
    effects = estimate_did_persons(comparison, given)
    found = {c.name: c for c in check_trends(comparison, effects, given)}["pre_trend"]
    assert (found.passed, found.finding) == (None, "weighted")


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    held = 0
    for seed in range(300):
        comparison, _, _ = world(seed=seed, n=300, clusters=40)
        [found] = estimate_did_persons(comparison, study())
        held += found.ci_low <= 0.08 <= found.ci_high
    assert 0.93 <= held / 300 <= 0.97
