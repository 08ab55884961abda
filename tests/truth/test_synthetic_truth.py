from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalml.synthetic.make import make_world
from evalml.synthetic.world import parse_world, read_world


@pytest.fixture(scope="module")
def made():
    return make_world(read_world("demo"), 8000, 3)


def _effects(made):
    found = made.truth["effects"].to_pandas()
    found = found[(found.subgroup == "all") & (found.programme == "CEJ")]
    return found.set_index(["outcome", "horizon_months"])


def _month(days):
    days = pd.to_datetime(days)
    return days.dt.year * 12 + days.dt.month - 1


def test_the_true_rate_of_entrants_is_the_one_of_the_employer_declarations(made):
    spells = made.tables["accompagnements"].to_pandas().query("dispositif == 'CEJ'")
    first = _month(spells.date_debut).groupby(spells.id_jeune).min()
    first = first[(first >= 2024 * 12) & (first < 2025 * 12)]
    jobs = made.tables["emploi_mensuel"].to_pandas()
    held = set(zip(jobs.id_jeune, _month(jobs.mois), strict=True))
    for horizon in (1, 6, 12):
        rate = np.mean([(who, month + horizon) in held for who, month in first.items()])
        row = _effects(made).loc[("emploi", horizon)]
        assert row.n_entrants == len(first)
        assert rate == pytest.approx(row.true_mean_treated, abs=1e-12)


def test_employment_is_held_back_at_first_and_gains_later(made):
    att = _effects(made).true_att
    assert att[("emploi", 3)] < -0.03
    assert 0.05 < att[("emploi", 12)] < 0.13


def test_without_an_effect_every_true_effect_is_exactly_zero():
    att = _effects(make_world(read_world("null"), 3000, 3)).true_att_never
    assert (att == 0).all()


def test_a_stronger_effect_moves_the_truth(made):
    text = "based_on: demo\neffects: {CEJ: {access: [[1, 1.0]]}}\n"
    strong = _effects(make_world(parse_world(text), 8000, 3)).true_att[("emploi", 12)]
    assert strong > _effects(made).true_att[("emploi", 12)] + 0.05


def test_an_effect_set_higher_for_some_is_higher_for_them():
    found = make_world(read_world("heterogeneous"), 20000, 3).truth["effects"].to_pandas()
    found = found[
        (found.programme == "CEJ") & (found.outcome == "emploi") & (found.horizon_months == 12)
    ]
    att = found[found.subgroup == "niveau_diplome"].set_index("subgroup_value").true_att_never
    assert att["SANS_DIPLOME"] > att["BAC"] + 0.03


def test_opening_an_area_has_no_effect_before_it_opens_and_helps_the_eligible_later():
    rows = make_world(read_world("gj_rollout"), 20000, 3).truth["rollout"].to_pandas()
    first = rows[(rows.wave == "2013-10-01") & rows.eligible].set_index("month")
    assert (first.true_itt[first.index < "2013-10-01"] == 0).all()
    assert (first.entered[first.index < "2013-10-01"] == 0).all()
    assert first.true_itt["2016-12-01"] > 0.02
    assert 0.2 < first.entered["2016-12-01"] < 0.6
    controls = rows[(rows.wave == "2013-10-01") & ~rows.eligible].set_index("month")
    assert 0 < controls.entered["2016-12-01"] < 0.1
