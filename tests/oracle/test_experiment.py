"""Randomised trials: against R's estimatr, exact tests and known truths, and what is refused.

The numbers of R come from tests/oracle/experiment_reference.R on the table made by `reference()`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import evalml as ev
from evalml.checks.experiment import check_draw, check_experiment
from evalml.effect.experiment import (
    estimate_experiment,
    randomisation_p,
    redraw,
    strata_of,
)

R = {"itt": (0.002863930722, 0.126876029018, 228), "late": (0.008356559767, 0.213039450333)}
"""estimatr::difference_in_means(y ~ z, blocks = s) and iv_robust(y ~ d + s | z + s, "HC0")."""


def study(**changes):
    return ev.study_from(
        {
            "study": "case", "title": "One case", "programme": "CEJ", "notebook": "cej",
            "territory": {"region": "32"}, "estimand": "itt",
            "entries": {"from": "2024-03-01", "to": "2024-03-31"},
            "comparison": {"design": "randomised_trial"}, "outcomes": ["emploi"], "horizons": [12],
            "methods": ["itt", "late"],
            "primary": {"outcome": "emploi", "horizon": 12, "method": "itt"}, **changes,
        }
    )  # fmt: skip


def drawn(frame):
    """The two arms of a table with the stratum `s`, the offer `z`, the entry `d`, the outcome `y`."""
    comparison = ev.build_comparison(
        frame, treatment="z", covariates=["x"] if "x" in frame else [], strata=["s"],
        measures=[ev.MeasureSpec("y", "emploi", 12)],
    )  # fmt: skip
    return replace(comparison, delay=np.where(frame["d"] == 1, 2, 10_000))


def reference():
    rng = np.random.default_rng(7)
    s, z = np.repeat(np.arange(6), 40), np.zeros(240, int)
    for b in range(6):
        z[rng.choice(np.flatnonzero(s == b), 14 + 2 * b, replace=False)] = 1
    d = np.where(z == 1, rng.random(240) < 0.7, rng.random(240) < 0.1).astype(int)
    y = np.round(0.2 * d + 0.1 * s + rng.normal(size=240), 4)
    return pd.DataFrame({"s": s, "z": z, "d": d, "y": y})


def test_both_estimates_are_those_of_estimatr():
    itt, late = estimate_experiment(drawn(reference()), study())
    assert (itt.estimate, itt.std_error, itt.details["df"]) == pytest.approx(R["itt"], abs=1e-9)
    assert (late.estimate, late.std_error) == pytest.approx(R["late"], abs=1e-9)
    assert (itt.estimand, late.estimand) == ("itt", "late")


def test_the_redrawn_p_value_is_the_exact_one():
    y = np.array([3.1, 0.2, 1.9, 0.4, 2.2, 0.1, 1.2, 0.3])
    z = np.array([1, 0, 1, 0, 1, 0, 0, 1], dtype=bool)
    s = np.zeros(8, dtype=np.int64)
    seen = abs(y[z].mean() - y[~z].mean())
    every = [
        abs(y[list(c)].mean() - np.delete(y, list(c)).mean()) for c in combinations(range(8), 4)
    ]
    exact = np.mean([e >= seen - 1e-12 for e in every])
    assert randomisation_p(y, z, s, 20_000, 1) == pytest.approx(exact, abs=0.01)


def test_a_draw_made_again_gives_each_stratum_its_offers():
    rng = np.random.default_rng(1)
    s = rng.integers(0, 5, 300)
    z = rng.random(300) < 0.2 + 0.1 * s
    again = redraw(s, z, rng)
    assert (np.bincount(s[again]) == np.bincount(s[z])).all()
    assert (again != z).any()


def world(seed, n=240, effect=0.1):
    rng = np.random.default_rng(seed)
    s, ease = rng.integers(0, 4, n), rng.normal(size=n)
    z = np.zeros(n, int)
    for b in range(4):
        rows = np.flatnonzero(s == b)
        z[rng.choice(rows, rows.size // (2 + b % 2), replace=False)] = 1
    d = ((ease > -0.3) & (z == 1)) | (ease > 1.5)  # who takes up would do better anyway
    y = 0.3 + 0.05 * s + 0.1 * ease + effect * d + 0.3 * rng.normal(size=n)
    return pd.DataFrame({"s": s, "z": z, "d": d.astype(int), "y": y, "x": rng.normal(size=n)})


@pytest.mark.slow
def test_intervals_hold_the_truth_and_tests_keep_their_size():
    held, rejected = {"itt": 0, "late": 0}, 0
    for seed in range(400):
        frame = world(seed)
        moved = float(frame.groupby("s").apply(_moved, include_groups=False).mean())
        for e in estimate_experiment(drawn(frame), study()):
            truth = 0.1 if e.method == "late" else 0.1 * _share()
            held[e.method] += e.ci_low <= truth <= e.ci_high
        assert moved > 0.3
        null = world(seed, n=120, effect=0.0)
        p = randomisation_p(
            null["y"].to_numpy(), null["z"].to_numpy(bool), null["s"].to_numpy(), 99, seed
        )
        rejected += p <= 0.05
    assert all(0.93 <= h / 400 <= 0.97 for h in held.values()), held
    assert 0.03 <= rejected / 400 <= 0.07


def _moved(rows):
    return rows.loc[rows["z"] == 1, "d"].mean() - rows.loc[rows["z"] == 0, "d"].mean()


def _share():
    """Share that the offer decides: between -0.3 and 1.5 of a normal ease."""
    from scipy.stats import norm

    return float(norm.cdf(1.5) - norm.cdf(-0.3))


def test_a_list_that_was_not_followed_masks_the_effects():
    fair = world(3, n=400)
    chosen = fair.assign(
        z=(fair["x"] + 0.5 * np.random.default_rng(2).normal(size=400) > 0).astype(int)
    )
    assert check_draw(drawn(fair), study().checks).passed
    checks = check_experiment(drawn(chosen), [], study())
    assert [c.passed for c in checks if c.name == "draw"] == [False]
    assert next(c for c in checks if c.name == "draw").gating


def test_losses_that_the_draw_explains_are_told_from_others():
    frame = world(3, n=400)
    for share, passed in ((0.0, True), (0.4, False)):
        lost = (frame["z"] == 1) & (np.random.default_rng(4).random(400) < share)
        lost |= np.random.default_rng(5).random(400) < 0.1
        comparison = drawn(frame.assign(y=frame["y"].mask(lost)))
        checks = check_experiment(comparison, estimate_experiment(comparison, study()), study())
        assert [c.passed for c in checks if c.name == "attrition"] == [passed]
        assert any(c.name == "randomisation" for c in checks)


def test_a_stratum_with_one_arm_and_an_offer_that_decides_nobody_are_refused():
    frame = reference()
    single = frame.assign(z=frame["z"].where(frame["s"] > 0, 0))
    itt, _ = estimate_experiment(drawn(single), study())
    assert "fewer than 2 rows known" in itt.details["error"]
    same = frame.assign(d=1)
    assert "decides nobody" in estimate_experiment(drawn(same), study())[1].details["error"]
    assert np.isnan(itt.estimate)
    assert strata_of(drawn(frame)).max() == 5
