"""What the engine's own expressions promise: sums in any order, ties that no engine breaks alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalml.engine import exact_mean, exact_sum, latest, open_engine, span


@pytest.fixture(scope="module")
def engine():
    return open_engine(threads=1)


def one(engine, frame, **columns):
    t = engine.memtable(frame)
    return engine.fetch(t.aggregate(**{n: f(t) for n, f in columns.items()})).iloc[0]


def test_a_sum_of_euros_does_not_depend_on_the_order_of_the_rows(engine):
    rng = np.random.Generator(np.random.PCG64(1))
    euros = np.round(rng.gamma(2, 700, 5000), 2)
    shuffled = [one(engine, pd.DataFrame({"x": rng.permutation(euros)}), s=lambda t: exact_sum(t.x),
                    m=lambda t: exact_mean(t.x)) for _ in range(5)]  # fmt: skip
    cents = int(np.round(euros * 100).astype(np.int64).sum())
    assert {row.s for row in shuffled} == {cents / 100}
    assert {row.m for row in shuffled} == {cents * 10_000 / (5000 * 1_000_000)}


def test_empty_cells_add_nothing_and_nobody_has_no_mean(engine):
    frame = pd.DataFrame({"x": [1.5, None, 0.25], "keep": [True, True, False]})
    row = one(
        engine,
        frame,
        s=lambda t: exact_sum(t.x),
        m=lambda t: exact_mean(t.x),
        kept=lambda t: exact_mean(t.x, where=t.keep),
        none=lambda t: exact_mean(t.x, where=t.x > 100),
    )
    assert (row.s, row.m, row.kept) == (1.75, 0.875, 1.5)
    assert pd.isna(row.none)


def test_the_latest_value_passes_over_empty_cells_and_breaks_ties_by_the_key(engine):
    days = pd.to_datetime(["2024-03-01", "2024-03-01", "2024-02-01", "2024-04-01"])
    frame = pd.DataFrame({"v": ["a", "b", "c", None], "day": days, "key": ["1", "2", "9", "0"]})
    assert one(engine, frame, v=lambda t: latest(t.v, t.day.date(), t.key)).v == "b"


def test_a_span_holds_both_ends_and_is_empty_backwards(engine):
    t = engine.memtable(pd.DataFrame({"a": [1, 5], "b": [3, 4]}))
    rows = engine.fetch(t.select("a", k=span(t.a, t.b).unnest()))
    assert rows.k.tolist() == [1, 2, 3]
    assert rows.k.dtype == np.int32


def test_a_second_result_of_one_name_does_not_replace_the_first(engine):
    t = engine.memtable(pd.DataFrame({"a": [1, 2, 3]}))
    first, second = engine.keep(t, "twice"), engine.keep(t.filter(t.a > 1), "twice")
    assert (len(engine.fetch(first)), len(engine.fetch(second))) == (3, 2)


def test_small_results_come_in_the_order_of_their_columns_unless_one_is_asked(engine):
    t = engine.memtable(pd.DataFrame({"a": [2, 1, 2], "b": ["x", "z", "a"]}))
    assert engine.fetch(t).to_numpy().tolist() == [[1, "z"], [2, "a"], [2, "x"]]
    assert engine.fetch(t.order_by(t.b.desc())).b.tolist() == ["z", "x", "a"]
