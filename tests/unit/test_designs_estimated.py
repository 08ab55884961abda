"""The instrument, the foreseen power and the subgroups a study declares, against pencil and paper."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from in_words import say
from scipy import stats

import evalml as ev
from evalml.checks.power import intraclass
from evalml.comparison.arms import group_rare
from evalml.effect.sample import EstimationSettings
from evalml.effect.study_effects import estimate_encouragement, group_effects
from evalml.errors import EstimationError
from evalml.methods.instruments import IvData, two_stage_least_squares


def study(**changes):
    return ev.study_from(
        {
            "study": "case",
            "title": "One case",
            "programme": "PARRAINAGE",
            "notebook": "parrainage",
            "territory": {"region": "32"},
            "entries": {"from": "2024-01-01", "to": "2024-03-31"},
            "comparison": {"design": "encouragement", "instrument": "capacite"},
            "outcomes": ["y"],
            "horizons": [12],
            "methods": ["iv"],
            "primary": {"outcome": "y", "horizon": 12, "method": "iv"},
            **changes,
        }
    )


def world(n=6000, areas=30, move=1.5, seed=5):
    """Take-up moved by the capacity of 30 areas and by a hidden ease that also moves outcomes."""
    rng = np.random.Generator(np.random.PCG64(seed))
    area = rng.integers(0, areas, n)
    capacity = rng.normal(size=areas)[area]
    ease = rng.normal(size=n)
    x = rng.normal(size=n)
    month = rng.integers(0, 3, n)
    d = (move * capacity + ease + 0.3 * x + rng.normal(size=n) > 1).astype(int)
    y = 2.0 * d + ease + 0.5 * x + 0.2 * month + rng.normal(size=n)
    frame = pd.DataFrame({"d": d, "y": y, "x": x, "area": area, "month": month})
    from dataclasses import replace

    comparison = ev.build_comparison(
        frame,
        treatment="d",
        measures=[ev.MeasureSpec("y", "y", 12)],
        covariates=["x"],
        cluster="area",
        strata=["month"],
    )
    return replace(comparison, instrument=capacity), frame


def test_the_instrument_finds_what_the_hidden_ease_hides():
    comparison, _ = world()
    found, reduced = estimate_encouragement(comparison)
    assert (found.method, found.estimand, found.horizon_months) == ("iv", "late", 12)
    assert abs(found.estimate - 2.0) < 3 * found.std_error < 1.0
    [naive] = ev.estimate_effects(comparison, ["ols"])
    assert naive.estimate > found.ci_high
    assert (reduced.method, reduced.estimand) == ("reduced_form", "itt")


def test_the_months_are_held_fixed_as_dummies_would_hold_them():
    comparison, frame = world(n=900)
    dummies = pd.get_dummies(frame["month"])[[1, 2]].to_numpy(dtype=float)
    fit = two_stage_least_squares(
        IvData(
            frame["y"].to_numpy(),
            frame["d"].to_numpy(dtype=float),
            comparison.instrument[:, None],
            np.column_stack([frame["x"], dummies]),
            cluster=frame["area"].to_numpy(),
        )
    )
    found, reduced = estimate_encouragement(comparison)
    assert found.estimate == pytest.approx(fit.late, rel=1e-8)
    assert found.details["first_stage_f"] == pytest.approx(fit.first_stage_f, rel=1e-8)
    # The reduced form over the first stage, both for one standard deviation, is the estimate.
    stage = fit.first_stage[0] * reduced.details["instrument_sd"]
    assert reduced.estimate / stage == pytest.approx(found.estimate, rel=1e-8)


def test_a_weak_instrument_is_a_failed_check_that_blinds():
    comparison, _ = world(n=800, move=0.0)
    effects = ev.estimate_study(comparison, study())
    checks = ev.check_study(comparison, effects, None, study())
    [strength] = [c for c in checks if c.name == "instrument_strength"]
    assert strength.passed is False
    assert strength.gating
    assert "faible" in say(strength)


def test_a_strong_instrument_passes_and_its_robust_interval_is_told():
    comparison, _ = world()
    effects = ev.estimate_study(comparison, study())
    checks = {c.name: c for c in ev.check_study(comparison, effects, None, study())}
    assert checks["instrument_strength"].passed is True
    assert "Anderson-Rubin" in say(checks["anderson_rubin"])
    assert ev.check_primary(comparison, effects, study()) == []
    assert checks["second_opinion"].finding == "same"  # two-stage least squares of statsmodels
    assert checks["second_opinion"].value < 1e-6


def test_there_is_no_encouragement_without_an_instrument():
    from dataclasses import replace

    comparison, _ = world(n=300)
    with pytest.raises(EstimationError, match="no instrument"):
        estimate_encouragement(replace(comparison, instrument=None))


def two_arms(y0, d, area=None):
    frame = pd.DataFrame({"d": d, "y": y0, "x": np.arange(len(d)) % 2, "area": area or 0})
    return ev.build_comparison(
        frame,
        treatment="d",
        measures=[ev.MeasureSpec("y", "y", 12, "proportion")],
        covariates=[],
        cluster=None if area is None else "area",
    )


def test_the_foreseen_error_is_that_of_pencil_and_paper():
    # 100 treated, 400 compared of whom 100 work: p = 1/4, s^2 = 3/16 (400/399 for the mean spent).
    y0 = np.r_[np.ones(100), np.tile([1.0, 0.0, 0.0, 0.0], 100)]
    d = np.r_[np.ones(100), np.zeros(400)].astype(int)
    comparison = two_arms(y0, d)
    expected = np.sqrt(3 / 16 * 400 / 399 * (1 / 100 + 1 / 400))
    table = ev.power_table(comparison, np.ones(500), study())
    assert table.loc[0, "baseline"] == pytest.approx(25)
    quantiles = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert table.loc[0, "detectable"] == pytest.approx(100 * quantiles * expected)


def test_the_outcomes_of_the_treated_are_not_looked_at():
    d = np.r_[np.ones(50), np.zeros(200)].astype(int)
    y0 = np.tile([1.0, 0.0], 125)
    changed = np.where(d == 1, 1 - y0, y0)
    tables = [ev.power_table(two_arms(y, d), np.ones(250), study()) for y in (y0, changed)]
    assert tables[0].equals(tables[1])


def test_the_intraclass_correlation_is_one_between_constant_groups_and_zero_within():
    groups = np.repeat(np.arange(5), 4)
    assert intraclass(groups.astype(float), groups) == pytest.approx(1.0)
    assert intraclass(np.tile([0.0, 1.0, 0.0, 1.0], 5), groups) == 0.0


def test_a_study_too_small_for_its_useful_effect_says_so():
    d = np.r_[np.ones(50), np.zeros(200)].astype(int)
    table = ev.power_table(two_arms(np.tile([1.0, 0.0], 125), d), np.ones(250), study())
    asked = {wanted: ev.check_power(table, study(minimum_effect=wanted)) for wanted in (0.02, 0.5)}
    assert asked[0.02].passed is False
    assert not asked[0.02].gating
    assert "lui échapperait" in say(asked[0.02])
    assert asked[0.5].passed is True


def test_subgroups_are_estimated_on_the_primary_outcome_only():
    rng = np.random.Generator(np.random.PCG64(3))
    frame = pd.DataFrame(
        {
            "d": rng.integers(0, 2, 600),
            "y": rng.normal(size=600),
            "z": rng.normal(size=600),
            "x": rng.normal(size=600),
            "sexe": rng.choice(["F", "M"], 600),
        }
    )
    specs = [ev.MeasureSpec("y", "y", 12), ev.MeasureSpec("z", "z", 12)]
    comparison = ev.build_comparison(
        frame, treatment="d", measures=specs, covariates=["x"], subgroups=["sexe"]
    )
    asked = study(
        comparison={"design": "sequential_trials"},
        outcomes=["y", "z"],
        methods=["diff", "aipw"],
        primary={"outcome": "y", "horizon": 12, "method": "aipw"},
        subgroups=["sexe"],
    )
    effects = ev.estimate_study(comparison, asked)
    within = [e for e in effects if e.subgroup]
    assert {(e.outcome, e.method, e.subgroup_value) for e in within} == {
        ("y", "aipw", "F"),
        ("y", "aipw", "M"),
    }
    whole = {(e.outcome, e.method): e.estimate for e in effects if not e.subgroup}
    alone = ev.estimate_effects(comparison, ["diff", "aipw"], seed=asked.seed)
    assert whole == {(e.outcome, e.method): e.estimate for e in alone if not e.subgroup}


def test_an_unknown_of_its_own_held_by_a_few_is_given_the_usual_level():
    # 40 rows of which nothing is known, 3 more of which the diploma alone is not.
    frame = pd.DataFrame(
        {
            "niveau_diplome": ["INCONNU"] * 43 + ["BAC"] * 157,
            "qpv": ["INCONNU"] * 40 + ["false"] * 160,
        }
    )
    treated = np.tile([True, False], 100)
    grouped, notes = group_rare(frame, ["niveau_diplome", "qpv"], treated)
    assert (grouped["niveau_diplome"] == "INCONNU").sum() == 40
    assert len(notes) == 1
    kept, none = group_rare(frame, ["niveau_diplome", "qpv"], treated, fewest=1)
    assert kept.equals(frame)
    assert none == ()


def test_the_groups_of_one_level_are_the_whole_and_the_arms_of_two_add_up():
    rng = np.random.Generator(np.random.PCG64(4))
    n = 1500
    x, sexe = rng.normal(size=n), rng.choice(["F", "M"], n)
    d = (x + rng.normal(size=n) > 0.8).astype(int)
    y = x + d * np.where(sexe == "F", 2.0, 0.0) + rng.normal(size=n)
    frame = pd.DataFrame({"d": d, "y": y, "x": x, "sexe": sexe, "tous": "oui"})
    comparison = ev.build_comparison(
        frame,
        treatment="d",
        measures=[ev.MeasureSpec("y", "y", 12)],
        covariates=["x"],
        subgroups=["tous", "sexe"],
    )
    settings = EstimationSettings(seed=1)
    [everybody, women, men] = group_effects(comparison, settings)
    [whole, *_] = ev.estimate_effects(comparison, ["aipw"], seed=1)
    assert everybody.estimate == pytest.approx(whole.estimate, rel=1e-10)
    assert everybody.std_error == pytest.approx(whole.std_error, rel=1e-10)
    assert women.ci_low < 2.0 < women.ci_high
    assert men.ci_low < 0.0 < men.ci_high
    assert women.n_treated + men.n_treated == whole.n_treated


def test_a_group_of_a_few_or_of_the_unknown_has_no_effect_but_keeps_its_counts():
    rng = np.random.Generator(np.random.PCG64(6))
    n = 600
    frame = pd.DataFrame({"d": rng.integers(0, 2, n), "y": rng.normal(size=n)})
    frame["x"], frame["qpv"] = rng.normal(size=n), "false"
    frame.loc[:99, "qpv"], frame.loc[100:119, "qpv"] = "INCONNU", "true"
    comparison = ev.build_comparison(
        frame,
        treatment="d",
        measures=[ev.MeasureSpec("y", "y", 12)],
        covariates=["x"],
        subgroups=["qpv"],
    )
    effects = {e.subgroup_value: e for e in group_effects(comparison, EstimationSettings(seed=1))}
    assert np.isfinite(effects["false"].estimate)
    assert np.isnan(effects["true"].estimate)
    assert np.isnan(effects["INCONNU"].estimate)
    assert sum(e.n_treated for e in effects.values()) == comparison.n_treated
