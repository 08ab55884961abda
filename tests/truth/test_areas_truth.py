"""The roll-out against the truth of its world, one extract: `benchmarks/gj_coverage.py` has more."""

from __future__ import annotations

import pytest
from benchmarks.gj_coverage import METHODS, STUDY, one

from evalml.rollout.effects import ROLLOUT, TRIPLE, WALD
from evalml.study import read_study


@pytest.fixture(scope="module")
def found():
    rows = one(3, 30_000, null=False, study=read_study(STUDY))
    return {(row["horizon"], row["method"]): row for row in rows}


@pytest.mark.slow
def test_the_roll_out_lies_within_three_errors_of_the_truth_at_every_horizon(found):
    for (horizon, method), row in found.items():
        if method != "diff":
            gap = abs(row["estimate"] - row["truth"])
            assert gap <= 3 * row["std_error"], (horizon, method, row)


@pytest.mark.slow
def test_entrants_less_the_others_is_far_from_the_truth(found):
    for horizon in (6, 12):
        row = found[horizon, "diff"]
        assert row["ci_high"] < row["truth"]


@pytest.mark.slow
def test_the_truth_grows_with_the_months_and_is_larger_per_entrant(found):
    assert found[6, ROLLOUT]["truth"] < 0 < found[24, ROLLOUT]["truth"]
    assert found[24, WALD]["truth"] > found[24, ROLLOUT]["truth"]
    assert found[24, TRIPLE]["truth"] == found[24, ROLLOUT]["truth"]
    assert 0.2 < found[12, ROLLOUT]["take_up"] < 0.6
    assert {method for _, method in found} == set(METHODS)
