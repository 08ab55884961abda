"""Areas that open: who is compared, the effects, their error, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from openings import COHORTS, NEVER, OUTCOME, cells_of, study, youths

from evalml.errors import EstimationError
from evalml.methods.callaway_santanna import callaway_santanna_sections
from evalml.methods.effect import Naming, effect_of_influence
from evalml.methods.group_time import RolloutOptions
from evalml.methods.instruments import FuzzyData, wald_did
from evalml.methods.panel import CrossSections
from evalml.methods.two_period import NO_NAMES
from evalml.methods.variance import sampling_of
from evalml.rollout.cell_effects import (
    demand_change,
    jackknife,
    lag_of,
    opening_effects,
    opening_of,
    plan_openings,
)
from evalml.rollout.effects import (
    among,
    estimate_opening,
    estimate_openings,
    opening_effect,
)
from evalml.rollout.event_study import composition_table, event_study_table, events_of


@pytest.mark.parametrize(("horizon", "lag"), [(0, 0), (6, 1), (11, 2), (12, 2), (24, 4), (36, 6)])
def test_a_cohort_is_touched_as_long_as_its_last_outcome_comes_after_the_opening(horizon, lag):
    # The last youth of half-year c comes in month 6c + 5 and is seen in month 6c + 5 + horizon; an
    # entry in the opening month 6g changes the months after it.
    assert lag_of(horizon) == lag
    touched = [b for b in range(20) if 6 * -b + 5 + horizon > 0]
    assert len([b for b in touched if b >= 1]) == lag


def test_nobody_compared_with_could_enter_before_the_outcome():
    first = np.array([4027, 4030, 4032, 4034, 4034])
    for horizon in (0, 6, 12, 24):
        plan = plan_openings(first, np.ones(5, dtype=bool), np.array(COHORTS), horizon)
        for k in range(plan.group.size):
            cohort = COHORTS[plan.time[k]]
            last_outcome = cohort * 6 + 5 + horizon
            assert (first[plan.control[k]] * 6 >= last_outcome).all()
            base = COHORTS[plan.base[k]]
            assert base * 6 + 5 + horizon <= plan.group[k] * 6
            assert not (plan.treated[k] & plan.control[k]).any()


def test_without_untouched_cohorts_or_closed_areas_nothing_is_estimated():
    everywhere = np.array([4020, 4020])
    with pytest.raises(EstimationError, match="history_months"):
        plan_openings(everywhere, np.ones(2, dtype=bool), np.array(COHORTS), 12)
    early = np.array([4018, NEVER])
    with pytest.raises(EstimationError, match="before the opening"):
        plan_openings(early, np.ones(2, dtype=bool), np.array(COHORTS), 12)


def test_the_cells_are_those_of_callaway_and_santanna_on_persons():
    people = youths()
    people = people[people["level"] == "eligible"]
    opening = opening_of(cells_of(people), OUTCOME, 12)
    first = people["first"].where(people["first"] < NEVER, np.inf).to_numpy(dtype=float)
    rows = CrossSections(
        people["y"].to_numpy(), people["cohort"].to_numpy(dtype=float), first,
        np.empty((len(people), 0)), NO_NAMES, np.ones(len(people)), None,
    )  # fmt: skip
    options = RolloutOptions("not_yet", anticipation=2, base="universal")
    expected = callaway_santanna_sections(rows, options)
    wanted = {
        (g, t): e for g, t, e in zip(expected.group, expected.time, expected.estimate, strict=True)
    }
    plan, found = opening.effects.plan, opening.effects.estimate[:, 0]
    # the last wave opens at the end of the window: there, closed areas are those of 4034
    compared = 0
    for k in range(plan.group.size):
        key = (float(plan.group[k]), float(COHORTS[plan.time[k]]))
        if plan.event_time[k] != -3:
            assert found[k] == pytest.approx(wanted[key], abs=1e-12), key
            compared += 1
    assert compared > 20


def test_each_column_is_the_estimate_without_that_area():
    people = youths()
    cells = cells_of(people)
    opening = opening_of(cells, OUTCOME, 12)
    values = opening.effects.average(opening.post)
    for place in (0, 5, 7, 17):
        code = cells.areas["area"].iloc[place]
        again = opening_of(cells_of(people[people["area"] != code]), OUTCOME, 12)
        alone = again.effects.average(again.post)[0]
        assert values[1 + place] == pytest.approx(alone, abs=1e-12)


def test_the_jackknife_adds_the_waves_up():
    values = np.array([[0.0, 1.0, 3.0, 2.0, 2.0, 5.0]])
    stratum = np.array([1, 1, 2, 2, 2])
    # (m - 1) / m times the sum of squares: 1/2 * 2 and 2/3 * 6
    spread = jackknife(values, np.ones(5, dtype=bool), stratum)
    assert spread.covariance[0, 0] == pytest.approx(1.0 + 4.0)
    assert spread.df == pytest.approx(25 / (1**2 / 1 + 4**2 / 2))
    with pytest.raises(EstimationError, match="one area only"):
        jackknife(values, np.array([True, False, True, True, True]), stratum)


def test_the_effect_per_entrant_is_the_wald_ratio_of_two_groups_and_two_periods():
    people = youths(groups=(4027, NEVER))
    people = people[people["cohort"].isin([4024, 4027])]
    eligible = people[people["level"] == "eligible"]
    cells = cells_of(people)
    found = estimate_opening(cells, study(), (OUTCOME, 12, "wald_did"))
    data = FuzzyData(
        eligible["y"].to_numpy(), eligible["entered"].to_numpy(dtype=float),
        (eligible["first"] < NEVER).to_numpy(dtype=float),
        (eligible["cohort"] == 4027).to_numpy(dtype=float),
    )  # fmt: skip
    assert found.estimate == pytest.approx(wald_did(data, Naming("", "y")).estimate, abs=1e-12)
    assert found.estimand == "late"


def test_the_effects_are_found_and_the_witnesses_show_none():
    people = youths(seed=3, effect=0.4, take_up=0.6, people=200)
    cells = cells_of(people)
    effects = {(e.method, e.horizon_months): e for e in estimate_openings(cells, study())}
    # an entry adds 0.4 to those who would not work, about 0.56 of them: 0.225 per entrant, and
    # 0.6 times that per eligible youth
    for method, truth, largest in (
        ("wald_did", 0.225, 0.08),
        ("callaway_santanna", 0.135, 0.05),
        ("triple_difference", 0.135, 0.07),
    ):
        found = effects[method, 12]
        assert found.std_error < largest
        assert abs(found.estimate - truth) < 3 * found.std_error
        assert found.ci_low > 0
    witnesses = opening_of(cells, OUTCOME, 12, level="witness")
    assert abs(witnesses.effects.average(witnesses.post)[0]) < 0.03
    assert {e.estimand for e in effects.values()} == {"att", "itt", "late"}


def test_witnesses_take_a_shared_shock_out_of_the_effect_per_entrant():
    """Witnesses who enter at a tenth of the pace, and a shock that both live through."""
    people = youths(seed=11, effect=0.4, take_up=0.6, people=400)
    rng = np.random.default_rng(5)
    opened = people["cohort"] >= people["first"]
    leak = (people["level"] == "witness") & opened & (rng.random(len(people)) < 0.06)
    shock = opened & (rng.random(len(people)) < 0.1)
    gain = leak & (rng.random(len(people)) < 0.4)
    people = people.assign(
        entered=people["entered"] | leak, y=np.maximum(people["y"], (shock | gain).astype(float))
    )
    cells = cells_of(people)
    methods = ["wald_did", "triple_difference", "wald_triple"]
    given = study(
        methods=methods, primary={"outcome": "emploi", "horizon": 12, "method": methods[2]}
    )
    found = {e.method: e for e in estimate_openings(cells, given) if e.horizon_months == 12}
    both = [opening_of(cells, OUTCOME, 12, level=level) for level in ("eligible", "witness")]
    moved = [o.take_up.average(o.post)[0] for o in both]
    plain, triple = found["wald_did"], found["triple_difference"]
    assert found["wald_triple"].estimate == pytest.approx(
        triple.estimate / (moved[0] - moved[1]), abs=1e-12
    )
    # an entry adds 0.4 to those who would not work, about 0.50 of them once the shock has passed
    assert abs(found["wald_triple"].estimate - 0.2) < 3 * found["wald_triple"].std_error
    assert found["wald_triple"].std_error < 0.05
    assert plain.ci_low > 0.2
    assert found["wald_triple"].estimand == "late"


def test_an_opening_nobody_enters_has_no_effect_per_entrant():
    cells = cells_of(youths(take_up=0.0))
    with pytest.raises(EstimationError, match="hardly moved"):
        estimate_opening(cells, study(), (OUTCOME, 12, "wald_did"))
    methods = {e.method for e in estimate_openings(cells, study())}
    assert "wald_did" not in methods


def test_few_areas_are_placed_among_those_that_did_not_open():
    people = youths(groups=(4027, NEVER), areas=14)
    cells = cells_of(people, inside=["000", "001"])
    found = estimate_opening(cells, study(), (OUTCOME, 12, "callaway_santanna"))
    assert found.details["inference"] == "placebos"
    assert found.details["placebos"] == 99
    again = estimate_opening(cells, study(), (OUTCOME, 12, "callaway_santanna"))
    assert (found.ci_low, found.ci_high) == (again.ci_low, again.ci_high)
    with pytest.raises(EstimationError, match="too few for this method"):
        estimate_opening(cells, study(), (OUTCOME, 12, "wald_did"))


def test_the_witnesses_are_placed_among_witnesses():
    people = youths(groups=(4027, NEVER), areas=14)
    still = people.assign(y=people["y"].where(people["level"] == "eligible", 0.0))
    cells = cells_of(still, inside=["000", "001"])
    witnesses = opening_of(cells, OUTCOME, 12, level="witness")
    found = opening_effect(cells, study(), witnesses, "callaway_santanna")
    assert (found.estimate, found.ci_low, found.ci_high) == (0, 0, 0)


def test_too_few_areas_are_refused():
    people = youths(groups=(4027, NEVER), areas=5)
    cells = cells_of(people, inside=["000", "001"])
    with pytest.raises(EstimationError, match="a national one"):
        estimate_opening(cells, study(), (OUTCOME, 12, "callaway_santanna"))
    effects = estimate_openings(cells, study(methods=["callaway_santanna"]))
    [row] = [e for e in effects if e.horizon_months == 12]
    assert np.isnan(row.estimate)
    assert "too few" in row.details["error"]


def test_the_interval_among_placebos_turns_their_quantiles_round():
    placebos = np.arange(-50, 51) / 100
    se, low, high, p = among(0.6, placebos)
    assert (low, high) == (pytest.approx(0.6 - 0.47, abs=0.02), pytest.approx(0.6 + 0.47, abs=0.02))
    assert p == pytest.approx(1 / 102)
    assert se == pytest.approx(placebos.std(ddof=1))


def test_an_event_study_is_zero_at_the_last_untouched_half_year():
    cells = cells_of(youths())
    events = events_of(opening_of(cells, OUTCOME, 12))
    assert events.reference == -3
    assert -3 not in events.times
    table = event_study_table(cells, study())
    rows = table[table["horizon_months"] == 12].set_index("event_time")
    assert rows.loc[-3, "estimate"] == 0
    assert list(rows.loc[[-4, -2, 0], "phase"]) == ["before", "touched", "after"]


def test_more_youths_where_it_opened_are_counted():
    people = youths(seed=5)
    opened = (people["first"] == 4027) & (people["cohort"] >= 4027)
    twice = pd.concat([people, people[opened]], ignore_index=True)
    for rows, expected in ((people, 0.0), (twice, 1.0)):
        cells = cells_of(rows)
        opening = opening_of(cells, OUTCOME, 12)
        plan = opening.effects.plan
        first_wave = plan.take(opening.post & (plan.group == 4027))
        n, _ = cells.matrices("n", 12)
        assert demand_change(n, first_wave)[0] == pytest.approx(expected, abs=0.15)


def test_the_composition_shows_who_came_because_it_opened():
    people = youths(seed=7, people=120)
    came = (people["first"] == 4027) & (people["cohort"] >= 4027) & (people["sexe"] == "M")
    gone = people[~(came & (people.index % 2 == 0))]
    quiet = composition_table(cells_of(people), study(), 12).set_index("covariate")
    moved = composition_table(cells_of(gone), study(), 12).set_index("covariate")
    assert abs(quiet.loc["sexe=F", "smd_after"]) < 0.1
    assert moved.loc["sexe=F", "smd_after"] > 0.2
    assert moved.loc["sexe=F", "p_value"] < 0.01


def test_nothing_is_estimated_without_an_effect_and_the_bare_plan_holds():
    n = np.ones((2, len(COHORTS)))
    first = np.array([4027, NEVER])
    plan = plan_openings(first, np.ones(2, dtype=bool), np.array(COHORTS), 6)
    found = opening_effects(n, np.zeros_like(n), plan)
    assert (found.estimate[:, 0] == 0).all()


def test_an_influence_gives_error_interval_and_p_value():
    influence = np.random.default_rng(1).normal(size=40) / 40
    sampling = sampling_of(np.arange(40) // 2, 40)
    psi = sampling.collapse(influence)
    found = effect_of_influence(
        0.3,
        psi,
        sampling,
        Naming("dr", "y", level=0.9),
        counts=(20, 20),
        mean_treated=1.0,
        details={},
    )
    sums = influence.reshape(20, 2).sum(axis=1)
    se = np.sqrt((sums**2).sum() * 20 / 19)
    half = scipy.stats.t.ppf(0.95, 19) * se
    assert found.std_error == pytest.approx(se)
    assert (found.ci_low, found.ci_high) == pytest.approx((0.3 - half, 0.3 + half))
    assert found.p_value == pytest.approx(2 * scipy.stats.t.sf(0.3 / se, 19))
    assert found.mean_comparison == pytest.approx(0.7)
