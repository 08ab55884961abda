"""What a printed number stands for, and arithmetic on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.published.makers import figure

from evalml.published.figure import RoundingInterval, attainable, hull, malformed, read_number
from evalml.published.identity import evaluate, names, number, parse
from evalml.published.read import PublishedError


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("115 109", 115109),
        ("115\u00a0109", 115109),
        ("11.000", 11000),
        ("22,9 %", 22.9),
        ("-0,6 %", -0.6),
        ("+2,1 %", 2.1),
        ("3,6 millions", 3_600_000),
        ("10,10 M€", 10_100_000),
        ("552,29 €", 552.29),
        ("deux tiers", None),
    ],
)
def test_a_french_number_is_read_as_a_reader_would(printed, value):
    assert read_number(printed) == (pytest.approx(value) if value is not None else None)


def test_a_count_printed_to_the_unit_is_exact_and_a_share_is_not():
    assert figure("a", "115 109").interval() == RoundingInterval(115109, 115109)
    share = figure("b", "22,9 %", statistic="share", step=0.1).interval()
    assert (share.low, share.high) == (pytest.approx(22.85), pytest.approx(22.95))


def test_more_than_and_nearly_have_one_side():
    assert figure("a", "1 000", step=100, side="+").interval() == RoundingInterval(1000, 1100)
    assert figure("b", "500", step=100, side="-").interval() == RoundingInterval(400, 500)


@pytest.mark.parametrize(
    ("printed", "bad"),
    [("770 00", True), ("1 00 000", True), ("770 000", False), ("9209", False), ("11.000", False)],
)
def test_thousands_are_in_groups_of_three(printed, bad):
    assert malformed(printed) is bad


bounded = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))
boxes = st.tuples(bounded, bounded).map(lambda p: RoundingInterval(min(p), max(p)))
within = st.floats(0, 1)


@given(boxes, boxes, within, within)
def test_arithmetic_holds_every_result_of_values_inside(a, b, s, t):
    x, y = a.low + s * (a.high - a.low), b.low + t * (b.high - b.low)
    for box, value in (((a + b), x + y), ((a - b), x - y), ((a * b), x * y)):
        slack = 1e-9 * max(abs(value), abs(box.low), abs(box.high), 1)
        assert box.low - slack <= value <= box.high + slack
    if not b.low <= 0 <= b.high:
        box, value = a / b, x / y
        slack = 1e-9 * max(abs(value), abs(box.low), abs(box.high), 1)
        assert box.low - slack <= value <= box.high + slack


def test_dividing_by_what_may_be_zero_says_nothing():
    assert (RoundingInterval(1, 2) / RoundingInterval(-1, 1)).gap(RoundingInterval(1e12, 1e12)) == 0


def test_the_gap_between_intervals_is_their_distance():
    assert RoundingInterval(1, 2).gap(RoundingInterval(4, 5)) == 2
    assert RoundingInterval(1, 4).gap(RoundingInterval(3, 5)) == 0
    assert RoundingInterval(3, 4).excess(RoundingInterval(0, 1)) == 2
    assert RoundingInterval(0, 4).excess(RoundingInterval(1, 1)) == 0


def test_a_share_of_26_youths_is_a_multiple_of_one_26th():
    ok = RoundingInterval(3.75, 3.85)  # 1 / 26 = 3.846 %
    assert attainable(ok, RoundingInterval(26, 26)) == ok
    near = attainable(RoundingInterval(4.95, 5.05), RoundingInterval(26, 26))
    assert near.low == pytest.approx(100 / 26)


def test_a_hull_holds_every_part():
    assert hull(
        RoundingInterval(1, 2), RoundingInterval(5, 6), RoundingInterval(3, 3)
    ) == RoundingInterval(1, 6)


def test_an_expression_names_its_figures_in_the_order_they_are_read():
    assert names("100 * part / base") == ("part", "base")
    values = {"part": RoundingInterval(1, 1), "base": RoundingInterval(4, 4)}
    assert evaluate("100 * part / base", values) == RoundingInterval(25, 25)


@pytest.mark.parametrize("text", ["a +", "__import__('os')", "a ** b", "a if b else c", "'x'"])
def test_an_expression_is_arithmetic_and_nothing_else(text):
    with pytest.raises(PublishedError):
        parse(text)


def test_numbers_are_shown_as_french_prints_them():
    assert number(16920) == "16\u202f920"
    assert number(-0.5) == "\u22120,5"
    assert number(14.42) == "14,42"
