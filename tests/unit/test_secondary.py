"""What a study declares beside its main analysis: checked with it, made as if it stood alone."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from tests_root import study_values

import evalml as ev
from evalml.effect import Effect
from evalml.errors import StudyError
from evalml.evaluation.secondary import judged
from evalml.report.protect import protect_results
from evalml.report.study_views import shown_secondary
from evalml.study import study_from
from evalml.values import read_messages

LEAN = ["sexe", "age", "qpv", "permis_b", "actes_3m", "emploi_avant_1", "mois_emploi_avant"]


def study(secondary, **changes):
    values = study_values("cej_2024_hdf")
    values |= {
        "covariates": LEAN,
        "subgroups": [],
        "outcomes": ["emploi", "formation"],
        "horizons": [6, 12],
        "methods": ["diff", "ipw"],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "ipw"},
        "secondary": secondary,
    }
    return study_from(values | changes)


@pytest.fixture(scope="module")
def tables(small_extract):
    engine = ev.open_engine()
    return ev.accept_tables(ev.read_extract(small_extract, engine), engine), engine


FAULTS = {
    "an unknown key": ({"covariatez": []}, r"unknown key 'secondary\.a\.covariatez'; did you mean"),
    "a key it may not change": ({"programme": "GJ"}, r"unknown key 'secondary\.a\.programme'"),
    "an unknown key of a part": (
        {"comparison": {"design": "rollout", "pol": "x"}},
        r"unknown key 'secondary\.a\.comparison\.pol'; did you mean 'pool'",
    ),
    "a value out of its bounds": (
        {"horizons": [48]},
        r"secondary\.a: horizon 48 lies beyond follow_up_months",
    ),
    "a programme as its own comparator": (
        {"comparison": {"design": "active_comparator", "pool": "CEJ"}},
        r"secondary\.a: comparison\.pool is 'CEJ'",
    ),
    "an outcome no longer there": ({"outcomes": ["formation"]}, r"secondary\.a: primary\.outcome"),
}


@pytest.mark.parametrize("case", FAULTS, ids=list(FAULTS))
def test_a_fault_is_named_with_its_place(case):
    changes, sentence = FAULTS[case]
    with pytest.raises(StudyError, match=sentence):
        study({"a": {"title": "Une autre", **changes}})


def test_an_analysis_needs_a_title():
    with pytest.raises(StudyError, match=r"missing key 'secondary\.a\.title'"):
        study({"a": {"horizons": [6, 12]}})


def test_an_analysis_is_the_study_with_its_own_keys_in_their_place():
    given = {
        "title": "Autre",
        "eligibility": {"accompanied_within_months": 3},
        "comparison": {"design": "active_comparator", "pool": "PACEA"},
        "primary": {"horizon": 6},
    }
    base = study({"autre": given})
    other = base.analyses()["autre"]
    # A part is changed key by key, but a territory, a period and a comparison are given whole.
    assert other.eligibility.accompanied_within_months == 3
    assert other.eligibility.outside_programmes == base.eligibility.outside_programmes
    assert other.primary.model_dump() == {"outcome": "emploi", "horizon": 6, "method": "ipw"}
    assert other.comparison.pool == "PACEA"
    assert other.secondary == {}
    assert other.covariates == base.covariates


@pytest.mark.slow
def test_an_analysis_gives_what_the_same_study_alone_gives(tables):
    accepted, engine = tables
    narrow = {"title": "Récents", "eligibility": {"accompanied_within_months": 2}}
    base = study({"recents": narrow, "six_mois": {"title": "Autre méthode", "methods": ["ipw"]}})
    frame = ev.secondary_analyses(accepted, base, engine)
    assert list(dict.fromkeys(frame["analysis"])) == ["recents", "six_mois"]
    alone = base.analyses()["recents"]
    cohort = ev.build_cohort(accepted, ev.target_trial(alone), alone.covariates, engine)
    outcomes = ev.compute_outcomes(ev.build_panel(accepted, cohort, engine), alone.outcomes)
    arms = ev.assemble(outcomes, alone.horizons, (), engine)
    expected = ev.effects_table(ev.estimate_study(arms.comparison, alone))
    found = frame[frame["analysis"] == "recents"].reset_index(drop=True)
    assert found[list(expected.columns)].equals(expected)
    assert (frame["max_smd"] < 0.1).all()


@pytest.mark.slow
def test_the_panel_of_the_main_analysis_is_read_again_not_made_again(tables):
    accepted, engine = tables
    base = study({"methode": {"title": "Autre méthode", "methods": ["ipw"]}})
    cohort = ev.build_cohort(accepted, ev.target_trial(base), base.covariates, engine)
    panel = ev.build_panel(accepted, cohort, engine)
    before = len([name for name, _ in engine.statements if name.startswith("person_months")])
    ev.secondary_analyses(accepted, base, engine, panel)
    after = len([name for name, _ in engine.statements if name.startswith("person_months")])
    assert after == before


@pytest.mark.slow
def test_an_analysis_is_masked_by_its_own_checks_and_one_that_cannot_be_made_says_so(tables):
    accepted, engine = tables
    base = study(
        {
            "stricte": {"title": "Seuil impossible", "checks": {"observation_gap": 0.0}},
            "trop_tot": {
                "title": "Avant l’extrait",
                "entries": {"from": "2025-11-01", "to": "2025-12-31"},
            },
        }
    )
    frame = ev.secondary_analyses(accepted, base, engine)
    strict = frame[frame["analysis"] == "stricte"]
    masked = strict[strict["status"] == "blinded"]
    assert set(masked["outcome"]) == {"formation"}
    assert (masked["reason"] != "").all()
    late = frame[frame["analysis"] == "trop_tot"]
    assert late["status"].tolist() == ["blinded"]
    assert [m.key for m in read_messages(late["causes"].iloc[0])] == ["secondary.no_cohort"]
    assert "suivre et comparer" in late["reason"].iloc[0]
    safe = protect_results({"secondary": frame}, 11)["secondary"]
    assert len(safe) == len(frame)


@pytest.mark.parametrize(("estimate", "masked"), [(5.004, True), (0.5, False), (-1.2, True)])
def test_a_share_that_changes_by_more_than_the_whole_is_masked_here_too(estimate, masked):
    effect = Effect(
        "emploi", 12, "late", "iv", estimate, 0.1, estimate - 0.2, estimate + 0.2, 0.0, 100, 900,
        0.5, 0.4, "proportion",
    )  # fmt: skip
    adjusted = SimpleNamespace(balance=pd.DataFrame({"smd_after": [0.01]}))
    [row] = judged([effect], [], adjusted).to_dict("records")
    assert row["status"] == ("blinded" if masked else "exploratory")
    assert [m.key for m in read_messages(row["causes"])] == ["secondary.impossible"] * masked


def test_a_notebook_shows_the_primary_method_and_one_line_of_an_analysis_all_masked():
    rows = [
        {"analysis": a, "title": a, "outcome": "emploi", "horizon_months": h, "method": m,
         "status": "blinded" if a == "vain" else "exploratory", "estimate": 0.1, "std_error": 0.01,
         "ci_low": 0.08, "ci_high": 0.12, "unit": "proportion", "n_treated": 100,
         "n_comparison": 200, "p_value": 0.1, "mean_treated": 0.5, "mean_comparison": 0.4}
        for a in ("utile", "vain") for h in (6, 12) for m in ("diff", "aipw")
    ]  # fmt: skip
    shown = shown_secondary({"secondary": pd.DataFrame(rows)}, {}, "aipw").frame
    assert shown["analyse"].tolist() == ["utile", "", "vain"]
    assert shown["effet"].tolist()[2] == "masqué"
    assert len(shown_secondary({"secondary": pd.DataFrame(rows)}).frame) == 5
