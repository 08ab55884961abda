from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from evalml.synthetic.make import make_world
from evalml.synthetic.world import read_world

_SPEC = importlib.util.spec_from_file_location("trials", Path(__file__).with_name("trials.py"))
trials = importlib.util.module_from_spec(_SPEC)
import sys  # noqa: E402

sys.modules["trials"] = trials
_SPEC.loader.exec_module(trials)


@pytest.fixture(scope="module")
def made():
    return make_world(read_world("demo"))


def _true(made, programme, horizon):
    found = made.truth["effects"].to_pandas()
    found = found[(found.outcome == "emploi") & (found.horizon_months == horizon)]
    if programme == "PACEA":
        found = found[(found.subgroup == "suivi_avant") & (found.subgroup_value == "true")]
    else:
        found = found[found.subgroup == "all"]
    return found.set_index("programme").true_att[programme]


@pytest.mark.parametrize("horizon", [3, 6, 12])
def test_sequential_trials_find_the_true_effect_and_the_naive_difference_does_not(made, horizon):
    got = trials.answer(trials.trials(made, "CEJ", 2024, horizon))
    true = _true(made, "CEJ", horizon)
    assert abs(got.aipw - true) < 2.5 * got.se
    assert got.naive < true - 0.05


@pytest.mark.slow
def test_without_effect_a_correct_design_finds_zero_and_the_naive_one_does_not():
    world = read_world("null")
    found = [
        trials.answer(trials.trials(make_world(world, 5000, seed), "CEJ", 2024, 12))
        for seed in range(20)
    ]
    aipw, naive = np.array([x.aipw for x in found]), np.array([x.naive for x in found])
    error = aipw.std(ddof=1) / np.sqrt(len(aipw))
    assert abs(aipw.mean()) < 2 * error
    assert naive.mean() < -0.08
