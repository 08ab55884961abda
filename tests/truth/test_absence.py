"""One seed of the worlds of absence: what is right is shown, what is wrong is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tools.absence_worlds import ABSENCES, BASES, Held, by_world, lines, summary

from evalml.synthetic.make import make_world
from evalml.synthetic.world import parse_world


def walked(name: str, people: int = 5000, seed: int = 2) -> pd.DataFrame:
    absence = next(a for a in ABSENCES if a.name == name)
    whole = make_world(parse_world(BASES[absence.base]), people, seed)
    left = absence.takes(whole, np.random.default_rng(seed))
    one = Held(left, whole.truth["effects"].to_pandas(), seed, (absence,))
    return pd.DataFrame(list(lines([one])))


@pytest.mark.slow
def test_both_questions_find_their_own_truth():
    found = walked("all_clean")
    assert set(found["estimand"]) == {"att", "att_never"}
    assert (found["status"] == "shown").all()
    error = (found["estimate"] - found["truth"]).abs() / found["std_error"]
    assert error.max() < 3
    truth = found.set_index(["estimand", "horizon"])["truth"]
    assert truth["att_never", 12] != truth["att", 12]


@pytest.mark.slow
def test_a_past_left_out_is_wrong_and_masked():
    found = walked("past_left_out")
    assert (found["status"] == "blinded").all()
    early = found[found["horizon"] == 3]
    assert (early["ci_high"] < early["truth"]).all()


def test_the_summary_counts_the_four_verdicts():
    rows = [
        ("w", 1, True, "att", 3, 0.10, 0.02, 0.06, 0.14, 0.11, "shown"),
        ("w", 2, True, "att", 3, 0.10, 0.02, 0.06, 0.14, 0.11, "blinded"),
        ("w", 3, True, "att", 3, 0.10, 0.02, 0.06, 0.14, 0.20, "exploratory"),
        ("w", 4, True, "att", 3, 0.10, 0.02, 0.06, 0.14, 0.20, "refused"),
    ]
    names = (
        "world", "seed", "solvable", "estimand", "horizon", "estimate", "std_error", "ci_low",
        "ci_high", "truth", "status",
    )  # fmt: skip
    one = summary(pd.DataFrame(rows, columns=names)).iloc[0]
    verdicts = ["right_shown", "right_masked", "wrong_shown", "wrong_masked"]
    assert one[verdicts].tolist() == [1, 1, 1, 1]
    assert one["covers"] == 0.5
    assert one["misses"] == "bias covers shown"
    table = by_world(summary(pd.DataFrame(rows, columns=names)))
    assert "| `w` | att | 4 | " in table
    assert "| 50% | 1 | 1 | 1 | 1 | 0 | bias covers shown |" in table
