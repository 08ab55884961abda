"""The checks of a roll-out: each can fail, and says so in plain words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from in_words import say
from openings import NEVER, cells_of, study, youths

from evalml.checks import checks_table
from evalml.checks import rollout as opening_checks
from evalml.checks.rollout import check_honest, check_openings, honest_study
from evalml.effect import effects_table
from evalml.outcomes import OUTCOMES
from evalml.report import gather
from evalml.report.beside_published import ABSENT, MASKED, beside_published, opening_labels
from evalml.report.figure_rollout import guard_events, plot_event_study
from evalml.rollout.cell_effects import opening_of
from evalml.rollout.effects import estimate_openings
from evalml.rollout.event_study import (
    composition_table,
    event_study_table,
    events_of,
    opening_observation,
    opening_trajectories,
)
from evalml.values import read_messages

DECLARED = OUTCOMES["emploi_declare"]


def checks_of(cells, chosen=None):
    chosen = chosen or study()
    effects = estimate_openings(cells, chosen)
    found = check_openings(cells, effects, chosen)
    return {check.name: check for check in found if check.outcome == "emploi_m12"}, effects


@pytest.fixture(autouse=True)
def without_bounds(monkeypatch):
    """Leave out the bounds on trends, which take seconds and have a test of their own."""
    monkeypatch.setattr(opening_checks, "check_honest", lambda *_: [])


@pytest.fixture
def quiet():
    return checks_of(cells_of(youths(seed=3, effect=0.4, take_up=0.6, people=120)))[0]


def test_a_clean_opening_passes_what_can_be_judged(quiet):
    for name in ("areas", "balance", "contamination", "first_stage"):
        assert quiet[name].passed is True, quiet[name]
    assert quiet["first_demands"].passed is not False
    assert quiet["pre_trend"].passed is not False
    assert quiet["leave_one_out"].passed is not None
    assert quiet["placebo_area"].value < 0.2
    assert "12\N{NO-BREAK SPACE}territoires ouverts" in say(quiet["areas"])
    assert quiet["second_opinion"].finding == "same"  # saturated regressions of statsmodels
    assert quiet["second_opinion"].value < 1e-6


def test_no_sentence_speaks_of_entries_where_areas_open(quiet):
    for check in quiet.values():
        assert "avant l’entrée" not in say(check)
    assert "semestre" in say(quiet["pre_trend"])


def test_areas_that_drift_apart_fail_the_pre_trend():
    people = youths(seed=4, people=200)
    drift = 0.06 * (people["cohort"] - 4018) * (people["first"] == 4027)
    shaken = people.assign(y=((people["y"] + drift) > np.random.default_rng(1).random(len(people))))
    checks, _ = checks_of(cells_of(shaken.assign(y=shaken["y"].astype(float))))
    assert checks["pre_trend"].passed is False
    assert checks["pre_trend"].gating


def test_youths_who_come_for_the_programme_fail_composition_and_numbers():
    people = youths(seed=5, people=200)
    came = (people["cohort"] >= people["first"]) & (people["sexe"] == "M")
    more = pd.concat([people, people[came], people[came]], ignore_index=True)
    checks, _ = checks_of(cells_of(more))
    assert checks["balance"].passed is False
    assert checks["balance"].gating
    assert checks["first_demands"].passed is False


def test_entries_before_the_opening_are_contamination():
    people = youths(seed=6, people=120)
    early = np.random.default_rng(2).random(len(people)) < 0.2
    leaked = people.assign(entered=people["entered"] | (early & (people["level"] == "eligible")))
    checks, _ = checks_of(cells_of(leaked))
    assert checks["contamination"].passed is False
    assert "sous-estimé" in say(checks["contamination"])


def test_a_shock_that_witnesses_share_is_seen():
    people = youths(seed=7, effect=0.0, people=300)
    shock = (people["cohort"] >= people["first"]) & (
        np.random.default_rng(3).random(len(people)) < 0.3
    )
    hit = people.assign(y=np.maximum(people["y"], shock.astype(float)))
    checks, effects = checks_of(cells_of(hit))
    assert checks["witnesses"].passed is False
    found = {e.method: e for e in effects if e.horizon_months == 12}
    assert found["callaway_santanna"].ci_low > 0
    assert abs(found["triple_difference"].estimate) < 3 * found["triple_difference"].std_error


def test_a_declared_outcome_better_known_where_it_opened_is_blinded():
    people = youths(seed=8, people=200)
    followed = people["entered"] | (np.random.default_rng(4).random(len(people)) < 0.6)
    cells = cells_of(people.assign(y=people["y"].where(followed)))
    table = cells.table.rename(
        columns={"emploi_n": "emploi_declare_n", "emploi_sum": "emploi_declare_sum"}
    )
    declared = replace(cells, table=table, outcomes=(DECLARED,), blocks={}, cache={})
    chosen = study(
        outcomes=["emploi_declare"], breaks=["2015-08-01"],
        primary={"outcome": "emploi_declare", "horizon": 12, "method": "callaway_santanna"},
    )  # fmt: skip
    effects = estimate_openings(declared, chosen)
    found = check_openings(declared, effects, chosen)
    observation = next(
        c for c in found if (c.name, c.outcome) == ("observation", "emploi_declare_m12")
    )
    assert observation.passed is False
    assert observation.gating
    assert any(c.name == "system_break" and c.passed is None for c in found)
    seen = opening_observation(declared, chosen).set_index(["measure", "arm"])["value"]
    assert (
        seen["known_emploi_declare", "treated"] > seen["known_emploi_declare", "comparison"] + 0.1
    )


def test_a_horizon_that_cannot_be_compared_is_blinded_with_its_reason():
    chosen = study(horizons=[12, 24])
    cells = cells_of(youths(groups=(4027, 4031)), months=(12, 24))
    effects = estimate_openings(cells, chosen)
    found = check_openings(cells, effects, chosen)
    [areas] = [c for c in found if (c.name, c.outcome) == ("areas", "emploi_m24")]
    assert areas.passed is False
    assert "aucun territoire" in say(areas)
    results = results_of(cells, effects, found, chosen)
    rows = results["effects"].set_index(["horizon_months", "method"])
    assert rows.loc[(24.0, "callaway_santanna"), "status"] == "blinded"


def results_of(cells, effects, checks, chosen):
    composition = composition_table(cells, chosen, 12)
    frames = {
        "effects": effects_table(effects),
        "checks": checks_table(checks),
        "flow": cells.flow,
        "balance": composition,
        "trajectories": opening_trajectories(cells, chosen),
        "observation": opening_observation(cells, chosen),
        "event_study": event_study_table(cells, chosen),
    }
    return gather(chosen, frames, opening_labels(composition["covariate"]))


def test_the_path_of_the_bounds_has_no_hole_and_weighs_the_open_half_years():
    events = events_of(opening_of(cells_of(youths()), OUTCOMES["emploi"], 12))
    built = honest_study(events)
    assert built is not None
    found, weights = built
    times = found.times[found.after]
    assert weights.sum() == pytest.approx(1)
    assert (weights[times < 0] == 0).all()
    assert (weights[times >= 0] > 0).all()


def test_blinded_effects_leave_the_event_study_but_not_its_past():
    cells = cells_of(youths(people=120))
    events = event_study_table(cells, study())
    rows = {"outcome": ["emploi"] * 2, "horizon_months": [6.0, 12.0], "subgroup": ["", ""]}
    effects = pd.DataFrame(rows | {"status": ["shown", "blinded"]})
    guarded = guard_events(events, effects).set_index(["horizon_months", "phase"])
    assert guarded.loc[(12, "after"), "estimate"].isna().all()
    assert guarded.loc[(12, "before"), "estimate"].notna().all()
    assert guarded.loc[(6, "after"), "estimate"].notna().all()
    figure = plot_event_study(guard_events(events, effects), "emploi", 12)
    after = events[(events["horizon_months"] == 12) & (events["phase"] == "after")]
    assert f"Semestre {int(after['event_time'].iloc[0])} :" not in figure.alt


def test_published_effects_are_set_beside_the_nearest_estimate():
    # The committee's interim and final figures, Filippucci's, the Dares': as read (domain notes).
    cells = cells_of(youths(seed=3, effect=0.4, take_up=0.6, people=120))
    effects = estimate_openings(cells, study())
    results = results_of(cells, effects, [], study())
    beside = beside_published(results, study()).set_index("source")
    first = [each.split(" points")[0] for each in beside["published"]]
    assert first[:4] == ["+10", "+7,1", "+6,4", "+33"]  # interim, final, final durable, Filippucci
    dares = beside.index[0]
    wald = next(e for e in effects if (e.method, e.horizon_months) == ("wald_did", 12))
    assert f"{100 * wald.estimate:.1f}".replace(".", ",") in beside.loc[dares, "ours"]
    assert read_messages(beside["words"].iloc[3]) == (ABSENT,)
    blind = results["effects"].assign(status="blinded")
    masked = beside_published({"effects": blind}, study())["words"].iloc[0]
    assert read_messages(masked) == (MASKED,)
    assert NEVER not in beside.index


def test_an_effect_that_is_sure_is_told_with_the_drift_it_survives():
    cells = cells_of(youths(seed=3, effect=0.8, take_up=0.8, people=200))
    opening = opening_of(cells, OUTCOMES["emploi"], 12)
    [effect] = [
        e
        for e in estimate_openings(cells, study(methods=["callaway_santanna"]))
        if e.horizon_months == 12
    ]
    relative, smooth = check_honest(opening, effect, study())
    assert relative.name == "honest_relative"
    assert relative.value > 0
    assert relative.passed is (relative.value >= 1)
    assert smooth.value > 0
    assert not relative.gating
