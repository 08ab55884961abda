"""The table of durations against R's survival (`survfit` of a multi-state outcome, weighted).

    fit <- survfit(Surv(time, factor(event, 0:2)) ~ arm, d, weights = w)
    summary(fit, times = c(3, 12)); summary(fit, rmean = 12)$table

The errors of the differences are those of a grouped jackknife made in R: the derivative of both by
the weights of each area, summed in squares times G / (G - 1).
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from evalml.effect.durations import durations_table, first_times
from evalml.methods.durations import ORIGIN, Durations
from evalml.methods.survival import incidence_path

MONTHS = np.arange(-2, 19)


def people():
    """Give 400 persons: arm, area, time, cause and weight."""
    rng, n = np.random.default_rng(5), 400
    arm, area = np.arange(n) % 3 == 0, rng.integers(0, 12, n)
    one, two = rng.geometric(0.06 + 0.04 * arm), rng.geometric(0.03, n)
    end = rng.integers(4, 19, n)
    time = np.minimum(np.minimum(one, two), end)
    cause = np.where(one <= np.minimum(two, end), 1, np.where(two <= end, 2, 0))
    return arm, area, time, cause, np.where(arm, 1.0, np.round(rng.uniform(0.2, 2, n), 3))


def paths_of(time, cause):
    """Give the outcome and what competes, month by month, unknown once censored."""
    after = MONTHS[None, :] > time[:, None]
    lost = after & (cause[:, None] == 0)
    at = MONTHS[None, :] >= time[:, None]
    both = [np.where(lost, np.nan, at & (cause[:, None] == k)) for k in (1, 2)]
    return [np.where(MONTHS == 0, 1.0, each) for each in both]  # time zero itself does not count


def test_incidence_and_mean_time_are_those_of_survfit():
    arm, _, time, cause, w = people()
    found = {}
    for code in (False, True):
        rows = arm == code
        entry = np.full(int(rows.sum()), ORIGIN)
        part = Durations(entry, time[rows].astype(float), cause[rows], w[rows])
        found[code] = incidence_path(part, 1, 12)
    path, influence = found[True]
    assert path[[2, 11]] == pytest.approx([0.2835820896, 0.6695417795], abs=1e-9)
    errors = np.sqrt((influence[:, [2, 11]] ** 2).sum(axis=0))
    assert errors == pytest.approx([0.03893769306, 0.04678481108], abs=1e-9)
    assert path[:11].sum() == pytest.approx(4.710966097, abs=1e-8)
    path, influence = found[False]
    assert path[[2, 11]] == pytest.approx([0.1936057011, 0.4845784713], abs=1e-9)
    errors = np.sqrt((influence[:, [2, 11]] ** 2).sum(axis=0))
    assert errors == pytest.approx([0.02590453981, 0.03954570272], abs=1e-9)


def test_the_difference_of_the_arms_has_the_error_of_the_areas_jackknifed():
    arm, area, time, cause, w = people()
    event, other = paths_of(time, cause)
    again = first_times(event, [other], MONTHS)
    assert [x.tolist() for x in again] == [time.tolist(), cause.tolist()]
    outcome = [SimpleNamespace(name=name) for name in ("emploi", "formation")]
    arms = SimpleNamespace(
        comparison=SimpleNamespace(treated=arm, cluster=area),
        trajectories=[
            SimpleNamespace(outcome=o, months=MONTHS, values=v)
            for o, v in zip(outcome, (event, other), strict=True)
        ],
    )
    study = SimpleNamespace(
        durations=SimpleNamespace(event="emploi", competing=("formation",)),
        horizons=(12, 6),
        checks=SimpleNamespace(minimum_count=11),
    )
    table = (
        durations_table(arms, w, study).set_index(["measure", "arm", "horizon_months"]).sort_index()
    )
    both = table.loc[[("incidence", "difference", 12), ("mean_time", "difference", 12)]]
    assert both["estimate"].tolist() == pytest.approx([0.1849633082, -1.4283294271], abs=1e-8)
    assert both["std_error"].tolist() == pytest.approx([0.068924909, 0.666951076], rel=1e-4)
    steps = table.loc[("incidence", "treated")]
    happened = ((time <= 12) & (cause == 1) & arm).sum()
    assert steps["events"].min() >= 11
    assert happened - 11 < steps["events"].sum() <= happened
    assert both["events"].tolist() == [happened, happened]  # the treated arm is the smaller
    assert steps["estimate"].loc[[6, 12]].notna().all()
    assert table.loc[("mean_time", "treated", 12), "estimate"] == pytest.approx(12 - 4.710966097)


def test_what_comes_after_a_gap_is_not_known_to_be_the_first_time():
    nan = np.nan
    months = np.arange(0, 5)
    event = np.array([[1, 0, 0, 1, 0], [0, 0, nan, 1, 0], [0, nan, 1, 1, 1], [0, 1, 1, 1, 1.0]])
    other = np.array([[0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0.0]])
    time, how = first_times(event, [other], months)
    assert time.tolist() == [2, 1, 0, 1]
    assert how.tolist() == [2, 0, 0, 1]
    assert first_times(event, [], months)[0].tolist() == [3, 1, 0, 1]
