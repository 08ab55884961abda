from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalml.synthetic.make import make_world
from evalml.synthetic.worlds import parse_world, read_world


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
