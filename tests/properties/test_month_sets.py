"""Sets of months say what a list of months would, and no result depends on how wide a block is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import evalml as ev
from evalml.cohort import month_sets, past
from evalml.cohort.month_sets import Calendar, gather, holds, spread, unfold, without
from evalml.comparison.arms import unpack
from evalml.panel import build, profile

CALENDARS = [Calendar(100, 111), Calendar(100, 159), Calendar(100, 160), Calendar(37, 250)]


@pytest.fixture(scope="module")
def engine():
    return ev.open_engine(threads=1)


@pytest.fixture(scope="module")
def spells():
    rng = np.random.Generator(np.random.PCG64(3))
    first = rng.integers(0, 300, 400)
    length = rng.integers(-2, 90, 400)
    return pd.DataFrame(
        {
            "who": rng.integers(0, 60, 400),
            "first": first.astype("int32"),
            "last": (first + length).astype("int32"),
            "odd": rng.random(400) < 0.5,
        }
    )


def months_of(spells, calendar):
    """The months of each person as Python sets."""
    found = {}
    for who, first, last, odd in spells.itertuples(index=False):
        some = set(range(max(first, calendar.first), min(last, calendar.last) + 1))
        held = found.setdefault(who, (set(), set()))
        held[0].update(some)
        held[1].update(some if odd else ())
    return found


@pytest.mark.parametrize("calendar", CALENDARS, ids=str)
def test_a_set_holds_the_months_of_its_spells_and_no_other(engine, spells, calendar):
    laid = spread(engine.memtable(spells), calendar)
    sets = gather(laid, ["who"], every=True, odd=laid.odd)
    sets = sets.mutate(even=without(sets.every, sets.odd))
    expected = months_of(spells, calendar)
    wanted = {
        "every": {who: both[0] for who, both in expected.items()},
        "odd": {who: both[1] for who, both in expected.items()},
        "even": {who: both[0] - both[1] for who, both in expected.items()},
    }
    for name, months in wanted.items():
        rows = engine.fetch(unfold(sets, calendar, name).select("who", "month"))
        told = {(int(w), int(m)) for w, m in rows.itertuples(index=False)}
        assert len(rows) == len(told)
        assert told == {(who, month) for who, some in months.items() for month in some}


def test_a_month_beyond_a_set_is_not_held(engine):
    t = engine.memtable(pd.DataFrame({"months": [0, 1, 2**59, 2**60 - 1], "place": [0, 1, 59, 59]}))
    t = t.mutate(place=t.place.cast("int32"))
    held = engine.fetch(t.select("months", x=holds(t.months, t.place)))
    assert held["x"].tolist() == [False, False, True, True]


def test_unpacking_writes_what_is_known_and_leaves_the_rest():
    values = np.full((3, 4), np.nan, dtype=np.float32)
    true, known = np.array([0b0110, 0b1, 2**59]), np.array([0b1110, 0b11, 2**59])
    unpack(values, true, known, np.array([0, -2, 58]))
    assert np.array_equal(
        values,
        [[np.nan, 1, 1, 0], [np.nan, np.nan, 1, 0], [np.nan, 1, np.nan, np.nan]],
        equal_nan=True,
    )


def line(extract, study):
    engine = ev.open_engine(threads=1)
    tables = ev.accept_tables(ev.read_extract(extract, engine), engine)
    cohort = ev.build_cohort(tables, ev.target_trial(study), study.covariates, engine)
    panel = ev.build_panel(tables, cohort, engine)
    outcomes = ev.compute_outcomes(panel, [*study.outcomes, "neet", "mois_emploi"])
    arms = ev.assemble(outcomes, study.horizons, (), engine)
    rows = engine.fetch(panel.rows)
    rows = rows[sorted(rows.columns)].sort_values(["entry", "k"], ignore_index=True)
    entries = engine.fetch(cohort.entries.order_by("entry"))
    shown = ev.observe(tables, panel, engine), ev.profile_cohort(tables, panel, engine)
    return (cohort.flow, entries, rows, *shown), [t.values for t in arms.trajectories]


@pytest.mark.slow
@pytest.mark.parametrize("width", [7])
def test_no_result_depends_on_how_wide_a_block_is(small_extract, root, monkeypatch, width):
    study = ev.read_study(root / "params" / "cej_2024_hdf.yaml")
    wide = line(small_extract, study)
    for module in (month_sets, past, build, profile):
        monkeypatch.setattr(module, "WIDTH", width)
    monkeypatch.setattr(month_sets, "FULL", 2**width - 1)
    narrow = line(small_extract, study)
    for one, other in zip(wide[0], narrow[0], strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    for one, other in zip(wide[1], narrow[1], strict=True):
        assert np.array_equal(one, other, equal_nan=True)
