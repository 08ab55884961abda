"""On the demonstration extract, whose truth is known, the right design finds it and the naive one does not."""

from __future__ import annotations

import pandas as pd
import pytest
from tests_root import ROOT

import evalml as ev


@pytest.fixture(scope="module")
def estimates(demo_extract):
    study = ev.read_study(ROOT / "params/cej_2024_hdf.yaml")
    engine = ev.open_engine()
    tables = ev.accept_tables(ev.read_extract(demo_extract, engine), engine)
    cohort = ev.build_cohort(tables, ev.target_trial(study), study.covariates, engine)
    outcomes = ev.compute_outcomes(ev.build_panel(tables, cohort, engine), ["emploi"])
    arms = ev.assemble(outcomes, study.horizons, [], engine)
    effects = ev.estimate_effects(arms.comparison, study.methods, seed=study.seed)
    return {(e.method, e.horizon_months): e for e in effects}


@pytest.fixture(scope="module")
def truth(demo_extract):
    table = pd.read_csv(demo_extract / "truth/effects.csv", keep_default_na=False)
    rows = table[
        (table["programme"] == "CEJ")
        & (table["outcome"] == "emploi")
        & (table["subgroup"] == "all")
    ]
    return rows.set_index("horizon_months")["true_att"].astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [3, 6, 12])
@pytest.mark.parametrize("method", ["ipw", "aipw"])
def test_the_adjusted_interval_covers_the_true_effect(estimates, truth, method, horizon):
    effect = estimates[method, horizon]
    assert effect.ci_low <= truth[horizon] <= effect.ci_high


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [3, 6, 12])
def test_the_naive_interval_does_not(estimates, truth, horizon):
    effect = estimates["diff", horizon]
    assert not effect.ci_low <= truth[horizon] <= effect.ci_high


@pytest.mark.slow
def test_the_naive_difference_even_has_the_wrong_sign_at_twelve_months(estimates, truth):
    assert truth[12] > 0.05
    assert estimates["diff", 12].ci_high < 0
